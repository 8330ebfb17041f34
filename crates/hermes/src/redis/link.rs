//! One blocking connection to a Redis server, and the history of the data behind it.
//! Leaves to `node` when to open one.

use std::time::Duration;

use hermescache_protocol::History;
use redis::{Cmd, Connection, Value};

use super::{
    address::Address,
    answer::{self, Role},
    failure::Failure,
    known::Known,
    node::Node,
    request,
};
use crate::clock;

/// A connection that is ready to use. Once something has failed on it, it is closed: its replies may be out of step.
pub(super) struct Link {
    connection: Connection,
    known: Known,
    /// Replies to come, but for that to the question who the server is.
    awaited: usize,
    /// When it was asked who it is, if that is to be answered too.
    asking: Option<Duration>,
}

impl Link {
    pub(super) fn open(node: &Node) -> Result<Self, Failure> {
        let access = &node.access;
        let failed = |error: &_| Failure::of_connecting(error, &node.address);
        let connection = node.client.get_connection_with_timeout(access.connect_timeout);
        let connection = connection.map_err(|error| failed(&error))?;
        connection.set_read_timeout(Some(access.timeout)).map_err(|error| failed(&error))?;
        connection.set_write_timeout(Some(access.timeout)).map_err(|error| failed(&error))?;
        let now = clock::coarse_monotonic();
        let mut link = Self { connection, known: Known::nothing(now), awaited: 0, asking: None };
        if access.has_keys {
            let answer = link.send_all(&[request::who_are_you()]).and_then(|()| link.receive());
            link.known = Known::told(history_of(&answer.map_err(|error| failed(&error))?, node)?, now);
        }
        Ok(link)
    }

    /// The history of the data as far as it is known before the next answer.
    pub(super) fn history(&self) -> History {
        self.known.history()
    }

    pub(super) fn send(&mut self, commands: &[Cmd], to: &Address) -> Result<(), Failure> {
        let now = clock::coarse_monotonic();
        self.asking = self.known.takes_turn_to_ask(now).then_some(now);
        self.awaited = commands.len();
        let sent = match self.asking {
            Some(_) => self.send_all(&[&[request::who_are_you()], commands].concat()),
            None => self.send_all(commands),
        };
        sent.map_err(|error| Failure::of_using(&error, to))
    }

    /// One answer for each command that was sent; a server's error is one.
    pub(super) fn receive_all(&mut self, from: &Node) -> Result<Vec<Value>, Failure> {
        let failed = |error: &_| Failure::of_using(error, &from.address);
        if let Some(asked) = self.asking {
            let answer = self.receive().map_err(|error| failed(&error))?;
            self.known.learn(history_of(&answer, from)?, asked);
        }
        let answers = (0..self.awaited).map(|_| self.receive().map_err(|error| failed(&error))).collect();
        self.known.was_answered(clock::coarse_monotonic());
        answers
    }

    /// Whether it has been idle for so long that the server, or somebody in between, may have closed it.
    pub(super) fn may_be_closed(&self) -> bool {
        self.known.may_be_closed(clock::coarse_monotonic())
    }

    /// Finds out whether it is open, before what must not be sent twice is sent.
    pub(super) fn try_out(&mut self, to: &Address) -> Result<(), Failure> {
        let answer = self.send_all(&[request::are_you_there()]).and_then(|()| self.receive());
        answer.map(drop).map_err(|error| Failure::of_using(&error, to))
    }

    fn send_all(&mut self, commands: &[Cmd]) -> redis::RedisResult<()> {
        let bytes: Vec<u8> = match commands {
            [one] => one.get_packed_command(),
            many => many.iter().flat_map(Cmd::get_packed_command).collect(),
        };
        self.connection.send_packed_command(&bytes)
    }

    fn receive(&mut self) -> redis::RedisResult<Value> {
        self.connection.recv_response()
    }
}

/// The history that a server told, if it is a master. Where restored data are trusted, all histories are one, and a
/// server that tells nothing is a master.
pub(super) fn history_of(answer: &Value, from: &Node) -> Result<History, Failure> {
    let trusts = from.access.trust_restored_data;
    if let Value::ServerError(error) = answer {
        let may_be_silent = trusts && error.code() == "NOPERM";
        return if may_be_silent { Ok(History::default()) } else { Err(Failure::untold(error, from)) };
    }
    match answer::role(answer) {
        Ok(Role::Master(_)) if trusts => Ok(History::default()),
        Ok(Role::Master(history)) => Ok(history),
        Ok(Role::Replica) => Err(Failure::Replica(from.address.clone())),
        Err(_) => Err(Failure::of_no_server(from)),
    }
}
