//! Where entries are kept in a run: the servers, what may be done to them, and the neighbours whose things lie there too.
//! A place is a line of the table; when something is done to it is `run`'s affair.

mod cluster;
mod memcached;
mod memory;
mod neighbours;
mod network;
mod redis;

use crate::clock::Dice;

/// Under which everything of the run is kept.
pub(crate) const NAMESPACE: &str = "torture";

/// A kind of place.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// Whether processes can share it.
    pub(crate) is_shared: bool,
    pub(crate) open: fn() -> Box<dyn Stage>,
}

/// All that there are.
pub(crate) const PLACES: [Place; 4] = [
    Place { name: "memory", is_shared: false, open: memory::open },
    Place { name: "redis", is_shared: true, open: redis::open },
    Place { name: "cluster", is_shared: true, open: cluster::open },
    Place { name: "memcached", is_shared: true, open: memcached::open },
];

/// Servers that run.
pub(crate) trait Stage: Sync {
    /// What workers reach them by.
    fn url(&self) -> String;

    /// What can be done to them and to the way to them.
    fn faults(&self) -> Vec<Fault<'_>>;

    /// Puts there what is not the cache's.
    fn settle_neighbours(&self);

    /// What became of it: a sentence for each that is not as it was. What may have been `lost` to a fault may be missing.
    fn harm_to_neighbours(&self, lost: bool) -> Vec<String>;
}

/// One thing that happens to servers.
pub(crate) struct Fault<'a> {
    pub(crate) name: &'static str,
    /// Whether neighbours may lose something by it.
    pub(crate) loses: bool,
    /// Does it, and returns when it is over.
    pub(crate) inflict: Box<dyn Fn(&mut Dice) + Sync + 'a>,
}

impl<'a> Fault<'a> {
    fn new(name: &'static str, inflict: impl Fn(&mut Dice) + Sync + 'a) -> Self {
        Self { name, loses: false, inflict: Box::new(inflict) }
    }

    fn that_loses(self) -> Self {
        Self { loses: true, ..self }
    }
}
