//! Many commands at once, as a clean of a cluster is: each server gets its own in one write.
//! Sends nothing; keeps what is answered and what is not.

use std::sync::Arc;

use hermescache_protocol::{Bucket, Buckets, Command, Fault, History, Reply};
use redis::{Cmd, Value};

use super::{
    answer,
    failure::Failure,
    node::{Answers, Node, Parcel, Wording},
    request, route,
    script::By,
    servers::Servers,
};
use crate::backend::BackendError;

/// The second and the third time, to those that took over from servers that did not answer, or have other slots now.
const ROUNDS: u8 = 3;

/// Commands on their way.
pub(super) struct FanOut<'c> {
    commands: &'c [Command],
    buckets: Buckets,
    rounds: u8,
    states: Vec<State>,
}

enum State {
    /// To be sent, and why it was not answered before.
    Open(Option<BackendError>),
    /// To be carried out by itself: its keys are on their way from one server to another, or its script is to be said
    /// in full.
    Alone,
    Answered(Result<Reply, BackendError>),
}

/// A server, and the places of the commands that go there.
pub(super) struct Group {
    pub(super) node: Arc<Node>,
    places: Vec<usize>,
}

impl<'c> FanOut<'c> {
    pub(super) fn new(commands: &'c [Command], buckets: Buckets) -> Self {
        let states = commands.iter().map(|_| State::Open(None)).collect();
        Self { commands, buckets, rounds: 0, states }
    }

    /// Begins another round if it is of use.
    pub(super) fn goes_on(&mut self) -> bool {
        self.rounds += 1;
        self.rounds <= ROUNDS && self.states.iter().any(|state| matches!(state, State::Open(_)))
    }

    /// The buckets that the commands touch which are to be sent.
    pub(super) fn open_buckets(&self) -> Vec<Bucket> {
        self.open().map(|place| self.commands[place].bucket(self.buckets)).collect()
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.commands.iter().all(Command::is_urgent)
    }

    /// The commands to be sent by the server that each goes to; the servers are in the order of their buckets.
    pub(super) fn group(&mut self, owners: Vec<Result<Arc<Node>, Failure>>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let open: Vec<_> = self.open().collect();
        for (place, owner) in open.into_iter().zip(owners) {
            match owner {
                Err(failure) => self.states[place] = State::Open(Some(failure.into_error())),
                Ok(owner) => match groups.iter_mut().find(|group| Arc::ptr_eq(&group.node, &owner)) {
                    Some(group) => group.places.push(place),
                    None => groups.push(Group { node: owner, places: vec![place] }),
                },
            }
        }
        groups
    }

    pub(super) fn parcel<'a>(&self, commands: &'a Wording<'a>) -> Parcel<'a> {
        Parcel {
            commands,
            may_be_sent_again: self.commands.iter().all(Command::may_be_sent_again),
            is_urgent: self.is_urgent(),
        }
    }

    pub(super) fn words(&self, group: &Group, history: History) -> Result<Vec<Cmd>, Failure> {
        let words = |place: &usize| request::whole(&self.commands[*place], self.buckets, By::Hash, history);
        Ok(group.places.iter().map(words).collect::<Result<_, _>>()?)
    }

    /// Takes note of what a server answered to its commands, or did not.
    pub(super) fn settle(&mut self, servers: &Servers, group: &Group, answers: Result<Answers, Failure>) {
        match answers {
            Ok((values, history)) => {
                for (place, value) in group.places.iter().zip(values) {
                    self.states[*place] = match value {
                        Value::ServerError(error) => {
                            let failure = Failure::of_answer(&error, &group.node);
                            self.refused(servers, &group.node, *place, failure)
                        }
                        value => State::Answered(
                            answer::reply(&self.commands[*place], value, history)
                                .map_err(|_| Failure::nonsense(&group.node.address).into_error()),
                        ),
                    };
                }
            }
            Err(failure) => {
                servers.note(&group.node, &failure);
                // Who hangs will hang the second time, too, unless another has taken over by then.
                let is_hopeless = matches!(failure, Failure::TimedOut(_)) && !servers.may_move();
                let error = failure.into_error();
                for place in &group.places {
                    let may_be_done = error.fault() == Fault::Unknown;
                    let is_last = is_hopeless || may_be_done && !self.commands[*place].may_be_sent_again();
                    self.states[*place] = match error.clone() {
                        error if is_last => State::Answered(Err(error)),
                        error => self.once_more(error),
                    };
                }
            }
        }
    }

    fn refused(&self, servers: &Servers, node: &Node, place: usize, failure: Failure) -> State {
        servers.note(node, &failure);
        let failure = route::judged(servers, node, failure);
        match failure {
            Failure::Moved(to) => match servers.moved(self.commands[place].bucket(self.buckets), node, &to) {
                Ok(()) => State::Open(Some(Failure::Moved(to).into_error())),
                Err(failure) => State::Answered(Err(failure.into_error())),
            },
            Failure::Replica(_) | Failure::Down(_) => self.once_more(failure.into_error()),
            Failure::Ask(_) | Failure::TryAgain | Failure::NoScript => State::Alone,
            failure => State::Answered(Err(failure.into_error())),
        }
    }

    /// Once only: each attempt at a server that is gone may last as long as its timeout.
    fn once_more(&self, why: BackendError) -> State {
        if self.rounds < 2 { State::Open(Some(why)) } else { State::Answered(Err(why)) }
    }

    /// The commands that have to be carried out one by one.
    pub(super) fn alone(&self) -> Vec<usize> {
        let alone = |(place, state)| matches!(state, &State::Alone).then_some(place);
        self.states.iter().enumerate().filter_map(alone).collect()
    }

    fn open(&self) -> impl Iterator<Item = usize> {
        let open = |(place, state)| matches!(state, &State::Open(_)).then_some(place);
        self.states.iter().enumerate().filter_map(open)
    }

    pub(super) fn answer(&mut self, place: usize, answer: Result<Reply, BackendError>) {
        self.states[place] = State::Answered(answer);
    }

    pub(super) fn into_answers(self) -> Vec<Result<Reply, BackendError>> {
        let unasked = || BackendError::not_done("no server was asked");
        let answer = |state| match state {
            State::Answered(answer) => answer,
            State::Open(why) => Err(why.unwrap_or_else(unasked)),
            State::Alone => Err(unasked()),
        };
        self.states.into_iter().map(answer).collect()
    }
}
