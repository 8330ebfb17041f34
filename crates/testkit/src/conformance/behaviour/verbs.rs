//! The verbs of one entry, one after the other.
//! Leaves tags to `clean`, and what happens at once to `flights` and `races`.

use crate::conformance::place::Place;

pub fn a_value_is_computed_once(place: &Place) {
    let cache = place.cache();

    assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
    assert_eq!(cache.entry("k").get_or_compute(|| 2), 1);
    assert_eq!(cache.entry("other").get_or_compute(|| 3), 3);
}

pub fn a_look_computes_nothing(place: &Place) {
    let cache = place.cache();

    assert_eq!(cache.entry("k").get::<i32>(), None);
    cache.entry("k").get_or_compute(|| 1);
    assert_eq!(cache.entry("k").get::<i32>(), Some(1));
    assert_eq!(cache.entry("other").get::<i32>(), None);
}

pub fn a_set_puts_a_value_in(place: &Place) {
    let cache = place.cache();

    cache.entry("k").set(1).unwrap();

    assert_eq!(cache.entry("k").get::<i32>(), Some(1));
    assert_eq!(cache.entry("k").get_or_compute(|| -> i32 { unreachable!("it is there") }), 1);
}

pub fn a_set_replaces_what_is_there(place: &Place) {
    let cache = place.cache();
    cache.entry("k").get_or_compute(|| "computed".to_owned());

    cache.entry("k").set("set".to_owned()).unwrap();
    cache.entry("k").set("set again".to_owned()).unwrap();

    assert_eq!(cache.entry("k").get::<String>().as_deref(), Some("set again"));
}

pub fn an_invalidation_takes_one_entry_out(place: &Place) {
    let cache = place.cache();
    cache.entry("k").set(1).unwrap();
    cache.entry("other").set(2).unwrap();

    cache.entry("k").invalidate().unwrap();

    assert_eq!(cache.entry("k").get::<i32>(), None);
    assert_eq!(cache.entry("other").get::<i32>(), Some(2));
    assert_eq!(cache.entry("k").get_or_compute(|| 3), 3);
    assert_eq!(cache.entry("k").get::<i32>(), Some(3));
}

pub fn an_invalidation_finds_an_entry_whatever_its_tags(place: &Place) {
    let cache = place.cache();
    cache.entry("k").tags(["a", "b"]).set(1).unwrap();

    cache.entry("k").invalidate().unwrap();

    assert_eq!(cache.entry("k").tags(["a", "b"]).get::<i32>(), None);
}

pub fn an_invalidation_of_nothing_is_no_error(place: &Place) {
    let cache = place.cache();

    cache.entry("k").invalidate().unwrap();
    cache.entry("k").invalidate().unwrap();

    assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
}
