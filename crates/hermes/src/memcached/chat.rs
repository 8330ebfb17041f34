//! Several commands to one server, talked about at once: what all ask goes in one write, trip by trip.
//! Sends nothing.

use hermescache_protocol::{Command, Reply};

use super::{
    address::Address,
    meta::{Asks, Responses},
    talk::{Common, Next, Server, Talk},
};
use crate::backend::BackendError;

/// A command, and the place of its answer among others.
pub(super) type Placed<'c> = (usize, &'c Command);

/// An answer and its place.
pub(super) type Settled = (usize, Result<Reply, BackendError>);

/// Commands on their way to one server.
#[derive(Debug)]
pub(super) struct Chat<'c> {
    at: &'c Address,
    talks: Vec<(usize, Talk<'c>)>,
    asks: Vec<Asks>,
    settled: Vec<Settled>,
}

impl<'c> Chat<'c> {
    pub(super) fn begin(
        commands: &[Placed<'c>],
        common: Common<'c>,
        server: Server,
        at: &'c Address,
    ) -> Self {
        let count = commands.len();
        let mut chat = Self {
            at,
            talks: Vec::with_capacity(count),
            asks: Vec::with_capacity(count),
            settled: Vec::new(),
        };
        for (place, command) in commands {
            let (talk, next) = Talk::begin(command, common, server);
            chat.go_on(*place, talk, next);
        }
        chat
    }

    /// What is to be asked next: nothing at the end.
    pub(super) fn asks(&self) -> &[Asks] {
        &self.asks
    }

    /// The answers to what was asked last.
    pub(super) fn hear(&mut self, mut answers: Responses<'_>) {
        let talks = std::mem::take(&mut self.talks);
        let asks = std::mem::take(&mut self.asks);
        for ((place, mut talk), asks) in talks.into_iter().zip(asks) {
            let (own, others) = answers.split_at(asks.count());
            answers = others;
            let next = talk.hear(own);
            self.go_on(place, talk, next);
        }
    }

    /// All that is not settled fails.
    pub(super) fn fail(&mut self, why: &BackendError) {
        self.asks.clear();
        self.settled.extend(self.talks.drain(..).map(|(place, _)| (place, Err(why.clone()))));
    }

    pub(super) fn into_settled(self) -> Vec<Settled> {
        self.settled
    }

    fn go_on(&mut self, place: usize, talk: Talk<'c>, next: Next) {
        match next {
            Next::Ask(asks) => {
                self.talks.push((place, talk));
                self.asks.push(asks);
            }
            Next::Reply(reply) => {
                self.settled.push((place, reply.map_err(|refusal| refusal.into_error(self.at))));
            }
        }
    }
}
