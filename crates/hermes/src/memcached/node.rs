//! One memcached server: its breaker, and the blocking connections that are ready to use.
//! Leaves which server to ask to `servers`, and connections for tasks to `shared`.

use std::{fmt, time::Duration};

#[cfg(feature = "async")]
use super::shared::SharedLink;
use super::{
    address::Address,
    chat::{Chat, Placed, Settled},
    failure::Failure,
    link::Link,
    talk::Common,
};
#[cfg(feature = "async")]
use crate::backend::runtimes::Runtimes;
use crate::backend::{breaker::Breaker, idle::Idle};

/// One server.
pub(super) struct Node {
    pub(super) address: Address,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    breaker: Breaker,
    idle: Idle<Link>,
    #[cfg(feature = "async")]
    pub(super) shared: Runtimes<SharedLink, Failure>,
}

/// Commands whose first trip was sent.
pub(super) struct Sent<'c> {
    link: Link,
    is_fresh: bool,
    chat: Chat<'c>,
}

impl Node {
    pub(super) fn new(address: Address, connect_timeout: Duration, timeout: Duration) -> Self {
        Self {
            address,
            connect_timeout,
            timeout,
            breaker: Breaker::default(),
            idle: Idle::default(),
            #[cfg(feature = "async")]
            shared: Runtimes::default(),
        }
    }

    /// Sends the first trip of some commands.
    pub(super) fn send<'c>(
        &'c self,
        commands: &[Placed<'c>],
        common: Common<'c>,
    ) -> Result<Sent<'c>, Failure> {
        self.admit(commands)?;
        loop {
            let (mut link, is_fresh) = match self.take_idle(commands) {
                Some(link) => (link, false),
                None => (self.tell(Link::open(self))?, true),
            };
            let chat = Chat::begin(commands, common, link.server, &self.address);
            match self.used(is_fresh, link.send(chat.asks(), &self.address)) {
                Ok(()) => return Ok(Sent { link, is_fresh, chat }),
                Err(Failure::Broken(_)) if !is_fresh && may_be_sent_again(commands) => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Blocks until what was sent is answered, and goes on with it to the end.
    pub(super) fn receive<'c>(
        &'c self,
        sent: Sent<'c>,
        commands: &[Placed<'c>],
        common: Common<'c>,
    ) -> Result<Vec<Settled>, Failure> {
        let Sent { mut link, is_fresh, mut chat } = sent;
        let mut answers = match self.used(is_fresh, link.receive(chat.asks(), &self.address)) {
            // It had been idle, and the server had closed it.
            Err(Failure::Broken(_)) if !is_fresh && may_be_sent_again(commands) => {
                let sent = self.send(commands, common)?;
                return self.receive(sent, commands, common);
            }
            answers => answers.map(|answers| chat.hear(answers)),
        };
        while answers.is_ok() && !chat.asks().is_empty() {
            let sent = link.send(chat.asks(), &self.address);
            let received = sent.and_then(|()| link.receive(chat.asks(), &self.address));
            answers = self.tell(received).map(|answers| chat.hear(answers));
        }
        match answers {
            Ok(()) => self.idle.keep(link),
            Err(failure) => chat.fail(&failure.into_error()),
        }
        Ok(chat.into_settled())
    }

    /// A connection of its own, for what takes long.
    pub(super) fn open(&self) -> Result<Link, Failure> {
        self.tell(Link::open(self))
    }

    pub(super) fn admit(&self, commands: &[Placed<'_>]) -> Result<(), Failure> {
        let is_urgent = commands.iter().all(|(_, command)| command.is_urgent());
        self.breaker.admit(is_urgent, &self.address).map_err(Failure::Suspended)
    }

    /// Tells the breaker how it went.
    pub(super) fn tell<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        self.breaker.tell(result.as_ref().is_err_and(Failure::blames_the_server), &self.address);
        result
    }

    /// Tells the breaker how it went on a connection. That one which had been idle is closed says nothing of the
    /// server now, only that the others are closed too.
    fn used<T>(&self, is_fresh: bool, result: Result<T, Failure>) -> Result<T, Failure> {
        if !is_fresh && matches!(result, Err(Failure::Broken(_))) {
            self.idle.close();
            return result;
        }
        self.tell(result)
    }

    fn take_idle(&self, commands: &[Placed<'_>]) -> Option<Link> {
        loop {
            let link = self.idle.take()?;
            if may_be_sent_again(commands) || !link.is_closed() {
                return Some(link);
            }
        }
    }
}

pub(super) fn may_be_sent_again(commands: &[Placed<'_>]) -> bool {
    commands.iter().all(|(_, command)| command.may_be_sent_again())
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("address", &self.address).finish_non_exhaustive()
    }
}
