//! A tag-aware, stampede-proof cache whose invalidation really invalidates: once it has returned, no later call gets a
//! value that was computed from before it.
//!
//! ```
//! use std::{sync::LazyLock, time::Duration};
//! use hermes::{Cache, cached};
//!
//! static CACHE: LazyLock<Cache> = LazyLock::new(|| {
//!     Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().unwrap()
//! });
//!
//! #[cached(CACHE, tags = ["user:{id}", "users"])]
//! fn name(id: u64) -> String {
//!     format!("user {id}")
//! }
//!
//! name(42); // computed
//! name(42); // from the cache
//! CACHE.clean(["user:42"])?;
//! name(42); // computed
//! # Ok::<(), hermes::Error>(())
//! ```
//!
//! - [`cached`](macro@cached) and [`cached_methods`] turn functions and methods into cached ones.
//! - [`Cache`] is the handle: [`clean`](Cache::clean), [`entry`](Cache::entry), [`dump`](Cache::dump) and others.
//! - [`Builder`] and [`Cache::from_url`] say where and how entries are kept.
//!
//! In process (`memory://`) values are kept without being serialized; that they can be is asked for so that a cache can
//! move to a server (`redis://`, `memcached://`) by a change of its URL. [`Live`] lifts that for caches that never will.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `macros` | yes | [`cached`](macro@cached), [`cached_methods`] |
//! | `async` | yes | the `_async` twins of all verbs, cached `async fn` |
//! | `redis` | no | `redis://`, `redis+unix://`, `redis+cluster://`, `redis+sentinel://` |
//! | `memcached` | no | `memcached://` |
//! | `tls` | no | `redis` and its encrypted forms, by rustls: `rediss://`, `rediss+cluster://`, `rediss+sentinel://` |
//! | `json`, `postcard` | no | `Codec::Json`, `Codec::Postcard` |
//! | `zstd`, `lz4` | no | `Compression::Zstd`, `Compression::Lz4` |
//! | `metrics` | no | what each function did, for a recorder of the `metrics` facade |
//! | `tracing` | no | spans of calls that miss, warnings of what goes wrong |
//!
//! With `tls`, building a cache for an encrypted URL installs `ring` as rustls's provider of cryptography for the process,
//! unless the program has installed one by then (`rustls::crypto::CryptoProvider::install_default`).

// This file only opens doors; each room says what it is for.

mod alarm;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod authority;
pub mod backend;
pub mod binding;
mod builder;
mod cache;
mod call;
mod clock;
mod codec;
mod drive;
mod engine;
mod entry;
mod error;
mod explain;
mod flight;
mod fork;
mod interrupt;
mod lanes;
mod leading;
#[cfg(feature = "async")]
mod loading;
#[cfg(feature = "memcached")]
mod memcached;
mod memory;
mod observe;
mod options;
mod place;
mod points;
mod probe;
#[cfg(feature = "redis")]
mod redis;
mod remote;
mod rules;
mod scope;
mod shim;
mod site;
mod url;
mod value;

pub use hermescache_protocol::{Key, Moment};

pub use crate::{
    backend::Backend,
    builder::Builder,
    cache::Cache,
    clock::{Clock, FakeClock},
    codec::{Codec, Compression},
    entry::Entry,
    error::{Error, ErrorKind},
    explain::{Cleaned, Explanation, Leader, Why},
    observe::{EntryInfo, Stats},
    value::{Keeps, Live, Mode, Stored, Value},
};

#[cfg(feature = "macros")]
pub use hermescache_macros::{cached, cached_methods};

/// The door for generated code. Not for people: it may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        call::Call,
        probe::Probe,
        rules::{Fallible, IntoTtl, IntoWeight, Keep, Rules, ask, rules, ttl},
        site::Site,
    };

    pub use hermescache_protocol::{ShortArgument, ShortArguments};

    pub use crate::__when_async as when_async;
}

/// Keeps the async companions of blocking functions where there are async verbs.
#[cfg(feature = "async")]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_async {
    ($($item:tt)*) => { $($item)* };
}

/// Drops the async companions of blocking functions where there are no async verbs.
#[cfg(not(feature = "async"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_async {
    ($($item:tt)*) => {};
}

/// The code in the README and on the pages of the book compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/backends.md")]
#[doc = include_str!("../../../docs/failure.md")]
#[doc = include_str!("../../../docs/from-cached.md")]
#[doc = include_str!("../../../docs/from-hermescache.md")]
#[doc = include_str!("../../../docs/from-moka.md")]
#[doc = include_str!("../../../docs/guarantees.md")]
#[doc = include_str!("../../../docs/invalidation.md")]
#[doc = include_str!("../../../docs/keys.md")]
#[doc = include_str!("../../../docs/methods.md")]
#[doc = include_str!("../../../docs/observability.md")]
#[doc = include_str!("../../../docs/operating.md")]
#[doc = include_str!("../../../docs/own-backend.md")]
#[doc = include_str!("../../../docs/stampede.md")]
#[doc = include_str!("../../../docs/testing.md")]
#[doc = include_str!("../../../docs/ttl.md")]
struct Pages;
