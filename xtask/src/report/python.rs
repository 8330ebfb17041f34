//! What is told of hits of the Python package.

use super::{
    Section,
    lines::{Lines, lines_of, subjects, table},
    overview::{Best, Headline},
};

/// Workloads of the overview.
const WORRIES: [(&str, &str); 5] = [
    ("2 ints", "Python: a hit in process"),
    ("dict of 100", "Python: a hit, dict of 100 entries"),
    ("coroutine", "Python: a hit of a coroutine function"),
    ("Redis", "Python: a hit on Redis"),
    ("memcached", "Python: a hit on memcached"),
];

/// Lines: workload, subject, microseconds, their range, how many times its time Hermes's is.
pub(crate) fn python(lines: &Lines) -> Section {
    let text = format!(
        "## A hit in Python

Microseconds a call of a decorated function, the loop around it included: two small ints, two strs, or two ints for a dict of
100 entries. `hermes` is this package; it and both versions of HermesCache have a ttl and two tags unless the workload says otherwise, the
others a ttl and no tags unless their name says so, and `functools.lru_cache` neither. HermesCache and Hermes give each caller a copy of the dict, the
others in process the cached object itself. *Coroutine* awaits a cached coroutine function of two ints, one task, in process.
On a server that keeps to one core of the same machine: one thread, which keeps to another; eight threads; a hundred tasks that ask for one key,
or each for its own.
With several threads or tasks, the time divided by the calls that all of them made together.

The subjects have their turns of 20 ms (many callers: 100 ms) one after the other, 31 times, HermesCache in processes of its
own. The figure is the median, the range what half of the turns lie in. *Hermes over it* is the median of Hermes's time
divided by the subject's within one round: below 1, Hermes is faster. The package is a release build; the versions
of its peers are in `bench/python/requirements.txt`.

| workload | subject | µs | range | Hermes over it |
|---|---|---:|---:|---:|
{}",
        table(lines)
    );
    let headline = |(workload, worry)| {
        Headline::new(worry, "µs", Best::Low, "hermes", &subjects(&lines_of(lines, &[workload]), 1))
    };
    Section { text, headlines: WORRIES.into_iter().filter_map(headline).collect(), ..Section::default() }
}
