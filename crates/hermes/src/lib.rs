//! A tag-aware, stampede-proof cache whose invalidation really invalidates.
//! This file only opens doors; each room says what it is for.

mod alarm;
mod builder;
mod cache;
mod call;
mod clock;
mod drive;
mod entry;
mod error;
mod flight;
mod lanes;
mod leading;
mod memory;
mod observe;
mod probe;
mod rules;
mod shim;
mod site;
mod url;
mod value;

pub use hermescache_protocol::{Key, Moment};

pub use crate::{
    builder::Builder,
    cache::Cache,
    clock::{Clock, FakeClock},
    entry::Entry,
    error::{Error, ErrorKind},
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
        drive::Fallible,
        probe::Probe,
        rules::{IntoTtl, IntoWeight, Keep, Rules, ask, rules, ttl},
        site::Site,
    };

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
