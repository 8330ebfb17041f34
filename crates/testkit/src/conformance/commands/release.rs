//! Release: the holder of the lease gives it back, and may leave word.
//! Leaves leases that end by themselves to `lives`.

use hermes::backend::{Leaving, Sight};

use crate::conformance::candidate::{Candidate, LONG, foreign_token};

pub fn the_lease_is_free_again(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);

    candidate.release(&target, won.token, Leaving::Nothing);

    assert_eq!(candidate.lease(&target), Sight::Free);
    candidate.win(&target);
}

pub fn word_may_be_left_in_its_place(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);

    candidate.release(&target, won.token, Leaving::Pass(LONG));

    assert_eq!(candidate.lease(&target), Sight::Pass);
}

pub fn who_does_not_hold_the_lease_releases_nothing(candidate: &Candidate) {
    for leaving in [Leaving::Nothing, Leaving::Pass(LONG)] {
        let target = candidate.target("k", &["a"]);
        let holder = candidate.win_by_force(&target);

        candidate.release(&target, foreign_token(), leaving);

        assert!(candidate.holds(&target, holder.token));
    }
}

pub fn who_lost_the_lease_leaves_no_word(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.invalidate(&target);

    candidate.release(&target, won.token, Leaving::Pass(LONG));

    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn the_word_is_not_released_by_who_left_it(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.release(&target, won.token, Leaving::Pass(LONG));

    candidate.release(&target, won.token, Leaving::Nothing);

    assert_eq!(candidate.lease(&target), Sight::Pass);
}

pub fn the_entry_and_the_versions_stay(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"value");
    let won = candidate.win_by_force(&target);

    candidate.release(&target, won.token, Leaving::Nothing);

    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
    assert_eq!(candidate.peek(&target).versions.complete(&target.tags), Some(won.versions));
}
