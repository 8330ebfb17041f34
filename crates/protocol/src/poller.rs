//! The one caller of a process that asks for all who wait: when it asks next, and when another takes its place.
//! Knows nothing of what is asked, and of those who wait.

use core::time::Duration;

use crate::{follower::Arrival, moment::Moment};

/// Who asks for all, if anybody does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Poller(Option<Duty>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Duty {
    caller: Arrival,
    /// When it asks next; `None` for at once.
    at: Option<Moment>,
    /// When it is overdue: a task may never be driven again, and others must not wait for it.
    by: Moment,
}

impl Poller {
    /// Whether anybody asks for all.
    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Whether this caller does.
    pub(crate) fn is(&self, caller: Arrival) -> bool {
        self.0.as_ref().is_some_and(|duty| duty.caller == caller)
    }

    /// Gives the duty to a caller, unless another has it who is not overdue; says whether it is the caller's. Who has it is
    /// to show up at most `term` after it is to ask.
    pub(crate) fn is_or_becomes(&mut self, caller: Arrival, term: Duration, now: Moment) -> bool {
        match &mut self.0 {
            Some(duty) if duty.caller == caller => duty.by = now.max(duty.at.unwrap_or(now)) + term,
            Some(duty) if now < duty.by => return false,
            _ => self.0 = Some(Duty { caller, at: None, by: now + term }),
        }
        true
    }

    /// When it asks next; `None` for at once.
    pub(crate) fn asks_at(&self) -> Option<Moment> {
        self.0.as_ref()?.at
    }

    /// When it is overdue.
    pub(crate) fn overdue_at(&self) -> Moment {
        self.0.as_ref().map_or(Moment::MAX, |duty| duty.by)
    }

    /// It rests, if it is this caller.
    pub(crate) fn rest_until(&mut self, caller: Arrival, at: Moment) {
        if let Some(duty) = self.0.as_mut().filter(|duty| duty.caller == caller) {
            duty.at = Some(at);
        }
    }

    /// The caller asks no more for others; whoever asks next does so at once. Says whether it did.
    pub(crate) fn resign(&mut self, caller: Arrival) -> bool {
        self.0.take_if(|duty| duty.caller == caller).is_some()
    }
}
