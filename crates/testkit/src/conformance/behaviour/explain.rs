//! What an explanation says of a call: the hit, each reason for a miss, and who computes.
//! Leaves what only a server's trouble can be a reason for to those who start servers.

use std::time::Duration;

use hermes::{Cleaned, Explanation, FakeClock, Leader, Why};

use crate::conformance::{asked::AskedCache, place::Place, slow::elsewhere};

/// What is said of the entry `k` with two tags.
fn explained(cache: &AskedCache) -> Explanation {
    cache.entry("k").tags(["t", "u"]).explain::<u64>()
}

/// Why it is a miss, and who computes it.
fn miss(cache: &AskedCache) -> (Why, Leader) {
    match explained(cache) {
        Explanation::Miss { why, leader } => (why, leader),
        other => panic!("{other}"),
    }
}

fn compute(cache: &AskedCache) -> u64 {
    cache.entry("k").tags(["t", "u"]).get_or_compute(|| 1)
}

pub fn a_hit_is_explained_by_the_rest_of_its_life(place: &Place) {
    let cache = place.cache_with(|builder| builder.ttl(Duration::from_secs(600)));
    compute(&cache);

    let Explanation::Hit { ttl_left } = explained(&cache) else { panic!("it is there") };
    assert!(ttl_left > Duration::from_secs(300) && ttl_left <= Duration::from_secs(600), "{ttl_left:?}");
}

pub fn what_was_never_stored_or_was_invalidated_is_absent(place: &Place) {
    let cache = place.cache();
    assert_eq!(miss(&cache), (Why::Absent, Leader::Nobody));

    compute(&cache);
    cache.entry("k").invalidate().unwrap();
    assert_eq!(miss(&cache), (Why::Absent, Leader::Nobody));
}

pub fn the_tags_that_were_cleaned_are_named(place: &Place) {
    let cache = place.cache();
    let cleaned = |clean: &dyn Fn()| {
        compute(&cache);
        clean();
        miss(&cache)
    };
    let tag = |text: &str| Cleaned::Tag(text.to_owned());
    let told = |cleaned| (Why::Cleaned(cleaned), Leader::Nobody);
    assert_eq!(cleaned(&|| cache.clean(["u"]).unwrap()), told(vec![tag("u")]));
    assert_eq!(cleaned(&|| cache.clean(["u", "x", "t"]).unwrap()), told(vec![tag("t"), tag("u")]));
    assert_eq!(cleaned(&|| cache.clean_all().unwrap()), told(vec![Cleaned::Everything]));
}

pub fn an_entry_past_its_ttl_has_expired(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(Duration::from_secs(600)).clock(clock.clone()));
    compute(&cache);

    clock.advance(Duration::from_secs(660));
    let (Why::Expired(since), Leader::Nobody) = miss(&cache) else { panic!("{}", explained(&cache)) };
    assert!(since > Duration::from_secs(50) && since < Duration::from_secs(90), "{since:?}");
}

pub fn an_entry_of_other_tags_or_another_type_is_told_apart(place: &Place) {
    let cache = place.cache();
    cache.entry("k").tags(["other"]).set(1_u64).unwrap();
    assert_eq!(miss(&cache), (Why::OtherTags, Leader::Nobody));

    cache.entry("k").tags(["t", "u"]).set("a text".to_owned()).unwrap();
    assert!(matches!(miss(&cache), (Why::Undecodable(_), Leader::Nobody)), "{}", explained(&cache));
}

pub fn who_computes_is_told(place: &Place) {
    let cache = place.cache();
    cache.entry("k").tags(["t", "u"]).get_or_compute(|| {
        assert_eq!(elsewhere(|| miss(&cache)), (Why::Absent, Leader::Another));
        elsewhere(|| cache.clean(["t"])).unwrap();
        assert_eq!(elsewhere(|| miss(&cache)), (Why::Absent, Leader::Overtaken));
        1_u64
    });
}

/// What may be done to an entry, or to all.
#[derive(Debug, Clone, Copy)]
enum Act {
    Compute,
    SetAText,
    SetUnderOtherTags,
    Clean,
    CleanAll,
    Invalidate,
    Expire,
}

impl Act {
    const ALL: [Self; 7] = [
        Self::Compute,
        Self::SetAText,
        Self::SetUnderOtherTags,
        Self::Clean,
        Self::CleanAll,
        Self::Invalidate,
        Self::Expire,
    ];

    fn play(self, cache: &AskedCache, clock: &FakeClock, name: &str) {
        let entry = cache.entry(name).tags(["t", "u"]);
        match self {
            Self::Compute => {
                entry.get_or_compute(|| 1_u64);
            }
            Self::SetAText => entry.set("a text".to_owned()).unwrap(),
            Self::SetUnderOtherTags => cache.entry(name).tags(["t"]).set(1_u64).unwrap(),
            Self::Clean => cache.clean(["t"]).unwrap(),
            Self::CleanAll => cache.clean_all().unwrap(),
            Self::Invalidate => entry.invalidate().unwrap(),
            Self::Expire => clock.advance(Duration::from_secs(61)),
        }
    }
}

pub fn an_explanation_foretells_the_next_call(place: &Place) {
    let clock = FakeClock::new();
    let cache = place.cache_with(|builder| builder.ttl(Duration::from_secs(60)).clock(clock.clone()));
    for story in Act::ALL.into_iter().flat_map(|first| Act::ALL.map(|second| [first, second])) {
        let name = format!("{story:?}");
        for act in story {
            act.play(&cache, &clock, &name);
        }
        let entry = cache.entry(&name).tags(["t", "u"]);
        let explained = entry.explain::<u64>();
        let hits_before = cache.stats().hits;
        entry.get_or_compute(|| 1_u64);
        let hit = cache.stats().hits > hits_before;
        assert_eq!(matches!(explained, Explanation::Hit { .. }), hit, "{name}: {explained}");
    }
}

// Real time passes: a call must run into the end of its patience.
pub fn a_leader_that_is_waited_for_no_more_is_told(place: &Place) {
    let cache = place.cache_with(|builder| builder.patience(Duration::from_millis(200)));
    cache.entry("k").tags(["t", "u"]).get_or_compute(|| {
        assert_eq!(elsewhere(|| compute(&cache)), 1);
        assert_eq!(elsewhere(|| miss(&cache)), (Why::Absent, Leader::Overdue));
        2_u64
    });
}

pub fn an_explanation_changes_nothing(place: &Place) {
    let cache = place.cache();
    explained(&cache);
    assert_eq!(compute(&cache), 1);
    cache.clean(["t"]).unwrap();
    let twice = [miss(&cache), miss(&cache)];

    assert_eq!(twice[0], twice[1]);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.computations), (0, 1, 1));
}
