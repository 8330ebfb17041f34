//! Commit: the holder of the lease writes the entry and drops the lease; nobody else writes anything.
//! Leaves the ends of lives to `lives`.

use std::time::Duration;

use hermes::backend::{Committed, Leaving, Sight, Tag};

use crate::conformance::candidate::{Candidate, LONG, Won, entry, foreign_token};

pub fn who_holds_the_lease_stores_and_drops_it(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);

    assert_eq!(candidate.commit(&target, &won, b"value"), Committed::Stored);

    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn the_entry_comes_back_as_it_was(candidate: &Candidate) {
    let target = candidate.target("k", &["a", "b", "c"]);
    let won = candidate.win(&target);
    let stored = entry(&won, b"\0\xff value \r\n", Duration::from_millis(86_400_001));

    assert_eq!(candidate.commit_as(&target, stored.clone(), LONG), Committed::Stored);

    assert_eq!(candidate.peek(&target).entry, Some(stored));
}

pub fn values_are_of_any_size(candidate: &Candidate) {
    // A little below the size that memcached takes by default.
    for size in [0, 1, 250, 1 << 10, 1 << 16, 1_000_000] {
        let target = candidate.target(&size.to_string(), &["a"]);
        let value = vec![b'\r'; size];

        candidate.store(&target, &value);

        assert_eq!(*candidate.payload(&target).unwrap(), *value, "{size} bytes");
    }
}

pub fn the_entry_of_before_is_replaced(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"a long value of before");

    let won = candidate.win_by_force(&target);
    assert_eq!(candidate.commit(&target, &won, b"new"), Committed::Stored);

    assert_eq!(*candidate.payload(&target).unwrap(), *b"new");
}

pub fn who_has_no_lease_stores_nothing(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.release(&target, won.token, Leaving::Nothing);

    assert_eq!(candidate.commit(&target, &won, b"value"), Committed::Fenced);

    assert_eq!(candidate.payload(&target), None);
    assert_eq!(candidate.lease(&target), Sight::Free);
}

pub fn who_has_another_token_stores_nothing_and_leaves_the_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"before");
    let holder = candidate.win_by_force(&target);
    let stranger = Won { token: foreign_token(), ..holder.clone() };

    assert_eq!(candidate.commit(&target, &stranger, b"value"), Committed::Fenced);

    assert_eq!(*candidate.payload(&target).unwrap(), *b"before");
    assert!(candidate.holds(&target, holder.token));
    assert_eq!(candidate.commit(&target, &holder, b"value"), Committed::Stored);
}

pub fn who_was_overtaken_stores_nothing(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let overtaken = candidate.win(&target);
    let holder = candidate.win_by_force(&target);

    assert_eq!(candidate.commit(&target, &overtaken, b"overtaken"), Committed::Fenced);
    assert_eq!(candidate.payload(&target), None);
    assert_eq!(candidate.commit(&target, &holder, b"value"), Committed::Stored);
    assert_eq!(candidate.commit(&target, &overtaken, b"overtaken"), Committed::Fenced);
    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
}

pub fn a_lease_is_good_for_one_commit(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    assert_eq!(candidate.commit(&target, &won, b"first"), Committed::Stored);

    assert_eq!(candidate.commit(&target, &won, b"second"), Committed::Fenced);

    assert_eq!(*candidate.payload(&target).unwrap(), *b"first");
}

pub fn who_was_invalidated_meanwhile_stores_nothing(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.invalidate(&target);

    assert_eq!(candidate.commit(&target, &won, b"old"), Committed::Fenced);

    assert_eq!(candidate.payload(&target), None);
}

pub fn the_word_that_waiting_is_of_no_use_is_nobodys_lease(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.release(&target, won.token, Leaving::Pass(LONG));

    assert_eq!(candidate.commit(&target, &won, b"value"), Committed::Fenced);

    assert_eq!(candidate.payload(&target), None);
    assert_eq!(candidate.lease(&target), Sight::Pass);
}

pub fn versions_that_were_cleaned_meanwhile_stay_absent(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    let won = candidate.win(&target);
    candidate.clean(&target, &[Tag::user("a")]);

    // Stored or not: nobody is served an entry under a version that is gone.
    candidate.commit(&target, &won, b"old");

    assert_eq!(candidate.peek(&target).versions.complete(&target.tags), None);
}
