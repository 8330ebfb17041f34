//! The house rules of this crate, as a test: who may import whom, how long a file may be, how it opens.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::PathBuf};

/// Data runs forward: a file imports only from files that stand before it here.
const ORDER: [&str; 27] = [
    "moment",
    "nonce",
    "hash",
    "digest",
    "name",
    "encode",
    "sole",
    "short",
    "bucket",
    "key",
    "tag",
    "versions",
    "policy",
    "entry",
    "wire",
    "command",
    "follower",
    "poller",
    "flight",
    "heartbeat",
    "step",
    "judge",
    "read",
    "glance",
    "explain",
    "invalidate",
    "lib",
];

const LONGEST_LINES: usize = 350;

/// A serializer has a method for each kind of value that serde knows: two files would be one story in halves.
const LONGER: (&str, usize) = ("encode", 560);

/// What does I/O, keeps time, or draws randomness.
const FORBIDDEN: [&str; 8] =
    ["std::", "tokio", "rand::", "getrandom", "redis", "Instant", "SystemTime", "println!"];

fn sources() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The code without its tests and comments.
fn code(source: &str) -> String {
    let before_tests = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The files that a file imports from, whether by `use crate::{a, b}` or by `crate::a`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            continue;
        };
        let mut depth = 0;
        let mut name = String::new();
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => found.push(std::mem::take(&mut name)),
                _ if depth == 0 => name.push(c),
                _ => {}
            }
        }
        found.push(name);
    }
    let first = |name: String| name.trim().split("::").next().unwrap().to_owned();
    found.into_iter().map(first).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_file_imports_only_from_earlier_files() {
    for (file, source) in sources().iter().filter(|(file, _)| file != "lib") {
        let place =
            ORDER.iter().position(|name| name == file).unwrap_or_else(|| panic!("{file} has no place"));
        for import in imports(&code(source)) {
            let earlier = ORDER[..place].contains(&import.as_str());
            assert!(earlier, "{file} imports from {import}, which does not stand before it");
        }
    }
}

#[test]
fn imports_are_seen() {
    assert_eq!(imports("use crate::{\n a::{B, C},\n d::E,\n};"), ["a", "d"]);
    assert_eq!(imports("crate::x::Y"), ["x"]);
}

#[test]
fn a_file_opens_with_what_it_is_for_and_is_short() {
    for (file, source) in sources() {
        let mut lines = source.lines();
        assert!(lines.next().unwrap().starts_with("//! "), "{file} does not say what it is for");
        assert!(lines.next().unwrap().starts_with("//! "), "{file} does not say what it leaves to others");
        let length = source.lines().count();
        let longest = if file == LONGER.0 { LONGER.1 } else { LONGEST_LINES };
        assert!(length <= longest, "{file} has {length} lines");
    }
}

#[test]
fn nothing_does_io_keeps_time_or_draws_randomness() {
    for (file, source) in sources() {
        for word in FORBIDDEN {
            assert!(!code(&source).contains(word), "{file} uses {word}");
        }
    }
}

#[test]
fn dependencies_are_two() {
    let manifest = include_str!("../Cargo.toml");
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names: Vec<_> = section.lines().filter_map(|line| line.split([' ', '.', '=']).next()).collect();
    let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["blake3", "serde"]);
}
