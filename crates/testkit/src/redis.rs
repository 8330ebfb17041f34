//! A Redis server: its arguments, its URL, and commands to it.
//! Its process is `server`'s affair, what goes over the wire `resp`'s.

use std::{
    fs,
    net::SocketAddr,
    ops::Deref,
    path::{Path, PathBuf},
};

use crate::{
    certificates::Certificates,
    port::{free_port, loopback},
    resp::{Answer, Connection},
    server::Server,
};

const SENTINEL_FILE: &str = "sentinel.conf";
const SOCKET: &str = "redis.sock";

/// A Redis server that keeps nothing on disk unless told to.
///
/// ```no_run
/// use hermes_testkit::Redis;
///
/// let redis = Redis::with(&["--maxmemory", "2mb", "--maxmemory-policy", "allkeys-lru"]);
/// redis.command(&["SET", "k", "v"]);
/// assert_eq!(redis.command(&["GET", "k"]).text(), "v");
/// ```
///
/// What was written with the command `SAVE` is there again after [`start_again`](Server::start_again).
#[derive(Debug)]
pub struct Redis {
    server: Server,
    password: Option<String>,
    tls_port: Option<u16>,
}

impl Redis {
    /// Starts one as most tests want it.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Starts one with further arguments, as on the command line of `redis-server`.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        Self::builder().arguments(arguments).start()
    }

    /// Says more about a server before it starts.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }

    /// `redis://127.0.0.1:PORT`, with the password if there is one.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}{}", self.credentials(), self.address())
    }

    /// `rediss://127.0.0.1:PORT`, with the password if there is one; for clients that trust [`ca_file`](Self::ca_file).
    ///
    /// # Panics
    /// If it was started without [`tls`](RedisBuilder::tls).
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("rediss://{}{}", self.credentials(), self.tls_address())
    }

    /// Where it listens for TLS.
    ///
    /// # Panics
    /// If it was started without [`tls`](RedisBuilder::tls).
    #[must_use]
    pub fn tls_address(&self) -> SocketAddr {
        loopback(self.tls_port.expect("the server was started with TLS"))
    }

    /// The certificate, in PEM, of the authority that vouches for the server.
    ///
    /// # Panics
    /// If it was started without [`tls`](RedisBuilder::tls).
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        assert!(self.tls_port.is_some(), "the server was started without TLS");
        Certificates::within(self.folder()).authority
    }

    /// Its unix socket, if it was started with [`unix_socket`](RedisBuilder::unix_socket).
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder().join(SOCKET)
    }

    /// Forgets all that it keeps.
    ///
    /// # Panics
    /// If it does not serve.
    pub fn flush_all(&self) {
        self.command(&["FLUSHALL"]);
    }

    /// Closes all connections of clients, of other servers' none.
    ///
    /// # Panics
    /// If it does not serve.
    pub fn kill_clients(&self) {
        self.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    }

    /// Fills it until keys leave by chance (`allkeys-random`), a good part of them in the end, and takes away what filled it.
    ///
    /// # Panics
    /// If it does not serve, or in a cluster: what fills it has keys of all slots.
    pub fn evict(&self) {
        const FILLING: usize = 600;
        const BETWEEN_LIMITS: usize = 50;
        let value = "x".repeat(1024);
        self.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
        for number in 0..FILLING {
            if number % BETWEEN_LIMITS == 0 {
                let used = self.info("used_memory").expect("a server tells what it uses");
                self.command(&["CONFIG", "SET", "maxmemory", &used]);
            }
            // It may be so full that it takes nothing more.
            let _ = self.try_command(&["SET", &format!("filling:{number}"), &value]);
        }
        self.command(&["CONFIG", "SET", "maxmemory", "0"]);
        for number in 0..FILLING {
            self.command(&["UNLINK", &format!("filling:{number}")]);
        }
    }

    fn credentials(&self) -> String {
        self.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default()
    }

    /// A setting, as `CONFIG GET` tells it.
    pub(crate) fn setting(&self, name: &str) -> String {
        self.command(&["CONFIG", "GET", name]).list()[1].text().to_owned()
    }

    /// One line of what `INFO` tells: the value under a name such as `role`, if it is there.
    pub(crate) fn info(&self, name: &str) -> Option<String> {
        value_in(self.try_command(&["INFO"]).ok()?.text(), name)
    }

    /// Sends a command over a connection of its own and waits for the answer.
    ///
    /// # Panics
    /// With the server's words if it answers an error, or if there is no answer within ten seconds.
    #[track_caller]
    pub fn command<W: AsRef<[u8]>>(&self, words: &[W]) -> Answer {
        match self.try_command(words) {
            Ok(answer) => answer,
            Err(error) => panic!("{}: {error}", in_words(words)),
        }
    }

    /// Like [`command`](Self::command), for what may fail.
    ///
    /// # Errors
    /// What the server answers, such as `ERR unknown command`, or what is wrong with the connection.
    pub fn try_command<W: AsRef<[u8]>>(&self, words: &[W]) -> Result<Answer, String> {
        connect(self.address(), self.password.as_deref())?.ask(words)
    }
}

impl Deref for Redis {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// What is said about a [`Redis`] before it starts.
///
/// ```no_run
/// let redis = hermes_testkit::Redis::builder().password("secret").tls().start();
/// assert!(redis.tls_url().starts_with("rediss://"));
/// ```
#[must_use = "nothing runs before `start`"]
#[derive(Debug, Clone, Default)]
pub struct RedisBuilder {
    arguments: Vec<String>,
    password: Option<String>,
    unix_socket: bool,
    tls: bool,
    role: Role,
}

/// As what a server is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Alone,
    ClusterNode,
    Sentinel,
}

impl RedisBuilder {
    /// Further arguments, as on the command line of `redis-server`: `["--maxmemory", "2mb"]`.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Asks every client for a password (`requirepass`). It stands in the URL as it is: letters and digits.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Listens on a unix socket too, at [`Redis::socket`].
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Listens for TLS too, at [`Redis::tls_url`], and asks clients for no certificate. Needs the program `openssl`.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Makes it a node of a cluster that nobody has formed yet.
    pub(crate) fn cluster_node(mut self) -> Self {
        self.role = Role::ClusterNode;
        self
    }

    /// Makes it a sentinel that watches nobody yet.
    pub(crate) fn sentinel(mut self) -> Self {
        self.role = Role::Sentinel;
        self
    }

    /// Starts it, and returns when it serves.
    ///
    /// # Panics
    /// With the end of its log if it does not.
    #[must_use]
    pub fn start(self) -> Redis {
        let password = self.password.clone();
        let server = Server::start(
            "redis-server",
            |port, folder| self.command_line(port, folder),
            move |address| pid_of(address, password.as_deref()),
        );
        let mut redis = Redis { server, password: self.password, tls_port: None };
        if self.tls {
            redis.tls_port = redis.setting("tls-port").parse().ok();
        }
        redis
    }

    fn command_line(&self, port: u16, folder: &Path) -> Vec<String> {
        let mut line = Vec::new();
        let mut say = |words: &[&str]| line.extend(words.iter().map(|&word| word.to_owned()));
        if self.role == Role::Sentinel {
            // It keeps in this file what it learns, and wants it to be there.
            fs::write(folder.join(SENTINEL_FILE), "").expect("the folder is ours");
            say(&[SENTINEL_FILE, "--sentinel"]);
        } else {
            // Before the arguments of the test, which may say otherwise. A replica need not wait for others to
            // be brought up to date with it, for which Redis gives them five seconds.
            say(&["--save", "", "--repl-diskless-sync-delay", "0"]);
        }
        say(&["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        if self.role == Role::ClusterNode {
            // The nodes' own port would be 10000 above the other, which may be taken.
            say(&["--cluster-enabled", "yes", "--cluster-port", &free_port().to_string()]);
        }
        if let Some(password) = &self.password {
            // The second is for a replica, towards its master.
            say(&["--requirepass", password, "--masterauth", password]);
        }
        if self.unix_socket {
            say(&["--unixsocket", SOCKET]);
        }
        if self.tls {
            let Certificates { authority, certificate, key } = Certificates::make(folder);
            let [authority, certificate, key] =
                [&authority, &certificate, &key].map(|file| file.to_string_lossy());
            say(&["--tls-port", &free_port().to_string(), "--tls-auth-clients", "no"]);
            say(&["--tls-ca-cert-file", &authority, "--tls-cert-file", &certificate, "--tls-key-file", &key]);
        }
        line.extend(self.arguments.iter().cloned());
        line
    }
}

fn connect(address: SocketAddr, password: Option<&str>) -> Result<Connection, String> {
    let mut connection = Connection::to(address)?;
    if let Some(password) = password {
        connection.ask(&["AUTH", password])?;
    }
    Ok(connection)
}

/// The process id of the server, once it has loaded what it keeps.
fn pid_of(address: SocketAddr, password: Option<&str>) -> Option<u32> {
    let mut connection = connect(address, password).ok()?;
    connection.ask(&["PING"]).ok()?;
    value_in(connection.ask(&["INFO", "server"]).ok()?.text(), "process_id")?.parse().ok()
}

/// The value under a name, where each line is `name:value`.
pub(crate) fn value_in(lines: &str, name: &str) -> Option<String> {
    lines.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned()))
}

fn in_words<W: AsRef<[u8]>>(words: &[W]) -> String {
    let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word.as_ref())).collect();
    words.join(" ")
}
