//! What is told of cleans.

use super::{
    Section,
    curves::{at_the_end, curves, grid},
    lines::{Lines, figure, lines_of},
    overview::{Best, Headline},
};
use crate::plot::Plot;

/// Lines: subject, entries, nanoseconds of the median and of the slowest, how many were left; and one of `in a row`, nanoseconds.
pub(crate) fn clean(lines: &Lines) -> Section {
    let in_a_row = lines_of(lines, &["in a row"]);
    let [with_entries, slowest] = [2, 3].map(|place| {
        let firsts = lines.iter().filter(|line| line[0] != "in a row");
        firsts.map(|line| vec![line[0].clone(), line[1].clone(), us(figure(line, place))]).collect::<Lines>()
    });
    let headline = Headline::new(
        "a clean of a million entries",
        "µs",
        Best::Low,
        "hermes, clean",
        &at_the_end(&with_entries),
    );
    let left = |line: &Vec<String>| {
        let left = line.get(4).filter(|left| *left != "0")?;
        Some(format!("After *{}* of {} entries, up to {left} of them were still found.\n", line[0], line[1]))
    };
    let left: String = lines.iter().filter_map(left).collect();
    let text = format!(
        "## A clean

Microseconds of being rid of all entries of a group at once, in a cache of a million entries, by how many are in the group: the
median of 7, and below it the slowest. For Hermes it is `CACHE.clean([tag])`. Its peers have no tags, so it is what their users do
instead: remove each key of a list that they have kept (keeping it is not measured), look at all entries, or hand moka a predicate,
which it holds against each later hit until its own upkeep has looked at all entries. Each figure comes right after millions of other calls, which
have driven everything out of the processor's own caches, and has the reading of the clock in it.

{}
The slowest:

{}
{left}
A clean by Hermes touches no entry: those it ended leave when they are asked for, evicted or swept. A million cleans in a row of a tag that
all entries carry take {} ns each.

![Microseconds of a clean by the entries that it ends](plots/clean.svg)
",
        grid(&with_entries),
        grid(&slowest),
        in_a_row.first().map_or("–", |line| &line[0]),
    );
    let plot = Plot {
        file: "clean",
        title: "Being rid of a group of entries",
        x: "entries in the group, of a million in the cache",
        y: "microseconds",
        curves: curves(&with_entries),
    };
    Section { text, plots: vec![plot], headlines: headline.into_iter().collect() }
}

fn us(ns: f64) -> String {
    format!("{:.2}", ns / 1e3)
}
