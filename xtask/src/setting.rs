//! On what, when and with which versions something was measured.

use std::{fs, process::Command, thread};

use crate::{
    cargo::{output, root},
    metadata::Metadata,
};

/// What Hermes is measured beside.
const PEERS: [&str; 5] = ["quick_cache", "moka", "cached", "foyer-memory", "redis"];

/// What a reader must know to compare numbers with their own.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) rustc: String,
    /// Name and version of Hermes and of each peer.
    pub(crate) caches: Vec<(&'static str, String)>,
}

impl Setting {
    pub(crate) fn here_and_now() -> Result<Self, String> {
        let metadata = Metadata::read()?;
        let caches = ["hermescache"].into_iter().chain(PEERS);
        let caches = caches.map(|name| Ok((name, metadata.version(name)?.to_owned())));
        Ok(Self {
            processor: processor().unwrap_or_else(|| "unknown processor".into()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            date: output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?,
            commit: output(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(root()))?,
            rustc: output(Command::new("rustc").arg("--version").current_dir(root()))?,
            caches: caches.collect::<Result<_, String>>()?,
        })
    }
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
