//! P3: no call waits for the dead. A call may take as long as somebody who lives computes its key, as its own process stands still, and
//! as a server is out of reach; and, beside that, a lease.

use std::collections::HashMap;

use super::{
    Bounds, Promise, Violation,
    computations::{Computation, computations},
};
use crate::{
    clock::At,
    history::{Event, History, What},
};

/// Every call that waited longer.
pub(super) fn stuck(history: &History, bounds: Bounds) -> Vec<Violation> {
    let longest = bounds.lease + bounds.slack;
    let froze = |event: &Event| match event.what {
        What::Froze { worker } => Some((worker, event.from, event.to)),
        _ => None,
    };
    let frozen: Vec<_> = history.events.iter().filter_map(froze).collect();
    let faults: Vec<_> =
        history.events.iter().filter(|event| matches!(event.what, What::Tormented { .. })).collect();
    // The key is free a lease after its leader stopped, even if that goes on later.
    let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
    for one in computations(history) {
        let stopped = frozen.iter().find(|&&(worker, from, to)| {
            worker == one.id.worker && from < one.to && to > one.from && to.since(from) > bounds.lease
        });
        let to = stopped.map_or(one.to, |&(_, from, _)| one.to.min(from.max(one.from) + bounds.lease));
        by_key.entry(one.key).or_default().push(Computation { to, ..one });
    }

    let mut found = Vec::new();
    for call in &history.events {
        let What::Called { key, .. } = call.what else { continue };
        if call.to.since(call.from) <= longest {
            continue;
        }
        let ran = by_key.get(&key).map_or(&[][..], Vec::as_slice);
        let computing = ran.iter().map(|one| (one.from, one.to));
        let standing =
            frozen.iter().filter(|(worker, ..)| *worker == call.worker).map(|&(_, from, to)| (from, to));
        let unreachable = faults.iter().map(|event| (event.from, event.to));
        let excused: Vec<_> = computing.chain(standing).chain(unreachable).collect();
        let waited = uncovered(call.from, call.to, excused);
        if waited > longest {
            let meanwhile = ran.iter().filter(|one| one.to > call.from && one.from < call.to);
            let deaths = history.events.iter().filter(|event| {
                matches!(event.what, What::Killed { .. } | What::Froze { .. })
                    && event.to > call.from
                    && event.from < call.to
            });
            let story =
                meanwhile.map(Computation::event).chain(deaths.cloned()).chain([call.clone()]).collect();
            let says = format!("a call of {key} waited {waited:.1?} while nobody computed it");
            found.push(Violation { promise: Promise::NotStuck, says, story });
        }
    }
    found
}

/// How much of a stretch of time no other covers.
fn uncovered(from: At, to: At, mut others: Vec<(At, At)>) -> std::time::Duration {
    others.sort_unstable();
    let (mut free, mut reached) = (std::time::Duration::ZERO, from);
    for (begin, end) in others {
        if begin >= to {
            break;
        }
        free += begin.since(reached);
        reached = reached.max(end);
    }
    free + to.since(reached)
}

#[cfg(test)]
mod tests {
    use crate::{
        check::tale::{BOUNDS, Tale},
        history::{Key, Kind, Outcome},
    };

    const KEY: Key = Key { kind: Kind::Function, row: 0 };

    fn stuck(story: impl FnOnce(&mut Tale)) -> usize {
        let mut tale = Tale::new();
        story(&mut tale);
        super::stuck(&tale.history(), BOUNDS).len()
    }

    #[test]
    fn who_waits_for_the_dead_longer_than_a_lease_is_stuck() {
        for (end, expected) in [(150, 0), (500, 1)] {
            let found = stuck(|tale| {
                tale.began(KEY, 10);
                tale.killed(1, 50);
                tale.by(2).came_to(KEY, Outcome::OwnError, 20..end);
            });
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_long_computation_may_be_waited_for() {
        let found = stuck(|tale| {
            tale.computed(KEY, 1, 10..400);
            tale.by(2).came_to(KEY, Outcome::OwnError, 20..450);
        });
        assert_eq!(found, 0);
    }

    #[test]
    fn a_leader_that_stands_still_is_waited_for_no_longer_than_a_dead_one() {
        for (end, expected) in [(180, 0), (600, 1)] {
            let found = stuck(|tale| {
                tale.computed(KEY, 1, 10..900);
                tale.froze(1, 50..890);
                tale.by(2).came_to(KEY, Outcome::OwnError, 20..end);
            });
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn who_stood_still_or_had_no_server_did_not_wait() {
        let found = stuck(|tale| {
            tale.froze(1, 20..500);
            tale.came_to(KEY, Outcome::OwnError, 20..550);
            tale.tormented(600..1100);
            tale.came_to(KEY, Outcome::OwnError, 600..1150);
        });
        assert_eq!(found, 0);
    }
}
