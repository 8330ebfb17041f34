//! Loaders that use the cache themselves, also where they ask for what they compute.
//! Leaves loaders in tasks to `tasks`.

use crate::conformance::{asked::AskedCache, place::Place};

fn fibonacci(cache: &AskedCache, n: u64) -> u64 {
    let loader = || if n < 2 { n } else { fibonacci(cache, n - 1) + fibonacci(cache, n - 2) };
    cache.entry(format!("fibonacci of {n}")).tags(["fibonacci"]).get_or_compute(loader)
}

pub fn a_loader_may_ask_for_other_entries(place: &Place) {
    let cache = place.cache();

    assert_eq!(fibonacci(&cache, 30), 832_040);
    assert_eq!(cache.stats().computations, 31);
    assert_eq!(fibonacci(&cache, 30), 832_040);
    assert_eq!(cache.stats().computations, 31);

    cache.clean(["fibonacci"]).unwrap();
    assert_eq!(fibonacci(&cache, 10), 55);
    assert_eq!(cache.stats().computations, 42);
}

pub fn a_loader_that_asks_for_its_own_result_computes(place: &Place) {
    let cache = place.cache();

    let value = cache.entry("k").get_or_compute(|| cache.entry("k").get_or_compute(|| 1) + 1);

    assert_eq!(value, 2);
    assert_eq!(cache.entry("k").get::<i32>(), Some(2));
}

pub fn two_loaders_that_ask_for_each_other_compute(place: &Place) {
    let cache = place.cache();
    let a = |inner: &dyn Fn() -> i32| cache.entry("a").get_or_compute(|| inner() + 1);
    let b = |inner: &dyn Fn() -> i32| cache.entry("b").get_or_compute(|| inner() + 10);

    let value = a(&|| b(&|| a(&|| 0)));

    assert_eq!(value, 12);
    assert_eq!(cache.entry("a").get::<i32>(), Some(12));
}

pub fn a_loader_may_set_and_invalidate_other_entries(place: &Place) {
    let cache = place.cache();
    cache.entry("old").set(1).unwrap();

    let value = cache.entry("k").get_or_compute(|| {
        cache.entry("new").set(2).unwrap();
        cache.entry("old").invalidate().unwrap();
        3
    });

    assert_eq!(value, 3);
    assert_eq!(cache.entry("k").get::<i32>(), Some(3));
    assert_eq!(cache.entry("new").get::<i32>(), Some(2));
    assert_eq!(cache.entry("old").get::<i32>(), None);
}
