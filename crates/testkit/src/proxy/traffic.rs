//! What all connections of a proxy share: how it behaves now, which are open, and the counts.
//! Touches no byte; that is the affair of `carrier`.

use std::{
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use crate::patience::Deadline;

/// How the proxy behaves towards all connections.
#[derive(Debug, Default)]
pub(super) struct Manners {
    pub(super) refuses: bool,
    pub(super) holds_commands: bool,
    pub(super) holds_answers: bool,
    pub(super) garbles: bool,
    pub(super) delay: Duration,
    has_ended: bool,
}

/// Where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Towards {
    Server,
    Client,
}

/// Which ends of a connection are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Client,
    Both,
}

/// An open connection, by handles that share its sockets.
#[derive(Debug)]
struct Open {
    number: usize,
    client: TcpStream,
    server: TcpStream,
    is_abandoned: Arc<AtomicBool>,
}

/// What an open connection is known by.
#[derive(Debug)]
pub(super) struct Ticket {
    number: usize,
    is_abandoned: Arc<AtomicBool>,
}

impl Ticket {
    /// Whether the client is not to learn that the server is gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(SeqCst)
    }
}

#[derive(Debug, Default)]
pub(super) struct Traffic {
    manners: Mutex<Manners>,
    changed: Condvar,
    open: Mutex<Vec<Open>>,
    connections: AtomicUsize,
    round_trips: AtomicUsize,
}

impl Traffic {
    pub(super) fn manners(&self) -> MutexGuard<'_, Manners> {
        self.manners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for better manners.
    pub(super) fn look_again(&self) {
        self.changed.notify_all();
    }

    /// Waits until bytes may go on their way: `due` has come, and nobody holds them. False if the proxy ends.
    pub(super) fn may_pass(&self, towards: Towards, due: Deadline) -> bool {
        let mut manners = self.manners();
        loop {
            let held = match towards {
                Towards::Server => manners.holds_commands,
                Towards::Client => manners.holds_answers,
            };
            let remaining = due.remaining();
            manners = if manners.has_ended {
                return false;
            } else if held {
                self.changed.wait(manners).unwrap_or_else(PoisonError::into_inner)
            } else if !remaining.is_zero() {
                self.changed.wait_timeout(manners, remaining).unwrap_or_else(PoisonError::into_inner).0
            } else {
                return true;
            };
        }
    }

    pub(super) fn opened(&self, client: &TcpStream, server: &TcpStream) -> std::io::Result<Ticket> {
        let number = self.connections.fetch_add(1, SeqCst);
        let is_abandoned = Arc::<AtomicBool>::default();
        let ticket = Ticket { number, is_abandoned: is_abandoned.clone() };
        let (client, server) = (client.try_clone()?, server.try_clone()?);
        self.open().push(Open { number, client, server, is_abandoned });
        // It may have been opened while the proxy was being dropped.
        if self.has_ended() {
            self.cut(Ends::Both);
        }
        Ok(ticket)
    }

    pub(super) fn closed(&self, ticket: &Ticket) {
        self.open().retain(|connection| connection.number != ticket.number);
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    pub(super) fn began_to_speak(&self) {
        self.round_trips.fetch_add(1, SeqCst);
    }

    pub(super) fn round_trips(&self) -> usize {
        self.round_trips.load(SeqCst)
    }

    pub(super) fn cut(&self, ends: Ends) {
        for connection in self.open().iter() {
            close(&connection.client);
            if ends == Ends::Both {
                close(&connection.server);
            }
        }
    }

    pub(super) fn abandon(&self) {
        for connection in self.open().iter() {
            connection.is_abandoned.store(true, SeqCst);
            close(&connection.server);
        }
    }

    pub(super) fn end(&self) {
        self.manners().has_ended = true;
        self.look_again();
        self.cut(Ends::Both);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.manners().has_ended
    }

    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both directions at once. A socket that is closed already needs no closing.
pub(super) fn close(socket: &TcpStream) {
    let _ = socket.shutdown(Shutdown::Both);
}
