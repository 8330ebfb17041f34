//! A model of a server: one key, its lease and its tags' versions, as a real backend would keep them.

use hermescache_protocol::{
    Command, Committed, Entry, History, Lease, LeaseRecord, Leaving, Manner, Match, Moment, Purpose, Reading,
    Reply, Sight, Tag, TagVersion, Tags, Target, Token, Verdict, View,
};

use super::{Mutant, READABLE, slot::Looked};

/// What an absent version reads as where a mutant takes two of them for equal.
const NOTHING: TagVersion = TagVersion::from_bytes([0; 8]);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Backend {
    pub(crate) data: Data,
    pub(crate) snapshot: Option<Data>,
    pub(crate) history: u8,
    pub(crate) mutant: Option<Mutant>,
    /// Refuses to write entries, as a full server does.
    pub(crate) full: bool,
    /// Keeps entry and lease in one slot, which a fetch that finds no good entry takes, as memcached does; and carries
    /// nothing but one step on one slot out at once.
    pub(crate) claims: bool,
    pub(super) claimed: Unseen,
    /// What processes know of the leases that they claimed: which versions they were taken under.
    pub(super) known: Vec<(usize, Lease)>,
}

/// A count that makes no difference between two states.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Unseen(pub(super) u32);

impl std::hash::Hash for Unseen {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Data {
    pub(crate) entry: Option<Entry>,
    pub(crate) lease: Option<LeaseRecord>,
    pub(crate) tags: Vec<(Tag, TagVersion)>,
}

/// What a server has done of a command that a mutant carries out in two parts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Half {
    EntryDeleted,
    LeaseTried(Sight),
    EntryRead(Option<Entry>),
    Looked(Looked),
    /// It found no good entry, and the versions that it lacked are there now.
    Swapped(Option<Token>),
}

/// How far a server has come with a command.
pub(crate) enum Progress {
    Half(Half),
    Done(Reply),
}

impl Backend {
    pub(crate) fn new(mutant: Option<Mutant>) -> Self {
        Self {
            data: Data::default(),
            snapshot: None,
            history: 0,
            mutant,
            full: false,
            claims: false,
            claimed: Unseen::default(),
            known: Vec::new(),
        }
    }

    /// Carries out a command of a process, or its next part.
    pub(crate) fn execute(
        &mut self,
        command: &Command,
        half: Option<Half>,
        by_hand: bool,
        process: Option<usize>,
    ) -> Progress {
        if self.claims && matches!(command, Command::Fetch { .. } | Command::Acquire { .. }) {
            return self.in_steps(command, half, process);
        }
        match (command, half) {
            (Command::Invalidate { .. }, None) if self.mutant == Some(Mutant::M09EntryFirst) => {
                self.data.entry = None;
                Progress::Half(Half::EntryDeleted)
            }
            (Command::Invalidate { .. }, Some(_)) => {
                self.data.lease = None;
                Progress::Done(Reply::Done)
            }
            (Command::Acquire { target, fresh, .. }, None) if self.mutant == Some(Mutant::M06NilWindow) => {
                self.create_versions(&target.tags, fresh);
                Progress::Half(Half::LeaseTried(self.take_lease(command)))
            }
            (Command::Acquire { .. }, None) if self.mutant == Some(Mutant::M11EntryThenLease) => {
                Progress::Half(Half::EntryRead(self.data.entry.clone()))
            }
            (Command::Acquire { target, .. }, Some(Half::LeaseTried(lease))) => {
                let view = View {
                    entry: self.data.entry.clone(),
                    unreadable: None,
                    lease,
                    versions: self.versions(&target.tags),
                };
                Progress::Done(Reply::Acquired(view))
            }
            (Command::Acquire { target, fresh, .. }, Some(Half::EntryRead(entry))) => {
                self.create_versions(&target.tags, fresh);
                let lease = self.take_lease(command);
                Progress::Done(Reply::Acquired(View {
                    entry,
                    unreadable: None,
                    lease,
                    versions: self.versions(&target.tags),
                }))
            }
            (command, _) => Progress::Done(self.at_once(command, by_hand)),
        }
    }

    /// Carries out a command at once.
    pub(crate) fn carry(&mut self, command: &Command) -> Reply {
        self.at_once(command, false)
    }

    fn at_once(&mut self, command: &Command, by_hand: bool) -> Reply {
        let plain_write = by_hand && self.mutant == Some(Mutant::M12PlainSet);
        match command {
            Command::Fetch { target, purpose, .. } => Reply::Fetched(View {
                entry: self.data.entry.clone(),
                unreadable: None,
                lease: match purpose {
                    Purpose::Follow => self.sight(),
                    Purpose::Read | Purpose::Peek => Sight::NotAsked,
                },
                versions: self.versions(&target.tags),
            }),
            Command::Acquire { target, token, fresh, .. } => {
                if self.mutant != Some(Mutant::M35AbsentStays) {
                    self.create_versions(&target.tags, fresh);
                }
                let lease = if plain_write { Sight::Won(*token) } else { self.take_lease(command) };
                let versions = self.versions(&target.tags);
                Reply::Acquired(View { entry: self.data.entry.clone(), unreadable: None, lease, versions })
            }
            Command::Commit { entry, .. } => {
                if !plain_write && !self.holds(entry.id) {
                    return Reply::Committed(Committed::Fenced);
                }
                self.data.lease = None;
                if self.full {
                    return Reply::Committed(Committed::Refused);
                }
                self.data.entry = Some(entry.clone());
                Reply::Committed(Committed::Stored)
            }
            Command::Release { token, leaving, .. } => {
                if self.holds(*token) {
                    self.data.lease = match leaving {
                        Leaving::Nothing => None,
                        Leaving::Pass(_) => {
                            // There is room for one of both, and the entry was of no use to whoever leaves word.
                            self.data.entry = self.data.entry.take().filter(|_| !self.claims);
                            Some(LeaseRecord::Pass)
                        }
                    };
                }
                Reply::Done
            }
            Command::Renew { token, .. } if self.holds(*token) => Reply::Renewed(Some(self.renew(*token))),
            Command::Renew { .. } => Reply::Renewed(None),
            Command::Invalidate { .. } => {
                self.data.entry = None;
                if self.mutant != Some(Mutant::M10EntryOnly) {
                    self.data.lease = None;
                }
                Reply::Done
            }
            Command::Clean { tags, .. } => {
                self.data.tags.retain(|(tag, _)| !tags.contains(tag));
                Reply::Done
            }
            other => panic!("a command that the model does not know: {other:?}"),
        }
    }

    pub(crate) fn create_versions(&mut self, tags: &Tags, fresh: &[TagVersion]) {
        for (tag, fresh) in tags.iter().zip(fresh) {
            if self.version(tag).is_none() {
                self.data.tags.push((tag.clone(), *fresh));
            }
        }
        self.data.tags.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    fn take_lease(&mut self, command: &Command) -> Sight {
        let Command::Acquire { target, token, manner, .. } = command else { return Sight::NotAsked };
        let free = match &self.data.lease {
            None => true,
            Some(LeaseRecord::Pass) => false,
            Some(LeaseRecord::Held(lease)) => self.is_doomed(lease, target),
        };
        if !free && *manner != Manner::Forced {
            return self.sight();
        }
        let Some(versions) = self.versions(&target.tags).complete(&target.tags) else {
            return self.sight();
        };
        self.data.lease = Some(LeaseRecord::Held(Lease { token: *token, versions }));
        Sight::Won(*token)
    }

    fn is_doomed(&self, lease: &Lease, target: &Target) -> bool {
        lease.versions.compare(&target.tags, &self.versions(&target.tags)) == Match::Gone
    }

    /// Whether there is an entry that a caller with these tags would be served.
    pub(crate) fn has_hit(&self, tags: &Tags, now: Moment) -> bool {
        let reading = self.versions(tags);
        self.data
            .entry
            .as_ref()
            .is_some_and(|entry| entry.verdict(now, tags, READABLE, &reading) == Verdict::Hit)
    }

    pub(crate) fn versions(&self, tags: &Tags) -> Reading {
        let history = match self.mutant {
            Some(Mutant::M14NoHistory) => 0,
            _ => self.history,
        };
        let none_is_equal = matches!(self.mutant, Some(Mutant::M06NilWindow | Mutant::M35AbsentStays));
        let read = |tag| match self.version(tag) {
            None if none_is_equal => Some(NOTHING),
            version => version,
        };
        Reading::new(History::from_bytes([history; 8]), tags.iter().map(read).collect())
    }

    pub(super) fn version(&self, tag: &Tag) -> Option<TagVersion> {
        self.data.tags.iter().find(|(other, _)| other == tag).map(|(_, version)| *version)
    }

    pub(super) fn holds(&self, token: Token) -> bool {
        matches!(&self.data.lease, Some(LeaseRecord::Held(lease)) if lease.token == token)
    }

    pub(super) fn sight(&self) -> Sight {
        match &self.data.lease {
            None => Sight::Free,
            Some(LeaseRecord::Pass) => Sight::Pass,
            Some(LeaseRecord::Held(lease)) => Sight::Held(lease.clone()),
        }
    }

    /// The server dies and comes back with what its last snapshot held.
    pub(crate) fn restart(&mut self) {
        if self.claims {
            self.data = Data::default();
            if self.mutant == Some(Mutant::M33CountsFromOne) {
                self.claimed = Unseen::default();
            }
            return;
        }
        self.data = self.snapshot.clone().unwrap_or_default();
        self.history += 1;
    }

    /// The entry is gone. Where it shares a slot with a lease, so is that.
    pub(crate) fn evict_entry(&mut self) {
        self.data.entry = None;
        if self.claims {
            self.data.lease = None;
        }
    }

    /// The lease ends. Where it shares a slot with an entry, so does that.
    pub(crate) fn expire_lease(&mut self) {
        self.data.lease = None;
        if self.claims {
            self.data.entry = None;
        }
    }
}
