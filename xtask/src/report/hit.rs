//! What is told of hits in process.

use std::fmt::Write;

use super::{
    Section,
    lines::{Lines, figure, lines_of, subjects, table},
    overview::{Best, Headline},
};

/// The workloads of the bench and what they ask for, in the order of the page.
const WORKLOADS: [(&str, &str); 4] = [
    ("hot", "One hot key, one thread"),
    ("hot, 2 threads", "One hot key, two threads"),
    ("zipf", "Zipf 0.99 over 100,000 keys, one thread"),
    ("zipf, 2 threads", "Zipf 0.99 over 100,000 keys, two threads"),
];

/// Those of the overview.
const WORRIES: [(&str, &str); 4] = [
    ("hot", "a hit, hot key"),
    ("hot, 2 threads", "a hit, hot key, 2 threads"),
    ("zipf", "a hit, Zipf over 100,000 keys"),
    ("zipf, 2 threads", "a hit, Zipf, 2 threads"),
];

/// What a subject is compared with: the bare map with single-flight, asked with the same key.
fn yardstick(subject: &str) -> &'static str {
    if subject.contains("&str") { "quick_cache (u64, &str)" } else { "quick_cache get_or_insert_with" }
}

/// Lines: workload, subject, nanoseconds of the median, of the fastest and of the slowest round.
pub(crate) fn hit(lines: &Lines) -> Section {
    let mut text = "## A hit

Nanoseconds that one thread waits for one call that finds its value. Every cache holds all keys, so nothing is
computed or evicted; keys are drawn beforehand. With two threads both call at once, and the slower one counts.
`hermes` means a function under `#[cached]` with a ttl of an hour and a bound, as users write it: its figure includes
encoding the arguments, the ttl, and the tags. `quick_cache` is the map that Hermes builds on, bare, without ttl and
tags; `cached` and `moka` have a bound and a ttl and no tags, `foyer` (S3-FIFO) a bound.

The figure is the median of three runs of the whole bench, the range is the fastest and the slowest of them; each is
criterion's median of 30 samples. Machines that are shared disturb each other: differences below the range mean
nothing, and neither do figures from different runs put side by side.
"
    .to_owned();
    for (workload, title) in WORKLOADS {
        let mut here = lines_of(lines, &[workload]);
        here.sort_by(|one, other| figure(one, 1).total_cmp(&figure(other, 1)));
        let medians = subjects(&here, 1);
        let row = |columns: &Vec<String>| {
            let [median, fastest, slowest] = [1, 2, 3].map(|place| figure(columns, place));
            let beside = medians.iter().find(|(subject, _)| *subject == yardstick(&columns[0]));
            let ratio =
                beside.map_or_else(|| "–".to_owned(), |(_, beside)| format!("{:.2}", median / beside));
            let range = format!("{fastest:.1} – {slowest:.1}");
            vec![columns[0].clone(), format!("{median:.1}"), range, ratio]
        };
        let rows = table(&here.iter().map(row).collect::<Vec<_>>());
        write!(
            text,
            "\n### {title}\n\n| subject | ns a call | range | times quick_cache |\n|---|---:|---:|---:|\n{rows}"
        )
        .expect("a string takes everything");
    }
    text.push_str(
        "
*Times quick_cache*: the subject's median divided by that of quick_cache's `get_or_insert_with` with the same key.
The async hit is polled by hand, without a runtime: it is what an executor would pay on top of its own work.
",
    );
    let headline = |(workload, worry): (&str, &'static str)| {
        let here = lines_of(lines, &[workload]);
        let mut alike = subjects(&here, 1);
        // Their keys are others.
        alike.retain(|(subject, _)| !subject.contains("&str"));
        Headline::new(worry, "ns", Best::Low, "hermes 2 tags", &alike)
    };
    Section { text, headlines: WORRIES.into_iter().filter_map(headline).collect(), ..Section::default() }
}
