//! Histories for tests of the checker, told in whole milliseconds.
//! Judges nothing.

use std::{ops::Range, time::Duration};

use super::Bounds;
use crate::{
    clock::At,
    history::{Ended, Event, History, How, Id, Key, Outcome, Reach, Seen, What},
};

pub(super) const BOUNDS: Bounds = Bounds {
    lease: Duration::from_millis(100),
    late: Duration::from_millis(50),
    slack: Duration::from_millis(10),
    clocks_stray: false,
};

/// Everything is done by process 1, unless it says otherwise.
#[derive(Default)]
pub(super) struct Tale {
    events: Vec<Event>,
    number: u64,
    worker: u32,
}

impl Tale {
    pub(super) fn new() -> Self {
        Self { worker: 1, ..Self::default() }
    }

    pub(super) fn by(&mut self, worker: u32) -> &mut Self {
        self.worker = worker;
        self
    }

    pub(super) fn history(&self) -> History {
        History::of(self.events.clone())
    }

    fn happened(&mut self, worker: u32, time: Range<u64>, what: What) {
        let at = |ms: u64| At(ms * 1_000_000);
        self.events.push(Event { worker, actor: 0, from: at(time.start), to: at(time.end), what });
    }

    fn id(&mut self) -> Id {
        self.number += 1;
        Id { worker: self.worker, number: self.number }
    }

    pub(super) fn wrote(&mut self, row: u32, version: u64, time: Range<u64>) {
        self.happened(self.worker, time, What::Wrote { row, version });
    }

    pub(super) fn invalidated(&mut self, reach: Reach, time: Range<u64>) {
        self.happened(self.worker, time, What::Invalidated { reach, error: None });
    }

    pub(super) fn invalidation_failed(&mut self, reach: Reach, time: Range<u64>) {
        self.happened(self.worker, time, What::Invalidated { reach, error: Some("lost".to_owned()) });
    }

    pub(super) fn set(&mut self, key: Key, time: Range<u64>) -> Seen {
        let id = self.id();
        let seen = Seen { key, version: 0, id, began: At(time.start * 1_000_000), by_hand: true };
        self.happened(self.worker, time, What::Set { id, key, error: None });
        seen
    }

    /// A computation whose call asked at the moment when it began.
    pub(super) fn computed(&mut self, key: Key, version: u64, time: Range<u64>) -> Seen {
        let id = self.began(key, time.start);
        self.ended(id, Ended::Value(version), time.end);
        Seen { key, version, id, began: At(time.start * 1_000_000), by_hand: false }
    }

    pub(super) fn failed(&mut self, key: Key, time: Range<u64>) {
        let id = self.began(key, time.start);
        self.ended(id, Ended::Failed, time.end);
    }

    /// A computation whose call had asked before.
    pub(super) fn waited(&mut self, key: Key, asked: u64, time: Range<u64>) {
        let id = self.began_for(key, asked, time.start);
        self.ended(id, Ended::Value(1), time.end);
    }

    /// A computation that does not end.
    pub(super) fn began(&mut self, key: Key, at: u64) -> Id {
        self.began_for(key, at, at)
    }

    fn began_for(&mut self, key: Key, asked: u64, at: u64) -> Id {
        let id = self.id();
        self.happened(self.worker, at..at, What::Began { id, key, asked: At(asked * 1_000_000) });
        id
    }

    fn ended(&mut self, id: Id, ended: Ended, at: u64) {
        self.happened(self.worker, at..at, What::Ended { id, ended });
    }

    pub(super) fn called(&mut self, key: Key, seen: &Seen, time: Range<u64>) {
        self.came_to(key, Outcome::Value(seen.clone()), time);
    }

    pub(super) fn came_to(&mut self, key: Key, outcome: Outcome, time: Range<u64>) {
        let id = self.id();
        self.happened(self.worker, time, What::Called { id, key, how: How::Call, outcome });
    }

    pub(super) fn refreshed(&mut self, key: Key, seen: &Seen, time: Range<u64>) {
        let outcome = Outcome::Value(seen.clone());
        self.happened(self.worker, time, What::Called { id: seen.id, key, how: How::Refresh, outcome });
    }

    pub(super) fn unanswered(&mut self, time: Range<u64>) {
        self.happened(self.worker, time, What::Unanswered { error: "lost".to_owned() });
    }

    pub(super) fn tormented(&mut self, time: Range<u64>) {
        self.happened(Event::HARNESS, time, What::Tormented { fault: "restart".to_owned() });
    }

    pub(super) fn killed(&mut self, worker: u32, at: u64) {
        self.happened(Event::HARNESS, at..at, What::Killed { worker });
    }

    pub(super) fn froze(&mut self, worker: u32, time: Range<u64>) {
        self.happened(Event::HARNESS, time, What::Froze { worker });
    }
}
