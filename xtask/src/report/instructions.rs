//! What is told of the instructions of a hit.

use super::{
    Section,
    lines::{Lines, table},
};

/// Lines: subject, instructions.
pub(crate) fn instructions(lines: &Lines) -> Section {
    let text = format!(
        "## Instructions of a hit

What a hit in process is made of, counted by valgrind (callgrind): the difference between 11,000 hits of 16 keys and 1,000, divided by
10,000. Unlike nanoseconds these do not wobble, so that they are compared with committed figures in each test run
(`cargo xtask instructions`): growing by more than 5 % fails it.

| function | instructions |
|---|---:|
{}",
        table(lines)
    );
    Section { text, ..Section::default() }
}
