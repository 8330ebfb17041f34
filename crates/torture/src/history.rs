//! What was done and seen in a run: the words of its log.
//! Judges nothing; that is `check`'s affair.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::At;

/// How many rows the database has. Few, so that everything meets everything.
pub const ROWS: u32 = 4;

/// By what an entry is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that the workload calls")]
pub enum Kind {
    /// A cached function.
    Function,
    /// A cached async function.
    Task,
    /// An entry by hand, which threads and tasks call alike.
    Entry,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Function, Self::Task, Self::Entry];
}

/// One cached result: of which function, for which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "finished: what names a result")]
pub struct Key {
    /// By what it is called.
    pub kind: Kind,
    /// What it was computed from.
    pub row: u32,
}

impl Key {
    /// Every key of the workload.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().flat_map(|kind| (0..ROWS).map(move |row| Self { kind, row }))
    }
}

/// A computation, a call or a set: by which process, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "finished: what names a deed")]
pub struct Id {
    /// The process. One that replaces another has a number of its own.
    pub worker: u32,
    /// The number in it.
    pub number: u64,
}

/// What is cached: it tells where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "finished: it is written and read by one build")]
pub struct Seen {
    /// What it is the result of.
    pub key: Key,
    /// The version of the row that was read.
    pub version: u64,
    /// The call that computed it, or the set.
    pub id: Id,
    /// When its computation began. By hand: when the set did.
    pub began: At,
    /// Whether it was set, not computed.
    pub by_hand: bool,
}

/// Which keys an invalidation reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that the workload says")]
pub enum Reach {
    /// `invalidate`: one entry.
    Key(Key),
    /// `clean` of the tag of a row.
    Row(u32),
    /// `clean` of a tag that every other row has.
    Parity(u32),
    /// `clear` of a function.
    Kind(Kind),
    /// `clean_all`.
    All,
}

impl Reach {
    /// Whether it reaches this key.
    #[must_use]
    pub fn covers(self, key: Key) -> bool {
        match self {
            Self::Key(one) => one == key,
            Self::Row(row) => row == key.row,
            Self::Parity(parity) => parity == key.row % 2,
            Self::Kind(kind) => kind == key.kind,
            Self::All => true,
        }
    }
}

/// How a key was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that the workload does")]
pub enum How {
    /// A call that computes where it must.
    Call,
    /// A look that never computes.
    Peek,
    /// A computation by force.
    Refresh,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that a call can come to")]
pub enum Outcome {
    /// A value.
    Value(Seen),
    /// A look that found nothing.
    Nothing,
    /// The error that this call's own loader was told to return.
    OwnError,
    /// The panic that this call's own loader was told to raise.
    OwnPanic,
    /// The caller went away.
    Dropped,
    /// Anything else: what no cache may do to its callers.
    Broken(String),
}

/// How a computation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: all that a loader can do")]
pub enum Ended {
    /// With a value of this version.
    Value(u64),
    /// With an error, a panic, or because its caller went away.
    Failed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: it is written and read by one build")]
pub enum What {
    /// A call, from its start to its end.
    Called {
        /// Its number, which its computation has too.
        id: Id,
        /// What was called.
        key: Key,
        /// How.
        how: How,
        /// What it came to.
        outcome: Outcome,
    },
    /// A loader began: a moment, with the start of its call. One that no [`Ended`](What::Ended) follows was killed.
    Began {
        /// The call that computes.
        id: Id,
        /// What it computes.
        key: Key,
        /// When the call began.
        asked: At,
    },
    /// A loader ended: a moment.
    Ended {
        /// The call that computed.
        id: Id,
        /// With what.
        ended: Ended,
    },
    /// A row was written.
    Wrote {
        /// Which.
        row: u32,
        /// Its version from now on.
        version: u64,
    },
    /// An invalidation. One that returned an error proves nothing.
    Invalidated {
        /// What it reaches.
        reach: Reach,
        /// What it said, if it was not Ok.
        error: Option<String>,
    },
    /// A value set by hand.
    Set {
        /// Its number, which its value has too.
        id: Id,
        /// Where.
        key: Key,
        /// What it said, if it was not Ok.
        error: Option<String>,
    },
    /// A command of the cache to its server that came to nothing.
    Unanswered {
        /// What was said of it.
        error: String,
    },
    /// Something was done to the servers or the way to them.
    Tormented {
        /// Which fault.
        fault: String,
    },
    /// A process stood still.
    Froze {
        /// Which.
        worker: u32,
    },
    /// A process was killed: a moment.
    Killed {
        /// Which.
        worker: u32,
    },
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "finished: it is written and read by one build")]
pub struct Event {
    /// Which process, or [`Event::HARNESS`].
    pub worker: u32,
    /// Which of its threads and tasks.
    pub actor: u32,
    /// When it began.
    pub from: At,
    /// When it had ended.
    pub to: At,
    /// What it was.
    pub what: What,
}

impl Event {
    /// The number of the process that torments the others.
    pub const HARNESS: u32 = 0;

    /// A line of the log, with its end.
    ///
    /// # Panics
    /// Never: numbers and texts can be written.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("numbers and texts can be written");
        line.push(b'\n');
        line
    }
}

/// All that happened in a run.
#[derive(Debug, Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "finished: a list")]
pub struct History {
    /// In the order of their beginnings.
    pub events: Vec<Event>,
}

impl History {
    /// Puts events in order.
    #[must_use]
    pub fn of(mut events: Vec<Event>) -> Self {
        events.sort_by_key(|event| (event.from, event.to));
        Self { events }
    }
}

/// Reads one process's log. The last line of one that was killed may be torn.
///
/// # Errors
/// A line that makes no sense and is not the last.
pub fn read_log(log: &[u8]) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    let mut lines = log.split_inclusive(|&byte| byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        match serde_json::from_slice(line) {
            Ok(event) => events.push(event),
            Err(_) if lines.peek().is_none() => {}
            Err(why) => return Err(format!("{}: {why}", String::from_utf8_lossy(line).trim_end())),
        }
    }
    Ok(events)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Function => "function",
            Kind::Task => "task",
            Kind::Entry => "entry",
        };
        write!(f, "{kind}({})", self.row)
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "invalidate {key}"),
            Self::Row(row) => write!(f, "clean row:{row}"),
            Self::Parity(parity) => write!(f, "clean parity:{parity}"),
            Self::Kind(kind) => write!(f, "clear {kind:?}"),
            Self::All => f.write_str("clean_all"),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.worker, self.number)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |error: &Option<String>| {
            error.as_ref().map_or_else(|| "Ok".to_owned(), |why| format!("Err: {why}"))
        };
        match self {
            Self::Called { id, key, how, outcome } => {
                write!(f, "{how:?} {id} of {key}: ")?;
                match outcome {
                    Outcome::Value(seen) if seen.by_hand => write!(f, "the value set by {}", seen.id),
                    Outcome::Value(seen) => {
                        write!(f, "version {} of {}, computed by {}", seen.version, seen.key, seen.id)
                    }
                    other => write!(f, "{other:?}"),
                }
            }
            Self::Began { id, key, .. } => write!(f, "computation {id} of {key} begins"),
            Self::Ended { id, ended: Ended::Value(version) } => {
                write!(f, "computation {id} ends with version {version}")
            }
            Self::Ended { id, ended: Ended::Failed } => write!(f, "computation {id} fails"),
            Self::Wrote { row, version } => write!(f, "write row {row}: version {version}"),
            Self::Invalidated { reach, error } => write!(f, "{reach}: {}", said(error)),
            Self::Set { id, key, error } => write!(f, "set {id} of {key}: {}", said(error)),
            Self::Unanswered { error } => write!(f, "no answer: {error}"),
            Self::Tormented { fault } => write!(f, "fault: {fault}"),
            Self::Froze { worker } => write!(f, "fault: process {worker} stands still"),
            Self::Killed { worker } => write!(f, "fault: process {worker} is killed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(row: u32) -> Event {
        let what = What::Wrote { row, version: 3 };
        Event { worker: 1, actor: 2, from: At(10), to: At(20), what }
    }

    #[test]
    fn the_torn_last_line_of_a_killed_process_is_left_out() {
        let mut log = [written(0).line(), written(1).line()].concat();
        log.truncate(log.len() - 5);
        assert_eq!(read_log(&log), Ok(vec![written(0)]));
    }

    #[test]
    fn a_torn_line_in_the_middle_is_an_error() {
        let log = [&written(0).line()[..10], b"\n", &written(1).line()].concat();
        assert!(read_log(&log).is_err());
    }

    #[test]
    fn an_invalidation_reaches_what_its_verb_says() {
        let key = Key { kind: Kind::Task, row: 3 };
        for reach in [Reach::Key(key), Reach::Row(3), Reach::Parity(1), Reach::Kind(Kind::Task), Reach::All] {
            assert!(reach.covers(key), "{reach}");
        }
        let other = Key { kind: Kind::Entry, row: 3 };
        for reach in [Reach::Key(other), Reach::Row(2), Reach::Parity(0), Reach::Kind(Kind::Entry)] {
            assert!(!reach.covers(key), "{reach}");
        }
    }
}
