//! What an invalidation reaches: one entry, those of a function, those that carry some tags, or all.
//! Invalidates nothing; an engine does.

use hermescache_protocol::Arguments;

use crate::site::Site;

/// The entries that an invalidation makes misses of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// The entry of a function for these arguments.
    Entry(&'static Site, &'a Arguments),
    /// All entries of a function.
    Function(&'static Site),
    /// All that carry any of these tags.
    Tags(&'a [Box<str>]),
    /// All of the namespace.
    Everything,
}
