//! Data changes and is invalidated while a loader still computes the old value: nobody who asks afterwards is given it,
//! by whatever way. Leaves waiting without invalidations to `flights`.

use std::thread;

use hermes::Error;

use crate::{
    conformance::{
        asked::AskedCache,
        place::{Place, fresh_namespace},
        slow::{Slow, elsewhere},
    },
    patience::wait_until,
};

/// What is asked for: an entry with two tags.
fn ask(cache: &AskedCache, loader: impl FnOnce() -> &'static str) -> String {
    cache.entry("k").tags(["t", "u"]).get_or_compute(|| loader().to_owned())
}

fn look(cache: &AskedCache) -> Option<String> {
    cache.entry("k").tags(["t", "u"]).get()
}

/// A way to invalidate what `ask` asks for.
type Invalidation = fn(&AskedCache) -> Result<(), Error>;

fn by_invalidate(cache: &AskedCache) -> Result<(), Error> {
    cache.entry("k").invalidate()
}

fn by_clean(cache: &AskedCache) -> Result<(), Error> {
    cache.clean(["t"])
}

fn by_clean_of_several(cache: &AskedCache) -> Result<(), Error> {
    cache.clean(["other", "u", "t"])
}

const INVALIDATIONS: [Invalidation; 4] =
    [by_invalidate, by_clean, by_clean_of_several, AskedCache::clean_all];

/// The leader keeps what it computed for itself.
fn lands_while_the_loader_runs(place: &Place, invalidate: Invalidation) {
    let cache = place.cache();

    let value = ask(&cache, || {
        elsewhere(|| invalidate(&cache)).unwrap();
        "old"
    });

    assert_eq!(value, "old");
    assert_eq!(look(&cache), None);
    assert_eq!(cache.dump().unwrap(), []);
    assert_eq!(ask(&cache, || "new"), "new");
    assert_eq!(look(&cache).as_deref(), Some("new"));
}

pub fn an_invalidate_while_the_loader_runs_is_not_lost(place: &Place) {
    lands_while_the_loader_runs(place, by_invalidate);
}

pub fn a_clean_while_the_loader_runs_is_not_lost(place: &Place) {
    lands_while_the_loader_runs(place, by_clean);
    lands_while_the_loader_runs(place, by_clean_of_several);
}

pub fn a_clean_all_while_the_loader_runs_is_not_lost(place: &Place) {
    lands_while_the_loader_runs(place, AskedCache::clean_all);
}

pub fn a_clean_of_other_tags_while_the_loader_runs_costs_nothing(place: &Place) {
    let cache = place.cache();

    ask(&cache, || {
        elsewhere(|| cache.clean(["other"]).and_then(|()| cache.entry("other").invalidate())).unwrap();
        "value"
    });

    assert_eq!(look(&cache).as_deref(), Some("value"));
}

pub fn who_asks_after_an_invalidation_gets_a_new_value(place: &Place) {
    for invalidate in INVALIDATIONS {
        let (cache, slow) = (place.cache(), Slow::default());
        thread::scope(|scope| {
            let leader = scope.spawn(|| ask(&cache, || slow.compute("old")));
            slow.has_begun();
            let earlier = scope.spawn(|| ask(&cache, || unreachable!("it joins the leader")));
            wait_until("the second waits", || cache.stats().waits == 1);

            invalidate(&cache).unwrap();

            assert_eq!(ask(&cache, || "new"), "new");
            assert_eq!(look(&cache).as_deref(), Some("new"));
            slow.may_end();
            assert_eq!(leader.join().unwrap(), "old");
            let earlier = earlier.join().unwrap();
            assert!(["old", "new"].contains(&&*earlier), "it asked before the invalidation: {earlier}");
            assert_eq!(look(&cache).as_deref(), Some("new"), "the late value is not stored");
        });
    }
}

pub fn who_waits_after_an_invalidation_waits_for_the_new_leader(place: &Place) {
    for invalidate in INVALIDATIONS {
        let (cache, old, new) = (place.cache(), Slow::default(), Slow::default());
        thread::scope(|scope| {
            let fenced = scope.spawn(|| ask(&cache, || old.compute("old")));
            old.has_begun();
            invalidate(&cache).unwrap();
            let leader = scope.spawn(|| ask(&cache, || new.compute("new")));
            new.has_begun();
            let follower = scope.spawn(|| ask(&cache, || unreachable!("it joins the new leader")));
            wait_until("the follower waits", || cache.stats().waits == 1);

            old.may_end();
            assert_eq!(fenced.join().unwrap(), "old");
            new.may_end();
            assert_eq!(leader.join().unwrap(), "new");
            assert_eq!(follower.join().unwrap(), "new");
        });
    }
}

pub fn a_set_while_the_loader_runs_is_not_overwritten(place: &Place) {
    let cache = place.cache();

    let value = ask(&cache, || {
        elsewhere(|| cache.entry("k").tags(["t", "u"]).set("set".to_owned())).unwrap();
        "old"
    });

    assert_eq!(value, "old");
    assert_eq!(look(&cache).as_deref(), Some("set"));
}

pub fn a_set_that_is_invalidated_does_not_come_back(place: &Place) {
    for invalidate in INVALIDATIONS {
        let cache = place.cache();
        ask(&cache, || {
            elsewhere(|| {
                cache.entry("k").tags(["t", "u"]).set("set".to_owned())?;
                invalidate(&cache)
            })
            .unwrap();
            "old"
        });

        assert_eq!(look(&cache), None);
    }
}

pub fn an_invalidation_in_another_cache_of_the_place_is_not_lost(place: &Place) {
    if !place.is_shared() {
        return;
    }
    for invalidate in INVALIDATIONS {
        let namespace = fresh_namespace();
        let (ours, theirs) = (place.cache_in(&namespace), place.cache_in(&namespace));
        let slow = Slow::default();
        thread::scope(|scope| {
            let leader = scope.spawn(|| ask(&ours, || slow.compute("old")));
            slow.has_begun();

            invalidate(&theirs).unwrap();

            assert_eq!(ask(&theirs, || "new"), "new");
            assert_eq!(ask(&ours, || unreachable!("it is there")), "new");
            slow.may_end();
            assert_eq!(leader.join().unwrap(), "old");
            assert_eq!(look(&ours).as_deref(), Some("new"));
        });
    }
}
