//! What becomes of many callers who miss the same key at once, beside the peers: how many of them compute, and how long
//! after the first computation has ended the last of them has its value. `cargo xtask bench` runs it and writes the table.
//!
//! Each round is about a key that nobody has asked for. The subjects have their rounds one after the other.

mod processes;
mod tasks;
mod threads;
mod watch;

use std::time::Duration;

use hermescache_bench::{round::rounds, stage};
use watch::{Outcome, show};

/// How long a computation takes.
const COMPUTING: Duration = Duration::from_millis(100);
/// How many call at once in one process.
const CALLERS: [usize; 4] = [4, 16, 64, 256];
const ROUNDS: usize = 15;

/// A subject: what it is called, and what lets so many callers loose on a key.
type Subject<'a> = (&'static str, Box<dyn FnMut(usize, u64) -> Outcome + 'a>);

fn main() {
    if let [subject, url] = stage::words().as_slice() {
        return processes::be_one(subject, url);
    }
    for callers in CALLERS {
        play("threads", callers, &mut threads::subjects());
    }
    let runtime = tasks::runtime();
    for callers in CALLERS {
        play("tasks", callers, &mut tasks::subjects(&runtime));
    }
    let servers = processes::Servers::start();
    for (place, mut subjects) in servers.places() {
        play(place, processes::CALLERS, &mut subjects);
    }
}

fn play(place: &str, callers: usize, subjects: &mut [Subject<'_>]) {
    let mut outcomes = vec![Vec::new(); subjects.len()];
    for round in 0..rounds(ROUNDS) {
        // No two rounds of a subject are about one key.
        let key = (callers * 1_000 + round) as u64;
        for ((_, stampede), outcomes) in subjects.iter_mut().zip(&mut outcomes) {
            outcomes.push(stampede(callers, key));
        }
    }
    for ((subject, _), outcomes) in subjects.iter().zip(outcomes) {
        show(place, callers, subject, &outcomes);
    }
}
