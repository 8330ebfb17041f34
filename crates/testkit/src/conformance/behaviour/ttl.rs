//! Entries end with their ttl: by a clock that a story moves, and by real time, which a server goes by.
//! Leaves what else ends an entry to `verbs` and `clean`.

use std::time::Duration;

use hermes::FakeClock;

use crate::{conformance::place::Place, patience::wait_until};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub fn an_entry_ends_with_its_ttl(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(secs(600)).clock(clock.clone()));
    cache.entry("k").get_or_compute(|| 1);

    clock.advance(secs(590));
    assert_eq!(cache.entry("k").get_or_compute(|| 2), 1);
    clock.advance(secs(20));
    assert_eq!(cache.entry("k").get::<i32>(), None);
    assert_eq!(cache.entry("k").get_or_compute(|| 2), 2);
}

pub fn an_entry_may_have_a_ttl_of_its_own(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(secs(600)).clock(clock.clone()));
    cache.entry("short").ttl(secs(100)).set(1).unwrap();
    cache.entry("long").ttl(secs(1000)).get_or_compute(|| 1);

    clock.advance(secs(110));
    assert_eq!(cache.entry("short").get::<i32>(), None);
    clock.advance(secs(500));
    assert_eq!(cache.entry("long").get::<i32>(), Some(1));
    clock.advance(secs(400));
    assert_eq!(cache.entry("long").get::<i32>(), None);
}

pub fn a_hit_does_not_prolong_a_life(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(secs(600)).clock(clock.clone()));
    cache.entry("k").set(1).unwrap();

    for _ in 0..5 {
        clock.advance(secs(110));
        assert_eq!(cache.entry("k").get_or_compute(|| 2), 1);
    }
    clock.advance(secs(110));
    assert_eq!(cache.entry("k").get::<i32>(), None);
}

pub fn jitter_only_shortens(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(secs(600)).jitter(0.5).clock(clock));
    for n in 0..40 {
        cache.entry(n.to_string()).set(n).unwrap();
    }

    let left: Vec<_> = cache.dump().unwrap().iter().map(|info| info.ttl_left).collect();

    assert_eq!(left.len(), 40);
    assert!(left.iter().all(|left| (secs(300)..=secs(601)).contains(left)), "{left:?}");
    assert!(left.iter().min() < left.iter().max(), "{left:?}");
}

pub fn jitter_may_be_less_than_a_percent(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(secs(1000)).jitter(0.004).clock(clock));
    for n in 0..40 {
        cache.entry(n.to_string()).set(n).unwrap();
    }

    let left: Vec<_> = cache.dump().unwrap().iter().map(|info| info.ttl_left).collect();

    assert!(left.iter().all(|left| (secs(995)..=secs(1001)).contains(left)), "{left:?}");
    assert!(left.iter().min() < left.iter().max(), "{left:?}");
}

pub fn an_entry_ends_in_real_time_too(place: &Place) {
    let cache = place.cache();
    cache.entry("k").ttl(Duration::from_millis(50)).set(1).unwrap();
    cache.entry("computed").ttl(Duration::from_millis(50)).get_or_compute(|| 1);
    cache.entry("other").set(2).unwrap();

    wait_until("the entries have ended", || {
        cache.entry("k").get::<i32>().is_none() && cache.entry("computed").get::<i32>().is_none()
    });

    assert_eq!(cache.entry("k").get_or_compute(|| 3), 3);
    assert_eq!(cache.entry("other").get::<i32>(), Some(2));
}
