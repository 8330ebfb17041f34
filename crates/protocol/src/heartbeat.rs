//! Keeps a lease alive while its leader computes.
//! Sends nothing: a driver asks when the next beat is due, carries it, and hands back the answer.

use alloc::sync::Arc;
use core::time::Duration;

use crate::{
    command::{Command, Fault, Reply, Target},
    flight::Board,
    follower::Arrival,
    moment::Moment,
    nonce::Token,
    policy::Policy,
};

/// The heartbeat of one computation: a renewal at each third of the lease, until ten times the patience have
/// passed. So a loader that hangs frees its key.
///
/// Got from [`Read::heartbeat`](crate::Read::heartbeat) when the computation begins, dropped when it ends.
#[derive(Debug)]
pub struct Heartbeat {
    target: Arc<Target>,
    leader: Arrival,
    token: Token,
    lease: Duration,
    every: Duration,
    due: Moment,
    ends: Moment,
}

impl Heartbeat {
    pub(crate) fn new(
        target: Arc<Target>,
        leader: Arrival,
        token: Token,
        policy: &Policy,
        began: Moment,
    ) -> Self {
        let every = policy.heartbeat();
        let ends = began + policy.leash();
        Self { target, leader, token, lease: policy.lease, every, due: began + every, ends }
    }

    /// When the next beat is due, or `None` if there is none any more.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        (self.due < self.ends).then_some(self.due)
    }

    /// The beat that is due, to be sent at `now`.
    #[must_use]
    pub fn beat(&mut self, now: Moment) -> Command {
        self.due = now + self.every;
        Command::Renew { target: Arc::clone(&self.target), token: self.token, lease: self.lease }
    }

    /// The answer to a beat. A lost lease is not taken again: the heartbeat ends, and the commit will be fenced.
    pub fn answer<V>(&mut self, board: &mut Board<V>, answer: &Result<Reply, Fault>) {
        match answer {
            Ok(Reply::Renewed(Some(token))) => {
                self.token = *token;
                board.renew(self.leader, *token);
            }
            Ok(_) => self.ends = self.due,
            // Nobody knows. If the lease still lives, the next beat finds it.
            Err(_) => {}
        }
    }
}
