//! Many commands at once, as a clean of a cluster is: each server gets its own in one write.
//! Sends nothing; keeps what is answered and what is not.

use std::sync::Arc;

use hermescache_protocol::{Bucket, Buckets, Command, History, Reply};
use redis::{Cmd, Value};

use super::{
    answer,
    failure::Failure,
    node::{Answers, Node, Parcel, Said},
    request::{self, bucket_of, is_urgent, may_be_sent_again},
    script::By,
    servers::Servers,
};
use crate::backend::BackendError;

/// The second time, to those that took over from servers that did not answer.
const ROUNDS: u8 = 2;

/// Commands on their way.
pub(super) struct FanOut<'c> {
    commands: &'c [Command],
    buckets: Buckets,
    rounds: u8,
    states: Vec<State>,
}

enum State {
    /// Not answered so far, and why not.
    Open(Option<BackendError>),
    /// Answered by a server that does not have the keys.
    Redirected,
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

    /// The commands without an answer, and the buckets that they touch.
    pub(super) fn open(&self) -> Vec<(usize, Bucket)> {
        let open = |(place, state)| matches!(state, &State::Open(_)).then_some(place);
        let places = self.states.iter().enumerate().filter_map(open);
        places.map(|place| (place, bucket_of(&self.commands[place], self.buckets))).collect()
    }

    /// The commands by the server that each goes to.
    pub(super) fn group(&mut self, owners: Vec<(usize, Result<Arc<Node>, Failure>)>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (place, owner) in owners {
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

    pub(super) fn parcel<'a>(&self, commands: &'a Said<'a>) -> Parcel<'a> {
        Parcel {
            commands,
            may_be_sent_again: self.commands.iter().all(may_be_sent_again),
            is_urgent: self.commands.iter().all(is_urgent),
        }
    }

    pub(super) fn words(&self, group: &Group, history: History) -> Vec<Cmd> {
        let said = |place: &usize| request::whole(&self.commands[*place], self.buckets, By::Hash, history);
        group.places.iter().filter_map(said).collect()
    }

    /// Takes note of what a server answered to its commands, or did not.
    pub(super) fn settle(&mut self, servers: &Servers, group: &Group, answers: Result<Answers, Failure>) {
        match answers {
            Ok((values, history)) => {
                for (place, value) in group.places.iter().zip(values) {
                    self.states[*place] = match value {
                        Value::ServerError(_) => State::Redirected,
                        value => State::Answered(
                            answer::reply(&self.commands[*place], value, history)
                                .map_err(|_| Failure::nonsense(&group.node.address).into_error()),
                        ),
                    };
                }
            }
            Err(failure) => {
                servers.lost(&group.node);
                let error = failure.into_error();
                for place in &group.places {
                    self.states[*place] = State::Open(Some(error.again()));
                }
            }
        }
    }

    /// The commands that another server has to be asked for, one by one.
    pub(super) fn redirected(&self) -> Vec<usize> {
        let redirected = |(place, state)| matches!(state, &State::Redirected).then_some(place);
        self.states.iter().enumerate().filter_map(redirected).collect()
    }

    pub(super) fn answer(&mut self, place: usize, answer: Result<Reply, BackendError>) {
        self.states[place] = State::Answered(answer);
    }

    pub(super) fn into_answers(self) -> Vec<Result<Reply, BackendError>> {
        let unasked = || BackendError::not_done("no server was asked");
        let answer = |state| match state {
            State::Answered(answer) => answer,
            State::Open(why) => Err(why.unwrap_or_else(unasked)),
            State::Redirected => Err(unasked()),
        };
        self.states.into_iter().map(answer).collect()
    }
}
