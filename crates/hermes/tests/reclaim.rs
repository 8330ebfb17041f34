//! What leaves the cache leaves the memory, and no user's code runs under a lock of the cache.
//! Alone in its binary, because it weighs the process.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    cell::Cell,
    fs,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hermes::{Cache, FakeClock, Live};

const SECOND: Duration = Duration::from_secs(1);

/// Tests of this file take turns, so that one can weigh the process.
fn alone() -> impl Drop {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of memory that the process has in use.
#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[cfg(target_os = "linux")]
#[test]
fn a_million_keys_and_tags_that_expire_leave_the_memory() {
    let _alone = alone();
    let clock = FakeClock::new();
    let cache = Cache::builder().capacity(2_000_000).ttl(SECOND).clock(clock.clone()).build().unwrap();
    let round = |first: u64| {
        for n in first..first + 500_000 {
            // As a server would: a few thousand entries live at a time.
            if n.is_multiple_of(1_000) {
                clock.advance(SECOND / 4);
            }
            cache.entry(format!("key:{n}")).tags([format!("tag:{n}")]).set(n).unwrap();
        }
        resident_bytes()
    };
    let once = round(0);
    let twice = round(500_000);
    assert!(twice <= once + once / 10, "{once} bytes after one round, {twice} after two");

    clock.advance(SECOND);
    assert_eq!(cache.dump().unwrap(), []);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_cache_grows_no_more() {
    let _alone = alone();
    let cache = Cache::from_url("memory://?capacity=20000").unwrap();
    let round = |first: u64| {
        for n in first..first + 100_000 {
            cache.entry(format!("key:{n}")).tags([format!("tag:{n}"), "all".into()]).set(n).unwrap();
        }
        resident_bytes()
    };
    let once = round(0);
    let twice = round(100_000);
    assert!(twice <= once + once / 10, "{once} bytes after one round, {twice} after two");
    assert!(cache.dump().unwrap().len() <= 20_000);
}

/// Values that tell whether they are still held.
fn watched(n: usize) -> (Arc<usize>, Weak<usize>) {
    let value = Arc::new(n);
    let watch = Arc::downgrade(&value);
    (value, watch)
}

fn alive(watches: &[Weak<usize>]) -> usize {
    watches.iter().filter(|watch| watch.strong_count() > 0).count()
}

fn live() -> Cache<Live> {
    Cache::builder().live().capacity(100).build().unwrap()
}

#[test]
fn what_is_evicted_is_dropped() {
    let _alone = alone();
    let cache = live();
    let watches: Vec<_> = (0..10_000)
        .map(|n| {
            let (value, watch) = watched(n);
            cache.entry(n.to_string()).set(value).unwrap();
            watch
        })
        .collect();
    assert!(alive(&watches) <= 100, "{} of 100 are alive", alive(&watches));
}

#[test]
fn what_is_invalidated_or_replaced_is_dropped_at_once() {
    let _alone = alone();
    let cache = live();
    let entry = cache.entry("k");
    let (first, first_watch) = watched(1);
    let (second, second_watch) = watched(2);
    entry.set(first).unwrap();
    entry.set(second).unwrap();
    assert_eq!((first_watch.strong_count(), second_watch.strong_count()), (0, 1));
    entry.invalidate().unwrap();
    assert_eq!(second_watch.strong_count(), 0);
}

#[test]
fn a_computed_value_is_held_by_the_cache_alone() {
    let _alone = alone();
    let cache = live();
    let entry = cache.entry("k");
    let value = entry.get_or_compute(|| Arc::new(1));
    assert_eq!(Arc::strong_count(&value), 2);
    let again = entry.get_or_compute(|| Arc::new(2));
    assert_eq!(Arc::strong_count(&again), 3);
    entry.invalidate().unwrap();
    assert_eq!(Arc::strong_count(&value), 2);
}

#[test]
fn what_is_cleaned_is_dropped_when_it_is_touched_or_swept() {
    let _alone = alone();
    let cache = live();
    let (touched, touched_watch) = watched(1);
    cache.entry("touched").tags(["t"]).set(touched).unwrap();
    let swept: Vec<_> = (0..50)
        .map(|n| {
            let (value, watch) = watched(n);
            cache.entry(format!("swept {n}")).tags(["t"]).set(value).unwrap();
            watch
        })
        .collect();

    cache.clean(["t"]).unwrap();
    assert_eq!(cache.entry("touched").tags(["t"]).get::<Arc<usize>>(), None);
    assert_eq!(touched_watch.strong_count(), 0);

    // Others that come pay for the sweep, long before the store is full.
    for n in 0..200 {
        cache.entry(format!("other {}", n % 10)).set(Arc::new(n)).unwrap();
    }
    assert_eq!(alive(&swept), 0);
}

#[test]
fn what_has_expired_is_dropped_when_it_is_swept() {
    let _alone = alone();
    let clock = FakeClock::new();
    let cache = Cache::builder().live().capacity(100).ttl(SECOND).clock(clock.clone()).build().unwrap();
    let swept: Vec<_> = (0..50)
        .map(|n| {
            let (value, watch) = watched(n);
            cache.entry(format!("swept {n}")).set(value).unwrap();
            watch
        })
        .collect();
    clock.advance(SECOND);
    for n in 0..200 {
        cache.entry(format!("other {}", n % 10)).set(Arc::new(n)).unwrap();
    }
    assert_eq!(alive(&swept), 0);
}

#[test]
fn a_cache_that_is_dropped_drops_its_values() {
    let _alone = alone();
    let cache = live();
    let (value, watch) = watched(1);
    cache.entry("k").set(value).unwrap();
    let clone = cache.clone();
    drop(cache);
    assert_eq!(watch.strong_count(), 1);
    drop(clone);
    assert_eq!(watch.strong_count(), 0);
}

/// A value that uses the cache it is in when it is cloned and when it is dropped: every verb, on its own entry too.
struct Meddler {
    cache: Cache<Live>,
    name: String,
}

thread_local! {
    /// How deep in meddling this thread is: a meddler that meddles with meddlers would never end.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static MEDDLED: Cell<u32> = const { Cell::new(0) };
}

impl Meddler {
    fn new(cache: &Cache<Live>, name: &str) -> Self {
        Self { cache: cache.clone(), name: name.into() }
    }

    fn meddle(&self) {
        if DEPTH.get() > 0 {
            return;
        }
        DEPTH.set(1);
        MEDDLED.set(MEDDLED.get() + 1);
        let Self { cache, name } = self;
        for name in [name, "another"] {
            let entry = cache.entry(name).tags(["t"]);
            let _ = entry.get::<Self>();
            drop(entry.get_or_compute(|| Self::new(cache, name)));
            cache.entry(name).tags(["t"]).set(Self::new(cache, name)).unwrap();
            entry.invalidate().unwrap();
        }
        cache.clean(["t", "other"]).unwrap();
        cache.dump().unwrap();
        DEPTH.set(0);
    }
}

impl Clone for Meddler {
    fn clone(&self) -> Self {
        self.meddle();
        Self::new(&self.cache, &self.name)
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.meddle();
    }
}

// A deadlock shows as a test that does not end; a wait for oneself, as an hour of it.
#[test]
fn a_value_may_use_the_cache_when_it_is_cloned_and_dropped() {
    let _alone = alone();
    let clock = FakeClock::new();
    let cache = Cache::builder()
        .live()
        .capacity(40)
        .patience(3600 * SECOND)
        .ttl(SECOND)
        .clock(clock.clone())
        .build()
        .unwrap();
    for n in 0..1_000 {
        let name = format!("{}", n % 60);
        let entry = cache.entry(&name).tags(["t"]);
        match n % 7 {
            0 => entry.set(Meddler::new(&cache, &name)).unwrap(),
            1 => entry.invalidate().unwrap(),
            2 => cache.clean(["t"]).unwrap(),
            3 => clock.advance(SECOND / 2),
            4 => cache.entry(&name).weight(1_000_000_u32).set(Meddler::new(&cache, &name)).unwrap(),
            _ => drop(entry.get_or_compute(|| Meddler::new(&cache, &name))),
        }
    }
    assert!(MEDDLED.get() > 1_000, "{} times", MEDDLED.get());
    cache.clean_all().unwrap();
}

#[test]
fn threads_may_use_values_that_use_the_cache() {
    let _alone = alone();
    let cache = Cache::builder().live().capacity(40).patience(3600 * SECOND).build().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 0..500 {
                    let name = format!("{}", (n * 7 + thread) % 10);
                    drop(cache.entry(&name).tags(["t"]).get_or_compute(|| Meddler::new(cache, &name)));
                }
            });
        }
    });
}

/// Looks itself up in the cache when that drops it, and tells it that it left. Kept in an `Arc`, so that nobody else drops it.
struct Leaver {
    cache: Cache<Live>,
    name: String,
    left: Arc<AtomicU32>,
}

impl Drop for Leaver {
    fn drop(&mut self) {
        drop(self.cache.entry(&self.name).get::<Arc<Self>>());
        self.cache.entry(format!("{} has left", self.name)).get_or_compute(|| 0_u64);
        self.left.fetch_add(1, Ordering::Relaxed);
    }
}

// A deadlock shows as a test that does not end.
#[test]
fn a_value_may_use_the_cache_when_the_cache_drops_it() {
    let _alone = alone();
    let clock = FakeClock::new();
    let cache = Cache::builder().live().capacity(1_000).ttl(SECOND).clock(clock.clone()).build().unwrap();
    let left = Arc::new(AtomicU32::new(0));
    let set = |name: &str| {
        let leaver = Leaver { cache: cache.clone(), name: name.to_owned(), left: Arc::clone(&left) };
        cache.entry(name).set(Arc::new(leaver)).unwrap();
    };
    let leaves = |what: &str, act: &dyn Fn()| {
        let before = left.load(Ordering::Relaxed);
        act();
        assert!(left.load(Ordering::Relaxed) > before, "nothing {what}");
    };
    set("a");
    leaves("was replaced", &|| set("a"));
    leaves("was invalidated", &|| cache.entry("a").invalidate().unwrap());
    set("a");
    clock.advance(SECOND);
    leaves("had expired", &|| drop(cache.entry("a").get::<Arc<Leaver>>()));
    set("a");
    leaves("was too heavy", &|| cache.entry("a").weight(1_000_000_u32).set(0_u64).unwrap());
    (0..100).for_each(|n| set(&format!("old {n}")));
    clock.advance(SECOND);
    leaves("was swept", &|| (0..100).for_each(|n| cache.entry(format!("new {n}")).set(0_u64).unwrap()));
    leaves("was evicted", &|| (0..5_000).for_each(|n| set(&n.to_string())));
}

/// Uses the cache when its thread ends.
struct LastWords(Cell<Option<Cache>>);

impl Drop for LastWords {
    fn drop(&mut self) {
        let cache = self.0.take().unwrap();
        assert_eq!(cache.entry("last").tags(["t"]).get_or_compute(|| 1), 1);
        assert_eq!(cache.entry("last").tags(["t"]).get_or_compute(|| 2), 1);
        cache.entry("k").invalidate().unwrap();
        cache.clean(["t"]).unwrap();
    }
}

#[test]
fn a_thread_may_use_the_cache_at_its_very_end() {
    thread_local! {
        static LAST_WORDS: LastWords = const { LastWords(Cell::new(None)) };
    }
    let _alone = alone();
    let cache = Cache::from_url("memory://").unwrap();
    let clone = cache.clone();
    let thread = std::thread::spawn(move || {
        // What is made last is gone first: the cache's own thread-locals.
        LAST_WORDS.with(|words| words.0.set(Some(clone.clone())));
        clone.entry("k").get_or_compute(|| 1);
    });
    thread.join().unwrap();
    assert_eq!(cache.stats().computations, 2);
}
