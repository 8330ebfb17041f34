//! Keys and tags that are used once leave nothing behind, neither in the process nor on the server. Of a cache in process `reclaim` asks
//! the same, among the tests of hermescache.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "where the figures go")]

use std::{env, fs, ops::Range, sync::Arc, time::Duration};

use hermes::Cache;
use hermes_testkit::{Redis, wait_until};
use tokio::runtime::Runtime;

/// How many, unless `HERMES_LEAKS` says another number: a million takes a minute in a release build on a quiet machine.
const KEYS: usize = 50_000;

const TASKS: usize = 64;

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

fn used_bytes(redis: &Redis) -> usize {
    let told = redis.command(&["INFO", "memory"]);
    let line = told.text().lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    line.trim().parse().unwrap()
}

/// When all has expired, and the server has noticed.
fn at_rest(redis: &Redis) -> [usize; 2] {
    wait_until("everything has expired", || redis.command(&["DBSIZE"]).number() == 0);
    [resident_bytes(), used_bytes(redis)]
}

#[test]
fn keys_and_tags_that_are_used_once_leave_no_memory_behind() {
    let keys = env::var("HERMES_LEAKS").map_or(KEYS, |said| said.parse().unwrap());
    let redis = Redis::start();
    // Tags outlive their entries by the longest that a leader may take, which is ten times the patience.
    let cache = Cache::builder().url(&redis.url()).ttl(Duration::from_millis(200));
    let cache = cache.lease(Duration::from_millis(300)).patience(Duration::from_millis(100));
    let cache = Arc::new(cache.timeout(Duration::from_secs(10)).build().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();

    // What is needed once: connections, scripts, tables of a size for so many at once.
    compute_all(&runtime, &cache, 0..keys / 5);
    let before = at_rest(&redis);
    compute_all(&runtime, &cache, keys / 5..keys / 5 + keys);
    let after = at_rest(&redis);

    println!("{keys} keys: {before:?} bytes here and there before, {after:?} after; {:?}", cache.stats());
    assert!(cache.stats().computations as usize >= keys);
    for (before, after) in before.into_iter().zip(after) {
        assert!(after <= before + before / 10, "{after} bytes instead of {before}");
    }
}
