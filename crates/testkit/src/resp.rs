//! Speaks RESP2, just enough to send a command and read its answer.
//! Keeps no connection; whom to ask, and what, is the caller's affair.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How long a server may take to answer; a frozen one never does.
const LIMIT: Duration = Duration::from_secs(10);

/// What a server answers to a command.
#[expect(clippy::exhaustive_enums, reason = "RESP2 knows no other answers")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A simple string, such as `OK`.
    Text(String),
    /// A bulk string: a value, of any bytes.
    Bytes(Vec<u8>),
    /// An integer.
    Number(i64),
    /// Nothing: a missing key, a transaction that was not executed.
    Nil,
    /// An array.
    List(Vec<Self>),
}

impl Answer {
    /// The text of a string of either kind.
    ///
    /// # Panics
    /// If this is no string, or not UTF-8.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Bytes(bytes) => str::from_utf8(bytes).expect("the answer is UTF-8"),
            other => panic!("expected a string, got {other:?}"),
        }
    }

    /// The bytes of a string of either kind.
    ///
    /// # Panics
    /// If this is no string.
    #[must_use]
    #[track_caller]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            other => panic!("expected a string, got {other:?}"),
        }
    }

    /// The number.
    ///
    /// # Panics
    /// If this is none.
    #[must_use]
    #[track_caller]
    pub fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            other => panic!("expected a number, got {other:?}"),
        }
    }

    /// The elements of an array.
    ///
    /// # Panics
    /// If this is none.
    #[must_use]
    #[track_caller]
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            other => panic!("expected a list, got {other:?}"),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        *self == Self::Nil
    }
}

/// One connection to a Redis server.
#[derive(Debug)]
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Result<Self, String> {
        let open = || {
            let stream = TcpStream::connect_timeout(&address, LIMIT)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_write_timeout(Some(LIMIT))?;
            Ok(Self(BufReader::new(stream)))
        };
        open().map_err(|error: io::Error| format!("connecting to {address}: {error}"))
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// The text of an error the server answers, also within a list, or what is wrong with the connection.
    pub(crate) fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Answer, String> {
        self.send(words).map_err(|error| format!("sending a command: {error}"))?;
        match self.read_answer() {
            Ok(answer) => answer,
            Err(error) => Err(format!("reading an answer: {error}")),
        }
    }

    fn send<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<()> {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words.iter().map(AsRef::as_ref) {
            command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            command.extend_from_slice(word);
            command.extend_from_slice(b"\r\n");
        }
        self.0.get_mut().write_all(&command)
    }

    /// The outer result is the connection's, the inner one the server's.
    fn read_answer(&mut self) -> io::Result<Result<Answer, String>> {
        let line = self.read_line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(|| no_resp(&line))?;
        Ok(Ok(match kind {
            "+" => Answer::Text(rest.to_owned()),
            "-" => return Ok(Err(rest.to_owned())),
            ":" => Answer::Number(rest.parse().map_err(|_| no_resp(&line))?),
            "$" | "*" if rest == "-1" => Answer::Nil,
            "$" => Answer::Bytes(self.read_bytes(rest.parse().map_err(|_| no_resp(&line))?)?),
            "*" => {
                let len: usize = rest.parse().map_err(|_| no_resp(&line))?;
                // To the end even where an element is an error: the next answer begins after it.
                let elements: Vec<_> = (0..len).map(|_| self.read_answer()).collect::<io::Result<_>>()?;
                return Ok(elements.into_iter().collect::<Result<_, _>>().map(Answer::List));
            }
            _ => return Err(no_resp(&line)),
        }))
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn read_bytes(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len + 2];
        self.0.read_exact(&mut bytes)?;
        bytes.truncate(len);
        Ok(bytes)
    }
}

fn no_resp(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{line:?} is not RESP2"))
}
