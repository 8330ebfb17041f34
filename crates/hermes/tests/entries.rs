//! Entries that are named by hand, and the cache's verbs, in process.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use hermes::{Cache, ErrorKind, FakeClock, Live};

fn cache() -> Cache {
    Cache::from_url("memory://").unwrap()
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn a_value_is_computed_once() {
    let cache = cache();
    assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
    assert_eq!(cache.entry("k").get_or_compute(|| 2), 1);
    assert_eq!(cache.entry("k").get::<i32>(), Some(1));
    assert_eq!(cache.entry("other").get::<i32>(), None);
}

#[test]
fn only_an_ok_is_stored() {
    let cache = cache();
    let entry = cache.entry("k");
    assert_eq!(entry.get_or_try_compute(|| Err::<i32, _>("no")), Err("no"));
    assert_eq!(entry.get_or_try_compute(|| Ok::<_, &str>(1)), Ok(1));
    assert_eq!(entry.get_or_try_compute(|| Err::<i32, _>("no")), Ok(1));
}

#[test]
fn both_kinds_of_option_are_stored() {
    let cache = cache();
    assert_eq!(cache.entry("none").get_or_compute(|| None::<i32>), None);
    assert_eq!(cache.entry("none").get_or_compute(|| Some(1)), None);
    assert_eq!(cache.entry("none").get::<Option<i32>>(), Some(None));
}

#[test]
fn another_type_under_the_same_name_is_a_miss() {
    let cache = cache();
    assert_eq!(cache.entry("k").get_or_compute(|| 1_u8), 1);
    assert_eq!(cache.entry("k").get::<String>(), None);
    assert_eq!(cache.entry("k").get_or_compute(|| "one".to_owned()), "one");
}

#[test]
fn an_entry_lives_as_long_as_its_ttl() {
    let clock = FakeClock::new();
    let cache = Cache::builder().ttl(secs(60)).clock(clock.clone()).build().unwrap();
    cache.entry("default").set(1).unwrap();
    cache.entry("own").ttl(secs(10)).set(1).unwrap();
    clock.advance(secs(10) - Duration::from_nanos(1));
    assert_eq!(cache.entry("own").get::<i32>(), Some(1));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.entry("own").get::<i32>(), None);
    clock.advance(secs(50) - Duration::from_nanos(1));
    assert_eq!(cache.entry("default").get::<i32>(), Some(1));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.entry("default").get::<i32>(), None);
}

#[test]
fn jitter_only_shortens() {
    let cache = Cache::builder().ttl(secs(100)).jitter(0.5).clock(FakeClock::new()).build().unwrap();
    for n in 0..200 {
        cache.entry(n.to_string()).set(n).unwrap();
    }
    let left: Vec<_> = cache.dump().unwrap().iter().map(|info| info.ttl_left).collect();
    assert!(left.iter().all(|left| (secs(50)..=secs(100)).contains(left)), "{left:?}");
    assert!(left.iter().min() < left.iter().max());
}

#[test]
fn a_ttl_of_zero_is_not_stored_and_cannot_be_set() {
    let cache = cache();
    let entry = cache.entry("k").ttl(Duration::ZERO);
    assert_eq!(entry.get_or_compute(|| 1), 1);
    assert_eq!(entry.get::<i32>(), None);
    let error = entry.set(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    assert_eq!(error.to_string(), "setting the entry \"k\": the ttl is zero; it takes 1 ms to 100 years");
    let error = entry.ttl(Duration::MAX).set(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
}

#[test]
fn a_clean_drops_entries_with_the_tag_and_no_others() {
    let cache = cache();
    cache.entry("ab").tags(["a", "b"]).set(1).unwrap();
    cache.entry("b").tags(["b"]).set(2).unwrap();
    cache.entry("none").set(3).unwrap();

    cache.clean(["a"]).unwrap();
    assert_eq!(cache.entry("ab").tags(["a", "b"]).get::<i32>(), None);
    assert_eq!(cache.entry("b").tags(["b"]).get::<i32>(), Some(2));
    assert_eq!(cache.entry("none").get::<i32>(), Some(3));

    cache.clean([""; 0]).unwrap();
    assert_eq!(cache.entry("b").tags(["b"]).get::<i32>(), Some(2));

    cache.clean_all().unwrap();
    assert_eq!(cache.entry("b").tags(["b"]).get::<i32>(), None);
    assert_eq!(cache.entry("none").get::<i32>(), None);
}

#[test]
fn tags_have_no_order_and_no_copies() {
    let cache = cache();
    cache.entry("k").tags(["b", "a", "b"]).set(1).unwrap();
    assert_eq!(cache.entry("k").tags(["a", "b"]).get::<i32>(), Some(1));
    assert_eq!(cache.dump().unwrap()[0].tags, ["a", "b"]);
}

#[test]
fn an_entry_stored_under_other_tags_is_a_miss() {
    let cache = cache();
    cache.entry("k").tags(["a"]).set(1).unwrap();
    assert_eq!(cache.entry("k").tags(["b"]).get::<i32>(), None);
    assert_eq!(cache.entry("k").tags(["b"]).get_or_compute(|| 2), 2);
    cache.clean(["b"]).unwrap();
    assert_eq!(cache.entry("k").tags(["b"]).get_or_compute(|| 3), 3);
}

#[test]
fn to_look_at_an_entry_needs_no_tags() {
    let cache = cache();
    cache.entry("k").tags(["a"]).set(1).unwrap();
    assert_eq!(cache.entry("k").get::<i32>(), Some(1));
    cache.clean(["a"]).unwrap();
    assert_eq!(cache.entry("k").get::<i32>(), None);
}

#[test]
fn names_and_tags_may_hold_anything() {
    let cache = cache();
    let long = "x".repeat(10_000);
    let odd = ["", " ", "a b", "ü", "\n\0", "{}", "{user}", "*", "cache:entry:*", &long];
    for (n, name) in odd.iter().enumerate() {
        cache.entry(name).tags([name]).set(n).unwrap();
    }
    for (n, name) in odd.iter().enumerate() {
        assert_eq!(cache.entry(name).tags([name]).get::<usize>(), Some(n));
        cache.clean([name]).unwrap();
        assert_eq!(cache.entry(name).tags([name]).get::<usize>(), None);
    }
    assert_eq!(cache.dump().unwrap(), []);
}

#[test]
fn dump_lists_what_a_call_would_hit() {
    let clock = FakeClock::new();
    let cache = Cache::builder().namespace("shop").clock(clock.clone()).build().unwrap();
    cache.entry("stays").tags(["t"]).ttl(secs(20)).set(7_u64).unwrap();
    cache.entry("expires").ttl(secs(5)).set(7_u64).unwrap();
    cache.entry("cleaned").tags(["gone"]).set(7_u64).unwrap();
    cache.entry("invalidated").set(7_u64).unwrap();
    clock.advance(secs(5));
    cache.clean(["gone"]).unwrap();
    cache.entry("invalidated").invalidate().unwrap();

    let dump = cache.dump().unwrap();
    assert_eq!(dump.len(), 1);
    assert!(dump[0].key.to_string().starts_with("shop:entry:"), "{}", dump[0].key);
    assert_eq!(dump[0].tags, ["t"]);
    assert_eq!(dump[0].ttl_left, secs(15));
    assert_eq!(dump[0].size_bytes, 8);
}

#[test]
fn stats_count_what_happened() {
    let cache = cache();
    let entry = cache.entry("k");
    entry.get_or_compute(|| 1);
    entry.get_or_compute(|| 1);
    entry.get_or_compute(|| 1);
    let stats = cache.clone().stats();
    assert_eq!((stats.hits, stats.misses, stats.computations), (2, 1, 1));
    assert_eq!((stats.waits, stats.errors, stats.fenced_commits), (0, 0, 0));
}

#[test]
fn an_invalidation_during_a_computation_is_not_lost() {
    let cache = cache();
    for invalidate in [
        |cache: &Cache| cache.entry("k").tags(["t"]).invalidate(),
        |cache: &Cache| cache.clean(["t"]),
        |cache: &Cache| cache.clean_all(),
    ] {
        let value = cache.entry("k").tags(["t"]).get_or_compute(|| {
            invalidate(&cache).unwrap();
            "old".to_owned()
        });
        assert_eq!(value, "old");
        assert_eq!(cache.entry("k").tags(["t"]).get_or_compute(|| "new".to_owned()), "new");
        cache.entry("k").invalidate().unwrap();
    }
}

#[test]
fn a_value_set_by_hand_fences_the_computation_under_way() {
    let cache = cache();
    let value = cache.entry("k").get_or_compute(|| {
        cache.entry("k").set(2).unwrap();
        1
    });
    assert_eq!(value, 1);
    assert_eq!(cache.entry("k").get::<i32>(), Some(2));
    assert_eq!(cache.stats().fenced_commits, 1);
}

#[test]
fn a_loader_that_asks_for_its_own_result_does_not_wait_for_itself() {
    let cache = cache();
    let value = cache.entry("k").get_or_compute(|| cache.entry("k").get_or_compute(|| 1) + 1);
    assert_eq!(value, 2);
    assert_eq!(cache.entry("k").get::<i32>(), Some(2));
}

#[test]
fn a_stampede_of_threads_computes_once() {
    let cache = cache();
    let (computed, start) = (AtomicUsize::new(0), Barrier::new(32));
    thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                start.wait();
                let value = cache.entry("k").get_or_compute(|| {
                    computed.fetch_add(1, SeqCst);
                    thread::yield_now();
                    7
                });
                assert_eq!(value, 7);
            });
        }
    });
    assert_eq!(computed.load(SeqCst), 1);
}

#[test]
fn a_leader_that_panics_frees_the_key_at_once() {
    let cache = cache();
    let panicked = thread::scope(|scope| {
        scope.spawn(|| cache.entry("k").get_or_compute(|| -> i32 { panic!("the loader's own") })).join()
    });
    assert!(panicked.is_err());
    assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
}

// Real time passes: a call must run into the end of its patience.
#[test]
fn those_whose_patience_ends_compute_without_the_leader() {
    let cache = Cache::builder().patience(Duration::from_millis(50)).build().unwrap();
    let (leading, done) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            cache.entry("k").get_or_compute(|| {
                leading.wait();
                done.wait();
                "slow".to_owned()
            })
        });
        leading.wait();
        assert_eq!(cache.entry("k").get_or_compute(|| "relief".to_owned()), "relief");
        assert_eq!(cache.entry("k").get::<String>(), None, "the relief's value is not stored");
        done.wait();
    });
    assert_eq!(cache.entry("k").get::<String>().as_deref(), Some("slow"));
}

#[test]
fn the_capacity_bounds_entries_and_weights() {
    let cache = Cache::from_url("memory://?capacity=100").unwrap();
    for n in 0..1_000 {
        cache.entry(n.to_string()).set(n).unwrap();
    }
    assert!((50..=100).contains(&cache.dump().unwrap().len()));
    for n in 0..1_000 {
        cache.entry(n.to_string()).weight(10).set(n).unwrap();
    }
    assert!((3..=10).contains(&cache.dump().unwrap().len()));
}

#[test]
fn a_live_cache_keeps_what_cannot_be_stored() {
    struct Connection(AtomicUsize);
    let cache: Cache<Live> = Cache::builder().live().build().unwrap();
    let connection = cache.entry("db").get_or_compute(|| Arc::new(Connection(AtomicUsize::new(1))));
    connection.0.store(2, SeqCst);
    let again = cache.entry("db").get_or_compute(|| -> Arc<Connection> { unreachable!("it is cached") });
    assert_eq!(again.0.load(SeqCst), 2);
}

#[test]
fn noop_computes_every_time() {
    let cache = Cache::from_url("noop://").unwrap();
    assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
    assert_eq!(cache.entry("k").get_or_compute(|| 2), 2);
    cache.entry("k").set(3).unwrap();
    assert_eq!(cache.entry("k").get::<i32>(), None);
    cache.clean(["t"]).unwrap();
    cache.clean_all().unwrap();
    assert_eq!(cache.dump().unwrap(), []);
}
