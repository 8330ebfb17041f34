//! What each verb costs in round trips to a memcached, whatever the number of tags.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Way, both_ways, cache, road::Road, run};
use hermes_testkit::{Memcached, Proxy};

#[test]
fn a_hit_takes_one_trip_and_a_miss_two_whatever_the_number_of_tags() {
    both_ways(|way| {
        let road = Road::<Memcached>::of(way);
        for count in [0, 2, 20] {
            let tags: Vec<_> = (0..count).map(|n| format!("tag {n} of {count}")).collect();
            way.invalidate(&road.cache, "k").unwrap();
            assert_eq!(road.compute("k", &tags), if count == 0 { 2 } else { 3 }, "{count} tags, new");
            assert_eq!(road.compute("k", &tags), 1, "a hit with {count} tags");
            assert_eq!(road.trips(|cache| way.invalidate(cache, "k").unwrap()), 1);
            assert_eq!(road.compute("k", &tags), 2, "a miss with {count} tags");
            assert_eq!(road.compute("other", &tags), 2, "a miss with {count} tags");
            assert_eq!(road.trips(|cache| way.get(cache, "none")), 1);
            way.invalidate(&road.cache, "k").unwrap();
            assert_eq!(road.set(&tags), 2, "a set with {count} tags where there is nothing");
            assert_eq!(road.set(&tags), 3, "a set with {count} tags where there is an entry");
            assert_eq!(road.compute("k", &tags), 1, "a hit with {count} tags");
            if count > 0 {
                assert_eq!(road.clean(&tags), 1, "a clean of {count} tags");
                assert_eq!(road.compute("k", &tags), 3, "a miss after a clean of {count} tags");
                assert_eq!(road.compute("other", &tags), 3, "a miss after a clean, with tags that are new");
                assert_eq!(road.compute("other", &tags), 1, "a hit with {count} tags");
            }
            assert_eq!(road.trips(|cache| way.clean_all(cache).unwrap()), 1);
            assert_eq!(road.compute("k", &tags), 3, "a miss after a clean of all");
            way.invalidate(&road.cache, "other").unwrap();
        }
        assert_eq!(road.clean(&[]), 0);
        assert_eq!(road.proxy.connections(), 1);
    });
}

#[test]
fn a_clean_takes_one_trip_to_each_of_several_servers() {
    both_ways(|way| {
        let servers = [Memcached::start(), Memcached::start()];
        let proxies = servers.each_ref().map(|server| Proxy::to(server.address()));
        let [one, other] = &proxies;
        let cache = cache(&format!("{},{}", one.url_for("memcached"), other.address()));
        let tags: Vec<_> = (0..20).map(|n| format!("tag {n}")).collect();
        let trips = || proxies.each_ref().map(Proxy::round_trips);
        let clean = || match way {
            Way::Blocking => cache.clean(&tags).unwrap(),
            Way::Async => run(cache.clean_async(&tags)).unwrap(),
        };
        clean();
        let [one_before, other_before] = trips();
        clean();
        let [one_after, other_after] = trips();
        // What is longer than a packet may be said in two breaths.
        assert!((1..=2).contains(&(one_after - one_before)), "{}", one_after - one_before);
        assert!((1..=2).contains(&(other_after - other_before)), "{}", other_after - other_before);

        way.compute(&cache, "k", 1);
        let [one_before, other_before] = trips();
        assert_eq!(way.compute(&cache, "k", 2), 1);
        way.invalidate(&cache, "k").unwrap();
        let [one_after, other_after] = trips();
        assert_eq!((one_after - one_before) + (other_after - other_before), 2, "each to one server");
    });
}
