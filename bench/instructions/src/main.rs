//! Asks a cached function for what it holds, so many times: `hermescache-instructions SUBJECT HITS`, or none for the subjects.
//! `cargo xtask instructions` runs it under valgrind, twice, and takes the difference: what a hit is made of.
//!
//! A package of its own, since the peers beside which Hermes is measured take minutes to build.
#![allow(clippy::print_stdout, reason = "this is a program for xtask")]

use std::{env, hint::black_box, pin::pin, sync::LazyLock, task};

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").expect("the URL is good"));

#[cached(CACHE, ttl = 3600)]
fn no_tags(n: u64) -> u64 {
    n
}

#[cached(CACHE, tags = ["numbers", "squares"], ttl = 3600)]
fn two_tags(n: u64) -> u64 {
    n
}

#[cached(CACHE, tags = ["1", "2", "3", "4", "5", "6", "7", "8"], ttl = 3600)]
fn eight_tags(n: u64) -> u64 {
    n
}

#[cached(CACHE, tags = ["numbers", "number:{n}"], ttl = 3600)]
fn own_tag(n: u64) -> u64 {
    n
}

#[cached(CACHE, tags = ["numbers", "squares"], ttl = 3600)]
fn text(n: u64, text: &str) -> u64 {
    n + text.len() as u64
}

#[cached(CACHE, tags = ["numbers", "squares"], ttl = 3600)]
async fn in_a_task(n: u64) -> u64 {
    n
}

type Subject = (&'static str, fn(u64) -> u64);

const SUBJECTS: [Subject; 6] = [
    ("no tags", no_tags),
    ("2 tags", two_tags),
    ("8 tags", eight_tags),
    ("tag of its own", own_tag),
    ("(u64, &str)", |n| text(n, "a short text")),
    ("async", |n| ready(in_a_task(n))),
];

/// Few enough to be found in few steps, whatever seed the tables drew.
const KEYS: u64 = 16;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let [subject, hits] = words.as_slice() else {
        return SUBJECTS.iter().for_each(|(name, _)| println!("{name}"));
    };
    let (_, call) = SUBJECTS.iter().find(|(name, _)| name == subject).expect("a subject is named");
    let hits: u64 = hits.parse().expect("a number of hits");
    for n in 0..KEYS {
        call(n);
    }
    for n in 0..hits {
        black_box(call(black_box(n % KEYS)));
    }
}

/// Polls a future that is ready at once, as a hit is.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(value) => value,
        task::Poll::Pending => unreachable!("nobody else computes"),
    }
}
