//! A server that speaks RESP and is none: it answers as it is told, and remembers what it was asked.
//! Keeps no keys: whoever reads finds nothing, whoever acquires wins.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What was asked: the command's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked(Vec<Vec<u8>>);

/// What to say instead of the usual.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// These bytes.
    Raw(String),
    /// Nothing, and it closes the connection.
    HangsUp,
    /// Nothing.
    IsSilent,
}

impl Says {
    /// An error.
    pub(crate) fn error(text: &str) -> Option<Self> {
        Some(Self::Raw(format!("-{text}\r\n")))
    }
}

/// The server. It ends with the test.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

type Script = dyn FnMut(&Asked) -> Option<Says> + Send;

impl Scripted {
    /// Starts one. Where `script` says nothing of its own, the answer is the usual one.
    pub(crate) fn start(script: impl FnMut(&Asked) -> Option<Says> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(script));
        let accepting = server.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, script) = (accepting.clone(), Arc::clone(&script));
                thread::spawn(move || server.serve(&client, &script));
            }
        });
        server
    }

    /// All that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// All of one kind that was asked so far.
    pub(crate) fn asked_to(&self, kind: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.kind() == kind).collect()
    }

    fn serve(&self, client: &TcpStream, script: &Mutex<Script>) {
        let mut reader = BufReader::new(client);
        while let Ok(asked) = Asked::read(&mut reader) {
            self.asked.lock().unwrap().push(asked.clone());
            let says = script.lock().unwrap()(&asked);
            let answer = match says {
                None => self.usual(&asked),
                Some(Says::Raw(answer)) => answer.into_bytes(),
                Some(Says::IsSilent) => continue,
                Some(Says::HangsUp) => {
                    drop(client.shutdown(Shutdown::Both));
                    return;
                }
            };
            let mut client = client;
            if client.write_all(&answer).is_err() {
                return;
            }
        }
    }

    fn usual(&self, asked: &Asked) -> Vec<u8> {
        let text: String = match asked.kind() {
            "info" => bulk("role:master\r\nmaster_replid:0123456789abcdef0123456789abcdef01234567\r\n"),
            "slots" => slots(self.address),
            "fetch" => format!("*{}\r\n{}", asked.0.len() - 1, "$-1\r\n".repeat(asked.0.len() - 1)),
            "get" => "$-1\r\n".into(),
            "acquire" => return asked.won(),
            "delete" => ":0\r\n".into(),
            "commit" | "release" | "renew" => ":1\r\n".into(),
            "ping" => "+PONG\r\n".into(),
            _ => "+OK\r\n".into(),
        };
        text.into_bytes()
    }
}

impl Asked {
    /// What is asked for, in the protocol's words.
    pub(crate) fn kind(&self) -> &'static str {
        let is_call = self.is("EVALSHA") || self.is("EVAL");
        match self.0.first().map_or(&b""[..], Vec::as_slice) {
            b"INFO" => "info",
            b"CLUSTER" => "slots",
            b"MGET" => "fetch",
            b"GET" => "get",
            b"DEL" => "delete",
            b"PING" => "ping",
            b"ASKING" => "asking",
            _ if !is_call => "other",
            _ => match self.arguments().len() {
                2 => "renew",
                3 => "release",
                4 => "commit",
                _ => "acquire",
            },
        }
    }

    /// Whether its first word is this one.
    pub(crate) fn is(&self, verb: &str) -> bool {
        self.0.first().is_some_and(|first| first == verb.as_bytes())
    }

    /// The token of an acquire.
    pub(crate) fn token(&self) -> &[u8] {
        &self.arguments()[0]
    }

    /// What follows the keys in the call of a script.
    fn arguments(&self) -> &[Vec<u8>] {
        &self.0[3 + self.keys()..]
    }

    fn keys(&self) -> usize {
        str::from_utf8(&self.0[2]).unwrap().parse().unwrap()
    }

    /// The answer to an acquire that has won, with the versions it proposes.
    fn won(&self) -> Vec<u8> {
        let versions = &self.arguments()[6..];
        let mut answer = format!("*{}\r\n:1\r\n$-1\r\n$-1\r\n", 3 + versions.len()).into_bytes();
        for version in versions {
            answer.extend_from_slice(b"$8\r\n");
            answer.extend_from_slice(version);
            answer.extend_from_slice(b"\r\n");
        }
        answer
    }

    fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let count = number(reader, '*')?;
        (0..count).map(|_| word(reader)).collect::<io::Result<_>>().map(Self)
    }
}

fn word(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut word = vec![0; number(reader, '$')? + 2];
    reader.read_exact(&mut word)?;
    word.truncate(word.len() - 2);
    Ok(word)
}

fn number(reader: &mut impl BufRead, kind: char) -> io::Result<usize> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let number = line.trim_end().strip_prefix(kind).and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A text, as a server tells it.
pub(crate) fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// All slots at one address, as `CLUSTER SLOTS` tells it.
pub(crate) fn slots(at: SocketAddr) -> String {
    format!("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n{}:{}\r\n{}", bulk("127.0.0.1"), at.port(), bulk("id"))
}
