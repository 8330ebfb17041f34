//! What the tests on real servers share: a cache's verbs called by threads or by tasks, and bounded waiting.
//! Starts no server; `hermes_testkit` does.
#![allow(dead_code, clippy::unwrap_used, reason = "each test program uses some of it")]
#![allow(clippy::print_stdout, reason = "what a failed story was told with")]
#![allow(unreachable_pub, reason = "the tests are its public")]

pub mod chaos;
pub mod connections;
pub mod crowd;
pub mod faults;
pub mod kind;
pub mod leaders;
pub mod road;
pub mod runtimes;

use std::{
    cell::RefCell,
    sync::LazyLock,
    time::{Duration, Instant},
};

use hermes::{Cache, Error, ErrorKind, cached};
use hermes_testkit::{Redis, wait_until};
use tokio::runtime::Runtime;

/// How a verb is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a thread.
    Blocking,
    /// By a task.
    Async,
}

/// The tag of all entries here.
pub const TAG: &str = "t";

/// Tells a story of both ways.
pub fn both_ways(story: impl Fn(Way)) {
    for way in [Way::Blocking, Way::Async] {
        println!("{way:?}:");
        story(way);
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Runs a task to its end.
pub fn run<T>(task: impl Future<Output = T>) -> T {
    RUNTIME.block_on(task)
}

thread_local! {
    static CURRENT: RefCell<Option<Cache>> = const { RefCell::new(None) };
}

/// The cache of the function that is called.
pub fn current() -> Cache {
    CURRENT.with_borrow(|cache| cache.clone().expect("the function is called within `on`"))
}

/// Calls a cached function whose cache is `current()`.
pub fn on<T>(cache: &Cache, story: impl FnOnce() -> T) -> T {
    CURRENT.set(Some(cache.clone()));
    story()
}

#[cached(current(), tags = [TAG])]
fn half_of(number: u64) -> u64 {
    number / 2
}

impl Way {
    /// The entry of this name, or the value, which is then stored.
    pub fn compute(self, cache: &Cache, name: &str, value: u64) -> u64 {
        self.compute_with(cache, name, || value)
    }

    pub fn compute_with(self, cache: &Cache, name: &str, loader: impl FnOnce() -> u64) -> u64 {
        let entry = cache.entry(name).tags([TAG]);
        match self {
            Self::Blocking => entry.get_or_compute(loader),
            Self::Async => run(entry.get_or_compute_async(async || loader())),
        }
    }

    pub fn try_compute<E>(
        self,
        cache: &Cache,
        name: &str,
        loader: impl FnOnce() -> Result<u64, E>,
    ) -> Result<u64, E> {
        let entry = cache.entry(name).tags([TAG]);
        match self {
            Self::Blocking => entry.get_or_try_compute(loader),
            Self::Async => run(entry.get_or_try_compute_async(async || loader())),
        }
    }

    pub fn get(self, cache: &Cache, name: &str) -> Option<u64> {
        let entry = cache.entry(name).tags([TAG]);
        match self {
            Self::Blocking => entry.get(),
            Self::Async => run(entry.get_async()),
        }
    }

    pub fn set(self, cache: &Cache, name: &str, value: u64) -> Result<(), Error> {
        let entry = cache.entry(name).tags([TAG]);
        match self {
            Self::Blocking => entry.set(value),
            Self::Async => run(entry.set_async(value)),
        }
    }

    pub fn invalidate(self, cache: &Cache, name: &str) -> Result<(), Error> {
        match self {
            Self::Blocking => cache.entry(name).invalidate(),
            Self::Async => run(cache.entry(name).invalidate_async()),
        }
    }

    pub fn clean(self, cache: &Cache, tag: &str) -> Result<(), Error> {
        match self {
            Self::Blocking => cache.clean([tag]),
            Self::Async => run(cache.clean_async([tag])),
        }
    }

    pub fn clean_all(self, cache: &Cache) -> Result<(), Error> {
        match self {
            Self::Blocking => cache.clean_all(),
            Self::Async => run(cache.clean_all_async()),
        }
    }

    /// Clears a cached function.
    pub fn clear(self, cache: &Cache) -> Result<(), Error> {
        on(cache, || match self {
            Self::Blocking => half_of::clear(),
            Self::Async => run(half_of::clear_async()),
        })
    }

    pub fn half_of(self, cache: &Cache, number: u64) -> u64 {
        on(cache, || half_of(number))
    }

    pub fn refresh(self, cache: &Cache, number: u64) -> u64 {
        on(cache, || half_of::refresh(number))
    }

    pub fn peek(self, cache: &Cache, number: u64) -> Option<u64> {
        on(cache, || match self {
            Self::Blocking => half_of::peek(number),
            Self::Async => run(half_of::peek_async(number)),
        })
    }

    /// All verbs that report what they could not do, by name.
    pub fn reports(self, cache: &Cache) -> [(&'static str, Result<(), Error>); 5] {
        [
            ("invalidating", soon(|| self.invalidate(cache, "k"))),
            ("cleaning the tags [\"t\"]", soon(|| self.clean(cache, TAG))),
            ("cleaning the namespace", soon(|| self.clean_all(cache))),
            ("clearing the function", soon(|| self.clear(cache))),
            ("setting \"cache:entry:*:", soon(|| self.set(cache, "k", 1))),
        ]
    }
}

/// Far above what any of it may take, and far below what a hang takes: a machine may be busy.
const SOON: Duration = Duration::from_secs(2);

/// Runs what must not hang.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the time that a user waits is what is looked at")]
pub fn soon<T>(story: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let outcome = story();
    let took = began.elapsed();
    assert!(took < SOON, "it took {took:?}");
    outcome
}

/// How long something takes.
#[expect(clippy::disallowed_methods, reason = "for bounds, and to print")]
pub fn timed<T>(story: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    (story(), began.elapsed())
}

/// Lets real time pass: servers know no other.
#[expect(clippy::disallowed_methods, reason = "servers know no other time")]
pub fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// The same, for a task.
#[expect(clippy::disallowed_methods, reason = "servers know no other time")]
pub async fn pass_async(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What a server is given to answer where the story is not of that: a machine may be busy.
const PATIENT: Duration = Duration::from_secs(10);

/// The parameter of a cache whose server is to be found hanging: what is the default for users.
pub const HASTY: &str = "?timeout=250ms";

/// A cache with the options of the URL's parameters. It is patient with its server unless they say a `timeout`.
pub fn cache(url: &str) -> Cache {
    let builder = Cache::builder().url(url);
    let builder =
        if url.contains("timeout=") { builder } else { builder.connect_timeout(PATIENT).timeout(PATIENT) };
    builder.build().unwrap()
}

/// Calls come out as without a cache, and no later than the timeouts say; all that must not look as if it had
/// happened says what is wrong.
#[track_caller]
pub fn is_of_no_use(way: Way, cache: &Cache, kinds: &[ErrorKind], said: &str) {
    assert_eq!(soon(|| way.get(cache, "k")), None);
    for value in 0..3 {
        assert_eq!(soon(|| way.compute(cache, "k", value)), value);
    }
    // By now nobody waits any more, not even for a quarter of a second each.
    soon(|| (0..50).for_each(|value| assert_eq!(way.compute(cache, "k", value), value)));
    assert_eq!(soon(|| way.try_compute(cache, "k", || Err("own"))), Err("own"));
    assert_eq!(soon(|| way.half_of(cache, 8)), 4);
    assert_eq!(soon(|| way.refresh(cache, 8)), 4);
    assert_eq!(soon(|| way.peek(cache, 8)), None);
    for (doing, report) in way.reports(cache) {
        let error = report.expect_err(doing);
        assert!(kinds.contains(&error.kind()), "{error:?}");
        assert!(error.to_string().starts_with(doing), "{error}");
        // A set does not pass an open breaker: it must not wait again and again.
        let is_short =
            error.to_string().contains("has not answered for a while") && doing.starts_with("setting");
        assert!(is_short || error.to_string().contains(said), "{error} does not say {said:?}");
    }
    assert!(cache.stats().errors > 0);
}

/// What was at fault is over: in a while all is well, with the same cache.
#[track_caller]
pub fn works_again(way: Way, cache: &Cache) {
    wait_until("entries are kept again", || {
        way.compute(cache, "again", 1);
        way.get(cache, "again").is_some()
    });
    for (doing, report) in way.reports(cache) {
        report.expect(doing);
    }
    way.set(cache, "again", 2).unwrap();
    assert_eq!(way.get(cache, "again"), Some(2));
    way.clean(cache, TAG).unwrap();
    assert_eq!(way.get(cache, "again"), None);
    assert_eq!(way.compute(cache, "again", 3), 3);
    assert_eq!(way.compute(cache, "again", 4), 3);
}

/// Of what cannot be reached, or refuses.
pub const BACKEND: &[ErrorKind] = &[ErrorKind::Backend];

/// The names of keys that match a pattern.
pub fn names(redis: &Redis, pattern: &str) -> Vec<String> {
    redis.command(&["KEYS", pattern]).list().iter().map(|name| name.text().to_owned()).collect()
}
