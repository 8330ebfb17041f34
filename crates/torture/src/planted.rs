//! Planted bugs: backends that break a rule of the protocol, to see that the checker finds them out. Used by tests only.
//! What is right, the documentation of `hermes::backend::Command` says.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use hermes::backend::{
    Backend, BackendError, Buckets, Command, Committed, Entry, Key, Listed, Manner, Namespace, Purpose,
    Reply, Sight, TagVersion, Target, Token, View,
};
use serde::{Deserialize, Serialize};

use crate::clock::{At, pass};

/// How late what a bug delays arrives: longer than a computation takes.
const LATE: Duration = Duration::from_millis(40);

/// One that is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: those that the tests plant")]
pub enum Bug {
    /// Entries are stamped with the versions of after the computation: a clean meanwhile is lost.
    VersionsReadLate,
    /// A commit is carried out whoever holds the lease.
    UnfencedCommit,
    /// A commit is answered at once and carried out later, whoever holds the lease then.
    DelayedCommit,
    /// An invalidation takes the entry out, and leaves the lease to whoever holds it.
    LeaseForgotten,
    /// An acquire that seemed lost arrives late, after another copy of it.
    AcquireTwice,
    /// Whoever asks for a lease gets it.
    AcquireAlwaysWins,
    /// After an invalidation, whoever asks for a lease gets it for a while.
    StampedeAfterInvalidation,
}

impl Bug {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 7] = [
        ("versions-read-late", Self::VersionsReadLate),
        ("unfenced-commit", Self::UnfencedCommit),
        ("delayed-commit", Self::DelayedCommit),
        ("lease-forgotten", Self::LeaseForgotten),
        ("acquire-twice", Self::AcquireTwice),
        ("acquire-always-wins", Self::AcquireAlwaysWins),
        ("stampede-after-invalidation", Self::StampedeAfterInvalidation),
    ];
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|&(_, bug)| bug).ok_or_else(|| format!("there is no bug {name:?}"))
    }
}

/// A backend with one of them. Tasks that use it block their thread.
pub(crate) struct Planted {
    right: Arc<dyn Backend>,
    bug: Bug,
    /// The tags of keys, which an invalidation does not name.
    targets: Mutex<HashMap<Key, Taken>>,
    invalidated: Mutex<At>,
}

/// What an acquire says, but for what it draws.
#[derive(Debug, Clone)]
struct Taken {
    target: Arc<Target>,
    lease: Duration,
    tag_life: Duration,
}

type Answered = Result<Reply, BackendError>;

impl Planted {
    pub(crate) fn new(right: Box<dyn Backend>, bug: Bug) -> Self {
        Self { right: right.into(), bug, targets: Mutex::default(), invalidated: Mutex::default() }
    }

    fn commit(&self, target: &Arc<Target>, entry: &Entry, tag_life: Duration) -> Answered {
        let mut entry = entry.clone();
        let (right, target) = (self.right.clone(), target.clone());
        match self.bug {
            Bug::VersionsReadLate => {
                let lease = Duration::from_secs(5);
                let fetch =
                    Command::Fetch { target: target.clone(), purpose: Purpose::Peek, lease, tag_life };
                if let Reply::Fetched(view) = right.execute(&fetch)?
                    && let Some(now) = view.versions.complete(&target.tags)
                {
                    entry.versions = now;
                }
                right.execute(&Command::Commit { target, entry, tag_life })
            }
            Bug::UnfencedCommit => commit_by_force(&*right, target, entry, tag_life),
            Bug::DelayedCommit => {
                thread::spawn(move || {
                    pass(LATE);
                    commit_by_force(&*right, target, entry, tag_life)
                });
                Ok(Reply::Committed(Committed::Stored))
            }
            _ => right.execute(&Command::Commit { target, entry, tag_life }),
        }
    }

    /// Takes the lease out with the entry, and gives it back to its holder.
    fn invalidate_the_entry_only(&self, key: &Key) -> Answered {
        let known = locked(&self.targets).get(key).cloned();
        let invalidate = Command::Invalidate { key: key.clone() };
        let Some(Taken { target, lease, tag_life }) = known else { return self.right.execute(&invalidate) };
        let purpose = Purpose::Follow;
        let fetch = Command::Fetch { target: target.clone(), purpose, lease, tag_life };
        let seen = self.right.execute(&fetch)?;
        let done = self.right.execute(&invalidate)?;
        if let Reply::Fetched(View { lease: Sight::Held(held), .. }) = seen {
            self.right.execute(&acquire(target, held.token, Manner::Polite, lease, tag_life))?;
        }
        Ok(done)
    }

    fn acquire_twice(&self, command: &Command) -> Answered {
        let answer = self.right.execute(command);
        let (right, again) = (self.right.clone(), command.clone());
        thread::spawn(move || {
            pass(LATE / 4);
            right.execute(&again)
        });
        answer
    }
}

/// The same acquire, but that it takes the lease from whoever has it.
fn by_force(command: &Command) -> Command {
    let mut forced = command.clone();
    if let Command::Acquire { manner, .. } = &mut forced {
        *manner = Manner::Forced;
    }
    forced
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn commit_by_force(right: &dyn Backend, target: Arc<Target>, entry: Entry, tag_life: Duration) -> Answered {
    let lease = Duration::from_secs(5);
    right.execute(&acquire(target.clone(), entry.id, Manner::Forced, lease, tag_life))?;
    right.execute(&Command::Commit { target, entry, tag_life })
}

fn acquire(
    target: Arc<Target>,
    token: Token,
    manner: Manner,
    lease: Duration,
    tag_life: Duration,
) -> Command {
    let fresh = || TagVersion::from_bytes(RandomState::new().hash_one(()).to_ne_bytes());
    let fresh = target.tags.iter().map(|_| fresh()).collect();
    Command::Acquire { target, token, fresh, manner, lease, tag_life }
}

impl Backend for Planted {
    fn buckets(&self) -> Buckets {
        self.right.buckets()
    }

    fn execute(&self, command: &Command) -> Answered {
        match command {
            Command::Commit { target, entry, tag_life } => self.commit(target, entry, *tag_life),
            Command::Invalidate { key } if self.bug == Bug::LeaseForgotten => {
                self.invalidate_the_entry_only(key)
            }
            Command::Acquire { target, lease, tag_life, .. } => {
                let known = Taken { target: target.clone(), lease: *lease, tag_life: *tag_life };
                locked(&self.targets).insert(target.key.clone(), known);
                match self.bug {
                    Bug::AcquireTwice => self.acquire_twice(command),
                    Bug::AcquireAlwaysWins => self.right.execute(&by_force(command)),
                    Bug::StampedeAfterInvalidation if At::now().since(*locked(&self.invalidated)) < LATE => {
                        self.right.execute(&by_force(command))
                    }
                    _ => self.right.execute(command),
                }
            }
            Command::Invalidate { .. } | Command::Clean { .. } => {
                let done = self.right.execute(command);
                *locked(&self.invalidated) = At::now();
                done
            }
            _ => self.right.execute(command),
        }
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        self.right.list(namespace)
    }
}

impl fmt::Debug for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with {:?}", self.right, self.bug)
    }
}
