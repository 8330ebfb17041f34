//! Caches of several namespaces on one Redis, and others' keys beside them: nobody touches or sees what is not its own.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::{TAG, Way, both_ways, names, run};
use hermes::Cache;
use hermes_testkit::Redis;

/// Names with a meaning in patterns, that begin as others do, or that look like what keys are made of.
const NAMESPACES: [&str; 14] = [
    "cache",
    "cache:2",
    "cache:entry",
    "cache:tag",
    "a",
    "a*",
    "a?",
    "a[b]",
    "ab",
    "a\\",
    "a\\*",
    "a:entry",
    "a:tag",
    "*",
];

fn cache(redis: &Redis, namespace: &str) -> Cache {
    Cache::builder().url(&redis.url()).namespace(namespace).build().unwrap()
}

/// All that is stored, by name.
fn everything(redis: &Redis) -> BTreeMap<String, Vec<u8>> {
    let stored = |name: String| {
        let value = redis.command(&["DUMP", &name]).bytes().to_vec();
        (name, value)
    };
    names(redis, "*").into_iter().map(stored).collect()
}

fn dump(way: Way, cache: &Cache) -> Vec<hermes::EntryInfo> {
    match way {
        Way::Blocking => cache.dump().unwrap(),
        Way::Async => run(cache.dump_async()).unwrap(),
    }
}

#[test]
fn a_namespace_is_cleaned_without_its_neighbours() {
    both_ways(|way| {
        for cleaned in NAMESPACES {
            let redis = Redis::start();
            let caches = NAMESPACES.map(|namespace| cache(&redis, namespace));
            for (cache, value) in caches.iter().zip(0..) {
                way.set(cache, "k", value).unwrap();
            }
            way.clean_all(&cache(&redis, cleaned)).unwrap();
            for ((namespace, cache), value) in NAMESPACES.iter().zip(&caches).zip(0..) {
                let expected = (*namespace != cleaned).then_some(value);
                assert_eq!(way.get(cache, "k"), expected, "{namespace:?} after {cleaned:?} was cleaned");
            }
        }
    });
}

#[test]
fn no_verb_touches_a_key_outside_of_its_namespace() {
    both_ways(|way| {
        for namespace in NAMESPACES {
            let redis = Redis::start();
            for name in
                ["a", "ab", "axb", "cache", "caches", "cache2:entry:x", "x:cache:entry:y", "unrelated", "{a}"]
            {
                redis.command(&["SET", name, "a neighbour's"]);
                redis.command(&["RPUSH", &format!("{name} list"), "a neighbour's"]);
            }
            let before = everything(&redis);
            let cache = cache(&redis, namespace);
            for (doing, report) in way.reports(&cache) {
                report.expect(doing);
            }
            way.compute(&cache, "k", 1);
            way.half_of(&cache, 2);
            way.clean(&cache, TAG).unwrap();
            way.clean_all(&cache).unwrap();
            dump(way, &cache);

            let mut after = everything(&redis);
            after.retain(|name, _| !name.starts_with(&format!("{namespace}:")));
            assert_eq!(after, before, "{namespace:?}");
        }
    });
}

#[test]
fn a_dump_shows_the_entries_of_its_namespace_only() {
    both_ways(|way| {
        let redis = Redis::start();
        for namespace in NAMESPACES {
            let cache = cache(&redis, namespace);
            way.set(&cache, "k", 1).unwrap();
            way.half_of(&cache, 2);
        }
        for namespace in NAMESPACES {
            let listed = dump(way, &cache(&redis, namespace));
            assert_eq!(listed.len(), 2, "{namespace:?}: {listed:#?}");
            for info in listed {
                let name = info.key.to_string();
                assert!(name.starts_with(&format!("{namespace}:entry:")), "{name} in {namespace:?}");
                assert_eq!(info.tags, [TAG]);
                assert_eq!(redis.command(&["EXISTS", &name]).number(), 1);
            }
        }
    });
}

#[test]
fn tags_that_look_like_keys_clean_nothing_else() {
    both_ways(|way| {
        let redis = Redis::start();
        let (ours, theirs) = (cache(&redis, "a"), cache(&redis, "a:tag"));
        way.set(&ours, "k", 1).unwrap();
        way.set(&theirs, "k", 2).unwrap();
        for name in names(&redis, "*") {
            for part in
                [&name[..], name.strip_prefix("a:").unwrap_or(""), name.strip_prefix("a:tag:").unwrap_or("")]
            {
                way.clean(&ours, part).unwrap();
            }
        }
        assert_eq!(way.get(&ours, "k"), Some(1));
        assert_eq!(way.get(&theirs, "k"), Some(2));
    });
}
