//! Tasks: many in one runtime, runtimes one after another and at once, and futures that are dropped half-way.
//! Leaves what threads see just as well to the other stories, which are told in tasks too.

use std::{
    future::{pending, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    thread,
};

use hermes::Cache;
use tokio::sync::Semaphore;

use crate::{
    conformance::{
        place::Place,
        slow::Slow,
        voice::{block_on, runtime},
    },
    patience::{Deadline, PATIENCE, wait_until},
};

pub fn tasks_that_ask_at_once_share_one_computation(place: &Place) {
    const TASKS: usize = 50;
    let cache = Cache::clone(&place.cache());
    let may_end = Arc::new(Semaphore::new(0));
    let ask = |cache: Cache, may_end: Arc<Semaphore>| async move {
        let loader = async || {
            may_end.acquire().await.unwrap().forget();
            "value".to_owned()
        };
        cache.entry("k").tags(["t"]).get_or_compute_async(loader).await
    };
    block_on(async {
        let ask = || tokio::spawn(ask(cache.clone(), Arc::clone(&may_end)));
        let tasks: Vec<_> = (0..TASKS).map(|_| ask()).collect();
        while cache.stats().waits < TASKS as u64 - 1 {
            tokio::task::yield_now().await;
        }
        // For one computation. A second would wait for ever.
        may_end.add_permits(1);
        for task in tasks {
            assert_eq!(task.await.unwrap(), "value");
        }
    });
    assert_eq!(cache.stats().computations, 1);
}

pub fn a_task_that_is_dropped_hands_over(place: &Place) {
    let cache = Cache::clone(&place.cache());
    block_on(async {
        let (began, begin) = tokio::sync::oneshot::channel();
        let leader = tokio::spawn({
            let cache = cache.clone();
            async move {
                let loader = async || {
                    began.send(()).unwrap();
                    pending::<i32>().await
                };
                cache.entry("k").get_or_compute_async(loader).await
            }
        });
        begin.await.unwrap();
        let follower = tokio::spawn({
            let cache = cache.clone();
            async move { cache.entry("k").get_or_compute_async(async || 2).await }
        });
        while cache.stats().waits < 1 {
            tokio::task::yield_now().await;
        }

        leader.abort();

        assert_eq!(follower.await.unwrap(), 2);
        assert_eq!(cache.entry("k").get_async::<i32>().await, Some(2));
    });
}

pub fn a_future_that_is_dropped_while_it_waits_leaves_the_others(place: &Place) {
    let cache = place.cache();
    let slow = Slow::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| cache.entry("k").get_or_compute(|| slow.compute(1)));
        slow.has_begun();
        let gone = scope.spawn(|| {
            block_on(async {
                let entry = Cache::entry(&cache, "k");
                let call = entry.get_or_compute_async(async || 2);
                let waits = async {
                    while cache.stats().waits < 1 {
                        tokio::task::yield_now().await;
                    }
                };
                first_of(call, waits).await
            })
        });
        assert_eq!(gone.join().unwrap(), None, "it was dropped while it waited");
        let follower = scope.spawn(|| cache.entry("k").get_or_compute(|| 3));
        wait_until("the follower waits", || cache.stats().waits == 2);

        slow.may_end();

        assert_eq!(leader.join().unwrap(), 1);
        assert_eq!(follower.join().unwrap(), 1);
    });
}

pub fn a_task_that_is_not_driven_on_holds_up_no_other(place: &Place) {
    // Wherever it has come to: to connect, to ask, or to take an answer.
    for steps in 1..=12 {
        let cache = Cache::clone(&place.cache());
        block_on(async {
            let left = cache.entry(format!("left at {steps}")).tags(["t"]);
            let mut left = pin!(left.get_or_compute_async(async || 1));
            drive(left.as_mut(), steps).await;
            let other = cache.entry("other").tags(["t"]);
            let deadline = Deadline::after(PATIENCE);
            let too_late = async {
                while !deadline.remaining().is_zero() {
                    tokio::task::yield_now().await;
                }
            };
            let other = first_of(other.get_or_compute_async(async || 2), too_late).await;
            assert_eq!(other, Some(2), "while one is left at its step {steps}");
        });
    }
}

pub fn loaders_in_tasks_may_ask_for_other_entries(place: &Place) {
    async fn fibonacci(cache: &Cache, n: u64) -> u64 {
        let loader = async || match n {
            0 | 1 => n,
            _ => Box::pin(fibonacci(cache, n - 1)).await + Box::pin(fibonacci(cache, n - 2)).await,
        };
        cache.entry(format!("fibonacci of {n}")).get_or_compute_async(loader).await
    }
    let cache = place.cache();

    assert_eq!(block_on(fibonacci(&cache, 20)), 6_765);
    assert_eq!(cache.stats().computations, 21);
}

pub fn a_loader_in_a_task_that_asks_for_its_own_result_computes(place: &Place) {
    let cache = place.cache();
    let entry = Cache::entry(&cache, "k");

    let value =
        block_on(entry.get_or_compute_async(async || entry.get_or_compute_async(async || 1).await + 1));

    assert_eq!(value, 2);
    assert_eq!(block_on(entry.get_async::<i32>()), Some(2));
}

/// Asks for an entry when it is dropped.
struct LastWord<'c>(&'c Cache);

impl Drop for LastWord<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0.entry("k").get_or_compute(|| 2), 2);
    }
}

pub fn a_loader_that_asks_for_its_own_result_as_it_is_dropped_computes(place: &Place) {
    let cache = Cache::clone(&place.cache());
    block_on(async {
        let (began, begin) = tokio::sync::oneshot::channel();
        let loader = async || {
            let _last_word = LastWord(&cache);
            began.send(()).unwrap();
            pending::<i32>().await
        };
        let has_begun = async { begin.await.unwrap() };
        let entry = cache.entry("k");
        assert_eq!(first_of(entry.get_or_compute_async(loader), has_begun).await, None);
    });
    assert_eq!(cache.stats().waits, 0);
}

pub fn runtimes_one_after_another_use_one_cache(place: &Place) {
    let cache = place.cache();
    for n in 0..5 {
        let runtime = runtime();
        let entry = Cache::entry(&cache, "k").tags(["t"]);
        assert_eq!(runtime.block_on(entry.get_or_compute_async(async || n)), n);
        assert_eq!(runtime.block_on(entry.get_async::<i32>()), Some(n));
        runtime.block_on(cache.clean_async(["t"])).unwrap();
        assert_eq!(runtime.block_on(entry.get_async::<i32>()), None);
    }
    assert_eq!(cache.stats().errors, 0);
}

pub fn runtimes_at_once_use_one_cache(place: &Place) {
    let cache = place.cache();
    let work = |thread: u32| {
        let cache = Cache::clone(&cache);
        move || {
            runtime().block_on(async {
                for n in 0..20 {
                    let entry = cache.entry(format!("{thread}/{n}")).tags(["t"]);
                    assert_eq!(entry.get_or_compute_async(async || n).await, n);
                    assert_eq!(entry.get_async::<u32>().await, Some(n));
                    entry.invalidate_async().await.unwrap();
                    assert_eq!(entry.get_async::<u32>().await, None);
                    entry.set_async(n + 1).await.unwrap();
                    assert_eq!(entry.get_or_compute_async(async || 0).await, n + 1);
                }
            });
        }
    };
    thread::scope(|scope| (0..4).for_each(|thread| drop(scope.spawn(work(thread)))));
    assert_eq!(cache.stats().errors, 0);
    assert_eq!(block_on(cache.dump_async()).unwrap().len(), 80);
}

pub fn threads_and_tasks_wait_for_each_other(place: &Place) {
    let cache = place.cache();
    let (slow, slow_too) = (Slow::default(), Slow::default());
    thread::scope(|scope| {
        let thread =
            scope.spawn(|| Cache::entry(&cache, "led by a thread").get_or_compute(|| slow.compute(1)));
        slow.has_begun();
        let task = scope.spawn(|| {
            let entry = Cache::entry(&cache, "led by a task");
            block_on(entry.get_or_compute_async(async || slow_too.compute(2)))
        });
        slow_too.has_begun();
        let joins = |name| block_on(Cache::entry(&cache, name).get_or_compute_async(async || 0));
        let task_follows = scope.spawn(move || joins("led by a thread"));
        let thread_follows = scope.spawn(|| Cache::entry(&cache, "led by a task").get_or_compute(|| 0));
        wait_until("both followers wait", || cache.stats().waits == 2);

        slow.may_end();
        slow_too.may_end();

        assert_eq!((thread.join().unwrap(), task_follows.join().unwrap()), (1, 1));
        assert_eq!((task.join().unwrap(), thread_follows.join().unwrap()), (2, 2));
    });
}

pub fn blocking_verbs_work_within_a_runtime(place: &Place) {
    let cache = place.cache();
    block_on(async {
        let entry = Cache::entry(&cache, "k").tags(["t"]);
        assert_eq!(entry.get_or_compute(|| 1), 1);
        assert_eq!(entry.get::<i32>(), Some(1));
        Cache::clean(&cache, ["t"]).unwrap();
        assert_eq!(entry.get::<i32>(), None);
    });
    assert_eq!(cache.stats().errors, 0);
}

/// Lets a future take so many steps at most, each when it is woken for it.
async fn drive<F: Future>(mut future: Pin<&mut F>, steps: usize) {
    let mut left = steps;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

/// The outcome of `a`, or `None` once `b` is through; `a` is dropped then.
async fn first_of<T>(a: impl Future<Output = T>, b: impl Future<Output = ()>) -> Option<T> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|context: &mut Context<'_>| match a.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => b.as_mut().poll(context).map(|()| None),
    })
    .await
}
