//! Tasks that fetch at the same time ask a Redis together: what each gets, and what one may do to the others.
#![cfg(all(feature = "redis", feature = "async"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use hermes::Cache;
use hermes_testkit::{Proxy, Redis};
use tokio::{runtime::Builder, task::JoinSet, time::timeout};

const TASKS: u64 = 64;

fn run<T>(story: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(story)
}

/// Never waits for long: what hangs is an error.
fn cache(url: &str) -> Cache {
    Cache::builder().url(url).timeout(Duration::from_secs(5)).build().unwrap()
}

async fn put(cache: &Cache, number: u64) {
    let tags = [format!("number:{number}"), "numbers".into()];
    cache.entry(format!("{number}")).tags(tags).set_async(number).await.unwrap();
}

async fn get(cache: &Cache, number: u64) -> Option<u64> {
    let tags = [format!("number:{number}"), "numbers".into()];
    cache.entry(format!("{number}")).tags(tags).get_async().await
}

/// How many `MGET`s a server has answered.
fn mgets(redis: &Redis) -> u64 {
    let stats = redis.command(&["INFO", "commandstats"]);
    let line = stats.text().lines().find_map(|line| line.strip_prefix("cmdstat_mget:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

/// Lets a future take its first step only.
async fn begin<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn many_tasks_ask_a_few_questions_and_each_gets_its_own_answer() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    run(async {
        for number in (0..TASKS).filter(|number| number % 3 != 0) {
            put(&cache, number).await;
        }
        cache.clean_async(["number:1"]).await.unwrap();
        let before = mgets(&redis);
        let mut tasks = JoinSet::new();
        for number in (0..TASKS).chain(0..TASKS) {
            let cache = cache.clone();
            tasks.spawn(async move { (number, get(&cache, number).await) });
        }
        while let Some(told) = tasks.join_next().await {
            let (number, value) = told.unwrap();
            assert_eq!(value, (number % 3 != 0 && number != 1).then_some(number), "of {number}");
        }
        let asked = mgets(&redis) - before;
        assert!(asked <= 4, "{asked} questions for {} fetches", 2 * TASKS);
    });
}

#[test]
fn a_task_that_is_never_driven_again_holds_up_no_other() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    run(async {
        put(&cache, 2).await;
        let (mut alone, mut first) = (pin!(get(&cache, 0)), pin!(get(&cache, 1)));
        begin(alone.as_mut()).await;
        begin(first.as_mut()).await;
        assert_eq!(timeout(Duration::from_secs(4), get(&cache, 2)).await, Ok(Some(2)));
        assert_eq!((first.await, alone.await), (None, None));
    });
}

#[test]
fn a_task_that_connects_and_is_never_driven_again_holds_up_no_other() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    run(async {
        let mut connects = pin!(get(&cache, 0));
        begin(connects.as_mut()).await;
        assert_eq!(timeout(Duration::from_secs(4), put(&cache, 1)).await, Ok(()));
        assert_eq!(timeout(Duration::from_secs(4), get(&cache, 1)).await, Ok(Some(1)));
        assert_eq!(connects.await, None);
        assert_eq!(cache.stats().errors, 0);
    });
}

#[test]
fn a_task_that_is_cancelled_holds_up_no_other() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    run(async {
        put(&cache, 2).await;
        let mut alone = pin!(get(&cache, 0));
        begin(alone.as_mut()).await;
        let mut second = {
            let mut first = pin!(get(&cache, 1));
            begin(first.as_mut()).await;
            let mut second = Box::pin(get(&cache, 2));
            begin(second.as_mut()).await;
            second
        };
        assert_eq!(timeout(Duration::from_secs(4), second.as_mut()).await, Ok(Some(2)));
    });
}

#[test]
fn a_runtime_that_ends_before_the_question_is_sent_leaves_another_alone() {
    let redis = Redis::start();
    let cache = cache(&redis.url());
    run(put(&cache, 2));
    for _ in 0..20 {
        run(async {
            let (mut alone, mut first) = (pin!(get(&cache, 0)), pin!(get(&cache, 1)));
            begin(alone.as_mut()).await;
            begin(first.as_mut()).await;
        });
        assert_eq!(run(get(&cache, 2)), Some(2));
    }
}

#[test]
fn tasks_that_ask_together_fail_together_and_recover() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    let cache = cache(&proxy.url_for("redis"));
    run(async {
        for number in 0..TASKS {
            put(&cache, number).await;
        }
        for _ in 0..5 {
            proxy.stall();
            let mut tasks = JoinSet::new();
            for number in 0..TASKS {
                let cache = cache.clone();
                tasks.spawn(async move {
                    let entry = cache.entry(format!("{number}"));
                    let entry = entry.tags([format!("number:{number}"), "numbers".into()]);
                    assert_eq!(entry.get_or_compute_async(async || number).await, number);
                });
            }
            tokio::task::yield_now().await;
            proxy.cut();
            proxy.resume();
            while let Some(told) = tasks.join_next().await {
                told.unwrap();
            }
        }
        assert_eq!(get(&cache, 7).await, Some(7));
    });
}
