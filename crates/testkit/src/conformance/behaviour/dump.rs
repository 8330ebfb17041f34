//! What `dump` lists: that which a call would hit, and nothing else.
//! Leaves other namespaces to `neighbours`.

use std::time::Duration;

use hermes::FakeClock;

use crate::conformance::{
    asked::AskedCache,
    place::{Place, fresh_namespace},
    slow::elsewhere,
};

/// The tags of all entries that are listed, sorted.
fn tags(cache: &AskedCache) -> Vec<Vec<String>> {
    let mut tags: Vec<_> = cache.dump().unwrap().into_iter().map(|info| info.tags).collect();
    tags.sort();
    tags
}

pub fn a_new_cache_lists_nothing(place: &Place) {
    assert_eq!(place.cache().dump().unwrap(), []);
}

pub fn an_entry_is_listed_with_key_tags_ttl_and_size(place: &Place) {
    let namespace = fresh_namespace();
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.namespace(&namespace).clock(clock.clone()));
    cache.entry("k").tags(["b", "a"]).ttl(Duration::from_secs(600)).set(7_u64).unwrap();
    clock.advance(Duration::from_secs(100));

    let entries = cache.dump().unwrap();

    let [info] = entries.as_slice() else { panic!("there is one entry: {entries:?}") };
    assert!(info.key.to_string().starts_with(&format!("{namespace}:entry:*:")), "{}", info.key);
    assert_eq!(info.tags, ["a", "b"]);
    let left = info.ttl_left;
    assert!((Duration::from_secs(500)..Duration::from_secs(511)).contains(&left), "{left:?}");
    assert!(info.size_bytes > 0);
}

pub fn every_entry_is_listed_once(place: &Place) {
    let cache = place.cache();
    for n in 0..500 {
        cache.entry(n.to_string()).tags([format!("{n:03}")]).set(n).unwrap();
    }

    let expected: Vec<_> = (0..500).map(|n| vec![format!("{n:03}")]).collect();
    assert_eq!(tags(&cache), expected);
}

pub fn what_was_cleaned_or_invalidated_is_not_listed(place: &Place) {
    let cache = place.cache();
    for tag in ["cleaned", "invalidated", "kept"] {
        cache.entry(tag).tags([tag]).set(1).unwrap();
    }

    cache.clean(["cleaned"]).unwrap();
    cache.entry("invalidated").invalidate().unwrap();

    assert_eq!(tags(&cache), [["kept"]]);
    cache.clean_all().unwrap();
    assert_eq!(cache.dump().unwrap(), []);
}

pub fn what_expired_is_not_listed(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.clock(clock.clone()));
    cache.entry("short").ttl(Duration::from_secs(60)).tags(["short"]).set(1).unwrap();
    cache.entry("long").ttl(Duration::from_secs(600)).tags(["long"]).set(1).unwrap();

    clock.advance(Duration::from_secs(100));

    assert_eq!(tags(&cache), [["long"]]);
}

pub fn what_is_being_computed_is_not_listed(place: &Place) {
    let cache = place.cache();
    let listed = cache.entry("k").get_or_compute(|| elsewhere(|| cache.dump().unwrap().len()));

    assert_eq!(listed, 0);
    assert_eq!(cache.dump().unwrap().len(), 1);
}
