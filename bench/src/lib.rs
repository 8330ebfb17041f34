//! What the benches of Hermes beside its peers share: what is asked for, of whom, and whose turn it is.
//! Leaves to each bench what it measures, to `cargo xtask bench` what becomes of the figures.

pub mod cores;
pub mod keys;
pub mod profile;
pub mod round;
pub mod stage;
pub mod subjects;
pub mod turns;
