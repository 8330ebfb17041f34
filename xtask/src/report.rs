//! Writes figures as tables for people, with what they mean.

use std::fmt::Write;

use crate::setting::Setting;

/// Everything that the page shows.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) hits: Vec<Hit>,
    /// Subject, bytes.
    pub(crate) memory: Vec<Vec<String>>,
    /// Entries; nanoseconds of the first clean, its median and its slowest; nanoseconds of one among many.
    pub(crate) cleans: Vec<Vec<String>>,
    /// Workload, subject, microseconds, times the client's `GET`, times its `MGET`.
    pub(crate) redis: Vec<Vec<String>>,
    pub(crate) memcached: Vec<Vec<String>>,
    /// Workload, subject, microseconds, their range, how many times its time Hermes's is.
    pub(crate) python: Vec<Vec<String>>,
}

/// What a hit of one subject takes under one workload, once a round, the fastest first.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) workload: String,
    pub(crate) subject: String,
    pub(crate) ns_per_call: Vec<f64>,
}

impl Hit {
    fn median(&self) -> f64 {
        self.ns_per_call[self.ns_per_call.len() / 2]
    }

    fn fastest(&self) -> f64 {
        self.ns_per_call[0]
    }

    fn slowest(&self) -> f64 {
        self.ns_per_call[self.ns_per_call.len() - 1]
    }
}

/// The workloads of the bench `hit` and what they ask for, in the order of the page.
const WORKLOADS: [(&str, &str); 4] = [
    ("hot", "One hot key, one thread"),
    ("hot, 2 threads", "One hot key, two threads"),
    ("zipf", "Zipf 0.99 over 100,000 keys, one thread"),
    ("zipf, 2 threads", "Zipf 0.99 over 100,000 keys, two threads"),
];

/// What a subject is compared with: the bare map with single-flight, asked with the same key.
fn yardstick(subject: &str) -> &'static str {
    if subject.contains("&str") { "quick_cache (u64, &str)" } else { "quick_cache get_or_insert_with" }
}

/// The whole page.
pub(crate) fn page(setting: &Setting, figures: &Figures) -> String {
    let Setting { processor, cores, date, commit, rustc, caches } = setting;
    let caches: Vec<_> = caches.iter().map(|(name, version)| format!("{name} {version}")).collect();
    format!(
        "# Benchmarks

`cargo xtask bench` measured all of this in one run and wrote this page; `cargo xtask bench hit` (or `memory`, `clean`,
`redis`, `memcached`, `python`) prints one part.

| | |
|---|---|
| machine | {processor}, {cores} cores |
| date | {date}, commit {commit} |
| compiler | {rustc}, profile `bench` (optimized, thin LTO, one codegen unit) |
| caches | {} |

{}
{}
{}
{}
{}
{}",
        caches.join(", "),
        hits(&figures.hits),
        memory(&figures.memory),
        cleans(&figures.cleans),
        redis(&figures.redis),
        memcached(&figures.memcached),
        python(&figures.python)
    )
}

/// The section on hits.
pub(crate) fn hits(hits: &[Hit]) -> String {
    let mut text = "## A hit

Nanoseconds that one thread waits for one call that finds its value. Every cache holds all keys, so nothing is
computed or evicted; keys are drawn beforehand. With two threads both call at once, and the slower one counts.
`hermes` means a function under `#[cached]` with a ttl of an hour and a bound, as users write it: its figure includes
encoding the arguments, the ttl, and the tags. `quick_cache` is the map that Hermes builds on, bare, without ttl and
tags; `cached` and `moka` have a bound and a ttl and no tags.

The figure is the median of three runs of the whole bench, the range is the fastest and the slowest of them; each is
criterion's median of 30 samples. Machines that are shared disturb each other: differences below the range mean
nothing, and neither do figures from different runs put side by side.
"
    .to_owned();
    for (workload, title) in WORKLOADS {
        let mut here: Vec<_> = hits.iter().filter(|hit| hit.workload == workload).collect();
        here.sort_by(|one, other| one.median().total_cmp(&other.median()));
        let beside = |subject: &str| here.iter().find(|hit| hit.subject == subject).map(|hit| hit.median());
        let lines = here.iter().map(|hit| {
            let ratio = beside(yardstick(&hit.subject))
                .map_or_else(|| "–".to_owned(), |yardstick| format!("{:.2}", hit.median() / yardstick));
            let (fastest, median, slowest) = (hit.fastest(), hit.median(), hit.slowest());
            format!("| {} | {median:.1} | {fastest:.1} – {slowest:.1} | {ratio} |\n", hit.subject)
        });
        let lines: String = lines.collect();
        write!(
            text,
            "\n### {title}\n\n| subject | ns a call | range | times quick_cache |\n|---|---:|---:|---:|\n{lines}"
        )
        .expect("a string takes everything");
    }
    text.push_str(
        "
*Times quick_cache*: the subject's median divided by that of quick_cache's `get_or_insert_with` with the same key.
The async hit is polled by hand, without a runtime: it is what an executor would pay on top of its own work.
",
    );
    text
}

/// The section on memory.
pub(crate) fn memory(lines: &[Vec<String>]) -> String {
    format!(
        "## Memory

Bytes that an entry costs over its key and its value (8 bytes each): what the resident size of a process grows by
while it caches a million entries, divided by a million, less 16. Each subject runs in a process of its own, bound to
1,100,000 entries, and is then asked for all entries again to see that none was evicted. Tables grow by doubling,
so that a million is neither the best nor the worst number. The figure varies by a byte or two between runs.

| subject | bytes an entry |
|---|---:|
{}",
        table(lines)
    )
}

/// The section on cleans.
pub(crate) fn cleans(lines: &[Vec<String>]) -> String {
    format!(
        "## A clean

Nanoseconds of `CACHE.clean([tag])` in a cache of a million entries, by how many of them carry the tag. *First* is the
clean that ends them, right after a million calls have driven the tag out of the processor's own caches, with the
reading of the clock in it: the median and the slowest of 15. *In a row* is the mean of a million cleans of the same
tag. A clean touches no entry: those it ended leave when they are asked for, evicted or swept.

| entries | first, median | first, slowest | in a row |
|---:|---:|---:|---:|
{}",
        table(lines)
    )
}

/// The section on Redis.
pub(crate) fn redis(lines: &[Vec<String>]) -> String {
    format!(
        "## A hit on Redis

Microseconds a call of a cached function with two tags and a value of 100 bytes, on a server of the same machine, beside the
bare client with the same connections: its `GET` of 100 bytes, and its `MGET` of all that a hit reads (the entry and the versions of
its four tags). Nothing of a bare subject is decoded or checked. With several tasks or threads, the time divided by the
calls that all of them made together. The subjects have their turns of 40 ms one after the other, 50 times; a ratio is the
median of those within one turn. All tasks are of one thread.

| callers | subject | µs | times GET | times MGET |
|---|---|---:|---:|---:|
{}",
        table(lines)
    )
}

/// The section on memcached.
pub(crate) fn memcached(lines: &[Vec<String>]) -> String {
    format!(
        "## A hit on memcached

Measured as the hit on Redis, on a server with one thread, beside a bare socket that is written to and read from: one `mg` of 100
bytes, and the five that a hit needs (the entry and the versions of its four tags). It knows how long its answers will be, and waits
for ever. Each bare task has a connection of its own. The same client is Hermes's: it has timeouts, checks what it hears, and all
tasks share one connection; its one command is an `md`, the shortest there is.

| callers | subject | µs | times one `mg` | times one command by the same client |
|---|---|---:|---:|---:|
{}",
        table(lines)
    )
}

/// The section on the Python package.
pub(crate) fn python(lines: &[Vec<String>]) -> String {
    format!(
        "## A hit in Python

Microseconds a call of a decorated function, the loop around it included: two small ints, two strs, or two ints for a dict of
100 entries. `hermes` is this package; it and both versions of HermesCache have a ttl and, unless the workload says otherwise, two tags, the others a ttl
and no tags unless their name says so, and `functools.lru_cache` neither. HermesCache and Hermes give each caller a copy of the dict, the
others in process the cached object itself. *Coroutine* awaits a cached coroutine function of two ints, one task, in process.
On a server of the same machine: one thread; eight threads; a hundred tasks that ask for one key, or each for its own.
With several threads or tasks, the time divided by the calls that all of them made together.

The subjects have their turns of 20 ms (many callers: 100 ms) one after the other, 31 times, HermesCache in processes of its
own. The figure is the median, the range what half of the turns lie in. *Hermes over it* is the median of Hermes's time
divided by the subject's within one round: below 1, Hermes is faster. The package is a release build; the versions
of its peers are in `bench/python/requirements.txt`.

| workload | subject | µs | range | Hermes over it |
|---|---|---:|---:|---:|
{}",
        table(lines)
    )
}

fn table(lines: &[Vec<String>]) -> String {
    lines.iter().map(|columns| format!("| {} |\n", columns.join(" | "))).collect()
}
