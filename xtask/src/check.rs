//! The verbs that look a change over: formatting, lints, the quick tests, the documentation, the golden files.

use crate::cargo::{cargo, run};

/// The packages that users get, whose tests with default features need no server.
const WITHOUT_SERVERS: [&str; 6] =
    ["--package", "hermescache", "--package", "hermescache-protocol", "--package", "hermescache-macros"];

/// What is worth some minutes before each push.
pub(crate) fn check() -> Result<(), String> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    run(&mut cargo(&[&["test"], &WITHOUT_SERVERS[..]].concat()))
}

/// The documentation as docs.rs shows it.
pub(crate) fn doc() -> Result<(), String> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Lets the golden tests write what they would compare.
pub(crate) fn golden() -> Result<(), String> {
    let mut command = cargo(&["test", "--package", "hermescache-protocol", "--test", "golden"]);
    run(command.env("HERMES_GOLDEN", "rewrite"))
}
