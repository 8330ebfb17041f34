//! What attributes and companions of cached functions say: `refresh`, `ttl` and `cache_if` of a value, `skip`.
//! Leaves what a named entry can do as well to the other rooms.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    thread,
    time::Duration,
};

use hermes::{Cache, FakeClock, cached};

use crate::{
    conformance::{
        asked::AskedCache,
        place::Place,
        slow::{Slow, elsewhere},
        voice::in_voice,
    },
    patience::wait_until,
};

thread_local! {
    static CACHE: RefCell<Option<Cache>> = const { RefCell::new(None) };
}

/// The cache of the functions below: the one that this thread asked last.
fn cache() -> Cache {
    CACHE.with_borrow(Clone::clone).expect("a story names its cache")
}

/// What a story has a function compute.
type Loader<'a> = &'a dyn Fn() -> Result<u64, String>;

/// A cached function, and its twin for tasks: alike, but for what is said of their values.
macro_rules! functions {
    ($($name:ident, $twin:ident { $($attribute:tt)* })*) => {
        $(
            #[cached(cache(), tags = ["t"], skip = [loader], $($attribute)*)]
            fn $name(_key: &str, loader: Loader<'_>) -> Result<u64, String> {
                loader()
            }

            #[cfg(feature = "async")]
            #[cached(cache(), tags = ["t"], skip = [loader], $($attribute)*)]
            async fn $twin(_key: &str, loader: Loader<'_>) -> Result<u64, String> {
                loader()
            }
        )*
    };
}

functions! {
    plain, plain_in_task { ttl = "1h" }
    timed, timed_in_task { ttl = |seconds: &u64| *seconds }
    choosy, choosy_in_task { cache_if = |value: &u64| *value > 0 }
}

/// Calls a function, or one of its companions, in the voice of a cache.
macro_rules! call {
    ($cache:expr, $name:ident $twin:ident $(:: $companion:ident)? ($($argument:expr),*)) => {{
        let cache: &AskedCache = $cache;
        CACHE.set(Some(Cache::clone(cache)));
        in_voice!(cache.voice(), $name $(:: $companion)? ($($argument),*), $twin $(:: $companion)? ($($argument),*))
    }};
}

fn ask(cache: &AskedCache, loader: Loader<'_>) -> Result<u64, String> {
    call!(cache, plain plain_in_task("k", loader))
}

fn refresh(cache: &AskedCache, loader: Loader<'_>) -> Result<u64, String> {
    call!(cache, plain plain_in_task::refresh("k", loader))
}

fn peek(cache: &AskedCache) -> Option<u64> {
    call!(cache, plain plain_in_task::peek("k"))
}

fn invalidate(cache: &AskedCache) -> Result<(), hermes::Error> {
    call!(cache, plain plain_in_task::invalidate("k"))
}

fn never() -> Result<u64, String> {
    unreachable!("it is there")
}

pub fn a_refresh_computes_and_replaces_what_is_there(place: &Place) {
    let cache = place.cache();

    assert_eq!(refresh(&cache, &|| Ok(1)), Ok(1));
    assert_eq!(ask(&cache, &never), Ok(1));
    assert_eq!(refresh(&cache, &|| Ok(2)), Ok(2));
    assert_eq!(ask(&cache, &never), Ok(2));
    assert_eq!(peek(&cache), Some(2));
}

pub fn an_err_of_a_refresh_leaves_what_is_there(place: &Place) {
    let cache = place.cache();
    ask(&cache, &|| Ok(1)).unwrap();

    assert_eq!(refresh(&cache, &|| Err("no".into())), Err("no".into()));

    assert_eq!(peek(&cache), Some(1));
    assert_eq!(ask(&cache, &never), Ok(1));
}

pub fn a_refresh_fences_a_leader_under_way(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| ask(&cache, &|| slow.compute(Ok(1))));
        slow.has_begun();

        assert_eq!(refresh(&cache, &|| Ok(2)), Ok(2));
        slow.may_end();

        assert_eq!(leader.join().unwrap(), Ok(1));
    });
    assert_eq!(ask(&cache, &never), Ok(2));
    assert_eq!(cache.stats().fenced_commits, 1);
}

pub fn who_asks_while_a_refresh_runs_waits_for_it_or_hits(place: &Place) {
    let (cache, slow) = (place.cache(), Slow::default());
    thread::scope(|scope| {
        let refreshing = scope.spawn(|| refresh(&cache, &|| slow.compute(Ok(1))));
        slow.has_begun();
        let follower = scope.spawn(|| ask(&cache, &never));
        wait_until("the follower waits", || cache.stats().waits == 1);
        slow.may_end();

        assert_eq!(refreshing.join().unwrap(), Ok(1));
        assert_eq!(follower.join().unwrap(), Ok(1));
    });
    let slow = Slow::default();
    thread::scope(|scope| {
        scope.spawn(|| refresh(&cache, &|| slow.compute(Ok(2))));
        slow.has_begun();

        assert_eq!(ask(&cache, &never), Ok(1));
        slow.may_end();
    });
    assert_eq!(ask(&cache, &never), Ok(2));
}

pub fn an_invalidation_while_a_refresh_runs_is_not_lost(place: &Place) {
    let clean = |cache: &AskedCache| cache.clean(["t"]);
    for invalidate in [invalidate, clean] {
        let cache = place.cache();
        ask(&cache, &|| Ok(1)).unwrap();

        let old = refresh(&cache, &|| {
            elsewhere(|| invalidate(&cache)).unwrap();
            Ok(2)
        });

        assert_eq!(old, Ok(2));
        assert_eq!(peek(&cache), None);
    }
}

pub fn a_value_may_say_how_long_it_lives(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(Duration::from_secs(600)).clock(clock.clone()));
    let ask = |key, loader: Loader<'_>| call!(&cache, timed timed_in_task(key, loader));
    ask("short", &|| Ok(100)).unwrap();
    ask("long", &|| Ok(1000)).unwrap();

    clock.advance(Duration::from_secs(110));
    assert_eq!(ask("short", &|| Ok(5)), Ok(5));
    clock.advance(Duration::from_secs(600));
    assert_eq!(ask("long", &never), Ok(1000));
    clock.advance(Duration::from_secs(300));
    assert_eq!(ask("long", &|| Ok(5)), Ok(5));
}

pub fn a_value_without_a_ttl_is_not_kept(place: &Place) {
    let cache = place.cache();
    let ask = |key, loader: Loader<'_>| call!(&cache, timed timed_in_task(key, loader));

    assert_eq!(ask("none", &|| Ok(0)), Ok(0));
    assert_eq!(ask("some", &|| Ok(60)), Ok(60));

    assert_eq!(ask("none", &|| Ok(1)), Ok(1));
    assert_eq!(ask("some", &never), Ok(60));
}

pub fn a_refresh_to_a_value_that_is_not_kept_drops_what_was_there(place: &Place) {
    let cache = place.cache();
    let refresh = |loader: Loader<'_>| call!(&cache, choosy choosy_in_task::refresh("k", loader));
    refresh(&|| Ok(1)).unwrap();

    assert_eq!(refresh(&|| Ok(0)), Ok(0));

    assert_eq!(call!(&cache, choosy choosy_in_task::peek("k")), None);
    assert_eq!(call!(&cache, choosy choosy_in_task("k", &|| Ok(2))), Ok(2));
    assert_eq!(call!(&cache, choosy choosy_in_task("k", &never)), Ok(2));
}

pub fn a_value_that_is_refused_is_for_all_who_wait(place: &Place) {
    const THREADS: u64 = 8;
    let (cache, slow) = (place.cache(), Slow::default());
    let computations = AtomicU32::new(0);
    let ask = || {
        call!(&cache, choosy choosy_in_task("k", &|| {
            computations.fetch_add(1, SeqCst);
            slow.compute(Ok(0))
        }))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        wait_until("all but one wait", || cache.stats().waits == THREADS - 1);
        slow.may_end();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(0));
        }
    });

    assert_eq!(computations.into_inner(), 1);
    assert_eq!(call!(&cache, choosy choosy_in_task::peek("k")), None);
    assert_eq!(cache.dump().unwrap(), []);
}

pub fn what_is_skipped_makes_no_other_entry(place: &Place) {
    let cache = place.cache();
    let (one, two) = (|| Ok(1), || Ok(2));

    assert_eq!(ask(&cache, &one), Ok(1));
    assert_eq!(ask(&cache, &two), Ok(1));
    assert_eq!(call!(&cache, plain plain_in_task("other", &two)), Ok(2));

    invalidate(&cache).unwrap();
    assert_eq!(ask(&cache, &two), Ok(2));
}
