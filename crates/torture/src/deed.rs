//! What an actor does next, by the fall of the dice. How it is done, `actor` knows.

use std::{ops::Range, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Dice,
    history::{Key, Kind, ROWS, Reach},
    subject::Fate,
};

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Call(Key),
    Peek(Key),
    /// Of a function, by its companion.
    Refresh(u32),
    /// After a row that it reaches was written.
    Invalidate(Reach),
    /// Of an entry by hand.
    Set(u32),
}

/// How busy the writers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "finished: much or little")]
pub enum Pace {
    /// Every key is invalidated about as often as it is computed, and a hit is as likely as a miss.
    Hot,
    /// Keys are rarely taken from whoever computes them, so that little excuses two at once.
    Calm,
}

/// How often of a thousand times each is done; the rest are calls.
struct Shares {
    peeks: u32,
    refreshes: u32,
    sets: u32,
    invalidations: u32,
}

impl Pace {
    fn shares(self) -> Shares {
        match self {
            Self::Hot => Shares { peeks: 30, refreshes: 15, sets: 15, invalidations: 90 },
            Self::Calm => Shares { peeks: 30, refreshes: 1, sets: 1, invalidations: 4 },
        }
    }
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "hot" => Ok(Self::Hot),
            "calm" => Ok(Self::Calm),
            _ => Err(format!("there is no pace {name:?}")),
        }
    }
}

/// Whether an actor is a thread or a task: what it calls, it calls as users do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Thread,
    Task,
}

impl Way {
    /// The function of its own, whose companions it calls.
    pub(crate) fn own(self) -> Kind {
        match self {
            Self::Thread => Kind::Function,
            Self::Task => Kind::Task,
        }
    }
}

pub(crate) fn next(dice: &mut Dice, way: Way, pace: Pace) -> Deed {
    let shares = pace.shares();
    let row = dice.below(ROWS);
    let key = Key { kind: *dice.pick(&[way.own(), Kind::Entry]), row };
    let mut rest = dice.below(1000);
    let mut is = |permille: u32| {
        let is = rest < permille;
        rest = rest.wrapping_sub(permille);
        is
    };
    if is(shares.peeks) {
        Deed::Peek(key)
    } else if is(shares.refreshes) {
        Deed::Refresh(row)
    } else if is(shares.sets) {
        Deed::Set(row)
    } else if is(shares.invalidations) {
        Deed::Invalidate(reach(dice, way, key))
    } else {
        Deed::Call(key)
    }
}

fn reach(dice: &mut Dice, way: Way, key: Key) -> Reach {
    match dice.below(20) {
        0 => Reach::All,
        1 => Reach::Kind(way.own()),
        2 | 3 => Reach::Parity(key.row % 2),
        4..=9 => Reach::Row(key.row),
        _ => Reach::Key(key),
    }
}

/// How a loader is to behave, if the call comes to it.
pub(crate) fn work(dice: &mut Dice, longest: Duration) -> ((Duration, Duration), Fate) {
    let work = (dice.span(Duration::ZERO..longest), dice.span(Duration::ZERO..longest));
    let fate = match dice.below(100) {
        0..3 => Fate::Error,
        3 => Fate::Panic,
        _ => Fate::Value,
    };
    (work, fate)
}

/// When the caller of a task goes away, if it does.
pub(crate) fn patience_of_caller(dice: &mut Dice) -> Option<Duration> {
    const AFTER: Range<Duration> = Duration::ZERO..Duration::from_millis(20);
    dice.falls(20).then(|| dice.span(AFTER))
}
