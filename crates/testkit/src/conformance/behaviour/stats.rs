//! The numbers add up.
//! Leaves what they count to the other stories.

use std::thread;

use crate::{
    conformance::{
        place::Place,
        slow::{Slow, elsewhere},
    },
    patience::wait_until,
};

pub fn hits_misses_and_computations_add_up(place: &Place) {
    let cache = place.cache();
    for name in ["a", "b", "a", "a"] {
        cache.entry(name).get_or_compute(|| 1);
    }
    cache.entry("c").get_or_try_compute(|| Err::<i32, _>("no")).unwrap_err();

    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations), (2, 3, 3));
    assert_eq!((stats.waits, stats.errors, stats.fenced_commits), (0, 0, 0));
}

pub fn to_look_is_no_hit_and_to_set_no_computation(place: &Place) {
    let cache = place.cache();
    cache.entry("k").get::<i32>();
    cache.entry("k").set(1).unwrap();
    cache.entry("k").get::<i32>();

    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations), (0, 0, 0));
}

pub fn who_waits_is_counted(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    thread::scope(|scope| {
        scope.spawn(|| cache.entry("k").get_or_compute(|| slow.compute(1)));
        slow.has_begun();
        scope.spawn(|| cache.entry("k").get_or_compute(|| 2));
        wait_until("the second waits", || cache.stats().waits == 1);
        slow.may_end();
    });

    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations, stats.waits), (0, 2, 1, 1));
}

pub fn a_value_that_was_invalidated_before_it_was_stored_is_counted(place: &Place) {
    let cache = place.cache();
    cache.entry("k").get_or_compute(|| elsewhere(|| cache.entry("k").invalidate()).unwrap());

    assert_eq!(cache.stats().fenced_commits, 1);
}
