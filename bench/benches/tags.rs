//! What hits and misses cost by how many tags an entry has, in process and on Redis. `cargo xtask bench growth` runs it.
//!
//! Hermes alone: its peers have no tags. The subjects of one number of tags have their turns one after the other; each place has
//! a process of its own.

use std::{
    hint::black_box,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use hermes::{Cache, cached};
use hermes_testkit::Redis;
use hermescache_bench::{
    stage,
    turns::{BATCH, ENTRIES, Turn, slice, slice_in_process, take_turns_at},
};

const TURNS: usize = 15;

static CACHE: OnceLock<Cache> = OnceLock::new();

fn cache() -> &'static Cache {
    CACHE.get().expect("it is set before anybody calls")
}

/// Cached functions with these tags.
macro_rules! tagged {
    ($($name:ident: [$($tag:literal)*];)*) => {$(
        #[cached(cache(), tags = [$($tag),*], ttl = 3600)]
        fn $name(n: u64) -> u64 {
            n.wrapping_mul(n)
        }
    )*};
}

// The same for all entries of a function.
tagged! {
    one: ["1"];
    two: ["1" "2"];
    four: ["1" "2" "3" "4"];
    eight: ["1" "2" "3" "4" "5" "6" "7" "8"];
    sixteen: ["1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16"];
    thirty_two: [
        "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19" "20" "21" "22"
        "23" "24" "25" "26" "27" "28" "29" "30" "31" "32"
    ];
    sixty_four: [
        "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19" "20" "21" "22"
        "23" "24" "25" "26" "27" "28" "29" "30" "31" "32" "33" "34" "35" "36" "37" "38" "39" "40" "41" "42"
        "43" "44" "45" "46" "47" "48" "49" "50" "51" "52" "53" "54" "55" "56" "57" "58" "59" "60" "61" "62"
        "63" "64"
    ];
}

// Others for each entry.
tagged! {
    own_one: ["{n}:1"];
    own_two: ["{n}:1" "{n}:2"];
    own_four: ["{n}:1" "{n}:2" "{n}:3" "{n}:4"];
    own_eight: ["{n}:1" "{n}:2" "{n}:3" "{n}:4" "{n}:5" "{n}:6" "{n}:7" "{n}:8"];
    own_sixteen: [
        "{n}:1" "{n}:2" "{n}:3" "{n}:4" "{n}:5" "{n}:6" "{n}:7" "{n}:8" "{n}:9" "{n}:10" "{n}:11" "{n}:12"
        "{n}:13" "{n}:14" "{n}:15" "{n}:16"
    ];
    own_thirty_two: [
        "{n}:1" "{n}:2" "{n}:3" "{n}:4" "{n}:5" "{n}:6" "{n}:7" "{n}:8" "{n}:9" "{n}:10" "{n}:11" "{n}:12"
        "{n}:13" "{n}:14" "{n}:15" "{n}:16" "{n}:17" "{n}:18" "{n}:19" "{n}:20" "{n}:21" "{n}:22" "{n}:23"
        "{n}:24" "{n}:25" "{n}:26" "{n}:27" "{n}:28" "{n}:29" "{n}:30" "{n}:31" "{n}:32"
    ];
    own_sixty_four: [
        "{n}:1" "{n}:2" "{n}:3" "{n}:4" "{n}:5" "{n}:6" "{n}:7" "{n}:8" "{n}:9" "{n}:10" "{n}:11" "{n}:12"
        "{n}:13" "{n}:14" "{n}:15" "{n}:16" "{n}:17" "{n}:18" "{n}:19" "{n}:20" "{n}:21" "{n}:22" "{n}:23"
        "{n}:24" "{n}:25" "{n}:26" "{n}:27" "{n}:28" "{n}:29" "{n}:30" "{n}:31" "{n}:32" "{n}:33" "{n}:34"
        "{n}:35" "{n}:36" "{n}:37" "{n}:38" "{n}:39" "{n}:40" "{n}:41" "{n}:42" "{n}:43" "{n}:44" "{n}:45"
        "{n}:46" "{n}:47" "{n}:48" "{n}:49" "{n}:50" "{n}:51" "{n}:52" "{n}:53" "{n}:54" "{n}:55" "{n}:56"
        "{n}:57" "{n}:58" "{n}:59" "{n}:60" "{n}:61" "{n}:62" "{n}:63" "{n}:64"
    ];
}

/// Carries the tag that is cleaned while the others are asked: a tag that no entry carries would be none.
#[cached(cache(), tags = ["another"], ttl = 3600)]
fn another(n: u64) -> u64 {
    n
}

/// How many tags, and the functions whose entries have so many: the same for all, and others for each.
type Tagged = (u64, fn(u64) -> u64, fn(u64) -> u64);

const TAGGED: [Tagged; 7] = [
    (1, one, own_one),
    (2, two, own_two),
    (4, four, own_four),
    (8, eight, own_eight),
    (16, sixteen, own_sixteen),
    (32, thirty_two, own_thirty_two),
    (64, sixty_four, own_sixty_four),
];

const STAGES: [(&str, fn()); 3] = [("hits", hits), ("misses", misses), ("redis", on_redis)];

fn main() {
    match stage::words().as_slice() {
        [word] => STAGES.iter().filter(|stage| stage.0 == word).for_each(|(_, stage)| stage()),
        _ => STAGES.iter().for_each(|(name, _)| stage::play(&[name])),
    }
}

fn hits() {
    // Room for all functions' entries.
    open(&format!("memory://?capacity={}", 4 * TAGGED.len() * ENTRIES));
    let found: Vec<u64> = (0..ENTRIES as u64).collect();
    for (tags, shared, own) in TAGGED {
        compute_all(shared, own);
        another(0);
        let hit = |call: fn(u64) -> u64| slice_in_process(&found, call);
        // A clean of any tag makes the next hit look at each of its own tags.
        let cleaned = |call: fn(u64) -> u64| {
            slice_in_process(&found, |n| {
                cache().clean(["another"]).expect("nothing can fail in process");
                call(n)
            })
        };
        let mut turns: [Turn<'_>; 4] = [
            ("hit", Box::new(|| hit(shared))),
            ("hit, own tags", Box::new(|| hit(own))),
            ("clean elsewhere and hit", Box::new(|| cleaned(shared))),
            ("clean elsewhere and hit, own tags", Box::new(|| cleaned(own))),
        ];
        all_hits(|| take_turns_at("tags", tags, TURNS, &mut turns));
    }
}

fn misses() {
    open(&format!("memory://?capacity={}", 4 * ENTRIES));
    let fresh = AtomicU64::new(0);
    for (tags, shared, own) in TAGGED {
        let miss =
            |call: fn(u64) -> u64| slice_in_process(&[0; BATCH], |_| call(fresh.fetch_add(1, Relaxed)));
        let mut turns: [Turn<'_>; 2] =
            [("miss", Box::new(|| miss(shared))), ("miss, own tags", Box::new(|| miss(own)))];
        take_turns_at("tags", tags, TURNS, &mut turns);
    }
    assert_eq!(cache().stats().hits, 0, "all of these are misses");
}

fn on_redis() {
    // No static: a server stops when it is dropped.
    let server = Redis::start();
    open(&server.url());
    for (tags, shared, own) in TAGGED {
        compute_all(shared, own);
        let hit = |call: fn(u64) -> u64| {
            slice(|id| {
                black_box(call(id as u64));
            })
        };
        let mut turns: [Turn<'_>; 2] =
            [("hit", Box::new(|| hit(shared))), ("hit, own tags", Box::new(|| hit(own)))];
        all_hits(|| take_turns_at("tags on Redis", tags, TURNS, &mut turns));
    }
}

fn open(url: &str) {
    CACHE.set(Cache::from_url(url).expect("the URL is good")).expect("it is set once");
}

fn compute_all(shared: fn(u64) -> u64, own: fn(u64) -> u64) {
    for n in 0..ENTRIES as u64 {
        black_box((shared(n), own(n)));
    }
}

fn all_hits(measure: impl FnOnce()) {
    let before = cache().stats().misses;
    measure();
    assert_eq!(cache().stats().misses, before, "all of these are hits");
}
