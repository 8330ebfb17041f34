//! The conformance suites: stories that hold for every cache, and for every backend.
//! Leaves to their users where entries are kept.
//!
//! Two layers. [`behaviour!`](crate::behaviour) tells what users see, through a `Cache` and its public API alone; it is for
//! anything that a cache can keep its entries in. [`commands!`](crate::commands) tells what the protocol asks of a
//! [`Backend`](hermes::backend::Backend), command by command. Each makes one test of each story, and another of the same
//! story in tasks, so that what fails has a name.
//!
//! ```
//! mod memory {
//!     hermes_testkit::behaviour!(hermes_testkit::conformance::Place::private(|builder| builder.url("memory://")));
//! }
//! ```

mod asked;
#[doc(hidden)]
pub mod behaviour;
mod candidate;
#[doc(hidden)]
pub mod commands;
mod macros;
mod place;
mod slow;
mod voice;

pub use self::{candidate::Candidate, place::Place};
