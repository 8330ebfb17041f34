//! Walks one caller through a call: what to ask, run or wait for next.
//! Knows nothing of sockets, threads or clocks. What a reply means is decided in `judge`.

use alloc::{boxed::Box, sync::Arc};
use core::mem;

use crate::{
    command::{Command, Committed, Fault, Leaving, Purpose, Reply, View},
    entry::Entry,
    flight::{Board, News},
    follower::{Follower, Look},
    heartbeat::Heartbeat,
    judge::{Basis, Read, State},
    moment::Moment,
    nonce::{Nonces, Token},
    step::{Cause, Computed, Fate, Outcome, Plan, Step, Verb},
};

impl Read {
    /// A call that starts now.
    pub fn new<V>(plan: Plan, verb: Verb, board: &mut Board<V>, now: Moment) -> Self {
        let me = board.arrive(plan.target.tags.names());
        let state = match verb {
            Verb::Read if board.awaits_lease() => State::Fetch(Purpose::Follow),
            Verb::Read => State::Fetch(Purpose::Read),
            Verb::Peek => State::Fetch(Purpose::Peek),
            Verb::Refresh | Verb::Set(_) => State::Acquire(None),
        };
        Self { plan, verb, me, follower: Follower::new(now), refused: None, replaced: None, state }
    }

    /// What to do next. Each `Ask` and `Compute` is given once, and wants its answer before the next step.
    pub fn step<V: Clone>(&mut self, board: &mut Board<V>, now: Moment, nonces: &mut dyn Nonces) -> Step<V> {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Fetch(purpose) => {
                    self.state = State::Fetching(board.horizon(self.me));
                    return Step::Ask(self.plan.fetch(purpose));
                }
                State::Acquire(held) => {
                    let token = held.unwrap_or_else(|| Token::draw(nonces));
                    self.state = State::Acquiring(token, board.horizon(self.me));
                    return Step::Ask(self.acquire(token, held.is_some(), nonces));
                }
                State::Compute(basis) => {
                    self.state = State::Computing(basis, now);
                    return Step::Compute;
                }
                State::Commit(mut entry) => {
                    let policy = &self.plan.policy;
                    entry.ttl = policy.jitter.shorten_ttl(entry.ttl, nonces);
                    self.state = State::Committing(entry.id);
                    let target = Arc::clone(&self.plan.target);
                    let tag_life = policy.tag_life(entry.ttl);
                    return Step::Ask(Command::Commit { target, entry, tag_life });
                }
                State::Look(replaced) => {
                    self.state = State::Looking(replaced);
                    return Step::Ask(self.plan.fetch(Purpose::Peek));
                }
                State::Drop => {
                    self.state = State::Dropping;
                    return Step::Ask(Command::Invalidate { key: self.plan.target.key.clone() });
                }
                State::Tell(command, then) => {
                    self.state = *then;
                    return Step::Tell(command);
                }
                State::Post(command, then) => {
                    self.state = *then;
                    return Step::Post(command);
                }
                State::Rest => {
                    let sleep = self.plan.policy.poll_sleep(self.follower.waited(now), nonces);
                    board.poller.rest_until(self.me, now + sleep);
                    self.state = State::Seated;
                }
                State::Seated => {
                    self.state = State::Seated;
                    if let Some(step) = self.wait(board, now) {
                        return step;
                    }
                }
                State::Hit(entry) => return self.done(board, Outcome::Hit(entry)),
                State::Missing => return self.done(board, Outcome::Missing),
                State::Own(fate) => return self.done(board, Outcome::Own(fate)),
                state => {
                    debug_assert!(false, "a step before the answer to the last one: {state:?}");
                    self.state = state;
                    return Step::Wait(Moment::MAX);
                }
            }
        }
    }

    /// The answer to the command of the last `Ask`.
    pub fn answer<V: Clone>(&mut self, board: &mut Board<V>, answer: Result<Reply, Fault>, now: Moment) {
        match (mem::replace(&mut self.state, State::Ended), answer) {
            (State::Fetching(horizon), Ok(Reply::Fetched(view))) => self.fetched(board, horizon, view, now),
            (State::Fetching(_), answer) if self.verb == Verb::Peek => {
                debug_assert!(answer.is_err(), "a fetch was answered with {answer:?}");
                self.state = State::Missing;
            }
            (State::Acquiring(_, horizon), Ok(Reply::Acquired(view))) => {
                self.acquired(board, horizon, view, now);
            }
            (State::Acquiring(token, _), answer) => {
                let fault = fault_of(answer);
                match self.verb {
                    Verb::Set(_) => self.state = State::Own(Fate::Unanswered(fault)),
                    Verb::Read | Verb::Peek | Verb::Refresh => self.alone(board, Cause::Fault(fault), now),
                }
                // Nobody will ever commit under this token, so others need not wait for its lease.
                if fault == Fault::Unknown {
                    self.give_back(token);
                }
            }
            (State::Fetching(_), answer) => self.alone(board, Cause::Fault(fault_of(answer)), now),
            (State::Committing(_), Ok(Reply::Committed(Committed::Fenced))) => {
                board.end(self.me);
                // It may have lost its lease to nobody, or to a refresh that fails.
                self.state = self.replaced.map_or(State::Own(Fate::Fenced), State::Look);
            }
            (State::Looking(replaced), Ok(Reply::Fetched(View { entry, .. }))) => {
                let is_there = entry.is_some_and(|entry| entry.id == replaced);
                self.state = if is_there { State::Drop } else { State::Own(Fate::Fenced) };
            }
            (State::Dropping, Ok(Reply::Done)) => self.state = State::Own(Fate::Fenced),
            (State::Looking(_) | State::Dropping, answer) => {
                self.state = State::Own(Fate::Unanswered(fault_of(answer)));
            }
            (State::Committing(token), answer) => {
                board.end(self.me);
                self.state = State::Own(match answer {
                    Ok(Reply::Committed(Committed::Stored)) => Fate::Stored,
                    Ok(Reply::Committed(Committed::Refused)) => Fate::Refused,
                    answer => Fate::Unanswered(fault_of(answer)),
                });
                // Where the commit does get through, there is no lease left to give back.
                if matches!(self.state, State::Own(Fate::Unanswered(_))) {
                    self.give_back(token);
                }
            }
            (state, _) => {
                debug_assert!(false, "an answer to a question that was not asked: {state:?}");
                self.state = state;
            }
        }
    }

    /// The heartbeat to run while the loader does, after [`Step::Compute`]; none where nothing will be committed.
    #[must_use]
    pub fn heartbeat<V>(&self, board: &Board<V>) -> Option<Heartbeat> {
        let State::Computing(Basis::Lease, began) = self.state else { return None };
        let (token, _) = board.lease_of(self.me)?;
        Some(Heartbeat::new(Arc::clone(&self.plan.target), self.me, *token, &self.plan.policy, began))
    }

    /// What the loader gave, after [`Step::Compute`].
    pub fn computed<V: Clone>(&mut self, board: &mut Board<V>, computed: Computed<V>, now: Moment) {
        let State::Computing(basis, began) = self.state else {
            debug_assert!(false, "a value that was not asked for: {:?}", self.state);
            return;
        };
        let lease = board.lease_of(self.me).cloned();
        match &computed {
            Computed::Storable { shared, .. } | Computed::Unstorable(shared) => board.land(self.me, shared),
            Computed::Failed => {}
        }
        match (basis, lease, computed) {
            (Basis::Lease, Some((token, versions)), Computed::Storable { value, .. }) => {
                self.state = State::Commit(Entry::new(token, versions, value, now, now.since(began)));
                return;
            }
            // What was to be replaced is known to be old. Whoever has taken the lease meanwhile is fenced by this: that
            // costs a computation.
            (Basis::Lease, Some(_), Computed::Unstorable(_)) if self.verb == Verb::Refresh => {
                let invalidate = Command::Invalidate { key: self.plan.target.key.clone() };
                self.state = State::Tell(invalidate, Box::new(State::Own(Fate::Unstorable)));
            }
            (Basis::Lease, Some((token, _)), Computed::Unstorable(_)) => {
                let leaving = Leaving::Pass(self.plan.policy.pass);
                self.release(token, leaving, State::Own(Fate::Unstorable));
            }
            (Basis::Lease, Some((token, _)), Computed::Failed) => {
                self.release(token, Leaving::Nothing, State::Own(Fate::Failed));
            }
            (_, _, Computed::Failed) => self.state = State::Own(Fate::Failed),
            (Basis::Alone(cause), ..) => self.state = State::Own(Fate::Uncommitted(cause)),
            (Basis::Lease, None, _) => self.state = State::Own(Fate::Unanswered(Fault::NotDone)),
        }
        board.end(self.me);
    }

    /// The payload of the entry that the call ended with cannot be decoded: the call goes on as if it had missed.
    pub fn refuse<V>(&mut self, board: &mut Board<V>, entry: &Entry, now: Moment) {
        *self =
            Self { refused: Some(entry.id), ..Self::new(self.plan.clone(), self.verb.clone(), board, now) };
    }

    /// The caller goes away, wherever it is. The command, if there is one, frees the key; its answer is of no use. The
    /// value, if there is one, was handed to it and not taken: it is the driver's to drop, without the board's lock.
    pub fn abandon<V>(self, board: &mut Board<V>) -> (Option<Command>, Option<V>) {
        let held = match &self.state {
            // Where a commit does get through, there is no lease left to release.
            State::Acquiring(token, _) | State::Acquire(Some(token)) | State::Committing(token) => {
                Some(*token)
            }
            State::Commit(entry) => Some(entry.id),
            State::Compute(Basis::Lease) | State::Computing(Basis::Lease, _) => {
                board.lease_of(self.me).map(|(token, _)| *token)
            }
            _ => None,
        };
        let value = if self.state == State::Ended { None } else { board.depart(self.me) };
        let command = match (held, self.state) {
            (_, State::Tell(command, _) | State::Post(command, _)) => Some(command),
            (Some(token), _) => {
                let target = self.plan.target;
                Some(Command::Release { target, token, leaving: Leaving::Nothing })
            }
            (None, _) => None,
        };
        (command, value)
    }

    fn done<V>(&mut self, board: &mut Board<V>, outcome: Outcome<V>) -> Step<V> {
        // Whatever it was handed is the outcome.
        board.depart(self.me);
        Step::Done(outcome)
    }

    /// A caller that waits looks up. No step: go on.
    fn wait<V: Clone>(&mut self, board: &mut Board<V>, now: Moment) -> Option<Step<V>> {
        let patience = self.plan.policy.patience;
        match board.look(self.me) {
            Some(Look::Riding { since }) if now < since + patience => {
                return Some(Step::Wait(since + patience));
            }
            Some(Look::Waiting(follower)) if !follower.gives_up() => {
                let patient_until = follower.patient_until(patience);
                if now < patient_until {
                    if !self.polls(board, now) {
                        return Some(Step::Wait(patient_until.min(board.poller.overdue_at())));
                    }
                    match board.poller.asks_at() {
                        Some(at) if now < at => return Some(Step::Wait(at.min(patient_until))),
                        _ => {
                            self.follower = follower;
                            board.stand(self.me);
                            self.state = State::Fetch(Purpose::Follow);
                            return None;
                        }
                    }
                }
            }
            _ => {}
        }
        let Some((follower, news)) = board.stand(self.me) else {
            debug_assert!(false, "a caller waits without a seat");
            self.state = State::Own(Fate::Failed);
            return None;
        };
        self.follower = follower;
        match news {
            Some(News::Hit(entry)) => self.state = State::Hit(entry),
            Some(News::Landed(value)) => {
                self.state = State::Ended;
                return Some(self.done(board, Outcome::Shared(value)));
            }
            None if self.follower.gives_up() => self.alone(board, Cause::LeadersFailed, now),
            None => self.alone(board, Cause::Patience, now),
        }
        None
    }
}

fn fault_of(answer: Result<Reply, Fault>) -> Fault {
    match answer {
        Err(fault) => fault,
        Ok(reply) => {
            debug_assert!(false, "a reply to another command: {reply:?}");
            Fault::Unknown
        }
    }
}
