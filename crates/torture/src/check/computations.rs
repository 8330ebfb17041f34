//! The computations of a history: when each ran, and for which call.
//! Judges none of them.

use std::collections::HashMap;

use crate::{
    clock::At,
    history::{Ended, Event, History, Id, Key, What},
};

/// One run of a loader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Computation {
    pub(super) id: Id,
    pub(super) key: Key,
    pub(super) actor: u32,
    /// When its call began.
    pub(super) asked: At,
    pub(super) from: At,
    /// When it ended, or its process was killed.
    pub(super) to: At,
    /// With what; nothing if it was killed.
    pub(super) ended: Option<Ended>,
}

impl Computation {
    /// As one line of a story.
    pub(super) fn event(&self) -> Event {
        let what = What::Began { id: self.id, key: self.key, asked: self.asked };
        Event { worker: self.id.worker, actor: self.actor, from: self.from, to: self.to, what }
    }

    pub(super) fn failed(&self) -> bool {
        matches!(self.ended, Some(Ended::Failed))
    }
}

/// All computations, in the order of their beginnings.
pub(super) fn computations(history: &History) -> Vec<Computation> {
    let (mut ends, mut deaths) = (HashMap::new(), HashMap::new());
    for event in &history.events {
        match &event.what {
            What::Ended { id, ended } => drop(ends.insert(*id, (event.to, *ended))),
            What::Killed { worker } => drop(deaths.insert(*worker, event.to)),
            _ => {}
        }
    }
    let began = history.events.iter().filter_map(|event| match event.what {
        What::Began { id, key, asked } => {
            let end = ends.get(&id);
            let killed = || deaths.get(&id.worker).copied().unwrap_or(At::NEVER);
            let to = end.map_or_else(killed, |&(to, _)| to);
            let ended = end.map(|&(_, ended)| ended);
            Some(Computation { id, key, actor: event.actor, asked, from: event.from, to, ended })
        }
        _ => None,
    });
    began.collect()
}
