//! What is told of misses in process.

use super::{
    Section,
    lines::{Lines, subjects, table},
    overview::{Best, Headline},
};

/// Lines: subject, nanoseconds with room, nanoseconds without.
pub(crate) fn miss(lines: &Lines) -> Section {
    let text = format!(
        "## A miss

Nanoseconds of a call whose key nobody has: looking, computing the square of a number, keeping it. All caches are bound to a million
entries and asked for 10,000 new keys at a time, one after the other. *With room* is the mean while they fill up from empty to 900,000
entries, the growing of their tables included; *in a full cache* the median turn later on, when each new entry drives out
another. Hermes, quick_cache, moka and `cached` with `sync_writes` let one of several callers compute; `cached` without it and this use
of foyer let all.

| subject | with room | in a full cache |
|---|---:|---:|
{}",
        table(lines)
    );
    let headlines = [("a miss, with room", 1), ("a miss, in a full cache", 2)]
        .into_iter()
        .filter_map(|(worry, place)| {
            Headline::new(worry, "ns", Best::Low, "hermes 2 tags", &subjects(lines, place))
        })
        .collect();
    Section { text, headlines, ..Section::default() }
}
