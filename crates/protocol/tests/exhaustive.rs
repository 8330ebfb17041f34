//! Every history of several small worlds: no promise is broken in any state that can be reached.
//!
//! P1 and P2 are checked at each step, P3 from each state: left alone from there on, every call ends. P6 is P1 in
//! a world that evicts. Run with `--nocapture` to see how many states there are.

#![allow(clippy::print_stdout, reason = "the search says what it found")]

mod world;

use std::thread;

use world::{
    Budget, Drops, Role, Setup,
    search::{lines, search},
};

/// More states than any world here has.
const AT_MOST: usize = 3_000_000;

const READ: Role = Role::Read;

/// Names the world by its test, whose thread has its name.
fn holds(setup: &Setup) {
    let here = thread::current();
    let name = here.name().unwrap_or_default();
    let found = search(setup, AT_MOST);
    println!("{name}: {} states, {} transitions, depth {}", found.states, found.transitions, found.depth);
    if let Some(broken) = found.broken {
        panic!("{}: {}\n{}", broken.violation.promise, broken.violation.what, lines(&broken.history));
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

/// Each packet takes its time.
fn stepwise(callers: Vec<(usize, Role)>) -> Setup {
    Setup { callers, ..Setup::default() }
}

/// Requests arrive as soon as they are sent, so that more can happen beside them.
fn brisk(callers: Vec<(usize, Role)>) -> Setup {
    Setup { brisk: true, ..stepwise(callers) }
}

/// Entry and lease share a slot, as on memcached.
fn one_slot(callers: Vec<(usize, Role)>) -> Setup {
    Setup { claims: true, ..stepwise(callers) }
}

#[test]
fn three_readers_and_nothing_else() {
    holds(&stepwise(three_readers()));
}

#[test]
fn three_readers_and_a_clean_in_between() {
    holds(&Setup { invalidations: vec![Drops::TagA], ..stepwise(three_readers()) });
}

#[test]
fn invalidate_clean_crash_and_eviction() {
    let budget = Budget { kills: 1, evictions: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key, Drops::TagB], budget, ..brisk(three_readers()) });
}

#[test]
fn lost_and_late_packets_in_one_process() {
    let budget = Budget { timeouts: 2, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, ..stepwise(one_process()) });
}

#[test]
fn lost_and_late_packets_between_processes() {
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, ..stepwise(two_processes()) });
}

#[test]
fn leases_that_run_out_under_their_leaders() {
    let budget = Budget { expiries: 2, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, ..brisk(three_readers()) });
}

#[test]
fn loaders_that_fail_and_callers_that_leave() {
    let budget = Budget { failures: 2, abandons: 1, ..Budget::default() };
    holds(&Setup { budget, ..brisk(three_readers()) });
}

#[test]
fn values_that_may_not_be_stored() {
    let budget = Budget { unstorables: 2, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, ..brisk(three_readers()) });
}

#[test]
fn patience_that_runs_out() {
    let budget = Budget { impatience: 2, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, ..brisk(three_readers()) });
}

#[test]
fn a_server_that_comes_back_from_a_snapshot() {
    let budget = Budget { restarts: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, ..brisk(three_readers()) });
}

#[test]
fn refresh_and_set_beside_readers() {
    let callers = vec![(0, READ), (0, Role::Refresh), (1, Role::Set), (1, READ)];
    holds(&Setup { invalidations: vec![Drops::Key], ..brisk(callers) });
}

#[test]
fn an_entry_that_expires_and_one_who_peeks() {
    let callers = vec![(0, READ), (0, Role::Peek), (1, READ)];
    let budget = Budget { ttl_ends: 1, evictions: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::All], budget, warm: true, ..brisk(callers) });
}

#[test]
fn invalidate_clean_crash_and_eviction_with_slow_requests() {
    let budget = Budget { kills: 1, evictions: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key, Drops::TagB], budget, ..stepwise(two_processes()) });
}

#[test]
fn everything_at_once_for_two() {
    let budget =
        Budget { timeouts: 1, expiries: 1, evictions: 1, abandons: 1, failures: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, ..stepwise(one_process()) });
}

#[test]
fn lost_and_late_packets_of_three_readers() {
    let budget = Budget { timeouts: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, ..brisk(three_readers()) });
}

#[test]
fn commits_that_arrive_twice() {
    let budget = Budget { timeouts: 2, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, repeats: true, ..stepwise(two_processes()) });
}

#[test]
fn commits_of_set_and_refresh_that_arrive_twice() {
    let callers = vec![(0, Role::Set), (1, READ), (1, Role::Refresh)];
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, repeats: true, ..brisk(callers) });
}

#[test]
fn lost_and_late_packets_of_set_and_refresh() {
    let callers = vec![(0, Role::Set), (1, READ), (1, Role::Refresh)];
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, ..brisk(callers) });
}

#[test]
fn fetches_that_take_the_lease() {
    let budget = Budget { timeouts: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, brisk: true, ..one_slot(three_readers()) });
}

#[test]
fn fetches_that_take_the_lease_of_a_stale_entry() {
    let budget = Budget { kills: 1, evictions: 1, ..Budget::default() };
    holds(&Setup {
        invalidations: vec![Drops::TagA],
        budget,
        warm: true,
        brisk: true,
        ..one_slot(three_readers())
    });
}

#[test]
fn fetches_that_take_the_lease_step_by_step() {
    holds(&Setup { invalidations: vec![Drops::Key, Drops::TagA], warm: true, ..one_slot(two_processes()) });
}

#[test]
fn fetches_that_take_the_lease_step_by_step_in_one_process() {
    let budget = Budget { timeouts: 1, expiries: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, ..one_slot(one_process()) });
}

#[test]
fn leases_that_are_renewed_and_run_out() {
    let budget = Budget { beats: 3, expiries: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::TagA], budget, brisk: true, ..one_slot(three_readers()) });
}

#[test]
fn refresh_and_set_in_one_slot() {
    let callers = vec![(0, READ), (0, Role::Refresh), (1, Role::Set), (1, READ)];
    holds(&Setup { invalidations: vec![Drops::Key], warm: true, brisk: true, ..one_slot(callers) });
}

#[test]
fn refresh_and_set_in_one_slot_step_by_step() {
    let callers = vec![(0, Role::Refresh), (1, Role::Set)];
    holds(&Setup { invalidations: vec![Drops::Key], warm: true, ..one_slot(callers) });
}

#[test]
fn values_that_may_not_be_stored_in_one_slot() {
    let budget = Budget { unstorables: 1, failures: 1, abandons: 1, ..Budget::default() };
    holds(&Setup { budget, brisk: true, ..one_slot(three_readers()) });
}

#[test]
fn an_entry_that_expires_in_one_slot() {
    let callers = vec![(0, READ), (0, Role::Peek), (1, READ)];
    let budget = Budget { ttl_ends: 1, evictions: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::All], budget, warm: true, brisk: true, ..one_slot(callers) });
}

#[test]
fn a_server_that_restarts_empty() {
    let budget = Budget { restarts: 1, ..Budget::default() };
    holds(&Setup { invalidations: vec![Drops::Key], budget, brisk: true, ..one_slot(three_readers()) });
}
