//! One Redis server: its breaker, and the blocking connections that are ready to use.
//! Leaves which server to ask to `servers`, and connections for tasks to `shared`.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use hermescache_protocol::History;
use redis::{Client, Cmd, Value};

#[cfg(feature = "async")]
use super::shared::SharedLink;
use super::{
    address::{Access, Address},
    failure::Failure,
    link::Link,
};
#[cfg(feature = "async")]
use crate::backend::runtimes::Runtimes;
use crate::backend::{breaker::Breaker, idle::Idle};

/// One server.
pub(super) struct Node {
    pub(super) address: Address,
    pub(super) access: Access,
    pub(super) client: Client,
    breaker: Breaker,
    idle: Idle<(u64, Link)>,
    /// Connections of an earlier era are not used again: the server's role may have changed since.
    era: AtomicU64,
    #[cfg(feature = "async")]
    pub(super) shared: Runtimes<SharedLink, Failure>,
}

/// Says commands for data of a history.
pub(super) type Wording<'a> = dyn Fn(History) -> Result<Vec<Cmd>, Failure> + Sync + 'a;

/// What is sent in one write.
#[derive(Clone, Copy)]
pub(super) struct Parcel<'a> {
    pub(super) commands: &'a Wording<'a>,
    /// Whether it may be sent again where nobody knows what became of it.
    pub(super) may_be_sent_again: bool,
    /// Whether it passes an open breaker.
    pub(super) is_urgent: bool,
}

/// The answers to a parcel, and the history of the data that they tell of.
pub(super) type Answers = (Vec<Value>, History);

/// A parcel that was sent.
pub(super) struct Sent {
    link: Link,
    era: u64,
    is_fresh: bool,
    may_be_sent_again: bool,
}

impl Node {
    pub(super) fn new(address: Address, access: &Access) -> Result<Self, String> {
        let client = access.client(&address).map_err(|why| why.to_string())?;
        Ok(Self {
            address,
            access: access.clone(),
            client,
            breaker: Breaker::default(),
            idle: Idle::default(),
            era: AtomicU64::new(0),
            #[cfg(feature = "async")]
            shared: Runtimes::default(),
        })
    }

    /// Sends a parcel, and blocks until it is answered.
    pub(super) fn exchange(&self, parcel: Parcel<'_>) -> Result<Answers, Failure> {
        loop {
            let sent = self.send(parcel)?;
            let is_fresh = sent.is_fresh;
            match self.receive(sent) {
                // It had been idle, and the server had closed it.
                Err(Failure::Broken(_)) if parcel.may_be_sent_again && !is_fresh => {}
                answers => return answers,
            }
        }
    }

    /// Sends a parcel.
    pub(super) fn send(&self, parcel: Parcel<'_>) -> Result<Sent, Failure> {
        self.admit(parcel)?;
        loop {
            let era = self.era();
            let (mut link, is_fresh) = match self.take_idle(era) {
                Some(link) => (link, false),
                None => (self.tell(Link::open(self))?, true),
            };
            if !parcel.may_be_sent_again && link.may_be_closed() {
                match self.used(is_fresh, link.try_out(&self.address)) {
                    Ok(()) => {}
                    Err(Failure::Broken(_)) => continue,
                    Err(failure) => return Err(failure),
                }
            }
            let commands = (parcel.commands)(link.history())?;
            match self.used(is_fresh, link.send(&commands, &self.address)) {
                Ok(()) => {
                    let may_be_sent_again = parcel.may_be_sent_again;
                    return Ok(Sent { link, era, is_fresh, may_be_sent_again });
                }
                Err(Failure::Broken(_)) if parcel.may_be_sent_again && !is_fresh => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Blocks until what was sent is answered.
    pub(super) fn receive(&self, mut sent: Sent) -> Result<Answers, Failure> {
        let answers = self
            .used(sent.is_fresh, sent.link.receive_all(self))
            .map_err(|failure| failure.after_sending(sent.may_be_sent_again))?;
        let history = sent.link.history();
        self.idle.keep((sent.era, sent.link));
        Ok((answers, history))
    }

    /// The server's role may have changed: its connections are opened anew.
    pub(super) fn begin_new_era(&self) {
        self.era.fetch_add(1, Ordering::Relaxed);
        self.idle.close();
    }

    pub(super) fn era(&self) -> u64 {
        self.era.load(Ordering::Relaxed)
    }

    pub(super) fn admit(&self, parcel: Parcel<'_>) -> Result<(), Failure> {
        self.breaker.admit(parcel.is_urgent, &self.address).map_err(Failure::Suspended)
    }

    /// Tells the breaker how it went.
    pub(super) fn tell<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        self.breaker.tell(result.as_ref().is_err_and(Failure::blames_the_server), &self.address);
        result
    }

    /// Tells the breaker how it went on a connection. If one that had been idle turns out to be closed, the server may
    /// be well all the same; but the other idle ones are likely to be closed too.
    fn used<T>(&self, is_fresh: bool, result: Result<T, Failure>) -> Result<T, Failure> {
        if !is_fresh && matches!(result, Err(Failure::Broken(_))) {
            self.idle.close();
            return result;
        }
        self.tell(result)
    }

    fn take_idle(&self, era: u64) -> Option<Link> {
        loop {
            let (of, link) = self.idle.take()?;
            if of == era {
                return Some(link);
            }
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("address", &self.address).finish_non_exhaustive()
    }
}
