//! What cannot be stored, or is stored where an entry should be, costs computations and never the call.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{TAG, Way, both_ways, cache, kind::with_an_entry, names, run, soon, works_again};
use hermes::ErrorKind;
use hermes_testkit::Redis;
use serde::{Deserialize, Serialize, Serializer};

#[test]
fn keys_of_another_type_are_overwritten() {
    both_ways(|way| {
        for kind in ["entry", "lease", "tag"] {
            for garbage in [&["LPUSH", "1"][..], &["SET", "\u{1}garbage"], &["SET", ""]] {
                let (redis, cache) = with_an_entry::<Redis>(way, "");
                let name = match names(&redis, &format!("*{kind}*")).pop() {
                    Some(name) => name,
                    None => names(&redis, "*:entry:*")[0].replacen("entry", "lease", 1),
                };
                way.invalidate(&cache, "k").unwrap();
                redis.command(&["DEL", &name]);
                redis.command(&[garbage[0], &name, garbage[1]]);
                assert_eq!(soon(|| way.compute(&cache, "k", 2)), 2, "{garbage:?} in {name}");
                assert_eq!(
                    soon(|| way.compute(&self::cache(&redis.url()), "k", 3)),
                    2,
                    "{garbage:?} in {name}"
                );
                works_again(way, &cache);
            }
        }
    });
}

#[test]
fn an_entry_may_have_thousands_of_tags() {
    let redis = Redis::start();
    let cache = cache(&format!("{}?timeout=5s", redis.url()));
    let tags: Vec<_> = (0..10_000).map(|number| format!("tag:{number}")).collect();
    let entry = cache.entry("k").tags(&tags);
    assert_eq!(entry.get_or_compute(|| 1), 1);
    assert_eq!(entry.get_or_compute(|| 2), 1);
    entry.set(3).unwrap();
    assert_eq!(entry.get::<u64>(), Some(3));
    cache.clean(["tag:9999"]).unwrap();
    assert_eq!(entry.get::<u64>(), None);
    cache.clean(&tags).unwrap();
    assert_eq!(cache.stats().errors, 0);
}

#[test]
fn a_value_above_the_limit_is_returned_uncached_and_counted() {
    both_ways(|way| {
        let redis = Redis::start();
        let cache = cache(&format!("{}?value_limit=1000", redis.url()));
        let large = "x".repeat(2000);
        for _ in 0..2 {
            let value = soon(|| match way {
                Way::Blocking => cache.entry("k").get_or_compute(|| large.clone()),
                Way::Async => run(cache.entry("k").get_or_compute_async(async || large.clone())),
            });
            assert_eq!(value, large);
        }
        assert_eq!(cache.stats().computations, 2);
        assert_eq!(cache.stats().errors, 2);
        let error = cache.entry("k").set(large).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(error.to_string().contains("1000"), "{error}");
        works_again(way, &cache);
    });
}

/// A value that has no bytes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Secretive;

impl Serialize for Secretive {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it does not tell"))
    }
}

#[test]
fn a_value_that_cannot_be_serialized_is_returned_uncached_and_counted() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    for _ in 0..2 {
        assert_eq!(soon(|| cache.entry("k").get_or_compute(|| Secretive)), Secretive);
    }
    assert_eq!(soon(|| run(cache.entry("k").get_or_compute_async(async || Secretive))), Secretive);
    assert_eq!(cache.stats().computations, 3);
    assert_eq!(cache.stats().errors, 3);
    let error = cache.entry("k").set(Secretive).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    assert!(error.to_string().contains("it does not tell"), "{error}");
}

#[test]
fn an_entry_of_another_type_is_a_miss_and_is_replaced() {
    both_ways(|way| {
        let (_redis, cache) = with_an_entry::<Redis>(way, "");
        cache.entry("k").tags([TAG]).set("text".to_owned()).unwrap();
        assert_eq!(way.get(&cache, "k"), None);
        assert_eq!(soon(|| way.compute(&cache, "k", 2)), 2);
        assert_eq!(way.get(&cache, "k"), Some(2));
    });
}

#[test]
fn an_entry_with_a_thousand_tags_is_listed_with_all_of_them() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    cache.entry("few").tags(["t"]).set(1).unwrap();
    cache.entry("many").tags((0..1000).map(|n| format!("t{n}"))).set(vec![0u8; 10_000]).unwrap();
    cache.entry("few, and large").tags(["t"]).set(vec![0u8; 10_000]).unwrap();
    for mut listed in [cache.dump().unwrap(), run(cache.dump_async()).unwrap()] {
        listed.sort_by_key(|entry| entry.tags.len());
        assert_eq!(listed.iter().map(|entry| entry.tags.len()).collect::<Vec<_>>(), [1, 1, 1000]);
        assert!(listed[2].size_bytes > 10_000);
    }
}
