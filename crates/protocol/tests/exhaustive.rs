//! Every history of several small worlds: no promise is broken in any state that can be reached.
//!
//! P1 and P2 are checked at each step, P3 from each state: left alone from there on, every call ends. P6 is P1 in
//! a world that evicts. Run with `--nocapture` to see how many states there are.

#![allow(clippy::print_stdout, reason = "the search says what it found")]

mod world;

use world::{
    Budget, Drops, Role, Setup,
    search::{lines, search},
};

/// More states than any world here has.
const AT_MOST: usize = 3_000_000;

const READ: Role = Role::Read;

fn holds(name: &str, setup: &Setup) {
    let found = search(setup, AT_MOST);
    println!("{name}: {} states, {} transitions, depth {}", found.states, found.transitions, found.depth);
    if let Some(broken) = found.broken {
        panic!(
            "{} in {name}: {}\n{}",
            broken.violation.promise,
            broken.violation.what,
            lines(&broken.history)
        );
    }
}

/// Two callers in one process and one in another.
fn three_readers() -> Vec<(usize, Role)> {
    vec![(0, READ), (0, READ), (1, READ)]
}

fn one_process() -> Vec<(usize, Role)> {
    vec![(0, READ), (0, READ)]
}

fn two_processes() -> Vec<(usize, Role)> {
    vec![(0, READ), (1, READ)]
}

#[test]
fn three_readers_and_nothing_else() {
    holds("calm", &Setup { callers: three_readers(), ..Setup::default() });
}

#[test]
fn three_readers_and_a_clean_in_between() {
    let invalidations = vec![Drops::TagA];
    holds("clean", &Setup { callers: three_readers(), invalidations, ..Setup::default() });
}

#[test]
fn invalidate_clean_crash_and_eviction() {
    let invalidations = vec![Drops::Key, Drops::TagB];
    let budget = Budget { kills: 1, evictions: 1, ..Budget::default() };
    let setup = Setup { callers: three_readers(), invalidations, budget, brisk: true, ..Setup::default() };
    holds("invalidate, clean, crash, eviction", &setup);
}

#[test]
fn lost_and_late_packets_in_one_process() {
    let budget = Budget { timeouts: 2, ..Budget::default() };
    let setup =
        Setup { callers: one_process(), invalidations: vec![Drops::TagA], budget, ..Setup::default() };
    holds("two time-outs in one process", &setup);
}

#[test]
fn lost_and_late_packets_between_processes() {
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    let setup =
        Setup { callers: two_processes(), invalidations: vec![Drops::Key], budget, ..Setup::default() };
    holds("time-out and expiry between processes", &setup);
}

#[test]
fn leases_that_run_out_under_their_leaders() {
    let budget = Budget { expiries: 2, ..Budget::default() };
    let setup = Setup {
        callers: three_readers(),
        invalidations: vec![Drops::Key],
        budget,
        brisk: true,
        ..Setup::default()
    };
    holds("expiry", &setup);
}

#[test]
fn loaders_that_fail_and_callers_that_leave() {
    let budget = Budget { failures: 2, abandons: 1, ..Budget::default() };
    holds("failures", &Setup { callers: three_readers(), budget, brisk: true, ..Setup::default() });
}

#[test]
fn values_that_may_not_be_stored() {
    let budget = Budget { unstorables: 2, ..Budget::default() };
    let setup = Setup {
        callers: three_readers(),
        invalidations: vec![Drops::Key],
        budget,
        brisk: true,
        ..Setup::default()
    };
    holds("unstorable", &setup);
}

#[test]
fn patience_that_runs_out() {
    let budget = Budget { impatience: 2, ..Budget::default() };
    let setup = Setup {
        callers: three_readers(),
        invalidations: vec![Drops::TagA],
        budget,
        brisk: true,
        ..Setup::default()
    };
    holds("impatience", &setup);
}

#[test]
fn a_server_that_comes_back_from_a_snapshot() {
    let budget = Budget { restarts: 1, ..Budget::default() };
    let invalidations = vec![Drops::TagA];
    holds(
        "restart",
        &Setup { callers: three_readers(), invalidations, budget, brisk: true, ..Setup::default() },
    );
}

#[test]
fn refresh_and_set_beside_readers() {
    let callers = vec![(0, READ), (0, Role::Refresh), (1, Role::Set), (1, READ)];
    let setup = Setup { callers, invalidations: vec![Drops::Key], brisk: true, ..Setup::default() };
    holds("refresh and set", &setup);
}

#[test]
fn an_entry_that_expires_and_one_who_peeks() {
    let callers = vec![(0, READ), (0, Role::Peek), (1, READ)];
    let budget = Budget { ttl_ends: 1, evictions: 1, ..Budget::default() };
    let setup = Setup {
        callers,
        invalidations: vec![Drops::All],
        budget,
        warm: true,
        brisk: true,
        ..Setup::default()
    };
    holds("ttl and peek", &setup);
}

#[test]
fn invalidate_clean_crash_and_eviction_with_slow_requests() {
    let invalidations = vec![Drops::Key, Drops::TagB];
    let budget = Budget { kills: 1, evictions: 1, ..Budget::default() };
    let setup = Setup { callers: two_processes(), invalidations, budget, ..Setup::default() };
    holds("invalidate, clean, crash, eviction, slow requests", &setup);
}

#[test]
fn everything_at_once_for_two() {
    let budget =
        Budget { timeouts: 1, expiries: 1, evictions: 1, abandons: 1, failures: 1, ..Budget::default() };
    let setup =
        Setup { callers: one_process(), invalidations: vec![Drops::TagA], budget, ..Setup::default() };
    holds("everything at once", &setup);
}

#[test]
fn lost_and_late_packets_of_three_readers() {
    let budget = Budget { timeouts: 1, ..Budget::default() };
    let setup = Setup {
        callers: three_readers(),
        invalidations: vec![Drops::Key],
        budget,
        brisk: true,
        ..Setup::default()
    };
    holds("time-out, three readers", &setup);
}

#[test]
fn commits_that_arrive_twice() {
    let budget = Budget { timeouts: 2, ..Budget::default() };
    let invalidations = vec![Drops::Key];
    let setup = Setup { callers: two_processes(), invalidations, budget, repeats: true, ..Setup::default() };
    holds("commits that arrive twice", &setup);
}

#[test]
fn commits_of_set_and_refresh_that_arrive_twice() {
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    let callers = vec![(0, Role::Set), (1, READ), (1, Role::Refresh)];
    let invalidations = vec![Drops::TagA];
    let setup = Setup { callers, invalidations, budget, brisk: true, repeats: true, ..Setup::default() };
    holds("commits that arrive twice, set and refresh", &setup);
}

#[test]
fn lost_and_late_packets_of_set_and_refresh() {
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    let callers = vec![(0, Role::Set), (1, READ), (1, Role::Refresh)];
    let setup = Setup { callers, invalidations: vec![Drops::TagA], budget, brisk: true, ..Setup::default() };
    holds("time-out and expiry, set and refresh", &setup);
}

/// Entry and lease share a slot, as on memcached.
fn one_slot(callers: Vec<(usize, Role)>) -> Setup {
    Setup { callers, claims: true, ..Setup::default() }
}

#[test]
fn fetches_that_take_the_lease() {
    let budget = Budget { timeouts: 1, ..Budget::default() };
    let invalidations = vec![Drops::Key];
    let setup = Setup { invalidations, budget, brisk: true, ..one_slot(three_readers()) };
    holds("fetches that take the lease", &setup);
}

#[test]
fn fetches_that_take_the_lease_of_a_stale_entry() {
    let budget = Budget { kills: 1, evictions: 1, ..Budget::default() };
    let invalidations = vec![Drops::TagA];
    let setup = Setup { invalidations, budget, warm: true, brisk: true, ..one_slot(three_readers()) };
    holds("fetches that take the lease of a stale entry", &setup);
}

#[test]
fn fetches_that_take_the_lease_step_by_step() {
    let invalidations = vec![Drops::Key, Drops::TagA];
    let setup = Setup { invalidations, warm: true, ..one_slot(two_processes()) };
    holds("fetches that take the lease step by step", &setup);
}

#[test]
fn fetches_that_take_the_lease_step_by_step_in_one_process() {
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    let setup = Setup { invalidations: vec![Drops::TagA], budget, ..one_slot(one_process()) };
    holds("fetches that take the lease step by step, in one process", &setup);
}

#[test]
fn leases_that_are_renewed_and_run_out() {
    let budget = Budget { beats: 3, expiries: 1, ..Budget::default() };
    let invalidations = vec![Drops::TagA];
    let setup = Setup { invalidations, budget, brisk: true, ..one_slot(three_readers()) };
    holds("leases that are renewed and run out", &setup);
}

#[test]
fn refresh_and_set_in_one_slot() {
    let callers = vec![(0, READ), (0, Role::Refresh), (1, Role::Set), (1, READ)];
    let invalidations = vec![Drops::Key];
    let setup = Setup { invalidations, brisk: true, warm: true, ..one_slot(callers) };
    holds("refresh and set in one slot", &setup);
}

#[test]
fn refresh_and_set_in_one_slot_step_by_step() {
    let callers = vec![(0, Role::Refresh), (1, Role::Set)];
    let invalidations = vec![Drops::Key];
    let setup = Setup { invalidations, warm: true, ..one_slot(callers) };
    holds("refresh and set in one slot, step by step", &setup);
}

#[test]
fn values_that_may_not_be_stored_in_one_slot() {
    let budget = Budget { unstorables: 1, failures: 1, abandons: 1, ..Budget::default() };
    let setup = Setup { budget, brisk: true, ..one_slot(three_readers()) };
    holds("unstorable, in one slot", &setup);
}

#[test]
fn an_entry_that_expires_in_one_slot() {
    let callers = vec![(0, READ), (0, Role::Peek), (1, READ)];
    let budget = Budget { ttl_ends: 1, evictions: 1, ..Budget::default() };
    let invalidations = vec![Drops::All];
    let setup = Setup { invalidations, budget, warm: true, brisk: true, ..one_slot(callers) };
    holds("ttl and peek, in one slot", &setup);
}

#[test]
fn a_server_that_restarts_empty() {
    let budget = Budget { restarts: 1, ..Budget::default() };
    let setup = Setup { invalidations: vec![Drops::Key], budget, brisk: true, ..one_slot(three_readers()) };
    holds("restart, in one slot", &setup);
}
