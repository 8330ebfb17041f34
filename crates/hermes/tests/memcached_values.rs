//! What cannot be stored on a memcached, or lies where an entry, a lease or a version should be, costs computations and never the
//! call; and nothing of others is touched.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{TAG, Way, both_ways, cache, run, soon, works_again};
use hermes::{Cache, ErrorKind};
use hermes_testkit::Memcached;

#[test]
fn bytes_of_others_in_the_place_of_an_entry_are_overwritten() {
    both_ways(|way| {
        let garbage: [&[u8]; 6] = [b"", b"L", b"L\0\0\0\0", b"\x01", b"garbage", &[0xff; 300]];
        for bytes in garbage {
            let memcached = Memcached::start();
            let cache = cache(&memcached.url());
            way.set(&cache, "k", 1).unwrap();
            let entry = cache.dump().unwrap()[0].key.to_string();
            for name in [&entry, "cache:tag:*", &format!("cache:tag:={TAG}")] {
                assert_eq!(memcached.store(name, bytes), "STORED\r\n");
                assert_eq!(way.get(&cache, "k"), None, "{bytes:?} in {name}");
                way.set(&cache, "k", 2).unwrap();
                assert_eq!(way.get(&cache, "k"), Some(2), "{bytes:?} in {name}");
                assert_eq!(memcached.store(name, bytes), "STORED\r\n");
                assert_eq!(soon(|| way.compute(&cache, "k", 3)), 3, "{bytes:?} in {name}");
            }
            works_again(way, &cache);
        }
    });
}

#[test]
fn a_value_above_the_servers_limit_is_returned_uncached_and_counted() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let cache = cache(&memcached.url());
        let get = |len: usize| {
            let value = "x".repeat(len);
            let entry = cache.entry(format!("{len}")).tags([TAG]);
            let computed = soon(|| match way {
                Way::Blocking => entry.get_or_compute(|| value.clone()),
                Way::Async => run(entry.get_or_compute_async(async || value.clone())),
            });
            assert!(computed == value);
        };
        for errors in 1..=2 {
            get(1_100_000);
            assert_eq!(cache.stats().errors, errors);
        }
        assert_eq!(cache.stats().computations, 2);
        // Around the limit of a megabyte, all goes as it may, and nobody waits.
        for len in (1_047_900..1_048_700).step_by(23) {
            get(len);
        }
        let error = cache.entry("k").set("x".repeat(1_100_000)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Backend);
        let stats = cache.stats();
        get(1_000_000);
        get(1_000_000);
        assert_eq!(cache.stats().hits, stats.hits + 1);
        works_again(way, &cache);
    });
}

#[test]
fn a_refresh_whose_value_is_too_large_leaves_nothing_old() {
    let memcached = Memcached::start();
    let cache = cache(&memcached.url());
    cache.entry("k").tags([TAG]).set("small".to_owned()).unwrap();
    cache.entry("k").tags([TAG]).set("x".repeat(1_100_000)).unwrap_err();
    assert_eq!(cache.entry("k").tags([TAG]).get::<String>(), None);
}

#[test]
fn ttls_are_rounded_up_and_never_taken_for_dates() {
    both_ways(|way| {
        let memcached = Memcached::start();
        let cache = cache(&memcached.url());
        for days in [1, 29, 30, 31, 365, 36_500] {
            let ttl = Duration::from_secs(days * 24 * 60 * 60);
            let name = format!("{days} days");
            let entry = cache.entry(&name).tags([&name]).ttl(ttl);
            match way {
                Way::Blocking => entry.set(days).unwrap(),
                Way::Async => run(entry.set_async(days)).unwrap(),
            }
            assert_eq!(entry.get(), Some(days), "{days} days");
        }
        // Never shorter than it was said, nor much longer.
        let entry = cache.entry("short").ttl(Duration::from_millis(1200));
        entry.set(1).unwrap();
        common::pass(Duration::from_millis(1000));
        assert_eq!(entry.get(), Some(1));
        common::pass(Duration::from_millis(300));
        assert_eq!(entry.get::<i32>(), None);
    });
}

#[test]
fn namespaces_touch_nothing_of_others_and_nothing_else() {
    both_ways(|way| {
        let namespaces = ["cache", "cache:entry", "cache:tag", "a", "a*", "ab", "a:tag", "é", "%41"];
        let memcached = Memcached::start();
        let caches = namespaces
            .map(|namespace| Cache::builder().url(&memcached.url()).namespace(namespace).build().unwrap());
        memcached.store("unrelated", b"a neighbour's");
        for cleaned in &caches {
            for (cache, value) in caches.iter().zip(0..) {
                way.set(cache, "k", value).unwrap();
            }
            for (cache, namespace) in caches.iter().zip(namespaces) {
                let listed = cache.dump().unwrap();
                assert_eq!(listed.len(), 1, "{namespace}: {listed:?}");
                assert!(listed[0].key.to_string().starts_with(&format!("{namespace}:entry:")));
                assert_eq!(listed[0].tags, [TAG]);
            }
            way.clean_all(cleaned).unwrap();
            for (cache, value) in caches.iter().zip(0..) {
                let expected = (!std::ptr::eq(cache, cleaned)).then_some(value);
                assert_eq!(way.get(cache, "k"), expected);
            }
        }
        assert!(memcached.command("get unrelated").contains("a neighbour's"));
        assert!(memcached.command("stats").contains("STAT cmd_flush 0"));
    });
}

#[test]
fn the_longest_names_are_short_enough_for_a_memcached() {
    both_ways(|way| {
        let servers = [Memcached::start(), Memcached::start()];
        let url = format!("{},{}", servers[0].url(), servers[1].address());
        let cache = Cache::builder().url(&url).namespace(&"n".repeat(64)).build().unwrap();
        let tags = [
            "t".repeat(120),
            "t".repeat(5000),
            "two words\r\n\0 flush_all".to_owned(),
            String::new(),
            "ü".repeat(70),
        ];
        for name in ["k".repeat(5000), "two words\r\nflush_all\r\n".to_owned()] {
            let entry = cache.entry(name).tags(&tags);
            match way {
                Way::Blocking => entry.set(1).unwrap(),
                Way::Async => run(entry.set_async(1)).unwrap(),
            }
            assert_eq!(entry.get(), Some(1));
            cache.clean(&tags[..3]).unwrap();
            assert_eq!(entry.get::<i32>(), None);
        }
    });
}
