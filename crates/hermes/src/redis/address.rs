//! Where Redis servers are, and how to be let in: what a URL says of it.
//! Connects to nothing.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, io::tcp::TcpSettings,
};

use crate::backend::settings::{Host, Settings};

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// What a scheme says before anything else is read.
#[derive(Debug, Clone, Copy)]
struct Scheme {
    name: &'static str,
    servers: Kind,
    is_encrypted: bool,
}

/// What the place of a URL names.
#[derive(Debug, Clone, Copy)]
enum Kind {
    One,
    Socket,
    Cluster,
    Sentinels,
}

const SCHEMES: [Scheme; 7] = [
    Scheme { name: "redis", servers: Kind::One, is_encrypted: false },
    Scheme { name: "rediss", servers: Kind::One, is_encrypted: true },
    Scheme { name: "redis+unix", servers: Kind::Socket, is_encrypted: false },
    Scheme { name: "redis+cluster", servers: Kind::Cluster, is_encrypted: false },
    Scheme { name: "rediss+cluster", servers: Kind::Cluster, is_encrypted: true },
    Scheme { name: "redis+sentinel", servers: Kind::Sentinels, is_encrypted: false },
    Scheme { name: "rediss+sentinel", servers: Kind::Sentinels, is_encrypted: true },
];

/// The schemes of URLs that this backend opens.
pub(super) fn schemes() -> impl Iterator<Item = &'static str> {
    SCHEMES.iter().map(|scheme| scheme.name)
}

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
pub(super) fn read(settings: &Settings) -> Result<(Layout, Access), String> {
    let scheme = SCHEMES.iter().find(|scheme| scheme.name == settings.scheme);
    let scheme = scheme.ok_or_else(|| format!("{}:// is none of Redis's schemes", settings.scheme))?;
    let (layout, db) = match scheme.servers {
        Kind::Socket => (Layout::One(Address::Unix(socket(settings)?)), None),
        Kind::One => (one(settings)?, single(&settings.path)?),
        Kind::Cluster => match single(&settings.path)? {
            None | Some("0") => (Layout::Cluster { seeds: hosts(settings, REDIS_PORT)? }, None),
            Some(_) => return Err("a cluster has no databases but 0; leave the path out".into()),
        },
        Kind::Sentinels => sentinels(settings)?,
    };
    let db = match (db, settings.db) {
        (Some(_), Some(_)) => return Err("the database is given twice, as path and as db".into()),
        (Some(db), None) => db.parse().map_err(|_| "its path is no number of a database")?,
        (None, db) => db.unwrap_or(0),
    };
    if settings.user.is_some() && settings.password.is_none() {
        return Err(
            "it names a user without a password; write redis://user:password@host, or redis://:password@host"
                .into(),
        );
    }
    let access = Access {
        user: settings.user.clone(),
        password: settings.password.clone(),
        db: i64::from(db),
        tls: Tls::read(scheme, settings.ca.as_deref())?,
        connect_timeout: settings.connect_timeout,
        timeout: settings.timeout,
        trust_restored_data: settings.trust_restored_data,
        has_keys: true,
    };
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

    /// What URLs of such servers begin with, for advice: `redis`, as in `redis+cluster`, or `rediss`.
    pub(super) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "rediss" } else { "redis" }
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

#[cfg(test)]
impl Access {
    /// To any server, without a login.
    pub(super) fn to_any() -> Self {
        let host = Host { name: "localhost".into(), port: None };
        let settings = Settings { scheme: "redis".into(), hosts: vec![host], ..Settings::default() };
        read(&settings).expect("it is one of Redis's").1
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

    fn read(scheme: &Scheme, ca: Option<&Path>) -> Result<Option<Self>, String> {
        match (scheme.is_encrypted, ca) {
            (true, _) if cfg!(not(feature = "tls")) => {
                Err(format!("{}:// needs the feature `tls` of hermescache", scheme.name))
            }
            (true, ca) => Ok(Some(Self { ca: ca.map(certificate).transpose()? })),
            (false, None) => Ok(None),
            // Who names an authority takes the connection for an encrypted one.
            (false, Some(_)) => Err(format!("{}:// is not encrypted, and has no use for ca", scheme.name)),
        }
    }
}

fn certificate(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|why| format!("reading the certificate {path:?}: {why}"))
}

fn socket(settings: &Settings) -> Result<PathBuf, String> {
    match settings.path.as_slice() {
        [first, ..] if settings.hosts.is_empty() && !first.is_empty() => {
            Ok(format!("/{}", settings.path.join("/")).into())
        }
        _ => Err("it has no absolute path; write redis+unix:///run/redis.sock?db=0".into()),
    }
}

fn one(settings: &Settings) -> Result<Layout, String> {
    let mut hosts = hosts(settings, REDIS_PORT)?;
    match hosts.pop() {
        Some(address) if hosts.is_empty() => Ok(Layout::One(address)),
        _ => Err("it names several hosts; several servers are redis+cluster:// or redis+sentinel://".into()),
    }
}

/// Sentinels, and the database of the master whose name comes before it.
fn sentinels(settings: &Settings) -> Result<(Layout, Option<&str>), String> {
    let sentinels = hosts(settings, SENTINEL_PORT)?;
    match settings.path.as_slice() {
        [master, db @ ..] if !master.is_empty() => {
            Ok((Layout::Sentinels { sentinels, master: master.clone() }, single(db)?))
        }
        _ => Err("it names no master; write redis+sentinel://host:26379,host:26379/mymaster".into()),
    }
}

fn hosts(settings: &Settings, default_port: u16) -> Result<Vec<Address>, String> {
    let address = |host: &Host| Address::Tcp(host.name.clone(), host.port.unwrap_or(default_port));
    match settings.hosts.as_slice() {
        [] => Err("it names no host; write redis://localhost:6379".into()),
        hosts => Ok(hosts.iter().map(address).collect()),
    }
}

/// The one part of a path, if there is one.
fn single(path: &[String]) -> Result<Option<&str>, String> {
    match path {
        [] => Ok(None),
        [one] => Ok(Some(one.as_str()).filter(|one| !one.is_empty())),
        _ => Err("its path has too many parts".into()),
    }
}
