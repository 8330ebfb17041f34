//! One blocking connection to a memcached server.
//! Leaves to `node` when to open one.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use super::{
    address::Address,
    failure::Failure,
    greeting,
    meta::{Asks, Reader, Responses},
    node::Node,
    talk::Server,
};
use crate::clock;

/// A connection that is ready to use. What failed on it once is not used again: its answers may be out of step.
pub(super) struct Link {
    stream: TcpStream,
    pub(super) server: Server,
    received: Received,
    timeout: Duration,
}

impl Link {
    pub(super) fn open(node: &Node) -> Result<Self, Failure> {
        let to = &node.address;
        let failed = |error: &_| Failure::of_connecting(error, to);
        let mut stream = connect(to, node.connect_timeout).map_err(|error| failed(&error))?;
        let ready = stream.set_nodelay(true).and_then(|()| {
            stream.set_read_timeout(Some(node.timeout))?;
            stream.set_write_timeout(Some(node.timeout))?;
            stream.write_all(greeting::QUESTION)
        });
        ready.map_err(|error| failed(&error))?;
        let mut received = Received::default();
        let server = loop {
            received.more(&mut stream).map_err(|error| failed(&error))?;
            match greeting::hear(received.bytes()) {
                Ok(Some(server)) => break server,
                Ok(None) => {}
                Err(why) => return Err(Failure::of_greeting(&why, to)),
            }
        };
        Ok(Self { stream, server, received, timeout: node.timeout })
    }

    pub(super) fn send(&mut self, asks: &[Asks], to: &Address) -> Result<(), Failure> {
        let sent = match asks {
            [one] => self.stream.write_all(one.bytes()),
            many => self.stream.write_all(&many.iter().map(Asks::bytes).collect::<Vec<_>>().concat()),
        };
        sent.map_err(|error| Failure::of_using(&error, to))
    }

    /// One answer for each command that was sent.
    pub(super) fn receive(&mut self, asks: &[Asks], from: &Address) -> Result<Responses<'_>, Failure> {
        self.received.begin();
        let count = asks.iter().map(Asks::count).sum();
        let began = clock::coarse_monotonic();
        while !self.received.has(count, from)? {
            if clock::coarse_monotonic().saturating_sub(began) > self.timeout {
                return Err(Failure::answering_took_too_long(from));
            }
            self.received.more(&mut self.stream).map_err(|error| Failure::of_using(&error, from))?;
        }
        let answers = self.received.answers();
        check(answers, asks, from)?;
        Ok(answers)
    }

    /// Sends what is no meta command.
    pub(super) fn send_plain(&mut self, bytes: &[u8], to: &Address) -> Result<(), Failure> {
        self.received.begin();
        self.stream.write_all(bytes).map_err(|error| Failure::of_using(&error, to))
    }

    /// The next line of what is said to that, without its end.
    pub(super) fn line(&mut self, from: &Address) -> Result<String, Failure> {
        loop {
            if let Some(line) = self.received.take_line() {
                return Ok(line);
            }
            self.received.more(&mut self.stream).map_err(|error| Failure::of_using(&error, from))?;
        }
    }

    /// Whether it is known to be closed: found out before what must not be sent twice is sent.
    pub(super) fn is_closed(&self) -> bool {
        let peeked = self.stream.set_nonblocking(true).and_then(|()| {
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            peeked
        });
        // Where there is nothing to be read, it is open. What was not asked for is as bad as an end.
        !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// Every command has its own answer, and all of them make sense.
pub(super) fn check(answers: Responses<'_>, asks: &[Asks], from: &Address) -> Result<(), Failure> {
    let mut opaques = asks.iter().flat_map(Asks::opaques);
    for answer in answers.iter() {
        match (answer.opaque, opaques.next()) {
            _ if answer.is_confused() => return Err(Failure::confused(answer.value, from)),
            (Some(told), Some(expected)) if told == expected => {}
            (None, Some(_)) if answer.is_failed() => {}
            _ => return Err(Failure::nonsense(from)),
        }
    }
    Ok(())
}

fn connect(to: &Address, timeout: Duration) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (to.host.as_str(), to.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Bytes that have come in, and what was read of them.
#[derive(Default)]
pub(super) struct Received {
    buffer: Vec<u8>,
    filled: usize,
    /// What of it was dealt with.
    done: usize,
    reader: Reader,
}

impl Received {
    /// More than this is not kept for the next answers.
    const KEPT_BYTES: usize = 1 << 20;
    const FIRST_BYTES: usize = 1 << 14;

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.done..self.filled]
    }

    /// Room for more.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.done > 0 && self.done == self.filled {
            (self.done, self.filled) = (0, 0);
        }
        if self.filled == self.buffer.len() {
            let more = self.buffer.len().max(Self::FIRST_BYTES);
            self.buffer.resize(self.buffer.len() + more, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// So many bytes have come in.
    pub(super) fn came(&mut self, count: usize) {
        self.filled += count;
    }

    fn more(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        loop {
            match stream.read(self.room()) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.came(count);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What was read of before is done with.
    pub(super) fn begin(&mut self) {
        self.done = self.filled;
        self.reader.clear();
        if self.buffer.len() > Self::KEPT_BYTES {
            (self.done, self.filled) = (0, 0);
            self.buffer = Vec::new();
        }
    }

    /// Whether there are so many answers.
    pub(super) fn has(&mut self, count: usize, from: &Address) -> Result<bool, Failure> {
        let bytes = &self.buffer[self.done..self.filled];
        self.reader.read(bytes, count).map_err(|_| Failure::nonsense(from))
    }

    pub(super) fn answers(&self) -> Responses<'_> {
        self.reader.answers(self.bytes())
    }

    /// The answers that there are, taken out with their bytes.
    #[cfg(feature = "async")]
    pub(super) fn take(&mut self) -> (Vec<u8>, Reader) {
        let reader = std::mem::take(&mut self.reader);
        let bytes = self.bytes()[..reader.len_bytes()].to_vec();
        self.done += reader.len_bytes();
        (bytes, reader)
    }

    fn take_line(&mut self) -> Option<String> {
        let end = self.bytes().iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(&self.bytes()[..end]).trim_end().to_owned();
        self.done += end + 1;
        Some(line)
    }
}
