//! P4: no call fails because of the cache, and none gets what was computed for another key.
//! What loaders were told to do, the workload knows: it has already told it from the rest.

use super::{Promise, Violation};
use crate::history::{Event, History, Outcome, What};

/// Every call that came to what no loader said.
pub(super) fn broken(history: &History) -> Vec<Violation> {
    history.events.iter().filter_map(wrong).collect()
}

fn wrong(event: &Event) -> Option<Violation> {
    let What::Called { key, outcome, .. } = &event.what else { return None };
    let says = match outcome {
        Outcome::Broken(why) => format!("a call of {key} failed: {why}"),
        Outcome::Value(seen) if seen.key != *key => format!("a call of {key} got the value of {}", seen.key),
        _ => return None,
    };
    Some(Violation { promise: Promise::Sound, says, story: vec![event.clone()] })
}

#[cfg(test)]
mod tests {
    use crate::{
        check::tale::Tale,
        history::{Key, Kind, Outcome},
    };

    #[test]
    fn what_the_loader_said_is_sound_and_all_else_is_not() {
        let (key, other) = (Key { kind: Kind::Entry, row: 0 }, Key { kind: Kind::Entry, row: 1 });
        let mut tale = Tale::new();
        let value = tale.computed(key, 1, 0..1);
        for outcome in [Outcome::OwnError, Outcome::OwnPanic, Outcome::Nothing, Outcome::Dropped] {
            tale.came_to(key, outcome, 2..3);
        }
        tale.called(key, &value, 2..3);
        assert!(super::broken(&tale.history()).is_empty());

        tale.came_to(key, Outcome::Broken("a decode error".to_owned()), 2..3);
        tale.called(other, &value, 2..3);
        assert_eq!(super::broken(&tale.history()).len(), 2);
    }
}
