//! The whole crate under a model checker: its locks and its parking are shuttle's, so that shuttle decides after each
//! of them which thread goes on. Looked for: sleepers nobody wakes, two leaders of one key, values from before an
//! invalidation. A wake-up that is lost shows as a deadlock, for here no time passes and no patience ends.
#![cfg(feature = "async")]
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    unused_imports,
    unnameable_types,
    unreachable_pub,
    missing_docs,
    unfulfilled_lint_expectations,
    reason = "the crate's own files are compiled into this one, which uses a part of them"
)]

// All files of the crate but those that are replaced below.
#[cfg(any(feature = "redis", feature = "memcached"))]
#[path = "../src/authority.rs"]
mod authority;
#[path = "../src/backend/mod.rs"]
mod backend;
#[path = "../src/binding.rs"]
mod binding;
#[path = "../src/builder.rs"]
mod builder;
#[path = "../src/cache.rs"]
mod cache;
#[path = "../src/call/mod.rs"]
mod call;
#[path = "../src/clock.rs"]
mod clock;
#[path = "../src/codec/mod.rs"]
mod codec;
#[path = "../src/drive.rs"]
mod drive;
#[path = "../src/engine.rs"]
mod engine;
#[path = "../src/entry.rs"]
mod entry;
#[path = "../src/error.rs"]
mod error;
#[path = "../src/explain.rs"]
mod explain;
#[path = "../src/flight.rs"]
mod flight;
#[path = "../src/fork.rs"]
mod fork;
#[path = "../src/interrupt.rs"]
mod interrupt;
#[path = "../src/lanes.rs"]
mod lanes;
#[cfg(feature = "async")]
#[path = "../src/loading.rs"]
mod loading;
#[cfg(feature = "memcached")]
#[path = "../src/memcached/mod.rs"]
mod memcached;
#[path = "../src/memory/mod.rs"]
mod memory;
#[path = "../src/observe/mod.rs"]
mod observe;
#[path = "../src/options.rs"]
mod options;
#[path = "../src/place.rs"]
mod place;
#[path = "../src/points.rs"]
mod points;
#[path = "../src/probe.rs"]
mod probe;
#[cfg(feature = "redis")]
#[path = "../src/redis/mod.rs"]
mod redis;
#[path = "../src/remote/mod.rs"]
mod remote;
#[path = "../src/rules.rs"]
mod rules;
#[path = "../src/scope.rs"]
mod scope;
#[path = "../src/site.rs"]
mod site;
#[path = "../src/url.rs"]
mod url;
#[path = "../src/value.rs"]
mod value;

// What entry.rs, clock.rs and others name by the crate's front door.
use crate::{cache::Cache, entry::Entry, error::Error, value::Stored};

/// The locks and the parking, as shuttle has them.
mod shim {
    use std::{cell::Cell, ops};

    thread_local! {
        /// Whether this is a run of the model. The unit tests of the crate's files are run here, too, without.
        static MODEL: Cell<bool> = const { Cell::new(false) };
        /// Makes flights forget to wake the threads that wait for them: for a check of the check.
        static FORGETFUL: Cell<bool> = const { Cell::new(false) };
    }

    /// Says that shuttle runs what follows in this thread.
    pub(crate) fn enter_model(wakes: Wakes) {
        MODEL.set(true);
        FORGETFUL.set(wakes == Wakes::Forgotten);
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Wakes {
        Kept,
        Forgotten,
    }

    /// A lock whose turns shuttle gives out.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T> {
        turn: shuttle::sync::Mutex<()>,
        inside: std::sync::Mutex<T>,
    }

    /// The guard that is inside leaves before the turn ends.
    #[derive(Debug)]
    pub(crate) struct MutexGuard<'a, T> {
        inside: std::sync::MutexGuard<'a, T>,
        _turn: Option<shuttle::sync::MutexGuard<'a, ()>>,
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self { turn: shuttle::sync::Mutex::new(()), inside: std::sync::Mutex::new(value) }
        }

        pub(crate) fn try_lock(&self) -> Result<MutexGuard<'_, T>, ()> {
            let turn = match MODEL.get().then(|| self.turn.try_lock()) {
                None => None,
                Some(Ok(turn)) => Some(turn),
                Some(Err(std::sync::TryLockError::Poisoned(turn))) => Some(turn.into_inner()),
                Some(Err(std::sync::TryLockError::WouldBlock)) => return Err(()),
            };
            Ok(self.enter(turn))
        }

        fn enter<'a>(&'a self, turn: Option<shuttle::sync::MutexGuard<'a, ()>>) -> MutexGuard<'a, T> {
            let inside = self.inside.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            MutexGuard { inside, _turn: turn }
        }
    }

    impl<T> ops::Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.inside
        }
    }

    impl<T> ops::DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.inside
        }
    }

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        let turn = || mutex.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        mutex.enter(MODEL.get().then(turn))
    }

    pub(crate) mod thread {
        pub(crate) use shuttle::thread::park_timeout;

        pub(crate) struct Thread(shuttle::thread::Thread);

        pub(crate) fn current() -> Thread {
            Thread(shuttle::thread::current())
        }

        impl Thread {
            pub(crate) fn unpark(&self) {
                if !super::FORGETFUL.get() {
                    self.0.unpark();
                }
            }
        }
    }
}

/// No time passes in the model, so no alarm rings.
mod alarm {
    use std::{task::Waker, time::Instant};

    #[derive(Debug)]
    pub(crate) struct Alarm;

    impl Alarm {
        pub(crate) fn set(_when: Instant, _waker: Waker) -> Self {
            Self
        }

        pub(crate) fn is_of_this_process(&self) -> bool {
            true
        }
    }

    pub(crate) fn begin_in_forked_child() {}
}

/// The same as the crate's, with the thread-locals of the model: all its threads are one to the system.
mod leading {
    use std::cell::RefCell;

    shuttle::thread_local! {
        static LEADING: RefCell<Vec<FlightId>> = RefCell::new(Vec::new());
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct FlightId(usize);

    impl FlightId {
        pub(crate) fn of<T>(flight: &T) -> Self {
            Self(std::ptr::from_ref(flight).addr())
        }

        pub(crate) fn of_key<T>(table: &T, _key: &hermescache_protocol::Key) -> Self {
            Self::of(table)
        }
    }

    #[derive(Debug)]
    pub(crate) struct Mark;

    impl Mark {
        pub(crate) fn set(flight: FlightId) -> Self {
            LEADING.with(|leading| leading.borrow_mut().push(flight));
            Self
        }
    }

    impl Drop for Mark {
        fn drop(&mut self) {
            LEADING.with(|leading| leading.borrow_mut().pop());
        }
    }

    pub(crate) fn is_leading(flight: FlightId) -> bool {
        LEADING.with(|leading| leading.borrow().contains(&flight))
    }
}

mod model {
    use std::{
        future::pending,
        mem,
        panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
        pin::pin,
        sync::Arc,
        task::{Context, Waker},
        time::Duration,
    };

    use shuttle::{
        Config, Runner,
        future::block_on,
        scheduler::{PctScheduler, RandomScheduler},
        sync::atomic::{AtomicU64, Ordering::SeqCst},
        thread::{self, JoinHandle},
    };

    use super::{
        Cache, Entry, Error, Stored,
        binding::{Function, Keep, rules},
        shim::{Wakes, enter_model},
    };

    const RUNS: usize = 1_000;

    /// Runs a story under many schedules: random ones, and those that find bugs of few preemptions.
    fn check(story: fn()) {
        run(RUNS, Wakes::Kept, story);
    }

    fn run(runs: usize, wakes: Wakes, story: fn()) {
        let told = move || {
            enter_model(wakes);
            story();
        };
        // A failing schedule is printed, and can be replayed with `shuttle::replay`.
        Runner::new(RandomScheduler::new(runs), Config::new()).run(told);
        Runner::new(PctScheduler::new(3, runs), Config::new()).run(told);
    }

    /// A story's data, and the cache in front of it.
    struct World {
        cache: Cache,
        /// How often the data was written.
        written: AtomicU64,
        /// The last write whose invalidation has returned.
        invalidated: AtomicU64,
        /// How many loaders run now.
        running: AtomicU64,
        /// How many have run.
        ran: AtomicU64,
    }

    impl World {
        fn new() -> Arc<Self> {
            let cache = Cache::builder().capacity(4).patience(Duration::from_secs(1 << 30)).build().unwrap();
            let zero = || AtomicU64::new(0);
            Arc::new(Self { cache, written: zero(), invalidated: zero(), running: zero(), ran: zero() })
        }

        fn entry(&self) -> Entry<'_, Stored> {
            self.cache.entry("k").tags(["t"])
        }

        /// The entry's value anew, whatever is stored or under way.
        fn refresh(&self) -> u64 {
            let mut call = Function::of_entries().call(&self.cache);
            call.arg("k");
            call.tags(["t"]);
            call.refresh(rules(None, |_| Keep::yes()), || self.load())
        }

        /// A loader: reads the data, and takes its time.
        fn load(&self) -> u64 {
            self.ran.fetch_add(1, SeqCst);
            let value = self.written.load(SeqCst);
            thread::yield_now();
            value
        }

        /// The same, where nothing may make it necessary that two run at once.
        fn load_alone(&self) -> u64 {
            let others = self.running.fetch_add(1, SeqCst);
            assert_eq!(others, 0, "two leaders at once");
            let value = self.load();
            self.running.fetch_sub(1, SeqCst);
            value
        }

        /// A call must give at least what had been invalidated when it began.
        fn check(&self, call: impl FnOnce() -> u64) {
            let at_least = self.invalidated.load(SeqCst);
            let value = call();
            assert!(value >= at_least, "stale: {value} although {at_least} was invalidated");
        }

        /// A write, and the invalidation that it calls for.
        fn write(&self, invalidate: Invalidate) {
            let version = self.written.fetch_add(1, SeqCst) + 1;
            invalidate(self).unwrap();
            self.invalidated.fetch_max(version, SeqCst);
        }
    }

    type Invalidate = fn(&World) -> Result<(), Error>;

    const INVALIDATIONS: [Invalidate; 3] = [
        |world| world.entry().invalidate(),
        |world| world.cache.clean(["t"]),
        |world| world.cache.clean_all(),
    ];

    fn spawn(world: &Arc<World>, act: impl FnOnce(&World) + Send + 'static) -> JoinHandle<()> {
        let world = Arc::clone(world);
        thread::spawn(move || act(&world))
    }

    fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    /// What becomes of a leader that has no value to give.
    #[derive(Debug, Clone, Copy)]
    enum Failure {
        Err,
        Panic,
        /// Its future is dropped in the middle.
        Drop,
    }

    impl Failure {
        fn happen(self, world: &World) {
            match self {
                Self::Err => {
                    // Whoever comes late gets the value of another.
                    let _ = world.entry().get_or_try_compute(|| {
                        thread::yield_now();
                        Err::<u64, _>(())
                    });
                }
                Self::Panic => {
                    let call = || {
                        world.entry().get_or_compute(|| -> u64 {
                            thread::yield_now();
                            resume_unwind(Box::new("the loader's own"))
                        })
                    };
                    let _ = catch_unwind(AssertUnwindSafe(call));
                }
                Self::Drop => {
                    let entry = world.entry();
                    let call = pin!(entry.get_or_compute_async(pending::<u64>));
                    let _ = call.poll(&mut Context::from_waker(Waker::noop()));
                    thread::yield_now();
                }
            }
        }
    }

    #[test]
    fn threads_and_tasks_have_one_leader_and_all_wake_up() {
        check(|| {
            let world = World::new();
            let blocking = |world: &World| assert_eq!(world.entry().get_or_compute(|| world.load_alone()), 0);
            let task = |world: &World| {
                let value = block_on(world.entry().get_or_compute_async(async || world.load_alone()));
                assert_eq!(value, 0);
            };
            join([
                spawn(&world, blocking),
                spawn(&world, task),
                spawn(&world, blocking),
                spawn(&world, task),
            ]);
            assert_eq!(world.ran.load(SeqCst), 1);
        });
    }

    #[test]
    fn a_leader_that_fails_hands_over_and_there_is_still_one() {
        fn story(failure: Failure) {
            let world = World::new();
            let failing = spawn(&world, move |world| failure.happen(world));
            let blocking =
                spawn(&world, |world| assert_eq!(world.entry().get_or_compute(|| world.load_alone()), 0));
            let task = spawn(&world, |world| {
                let value = block_on(world.entry().get_or_compute_async(async || world.load_alone()));
                assert_eq!(value, 0);
            });
            join([failing, blocking, task]);
            assert_eq!(world.ran.load(SeqCst), 1);
        }
        check(|| story(Failure::Err));
        check(|| story(Failure::Panic));
        check(|| story(Failure::Drop));
    }

    #[test]
    fn all_wake_up_however_many_leaders_fail() {
        check(|| {
            let world = World::new();
            let failures = [Failure::Err, Failure::Panic, Failure::Drop];
            let failing = failures.map(|failure| spawn(&world, move |world| failure.happen(world)));
            let good = [(); 2].map(|()| {
                spawn(&world, |world| assert_eq!(world.entry().get_or_compute(|| world.load()), 0))
            });
            join(failing.into_iter().chain(good));
        });
    }

    #[test]
    fn a_follower_that_is_dropped_takes_no_wake_up_with_it() {
        check(|| {
            let world = World::new();
            let ask = |world: &World| assert_eq!(world.entry().get_or_compute(|| world.load()), 0);
            let leader = spawn(&world, ask);
            let fleeting = spawn(&world, |world| {
                let entry = world.entry();
                let call = pin!(entry.get_or_compute_async(async || world.load()));
                let _ = call.poll(&mut Context::from_waker(Waker::noop()));
            });
            join([leader, fleeting, spawn(&world, ask)]);
        });
    }

    #[test]
    fn no_call_gets_what_was_invalidated_before_it_began() {
        fn story(invalidate: Invalidate) {
            let world = World::new();
            let reader = |world: &World| {
                for _ in 0..2 {
                    world.check(|| world.entry().get_or_compute(|| world.load()));
                }
            };
            let task = |world: &World| {
                world.check(|| block_on(world.entry().get_or_compute_async(async || world.load())));
            };
            let writer = spawn(&world, move |world| {
                world.write(invalidate);
                world.check(|| world.entry().get_or_compute(|| world.load()));
            });
            join([spawn(&world, reader), writer, spawn(&world, task), spawn(&world, reader)]);
        }
        check(|| story(INVALIDATIONS[0]));
        check(|| story(INVALIDATIONS[1]));
        check(|| story(INVALIDATIONS[2]));
    }

    #[test]
    fn no_call_gets_what_was_invalidated_whatever_else_happens() {
        check(|| {
            let world = World::new();
            let reader = |world: &World| world.check(|| world.entry().get_or_compute(|| world.load()));
            let failing = spawn(&world, |world| {
                Failure::Drop.happen(world);
                Failure::Panic.happen(world);
            });
            let first = spawn(&world, |world| world.write(INVALIDATIONS[0]));
            let second = spawn(&world, |world| world.write(INVALIDATIONS[1]));
            join([spawn(&world, reader), first, failing, second, spawn(&world, reader)]);
            world.check(|| world.entry().get_or_compute(|| world.load()));
        });
    }

    #[test]
    fn a_clean_takes_a_key_from_one_leader_only() {
        check(|| {
            let world = World::new();
            let readers = [(); 3].map(|()| {
                spawn(&world, |world| assert_eq!(world.entry().get_or_compute(|| world.load()), 0))
            });
            let cleaner = spawn(&world, |world| world.cache.clean(["t"]).unwrap());
            join(readers.into_iter().chain([cleaner]));
            assert!(
                world.ran.load(SeqCst) <= 2,
                "{} computed, and one was overtaken",
                world.ran.load(SeqCst)
            );
        });
    }

    #[test]
    fn a_clean_that_overtakes_a_leader_does_not_overtake_the_refresh_that_deposes_the_next() {
        check(|| {
            let world = World::new();
            let readers = [(); 3].map(|()| {
                spawn(&world, |world| assert_eq!(world.entry().get_or_compute(|| world.load()), 0))
            });
            let refresher = spawn(&world, |world| assert_eq!(world.refresh(), 0));
            let cleaner = spawn(&world, |world| world.cache.clean(["t"]).unwrap());
            join(readers.into_iter().chain([refresher, cleaner]));
            assert!(
                world.ran.load(SeqCst) <= 3,
                "{} computed: one was overtaken, and one deposed",
                world.ran.load(SeqCst)
            );
        });
    }

    #[test]
    fn a_value_set_by_hand_outlives_the_computation_under_way() {
        check(|| {
            let world = World::new();
            let reader = spawn(&world, |world| {
                world.entry().get_or_compute(|| world.load());
            });
            let setter = spawn(&world, |world| world.entry().set(7_u64).unwrap());
            let other = spawn(&world, |world| {
                world.entry().get_or_compute(|| world.load());
            });
            join([reader, setter, other]);
            assert_eq!(world.entry().get::<u64>(), Some(7));
        });
    }

    #[test]
    fn tags_and_flights_leave_when_nobody_needs_them() {
        check(|| {
            let world = World::new();
            let ask = |world: &World| {
                world.entry().get_or_compute(|| world.load());
                world.entry().invalidate().unwrap();
            };
            join([
                spawn(&world, ask),
                spawn(&world, ask),
                spawn(&world, |world| world.cache.clean(["t"]).unwrap()),
            ]);
            assert_eq!(world.cache.dump().unwrap(), []);
        });
    }

    // From here on: checks of the checks. Each breaks something, and the model must notice.

    #[test]
    #[should_panic(expected = "deadlock")]
    fn the_model_notices_a_flight_that_forgets_to_wake() {
        run(RUNS, Wakes::Forgotten, || {
            let world = World::new();
            let ask = |world: &World| assert_eq!(world.entry().get_or_compute(|| world.load()), 0);
            join([spawn(&world, ask), spawn(&world, ask)]);
        });
    }

    #[test]
    #[should_panic(expected = "deadlock")]
    fn the_model_notices_a_leader_that_hands_nothing_over() {
        check(|| {
            let world = World::new();
            let leader = spawn(&world, |world| {
                let entry = world.entry();
                let mut call = Box::pin(entry.get_or_compute_async(pending::<u64>));
                let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                // Gone without a word: its `Drop` never runs.
                mem::forget(call);
            });
            let ask = |world: &World| assert_eq!(world.entry().get_or_compute(|| world.load()), 0);
            join([leader, spawn(&world, ask)]);
        });
    }

    #[test]
    #[should_panic(expected = "two leaders at once")]
    fn the_model_notices_two_leaders() {
        check(|| {
            let world = World::new();
            let ask = |world: &World| assert_eq!(world.entry().get_or_compute(|| world.load_alone()), 0);
            // An invalidation deposes the first leader while it computes, so that two run at once, as they may then.
            let deposer = spawn(&world, |world| world.entry().invalidate().unwrap());
            join([spawn(&world, ask), deposer, spawn(&world, ask)]);
        });
    }

    #[test]
    #[should_panic(expected = "stale")]
    fn the_model_notices_data_that_was_read_before_the_call() {
        check(|| {
            let world = World::new();
            let hasty = spawn(&world, |world| {
                let read = world.load();
                world.entry().get_or_compute(|| read);
            });
            let writer = spawn(&world, |world| {
                world.write(INVALIDATIONS[1]);
                world.check(|| world.entry().get_or_compute(|| world.load()));
            });
            join([hasty, writer]);
        });
    }

    #[test]
    #[should_panic(expected = "stale")]
    fn the_model_notices_a_writer_that_invalidates_too_early() {
        check(|| {
            let world = World::new();
            let reader = spawn(&world, |world| world.check(|| world.entry().get_or_compute(|| world.load())));
            let writer = spawn(&world, |world| {
                world.cache.clean(["t"]).unwrap();
                let version = world.written.fetch_add(1, SeqCst) + 1;
                world.invalidated.fetch_max(version, SeqCst);
                world.check(|| world.entry().get_or_compute(|| world.load()));
            });
            join([reader, writer]);
        });
    }
}
