//! The race that caches lose: data changes and is invalidated while the function still computes the old value.
//! Whoever asks after the invalidation must not be given it, by whatever way.
#![cfg(feature = "macros")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Barrier, LazyLock,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use hermes::{Cache, Error, cached};

/// A cache whose callers would wait for an hour: what ends a wait here is never the end of patience.
fn cache() -> Cache {
    Cache::builder().patience(Duration::from_secs(3600)).build().unwrap()
}

/// What is asked for: an entry with two tags, computed from data.
fn ask(cache: &Cache, loader: impl FnOnce() -> String) -> String {
    cache.entry("k").tags(["t", "u"]).get_or_compute(loader)
}

fn peek(cache: &Cache) -> Option<String> {
    cache.entry("k").tags(["t", "u"]).get()
}

fn until_waits(cache: &Cache, waits: u64) {
    while cache.stats().waits < waits {
        thread::yield_now();
    }
}

/// A way to invalidate the entry that `ask` asks for, and its name.
type Invalidation = (&'static str, fn(&Cache) -> Result<(), Error>);

const INVALIDATIONS: [Invalidation; 5] = [
    ("invalidate", |cache| cache.entry("k").tags(["t", "u"]).invalidate()),
    ("invalidate, without tags", |cache| cache.entry("k").invalidate()),
    ("clean of a tag", |cache| cache.clean(["t"])),
    ("clean of both tags", |cache| cache.clean(["u", "t"])),
    ("clean_all", |cache| cache.clean_all()),
];

#[test]
fn who_asks_after_an_invalidation_gets_a_new_value() {
    for (name, invalidate) in INVALIDATIONS {
        let cache = cache();
        let (computing, finish) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                ask(&cache, || {
                    computing.wait();
                    finish.wait();
                    "old".into()
                })
            });
            computing.wait();
            let earlier = scope.spawn(|| ask(&cache, || unreachable!("it joins the leader")));
            until_waits(&cache, 1);

            invalidate(&cache).unwrap();

            assert_eq!(ask(&cache, || "new".into()), "new", "{name}");
            assert_eq!(peek(&cache).as_deref(), Some("new"), "{name}");
            finish.wait();
            assert_eq!(leader.join().unwrap(), "old", "{name}");
            assert_eq!(earlier.join().unwrap(), "old", "{name}: it asked before the invalidation");
            assert_eq!(peek(&cache).as_deref(), Some("new"), "{name}: the late commit is fenced");
        });
    }
}

#[test]
fn a_late_commit_leaves_nothing_behind() {
    for (name, invalidate) in INVALIDATIONS {
        let cache = cache();
        let value = ask(&cache, || {
            invalidate(&cache).unwrap();
            "old".into()
        });
        assert_eq!(value, "old", "{name}");
        assert_eq!(peek(&cache), None, "{name}");
        assert_eq!(cache.dump().unwrap(), [], "{name}");
        assert_eq!(ask(&cache, || "new".into()), "new", "{name}");
    }
}

#[test]
fn who_joins_after_an_invalidation_joins_the_new_leader() {
    for (name, invalidate) in INVALIDATIONS {
        let cache = cache();
        let (computing, finish_old, finish_new) = (Barrier::new(2), Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let led_by = |value: &'static str, finish: &'static str| {
                let (cache, computing) = (&cache, &computing);
                let finish = if finish == "old" { &finish_old } else { &finish_new };
                move || {
                    ask(cache, || {
                        computing.wait();
                        finish.wait();
                        value.into()
                    })
                }
            };
            let old = scope.spawn(led_by("old", "old"));
            computing.wait();
            invalidate(&cache).unwrap();
            let new = scope.spawn(led_by("new", "new"));
            computing.wait();
            let later = scope.spawn(|| ask(&cache, || unreachable!("it joins the new leader")));
            until_waits(&cache, 1);

            finish_old.wait();
            assert_eq!(old.join().unwrap(), "old", "{name}");
            finish_new.wait();
            assert_eq!(new.join().unwrap(), "new", "{name}");
            assert_eq!(later.join().unwrap(), "new", "{name}");
        });
    }
}

#[test]
fn a_refresh_that_was_invalidated_in_the_middle_is_not_kept() {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);

    #[cached(CACHE, skip = [meet], tags = ["refreshed:{id}"])]
    fn version(id: u64, meet: &dyn Fn()) -> u64 {
        assert_eq!(id, 1, "there is one row");
        let read = VERSION.load(SeqCst);
        meet();
        read
    }

    let invalidations: [(&str, fn()); 4] = [
        ("invalidate", || version::invalidate(1).unwrap()),
        ("clear", || version::clear().unwrap()),
        ("clean", || CACHE.clean(["refreshed:1"]).unwrap()),
        ("clean_all", || CACHE.clean_all().unwrap()),
    ];
    for (name, invalidate) in invalidations {
        let old = version(1, &|| {});
        let (computing, finish) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let refreshing = scope.spawn(|| {
                version::refresh(1, &|| {
                    computing.wait();
                    finish.wait();
                })
            });
            computing.wait();
            assert_eq!(version(1, &|| unreachable!()), old, "{name}: the entry stays while it is refreshed");
            VERSION.fetch_add(1, SeqCst);
            invalidate();
            assert_eq!(version(1, &|| {}), old + 1, "{name}");
            finish.wait();
            assert_eq!(refreshing.join().unwrap(), old, "{name}");
            assert_eq!(version::peek(1), Some(old + 1), "{name}");
        });
    }
}

#[test]
fn who_asks_after_a_clear_gets_a_new_value() {
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);

    #[cached(CACHE, skip = [load])]
    fn loaded(row: u64, load: &(dyn Fn() -> String + Sync)) -> String {
        assert_eq!(row, 1, "there is one row");
        load()
    }

    let (computing, finish) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            loaded(1, &|| {
                computing.wait();
                finish.wait();
                "old".into()
            })
        });
        computing.wait();
        let earlier = scope.spawn(|| loaded(1, &|| unreachable!("it joins the leader")));
        until_waits(&CACHE, 1);

        loaded::clear().unwrap();

        assert_eq!(loaded(1, &|| "new".into()), "new");
        finish.wait();
        assert_eq!(leader.join().unwrap(), "old");
        assert_eq!(earlier.join().unwrap(), "old", "it asked before the clear");
        assert_eq!(loaded::peek(1).as_deref(), Some("new"));
    });
}

#[test]
fn a_refresh_deposes_the_leader_under_way() {
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);

    #[cached(CACHE, skip = [load])]
    fn loaded(load: &dyn Fn() -> String) -> String {
        load()
    }

    let (computing, finish) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            loaded(&|| {
                computing.wait();
                finish.wait();
                "old".into()
            })
        });
        computing.wait();
        assert_eq!(loaded::refresh(&|| "new".into()), "new");
        finish.wait();
        assert_eq!(leader.join().unwrap(), "old");
    });
    assert_eq!(loaded(&|| unreachable!()), "new");
    assert_eq!(CACHE.stats().fenced_commits, 1);
}

#[test]
fn a_value_set_by_hand_is_not_overwritten_by_a_late_commit() {
    let cache = cache();
    let (computing, finish) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            ask(&cache, || {
                computing.wait();
                finish.wait();
                "old".into()
            })
        });
        computing.wait();
        cache.entry("k").tags(["t", "u"]).set("by hand".to_owned()).unwrap();
        assert_eq!(ask(&cache, || unreachable!("it is set")), "by hand");
        finish.wait();
        assert_eq!(leader.join().unwrap(), "old");
    });
    assert_eq!(peek(&cache).as_deref(), Some("by hand"));
}

#[test]
fn an_invalidation_takes_out_what_was_set_by_hand() {
    for (name, invalidate) in INVALIDATIONS {
        let cache = cache();
        cache.entry("k").tags(["t", "u"]).set("by hand".to_owned()).unwrap();
        invalidate(&cache).unwrap();
        assert_eq!(peek(&cache), None, "{name}");
    }
}

#[test]
fn a_leader_deposed_twice_changes_nothing() {
    let cache = cache();
    let entry = cache.entry("k");
    let value = entry.get_or_compute(|| {
        entry.invalidate().unwrap();
        let second = entry.get_or_compute(|| {
            entry.invalidate().unwrap();
            assert_eq!(entry.get_or_compute(|| 3), 3);
            2
        });
        assert_eq!(second, 2);
        assert_eq!(entry.get::<i32>(), Some(3));
        1
    });
    assert_eq!(value, 1);
    assert_eq!(entry.get::<i32>(), Some(3));
    assert_eq!(cache.stats().fenced_commits, 2);
}

#[test]
fn a_deposed_leader_that_panics_leaves_its_successor_alone() {
    let cache = cache();
    let (computing, finish) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            ask(&cache, || {
                computing.wait();
                finish.wait();
                panic!("the loader's own");
            })
        });
        computing.wait();
        cache.entry("k").invalidate().unwrap();
        let value = ask(&cache, || {
            finish.wait();
            while !leader.is_finished() {
                thread::yield_now();
            }
            "new".into()
        });
        assert_eq!(value, "new");
        assert!(leader.join().is_err());
    });
    assert_eq!(peek(&cache).as_deref(), Some("new"));
}

#[test]
fn a_clean_between_two_calls_of_one_computation_is_seen_by_the_outer_one() {
    // The outer value is made of the inner one, so it carries the inner one's tag.
    let cache = cache();
    let data = AtomicU64::new(1);
    let inner = || cache.entry("inner").tags(["data"]).get_or_compute(|| data.load(SeqCst));
    let outer = |between: &dyn Fn()| {
        cache.entry("outer").tags(["data"]).get_or_compute(|| {
            let sum = inner();
            between();
            sum + inner()
        })
    };
    let torn = outer(&|| {
        data.store(10, SeqCst);
        cache.clean(["data"]).unwrap();
    });
    assert_eq!(torn, 11);
    assert_eq!(outer(&|| {}), 20);
}

/// A small generator, so that a failing run can be run again by its seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

const ROWS: usize = 4;

/// A row of the data: what was written last, and what is invalidated at least.
#[derive(Default)]
struct Row {
    written: AtomicU64,
    invalidated: AtomicU64,
}

/// What all threads share in the random runs.
struct World {
    cache: Cache,
    rows: [Row; ROWS],
    writers: Writers,
}

/// The order in which writers do their two things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writers {
    WriteThenInvalidate,
    /// Wrong, for a check of the check: between the two, the old value can come back to stay.
    InvalidateThenWrite,
}

impl World {
    fn entry_of(&self, row: usize) -> hermes::Entry<'_, hermes::Stored> {
        self.cache.entry(format!("row {row}")).tags([format!("row:{row}"), format!("half:{}", row % 2)])
    }

    /// A call: it must give at least what was invalidated when it began.
    fn read(&self, row: usize, chance: &mut Chance) {
        let Row { written, invalidated } = &self.rows[row];
        let at_least = invalidated.load(SeqCst);
        let dawdle = chance.below(4);
        let load = || {
            let read = written.load(SeqCst);
            (0..dawdle).for_each(|_| thread::yield_now());
            read
        };
        let value = match chance.below(20) {
            0 => self.entry_of(row).get().unwrap_or(at_least),
            1 => self.entry_of(row).get_or_try_compute(|| Err(load())).unwrap_or_else(|read: u64| read),
            _ => self.entry_of(row).get_or_compute(load),
        };
        assert!(value >= at_least, "row {row}: {value} was read after {at_least} had been invalidated");
    }

    /// A write, and the invalidation that it calls for.
    fn write(&self, row: usize, chance: &mut Chance) {
        let Row { written, invalidated } = &self.rows[row];
        let write = || written.fetch_add(1, SeqCst) + 1;
        let version = match self.writers {
            Writers::WriteThenInvalidate => {
                let version = write();
                self.invalidate(row, chance);
                version
            }
            Writers::InvalidateThenWrite => {
                self.invalidate(row, chance);
                thread::yield_now();
                write()
            }
        };
        invalidated.fetch_max(version, SeqCst);
    }

    fn invalidate(&self, row: usize, chance: &mut Chance) {
        match chance.below(8) {
            0 => self.cache.clean_all(),
            1 | 2 => self.cache.clean([format!("half:{}", row % 2)]),
            3..6 => self.cache.clean([format!("row:{row}")]),
            _ => self.entry_of(row).invalidate(),
        }
        .unwrap();
    }
}

/// Readers and writers at random.
fn run(seed: u64, capacity: u64, writers: Writers) {
    const THREADS: u64 = 6;
    const STEPS: usize = 10_000;
    let cache = Cache::builder().capacity(capacity).patience(Duration::from_secs(3600)).build().unwrap();
    let world = World { cache, rows: Default::default(), writers };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let world = &world;
            scope.spawn(move || {
                let mut chance = Chance(seed << 8 | thread);
                for _ in 0..STEPS {
                    let row = chance.below(ROWS as u64) as usize;
                    if chance.below(6) == 0 {
                        world.write(row, &mut chance)
                    } else {
                        world.read(row, &mut chance)
                    }
                }
            });
        }
    });
    let stats = world.cache.stats();
    assert!(stats.hits > 0 && stats.computations > 0 && stats.waits > 0, "{stats:?} shows no race");
}

#[test]
fn no_call_gets_what_was_invalidated_before_it_began() {
    for seed in 0..8 {
        run(seed, 1_000, Writers::WriteThenInvalidate);
    }
}

#[test]
fn no_call_gets_what_was_invalidated_while_entries_are_evicted() {
    for seed in 0..4 {
        run(seed, 2, Writers::WriteThenInvalidate);
    }
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn the_check_catches_writers_that_invalidate_too_early() {
    // The first run mostly does; chance has the last word.
    for seed in 0..1_000 {
        run(seed, 1_000, Writers::InvalidateThenWrite);
    }
}
