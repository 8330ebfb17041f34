//! Stretches of time, to be asked whether one of them meets another stretch.
//! Knows nothing of why.

use crate::{clock::At, history::Event};

/// Some stretches of time.
pub(super) struct Spans {
    /// By their beginnings.
    from: Vec<At>,
    to: Vec<At>,
    /// The latest end of those up to each.
    latest_to: Vec<At>,
}

impl Spans {
    /// Of events in the order of their beginnings.
    pub(super) fn of<'a>(events: impl Iterator<Item = &'a Event>, end: impl Fn(&Event) -> At) -> Self {
        let mut spans = Self { from: Vec::new(), to: Vec::new(), latest_to: Vec::new() };
        for event in events {
            let latest = spans.latest_to.last().copied().unwrap_or_default();
            spans.from.push(event.from);
            spans.to.push(end(event));
            spans.latest_to.push(latest.max(end(event)));
        }
        spans
    }

    /// How many meet it.
    pub(super) fn count(&self, from: At, to: At) -> usize {
        let begun = self.from.partition_point(|&begin| begin <= to);
        self.to[..begun].iter().filter(|&&end| end >= from).count()
    }

    pub(super) fn meets(&self, from: At, to: At) -> bool {
        let begun = self.from.partition_point(|&begin| begin <= to);
        begun > 0 && self.latest_to[begun - 1] >= from
    }
}
