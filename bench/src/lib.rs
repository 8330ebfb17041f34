//! What the benches of Hermes beside its peers share: keys, subjects, whose turn it is.
//! Leaves to each bench what it measures, to `cargo xtask bench` what becomes of the figures.

pub mod keys;
pub mod round;
pub mod stage;
pub mod subjects;
pub mod turns;
