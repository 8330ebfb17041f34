//! Installs what tests need and the machine lacks, from Debian's packages.

use std::{
    env,
    process::{Command, Stdio},
};

use crate::cargo::run;

/// Programs that a test or an example needs beside Rust, and the packages that bring them.
const NEEDED: [(&str, &[&str]); 5] = [
    // The example `bookshop` brings SQLite along, in C.
    ("cc", &["gcc", "libc6-dev"]),
    // `crates/testkit` starts these, and makes certificates for them.
    ("redis-server", &["redis-server"]),
    ("memcached", &["memcached"]),
    ("openssl", &["openssl"]),
    // Counts the instructions of a hit.
    ("valgrind", &["valgrind"]),
];

const PYTHON: (&str, &[&str]) = ("python3 -m venv", &["python3", "python3-venv"]);

/// Installs each program that is missing.
///
/// # Errors
/// Says what is missing and could not be installed.
pub(crate) fn what_is_missing() -> Result<(), String> {
    let missing = NEEDED.iter().filter(|(program, _)| !is_there(program));
    let python = (!makes_environments()).then_some(&PYTHON);
    missing.chain(python).try_for_each(|(what, packages)| {
        install(packages).map_err(|why| format!("{what} is missing, and installing it failed: {why}"))
    })
}

/// Whether there is a Python that can make virtual environments. Debian has what it takes for that in a package of its own.
fn makes_environments() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import ensurepip, venv"]).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

fn is_there(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn install(packages: &[&str]) -> Result<(), String> {
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).stdin(Stdio::null()).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command)
    };
    apt_get(&["update", "--quiet"])?;
    apt_get(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}
