//! Fetch: what lies in the place of a key, read at one moment.
//! Leaves bytes that cannot be read to `garbage`.

use hermes::backend::{Match, Purpose, Reading, Sight};

use crate::conformance::candidate::Candidate;

const PURPOSES: [Purpose; 3] = [Purpose::Peek, Purpose::Read, Purpose::Follow];

pub fn nothing_is_there_at_first(candidate: &Candidate) {
    for purpose in PURPOSES {
        let target = candidate.target("k", &["a"]);
        let view = candidate.fetch(&target, purpose);

        assert_eq!(view.entry, None);
        assert_eq!(view.versions.complete(&target.tags), None);
        assert!(matches!(view.lease, Sight::NotAsked | Sight::Free | Sight::Won(_)), "{:?}", view.lease);
        candidate.invalidate(&target);
    }
}

pub fn to_look_takes_no_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);

    for purpose in [Purpose::Peek, Purpose::Follow] {
        assert!(!matches!(candidate.fetch(&target, purpose).lease, Sight::Won(_)), "{purpose:?}");
    }

    candidate.win(&target);
}

pub fn every_purpose_is_told_entry_and_versions(candidate: &Candidate) {
    let target = candidate.target("k", &["a", "b"]);
    candidate.store(&target, b"value");
    for purpose in PURPOSES {
        let view = candidate.fetch(&target, purpose);

        let entry = view.entry.unwrap();
        assert_eq!(*entry.payload, *b"value");
        assert_eq!(entry.versions.compare(&target.tags, &view.versions), Match::Alive);
    }
}

pub fn who_follows_is_told_who_holds_the_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a", "b"]);
    let won = candidate.win(&target);

    let view = candidate.fetch(&target, Purpose::Follow);

    let Sight::Held(lease) = view.lease else { panic!("{:?}", view.lease) };
    assert_eq!(lease.token, won.token);
    assert_eq!(lease.versions, won.versions);
    assert_eq!(lease.versions.compare(&target.tags, &view.versions), Match::Alive);
}

pub fn who_reads_while_another_computes_wins_nothing(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);

    let view = candidate.fetch(&target, Purpose::Read);

    assert_eq!(view.entry, None);
    assert!(!matches!(view.lease, Sight::Won(_)));
    assert!(candidate.holds(&target, won.token));
}

pub fn absent_versions_are_told_among_those_that_are_there(candidate: &Candidate) {
    let some = candidate.target("k", &["b"]);
    let all = candidate.target("k", &["a", "b", "c"]);
    let versions = candidate.win(&some).versions;

    let told = candidate.peek(&all).versions;

    // *, a, b, c and the function's, in the order of their labels.
    let [everything, b, function] = versions.tags() else { panic!("{versions:?}") };
    let expected = vec![Some(*everything), None, Some(*b), None, Some(*function)];
    assert_eq!(told, Reading::new(versions.history(), expected));
}

pub fn keys_of_other_names_are_apart(candidate: &Candidate) {
    let (ours, theirs) = (candidate.target("ours", &["a"]), candidate.target("theirs", &["a"]));
    candidate.store(&ours, b"ours");

    assert_eq!(candidate.payload(&theirs), None);
    candidate.store(&theirs, b"theirs");
    assert_eq!(*candidate.payload(&ours).unwrap(), *b"ours");
}
