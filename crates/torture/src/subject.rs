//! What is cached in a run, as users would write it: two cached functions and entries by hand, all of them results of rows of the
//! database. Each tells the log when it computes. Who calls them, and when, is `actor`'s affair.

use std::{error, fmt, panic, sync::Arc, sync::OnceLock, time::Duration};

use hermes::{Cache, Entry, Stored, cached};
use serde::{Deserialize, Serialize};

use crate::{
    clock::{At, pass, pass_async},
    database::Database,
    history::{Ended, Id, Key, Kind, Seen, What},
    log::Log,
};

static CACHE: OnceLock<Cache> = OnceLock::new();

/// Names the cache of this process, once.
pub(crate) fn use_cache(cache: Cache) {
    assert!(CACHE.set(cache).is_ok(), "a process has one cache");
}

/// The cache of this process.
pub(crate) fn cache() -> &'static Cache {
    CACHE.get().expect("it is named before anybody works")
}

/// Who calls, what the loader is to do if it comes to that, and where it tells of it. Clones are one caller.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<Call>);

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) log: Arc<Log>,
    pub(crate) database: Arc<Database>,
    pub(crate) actor: u32,
    pub(crate) id: Id,
    pub(crate) asked: At,
    /// How long the loader takes before it reads its row, and after.
    pub(crate) work: (Duration, Duration),
    pub(crate) fate: Fate,
}

/// How a loader is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Value,
    Error,
    Panic,
}

/// The error of a loader that was told to fail, with the number of its call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused(pub(crate) Id);

/// What a loader panics with that was told to.
#[derive(Debug)]
pub(crate) struct Planned(pub(crate) Id);

#[cached(cache(), tags = ["row:{row}", format!("parity:{}", row % 2)], skip = [by])]
pub(crate) fn function(row: u32, by: &Caller) -> Result<Seen, Refused> {
    by.compute(Key { kind: Kind::Function, row })
}

#[cached(cache(), tags = ["row:{row}", format!("parity:{}", row % 2)], skip = [by])]
pub(crate) async fn task(row: u32, by: Caller) -> Result<Seen, Refused> {
    by.compute_async(Key { kind: Kind::Task, row }).await
}

/// The entry by hand of a row, with the tags that the functions have.
pub(crate) fn entry(row: u32) -> Entry<'static, Stored> {
    cache().entry(format!("row {row}")).tags([format!("row:{row}"), format!("parity:{}", row % 2)])
}

impl Caller {
    pub(crate) fn compute(&self, key: Key) -> Result<Seen, Refused> {
        let running = Running::begin(self, key);
        pass(self.0.work.0);
        let version = self.0.database.read(key.row);
        pass(self.0.work.1);
        running.end(version)
    }

    pub(crate) async fn compute_async(&self, key: Key) -> Result<Seen, Refused> {
        let running = Running::begin(self, key);
        pass_async(self.0.work.0).await;
        let version = self.0.database.read(key.row);
        pass_async(self.0.work.1).await;
        running.end(version)
    }
}

/// A computation under way. One that is dropped has failed.
struct Running<'a> {
    call: &'a Call,
    key: Key,
    began: At,
    ended: Ended,
}

impl<'a> Running<'a> {
    fn begin(by: &'a Caller, key: Key) -> Self {
        let (call, began) = (&*by.0, At::now());
        call.log.write(call.actor, began, began, What::Began { id: call.id, key, asked: call.asked });
        Self { call, key, began, ended: Ended::Failed }
    }

    fn end(mut self, version: u64) -> Result<Seen, Refused> {
        let id = self.call.id;
        match self.call.fate {
            Fate::Value => {
                self.ended = Ended::Value(version);
                Ok(Seen { key: self.key, version, id, began: self.began, by_hand: false })
            }
            Fate::Error => Err(Refused(id)),
            // Says nothing on the terminal, as `panic!` would.
            Fate::Panic => panic::resume_unwind(Box::new(Planned(id))),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let now = At::now();
        self.call.log.write(self.call.actor, now, now, What::Ended { id: self.call.id, ended: self.ended });
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the loader of call {} was told to fail", self.0)
    }
}

impl error::Error for Refused {}
