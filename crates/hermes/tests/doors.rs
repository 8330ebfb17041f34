//! Who may import whom, where ARCHITECTURE says so of the rooms of this crate.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A backend sees the protocol, what all backends share, the clock, and itself.
const DOORS_OF_A_BACKEND: [&str; 2] = ["backend", "clock"];

/// The folders that hold a backend.
const BACKENDS: [&str; 2] = ["redis", "memcached"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file of Rust in a folder of this crate, with its code: without its tests and comments.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let Ok(listed) = fs::read_dir(source().join(folder)) else { return Vec::new() };
    let mut found = Vec::new();
    for path in listed.map(|file| file.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(path.strip_prefix(source()).unwrap().to_str().unwrap()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = code(&fs::read_to_string(&path).unwrap());
            found.push((path, code));
        }
    }
    found
}

fn code(source: &str) -> String {
    let before_tests = source.split("#[cfg(test)]").next().unwrap();
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that code imports from, whether by `use crate::{a, b}` or by `crate::a`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, door) in code.match_indices("crate::") {
        let rest = &code[at + door.len()..];
        match rest.strip_prefix('{') {
            None => found.push(first_name(rest)),
            Some(list) => found.extend(parts(list).into_iter().map(first_name)),
        }
    }
    found.into_iter().filter(|name| !name.is_empty()).collect()
}

/// What lies between the commas of a list, up to the brace that ends it.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        if c == '}' && start == at + 1 {
            break;
        }
    }
    parts
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn a_backend_sees_the_protocol_and_what_backends_share() {
    for backend in BACKENDS {
        for (file, code) in files(backend) {
            for import in imports(&code) {
                let is_open = import == backend || DOORS_OF_A_BACKEND.contains(&import.as_str());
                assert!(is_open, "{} imports from {import}", file.display());
            }
            assert!(!code.contains("super::super"), "{} goes round by super", file.display());
        }
    }
    assert!(!files("redis").is_empty());
}

#[test]
fn what_backends_share_sees_none_of_them() {
    for (file, code) in files("backend") {
        for import in imports(&code) {
            assert!(["error", "clock", "Builder"].contains(&import.as_str()), "{}: {import}", file.display());
        }
    }
}

#[test]
fn every_room_is_on_the_map() {
    let map = include_str!("../../../ARCHITECTURE.md");
    for (file, _) in files("") {
        let path = file.strip_prefix(source()).unwrap().with_extension("");
        let file = if path.ends_with("mod") { path.parent().unwrap() } else { &path };
        // A folder within a folder is one room, and so is `codec`. `lib` only opens doors.
        let room: PathBuf = file.iter().take(if file.starts_with("codec") { 1 } else { 2 }).collect();
        let is_there = room == Path::new("lib") || map.contains(&format!("`{}`", room.display()));
        assert!(is_there, "{} is not on the map", room.display());
    }
}

#[test]
fn imports_are_seen() {
    assert_eq!(imports("use crate::{\n a::{B, c::D},\n e::F,\n g,\n};\nuse x::y;"), ["a", "e", "g"]);
    assert_eq!(imports("use crate::a::{B, C}; crate::x::Y"), ["a", "x"]);
}
