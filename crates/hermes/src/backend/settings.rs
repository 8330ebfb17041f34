//! What a backend of this crate is opened with: where its servers are, and how to be let in.
//! Leaves to `authority` how a URL says it.

use std::{fmt, path::PathBuf, time::Duration};

/// All that was said of a backend. What it has no use for, it refuses or ignores.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) scheme: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// None where the URL has a path only.
    pub(crate) hosts: Vec<Host>,
    /// What lies between the slashes of the path.
    pub(crate) path: Vec<String>,
    pub(crate) db: Option<u32>,
    /// The certificate of the only authority to trust.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) trust_restored_data: bool,
}

/// A server, as people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheme: String::new(),
            user: None,
            password: None,
            hosts: Vec::new(),
            path: Vec::new(),
            db: None,
            ca: None,
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_millis(250),
            trust_restored_data: false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, hosts, path, db, .. } = self;
        f.debug_struct("Settings")
            .field("scheme", scheme)
            .field("hosts", hosts)
            .field("path", path)
            .field("db", db)
            .finish_non_exhaustive()
    }
}
