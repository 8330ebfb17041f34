//! Invalidate and clean: what each deletes, and what it leaves.
//! Leaves computations that they fence to `commit` and `acquire`.

use hermes::backend::{Command, Leaving, Reading, Reply, Sight, Tag};

use crate::conformance::{
    candidate::{Candidate, LONG, namespace, target},
    place::fresh_namespace,
};

pub fn an_invalidate_deletes_entry_and_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"value");
    let won = candidate.win_by_force(&target);

    candidate.invalidate(&target);

    let view = candidate.peek(&target);
    assert_eq!(view.entry, None);
    assert_eq!(view.versions.complete(&target.tags), Some(won.versions), "the versions stay");
    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn an_invalidate_deletes_the_word_that_waiting_is_of_no_use(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.release(&target, won.token, Leaving::Pass(LONG));

    candidate.invalidate(&target);

    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn an_invalidate_leaves_other_keys(candidate: &Candidate) {
    let (ours, theirs) = (candidate.target("ours", &["a"]), candidate.target("theirs", &["a"]));
    candidate.store(&theirs, b"theirs");
    let holder = candidate.win_by_force(&theirs);

    candidate.invalidate(&ours);

    assert_eq!(*candidate.payload(&theirs).unwrap(), *b"theirs");
    assert!(candidate.holds(&theirs, holder.token));
}

pub fn a_clean_deletes_the_versions_that_it_names(candidate: &Candidate) {
    let target = candidate.target("k", &["a", "b", "c"]);
    let versions = candidate.win(&target).versions;
    let [everything, _, b, _, function] = versions.tags() else { panic!("{versions:?}") };

    candidate.clean(&target, &[Tag::user("a"), Tag::user("nobody has it"), Tag::user("c")]);

    let left = vec![Some(*everything), None, Some(*b), None, Some(*function)];
    assert_eq!(candidate.peek(&target).versions, Reading::new(versions.history(), left));
}

pub fn a_clean_leaves_entries_and_leases_to_their_versions(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"value");
    let holder = candidate.win_by_force(&target);

    candidate.clean(&target, &[Tag::user("a")]);

    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
    assert!(candidate.holds(&target, holder.token));
}

pub fn a_version_is_new_after_a_clean(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let before = candidate.win(&target).versions;
    candidate.clean(&target, &[Tag::user("a")]);

    let after = candidate.win(&target).versions;

    let changed: Vec<_> = before.tags().iter().zip(after.tags()).map(|(a, b)| a != b).collect();
    assert_eq!(changed, [false, true, false]);
}

pub fn a_clean_of_what_is_not_there_is_done(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.clean(&target, &[Tag::user("a"), Tag::everything()]);
    candidate.clean(&target, &[Tag::user("a"), Tag::user("a")]);
    assert_eq!(candidate.peek(&target).versions.complete(&target.tags), None);
}

pub fn a_clean_leaves_other_buckets(candidate: &Candidate) {
    let names: Vec<_> = (0..8).map(|n| n.to_string()).collect();
    let targets: Vec<_> = names.iter().map(|name| candidate.target(name, &["a"])).collect();
    for target in &targets {
        candidate.win(target);
    }
    let bucket = |target: &hermes::backend::Target| target.key.bucket(candidate.buckets());

    candidate.clean(&targets[0], &[Tag::user("a")]);

    for target in &targets {
        let is_there = candidate.peek(target).versions.complete(&target.tags).is_some();
        assert_eq!(is_there, bucket(target) != bucket(&targets[0]));
    }
}

pub fn a_clean_leaves_other_namespaces(candidate: &Candidate) {
    let other = namespace(&fresh_namespace());
    let (ours, theirs) = (candidate.target("k", &["a"]), target(&other, "k", &["a"]));
    candidate.win(&ours);
    let versions = candidate.win(&theirs).versions;

    for bucket in candidate.buckets().all() {
        let tags = [Tag::user("a"), Tag::everything()].into();
        let clean = Command::Clean { namespace: candidate.namespace().clone(), bucket, tags };
        assert_eq!(candidate.ask(&clean), Reply::Done);
    }

    assert_eq!(candidate.peek(&ours).versions.complete(&ours.tags), None);
    assert_eq!(candidate.peek(&theirs).versions.complete(&theirs.tags), Some(versions));
}
