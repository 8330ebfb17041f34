//! Readers and writers of one entry while something happens to its server: nobody who starts after an acknowledged invalidation
//! gets a value from before it, and nobody hangs.

use std::{
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::Duration,
};

use hermes::Cache;

use super::{TAG, Way, cache, pass, soon, works_again};

const READERS: usize = 4;

/// What is cached: a number that only grows, and what of it no reader may miss any more.
#[derive(Default)]
struct Database {
    number: AtomicU64,
    acknowledged: AtomicU64,
    is_closed: AtomicBool,
}

impl Database {
    fn read(&self, way: Way, cache: &Cache, calls: &AtomicU64) {
        while !self.is_closed.load(SeqCst) {
            let floor = self.acknowledged.load(SeqCst);
            let number = soon(|| way.compute_with(cache, "k", || self.number.load(SeqCst)));
            assert!(number >= floor, "{number} was read after {floor} had been acknowledged");
            calls.fetch_add(1, Relaxed);
        }
    }

    fn write(&self, way: Way, cache: &Cache) {
        for turn in 0_u64.. {
            if self.is_closed.load(SeqCst) {
                return;
            }
            let number = self.number.fetch_add(1, SeqCst) + 1;
            let invalidated = soon(|| match turn % 3 {
                0 => way.invalidate(cache, "k"),
                1 => way.clean(cache, TAG),
                _ => way.clean_all(cache),
            });
            if invalidated.is_ok() {
                self.acknowledged.store(number, SeqCst);
            }
            // Real time: for hits to happen.
            pass(Duration::from_millis(5));
        }
    }
}

/// Nothing acknowledged is undone, whatever is done to the server.
pub fn nothing_acknowledged_is_undone(way: Way, url: &str, torment: impl FnOnce()) {
    // Another process, as far as caches know.
    let (cache, other) = (cache(url), cache(url));
    let (database, calls) = (Database::default(), AtomicU64::new(0));
    thread::scope(|scope| {
        for reader in 0..READERS {
            let cache = if reader % 2 == 0 { &cache } else { &other };
            scope.spawn(|| database.read(way, cache, &calls));
        }
        scope.spawn(|| database.write(way, &other));
        torment();
        database.is_closed.store(true, SeqCst);
    });
    let stats = cache.stats();
    println!(
        "{way:?}: {} calls, {} acknowledged of {}, {stats:?}",
        calls.load(SeqCst),
        database.acknowledged.load(SeqCst),
        database.number.load(SeqCst)
    );
    assert!(stats.hits > 0);
    works_again(way, &cache);
    works_again(way, &other);
}
