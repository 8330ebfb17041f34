//! Which entries a full cache in process keeps.

use hermes::Cache;

#[test]
fn what_came_back_after_it_was_evicted_outlives_what_is_asked_for_once() {
    let cache = Cache::builder().capacity(1_000).build().unwrap();
    let ask = |name: &str, many: u32| {
        let misses = cache.stats().misses;
        for n in 0..many {
            cache.entry(format!("{name} {n}")).get_or_compute(|| n);
        }
        cache.stats().misses - misses
    };

    ask("before", 2_000);
    ask("wanted", 100);
    ask("between", 300);
    let came_back = ask("wanted", 100);
    ask("after", 5_000);
    let lost = ask("wanted", 100);

    assert!(came_back > 50, "only {came_back} of 100 entries were evicted at first");
    assert!(lost < 50, "{lost} of 100 entries were evicted once more");
}
