//! Values as a server has them, in each codec and compression: the first two bytes pick them. A backend serves the bytes as the payload
//! of an entry that is fresh, so they come the way that all values come.

use std::{collections::HashMap, sync::Mutex};

use hermes::{
    Cache, Codec, Compression,
    backend::{
        Backend, BackendError, Command, Committed, Entry, History, Listed, Namespace, Payload, Reading,
        Reply, Sight, TagVersion, Target, View,
    },
};
use serde::{Deserialize, Serialize};

const CODECS: [Codec; 3] = [Codec::MessagePack, Codec::Json, Codec::Postcard];
const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Zstd, Compression::Lz4];

/// The most that a value may have, compressed or not. A compressed one of a few bytes may promise so much.
const LIMIT: u64 = 64 * 1024;

/// Something of everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Rich {
    number: i64,
    fraction: f64,
    flag: Option<bool>,
    text: String,
    list: Vec<Choice>,
    map: HashMap<String, Vec<u8>>,
    nested: Option<Box<Self>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Choice {
    Nothing,
    One(String),
    Two(u8, (char, u64)),
    Named { nothing: (), all: Vec<Self> },
}

pub(crate) fn read(bytes: &[u8]) {
    let [codec, compression, payload @ ..] = bytes else { return };
    let codec = CODECS[usize::from(*codec) % CODECS.len()];
    let compression = COMPRESSIONS[usize::from(*compression) % COMPRESSIONS.len()];
    let cache = Cache::builder().backend(Hostile { payload: payload.into(), stored: Mutex::default() });
    let cache = cache.codec(codec).compression(compression).value_limit(LIMIT).build();
    let cache = cache.expect("the options are right");

    // So that there is an entry whose payload can be exchanged, of a length that is worth to compress.
    let long = Rich { text: "ab".repeat(1000), ..Rich::default() };
    cache.entry("k").tags(["t"]).set(long).expect("it stores everything");
    let _ = cache.entry("k").tags(["t"]).get::<Rich>();
    let _ = cache.entry("k").tags(["t"]).get::<Vec<String>>();
    let _ = cache.entry("k").tags(["t"]).get::<Vec<()>>();
    let _ = cache.entry("k").tags(["t"]).get::<HashMap<u8, Option<char>>>();
    let _ = cache.entry("k").tags(["t"]).get::<(f32, [u16; 3], String)>();
}

/// Stores an entry, and serves it with another payload.
#[derive(Debug)]
struct Hostile {
    payload: Payload,
    stored: Mutex<Option<Entry>>,
}

impl Hostile {
    fn view(&self, target: &Target, lease: Sight) -> View {
        let version = TagVersion::from_bytes([7; 8]);
        let versions = Reading::new(History::default(), target.tags.iter().map(|_| Some(version)).collect());
        let mut entry = self.stored.lock().expect("nobody panics here").clone();
        if let Some(entry) = &mut entry {
            entry.payload = self.payload.clone();
        }
        View { entry, unreadable: None, lease, versions }
    }
}

impl Backend for Hostile {
    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        Ok(match command {
            Command::Fetch { target, .. } => Reply::Fetched(self.view(target, Sight::Free)),
            Command::Acquire { target, token, .. } => Reply::Acquired(self.view(target, Sight::Won(*token))),
            Command::Commit { entry, .. } => {
                *self.stored.lock().expect("nobody panics here") = Some(entry.clone());
                Reply::Committed(Committed::Stored)
            }
            Command::Renew { token, .. } => Reply::Renewed(Some(*token)),
            _ => Reply::Done,
        })
    }

    fn list(&self, _: &Namespace) -> Result<Vec<Listed>, BackendError> {
        Ok(Vec::new())
    }
}
