//! What each verb costs in round trips to a Redis, whatever the number of tags.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Way, both_ways, current, on, road::Road, run};
use hermes::{Cache, cached};
use hermes_testkit::Redis;

#[cached(current(), name = "square")]
fn square(number: u64) -> u64 {
    number * number
}

#[cached(current(), name = "cube")]
async fn cube(number: u64) -> u64 {
    number * number * number
}

#[test]
fn a_hit_takes_one_trip_and_a_miss_three_whatever_the_number_of_tags() {
    both_ways(|way| {
        let road = Road::<Redis>::of(way);
        for count in [0, 2, 20] {
            let tags: Vec<_> = (0..count).map(|n| format!("tag {n}")).collect();
            way.invalidate(&road.cache, "k").unwrap();
            assert_eq!(road.compute("k", &tags), 3, "a miss with {count} tags");
            assert_eq!(road.compute("k", &tags), 1, "a hit with {count} tags");
            assert_eq!(road.trips(|cache| way.get(cache, "other")), 1);
            assert_eq!(road.set(&tags), 2, "a set with {count} tags");
            assert_eq!(road.compute("k", &tags), 1, "a hit with {count} tags");
            if count > 0 {
                assert_eq!(road.clean(&tags), 1, "a clean of {count} tags");
                assert_eq!(road.compute("k", &tags), 3, "a miss after a clean of {count} tags");
            }
            assert_eq!(road.trips(|cache| way.invalidate(cache, "k").unwrap()), 1);
            assert_eq!(road.trips(|cache| way.clean_all(cache).unwrap()), 1);
            assert_eq!(road.compute("k", &tags), 3, "a miss after a clean of all");
        }
        assert_eq!(road.clean(&[]), 0);
        assert_eq!(road.proxy.connections(), 1);
    });
}

#[test]
fn companions_take_one_trip_and_a_refresh_two() {
    both_ways(|way| {
        let road = Road::<Redis>::of(way);
        let call = |cache: &Cache| {
            on(cache, || match way {
                Way::Blocking => square(3),
                Way::Async => run(cube(3)),
            })
        };
        assert_eq!(road.trips(call), 3);
        assert_eq!(road.trips(call), 1);
        let peek = |cache: &Cache| {
            on(cache, || match way {
                Way::Blocking => square::peek(3),
                Way::Async => run(cube::peek(3)),
            })
        };
        assert_eq!(road.trips(peek), 1);
        let refresh = |cache: &Cache| {
            on(cache, || match way {
                Way::Blocking => square::refresh(3),
                Way::Async => run(cube::refresh(3)),
            })
        };
        assert_eq!(road.trips(refresh), 2);
        let invalidate = |cache: &Cache| {
            on(cache, || match way {
                Way::Blocking => square::invalidate(3),
                Way::Async => run(cube::invalidate(3)),
            })
        };
        assert_eq!(road.trips(|cache| invalidate(cache).unwrap()), 1);
        assert_eq!(road.trips(peek), 1);
        let clear = |cache: &Cache| {
            on(cache, || match way {
                Way::Blocking => square::clear(),
                Way::Async => run(cube::clear()),
            })
        };
        assert_eq!(road.trips(|cache| clear(cache).unwrap()), 1);
        assert_eq!(road.trips(call), 3);
    });
}
