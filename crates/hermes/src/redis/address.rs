//! Where Redis servers are, and how to be let in: what a URL says of it.
//! Connects to nothing.

use std::{fmt, fs, path::PathBuf, time::Duration};

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, io::tcp::TcpSettings,
};

use crate::{
    options::Options,
    url::{self, Url},
};

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// A server's address. `Display` is what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

impl Address {
    /// The address that a node at this one calls `place`: `host:port`, or `:port` for its own host.
    pub(super) fn beside(&self, place: &str) -> Option<Self> {
        let (host, port) = place.rsplit_once(':')?;
        let port = port.parse().ok()?;
        match (host, self) {
            ("" | "?", Self::Tcp(own, _)) => Some(Self::Tcp(own.clone(), port)),
            ("", Self::Unix(_)) => None,
            _ => Some(Self::Tcp(host.into(), port)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// How the servers of a cache hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    One(Address),
    Cluster { seeds: Vec<Address> },
    Sentinels { sentinels: Vec<Address>, master: String },
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(address) => address.fmt(f),
            Self::Cluster { .. } => f.write_str("the cluster"),
            Self::Sentinels { master, .. } => write!(f, "the master {master:?}"),
        }
    }
}

/// How to connect to any of them.
#[derive(Clone)]
pub(super) struct Access {
    user: Option<String>,
    password: Option<String>,
    db: i64,
    tls: Option<Tls>,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) trust_restored_data: bool,
    /// Whether it is asked for keys, or only where they are.
    pub(super) has_keys: bool,
}

/// A connection is encrypted.
#[derive(Debug, Clone)]
struct Tls {
    /// The certificate of the only authority to trust, in place of the system's.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing is encrypted without the feature"))]
    ca: Option<Vec<u8>>,
}

/// What a URL of one of Redis's schemes says.
pub(super) fn read(url: &Url, options: &Options) -> Result<(Layout, Access), String> {
    let (kind, encrypted) = match url.scheme.as_str() {
        "redis" => ("one", false),
        "rediss" => ("one", true),
        "redis+unix" => ("unix", false),
        "redis+cluster" => ("cluster", false),
        "rediss+cluster" => ("cluster", true),
        "redis+sentinel" => ("sentinel", false),
        "rediss+sentinel" => ("sentinel", true),
        other => return Err(format!("{other}:// is none of Redis's schemes")),
    };
    let (login, place) = match url.place.rsplit_once('@') {
        Some((login, place)) => (login, place),
        None => ("", url.place.as_str()),
    };
    let (layout, db) = match kind {
        "unix" => (Layout::One(Address::Unix(socket(place)?)), None),
        "cluster" => {
            let (hosts, rest) = hosts(place, REDIS_PORT)?;
            if !matches!(rest, None | Some("" | "0")) {
                return Err("a cluster has no databases but 0; leave the path out".into());
            }
            (Layout::Cluster { seeds: hosts }, None)
        }
        "sentinel" => {
            let (sentinels, rest) = hosts(place, SENTINEL_PORT)?;
            let (master, db) = match rest.unwrap_or_default().split_once('/') {
                Some((master, db)) => (master, Some(db)),
                None => (rest.unwrap_or_default(), None),
            };
            if master.is_empty() {
                return Err(
                    "it names no master; write redis+sentinel://host:26379,host:26379/mymaster".into()
                );
            }
            (Layout::Sentinels { sentinels, master: url::decoded(master)? }, db)
        }
        _ => {
            let (mut hosts, rest) = hosts(place, REDIS_PORT)?;
            if hosts.len() > 1 {
                return Err(
                    "it names several hosts; several servers are redis+cluster:// or redis+sentinel://"
                        .into(),
                );
            }
            (Layout::One(hosts.remove(0)), rest)
        }
    };
    let db = match (db.filter(|db| !db.is_empty()), options.db) {
        (Some(_), Some(_)) => return Err("the database is given twice, as path and as parameter".into()),
        (Some(db), None) => number(db)?,
        (None, db) => db.unwrap_or(0),
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let some = |text: &str| (!text.is_empty()).then(|| secret(text)).transpose();
    let access = Access {
        user: some(user)?,
        password: some(password)?,
        db: i64::from(db),
        tls: if encrypted { Some(Tls::read(options)?) } else { None },
        connect_timeout: options.connect_timeout.unwrap_or(Duration::from_secs(1)),
        timeout: options.timeout.unwrap_or(Duration::from_millis(250)),
        trust_restored_data: options.trust_restored_data.unwrap_or(false),
        has_keys: true,
    };
    if access.user.is_some() && access.password.is_none() {
        return Err(
            "it names a user without a password; write redis://user:password@host, or redis://:password@host"
                .into(),
        );
    }
    Ok((layout, access))
}

impl Access {
    /// What opens connections to one server.
    pub(super) fn client(&self, address: &Address) -> redis::RedisResult<Client> {
        let place = match (address, &self.tls) {
            (Address::Unix(path), _) => ConnectionAddr::Unix(path.clone()),
            (Address::Tcp(host, port), None) => ConnectionAddr::Tcp(host.clone(), *port),
            (Address::Tcp(host, port), Some(_)) => {
                ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
            }
        };
        let mut redis = RedisConnectionInfo::default().set_db(self.db).set_skip_set_lib_name();
        if let Some(user) = &self.user {
            redis = redis.set_username(user);
        }
        if let Some(password) = &self.password {
            redis = redis.set_password(password);
        }
        let info: ConnectionInfo = place.into_connection_info()?;
        let info = info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        match &self.tls {
            #[cfg(feature = "tls")]
            Some(tls) => tls.client(info),
            _ => Client::open(info),
        }
    }

    /// The same, for servers that are asked where keys are: they need not be masters.
    pub(super) fn to_guides(&self) -> Self {
        Self { has_keys: false, ..self.clone() }
    }

    /// The same, for a sentinel: it has no databases, and users of its own.
    pub(super) fn to_sentinels(&self) -> Self {
        Self { user: None, password: None, db: 0, ..self.to_guides() }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("user", &self.user).field("db", &self.db).finish_non_exhaustive()
    }
}

impl Tls {
    #[cfg(feature = "tls")]
    fn client(&self, info: ConnectionInfo) -> redis::RedisResult<Client> {
        // Where several of rustls's cryptographies are built in, it takes none by itself, and panics for want of one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // If another thread was faster, there is one.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        let certificates = redis::TlsCertificates { client_tls: None, root_cert: self.ca.clone() };
        Client::build_with_tls(info, certificates)
    }

    fn read(options: &Options) -> Result<Self, String> {
        if cfg!(not(feature = "tls")) {
            return Err("rediss:// needs the feature `tls` of hermescache".into());
        }
        let read =
            |path: &String| fs::read(path).map_err(|why| format!("reading the certificate {path:?}: {why}"));
        Ok(Self { ca: options.ca.as_ref().map(read).transpose()? })
    }
}

fn socket(place: &str) -> Result<PathBuf, String> {
    match url::decoded(place)? {
        path if path.starts_with('/') => Ok(path.into()),
        _ => Err("it has no absolute path; write redis+unix:///run/redis.sock?db=0".into()),
    }
}

/// The hosts of a place, and what follows the first slash.
fn hosts(place: &str, default_port: u16) -> Result<(Vec<Address>, Option<&str>), String> {
    let (hosts, rest) = match place.split_once('/') {
        Some((hosts, rest)) => (hosts, Some(rest)),
        None => (place, None),
    };
    let hosts = hosts.split(',').map(|text| host(text, default_port)).collect::<Result<_, _>>()?;
    Ok((hosts, rest))
}

fn host(text: &str, default_port: u16) -> Result<Address, String> {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => {
            (host, Some(rest.strip_prefix(':').ok_or("after the ] of a host there is no port")?))
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None => default_port,
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(url::NO_PORT)?,
    };
    match url::decoded(host)? {
        host if host.is_empty() => Err("it names no host; write redis://localhost:6379".into()),
        host => Ok(Address::Tcp(host, port)),
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "its path is no number of a database".into())
}

/// A part of the login, of which no error says anything.
fn secret(text: &str) -> Result<String, String> {
    url::decoded(text).map_err(|_| "the login is not percent-encoded; write % as %25".into())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// To any server, without a login.
    pub(in crate::redis) fn access() -> Access {
        let url = Url::parse("redis://localhost").expect("it is a URL");
        read(&url, &Options::default()).expect("it is one of Redis's").1
    }
}
