//! One computation for all who ask at once, and who takes over where it fails.
//! Leaves invalidations meanwhile to `races`, and dropped futures to `tasks`.

use std::{
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    thread,
    time::Duration,
};

use crate::{
    conformance::{
        place::{Place, fresh_namespace},
        slow::Slow,
    },
    patience::wait_until,
};

const THREADS: u64 = 8;

pub fn threads_that_ask_at_once_share_one_computation(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    let computations = AtomicU32::new(0);
    let ask = || {
        cache.entry("k").tags(["t"]).get_or_compute(|| {
            computations.fetch_add(1, SeqCst);
            slow.compute("value".to_owned())
        })
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        wait_until("all but one wait", || cache.stats().waits == THREADS - 1);
        slow.may_end();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), "value");
        }
    });

    assert_eq!(computations.into_inner(), 1);
    assert_eq!(cache.stats().computations, 1);
}

pub fn computations_of_other_keys_do_not_wait(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    thread::scope(|scope| {
        scope.spawn(|| cache.entry("slow").tags(["t"]).get_or_compute(|| slow.compute(1)));
        slow.has_begun();

        assert_eq!(cache.entry("quick").tags(["t"]).get_or_compute(|| 2), 2);
        assert_eq!(cache.entry("slow").get::<i32>(), None);
        slow.may_end();
    });
    assert_eq!(cache.stats().waits, 0);
}

pub fn a_leader_that_fails_hands_over(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    thread::scope(|scope| {
        let leader =
            scope.spawn(|| cache.entry("k").get_or_try_compute(|| slow.compute(Err::<i32, _>("no"))));
        slow.has_begun();
        let follower = scope.spawn(|| cache.entry("k").get_or_try_compute(|| Ok::<_, &str>(2)));
        wait_until("the follower waits", || cache.stats().waits == 1);

        slow.may_end();

        assert_eq!(leader.join().unwrap(), Err("no"));
        assert_eq!(follower.join().unwrap(), Ok(2));
    });
    assert_eq!(cache.entry("k").get::<i32>(), Some(2));
}

pub fn a_leader_that_panics_hands_over(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            cache.entry("k").get_or_compute(|| -> i32 {
                slow.compute(());
                panic!("as the story wants it")
            })
        });
        slow.has_begun();
        let follower = scope.spawn(|| cache.entry("k").get_or_compute(|| 2));
        wait_until("the follower waits", || cache.stats().waits == 1);

        slow.may_end();

        assert!(leader.join().is_err());
        assert_eq!(follower.join().unwrap(), 2);
    });
    assert_eq!(cache.entry("k").get::<i32>(), Some(2));
}

pub fn a_key_is_free_after_a_panic(place: &Place) {
    let cache = place.cache();
    thread::scope(|scope| {
        let panics = || cache.entry("k").get_or_compute(|| -> i32 { panic!("as the story wants it") });
        assert!(scope.spawn(panics).join().is_err());
    });

    assert_eq!(cache.entry("k").get_or_compute(|| 1), 1);
    assert_eq!(cache.entry("k").get::<i32>(), Some(1));
}

pub fn a_crowd_does_not_fail_one_after_the_other(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    let fail = |_| cache.entry("k").get_or_try_compute(|| slow.compute(Err::<i32, _>("no")));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || fail(n))).collect();
        wait_until("all but one wait", || cache.stats().waits == THREADS - 1);
        slow.may_end();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Err("no"));
        }
    });
    assert_eq!(cache.entry("k").get::<i32>(), None);
}

pub fn a_value_that_may_not_be_kept_is_for_all_who_wait(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    let ask = || cache.entry("k").ttl(Duration::ZERO).get_or_compute(|| slow.compute(1));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        wait_until("all but one wait", || cache.stats().waits == THREADS - 1);
        slow.may_end();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 1);
        }
    });
    assert_eq!(cache.stats().computations, 1);
}

pub fn two_caches_of_a_place_share_one_computation(place: &Place) {
    if !place.is_shared() {
        return;
    }
    let namespace = fresh_namespace();
    let (ours, theirs) = (place.cache_in(&namespace), place.cache_in(&namespace));
    let slow = Slow::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| ours.entry("k").get_or_compute(|| slow.compute(1)));
        slow.has_begun();
        let follower =
            scope.spawn(|| theirs.entry("k").get_or_compute(|| -> i32 { unreachable!("it waits") }));
        wait_until("the other cache waits", || theirs.stats().waits > 0);

        slow.may_end();

        assert_eq!(leader.join().unwrap(), 1);
        assert_eq!(follower.join().unwrap(), 1);
    });
}
