//! What is told of hit ratios.

use super::{
    Section,
    lines::{Lines, lines_of, subjects, table},
    overview::{Best, Headline},
};

/// The lines' first two words, and the row's name.
const WORKLOADS: [(&str, &str, &str); 4] = [
    ("a tenth", "none", "a tenth of the keys"),
    ("a tenth", "a scan", "a tenth, and a scan"),
    ("a hundredth", "none", "a hundredth of the keys"),
    ("a hundredth", "a scan", "a hundredth, and a scan"),
];

/// Lines: room, what comes between, subject, per cent.
pub(crate) fn ratio(lines: &Lines) -> Section {
    let names: Vec<String> =
        lines_of(lines, &["a tenth", "none"]).into_iter().map(|mut line| line.swap_remove(0)).collect();
    let row = |(part, between, title): (&str, &str, &str)| {
        let figures = lines_of(lines, &[part, between]).into_iter().map(|mut line| line.swap_remove(1));
        [title.to_owned()].into_iter().chain(figures).collect::<Vec<_>>()
    };
    let text = format!(
        "## Hit ratio

How many of a million calls find their value, in per cent, where there is room for a part of the keys only: Zipf 0.99 over 100,000
keys, each subject from empty. *And a scan*: after each fourth call comes one for a key that nobody wants again, as from somebody who
reads everything once; these are not counted.

| room for | {} |
|---|{}
{}",
        names.join(" | "),
        "---:|".repeat(names.len()),
        table(&WORKLOADS.into_iter().map(row).collect::<Vec<_>>())
    );
    let headline = |(part, between, _): (&str, &str, &str), worry| {
        Headline::new(
            worry,
            "%",
            Best::High,
            "hermes 2 tags",
            &subjects(&lines_of(lines, &[part, between]), 1),
        )
    };
    let headlines = [
        headline(WORKLOADS[0], "hits, room for a tenth"),
        headline(WORKLOADS[1], "hits, the same and a scan"),
    ];
    Section { text, headlines: headlines.into_iter().flatten().collect(), ..Section::default() }
}
