//! Which results are kept: of a `Result` only an `Ok`, of an `Option` both, and nothing without a ttl.
//! Leaves the rest of ttls to `ttl`.

use std::time::Duration;

use hermes::ErrorKind;

use crate::conformance::place::Place;

pub fn only_an_ok_is_kept(place: &Place) {
    let cache = place.cache();
    let entry = cache.entry("k");

    assert_eq!(entry.get_or_try_compute(|| Err::<i32, _>("no")), Err("no"));
    assert_eq!(entry.get::<i32>(), None);
    assert_eq!(entry.get_or_try_compute(|| Ok::<_, &str>(1)), Ok(1));
    assert_eq!(entry.get_or_try_compute(|| Err::<i32, _>("no")), Ok(1));
}

pub fn an_err_leaves_the_key_free(place: &Place) {
    let cache = place.cache();
    let entry = cache.entry("k");

    for attempt in 1..=3 {
        assert_eq!(entry.get_or_try_compute(|| Err::<i32, _>(attempt)), Err(attempt));
    }

    assert_eq!(entry.get_or_compute(|| 1), 1);
}

pub fn both_kinds_of_option_are_kept(place: &Place) {
    let cache = place.cache();

    assert_eq!(cache.entry("none").get_or_compute(|| None::<i32>), None);
    assert_eq!(cache.entry("some").get_or_compute(|| Some(1)), Some(1));

    assert_eq!(cache.entry("none").get_or_compute(|| Some(2)), None);
    assert_eq!(cache.entry("none").get::<Option<i32>>(), Some(None));
    assert_eq!(cache.entry("some").get_or_compute(|| None), Some(1));
}

pub fn what_has_no_ttl_is_not_kept(place: &Place) {
    let cache = place.cache();
    let entry = cache.entry("k").ttl(Duration::ZERO);

    assert_eq!(entry.get_or_compute(|| 1), 1);
    assert_eq!(entry.get::<i32>(), None);
    assert_eq!(entry.get_or_compute(|| 2), 2);
    assert_eq!(cache.dump().unwrap(), []);
}

pub fn what_was_not_kept_once_may_be_kept_the_next_time(place: &Place) {
    let cache = place.cache();
    cache.entry("k").ttl(Duration::ZERO).get_or_compute(|| 1);

    cache.entry("k").set(2).unwrap();

    assert_eq!(cache.entry("k").get::<i32>(), Some(2));
}

pub fn a_set_without_a_ttl_is_refused(place: &Place) {
    let cache = place.cache();

    let error = cache.entry("k").ttl(Duration::ZERO).set(1).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Argument);
    assert_eq!(cache.entry("k").get::<i32>(), None);
}

pub fn another_type_under_the_same_name_is_a_miss(place: &Place) {
    let cache = place.cache();
    cache.entry("k").set(1_u8).unwrap();

    assert_eq!(cache.entry("k").get::<String>(), None);
    assert_eq!(cache.entry("k").get_or_compute(|| "one".to_owned()), "one");
}

pub fn another_type_under_the_same_name_is_replaced(place: &Place) {
    let cache = place.cache();
    cache.entry("k").set("one".to_owned()).unwrap();

    assert_eq!(cache.entry("k").get_or_compute(|| vec![1, 2]), [1, 2]);

    assert_eq!(cache.entry("k").get_or_compute(|| -> Vec<i32> { unreachable!("it is there") }), [1, 2]);
    assert_eq!(cache.entry("k").get::<String>(), None);
}
