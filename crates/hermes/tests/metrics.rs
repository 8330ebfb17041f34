//! What the feature `metrics` tells of real calls, as a Prometheus page shows it.
#![cfg(all(feature = "metrics", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    sync::{LazyLock, mpsc},
    thread,
};

use common::{both_ways, current, on};
use hermes::{Cache, cached};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

static WATCHER: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

/// A cache of its own namespace, which names its series.
fn cache(url: &str, namespace: &str) -> Cache {
    LazyLock::force(&WATCHER);
    Cache::builder().url(url).namespace(namespace).build().unwrap()
}

/// The value of a series of one cache and one of its points; `None` where there is no such series.
fn told(cache: &str, point: &str, series: &str) -> Option<f64> {
    let labels = format!(r#"{series}{{cache="{cache}",point="{point}""#);
    let page = WATCHER.render();
    let line = page.lines().find(|line| line.starts_with(&labels))?;
    Some(line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// The values of some series of one point.
fn all_told<const N: usize>(cache: &str, point: &str, series: [&str; N]) -> [f64; N] {
    series.map(|series| told(cache, point, &format!("hermes_{series}")).unwrap_or(-1.0))
}

const CALLS: [&str; 3] = ["hits_total", "misses_total", "computations_total"];

#[cached(current(), name = "square")]
fn square(number: u64) -> u64 {
    number * number
}

#[cached(current(), name = "cube")]
fn cube(number: &str) -> u64 {
    number.parse::<u64>().unwrap().pow(3)
}

#[test]
fn each_function_has_its_own_series() {
    let cache = cache("memory://", "own");
    on(&cache, || {
        for number in [1, 2, 1, 1] {
            square(number);
        }
        cube("1");
        cube("1");
    });
    assert_eq!(cache.entry("e").get_or_compute(|| 1), 1);

    assert_eq!(all_told("own", "square", CALLS), [2.0, 2.0, 2.0]);
    assert_eq!(all_told("own", "cube", CALLS), [1.0, 1.0, 1.0]);
    assert_eq!(all_told("own", "entry", CALLS), [0.0, 1.0, 1.0]);
    assert_eq!(told("own", "square", "hermes_computation_seconds_count"), Some(2.0));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations), (3, 4, 4));
}

#[test]
fn waits_are_counted_and_timed() {
    let cache = cache("memory://", "waits");
    let (begun, begins) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            cache.entry("k").get_or_compute(|| {
                begun.send(()).unwrap();
                hermes_testkit::wait_until("another waits", || cache.stats().waits == 1);
                1
            })
        });
        begins.recv().unwrap();
        cache.entry("k").get_or_compute(|| 2)
    });
    assert_eq!(all_told("waits", "entry", ["waits_total", "wait_seconds_count"]), [1.0, 1.0]);
    assert!(told("waits", "entry", "hermes_wait_seconds_sum").unwrap() > 0.0);
}

#[test]
fn what_was_overtaken_is_counted() {
    let cache = cache("memory://", "fenced");
    cache.entry("k").get_or_compute(|| {
        cache.entry("k").invalidate().unwrap();
        1
    });
    assert_eq!(told("fenced", "entry", "hermes_fenced_commits_total"), Some(1.0));
}

#[test]
fn a_hit_takes_no_allocation() {
    let cache = cache("memory://", "lean");
    on(&cache, || {
        square(7);
        cube("7");
    });
    let allocated = |hit: &dyn Fn() -> u64| allocation_counter::measure(|| assert!(hit() > 0)).count_total;
    assert_eq!((allocated(&|| square(7)), allocated(&|| cube("7"))), (0, 0));
}

#[cfg(feature = "redis")]
mod redis {
    use hermes_testkit::Redis;

    use super::*;

    #[test]
    fn what_goes_to_a_server_and_comes_back_is_told_by_its_size() {
        let redis = Redis::start();
        both_ways(|way| {
            let namespace = format!("sizes-{way:?}");
            let cache = cache(&redis.url(), &namespace);
            assert_eq!(way.compute(&cache, "k", 1), 1);
            assert_eq!(way.compute(&cache, "k", 2), 1);

            assert_eq!(all_told(&namespace, "entry", CALLS), [1.0, 1.0, 1.0]);
            let bytes = ["stored_bytes_count", "stored_bytes_sum", "read_bytes_count", "read_bytes_sum"];
            // A one takes a byte of MessagePack.
            assert_eq!(all_told(&namespace, "entry", bytes), [1.0, 1.0, 1.0, 1.0]);
        });
    }

    #[test]
    fn errors_of_the_server_are_told_by_command() {
        both_ways(|way| {
            let redis = Redis::start();
            let namespace = format!("errors-{way:?}");
            let cache = cache(&redis.url(), &namespace);
            way.compute(&cache, "k", 1);
            redis.kill();
            assert_eq!(way.compute(&cache, "k", 2), 2);
            way.clean(&cache, "t").unwrap_err();

            let page = WATCHER.render();
            let series = |point: &str, command: &str| {
                format!(
                    r#"hermes_backend_errors_total{{cache="{namespace}",point="{point}",command="{command}"}} 1"#
                )
            };
            for line in [series("entry", "fetch"), series("*", "clean")] {
                assert!(page.lines().any(|written| written == line), "{line} is not in\n{page}");
            }
        });
    }
}
