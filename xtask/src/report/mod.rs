//! Writes figures as a page for people: one file for each worry, with what its figures mean.
//! Leaves measuring to `bench`, drawing to `plot`.

mod clean;
mod curves;
mod growth;
mod hit;
mod instructions;
mod lines;
mod memory;
mod miss;
mod overview;
mod python;
mod ratio;
mod servers;
mod stampede;

use self::overview::Headline;
pub(crate) use self::{
    clean::clean,
    growth::growth,
    hit::hit,
    instructions::instructions,
    lines::Lines,
    memory::memory,
    miss::miss,
    python::python,
    ratio::ratio,
    servers::{memcached, redis},
    stampede::stampede,
};
use crate::{plot::Plot, setting::Setting};

/// What is told of one part.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) text: String,
    pub(crate) plots: Vec<Plot>,
    /// Its rows in the overview.
    headlines: Vec<Headline>,
}

/// The whole page.
pub(crate) fn page(setting: &Setting, sections: &[Section]) -> String {
    let Setting { processor, cores, date, commit, rustc, caches } = setting;
    let caches: Vec<_> = caches.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let headlines = sections.iter().flat_map(|section| &section.headlines);
    let texts: Vec<_> = sections.iter().map(|section| section.text.as_str()).collect();
    format!(
        "# Benchmarks

`cargo xtask bench` measured all of this in one run and wrote this page; `cargo xtask bench hit` (or another of the parts that
`cargo xtask` lists) prints one part.

| | |
|---|---|
| machine | {processor}, {cores} cores |
| date | {date}, commit {commit} |
| compiler | {rustc}, profile `bench` (optimized, thin LTO, one codegen unit) |
| versions | {} |

{}
{}",
        caches.join(", "),
        overview::overview(headlines),
        texts.join("\n")
    )
}
