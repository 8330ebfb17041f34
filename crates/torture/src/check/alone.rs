//! P2: computations of one key do not overlap, as long as the lease of the first holds.
//!
//! Two may overlap where an invalidation, a set or a refresh took the right to store from the first; where one of them was not to
//! be stored, since its caller had waited in vain for two others, who failed or lost that right; and around a fault, until what it
//! held up has arrived. All that is in the history. As whoever takes the key takes it from one, three that overlap want two who did.

use std::{collections::HashMap, iter::repeat_n};

use super::{
    Bounds, Promise, Violation,
    computations::{Computation, computations},
    spans::Spans,
};
use crate::{
    clock::At,
    history::{Event, History, How, Key, Outcome, What},
};

/// How often computations of one key overlapped.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "finished: excused or not")]
pub struct Overlaps {
    /// Pairs where the first had lost its right to store to an invalidation, a set or a refresh.
    pub fenced: usize,
    /// Pairs of which one was not to be stored, since its caller had waited for two others in vain.
    pub after_two: usize,
    /// Pairs beside a fault.
    pub beside_faults: usize,
    /// All others.
    pub violations: Vec<Violation>,
}

/// Counts the overlaps of a history by what excuses them.
#[must_use]
pub fn overlaps(history: &History, bounds: Bounds) -> Overlaps {
    let mut by_key: HashMap<Key, Vec<Computation>> = HashMap::new();
    for one in computations(history) {
        by_key.entry(one.key).or_default().push(one);
    }
    let faults =
        Spans::of(history.events.iter().filter(|event| is_fault(event)), |event| event.to + bounds.late);
    let mut counted = Overlaps::default();
    for (key, ran) in &by_key {
        OfOneKey::of(history, bounds, *key, ran, &faults).count(&mut counted);
    }
    counted
}

/// What a history tells of one key.
struct OfOneKey<'a> {
    history: &'a History,
    bounds: Bounds,
    key: Key,
    /// Its computations, in the order of their beginnings.
    ran: &'a [Computation],
    /// When somebody took it from whoever computed it.
    takers: Spans,
    /// When a caller went away.
    gone: Spans,
    faults: &'a Spans,
}

/// Why two computations may overlap.
enum Excuse {
    Fenced,
    AfterTwo,
    BesideFault,
}

impl<'a> OfOneKey<'a> {
    fn of(history: &'a History, bounds: Bounds, key: Key, ran: &'a [Computation], faults: &'a Spans) -> Self {
        let takers = history.events.iter().filter(|event| takes(event, key));
        let takers = Spans::of(takers.flat_map(|event| repeat_n(event, strikes(event))), |event| {
            if has_failed(event) { event.to + bounds.late } else { event.to }
        });
        let gone = Spans::of(history.events.iter().filter(|event| goes_away(event, key)), |event| event.to);
        Self { history, bounds, key, ran, takers, gone, faults }
    }

    fn count(&self, counted: &mut Overlaps) {
        let mut running: Vec<&Computation> = Vec::new();
        for second in self.ran {
            running.retain(|first| first.to > second.from);
            let mut found = Vec::new();
            for first in &running {
                match self.excuse(first, second) {
                    Some(Excuse::Fenced) => counted.fenced += 1,
                    Some(Excuse::AfterTwo) => counted.after_two += 1,
                    Some(Excuse::BesideFault) => counted.beside_faults += 1,
                    None => found.push(self.two_at_once(first, second)),
                }
            }
            running.push(second);
            if found.is_empty() {
                found.extend(self.too_many_at_once(&running));
            }
            counted.violations.append(&mut found);
        }
    }

    fn excuse(&self, first: &Computation, second: &Computation) -> Option<Excuse> {
        // Who computes first need not have had the lease first, and since when it had it nobody knows.
        let (from, to) = (first.asked.min(second.asked), second.from);
        if self.takers.meets(from, to) {
            Some(Excuse::Fenced)
        } else if self.is_unstored(first) || self.is_unstored(second) {
            Some(Excuse::AfterTwo)
        } else if self.faults.meets(from, to) {
            Some(Excuse::BesideFault)
        } else {
            None
        }
    }

    fn two_at_once(&self, first: &Computation, second: &Computation) -> Violation {
        let says = format!("{} was computed twice at once, and nobody had taken it from the first", self.key);
        Violation { promise: Promise::Alone, says, story: self.meanwhile(&[first, second]) }
    }

    /// More than two, each pair of which has an excuse: of those that were to be stored, all but one must have lost the key to
    /// somebody.
    fn too_many_at_once(&self, running: &[&Computation]) -> Option<Violation> {
        if running.len() <= 2 {
            return None;
        }
        let stored: Vec<_> = running.iter().copied().filter(|one| !self.is_unstored(one)).collect();
        let (since, until) = (stored.iter().map(|one| one.asked).min()?, running.last()?.from);
        let taken = self.takers.count(since, until);
        if stored.len() <= taken + 1 || self.faults.meets(since, until) {
            return None;
        }
        let says =
            format!("{} was computed {} times at once, and taken {taken} times", self.key, stored.len());
        Some(Violation { promise: Promise::Alone, says, story: self.meanwhile(&stored) })
    }

    /// Whether its caller may have waited for two leaders who came to nothing before it computed.
    fn is_unstored(&self, one: &Computation) -> bool {
        let before = &self.ran[..self.ran.partition_point(|other| other.from < one.from)];
        let meanwhile = before.iter().filter(|other| other.to >= one.asked && other.to <= one.from);
        // By another clock, what is stored may have expired already.
        let failed = meanwhile.filter(|other| other.failed() || self.bounds.clocks_stray).count();
        // Whom it found computing may have lost the key already.
        let found = before.iter().filter(|other| other.to >= one.asked).map(|other| other.asked).min();
        let since = found.map_or(one.asked, |asked| asked.min(one.asked));
        let lost = [&self.takers, &self.gone].map(|spans| spans.count(since, one.from));
        failed + lost.iter().sum::<usize>() >= 2
    }

    /// Computations that overlapped, and what else happened to their key while any of them was waited for.
    fn meanwhile(&self, overlapped: &[&Computation]) -> Vec<Event> {
        let Some(asked) = overlapped.iter().map(|one| one.asked).min() else { return Vec::new() };
        let began = overlapped.iter().map(|one| one.from).fold(asked, At::max);
        let others =
            self.ran.iter().filter(|one| one.from <= began && one.to >= asked).map(Computation::event);
        let takers = self.history.events.iter().filter(|event| takes(event, self.key));
        let takers = takers.filter(|event| event.from <= began && event.to >= asked);
        others.chain(takers.cloned()).collect()
    }
}

/// Whether it takes the key from whoever computes it.
fn takes(event: &Event, of: Key) -> bool {
    match &event.what {
        What::Invalidated { reach, .. } => reach.covers(of),
        What::Set { key, .. } | What::Called { key, how: How::Refresh, .. } => *key == of,
        _ => false,
    }
}

/// How often it may take the key: a set that is fenced itself drops what it was to replace.
fn strikes(event: &Event) -> usize {
    if matches!(event.what, What::Set { .. }) { 2 } else { 1 }
}

/// Whether it is a caller who went away, perhaps with the lease in his hand and before he computed.
fn goes_away(event: &Event, of: Key) -> bool {
    matches!(&event.what, What::Called { key, outcome: Outcome::Dropped, .. } if *key == of)
}

fn has_failed(event: &Event) -> bool {
    matches!(&event.what, What::Invalidated { error: Some(_), .. } | What::Set { error: Some(_), .. })
}

fn is_fault(event: &Event) -> bool {
    matches!(
        event.what,
        What::Unanswered { .. } | What::Tormented { .. } | What::Froze { .. } | What::Killed { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::tale::{BOUNDS, Tale},
        history::{Kind, Reach},
    };

    const KEY: Key = Key { kind: Kind::Entry, row: 1 };

    fn told(story: impl FnOnce(&mut Tale)) -> [usize; 4] {
        let mut tale = Tale::new();
        story(&mut tale);
        let Overlaps { fenced, after_two, beside_faults, violations } = overlaps(&tale.history(), BOUNDS);
        [fenced, after_two, beside_faults, violations.len()]
    }

    fn two_at_once(tale: &mut Tale) {
        tale.computed(KEY, 1, 1000..1030);
        tale.by(2).computed(KEY, 1, 1020..1040);
    }

    #[test]
    fn two_at_once_are_a_violation() {
        assert_eq!(told(two_at_once), [0, 0, 0, 1]);
    }

    #[test]
    fn one_after_the_other_and_two_keys_at_once_are_none() {
        let other = Key { row: 2, ..KEY };
        let apart = told(|tale| {
            tale.computed(KEY, 1, 1..3);
            tale.computed(KEY, 1, 3..5);
            tale.computed(other, 1, 2..6);
        });
        assert_eq!(apart, [0; 4]);
    }

    #[test]
    fn whoever_takes_the_key_meanwhile_excuses_it() {
        let invalidated = told(|tale| {
            two_at_once(tale);
            tale.invalidated(Reach::Row(1), 1005..1010);
        });
        let set = told(|tale| {
            two_at_once(tale);
            tale.set(KEY, 990..1001);
        });
        let refreshed = told(|tale| {
            tale.computed(KEY, 1, 1000..1030);
            let seen = tale.computed(KEY, 1, 1020..1040);
            tale.refreshed(KEY, &seen, 1019..1041);
        });
        assert_eq!([invalidated, set, refreshed], [[1, 0, 0, 0]; 3]);
    }

    #[test]
    fn whoever_takes_the_key_takes_it_from_one() {
        for (taken, expected) in [(1, 1), (2, 0)] {
            let [.., violations] = told(|tale| {
                for worker in 1..=3 {
                    tale.by(worker).computed(KEY, 1, 1000 + u64::from(worker)..1030);
                }
                for nth in 0..taken {
                    tale.invalidated(Reach::Row(1), 1001 + nth..1002 + nth);
                }
            });
            assert_eq!(violations, expected, "three at once, taken {taken} times");
        }
    }

    #[test]
    fn an_invalidation_before_or_of_another_row_excuses_nothing() {
        let too_early = told(|tale| {
            two_at_once(tale);
            tale.invalidated(Reach::Row(1), 990..999);
        });
        let of_another = told(|tale| {
            two_at_once(tale);
            tale.invalidated(Reach::Row(2), 1005..1010);
        });
        assert_eq!([too_early, of_another], [[0, 0, 0, 1]; 2]);
    }

    #[test]
    fn who_had_the_key_first_may_begin_last() {
        let told = told(|tale| {
            tale.invalidated(Reach::Row(1), 995..999);
            tale.computed(KEY, 1, 1000..1030);
            tale.by(2).waited(KEY, 990, 1002..1040);
        });
        assert_eq!(told, [1, 0, 0, 0]);
    }

    #[test]
    fn one_that_failed_may_arrive_later() {
        let late = told(|tale| {
            two_at_once(tale);
            tale.invalidation_failed(Reach::All, 950..960);
        });
        assert_eq!(late, [1, 0, 0, 0]);
    }

    #[test]
    fn who_has_waited_for_two_in_vain_computes_without_storing() {
        for (failures, expected) in [(1, [0, 0, 0, 1]), (2, [0, 1, 0, 0])] {
            let told = told(|tale| {
                for failure in 0..failures {
                    tale.failed(KEY, 910 + 20 * failure..920 + 20 * failure);
                }
                tale.computed(KEY, 1, 1000..1030);
                tale.by(2).waited(KEY, 900, 1020..1040);
            });
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn a_leader_may_have_lost_the_key_before_somebody_waited_for_it() {
        let told = told(|tale| {
            tale.computed(KEY, 1, 890..950);
            tale.invalidated(Reach::Row(1), 895..899);
            tale.failed(KEY, 960..970);
            tale.computed(KEY, 1, 1000..1030);
            tale.by(2).waited(KEY, 900, 1020..1040);
        });
        assert_eq!(told, [0, 1, 0, 0]);
    }

    #[test]
    fn what_is_stored_by_another_clock_may_have_been_waited_for_in_vain() {
        let mut tale = Tale::new();
        tale.computed(KEY, 1, 910..920);
        tale.computed(KEY, 1, 930..940);
        tale.computed(KEY, 1, 1000..1030);
        tale.by(2).waited(KEY, 900, 1020..1040);
        let broken = |bounds| overlaps(&tale.history(), bounds).violations.len();
        assert_eq!(broken(BOUNDS), 1);
        assert_eq!(broken(Bounds { clocks_stray: true, ..BOUNDS }), 0);
    }

    #[test]
    fn a_fault_excuses_it_until_what_it_held_up_has_arrived() {
        for (fault, expected) in
            [(890..951, [0, 0, 1, 0]), (890..949, [0, 0, 0, 1]), (1025..1030, [0, 0, 0, 1])]
        {
            let torment = told(|tale| {
                two_at_once(tale);
                tale.tormented(fault.clone());
            });
            let unanswered = told(|tale| {
                two_at_once(tale);
                tale.unanswered(fault.clone());
            });
            assert_eq!([torment, unanswered], [expected; 2], "{fault:?}");
        }
    }

    #[test]
    fn a_killed_computation_overlaps_nothing_after_its_death() {
        let killed = told(|tale| {
            tale.began(KEY, 10);
            tale.killed(1, 20);
            tale.by(2).computed(KEY, 1, 500..510);
        });
        assert_eq!(killed, [0; 4]);
    }
}
