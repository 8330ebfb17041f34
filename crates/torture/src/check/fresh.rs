//! P1: no call that starts after an invalidation returned Ok gets a value whose computation began before it. Nor what a set was to
//! replace, once that has returned Ok. No fault excuses it.

use std::collections::{HashMap, HashSet};

use super::{Promise, Violation, computations::computations};
use crate::{
    clock::At,
    history::{Event, History, Id, Key, Outcome, Seen, What},
};

/// Every value that was too old when it was served, with the first call that got it.
pub(super) fn stale(history: &History) -> Vec<Violation> {
    let sets: HashMap<Id, &Event> = history.events.iter().filter_map(set).collect();
    let (mut found, mut told) = (Vec::new(), HashSet::new());
    for key in Key::all() {
        let fences = Fences::of(history, key);
        let served = history.events.iter().filter_map(|event| Some((event, value(event, key)?)));
        for (call, seen) in served {
            let Some(fence) = fences.last_before(call.from) else { continue };
            let is_stale = latest_beginning(seen, &sets).is_some_and(|began| began < fence.from);
            if is_stale && told.insert(seen.id) {
                found.push(violation(history, call, seen, fence, &sets));
            }
        }
    }
    found
}

/// When the computation of a value had begun at the latest. A set takes its versions somewhere between its start and its end; of
/// one that was killed nobody knows.
fn latest_beginning(seen: &Seen, sets: &HashMap<Id, &Event>) -> Option<At> {
    if seen.by_hand { sets.get(&seen.id).map(|set| set.to) } else { Some(seen.began) }
}

/// The acknowledged invalidations that reach one key, and the sets of it.
struct Fences<'a> {
    by_end: Vec<&'a Event>,
    /// Of those up to each, the one that began last.
    strictest: Vec<&'a Event>,
}

impl<'a> Fences<'a> {
    fn of(history: &'a History, key: Key) -> Self {
        let reaches = |event: &&Event| match &event.what {
            What::Invalidated { reach, error: None } => reach.covers(key),
            What::Set { key: replaced, error: None, .. } => *replaced == key,
            _ => false,
        };
        let mut by_end: Vec<_> = history.events.iter().filter(reaches).collect();
        by_end.sort_by_key(|event| event.to);
        let mut strictest: Vec<&Event> = Vec::with_capacity(by_end.len());
        for &fence in &by_end {
            let last = strictest.last().filter(|last| last.from >= fence.from);
            strictest.push(last.copied().unwrap_or(fence));
        }
        Self { by_end, strictest }
    }

    /// Of all that had returned before this moment, the one that began last.
    fn last_before(&self, moment: At) -> Option<&'a Event> {
        let returned = self.by_end.partition_point(|fence| fence.to < moment);
        returned.checked_sub(1).map(|last| self.strictest[last])
    }
}

fn violation(
    history: &History,
    call: &Event,
    seen: &Seen,
    fence: &Event,
    sets: &HashMap<Id, &Event>,
) -> Violation {
    let wrote = |event: &&Event| match event.what {
        What::Wrote { row, version } => {
            row == seen.key.row && version > seen.version && event.to < fence.from
        }
        _ => false,
    };
    let write = history.events.iter().rev().find(wrote);
    let source = if seen.by_hand {
        sets.get(&seen.id).map(|&set| set.clone())
    } else {
        computations(history).iter().find(|one| one.id == seen.id).map(|one| one.event())
    };
    let says = match write {
        Some(Event { what: What::Wrote { version, .. }, .. }) => {
            format!(
                "version {} was served where version {version} was written, and then invalidated",
                seen.version
            )
        }
        _ => "a value was served that was computed before an invalidation or a set had begun".to_owned(),
    };
    let story = write.cloned().into_iter().chain(source).chain([fence.clone(), call.clone()]).collect();
    Violation { promise: Promise::Fresh, says, story }
}

fn value(event: &Event, of: Key) -> Option<&Seen> {
    match &event.what {
        What::Called { key, outcome: Outcome::Value(seen), .. } if *key == of => Some(seen),
        _ => None,
    }
}

fn set(event: &Event) -> Option<(Id, &Event)> {
    match event.what {
        What::Set { id, .. } => Some((id, event)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        check::tale::Tale,
        history::{Key, Kind, Reach},
    };

    const KEY: Key = Key { kind: Kind::Entry, row: 1 };

    #[test]
    fn a_value_from_before_an_acknowledged_invalidation_is_a_violation_and_its_story_is_short() {
        let mut tale = Tale::new();
        tale.wrote(1, 1, 0..1);
        let old = tale.computed(KEY, 1, 2..10);
        tale.wrote(1, 2, 4..5);
        tale.invalidated(Reach::Row(1), 6..8);
        tale.called(KEY, &old, 9..11);

        let found = super::stale(&tale.history());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].says, "version 1 was served where version 2 was written, and then invalidated");
        assert_eq!(found[0].story.len(), 4);
    }

    #[test]
    fn a_call_that_had_started_before_the_invalidation_returned_may_have_the_old_value() {
        let mut tale = Tale::new();
        let old = tale.computed(KEY, 1, 2..10);
        tale.invalidated(Reach::All, 6..8);
        tale.called(KEY, &old, 8..11);
        assert!(super::stale(&tale.history()).is_empty());
    }

    #[test]
    fn a_computation_that_began_during_the_invalidation_may_be_served() {
        let mut tale = Tale::new();
        tale.invalidated(Reach::Key(KEY), 6..8);
        let new = tale.computed(KEY, 1, 7..10);
        tale.called(KEY, &new, 11..12);
        assert!(super::stale(&tale.history()).is_empty());
    }

    #[test]
    fn an_invalidation_that_failed_or_reaches_others_proves_nothing() {
        let mut tale = Tale::new();
        let old = tale.computed(KEY, 1, 2..10);
        tale.invalidation_failed(Reach::All, 12..13);
        tale.invalidated(Reach::Row(2), 12..13);
        tale.called(KEY, &old, 14..15);
        assert!(super::stale(&tale.history()).is_empty());
    }

    #[test]
    fn a_long_invalidation_that_returns_last_does_not_hide_a_later_one() {
        let mut tale = Tale::new();
        let old = tale.computed(KEY, 1, 3..4);
        tale.invalidated(Reach::All, 5..6);
        tale.invalidated(Reach::All, 1..8);
        tale.called(KEY, &old, 9..10);
        assert_eq!(super::stale(&tale.history()).len(), 1);
    }

    #[test]
    fn what_a_set_was_to_replace_is_not_served_once_it_has_returned() {
        let mut tale = Tale::new();
        let old = tale.computed(KEY, 1, 2..3);
        let set = tale.set(KEY, 4..5);
        tale.called(KEY, &set, 6..7);
        assert!(super::stale(&tale.history()).is_empty());
        tale.called(KEY, &old, 6..7);
        assert_eq!(super::stale(&tale.history()).len(), 1);
    }

    #[test]
    fn a_value_set_by_hand_counts_from_the_end_of_its_set() {
        for (set, broken) in [(2..5, 1), (2..7, 0)] {
            let mut tale = Tale::new();
            let value = tale.set(KEY, set);
            tale.invalidated(Reach::All, 6..8);
            tale.called(KEY, &value, 9..10);
            assert_eq!(super::stale(&tale.history()).len(), broken);
        }
    }
}
