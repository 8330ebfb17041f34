//! Acquire: creates the versions that are absent, takes the lease where it may, and then reads.
//! Leaves how long all that lives to `lives`.

use hermes::backend::{Command, Leaving, Manner, Sight, Tag};

use crate::conformance::candidate::{Candidate, LONG, WhoseTokens, acquire, foreign_token, won};

pub fn the_versions_that_it_brings_are_used_where_there_are_none(candidate: &Candidate) {
    let target = candidate.target("k", &["a", "b"]);
    let command = acquire(&target, Manner::Polite, LONG, LONG);
    let Command::Acquire { fresh, .. } = &command else { unreachable!("it is one") };

    let versions = won(&target, &candidate.acquire_as(&command)).versions;

    assert_eq!(versions.tags(), *fresh);
    assert_eq!(candidate.peek(&target).versions.complete(&target.tags), Some(versions));
}

pub fn versions_that_are_there_are_kept(candidate: &Candidate) {
    let target = candidate.target("k", &["a", "b"]);
    let first = candidate.win(&target);
    candidate.release(&target, first.token, Leaving::Nothing);

    let second = candidate.win(&target);

    assert_eq!(second.versions, first.versions);
    assert_ne!(second.token, first.token);
}

pub fn who_wins_holds_the_token_that_it_brought(candidate: &Candidate) {
    if candidate.whose_tokens() == WhoseTokens::TheServers {
        return;
    }
    let target = candidate.target("k", &["a"]);
    let command = acquire(&target, Manner::Polite, LONG, LONG);
    let Command::Acquire { token, .. } = &command else { unreachable!("it is one") };

    assert_eq!(candidate.acquire_as(&command).lease, Sight::Won(*token));
    assert!(candidate.holds(&target, *token));
}

pub fn a_polite_one_leaves_anothers_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let first = candidate.win(&target);

    let view = candidate.acquire(&target);

    let Sight::Held(lease) = view.lease else { panic!("{:?}", view.lease) };
    assert_eq!((lease.token, &lease.versions), (first.token, &first.versions));
    assert_eq!(view.versions.complete(&target.tags), Some(first.versions));
    assert!(candidate.holds(&target, first.token));
}

pub fn a_forced_one_takes_anothers_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let first = candidate.win(&target);

    let second = candidate.win_by_force(&target);

    assert_ne!(second.token, first.token);
    assert!(candidate.holds(&target, second.token));
}

pub fn a_forced_one_takes_a_lease_that_nobody_has(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);

    let won = candidate.win_by_force(&target);

    assert!(candidate.holds(&target, won.token));
}

pub fn a_lease_of_the_same_tags_whose_versions_are_gone_is_taken_over(candidate: &Candidate) {
    for cleaned in [Tag::user("a"), Tag::everything()] {
        let target = candidate.target("k", &["a", "b"]);
        let doomed = candidate.win_by_force(&target);
        candidate.clean(&target, &[cleaned]);

        let heir = candidate.win(&target);

        assert_ne!(heir.token, doomed.token);
        assert_ne!(heir.versions, doomed.versions);
        assert!(candidate.holds(&target, heir.token));
    }
}

pub fn a_lease_of_other_tags_is_not_taken_over(candidate: &Candidate) {
    let (before, after) = (candidate.target("k", &["a"]), candidate.target("k", &["a", "b"]));
    let mut old_code = candidate.win(&before).token;
    let is_left =
        |old_code| matches!(candidate.acquire(&after).lease, Sight::Held(lease) if lease.token == old_code);

    assert!(is_left(old_code));
    candidate.clean(&before, &[Tag::user("a")]);
    assert!(is_left(old_code));
    // From here on it may say itself what it was taken under.
    old_code = candidate.renew(&before, old_code, LONG).unwrap();
    assert!(is_left(old_code));
    candidate.clean(&before, &[Tag::everything()]);
    assert!(is_left(old_code));
    assert!(candidate.holds(&before, old_code));
}

pub fn the_word_that_waiting_is_of_no_use_stays(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let first = candidate.win(&target);
    candidate.release(&target, first.token, Leaving::Pass(LONG));

    assert_eq!(candidate.acquire(&target).lease, Sight::Pass);
    assert_eq!(candidate.lease(&target), Sight::Pass);
    let forced = candidate.win_by_force(&target);
    assert!(candidate.holds(&target, forced.token));
}

pub fn the_versions_are_created_whoever_has_the_lease(candidate: &Candidate) {
    let (some, all) = (candidate.target("k", &["a"]), candidate.target("k", &["a", "b"]));
    candidate.win(&some);

    let view = candidate.acquire(&all);

    assert!(matches!(view.lease, Sight::Held(_)));
    assert!(view.versions.complete(&all.tags).is_some());
    assert_eq!(candidate.peek(&all).versions, view.versions);
}

pub fn the_entry_is_told_and_left(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"value");

    let view = candidate.acquire_as(&acquire(&target, Manner::Forced, LONG, LONG));

    assert_eq!(view.entry.map(|entry| entry.payload), candidate.payload(&target));
    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
}

pub fn leases_of_other_keys_are_apart(candidate: &Candidate) {
    let (ours, theirs) = (candidate.target("ours", &["a"]), candidate.target("theirs", &["a"]));

    let (our_lease, their_lease) = (candidate.win(&ours), candidate.win(&theirs));

    assert!(candidate.holds(&ours, our_lease.token));
    assert!(candidate.holds(&theirs, their_lease.token));
    assert!(!candidate.holds(&theirs, foreign_token()));
}
