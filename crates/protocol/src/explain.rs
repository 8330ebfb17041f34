//! Says what a call would get, and why not: for people who ask.
//! Changes nothing, and asks no more than a look.

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use crate::{
    command::{Command, Purpose, Sight, View},
    entry::{CodecId, Entry, Verdict},
    flight::Board,
    moment::Moment,
    step::Plan,
    tag::Tag,
    versions::Match,
    wire::WireError,
};

/// What a call would get.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "finished: a hit or a miss")]
pub enum Explained {
    /// This entry, if its payload can be decoded.
    Hit(Entry),
    /// No entry, for this reason.
    Miss(Reason),
}

/// Why an entry is not served: the first of these that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is there.
    Absent,
    /// What is there is no entry, or one of another format.
    Unreadable(WireError),
    /// It was written by a codec that the caller cannot read.
    OtherCodec(CodecId),
    /// It carries other tags than the caller's.
    OtherTags,
    /// It was stored in another history of the server.
    OtherHistory,
    /// These of its tags have been cleaned since, or their versions were lost.
    Cleaned(Vec<Tag>),
    /// Its ttl ended so long ago.
    Expired(Duration),
}

/// Who computes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Leader {
    /// Nobody: a call would.
    Nobody,
    /// Another caller: a call would wait for it.
    Another,
    /// Another caller, whose tags were cleaned meanwhile: it will be fenced, and a call would compute anew.
    Overtaken,
    /// Another caller, for longer than callers have patience: a call would compute anew.
    Overdue,
    /// Whoever calls, for itself: the last value could not be stored, so that waiting is of no use.
    Everybody,
}

/// As the end of a sentence about a miss.
impl fmt::Display for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "nobody computes it now",
            Self::Another => "another caller computes it now, and a call waits for that one",
            Self::Overtaken => {
                "another caller computes it now, but a tag was cleaned meanwhile: a call computes it anew"
            }
            Self::Overdue => {
                "another caller computes it now, but for longer than calls wait: a call computes it anew"
            }
            Self::Everybody => "its last value could not be stored: calls compute it for themselves",
        })
    }
}

impl Plan {
    /// The command that looks for what [`explain`](Self::explain) wants to know. It takes no lease.
    #[must_use]
    pub fn look(&self) -> Command {
        self.fetch(Purpose::Follow)
    }

    /// What a call with this plan would get, at `now`, by what a [`look`](Self::look) has seen.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use hermescache_protocol::{
    ///     Arguments, Board, Codecs, Explained, History, Key, Leader, Moment, Namespace, Plan, Point, Policy, Reading, Reason, Sight,
    ///     Tags, Target, View,
    /// };
    ///
    /// let point = Point::function("shop::total", None);
    /// let key = Key::new(&Namespace::default(), &point, &Arguments::new());
    /// let target = Arc::new(Target { key, tags: Tags::new(&point, ["orders"]) });
    /// let plan = Plan { target, readable: Codecs::none(), policy: Policy::default() };
    ///
    /// let versions = Reading::new(History::default(), vec![None; 3]);
    /// let seen = View { entry: None, unreadable: None, lease: Sight::Free, versions };
    /// let now = Moment::from_unix_ms(0);
    /// assert_eq!(plan.explain(&seen, now), Explained::Miss(Reason::Absent));
    /// assert_eq!(plan.leader(&seen, &Board::<()>::default(), now), Leader::Nobody);
    /// ```
    #[must_use]
    pub fn explain(&self, seen: &View, now: Moment) -> Explained {
        match self.served(seen, now) {
            Ok(entry) => Explained::Hit(entry.clone()),
            Err(reason) => Explained::Miss(reason),
        }
    }

    /// The entry that is served, or why there is none.
    fn served<'v>(&self, seen: &'v View, now: Moment) -> Result<&'v Entry, Reason> {
        let Some(entry) = &seen.entry else {
            return Err(seen.unreadable.map_or(Reason::Absent, Reason::Unreadable));
        };
        let tags = &self.target.tags;
        match entry.verdict(now, tags, self.readable, &seen.versions) {
            Verdict::Hit => Ok(entry),
            Verdict::OtherCodec => Err(Reason::OtherCodec(entry.codec)),
            Verdict::OtherTags => Err(Reason::OtherTags),
            Verdict::Gone if entry.versions.history() != seen.versions.history() => Err(Reason::OtherHistory),
            Verdict::Gone => Err(Reason::Cleaned(entry.versions.gone(tags, &seen.versions))),
            Verdict::Expired => {
                Err(Reason::Expired(now.since(entry.created).saturating_sub(entry.ttl.get())))
            }
        }
    }

    /// Who computes the key, by what a [`look`](Self::look) has seen and by the key's board.
    #[must_use]
    pub fn leader<V>(&self, seen: &View, board: &Board<V>, now: Moment) -> Leader {
        match &seen.lease {
            Sight::NotAsked | Sight::Free | Sight::Won(_) => Leader::Nobody,
            Sight::Pass => Leader::Everybody,
            Sight::Held(lease) => match lease.versions.compare(&self.target.tags, &seen.versions) {
                Match::Gone => Leader::Overtaken,
                _ if board.is_overdue(lease.token, self.policy.patience, now) => Leader::Overdue,
                Match::Alive | Match::OtherNames => Leader::Another,
            },
        }
    }
}
