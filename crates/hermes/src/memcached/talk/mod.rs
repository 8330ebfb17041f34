//! What is said to a server for one command of the protocol, trip by trip, until there is a reply. Pure: it sends nothing.
//!
//! | room | for |
//! |---|---|
//! | `look` | fetches, which may take the lease |
//! | `take` | acquires |
//! | `store` | commits |
//! | `keep` | renewals and releases |
//! | `forget` | invalidations and cleans |
//!
//! A server carries out one step on one name at once, and nothing more. So what depends on what was found is asked in another
//! trip, which names the number of what was found: it does nothing if that is another by then.

mod forget;
mod keep;
mod look;
mod store;
mod take;

use hermescache_protocol::{
    Buckets, Command, History, Key, Lease, LeaseRecord, Reading, Reply, Sight, TagVersion, Target, Token,
};

use super::{
    leases::{Identity, Leases, Own},
    meta::{Asks, Response, Responses, Status},
    slot::{self, Holds, Slot},
};
use crate::{backend::BackendError, clock};

/// So often a command begins anew where others were faster each time.
const ATTEMPTS: u8 = 4;

/// What a connection tells of the server behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) identity: Identity,
    /// The most that name, value and what the server adds to them may take.
    pub(super) max_item_bytes: usize,
}

/// What all commands of a backend have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common<'c> {
    pub(super) buckets: Buckets,
    pub(super) leases: &'c Leases,
}

/// One command on its way.
#[derive(Debug)]
pub(super) struct Talk<'c>(Kind<'c>);

#[derive(Debug)]
enum Kind<'c> {
    Look(look::Look<'c>),
    Take(take::Take<'c>),
    Store(store::Store<'c>),
    Keep(keep::Keep<'c>),
    Forget,
    Unknown,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// Another trip.
    Ask(Asks),
    /// The end.
    Reply(Result<Reply, Refusal>),
}

/// Why a command ends without a reply.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server said so.
    Said(String),
    /// It said what is no answer to what was asked.
    Nonsense,
    /// Others were faster each time.
    Outrun,
    /// The command is of a later protocol.
    Unknown,
}

impl<'c> Talk<'c> {
    /// Begins to talk with a server about a command.
    pub(super) fn begin(command: &'c Command, common: Common<'c>, server: Server) -> (Self, Next) {
        let (kind, next) = match command {
            Command::Fetch { target, purpose, lease, tag_life } => {
                let (look, asks) =
                    look::Look::begin(Item::of(target, common, server), *purpose, *lease, *tag_life);
                (Kind::Look(look), Next::Ask(asks))
            }
            Command::Acquire { target, token, fresh, manner, lease, tag_life } => {
                let item = Item::of(target, common, server);
                let (take, asks) = take::Take::begin(item, *token, fresh, *manner, *lease, *tag_life);
                (Kind::Take(take), Next::Ask(asks))
            }
            Command::Commit { target, entry, tag_life } => {
                let (store, next) = store::Store::begin(Item::of(target, common, server), entry, *tag_life);
                (Kind::Store(store), next)
            }
            Command::Release { target, token, leaving } => {
                let (keep, next) = keep::Keep::release(Item::of(target, common, server), *token, *leaving);
                (Kind::Keep(keep), next)
            }
            Command::Renew { target, token, lease } => {
                let (keep, next) = keep::Keep::renew(Item::of(target, common, server), *token, *lease);
                (Kind::Keep(keep), next)
            }
            Command::Invalidate { key } => (Kind::Forget, Next::Ask(forget::entry(key, common.buckets))),
            Command::Clean { namespace, bucket, tags } => {
                (Kind::Forget, Next::Ask(forget::versions(namespace, *bucket, tags)))
            }
            _ => (Kind::Unknown, Next::Reply(Err(Refusal::Unknown))),
        };
        (Self(kind), next)
    }

    /// The answers to what was asked last.
    pub(super) fn hear(&mut self, answers: Responses<'_>) -> Next {
        let heard = match &mut self.0 {
            Kind::Look(look) => look.hear(answers),
            Kind::Take(take) => take.hear(answers),
            Kind::Store(store) => store.hear(answers),
            Kind::Keep(keep) => keep.hear(answers),
            Kind::Forget => forget::hear(answers),
            Kind::Unknown => Err(Refusal::Unknown),
        };
        heard.unwrap_or_else(|refusal| Next::Reply(Err(refusal)))
    }
}

/// About how many commands of the server the first trip of a command takes.
pub(super) fn weight(command: &Command) -> usize {
    match command {
        Command::Clean { tags, .. } => tags.len(),
        Command::Fetch { target, .. } | Command::Commit { target, .. } => 1 + target.tags.count(),
        Command::Acquire { target, .. } => 1 + 2 * target.tags.count(),
        _ => 1,
    }
}

/// What lies under one key on its server.
#[derive(Debug, Clone, Copy)]
struct Item<'c> {
    target: &'c Target,
    common: Common<'c>,
    server: Server,
}

impl<'c> Item<'c> {
    fn of(target: &'c Target, common: Common<'c>, server: Server) -> Self {
        Self { target, common, server }
    }

    fn entry_name(&self, to: &mut String) {
        self.key().write_entry_name(self.common.buckets, to);
    }

    /// Asks for all versions, with these flags.
    fn ask_for_versions(&self, asks: &mut Asks, flags: &str) {
        let (namespace, bucket) = (self.key().namespace(), self.key().bucket(self.common.buckets));
        for tag in self.target.tags.iter() {
            asks.get(|name| tag.write_name(namespace, bucket, name)).flags(flags).end();
        }
    }

    /// Creates those of the versions that are absent, of these.
    fn create_versions(
        &self,
        asks: &mut Asks,
        fresh: &[TagVersion],
        life_secs: u64,
        which: impl Fn(usize) -> bool,
    ) {
        let (namespace, bucket) = (self.key().namespace(), self.key().bucket(self.common.buckets));
        for (nth, (tag, version)) in self.target.tags.iter().zip(fresh).enumerate() {
            if which(nth) {
                let add = asks.set(|name| tag.write_name(namespace, bucket, name), version.as_bytes().len());
                add.flags("ME").number(b'T', life_secs).end_with(&[version.as_bytes()]);
            }
        }
    }

    /// Prolongs the lives of some versions. A version never changes by it.
    fn prolong_versions(&self, asks: &mut Asks, life_secs: u64, which: &[bool]) {
        let (namespace, bucket) = (self.key().namespace(), self.key().bucket(self.common.buckets));
        for (tag, _) in self.target.tags.iter().zip(which).filter(|(_, is_short)| **is_short) {
            asks.get(|name| tag.write_name(namespace, bucket, name)).number(b'T', life_secs).end();
        }
    }

    /// What lies there, whoever asks.
    fn ask_for_slot(&self) -> Asks {
        let mut asks = Asks::new(1);
        asks.get(|name| self.entry_name(name)).flags("v c t").end();
        asks
    }

    /// Whether a value of this length can be stored. One that cannot would take away what is there, whatever its number.
    fn is_room_for(&self, len_bytes: usize) -> bool {
        // An item's header, its number, flags, the end of the line and of the name.
        const ADDED_BYTES: usize = 48 + 8 + 4 + 2 + 1;
        const LONGEST_NAME_BYTES: usize = 229;
        len_bytes.saturating_add(LONGEST_NAME_BYTES + ADDED_BYTES) <= self.server.max_item_bytes
    }

    /// A lease that this process holds.
    fn own(&self, token: Token) -> Option<Own> {
        self.common.leases.get(token, self.server.identity)
    }

    /// Whether this lies there under this token.
    fn is_held_by(&self, slot: &Slot<'_>, token: Token) -> bool {
        slot.holder(self.server.identity) == Some(token)
    }

    /// What others are told of a lease.
    fn sight(&self, slot: &Slot<'_>) -> Sight {
        match &slot.holds {
            Holds::Nothing | Holds::Entry(_) => Sight::Free,
            Holds::Record(LeaseRecord::Pass, _) => Sight::Pass,
            Holds::Record(LeaseRecord::Held(lease), _) => Sight::Held(lease.clone()),
            Holds::Claim => {
                let token = self.server.identity.token(slot.cas);
                // Only in the process of its holder is it known what it was taken under, until it is first renewed.
                let known = self.own(token).and_then(|own| own.versions);
                Sight::Held(known.map_or_else(|| slot::unnamed(token), |versions| Lease { token, versions }))
            }
        }
    }

    fn key(&self) -> &'c Key {
        &self.target.key
    }
}

/// The versions that were told, in the order of the tags. Bytes that are no version are none.
fn reading<'b>(answers: impl Iterator<Item = Response<'b>>) -> Reading {
    let version = |answer: Response<'_>| {
        let bytes = (answer.status == Status::Value).then_some(answer.value)?;
        Some(TagVersion::from_bytes(bytes.try_into().ok()?))
    };
    // What is in a server was acknowledged by it: when it restarts it has lost all.
    Reading::new(History::default(), answers.map(version).collect())
}

/// The next answer, unless the server could not do what was asked.
fn next<'b>(answers: &mut impl Iterator<Item = Response<'b>>) -> Result<Response<'b>, Refusal> {
    let answer = answers.next().ok_or(Refusal::Nonsense)?;
    match answer.status {
        Status::Failed | Status::Confused => Err(said(answer)),
        _ => Ok(answer),
    }
}

/// A server's words.
fn said(answer: Response<'_>) -> Refusal {
    Refusal::Said(String::from_utf8_lossy(answer.value).into_owned())
}

/// Versions that nobody has had.
fn draw_versions(count: usize) -> Vec<TagVersion> {
    (0..count).map(|_| TagVersion::draw(&mut clock::random_bytes)).collect()
}

impl Refusal {
    /// What a user reads of it.
    pub(super) fn into_error(self, at: &dyn std::fmt::Display) -> BackendError {
        match self {
            Self::Said(words) => BackendError::not_done(format!("{at} said {words:?}")),
            Self::Nonsense => {
                BackendError::unknown(format!("{at} gave an answer that makes no sense; is it a memcached?"))
            }
            Self::Outrun => BackendError::not_done(format!("others took the key at {at} again and again")),
            Self::Unknown => BackendError::not_done("this backend does not know the command"),
        }
    }
}
