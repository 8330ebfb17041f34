//! What is told of hits in process.

use std::fmt::Write;

use super::{
    Section,
    lines::{Lines, figure, lines_of, subjects, table},
    overview::{Best, Headline},
};

/// What one part of the bench asks for.
struct Workload {
    name: &'static str,
    title: &'static str,
    /// What the overview calls it.
    worry: &'static str,
}

/// In the order of the page.
const WORKLOADS: [Workload; 4] = [
    Workload { name: "hot", title: "One hot key, one thread", worry: "a hit, hot key" },
    Workload {
        name: "hot, 2 threads",
        title: "One hot key, two threads",
        worry: "a hit, hot key, 2 threads",
    },
    Workload {
        name: "zipf",
        title: "Zipf 0.99 over 100,000 keys, one thread",
        worry: "a hit, Zipf over 100,000 keys",
    },
    Workload {
        name: "zipf, 2 threads",
        title: "Zipf 0.99 over 100,000 keys, two threads",
        worry: "a hit, Zipf, 2 threads",
    },
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
    for Workload { name, title, .. } in WORKLOADS {
        let mut here = lines_of(lines, &[name]);
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
    let headline = |Workload { name, worry, .. }: Workload| {
        let here = lines_of(lines, &[name]);
        let mut alike = subjects(&here, 1);
        // Their keys are others.
        alike.retain(|(subject, _)| !subject.contains("&str"));
        Headline::new(worry, "ns", Best::Low, "hermes 2 tags", &alike)
    };
    Section { text, headlines: WORKLOADS.into_iter().filter_map(headline).collect(), ..Section::default() }
}
