//! Tags, and what a clean of them drops.
//! Leaves odd texts to `odd`, and cleans in the middle of a computation to `races`.

use crate::conformance::{asked::AskedCache, place::Place};

fn computed(cache: &AskedCache, name: &str, tags: &[&str]) -> bool {
    let mut computed = false;
    cache.entry(name).tags(tags).get_or_compute(|| computed = true);
    computed
}

pub fn a_clean_drops_the_entries_with_the_tag_and_no_others(place: &Place) {
    let cache = place.cache();
    let entries: [(&str, &[&str]); 4] = [("a", &["a"]), ("ab", &["a", "b"]), ("b", &["b"]), ("none", &[])];
    for (name, tags) in entries {
        assert!(computed(&cache, name, tags), "{name}");
    }

    cache.clean(["a"]).unwrap();

    let again: Vec<_> = entries.map(|(name, tags)| computed(&cache, name, tags)).into();
    assert_eq!(again, [true, true, false, false]);
}

pub fn a_clean_of_several_tags_drops_what_has_any_of_them(place: &Place) {
    let cache = place.cache();
    let entries: [(&str, &[&str]); 4] = [("a", &["a"]), ("b", &["b", "c"]), ("c", &["c"]), ("d", &["d"])];
    for (name, tags) in entries {
        computed(&cache, name, tags);
    }

    cache.clean(["a", "b", "nobody has it", "a"]).unwrap();

    let again: Vec<_> = entries.map(|(name, tags)| computed(&cache, name, tags)).into();
    assert_eq!(again, [true, true, false, false]);
}

pub fn a_clean_of_no_tags_drops_nothing(place: &Place) {
    let cache = place.cache();
    computed(&cache, "k", &["a"]);

    cache.clean([""; 0]).unwrap();

    assert!(!computed(&cache, "k", &["a"]));
}

pub fn clean_all_drops_everything(place: &Place) {
    let cache = place.cache();
    computed(&cache, "tagged", &["a"]);
    computed(&cache, "plain", &[]);

    cache.clean_all().unwrap();

    assert_eq!(cache.dump().unwrap(), []);
    assert!(computed(&cache, "tagged", &["a"]));
    assert!(computed(&cache, "plain", &[]));
}

pub fn what_is_kept_after_a_clean_stays(place: &Place) {
    let cache = place.cache();
    for clean in [|cache: &AskedCache| cache.clean(["a"]), AskedCache::clean_all] {
        computed(&cache, "k", &["a", "b"]);
        clean(&cache).unwrap();
        assert!(computed(&cache, "k", &["a", "b"]));
        assert!(!computed(&cache, "k", &["a", "b"]));
    }
}

pub fn tags_have_no_order_and_no_copies(place: &Place) {
    let cache = place.cache();
    assert!(computed(&cache, "k", &["b", "a", "b"]));

    assert!(!computed(&cache, "k", &["a", "b"]));
    cache.clean(["b", "b"]).unwrap();
    assert!(computed(&cache, "k", &["a", "b", "a"]));
}

pub fn who_computes_under_other_tags_misses(place: &Place) {
    let cache = place.cache();
    computed(&cache, "k", &["a"]);

    assert!(computed(&cache, "k", &["a", "b"]));
    assert!(computed(&cache, "k", &[]));
}

pub fn an_entry_may_have_many_tags(place: &Place) {
    let cache = place.cache();
    let tags: Vec<_> = (0..300).map(|n| format!("tag {n}")).collect();
    let entry = || cache.entry("k").tags(&tags);
    entry().set(1).unwrap();
    assert_eq!(entry().get::<i32>(), Some(1));

    cache.clean(["tag 123"]).unwrap();

    assert_eq!(entry().get::<i32>(), None);
}
