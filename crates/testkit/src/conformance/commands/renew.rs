//! Renew: the holder of the lease keeps it; one that was lost is not taken again.
//! Leaves how long it lives then to `lives`.

use hermes::backend::{Committed, Leaving, Sight};

use crate::conformance::candidate::{Candidate, LONG, WhoseTokens, Won, foreign_token};

pub fn who_holds_the_lease_keeps_it(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);

    let token = candidate.renew(&target, won.token, LONG).unwrap();

    assert!(candidate.holds(&target, token));
    if candidate.whose_tokens() == WhoseTokens::TheCallers {
        assert_eq!(token, won.token);
    }
    assert_eq!(candidate.commit(&target, &Won { token, ..won }, b"value"), Committed::Stored);
}

pub fn who_does_not_hold_the_lease_renews_nothing(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let holder = candidate.win(&target);

    assert_eq!(candidate.renew(&target, foreign_token(), LONG), None);

    assert!(candidate.holds(&target, holder.token));
}

pub fn a_lease_that_was_lost_is_not_taken_again(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.invalidate(&target);

    assert_eq!(candidate.renew(&target, won.token, LONG), None);

    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn a_lease_that_was_taken_over_is_not_taken_back(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let overtaken = candidate.win(&target);
    let holder = candidate.win_by_force(&target);

    assert_eq!(candidate.renew(&target, overtaken.token, LONG), None);

    assert!(candidate.holds(&target, holder.token));
}

pub fn the_word_that_waiting_is_of_no_use_is_not_renewed(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.release(&target, won.token, Leaving::Pass(LONG));

    assert_eq!(candidate.renew(&target, won.token, LONG), None);

    assert_eq!(candidate.lease(&target), Sight::Pass);
}
