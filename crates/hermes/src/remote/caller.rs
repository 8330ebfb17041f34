//! One call on its way, as the others of its process see it: a machine of the protocol with its seat at the board.
//! Sends nothing and runs nothing; `drive` does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

use hermescache_protocol::{Computed, Entry, Fault, Plan, Read, Reply, Step, Verb};

use super::{
    Core,
    boards::{Boards, SleeperId},
    handed::Handed,
    heart::{self, Beat},
    timeline::Timeline,
};
use crate::{clock, leading};

/// One call. Dropped before its end, it frees the key and its seat.
#[derive(Debug)]
pub(crate) struct Caller<'c> {
    core: &'c Arc<Core>,
    plan: Plan,
    verb: Option<Verb>,
    /// None before the first step.
    read: Option<Read>,
    is_over: bool,
    id: SleeperId,
    sleeps: bool,
    pub(super) time: Timeline<'c>,
}

/// What a driver has to tell before the next step.
#[derive(Debug)]
pub(crate) enum Said {
    Nothing,
    Answer(Result<Reply, Fault>),
    Computed(Computed<Handed>),
    Undecodable(Entry),
}

impl<'c> Caller<'c> {
    pub(crate) fn new(core: &'c Arc<Core>, plan: Plan, verb: Verb, time: Timeline<'c>) -> Self {
        static SLEEPERS: AtomicU64 = AtomicU64::new(0);
        let id = SleeperId::new(SLEEPERS.fetch_add(1, Ordering::Relaxed));
        Self { core, plan, verb: Some(verb), read: None, is_over: false, id, sleeps: false, time }
    }

    /// Tells what there is to tell, and asks what to do next. If that is to wait, `waker` is woken when it is worth
    /// while to ask again.
    pub(crate) fn go_on(&mut self, said: Said, waker: &Waker) -> Step<Handed> {
        let now = self.time.now();
        let Self { core, plan, verb, read, id, sleeps, .. } = self;
        let (step, old) = core.boards.at(&plan.target.key, now, |room| {
            let board = &mut room.board;
            let machine = read.get_or_insert_with(|| {
                let verb = verb.take().expect("a call begins once");
                Read::new(plan.clone(), verb, board, now)
            });
            match said {
                Said::Nothing => {}
                Said::Answer(answer) => machine.answer(board, answer, now),
                Said::Computed(computed) => machine.computed(board, computed, now),
                Said::Undecodable(entry) => machine.refuse(board, &entry, now),
            }
            let step = machine.step(board, now, &mut clock::random_bytes);
            let old = match step {
                Step::Wait(_) => {
                    *sleeps = true;
                    room.sleep(*id, waker)
                }
                _ if *sleeps => {
                    *sleeps = false;
                    room.rise(*id)
                }
                _ => None,
            };
            (step, old)
        });
        drop(old);
        self.is_over = matches!(step, Step::Done(_));
        step
    }

    /// Keeps the lease alive while the loader runs; dropped, it ends.
    pub(crate) fn beat(&self) -> Option<Beat> {
        let now = self.time.now();
        let read = self.read.as_ref()?;
        let heartbeat = self.boards().at(&self.plan.target.key, now, |room| read.heartbeat(&room.board))?;
        Some(Beat::start(Arc::clone(self.core), Arc::clone(&self.plan.target), heartbeat, now))
    }

    /// Tells this call's computation from all others in the process that have another key or another cache.
    pub(crate) fn flight(&self) -> leading::FlightId {
        leading::FlightId::of_key(self.boards(), &self.plan.target.key)
    }

    fn boards(&self) -> &'c Boards {
        &self.core.boards
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        let Some(read) = self.read.take().filter(|_| !self.is_over) else { return };
        let (command, waker) = self.boards().at(&self.plan.target.key, self.time.now(), |room| {
            (read.abandon(&mut room.board), room.rise(self.id))
        });
        drop(waker);
        if let Some(command) = command {
            // A drop must not wait, and in a task it could not.
            heart::send(Arc::clone(self.core), command);
        }
    }
}
