//! What is told of memory.

use super::{
    Section,
    lines::{Lines, subjects, table},
    overview::{Best, Headline},
};

/// Lines: subject, bytes.
pub(crate) fn memory(lines: &Lines) -> Section {
    let text = format!(
        "## Memory

Bytes that an entry costs over its key and its value (8 bytes each): what the resident size of a process grows by
while it caches a million entries, divided by a million, less 16. Each subject runs in a process of its own, bound to
1,100,000 entries, and is then asked for all entries again to see that none was evicted. Tables grow by doubling,
so that a million is neither the best nor the worst number. The figure varies by a byte or two between runs.

| subject | bytes an entry |
|---|---:|
{}",
        table(lines)
    );
    let headline =
        Headline::new("memory of an entry", "bytes", Best::Low, "hermes 2 tags", &subjects(lines, 1));
    Section { text, headlines: headline.into_iter().collect(), ..Section::default() }
}
