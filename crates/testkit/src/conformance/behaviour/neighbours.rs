//! Caches that share a place: those of one namespace have the same entries, those of others see and touch nothing.
//! Leaves what happens at once to `races` and `flights`.

use crate::conformance::{
    asked::AskedCache,
    place::{Place, fresh_namespace},
};

/// Names that are hard to keep apart: pieces of each other, patterns for each other, or like what is put behind them.
fn neighbouring_namespaces() -> Vec<String> {
    let name = fresh_namespace();
    let ends = ["", "x", "*", "?", "[x]", "\\", "é", ":", ":entry", ":tag", ":tag:", ":x:entry"];
    ends.iter().map(|end| format!("{name}{end}")).collect()
}

fn keep_there(cache: &AskedCache, value: &str) {
    cache.entry("k").tags(["t", "entry:t", "x"]).set(value.to_owned()).unwrap();
}

fn look(cache: &AskedCache) -> Option<String> {
    cache.entry("k").tags(["t", "entry:t", "x"]).get()
}

pub fn neighbours_have_entries_of_their_own(place: &Place) {
    let namespaces = neighbouring_namespaces();
    let caches: Vec<_> = namespaces.iter().map(|namespace| place.cache_in(namespace)).collect();
    for (cache, namespace) in caches.iter().zip(&namespaces) {
        assert_eq!(look(cache), None, "{namespace}");
        keep_there(cache, namespace);
    }

    for (cache, namespace) in caches.iter().zip(&namespaces) {
        assert_eq!(look(cache).as_ref(), Some(namespace));
        let dump = cache.dump().unwrap();
        assert_eq!(dump.len(), 1, "{namespace}: {dump:?}");
        assert_eq!(dump[0].tags, ["entry:t", "t", "x"]);
    }
}

pub fn neighbours_clean_and_invalidate_nothing_of_each_other(place: &Place) {
    let namespaces = neighbouring_namespaces();
    let caches: Vec<_> = namespaces.iter().map(|namespace| place.cache_in(namespace)).collect();
    for (cache, namespace) in caches.iter().zip(&namespaces) {
        keep_there(cache, namespace);
    }

    for (number, cache) in caches.iter().enumerate() {
        cache.clean(["t"]).unwrap();
        cache.entry("k").invalidate().unwrap();
        cache.clean_all().unwrap();
        assert_eq!(look(cache), None);
        for (other, namespace) in caches.iter().zip(&namespaces).skip(number + 1) {
            assert_eq!(look(other).as_ref(), Some(namespace));
        }
    }
}

pub fn caches_of_one_namespace_have_the_same_entries(place: &Place) {
    if !place.is_shared() {
        return;
    }
    let namespace = fresh_namespace();
    let (ours, theirs) = (place.cache_in(&namespace), place.cache_in(&namespace));
    keep_there(&ours, "ours");

    assert_eq!(look(&theirs).as_deref(), Some("ours"));
    keep_there(&theirs, "theirs");
    assert_eq!(look(&ours).as_deref(), Some("theirs"));
    assert_eq!(ours.dump().unwrap().len(), 1);
    assert_eq!(theirs.dump().unwrap().len(), 1);
}

pub fn caches_of_one_namespace_see_each_others_invalidations(place: &Place) {
    if !place.is_shared() {
        return;
    }
    let namespace = fresh_namespace();
    let (ours, theirs) = (place.cache_in(&namespace), place.cache_in(&namespace));
    for invalidate in [
        |cache: &AskedCache| cache.entry("k").invalidate(),
        |cache: &AskedCache| cache.clean(["x"]),
        AskedCache::clean_all,
    ] {
        keep_there(&ours, "ours");
        assert_eq!(look(&theirs).as_deref(), Some("ours"));

        invalidate(&theirs).unwrap();

        assert_eq!(look(&ours), None);
        assert_eq!(look(&theirs), None);
    }
}

pub fn private_places_share_nothing(place: &Place) {
    if place.is_shared() {
        return;
    }
    let namespace = fresh_namespace();
    let (ours, theirs) = (place.cache_in(&namespace), place.cache_in(&namespace));
    keep_there(&ours, "ours");

    assert_eq!(look(&theirs), None);
    theirs.clean_all().unwrap();
    assert_eq!(look(&ours).as_deref(), Some("ours"));
}

pub fn a_clone_is_the_same_cache(place: &Place) {
    let cache = place.cache();
    let clone = cache.clone();
    keep_there(&clone, "value");

    assert_eq!(look(&cache).as_deref(), Some("value"));
    assert_eq!(cache.entry("k").tags(["t", "entry:t", "x"]).get_or_compute(String::new), "value");
    assert_eq!(clone.stats().hits, 1);
}
