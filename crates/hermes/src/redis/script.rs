//! The scripts that a Redis server runs for the protocol, each atomic, and how they are called.
//! Leaves their arguments to `request`.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

/// A script and its SHA-1, by which the server knows it.
#[derive(Debug)]
pub(super) struct Script {
    code: &'static str,
    hash: String,
}

pub(super) static ACQUIRE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/acquire.lua")));
pub(super) static COMMIT: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/commit.lua")));
pub(super) static RELEASE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/release.lua")));
pub(super) static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/renew.lua")));

/// How a script is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By its hash, which is short.
    Hash,
    /// By its code, which a server takes that does not know the hash yet.
    Code,
}

impl Script {
    fn new(code: &'static str) -> Self {
        Self { code, hash: redis::Script::new(code).get_hash().to_owned() }
    }

    /// A call with these keys; the arguments are to follow.
    pub(super) fn call(&self, by: By, keys: &[String]) -> Cmd {
        let mut call = match by {
            By::Hash => cmd("EVALSHA"),
            By::Code => cmd("EVAL"),
        };
        call.arg(match by {
            By::Hash => self.hash.as_str(),
            By::Code => self.code,
        });
        call.arg(keys.len()).arg(keys);
        call
    }
}
