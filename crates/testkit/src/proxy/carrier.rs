//! Carries the bytes of one connection, with two threads for each direction: one takes them as they come, one
//! delivers them when they may pass. What they wait for, `traffic` knows.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use super::traffic::{Ticket, Towards, Traffic, close};
use crate::patience::Deadline;

/// No protocol of a cache server begins like this.
const GARBAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// A frozen server takes connections until its queue is full, and then none.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// Carries until both sides have said all they had to say.
pub(super) fn carry(client: &TcpStream, server: SocketAddr, traffic: &Traffic) {
    // Where there is no server, the client's connection is closed by being dropped.
    let Ok(server) = TcpStream::connect_timeout(&server, CONNECT_LIMIT) else { return };
    let Ok(ticket) = traffic.opened(client, &server) else { return };
    // Small packets wait for nothing, as without a proxy.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);

    let client_spoke_last = AtomicBool::new(false);
    Carrier { client, server: &server, traffic, ticket: &ticket, client_spoke_last }.run();
    traffic.closed(&ticket);
}

struct Carrier<'a> {
    client: &'a TcpStream,
    server: &'a TcpStream,
    traffic: &'a Traffic,
    ticket: &'a Ticket,
    client_spoke_last: AtomicBool,
}

/// Something on its way, and when it may arrive at the earliest.
struct Parcel {
    due: Deadline,
    content: Content,
}

enum Content {
    Bytes(Vec<u8>),
    /// Nothing more comes in this direction.
    End,
}

impl Carrier<'_> {
    fn run(&self) {
        let (commands, commands_taken) = channel();
        let (answers, answers_taken) = channel();
        thread::scope(|scope| {
            scope.spawn(|| self.take_commands(&commands, &answers));
            scope.spawn(|| self.take_answers(&answers));
            scope.spawn(|| self.deliver(answers_taken, Towards::Client));
            self.deliver(commands_taken, Towards::Server);
        });
    }

    fn take_commands(&self, commands: &Sender<Parcel>, garbage: &Sender<Parcel>) {
        take(self.client, |content| match content {
            Content::Bytes(bytes) => {
                if !self.client_spoke_last.swap(true, SeqCst) {
                    self.traffic.began_to_speak();
                }
                if self.traffic.manners().garbles {
                    self.post(garbage, Content::Bytes(GARBAGE.to_vec()));
                } else {
                    self.post(commands, Content::Bytes(bytes));
                }
            }
            Content::End => self.post(commands, Content::End),
        });
    }

    fn take_answers(&self, answers: &Sender<Parcel>) {
        take(self.server, |content| self.post(answers, content));
    }

    fn post(&self, parcels: &Sender<Parcel>, content: Content) {
        let due = Deadline::after(self.traffic.manners().delay);
        // Nobody delivers any more when the proxy ends.
        let _ = parcels.send(Parcel { due, content });
    }

    fn deliver(&self, parcels: Receiver<Parcel>, towards: Towards) {
        let mut to = match towards {
            Towards::Server => self.server,
            Towards::Client => self.client,
        };
        for Parcel { due, content } in parcels {
            if !self.traffic.may_pass(towards, due) {
                return;
            }
            match (content, towards) {
                (Content::Bytes(bytes), Towards::Server) => {
                    if to.write_all(&bytes).is_err() && !self.ticket.is_abandoned() {
                        close(self.client);
                    }
                }
                (Content::Bytes(bytes), Towards::Client) => {
                    self.client_spoke_last.store(false, SeqCst);
                    // A client that is gone is no reason to close the server's end: it may have commands to come.
                    let _ = to.write_all(&bytes);
                }
                (Content::End, Towards::Client) if self.ticket.is_abandoned() => return,
                (Content::End, _) => {
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
            }
        }
    }
}

/// Hands on what is read, and lastly that it ended; a broken connection ends too.
fn take(mut from: &TcpStream, mut hand_on: impl FnMut(Content)) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        hand_on(Content::Bytes(buffer[..len].to_vec()));
    }
    hand_on(Content::End);
}
