//! Puts the names together under which a backend keeps things.
//! Knows nothing of their parts.

use alloc::string::String;

/// The longest name, in bytes: with the longest of all parts.
const MAX_NAME_BYTES: usize = 229;

/// A name of its own.
pub(crate) fn written(write: impl FnOnce(&mut String)) -> String {
    let mut name = String::with_capacity(MAX_NAME_BYTES);
    write(&mut name);
    name
}

/// Appends texts to a text. Names are made for each call, and `write!` would take several times as long.
pub(crate) fn append(to: &mut String, parts: &[&str]) {
    to.reserve(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| to.push_str(part));
}
