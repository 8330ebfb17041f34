//! A memcached server: its arguments, its URL, and commands to it.
//! Its process is `server`'s affair.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    ops::Deref,
    time::Duration,
};

use crate::server::Server;

/// How long the server may take to answer; a frozen one never does.
const LIMIT: Duration = Duration::from_secs(10);

/// A memcached server.
///
/// ```no_run
/// use hermes_testkit::Memcached;
///
/// let memcached = Memcached::start();
/// assert_eq!(memcached.command("set k 0 0 5\r\nhello"), "STORED\r\n");
/// assert_eq!(memcached.command("get k"), "VALUE k 0 5\r\nhello\r\nEND\r\n");
/// ```
#[derive(Debug)]
pub struct Memcached {
    server: Server,
}

impl Memcached {
    /// Starts one as most tests want it.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with further arguments, as on the command line of `memcached`: `["-m", "1"]`.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        let command_line = |port: u16, _: &_| {
            // It refuses to run as root without being told to; other users ignore it.
            let line =
                ["-p", &port.to_string(), "-U", "0", "-l", "127.0.0.1", "-u", "root"].map(str::to_owned);
            line.into_iter().chain(arguments.iter().map(|&argument| argument.to_owned())).collect()
        };
        Self { server: Server::start("memcached", command_line, pid_of) }
    }

    /// `memcached://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("memcached://{}", self.address())
    }

    /// Stores bytes under a name, for ever, and returns what is answered.
    ///
    /// # Panics
    /// If there is no answer within ten seconds.
    #[track_caller]
    pub fn store(&self, name: &str, bytes: &[u8]) -> String {
        let command = [format!("set {name} 0 0 {}\r\n", bytes.len()).as_bytes(), bytes].concat();
        ask(self.address(), &command).unwrap_or_else(|error| panic!("storing {name}: {error}"))
    }

    /// Forgets all that it keeps.
    ///
    /// # Panics
    /// If there is no answer within ten seconds.
    pub fn flush_all(&self) {
        self.command("flush_all");
    }

    /// Fills it with values of 64 bytes to a kilobyte, twenty megabytes of them: where it has less (`-m 3`), what is of such a size and
    /// was not used lately leaves.
    ///
    /// # Panics
    /// If there is no answer within ten seconds.
    pub fn evict(&self) {
        const FILLING: usize = 60_000;
        let value = "x".repeat(1024);
        let mut commands = String::new();
        for number in 0..FILLING {
            // As many of each power of two, since it keeps sizes apart.
            let most = value.len() >> (number % 4);
            let len = most - number * 7 % (most / 2);
            let _ = write!(commands, "set filling:{number} 0 300 {len} noreply\r\n{}\r\n", &value[..len]);
        }
        commands.truncate(commands.len() - "\r\n".len());
        self.command(&commands);
    }

    /// Sends a command of the text protocol over a connection of its own, with its value after `\r\n` if it has one,
    /// and returns all that is answered. An error of the server is an answer too.
    ///
    /// # Panics
    /// If there is no answer within ten seconds.
    #[track_caller]
    pub fn command(&self, command: &str) -> String {
        match ask(self.address(), command.as_bytes()) {
            Ok(answer) => answer,
            Err(error) => panic!("{command}: {error}"),
        }
    }
}

impl Deref for Memcached {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// Answers end in many ways; where the command is followed by a goodbye, they end with the connection.
fn ask(address: SocketAddr, command: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(&[command, b"\r\nquit\r\n"].concat())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn pid_of(address: SocketAddr) -> Option<u32> {
    let stats = ask(address, b"stats").ok()?;
    stats.lines().find_map(|line| line.strip_prefix("STAT pid "))?.parse().ok()
}
