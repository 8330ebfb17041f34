//! P3: no call waits for the dead. A call may take as long as somebody who lives computes its key, as its own process stands still, and
//! as a server is out of reach; and, beside that, a lease.

use std::{collections::HashMap, time::Duration};

use super::{
    Bounds, Promise, Violation,
    computations::{Computation, computations},
};
use crate::{
    clock::At,
    history::{Event, History, Key, What},
};

/// Every call that waited longer.
pub(super) fn stuck(history: &History, bounds: Bounds) -> Vec<Violation> {
    let longest = bounds.lease + bounds.slack;
    let frozen: Vec<_> = history.events.iter().filter_map(freeze).collect();
    let faults = || history.events.iter().filter(|event| matches!(event.what, What::Tormented { .. }));
    let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
    for one in computations(history) {
        by_key.entry(one.key).or_default().push(as_waited_for(one, &frozen, bounds.lease));
    }

    let mut found = Vec::new();
    for call in &history.events {
        let What::Called { key, .. } = call.what else { continue };
        if call.to.since(call.from) <= longest {
            continue;
        }
        let ran = by_key.get(&key).map_or(&[][..], Vec::as_slice);
        let computing = ran.iter().map(|one| (one.from, one.to));
        let standing = frozen.iter().filter(|one| one.worker == call.worker).map(|one| (one.from, one.to));
        let unreachable = faults().map(|event| (event.from, event.to));
        let excused = computing.chain(standing).chain(unreachable).collect();
        let waited = uncovered(call.from, call.to, excused);
        if waited > longest {
            found.push(violation(history, call, key, waited, ran));
        }
    }
    found
}

/// A process that stood still.
struct Freeze {
    worker: u32,
    from: At,
    to: At,
}

fn freeze(event: &Event) -> Option<Freeze> {
    match event.what {
        What::Froze { worker } => Some(Freeze { worker, from: event.from, to: event.to }),
        _ => None,
    }
}

/// A computation as long as others wait for it: the key is free a lease after its leader stopped, even if that goes on later.
fn as_waited_for(one: Computation, frozen: &[Freeze], lease: Duration) -> Computation {
    let stopped = frozen.iter().find(|freeze| {
        freeze.worker == one.id.worker
            && freeze.from < one.to
            && freeze.to > one.from
            && freeze.to.since(freeze.from) > lease
    });
    let to = stopped.map_or(one.to, |freeze| one.to.min(freeze.from.max(one.from) + lease));
    Computation { to, ..one }
}

/// How much of a stretch of time no other covers.
fn uncovered(from: At, to: At, mut others: Vec<(At, At)>) -> Duration {
    others.sort_unstable();
    let (mut free, mut reached) = (Duration::ZERO, from);
    for (begin, end) in others {
        if begin >= to {
            break;
        }
        free += begin.since(reached);
        reached = reached.max(end);
    }
    free + to.since(reached)
}

fn violation(history: &History, call: &Event, key: Key, waited: Duration, ran: &[Computation]) -> Violation {
    let is_meanwhile = |from: At, to: At| to > call.from && from < call.to;
    let computed = ran.iter().filter(|one| is_meanwhile(one.from, one.to)).map(Computation::event);
    let stops = history.events.iter().filter(|event| {
        matches!(event.what, What::Killed { .. } | What::Froze { .. }) && is_meanwhile(event.from, event.to)
    });
    let story = computed.chain(stops.cloned()).chain([call.clone()]).collect();
    let says = format!("a call of {key} waited {waited:.1?} while nobody computed it");
    Violation { promise: Promise::NotStuck, says, story }
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
