//! Lives end in real time, and not before: those of entries, of leases, of words left, and of tag versions.
//! Leaves what ends them early to `forget`.

use std::sync::Arc;

use hermes::backend::{Committed, Leaving, Manner, Sight, Target};

use crate::{
    conformance::{
        candidate::{Candidate, LONG, SHORT, acquire, entry, namespace, target, won},
        place::fresh_namespace,
    },
    patience::wait_until,
};

fn has_versions(candidate: &Candidate, target: &Arc<Target>) -> bool {
    candidate.peek(target).versions.complete(&target.tags).is_some()
}

/// Waits until something has ended that began to live now, for a short time.
fn until_a_short_life_has_ended(candidate: &Candidate) {
    let witness = target(&namespace(&fresh_namespace()), "witness", &[]);
    candidate.acquire_as(&acquire(&witness, Manner::Forced, SHORT, SHORT));
    wait_until("the witness's versions are gone", || !has_versions(candidate, &witness));
}

pub fn an_entry_ends(candidate: &Candidate) {
    let (short, long) = (candidate.target("short", &["a"]), candidate.target("long", &["a"]));
    candidate.store(&long, b"long");
    let lease = candidate.win(&short);
    assert_eq!(candidate.commit_as(&short, entry(&lease, b"short", SHORT), LONG), Committed::Stored);

    wait_until("the entry is gone", || candidate.payload(&short).is_none());

    assert_eq!(*candidate.payload(&long).unwrap(), *b"long");
}

pub fn an_entry_may_live_for_a_century(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let lease = candidate.acquire_as(&acquire(&target, Manner::Polite, LONG, LONG));
    let lease = won(&target, &lease);
    let century = hermes::backend::Ttl::MAX.get();

    let stored = candidate.commit_as(&target, entry(&lease, b"value", century), 2 * century);

    assert_eq!(stored, Committed::Stored);
    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
    assert!(has_versions(candidate, &target));
}

pub fn a_lease_ends(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let lost = won(&target, &candidate.acquire_as(&acquire(&target, Manner::Polite, SHORT, LONG)));

    wait_until("the lease is free", || candidate.lease(&target) == Sight::Free);

    assert_eq!(candidate.renew(&target, lost.token, LONG), None);
    assert_eq!(candidate.commit(&target, &lost, b"late"), Committed::Fenced);
    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn a_lease_lives_as_long_as_the_last_renewal_says(candidate: &Candidate) {
    let (renewed, shortened) = (candidate.target("renewed", &["a"]), candidate.target("shortened", &["a"]));
    let lease = candidate.win(&renewed);
    let token = candidate.renew(&renewed, lease.token, LONG).unwrap();
    let other = candidate.win(&shortened);
    candidate.renew(&shortened, other.token, SHORT).unwrap();

    wait_until("the other lease is free", || candidate.lease(&shortened) == Sight::Free);

    assert!(candidate.holds(&renewed, token));
}

pub fn the_word_that_waiting_is_of_no_use_ends(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let lease = candidate.win(&target);
    candidate.release(&target, lease.token, Leaving::Pass(SHORT));

    wait_until("the word is gone", || candidate.lease(&target) == Sight::Free);

    candidate.win(&target);
}

pub fn a_version_ends(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.acquire_as(&acquire(&target, Manner::Polite, LONG, SHORT));

    wait_until("the versions are gone", || !has_versions(candidate, &target));
}

pub fn an_acquire_prolongs_the_life_of_versions(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    // Long enough for a busy machine to come back in time, short enough to wait for.
    let brief = 10 * SHORT;
    candidate.acquire_as(&acquire(&target, Manner::Polite, LONG, brief));
    let prolonged = candidate.acquire_as(&acquire(&target, Manner::Polite, LONG, LONG)).versions;

    let witness = candidate.target("witness", &["b"]);
    candidate.acquire_as(&acquire(&witness, Manner::Polite, LONG, brief));
    wait_until("the witness's versions are gone", || !has_versions(candidate, &witness));

    assert_eq!(candidate.peek(&target).versions, prolonged);
}

pub fn an_acquire_does_not_shorten_the_life_of_versions(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let lease = candidate.win(&target);

    candidate.acquire_as(&acquire(&target, Manner::Forced, LONG, SHORT));
    until_a_short_life_has_ended(candidate);

    assert_eq!(candidate.peek(&target).versions.complete(&target.tags), Some(lease.versions));
}

pub fn a_commit_prolongs_the_life_of_versions(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let brief = 10 * SHORT;
    let lease = won(&target, &candidate.acquire_as(&acquire(&target, Manner::Polite, LONG, brief)));
    let versions = lease.versions.clone();
    assert_eq!(candidate.commit(&target, &lease, b"value"), Committed::Stored);

    let witness = candidate.target("witness", &["b"]);
    candidate.acquire_as(&acquire(&witness, Manner::Polite, LONG, brief));
    wait_until("the witness's versions are gone", || !has_versions(candidate, &witness));

    assert_eq!(candidate.peek(&target).versions.complete(&target.tags), Some(versions));
}

pub fn a_commit_does_not_shorten_the_life_of_versions(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let lease = candidate.win(&target);
    let stored = candidate.commit_as(&target, entry(&lease, b"value", LONG), SHORT);
    assert_eq!(stored, Committed::Stored);

    until_a_short_life_has_ended(candidate);

    assert!(has_versions(candidate, &target));
}
