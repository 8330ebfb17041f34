//! Installs what tests need and the machine lacks, from Debian's packages.

use std::{
    env,
    process::{Command, Stdio},
};

use crate::cargo::run;

/// Programs that a test or an example needs beside Rust, and the packages that bring them.
const NEEDED: [(&str, &[&str]); 4] = [
    // The example `bookshop` brings SQLite along, in C.
    ("cc", &["gcc", "libc6-dev"]),
    // `crates/testkit` starts these, and makes certificates for them.
    ("redis-server", &["redis-server"]),
    ("memcached", &["memcached"]),
    ("openssl", &["openssl"]),
];

/// Installs each program that is missing.
///
/// # Errors
/// Says what is missing and could not be installed.
pub(crate) fn what_is_missing() -> Result<(), String> {
    NEEDED.iter().filter(|(program, _)| !is_there(program)).try_for_each(|(program, packages)| {
        install(packages).map_err(|why| format!("{program} is missing, and installing it failed: {why}"))
    })
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
