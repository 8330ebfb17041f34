//! What users see of a cache, whatever place keeps its entries: stories, each told through the public API alone.
//! Leaves what a backend owes to the protocol to `commands`.

#![allow(clippy::unwrap_used, reason = "stories are tests")]

pub mod clean;
pub mod dump;
pub mod explain;
pub mod flights;
#[cfg(feature = "macros")]
pub mod functions;
pub mod neighbours;
pub mod odd;
pub mod races;
pub mod recursion;
pub mod results;
pub mod stats;
#[cfg(feature = "async")]
pub mod tasks;
pub mod ttl;
pub mod values;
pub mod verbs;
