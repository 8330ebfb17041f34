//! The first look of a call for whose key nobody else in its process calls: most calls end with it.
//! Leaves all that has to do with others to `read`.

use alloc::sync::Arc;

use crate::{
    command::{Command, Fault, Purpose, Reply, Sight},
    entry::{Entry, Verdict},
    flight::Board,
    follower::{Follower, Horizon},
    judge::{Read, State},
    moment::Moment,
    step::{Plan, Verb},
};

impl Plan {
    /// What a call may ask before it takes a place on a board, if nobody has one: so that a hit needs no board.
    #[must_use]
    pub fn glance(&self) -> Command {
        Command::Fetch { target: Arc::clone(&self.target), purpose: Purpose::Read }
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

impl Read {
    /// A call to read that has glanced, and whose glance was answered.
    ///
    /// It arrives only now, so nothing that the glance told is shared with those who were there before.
    pub fn after_glance<V: Clone>(
        plan: Plan,
        board: &mut Board<V>,
        answer: Result<Reply, Fault>,
        now: Moment,
    ) -> Self {
        let me = board.arrive(plan.target.tags.names());
        let state = State::Fetching(Horizon::of_nobody(me));
        let follower = Follower::new(now);
        let mut read = Self { plan, verb: Verb::Read, me, follower, refused: None, state };
        read.answer(board, answer, now);
        read
    }
}
