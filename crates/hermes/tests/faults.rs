//! Odd values, odd arguments, odd moments: a call must come out as if there were no cache.
#![cfg(all(feature = "macros", feature = "async"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    sync::{
        Arc, Barrier, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use hermes::{Cache, ErrorKind, Live, cached};
use hermes_testkit::ModelBackend;
use serde::{Deserialize, Serialize, Serializer};

fn cache() -> Cache {
    Cache::from_url("memory://").unwrap()
}

/// A value whose `Clone` meets another thread twice: once when it has begun, once before it ends.
struct Slow(Arc<Barrier>);

impl Clone for Slow {
    fn clone(&self) -> Self {
        self.0.wait();
        self.0.wait();
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn an_invalidation_while_a_value_is_set_is_not_lost() {
    let verbs: [fn(&Cache<Live>); 3] = [
        |cache| cache.clean(["t"]).unwrap(),
        |cache| cache.clean_all().unwrap(),
        |cache| cache.entry("k").invalidate().unwrap(),
    ];
    for invalidate in verbs {
        let cache: Cache<Live> = Cache::builder().live().build().unwrap();
        let barrier = Arc::new(Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| cache.entry("k").tags(["t"]).set(Slow(Arc::clone(&barrier))).unwrap());
            barrier.wait();
            invalidate(&cache);
            barrier.wait();
        });
        assert_eq!(cache.dump().unwrap(), []);
    }
}

#[test]
fn callers_with_other_tags_wait_for_their_turn() {
    let cache = cache();
    let (leading, running) = (Barrier::new(2), AtomicUsize::new(0));
    let most = AtomicUsize::new(0);
    let load = |value: u64| {
        most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
        if value == 1 {
            leading.wait();
            // Real waiting: the other must have come to its wait, which only the statistics show.
            while cache.stats().waits == 0 {
                thread::yield_now();
            }
        }
        running.fetch_sub(1, SeqCst);
        value
    };
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(cache.entry("k").tags(["a"]).get_or_compute(|| load(1)), 1));
        leading.wait();
        assert_eq!(cache.entry("k").tags(["b"]).get_or_compute(|| load(2)), 2);
    });
    assert_eq!(most.load(SeqCst), 1);
    assert_eq!(cache.stats().fenced_commits, 0);
}

#[test]
fn leaders_that_are_cancelled_again_and_again_start_no_stampede() {
    let cache = cache();
    let started = AtomicUsize::new(0);
    let mut context = Context::from_waker(Waker::noop());
    let entry = cache.entry("k");
    let call = || {
        Box::pin(entry.get_or_compute_async(|| async {
            started.fetch_add(1, SeqCst);
            pending::<u64>().await
        }))
    };
    let mut calls: Vec<_> = (0..10).map(|_| call()).collect();
    for cancelled in 1..=9 {
        for call in &mut calls {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(started.load(SeqCst), cancelled, "one leads, whatever became of its predecessors");
        drop(calls.remove(0));
    }
}

#[test]
fn a_refresh_whose_value_is_not_kept_drops_what_was_there() {
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);
    static ROW: AtomicUsize = AtomicUsize::new(1);

    #[cached(CACHE, cache_if = Option::is_some)]
    fn row(id: u64) -> Option<usize> {
        let _ = id;
        Some(ROW.load(SeqCst)).filter(|row| *row > 0)
    }

    assert_eq!(row(7), Some(1));
    ROW.store(0, SeqCst);
    assert_eq!(row(7), Some(1));
    assert_eq!(row::refresh(7), None);
    assert_eq!(row(7), None);
}

/// A type whose `Display` fails.
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

impl Serialize for Mute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[test]
fn an_argument_that_cannot_be_written_makes_the_call_run_uncached() {
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);

    #[cached(CACHE)]
    fn as_argument(mute: &Mute) -> u64 {
        let _ = mute;
        1
    }

    #[cached(CACHE, key = "{mute}")]
    fn in_key(mute: &Mute) -> u64 {
        let _ = mute;
        2
    }

    #[cached(CACHE, key = "k", tags = ["tag:{mute}"])]
    fn in_tag(mute: &Mute) -> u64 {
        let _ = mute;
        3
    }

    assert_eq!((as_argument(&Mute), in_key(&Mute), in_tag(&Mute)), (1, 2, 3));
    assert_eq!(CACHE.stats().errors, 3);
    assert_eq!(as_argument::key(&Mute).unwrap_err().kind(), ErrorKind::Argument);
    assert_eq!(in_key::invalidate(&Mute).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn closures_that_cannot_be_told_apart_are_not_cached() {
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);

    #[cached(CACHE, skip = [f])]
    fn apply<F: Fn(u64) -> u64>(f: F, n: u64) -> u64 {
        f(n)
    }

    assert_eq!(apply(|n| n + 1, 1), 2);
    assert_eq!(apply(|n| n * 10, 1), 10);
}

#[test]
fn tags_of_an_expression_are_compared_where_the_key_does_not_decide_them() {
    static CACHE: LazyLock<Cache> = LazyLock::new(cache);

    #[cached(CACHE, key = "{n}", tags = [format!("tenant:{tenant }")])]
    fn of_tenant(n: u64, tenant: &str) -> String {
        format!("{n} of {tenant}")
    }

    assert_eq!(of_tenant(1, "ann"), "1 of ann");
    assert_eq!(of_tenant(1, "bob"), "1 of bob");
}

#[test]
fn a_wait_leaves_the_wake_ups_of_its_thread_alone() {
    let cache = cache();
    let leading = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            cache.entry("k").get_or_compute(|| {
                leading.wait();
                // Real waiting: the other must have come to its wait, which only the statistics show.
                while cache.stats().waits == 0 {
                    thread::yield_now();
                }
                1
            })
        });
        leading.wait();
        thread::current().unpark();
        assert_eq!(cache.entry("k").get_or_compute(|| 2), 1);
        thread::park();
    });
}

#[test]
fn a_stale_value_whose_drop_asks_for_its_own_key_does_not_wait_for_itself() {
    struct Asks(Cache<Live>);

    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.0.entry("k").tags(["t"]).get_or_compute(|| Arc::new(1_u64));
        }
    }

    let cache: Cache<Live> = Cache::builder().live().build().unwrap();
    cache.entry("k").tags(["t"]).set(Arc::new(Asks(cache.clone()))).unwrap();
    cache.clean(["t"]).unwrap();
    assert_eq!(*cache.entry("k").tags(["t"]).get_or_compute(|| Arc::new(1_u64)), 1);
}

static ASKED: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().backend(ModelBackend::new()).build().unwrap());

/// A value that asks the cache for its own key when it is dropped.
#[derive(Clone, Serialize, Deserialize)]
struct Asks(String);

impl Drop for Asks {
    fn drop(&mut self) {
        ASKED.entry(&*self.0).get_or_compute(|| 1_u64);
    }
}

#[track_caller]
fn ends(story: impl FnOnce() + Send + 'static) {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        story();
        tell.send(()).unwrap();
    });
    told.recv_timeout(Duration::from_secs(20)).expect("it ends");
}

#[test]
fn a_value_that_is_not_stored_may_ask_for_its_own_key_when_it_is_dropped() {
    ends(|| drop(ASKED.entry("k").ttl(Duration::ZERO).get_or_compute(|| Asks("k".into()))));
}

#[test]
fn a_value_that_was_handed_to_a_task_may_ask_for_its_key_when_the_task_is_dropped() {
    ends(|| {
        let mut context = Context::from_waker(Waker::noop());
        let is_open = AtomicBool::new(false);
        let load = async || {
            let gate =
                |_: &mut Context<'_>| if is_open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending };
            poll_fn(gate).await;
            Asks("handed".into())
        };
        let entry = ASKED.entry("handed").ttl(Duration::ZERO);
        let mut leader = Box::pin(entry.get_or_compute_async(load));
        let mut follower = Box::pin(entry.get_or_compute_async(load));
        assert!(leader.as_mut().poll(&mut context).is_pending());
        assert!(follower.as_mut().poll(&mut context).is_pending());
        is_open.store(true, SeqCst);
        assert!(leader.as_mut().poll(&mut context).is_ready());
        drop(leader);
        drop(follower);
    });
}
