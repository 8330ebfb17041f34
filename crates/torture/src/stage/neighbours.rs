//! What others keep on the servers: another cache, whose namespace begins like the run's, and bare keys with names to be mistaken.
//! How bare keys are put and looked at, each kind of server says.

use hermes::{Cache, Entry, Stored};

use crate::history::ROWS;

const NAMESPACE: &str = "torture-next";

/// Bare keys; each has its name for its value.
const NAMES: [&str; 5] =
    ["neighbour", "torture", "torture-next", "torture2:entry:entry:0123456789abcdef", "tortur:tag:row:1"];

/// Another cache on the same servers, which cleans nothing.
pub(super) struct Neighbours {
    cache: Cache,
}

impl Neighbours {
    pub(super) fn settle(url: &str, put: impl Fn(&str)) -> Self {
        let cache =
            Cache::builder().url(url).namespace(NAMESPACE).build().expect("the servers' URL is right");
        let neighbours = Self { cache };
        for row in 0..ROWS {
            neighbours.entry(row).set(row).expect("the servers are well");
        }
        NAMES.iter().for_each(|name| put(name));
        neighbours
    }

    pub(super) fn harm(&self, lost: bool, look: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let entries = (0..ROWS).filter_map(|row| {
            let found = self.entry(row).get::<u32>();
            let is_well = found == Some(row) || found.is_none() && lost;
            (!is_well).then(|| format!("the neighbour's entry {row} is {found:?}"))
        });
        let bare = NAMES.iter().filter_map(|&name| {
            let found = look(name);
            let is_well = found.as_deref() == Some(name) || found.is_none() && lost;
            (!is_well).then(|| format!("the bare key {name:?} is {found:?}"))
        });
        entries.chain(bare).collect()
    }

    fn entry(&self, row: u32) -> Entry<'_, Stored> {
        self.cache.entry(format!("row {row}")).tags([format!("row:{row}"), format!("parity:{}", row % 2)])
    }
}
