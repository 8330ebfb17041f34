//! One call on its way, as the others of its process see it: a machine of the protocol with its seat at the board.
//! Sends nothing and runs nothing; `drive` does.

use std::{mem, sync::Arc, task::Waker};

use hermescache_protocol::{Computed, Entry, Fault, Outcome, Plan, Read, Reply, Start, Step, Verb};

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
    pub(super) plan: Plan,
    pub(super) time: Timeline<'c>,
    stage: Stage,
    /// The value that it has handed to others. It is dropped when the call is over, and not by the board: that runs a
    /// user's code, which may ask for the very key.
    handed: Option<Handed>,
}

#[derive(Debug)]
enum Stage {
    /// It has no place on the board so far.
    Coming(Verb),
    /// It stays where it is, so that its address is its number.
    There {
        machine: Box<Read>,
        sleeps: bool,
    },
    Over,
}

/// What a driver has to tell before the next step.
#[derive(Debug)]
pub(crate) enum Said {
    Nothing,
    /// What was asked before the caller came to the board, and when that was.
    Glanced(Start, Result<Reply, Fault>),
    Answer(Result<Reply, Fault>),
    Computed(Computed<Handed>),
    Undecodable(Entry),
}

impl<'c> Caller<'c> {
    pub(crate) fn new(core: &'c Arc<Core>, plan: Plan, verb: Verb, time: Timeline<'c>) -> Self {
        Self { core, plan, time, stage: Stage::Coming(verb), handed: None }
    }

    /// Begins a call that may ask before it comes to the board: nobody is there.
    pub(crate) fn glance(&self) -> Option<Start> {
        match &self.stage {
            Stage::Coming(Verb::Read) => self.boards().begin(&self.plan.target.key),
            _ => None,
        }
    }

    /// Tells what there is to tell, and asks what to do next. If that is to wait, `waker` is woken when it is worth
    /// while to ask again.
    pub(crate) fn go_on(&mut self, said: Said, waker: &Waker) -> Step<Handed> {
        let now = self.time.now();
        let Self { core, plan, stage, handed, .. } = self;
        if let Said::Computed(Computed::Unstorable(value)) = &said {
            *handed = Some(value.clone());
        }
        let (step, old) = core.boards.at(&plan.target.key, now, |watched| {
            let board = &mut watched.board;
            let (mut machine, slept) = match (mem::replace(stage, Stage::Over), said) {
                (Stage::Coming(_), Said::Glanced(start, answer)) => {
                    (Box::new(Read::after_glance(plan.clone(), start, board, answer, now)), false)
                }
                (Stage::Coming(verb), said) => {
                    debug_assert!(
                        matches!(said, Said::Nothing),
                        "who has asked nothing has no answer to tell"
                    );
                    (Box::new(Read::new(plan.clone(), verb, board, now)), false)
                }
                (Stage::There { mut machine, sleeps }, said) => {
                    match said {
                        Said::Answer(answer) => machine.answer(board, answer, now),
                        Said::Computed(computed) => machine.computed(board, computed, now),
                        Said::Undecodable(entry) => machine.refuse(board, &entry, now),
                        Said::Nothing => {}
                        Said::Glanced(..) => debug_assert!(false, "who is at the board does not come to it"),
                    }
                    (machine, sleeps)
                }
                (Stage::Over, _) => unreachable!("a call that is over is not asked"),
            };
            let step = machine.step(board, now, &mut clock::random_bytes);
            let sleeper = SleeperId::of(&machine);
            let sleeps = matches!(step, Step::Wait(_));
            let old = if sleeps {
                watched.sleep(sleeper, waker)
            } else if slept {
                watched.rise(sleeper)
            } else {
                None
            };
            // An entry that cannot be decoded makes the call go on after its end.
            if !matches!(step, Step::Done(Outcome::Shared(_) | Outcome::Own(_) | Outcome::Missing)) {
                *stage = Stage::There { machine, sleeps };
            }
            (step, old)
        });
        drop(old);
        step
    }

    /// Keeps the lease alive while the loader runs; dropped, it ends.
    pub(crate) fn beat(&self) -> Option<Beat> {
        let Stage::There { machine, .. } = &self.stage else { return None };
        let now = self.time.now();
        let heartbeat =
            self.boards().at(&self.plan.target.key, now, |watched| machine.heartbeat(&watched.board))?;
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
        let Stage::There { machine, sleeps } = mem::replace(&mut self.stage, Stage::Over) else { return };
        let sleeper = SleeperId::of(&machine);
        let ((command, handed), waker) =
            self.boards().at(&self.plan.target.key, self.time.now(), |watched| {
                let waker = if sleeps { watched.rise(sleeper) } else { None };
                (machine.abandon(&mut watched.board), waker)
            });
        drop((waker, handed));
        if let Some(command) = command {
            // A drop must not wait, and in a task it could not.
            heart::send(Arc::clone(self.core), command);
        }
    }
}
