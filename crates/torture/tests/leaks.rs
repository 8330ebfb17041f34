//! Keys and tags that are used once leave nothing behind, neither in the process nor on the server. `cargo xtask leaks` does it with a
//! million of them. Of a cache in process `reclaim` asks the same, among the tests of hermescache.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "where the figures go")]

use std::{
    env, fs,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hermes::Cache;
use hermes_testkit::{Memcached, Redis, wait_until};
use tokio::runtime::Runtime;

/// How many, unless `HERMES_LEAKS` says another number.
const KEYS: usize = 20_000;

/// Enough that what they say to a server goes there together.
const TASKS: usize = 256;

/// Computes what has these numbers, each under a key and two tags that nothing else has.
fn compute_all(runtime: &Runtime, cache: &Arc<Cache>, numbers: Range<usize>) {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (cache, numbers) = (cache.clone(), numbers.clone());
            runtime.spawn(async move {
                for number in numbers.skip(task).step_by(TASKS) {
                    let tags = [format!("one:{number}"), format!("other:{number}")];
                    let entry = cache.entry(format!("key {number}")).tags(tags);
                    assert_eq!(entry.get_or_compute_async(async || number).await, number);
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
}

fn resident_bytes() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    4096 * pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
}

/// `at_rest` waits until all has expired and whoever keeps it has noticed, and says how many bytes that one has in use.
fn leaves_no_memory_behind(url: &str, at_rest: impl Fn() -> usize) {
    // The process can be weighed for one test at a time.
    static TURN: Mutex<()> = Mutex::new(());
    let _alone = TURN.lock().unwrap_or_else(PoisonError::into_inner);

    let keys = env::var("HERMES_LEAKS").map_or(KEYS, |said| said.parse().unwrap());
    // Tags outlive their entries by the longest that a leader may take, which is ten times the patience.
    let cache = Cache::builder().url(url).ttl(Duration::from_millis(200));
    let cache = cache.lease(Duration::from_millis(300)).patience(Duration::from_millis(100));
    let cache = Arc::new(cache.timeout(Duration::from_secs(10)).build().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let weigh = || [at_rest(), resident_bytes()];

    // What is needed once: connections, scripts, tables of a size for so many at once.
    compute_all(&runtime, &cache, 0..keys / 5);
    let before = weigh();
    compute_all(&runtime, &cache, keys / 5..keys / 5 + keys);
    let after = weigh();

    println!(
        "{keys} keys on {url}: {before:?} bytes there and here before, {after:?} after; {:?}",
        cache.stats()
    );
    assert!(cache.stats().computations as usize >= keys);
    for (before, after) in before.into_iter().zip(after) {
        assert!(after <= before + before / 10, "{after} bytes instead of {before}");
    }
}

#[test]
fn what_is_used_once_leaves_the_memory_of_redis() {
    let redis = Redis::start();
    leaves_no_memory_behind(&redis.url(), || {
        wait_until("everything has expired", || redis.command(&["DBSIZE"]).number() == 0);
        let told = redis.command(&["INFO", "memory"]);
        let line = told.text().lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
        line.trim().parse().unwrap()
    });
}

#[test]
fn what_is_used_once_leaves_the_memory_of_memcached() {
    let memcached = Memcached::start();
    leaves_no_memory_behind(&memcached.url(), || {
        let told = |name: &str| {
            let stats = memcached.command("stats");
            let line = stats.lines().find_map(|line| line.strip_prefix(&format!("STAT {name} "))).unwrap();
            line.parse::<usize>().unwrap()
        };
        wait_until("everything has expired", || {
            // Else it would look for what has expired in its own time.
            memcached.command("lru_crawler crawl all");
            told("curr_items") == 0
        });
        // Of items: the pages that they lay in are kept for others.
        told("bytes")
    });
}
