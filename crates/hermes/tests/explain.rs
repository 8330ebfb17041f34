//! What an explanation says where a server's trouble, or the call itself, is the reason; and of cached functions.
//! Leaves what every place has in common to the conformance suite.
#![cfg(all(feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{current, on, run};
use hermes::{Cache, Cleaned, ErrorKind, Explanation, Leader, Why, cached, cached_methods};
use serde::{Serialize, Serializer, ser::Error as _};

#[cached(current(), name = "square", tags = ["number:{number}", "squares"])]
fn square(number: u64) -> u64 {
    number * number
}

#[cached(current(), name = "cube", tags = ["cubes"])]
async fn cube(number: u64) -> u64 {
    number * number * number
}

/// The path of a function in here cannot stand in a server's names as it is.
mod tag {
    use super::*;

    #[cached(current(), tags = ["posts"])]
    pub(super) fn posts(blog: u64) -> u64 {
        blog
    }
}

struct Shop;

#[cached_methods(current())]
impl Shop {
    #[cached(name = "price", tags = ["prices"])]
    fn price(&self, book: u64) -> u64 {
        book
    }
}

struct Mute;

impl Serialize for Mute {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("it says nothing"))
    }
}

#[cached(current(), name = "heard")]
fn heard(_who: &Mute) -> u64 {
    1
}

fn miss(explanation: Explanation) -> (Why, Leader) {
    match explanation {
        Explanation::Miss { why, leader } => (why, leader),
        other => panic!("{other}"),
    }
}

#[test]
fn companions_explain_their_calls() {
    let cache = Cache::from_url("memory://").unwrap();
    on(&cache, || {
        assert_eq!(miss(square::explain(3)), (Why::Absent, Leader::Nobody));
        square(3);
        assert!(matches!(square::explain(3), Explanation::Hit { .. }));
        assert!(matches!(run(square::explain_async(3)), Explanation::Hit { .. }));
        cache.clean(["number:3"]).unwrap();
        let named = Why::Cleaned(vec![Cleaned::Tag("number:3".to_owned())]);
        assert_eq!(miss(square::explain(3)).0, named);

        run(cube(3));
        run(cube::clear()).unwrap();
        assert_eq!(miss(run(cube::explain(3))).0, Why::Cleaned(vec![Cleaned::Function]));

        Shop.price(7);
        assert!(matches!(Shop.explain_price(7), Explanation::Hit { .. }));
        assert!(matches!(run(Shop.explain_price_async(7)), Explanation::Hit { .. }));
    });
}

#[test]
fn a_call_that_cannot_be_cached_says_why() {
    let cache = Cache::from_url("memory://").unwrap();
    let Explanation::Uncached(error) = on(&cache, || heard::explain(&Mute)) else { panic!("it has no key") };
    assert_eq!(error.kind(), ErrorKind::Argument);

    let nowhere = Cache::from_url("noop://").unwrap();
    let explained = nowhere.entry("k").explain::<u64>().to_string();
    assert!(explained.ends_with("noop:// keeps nothing"), "{explained}");
}

#[cfg(feature = "redis")]
mod redis {
    use common::both_ways;
    use hermes_testkit::{Proxy, Redis};

    use super::*;
    use crate::common::Way;

    fn explained(way: Way, cache: &Cache) -> Explanation {
        let entry = cache.entry("k").tags([common::TAG]);
        match way {
            Way::Blocking => entry.explain::<u64>(),
            Way::Async => run(entry.explain_async::<u64>()),
        }
    }

    #[test]
    fn an_entry_from_before_a_restart_is_of_another_history() {
        both_ways(|way| {
            let redis = Redis::start();
            let cache = common::cache(&redis.url());
            way.compute(&cache, "k", 1);
            redis.command(&["SAVE"]);
            redis.kill();
            redis.start_again();
            hermes_testkit::wait_until("the server is back", || {
                matches!(explained(way, &cache), Explanation::Miss { why: Why::OtherHistory, .. })
            });
        });
    }

    #[test]
    fn bytes_that_are_no_entry_are_told_from_nothing() {
        both_ways(|way| {
            let redis = Redis::start();
            let cache = common::cache(&redis.url());
            way.compute(&cache, "k", 1);
            let name = cache.dump().unwrap()[0].key.to_string();
            redis.command(&["SET", &name, "garbage"]);
            assert_eq!(miss(explained(way, &cache)).0, Why::OtherFormat(b'g'));
            redis.command(&["SET", &name, "\u{1}garbage"]);
            let why = miss(explained(way, &cache)).0;
            assert!(matches!(why, Why::Undecodable(_)), "{why}");
        });
    }

    #[test]
    fn a_server_that_does_not_answer_is_the_reason() {
        both_ways(|way| {
            let redis = Redis::start();
            let cache = common::cache(&redis.url());
            way.compute(&cache, "k", 1);
            redis.kill();
            let Explanation::Uncached(error) = explained(way, &cache) else { panic!("nobody is there") };
            assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
        });
    }

    #[test]
    fn a_function_that_was_cleared_is_told_wherever_it_stands() {
        let redis = Redis::start();
        on(&common::cache(&redis.url()), || {
            tag::posts(1);
            tag::posts::clear().unwrap();
            assert_eq!(miss(tag::posts::explain(1)).0, Why::Cleaned(vec![Cleaned::Function]));
        });
    }

    #[test]
    fn an_explanation_takes_one_trip_and_leaves_no_trace() {
        both_ways(|way| {
            let redis = Redis::start();
            let proxy = Proxy::to(redis.address());
            let cache = common::cache(&proxy.url_for("redis"));
            way.get(&cache, "warm");
            let before = proxy.round_trips();
            assert_eq!(miss(explained(way, &cache)), (Why::Absent, Leader::Nobody));
            assert_eq!(proxy.round_trips() - before, 1);
            assert!(common::names(&redis, "*").is_empty());
        });
    }
}

#[cfg(feature = "memcached")]
#[test]
fn bytes_that_are_no_entry_are_told_from_nothing_by_memcached_too() {
    let memcached = hermes_testkit::Memcached::start();
    let cache = Cache::from_url(&memcached.url()).unwrap();
    cache.entry("k").set(1_u64).unwrap();
    let name = cache.dump().unwrap()[0].key.to_string();
    assert_eq!(memcached.store(&name, b"garbage"), "STORED\r\n");
    assert_eq!(miss(cache.entry("k").explain::<u64>()).0, Why::OtherFormat(b'g'));
}
