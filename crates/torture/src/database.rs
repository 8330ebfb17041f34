//! What is cached: a database of rows, of which each has a version that only grows. A process of its own, so that killing a worker
//! takes nothing of it away. Knows nothing of caches.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// A question is a verb and a row.
const QUESTION_BYTES: usize = 5;
/// The answer is a version.
const ANSWER_BYTES: usize = 8;

const READ: u8 = 0;
const WRITE: u8 = 1;

type Versions = Arc<Mutex<HashMap<u32, u64>>>;

/// Serves until the process ends, each connection in a thread of its own.
///
/// # Errors
/// Where no port is free.
pub(crate) fn serve(opened: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    opened(listener.local_addr()?);
    let versions = Versions::default();
    for client in listener.incoming().flatten() {
        let versions = versions.clone();
        thread::spawn(move || converse(client, &versions));
    }
    Ok(())
}

/// Ends with the connection.
fn converse(mut client: TcpStream, versions: &Versions) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut question = [0; QUESTION_BYTES];
    loop {
        client.read_exact(&mut question)?;
        let [verb, row @ ..] = question;
        let version = {
            let mut versions = versions.lock().unwrap_or_else(PoisonError::into_inner);
            let version = versions.entry(u32::from_le_bytes(row)).or_default();
            *version += u64::from(verb == WRITE);
            *version
        };
        client.write_all(&version.to_le_bytes())?;
    }
}

/// One connection to it.
#[derive(Debug)]
pub(crate) struct Database(Mutex<TcpStream>);

impl Database {
    /// # Panics
    /// If it is not there: it is never tormented.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the database is there");
        stream.set_nodelay(true).expect("a connection can be told not to delay");
        Self(Mutex::new(stream))
    }

    /// The version of a row. It takes some 50 µs, so that a task may wait for it.
    pub(crate) fn read(&self, row: u32) -> u64 {
        self.ask(READ, row)
    }

    /// Writes a row, and tells its new version.
    pub(crate) fn write(&self, row: u32) -> u64 {
        self.ask(WRITE, row)
    }

    fn ask(&self, verb: u8, row: u32) -> u64 {
        let mut question = [verb; QUESTION_BYTES];
        question[1..].copy_from_slice(&row.to_le_bytes());
        let mut answer = [0; ANSWER_BYTES];
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = stream.write_all(&question).and_then(|()| stream.read_exact(&mut answer));
        asked.expect("the database is there as long as its workers");
        u64::from_le_bytes(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn all_connections_see_the_same_rows() {
        let (tell, told) = channel();
        thread::spawn(move || serve(|address| tell.send(address).unwrap()));
        let address = told.recv().unwrap();
        let (one, other) = (Database::open(address), Database::open(address));

        assert_eq!((one.write(3), one.write(3)), (1, 2));
        assert_eq!((other.read(3), other.read(4)), (2, 0));
    }
}
