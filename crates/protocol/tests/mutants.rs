//! The search bites: for each naive reading of the protocol it finds how a promise is broken.
//!
//! Run with `--nocapture` to read the shortest histories.

#![allow(clippy::print_stdout, reason = "the search says what it found")]

mod world;

use world::{
    Budget, Drops, Mutant, Role, Setup,
    search::{lines, search},
};

const READ: Role = Role::Read;

/// More states than any of these histories is away.
const AT_MOST: usize = 2_000_000;

/// Asserts that the mutant breaks the promise in this world, and that without it all is well there.
fn breaks(promise: &str, mutant: Mutant, world: Setup) {
    let sound = search(&world, AT_MOST);
    assert!(sound.broken.is_none(), "broken without a mutant: {:#?}", sound.broken);
    let found = search(&Setup { mutant: Some(mutant), ..world }, AT_MOST);
    let broken =
        found.broken.unwrap_or_else(|| panic!("{mutant:?} goes unnoticed in {} states", found.states));
    println!("{mutant:?}, after {} states:\n{}", found.states, lines(&broken.history));
    assert_eq!(
        broken.violation.promise, promise,
        "{mutant:?} breaks another promise: {}",
        broken.violation.what
    );
}

fn one_process() -> Setup {
    Setup { callers: vec![(0, READ), (0, READ)], ..Setup::default() }
}

fn two_processes() -> Setup {
    Setup { callers: vec![(0, READ), (1, READ)], ..Setup::default() }
}

fn one_timeout() -> Budget {
    Budget { timeouts: 1, ..Budget::default() }
}

#[test]
fn joining_any_flight() {
    breaks("P1", Mutant::M01JoinAny, Setup { invalidations: vec![Drops::Key], ..one_process() });
}

#[test]
fn joining_by_token_alone() {
    breaks("P1", Mutant::M02JoinByToken, Setup { invalidations: vec![Drops::TagA], ..one_process() });
}

#[test]
fn joining_by_versions_alone() {
    breaks("P1", Mutant::M03JoinByVersions, Setup { invalidations: vec![Drops::Key], ..one_process() });
}

#[test]
fn joining_by_a_reading_from_before_the_start() {
    let callers = vec![(0, READ), (0, READ), (0, READ)];
    let world = Setup { callers, invalidations: vec![Drops::Key], ..Setup::default() };
    breaks("P1", Mutant::M04JoinByEarlierReading, world);
}

#[test]
fn sharing_an_answer_with_those_who_came_later() {
    let world = Setup { invalidations: vec![Drops::Key], warm: true, ..one_process() };
    breaks("P1", Mutant::M05ShareEveryAnswer, world);
}

#[test]
fn stamping_absent_versions_read_after_a_clean() {
    let world = Setup { invalidations: vec![Drops::TagA, Drops::TagA], ..two_processes() };
    breaks("P1", Mutant::M06NilWindow, world);
}

#[test]
fn sending_a_token_twice() {
    let world = Setup { invalidations: vec![Drops::Key], budget: one_timeout(), ..two_processes() };
    breaks("P1", Mutant::M07SameToken, world);
}

#[test]
fn sending_versions_twice() {
    let world = Setup { invalidations: vec![Drops::TagA], budget: one_timeout(), ..two_processes() };
    breaks("P1", Mutant::M08SameVersions, world);
}

#[test]
fn sending_an_acquire_again_as_it_was() {
    let world = Setup { invalidations: vec![Drops::Key], budget: one_timeout(), ..two_processes() };
    breaks("P1", Mutant::M25SameBytes, world);
}

#[test]
fn deleting_the_entry_before_the_lease() {
    breaks("P1", Mutant::M09EntryFirst, Setup { invalidations: vec![Drops::Key], ..two_processes() });
}

#[test]
fn deleting_the_entry_only() {
    breaks("P1", Mutant::M10EntryOnly, Setup { invalidations: vec![Drops::Key], ..two_processes() });
}

#[test]
fn reading_the_entry_before_the_lease_is_taken() {
    breaks("P2", Mutant::M11EntryThenLease, two_processes());
}

#[test]
fn setting_by_a_plain_write() {
    let callers = vec![(0, Role::Set), (1, READ)];
    let world = Setup { callers, invalidations: vec![Drops::Key], ..Setup::default() };
    breaks("P1", Mutant::M12PlainSet, world);
}

#[test]
fn serving_the_stale_entry_of_the_fetch() {
    let budget = Budget { failures: 1, ttl_ends: 1, ..Budget::default() };
    let world = Setup { invalidations: vec![Drops::Key], budget, warm: true, ..one_process() };
    breaks("P1", Mutant::M13StaleFromFetch, world);
}

#[test]
fn trusting_a_server_that_came_back() {
    let budget = Budget { restarts: 1, ..Budget::default() };
    let world = Setup { invalidations: vec![Drops::TagA], budget, warm: true, ..two_processes() };
    breaks("P1", Mutant::M14NoHistory, world);
}

#[test]
fn leaving_the_slot_to_an_entry_that_nobody_is_served() {
    let world = Setup { invalidations: vec![Drops::TagA], warm: true, claims: true, ..two_processes() };
    breaks("P3", Mutant::M30NeverSwaps, world);
}

#[test]
fn naming_leases_after_a_restart_as_before() {
    let budget = Budget { restarts: 1, ..Budget::default() };
    let callers = vec![(0, READ), (1, READ), (1, READ)];
    let world = Setup {
        callers,
        invalidations: vec![Drops::Key],
        budget,
        claims: true,
        brisk: true,
        ..Setup::default()
    };
    breaks("P1", Mutant::M33CountsFromOne, world);
}

#[test]
fn giving_a_lease_another_name_with_each_heartbeat() {
    let budget = Budget { beats: 2, ..Budget::default() };
    breaks("P2", Mutant::RenewalRenames, Setup { budget, claims: true, ..two_processes() });
}

#[test]
fn taking_absent_versions_for_equal() {
    breaks("P1", Mutant::M35AbsentStays, Setup { invalidations: vec![Drops::TagA], ..two_processes() });
}

#[test]
fn reading_the_versions_after_the_computation() {
    breaks("P1", Mutant::VersionsAfterCompute, Setup { invalidations: vec![Drops::TagA], ..two_processes() });
}

#[test]
fn letting_those_sleep_who_wait() {
    breaks("P3", Mutant::NobodyWakes, one_process());
}
