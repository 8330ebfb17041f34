//! What each verb costs in round trips to a Redis, whatever the number of tags.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Way, both_ways, cache, current, on, run};
use hermes::{Cache, Error, cached};
use hermes_testkit::{Proxy, Redis};

#[cached(current(), name = "square")]
fn square(number: u64) -> u64 {
    number * number
}

#[cached(current(), name = "cube")]
async fn cube(number: u64) -> u64 {
    number * number * number
}

/// A server, the way to it, and a cache whose connection is open.
struct Road {
    _redis: Redis,
    proxy: Proxy,
    cache: Cache,
    way: Way,
}

impl Road {
    fn of(way: Way) -> Self {
        let redis = Redis::start();
        let proxy = Proxy::to(redis.address());
        let cache = cache(&proxy.url_for("redis"));
        // The server learns the scripts, too.
        way.compute(&cache, "warm", 1);
        way.try_compute(&cache, "fails", || Err(())).unwrap_err();
        Self { _redis: redis, proxy, cache, way }
    }

    fn trips<T>(&self, story: impl FnOnce(&Cache) -> T) -> usize {
        let before = self.proxy.round_trips();
        story(&self.cache);
        self.proxy.round_trips() - before
    }

    fn compute(&self, tags: &[String]) -> usize {
        self.trips(|cache| {
            let entry = cache.entry("k").tags(tags);
            match self.way {
                Way::Blocking => entry.get_or_compute(|| 1),
                Way::Async => run(entry.get_or_compute_async(async || 1)),
            }
        })
    }

    fn set(&self, tags: &[String]) -> usize {
        self.trips(|cache| {
            let entry = cache.entry("k").tags(tags);
            let done: Result<(), Error> = match self.way {
                Way::Blocking => entry.set(1),
                Way::Async => run(entry.set_async(1)),
            };
            done.unwrap();
        })
    }

    fn clean(&self, tags: &[String]) -> usize {
        self.trips(|cache| {
            let done = match self.way {
                Way::Blocking => cache.clean(tags),
                Way::Async => run(cache.clean_async(tags)),
            };
            done.unwrap();
        })
    }
}

#[test]
fn a_hit_takes_one_trip_and_a_miss_three_whatever_the_number_of_tags() {
    both_ways(|way| {
        let road = Road::of(way);
        for count in [0, 2, 20] {
            let tags: Vec<_> = (0..count).map(|n| format!("tag {n}")).collect();
            way.invalidate(&road.cache, "k").unwrap();
            assert_eq!(road.compute(&tags), 3, "a miss with {count} tags");
            assert_eq!(road.compute(&tags), 1, "a hit with {count} tags");
            assert_eq!(road.trips(|cache| way.get(cache, "other")), 1);
            assert_eq!(road.set(&tags), 2, "a set with {count} tags");
            assert_eq!(road.compute(&tags), 1, "a hit with {count} tags");
            if count > 0 {
                assert_eq!(road.clean(&tags), 1, "a clean of {count} tags");
                assert_eq!(road.compute(&tags), 3, "a miss after a clean of {count} tags");
            }
            assert_eq!(road.trips(|cache| way.invalidate(cache, "k").unwrap()), 1);
            assert_eq!(road.trips(|cache| way.clean_all(cache).unwrap()), 1);
            assert_eq!(road.compute(&tags), 3, "a miss after a clean of all");
        }
        assert_eq!(road.clean(&[]), 0);
        assert_eq!(road.proxy.connections(), 1);
    });
}

#[test]
fn companions_take_one_trip_and_a_refresh_two() {
    both_ways(|way| {
        let road = Road::of(way);
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
