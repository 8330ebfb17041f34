//! One computation for threads and tasks alike: who waits, who takes over, and what a dropped future leaves behind.
#![cfg(all(feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use hermes::{Cache, cached};
use tokio::sync::oneshot;

/// A cache whose callers would wait for an hour: what ends a wait here is never the end of patience.
fn cache() -> Cache {
    Cache::builder().patience(Duration::from_secs(3600)).build().unwrap()
}

/// Lets other threads run until so many calls of this cache wait for another's computation, or have waited.
fn until_waits(cache: &Cache, waits: u64) {
    while cache.stats().waits < waits {
        thread::yield_now();
    }
}

/// A runtime of ten lines: polls a future, and parks the thread in between.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_and_tasks_wait_for_one_computation() {
    let cache = cache();
    let (leading, led) = oneshot::channel();
    let (release, released) = oneshot::channel();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let loader = async || {
                leading.send(()).unwrap();
                released.await.unwrap();
                "one".to_owned()
            };
            cache.entry("k").get_or_compute_async(loader).await
        }
    });
    led.await.unwrap();

    let ask = async |cache: Cache| cache.entry("k").get_or_compute_async(async || "another".to_owned()).await;
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(ask(cache.clone()))).collect();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let cache = cache.clone();
            thread::spawn(move || cache.entry("k").get_or_compute(|| "another".to_owned()))
        })
        .collect();
    tokio::task::spawn_blocking({
        let cache = cache.clone();
        move || until_waits(&cache, 16)
    })
    .await
    .unwrap();
    release.send(()).unwrap();

    assert_eq!(leader.await.unwrap(), "one");
    for task in tasks {
        assert_eq!(task.await.unwrap(), "one");
    }
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "one");
    }
    assert_eq!(cache.stats().computations, 1);
}

#[tokio::test]
async fn a_leader_that_is_aborted_hands_over_at_once() {
    let cache = cache();
    let (leading, led) = oneshot::channel();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let loader = async || {
                leading.send(()).unwrap();
                pending::<i32>().await
            };
            cache.entry("k").get_or_compute_async(loader).await
        }
    });
    led.await.unwrap();
    let thread = thread::spawn({
        let cache = cache.clone();
        move || cache.entry("k").get_or_compute(|| 1)
    });
    until_waits(&cache, 1);
    let entry = cache.entry("k");
    let mut task = pin!(entry.get_or_compute_async(async || 1));
    assert_eq!(poll_once(task.as_mut(), Waker::noop()), Poll::Pending);

    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());

    assert_eq!((task.await, thread.join().unwrap()), (1, 1));
    assert_eq!(cache.stats().computations, 1);
}

#[test]
fn a_leader_that_is_dropped_in_the_middle_frees_the_key() {
    let cache = cache();
    let entry = cache.entry("k");
    let mut leader = Box::pin(entry.get_or_compute_async(pending::<i32>));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    drop(leader);

    assert_eq!(entry.get_or_compute(|| 1), 1);
    assert_eq!(cache.stats().waits, 0);
}

#[test]
fn a_future_that_was_never_polled_holds_nothing() {
    let cache = cache();
    let entry = cache.entry("k");
    let _never_polled = entry.get_or_compute_async(pending::<i32>);
    assert_eq!(entry.get_or_compute(|| 1), 1);
    assert_eq!(cache.stats().waits, 0);
}

#[test]
fn a_leader_that_errs_hands_over_to_the_next() {
    let cache = cache();
    let entry = cache.entry("k");
    let (fail, failed) = oneshot::channel();
    let mut leader = Box::pin(entry.get_or_try_compute_async(async || {
        failed.await.unwrap();
        Err::<i32, _>("no")
    }));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    let wakes = Arc::new(Wakes::default());
    let mut follower = pin!(entry.get_or_try_compute_async(async || Ok::<_, &str>(1)));
    assert_eq!(poll_once(follower.as_mut(), &Arc::clone(&wakes).into()), Poll::Pending);

    fail.send(()).unwrap();
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Ready(Err("no")));

    assert_eq!(wakes.0.load(SeqCst), 1);
    assert_eq!(poll_once(follower.as_mut(), Waker::noop()), Poll::Ready(Ok(1)));
    assert_eq!(entry.get::<i32>(), Some(1));
}

#[test]
fn a_follower_that_saw_two_leaders_fail_computes_for_itself() {
    let cache = cache();
    let entry = cache.entry("k");
    let lead = |fails: oneshot::Receiver<()>| {
        let mut leader = Box::pin(entry.get_or_try_compute_async(async || {
            fails.await.unwrap();
            Err::<i32, _>("no")
        }));
        assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
        leader
    };
    let (fail_first, fails) = oneshot::channel();
    let mut first = lead(fails);
    let mut follower = pin!(entry.get_or_compute_async(async || 7));
    assert_eq!(poll_once(follower.as_mut(), Waker::noop()), Poll::Pending);

    fail_first.send(()).unwrap();
    assert!(poll_once(first.as_mut(), Waker::noop()).is_ready());
    let (fail_second, fails) = oneshot::channel();
    let mut second = lead(fails);
    assert_eq!(poll_once(follower.as_mut(), Waker::noop()), Poll::Pending);

    fail_second.send(()).unwrap();
    assert!(poll_once(second.as_mut(), Waker::noop()).is_ready());
    let (_fail_third, fails) = oneshot::channel();
    let _third = lead(fails);

    assert_eq!(poll_once(follower.as_mut(), Waker::noop()), Poll::Ready(7));
    assert_eq!(entry.get::<i32>(), None, "the key belongs to the third leader");
}

#[test]
fn who_asks_after_an_invalidation_does_not_join_the_old_computation() {
    for invalidate in [
        |cache: &Cache| cache.entry("k").invalidate(),
        |cache: &Cache| cache.clean(["t"]),
        |cache: &Cache| cache.clean_all(),
    ] {
        let cache = cache();
        let entry = cache.entry("k").tags(["t"]);
        let (land, landed) = oneshot::channel();
        let mut leader = pin!(entry.get_or_compute_async(async || landed.await.unwrap()));
        assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
        let mut earlier = pin!(entry.get_or_compute_async(async || 3));
        assert_eq!(poll_once(earlier.as_mut(), Waker::noop()), Poll::Pending);

        invalidate(&cache).unwrap();

        assert_eq!(block_on(entry.get_or_compute_async(async || 2)), 2);
        land.send(1).unwrap();
        assert_eq!(block_on(leader), 1);
        assert_eq!(block_on(earlier), 1, "it asked before the invalidation");
        assert_eq!(entry.get(), Some(2));
    }
}

#[test]
fn a_follower_that_is_dropped_leaves_no_waker_behind() {
    let cache = cache();
    let entry = cache.entry("k");
    let (land, landed) = oneshot::channel();
    let mut leader = pin!(entry.get_or_compute_async(async || landed.await.unwrap()));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    let wakes = Arc::new(Wakes::default());
    let mut follower = Box::pin(entry.get_or_compute_async(async || 1));
    assert_eq!(poll_once(follower.as_mut(), &Arc::clone(&wakes).into()), Poll::Pending);
    assert!(Arc::strong_count(&wakes) > 1, "it waits");

    drop(follower);
    assert_eq!(Arc::strong_count(&wakes), 1);
    land.send(2).unwrap();
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Ready(2));
    assert_eq!(wakes.0.load(SeqCst), 0);
}

#[tokio::test]
async fn a_wait_that_loses_a_select_disturbs_nobody() {
    let cache = cache();
    let entry = cache.entry("k");
    let (land, landed) = oneshot::channel();
    let mut leader = pin!(entry.get_or_compute_async(async || landed.await.unwrap()));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    let mut patient = pin!(entry.get_or_compute_async(async || 0));
    assert_eq!(poll_once(patient.as_mut(), Waker::noop()), Poll::Pending);

    tokio::select! {
        biased;
        _ = entry.get_or_compute_async(async || 0) => unreachable!("the leader is not done"),
        () = async {} => {}
    }

    land.send(7).unwrap();
    assert_eq!((leader.await, patient.await), (7, 7));
    assert_eq!((cache.stats().computations, cache.stats().waits), (1, 2));
}

#[test]
fn a_wait_that_moves_to_another_task_wakes_that_one_only() {
    let cache = cache();
    let entry = cache.entry("k");
    let (land, landed) = oneshot::channel();
    let mut leader = pin!(entry.get_or_compute_async(async || landed.await.unwrap()));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    let mut follower = pin!(entry.get_or_compute_async(async || 1));
    let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    assert_eq!(poll_once(follower.as_mut(), &Arc::clone(&first).into()), Poll::Pending);
    assert_eq!(poll_once(follower.as_mut(), &Arc::clone(&second).into()), Poll::Pending);

    assert_eq!(Arc::strong_count(&first), 1);
    land.send(2).unwrap();
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Ready(2));
    assert_eq!((first.0.load(SeqCst), second.0.load(SeqCst)), (0, 1));
    assert_eq!(poll_once(follower.as_mut(), Waker::noop()), Poll::Ready(2));
}

/// A task as small executors make them: its waker owns it, and so owns the wait in it.
struct Owner(#[expect(dead_code, reason = "it is held, and dropped with the waker")] Mutex<Option<Wait>>);

type Wait = Pin<Box<dyn Future<Output = i32> + Send>>;

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_owns_another_wait_can_be_replaced() {
    let cache = Arc::new(cache());
    let wait = || -> Wait {
        let cache = Arc::clone(&cache);
        Box::pin(async move { cache.entry("k").get_or_compute_async(async || 1).await })
    };
    let entry = cache.entry("k");
    let mut leader = Box::pin(entry.get_or_compute_async(pending::<i32>));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    let mut owned = wait();
    assert_eq!(poll_once(owned.as_mut(), Waker::noop()), Poll::Pending);
    let mut moving = wait();
    let owner = Waker::from(Arc::new(Owner(Mutex::new(Some(owned)))));
    assert_eq!(poll_once(moving.as_mut(), &owner), Poll::Pending);
    drop(owner);

    // Replaces the last waker that owns the other wait, which gives up its place in the same list.
    assert_eq!(poll_once(moving.as_mut(), Waker::noop()), Poll::Pending);
    drop(leader);
    assert_eq!(block_on(moving), 1);
}

#[test]
fn a_hit_is_ready_at_once_and_needs_no_runtime() {
    let cache = cache();
    let entry = cache.entry("k");
    entry.set(1).unwrap();
    let mut hit = pin!(entry.get_or_compute_async(pending::<i32>));
    assert_eq!(poll_once(hit.as_mut(), Waker::noop()), Poll::Ready(1));
    let mut hit = pin!(entry.get_async::<i32>());
    assert_eq!(poll_once(hit.as_mut(), Waker::noop()), Poll::Ready(Some(1)));
}

#[test]
fn a_miss_needs_no_runtime_either() {
    let cache = cache();
    assert_eq!(block_on(cache.entry("k").get_or_compute_async(async || 1)), 1);
    assert_eq!(block_on(cache.entry("k").get_or_compute_async(async || 2)), 1);
}

// Real time passes: a wait must run into the end of its patience.
#[test]
fn patience_ends_without_any_runtime() {
    let cache = Cache::builder().patience(Duration::from_millis(50)).build().unwrap();
    let entry = cache.entry("k");
    let mut leader = Box::pin(entry.get_or_compute_async(pending::<i32>));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    // Who waited first goes away, and does not take the end of the others' patience with it.
    let mut first = Box::pin(entry.get_or_compute_async(pending::<i32>));
    assert_eq!(poll_once(first.as_mut(), Waker::noop()), Poll::Pending);
    drop(first);

    assert_eq!(block_on(entry.get_or_compute_async(async || 1)), 1);
    assert_eq!(entry.get::<i32>(), None, "a value from outside of the flight is not stored");
}

// Real time passes: waits must run into the end of their patience.
#[test]
fn those_whose_patience_ends_compute_together() {
    let cache = Cache::builder().patience(Duration::from_secs(1)).build().unwrap();
    let entry = cache.entry("k");
    let mut leader = Box::pin(entry.get_or_compute_async(pending::<i32>));
    assert_eq!(poll_once(leader.as_mut(), Waker::noop()), Poll::Pending);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // All four wait for the leader first; then three of them for the one that computes.
                let loader = async || {
                    until_waits(&cache, 4 + 3);
                    1
                };
                assert_eq!(block_on(cache.entry("k").get_or_compute_async(loader)), 1);
            });
        }
    });
    assert_eq!(cache.stats().computations, 1);
}

#[tokio::test]
async fn a_task_that_asks_for_its_own_key_does_not_wait_for_itself() {
    let cache = cache();
    let entry = cache.entry("k");
    let value = entry.get_or_compute_async(async || {
        tokio::task::yield_now().await;
        entry.get_or_compute_async(async || 1).await + entry.get_or_compute(|| 1)
    });
    assert_eq!(value.await, 2);
    assert_eq!((entry.get::<i32>(), cache.stats().waits), (Some(2), 0));
}

#[tokio::test]
async fn the_closure_that_makes_the_future_may_ask_for_its_own_key() {
    let cache = cache();
    let entry = cache.entry("k");
    let value = entry.get_or_compute_async(|| {
        let inner = entry.get_or_compute(|| 1);
        async move { inner + 1 }
    });
    assert_eq!(value.await, 2);

    entry.invalidate().unwrap();
    let value = entry.get_or_try_compute_async(|| {
        let inner = entry.get_or_compute(|| 1);
        async move { Ok::<_, &str>(inner + 1) }
    });
    assert_eq!(value.await, Ok(2));
    assert_eq!(cache.stats().waits, 0);
}

#[tokio::test]
async fn a_task_polled_beside_the_loader_computes_for_itself() {
    // Both are polled in one thread, the second inside the first's loader: a wait could never end.
    let cache = cache();
    let entry = cache.entry("k");
    let value = entry.get_or_compute_async(async || {
        let (one, two) =
            tokio::join!(entry.get_or_compute_async(async || 1), entry.get_or_compute_async(async || 2));
        one + two
    });
    assert_eq!(value.await, 3);
}

static SHARED: LazyLock<Cache> = LazyLock::new(cache);

#[cached(SHARED, tags = ["doubles"])]
async fn double(n: u64) -> u64 {
    tokio::task::yield_now().await;
    2 * n
}

#[tokio::test]
async fn a_static_cache_serves_one_runtime() {
    assert_eq!(double(21).await, 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_cache_serves_another_runtime() {
    assert_eq!(tokio::spawn(double(21)).await.unwrap(), 42);
}

#[test]
fn a_static_cache_serves_many_runtimes_at_once() {
    let (release, released) = tokio::sync::watch::channel(false);
    let ask = async |n: usize, mut released: tokio::sync::watch::Receiver<bool>| {
        let loader = async || {
            released.wait_for(|released| *released).await.unwrap();
            n
        };
        SHARED.entry("runtimes").get_or_compute_async(loader).await
    };
    let before = SHARED.stats().waits;
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let asked = ask(n, released.clone());
            thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(asked)
            })
        })
        .collect();
    until_waits(&SHARED, before + 7);
    release.send(true).unwrap();
    let values: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
}

#[test]
fn a_leader_whose_runtime_is_shut_down_hands_over() {
    let cache = cache();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (leading, led) = oneshot::channel();
    runtime.spawn({
        let cache = cache.clone();
        async move {
            let loader = async || {
                leading.send(()).unwrap();
                pending::<i32>().await
            };
            cache.entry("k").get_or_compute_async(loader).await
        }
    });
    runtime.block_on(led).unwrap();
    let follower = thread::spawn({
        let cache = cache.clone();
        move || cache.entry("k").get_or_compute(|| 1)
    });
    until_waits(&cache, 1);
    drop(runtime);
    assert_eq!(follower.join().unwrap(), 1);
}

#[tokio::test]
async fn blocking_verbs_work_inside_a_runtime() -> Result<(), hermes::Error> {
    let cache = cache();
    let entry = cache.entry("k").tags(["t"]);
    assert_eq!(entry.get_or_compute(|| 1), 1);
    assert_eq!(entry.get_or_try_compute(|| Err::<i32, _>("hit")), Ok(1));
    entry.set(2)?;
    assert_eq!(entry.get::<i32>(), Some(2));
    entry.invalidate()?;
    assert_eq!(entry.get::<i32>(), None);
    cache.clean(["t"])?;
    cache.clean_all()?;
    assert_eq!(cache.dump()?, []);
    Ok(())
}

#[tokio::test]
async fn futures_are_send() {
    fn send<T: Send>(future: T) -> T {
        future
    }
    let cache = cache();
    let entry = cache.entry("k").tags(["t"]);
    assert_eq!(send(double(3)).await, 6);
    assert_eq!(send(entry.get_or_compute_async(async || 1)).await, 1);
    assert_eq!(send(entry.get_or_try_compute_async(async || Ok::<_, i32>(2))).await, Ok(1));
    send(entry.set_async(3)).await.unwrap();
    assert_eq!(send(entry.get_async::<i32>()).await, Some(3));
    send(entry.invalidate_async()).await.unwrap();
    send(cache.clean_async(["t"])).await.unwrap();
    send(cache.clean_all_async()).await.unwrap();
    assert_eq!(send(cache.dump_async()).await.unwrap(), []);
}

#[tokio::test]
async fn a_loader_runs_in_the_callers_task() {
    tokio::task_local!(static CALLER: &'static str);
    let cache = cache();
    let entry = cache.entry("k");
    let name = CALLER.scope("me", entry.get_or_compute_async(async || CALLER.get().to_owned())).await;
    assert_eq!(name, "me");
    let polls = AtomicUsize::new(0);
    let loader = || poll_fn(|_| Poll::Ready(polls.fetch_add(1, SeqCst)));
    assert_eq!(cache.entry("polls").get_or_compute_async(loader).await, 0);
}
