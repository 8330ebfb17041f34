//! How many calls a cache answers that has room for a part of the keys only, beside the peers.
//! `cargo xtask bench` runs it and writes the table.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use hermescache_bench::{
    keys::{CALLS, KEYS, zipf},
    stage,
    subjects::{self, ONE_OF_EACH},
};

/// What part of the keys there is room for.
const PARTS: [(&str, u64); 2] = [("a tenth", KEYS / 10), ("a hundredth", KEYS / 100)];
/// What keys come between those that are wanted by Zipf's law.
const BETWEEN: [(&str, Between); 2] = [("none", |_| None), ("a scan", scanned)];

/// What is asked for after so many calls, if anything.
type Between = fn(u64) -> Option<u64>;

/// Each fourth call a key that nobody asks for again, as one who reads everything once does.
fn scanned(call: u64) -> Option<u64> {
    call.is_multiple_of(4).then_some(u64::MAX - call)
}

fn main() {
    match stage::words().as_slice() {
        [part, between] => measure(part, between),
        _ => {
            for (part, _) in PARTS {
                BETWEEN.iter().for_each(|(between, _)| stage::play(&[part, between]));
            }
        }
    }
}

fn measure(part: &str, between: &str) {
    let (_, capacity) = PARTS.iter().find(|it| it.0 == part).expect("a part is named");
    let (_, extra) = BETWEEN.iter().find(|it| it.0 == between).expect("what comes between is named");
    subjects::hold(*capacity);
    let keys = zipf();
    for (subject, call) in ONE_OF_EACH {
        let before = subjects::computed();
        let mut once = 0;
        for (n, key) in (0..).zip(&keys) {
            call(*key);
            if let Some(key) = extra(n) {
                call(key);
                once += 1;
            }
        }
        // Keys that are asked for once can only be misses: they are not counted.
        let hits = CALLS as u64 + once - (subjects::computed() - before);
        println!("ratio\t{part}\t{between}\t{subject}\t{:.1}", hits as f64 / CALLS as f64 * 100.0);
    }
}
