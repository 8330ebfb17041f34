//! What the protocol asks of a backend, command by command: stories of what each has to do, and must not.
//! Leaves servers that die or do not answer to tests of the one backend.

#![allow(clippy::unwrap_used, reason = "stories are tests")]

pub mod acquire;
pub mod batches;
pub mod commit;
pub mod fetch;
pub mod forget;
pub mod garbage;
pub mod list;
pub mod lives;
pub mod release;
pub mod renew;
