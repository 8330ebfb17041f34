//! The first look of a call for whose key nobody else in its process calls: most calls end with it.
//! Leaves all that has to do with others to `read`.

use alloc::sync::Arc;

use crate::{
    command::{Command, Fault, Purpose, Reply, Sight},
    entry::{Entry, Verdict},
    flight::Board,
    follower::{Arrivals, Follower, Horizon, Start},
    judge::{Read, State},
    moment::Moment,
    policy::Policy,
    step::{Plan, Verb},
};

impl Plan {
    /// What a call may ask before it takes a place on a board, if nobody has one: so that a hit needs no board. Its
    /// [`Start`] is drawn before.
    #[must_use]
    pub fn glance(&self) -> Command {
        self.fetch(Purpose::Read)
    }

    /// The command that looks.
    pub(crate) fn fetch(&self, purpose: Purpose) -> Command {
        let Policy { lease, ttl, .. } = self.policy;
        Command::Fetch {
            target: Arc::clone(&self.target),
            purpose,
            lease,
            tag_life: self.policy.tag_life(ttl),
        }
    }

    /// The entry that the answer to a [`glance`](Self::glance) gives, if that is all there is to it. Else the call goes on
    /// with [`Read::after_glance`].
    #[must_use]
    pub fn glanced(&self, answer: &Result<Reply, Fault>, now: Moment) -> Option<Entry> {
        let Ok(Reply::Fetched(view)) = answer else { return None };
        let entry = view.entry.as_ref()?;
        let verdict = entry.verdict(now, &self.target.tags, self.readable, &view.versions);
        (verdict == Verdict::Hit && !matches!(view.lease, Sight::Won(_))).then(|| entry.clone())
    }
}

impl<V> Board<V> {
    /// Has the board and the count know of all that either has seen begin. A driver that glances does this before and
    /// after it has used a board.
    pub fn catch_up(&mut self, arrivals: &mut Arrivals) {
        self.arrivals.0 = self.arrivals.0.max(arrivals.0);
        arrivals.clone_from(&self.arrivals);
    }
}

impl Read {
    /// A call to read that began at `start`, has glanced, and whose glance was answered.
    ///
    /// It comes to the board only now, so nothing that its glance told is shared with those who were there before. What was
    /// asked after its start is shared with it.
    pub fn after_glance<V: Clone>(
        plan: Plan,
        start: Start,
        board: &mut Board<V>,
        answer: Result<Reply, Fault>,
        now: Moment,
    ) -> Self {
        let me = board.arrive_from(start, plan.target.tags.names());
        let state = State::Fetching(Horizon::of_nobody(me));
        let follower = Follower::new(now);
        let mut read = Self { plan, verb: Verb::Read, me, follower, refused: None, replaced: None, state };
        read.answer(board, answer, now);
        read
    }
}
