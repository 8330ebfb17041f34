//! Processes who miss at once, each with several threads, on a server that all of them share.
#![allow(clippy::print_stdout, reason = "processes talk through their pipes")]
#![allow(missing_docs, reason = "the peers' macros make public items without docs")]

use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Write, stdin},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use hermes::{Cache, cached};
use hermes_testkit::{Memcached, Redis};
use hermescache_bench::stage;

use crate::{
    Subject,
    threads::compute,
    watch::{Outcome, ends, now},
};

const PROCESSES: usize = 4;
const THREADS: usize = 8;
/// How many call at once.
pub(crate) const CALLERS: usize = PROCESSES * THREADS;
/// When a round begins after it was announced: by then all have heard of it.
const ANNOUNCED: Duration = Duration::from_millis(20);

static URL: OnceLock<String> = OnceLock::new();
static CACHE: OnceLock<Cache> = OnceLock::new();

fn cache() -> &'static Cache {
    CACHE.get_or_init(|| Cache::from_url(URL.get().expect("it was said")).expect("the URL is good"))
}

#[cached(cache(), tags = ["numbers", "{n}"], ttl = 3600)]
fn of_hermes(n: u64) -> u64 {
    compute(n)
}

#[cached::macros::concurrent_cached(
    ty = "cached::RedisCache<u64, u64>",
    create = "{ cached_on_redis() }",
    map_error = "|why| panic!(\"the server is there: {why}\")"
)]
fn cached_redis(n: u64) -> Result<u64, Infallible> {
    Ok(compute(n))
}

fn cached_on_redis() -> cached::RedisCache<u64, u64> {
    let url = URL.get().expect("it was said");
    let cache = cached::RedisCache::builder("stampede").connection_string(url).ttl(Duration::from_secs(3600));
    cache.build().expect("the server is there")
}

const HERMES: &str = "hermes";
const CACHED: &str = "cached redis";

/// What processes share.
pub(crate) struct Servers {
    redis: Redis,
    memcached: Memcached,
}

impl Servers {
    pub(crate) fn start() -> Self {
        Self { redis: Redis::start(), memcached: Memcached::start() }
    }

    /// Each place with its subjects, which need its server as long as they are asked.
    pub(crate) fn places(&self) -> [(&'static str, Vec<Subject<'static>>); 2] {
        let (redis, memcached) = (self.redis.url(), self.memcached.url());
        [
            ("processes on Redis", vec![crowd_of(HERMES, &redis), crowd_of(CACHED, &redis)]),
            ("processes on memcached", vec![crowd_of(HERMES, &memcached)]),
        ]
    }
}

fn crowd_of(subject: &'static str, url: &str) -> Subject<'static> {
    let mut crowd = Crowd::gather(subject, url);
    (subject, Box::new(move |_, key| crowd.stampede(key)))
}

/// Processes that wait to be told of a round.
struct Crowd(Vec<Process>);

struct Process {
    child: Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Crowd {
    fn gather(subject: &str, url: &str) -> Self {
        Self((0..PROCESSES).map(|_| Process::start(subject, url)).collect())
    }

    fn stampede(&mut self, key: u64) -> Outcome {
        let begin = now() + ANNOUNCED.as_nanos() as u64;
        for process in &mut self.0 {
            writeln!(process.told, "{key} {begin}").expect("it listens");
        }
        let (mut ends, mut last_back) = (Vec::new(), 0);
        for process in &mut self.0 {
            let mut line = String::new();
            process.says.read_line(&mut line).expect("it says when its callers were back");
            let mut times = line.split_whitespace().map(|it| it.parse::<u64>().expect("a time"));
            last_back = last_back.max(times.next().expect("the last caller's time"));
            ends.extend(times);
        }
        Outcome::new(&ends, last_back)
    }
}

impl Process {
    fn start(subject: &str, url: &str) -> Self {
        let mut command = stage::command(&[subject, url]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts again");
        let (told, says) = (child.stdin.take(), child.stdout.take());
        Self { child, told: told.expect("it is piped"), says: BufReader::new(says.expect("it is piped")) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Is one of the processes: hears of rounds until nobody speaks any more.
pub(crate) fn be_one(subject: &str, url: &str) {
    URL.set(url.to_owned()).expect("it is said once");
    let call: fn(u64) -> u64 = match subject {
        HERMES => of_hermes,
        CACHED => |n| {
            let Ok(value) = cached_redis(n);
            value
        },
        other => panic!("nobody is called {other}"),
    };
    for line in stdin().lines() {
        let line = line.expect("it is told");
        let (key, begin) = line.split_once(' ').expect("a key and when to begin");
        let (key, begin) = (key.parse().expect("a key"), begin.parse().expect("a time"));
        let last_back = one_round(key, begin, call);
        let ends = ends().into_iter().map(|end| end.to_string());
        println!("{}", [last_back.to_string()].into_iter().chain(ends).collect::<Vec<_>>().join(" "));
    }
}

#[expect(clippy::disallowed_methods, reason = "all wait for the agreed moment")]
fn one_round(key: u64, begin: u64, call: fn(u64) -> u64) -> u64 {
    thread::scope(|scope| {
        let caller = || {
            thread::sleep(Duration::from_nanos(begin.saturating_sub(now())));
            call(key);
            now()
        };
        let callers: Vec<_> = (0..THREADS).map(|_| scope.spawn(caller)).collect();
        let back = callers.into_iter().map(|caller| caller.join().expect("a call does not panic"));
        back.max().expect("there are callers")
    })
}
