//! What is told of hits on servers.

use super::{
    Section,
    curves::curves,
    lines::{Lines, lines_of, subjects, table},
    overview::{Best, Headline},
};
use crate::plot::Plot;

const HERMES: &str = "hermes, 2 tags";

/// Lines: callers, subject, microseconds, times the client's `GET`, times its `MGET`.
pub(crate) fn redis(lines: &Lines) -> Section {
    let text = format!(
        "## A hit on Redis

Microseconds a call of a cached function with two tags and a value of 100 bytes, on a server of the same machine, beside the
bare client with the same connections: its `GET` of 100 bytes, and its `MGET` of all that a hit reads (the entry and the versions of
its four tags). Nothing of a bare subject is decoded or checked. `cached` is its `RedisCache`, `AsyncRedisCache` in tasks, with a ttl, without
tags. With several tasks or threads, the time divided by the calls that all of them made together. The subjects have
their turns of 40 ms one after the other, 50 times; a ratio is the median of those within one turn. All tasks are of one thread. The server
keeps to one core of the machine, and a caller that is alone, or is many tasks, to another.

| callers | subject | µs | times GET | times MGET |
|---|---|---:|---:|---:|
{}
![Microseconds of a hit on Redis by the number of tasks](plots/callers-redis.svg)
",
        table(lines)
    );
    let headlines = ["1 thread", "1 task", "64 tasks"].into_iter().zip([
        ["a hit on Redis", "a hit on Redis, beside the bare client"],
        ["a hit on Redis in a task", "a hit on Redis in a task, beside the bare client"],
        ["a hit on Redis, 64 tasks", "a hit on Redis, 64 tasks, beside the bare client"],
    ]);
    let headlines = headlines.flat_map(|(callers, [beside_cached, beside_client])| {
        let here = lines_of(lines, &[callers]);
        let client = if callers == "64 tasks" { "client MGET of entry and tags" } else { "client GET" };
        [(beside_cached, "cached"), (beside_client, client)].map(|(worry, peer)| beside(&here, worry, peer))
    });
    let of_tasks = |line: &Vec<String>| {
        let tasks = line[0].strip_suffix(" tasks").or_else(|| line[0].strip_suffix(" task"))?;
        Some(vec![line[1].clone(), tasks.to_owned(), line[2].clone()])
    };
    let plot = Plot {
        file: "callers-redis",
        title: "A hit on Redis by the number of tasks",
        x: "tasks that call at once",
        y: "microseconds",
        curves: curves(&lines.iter().filter_map(of_tasks).collect()),
    };
    Section { text, plots: vec![plot], headlines: headlines.flatten().collect() }
}

/// Lines: the same, beside a bare socket's one `mg`, and its `mg` of all.
pub(crate) fn memcached(lines: &Lines) -> Section {
    let text = format!(
        "## A hit on memcached

Measured as the hit on Redis, on a server with one thread, beside a bare socket that is written to and read from: one `mg` of 100
bytes, and the five that a hit needs (the entry and the versions of its four tags). It knows how long its answers will be, and waits
for ever. Each bare task has a connection of its own. The same client is Hermes's: it has timeouts, checks what it hears, and all
tasks share one connection; its one command is an `md`, the shortest there is. No other cache of Rust is here: `cached`, moka and foyer have
no memcached.

| callers | subject | µs | times one `mg` | times one command by the same client |
|---|---|---:|---:|---:|
{}",
        table(lines)
    );
    let here = lines_of(lines, &["1 thread"]);
    let headline = beside(&here, "a hit on memcached, beside a bare socket", "bare mg");
    Section { text, headlines: headline.into_iter().collect(), ..Section::default() }
}

/// Hermes and one other. Lines: subject, microseconds, …
fn beside(lines: &Lines, worry: &'static str, peer: &str) -> Option<Headline> {
    let of_two: Vec<_> = subjects(lines, 1).into_iter().filter(|it| it.0 == HERMES || it.0 == peer).collect();
    Headline::new(worry, "µs", Best::Low, HERMES, &of_two)
}
