//! Many processes ask for one cold key at once: one computes, all are served, whatever happens to the leader.
#![cfg(all(feature = "memcached", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{both_ways, crowd};
use hermes_testkit::Memcached;

#[test]
#[ignore = "the others run it, in processes of their own"]
fn a_process_of_the_crowd() {
    crowd::play();
}

#[test]
fn of_many_processes_one_computes_and_all_are_served() {
    both_ways(|way| {
        for computing in [Duration::from_millis(100), Duration::from_secs(1)] {
            let server = Memcached::start();
            crowd::one_computes(&server.url(), way, computing);
        }
    });
}

#[test]
fn heartbeats_are_no_failures_of_a_leader_to_other_processes() {
    both_ways(|way| {
        let server = Memcached::start();
        // Six of them, of which each gives the lease another number on the server.
        crowd::one_computes(&server.url(), way, Duration::from_secs(4));
    });
}

#[test]
fn when_the_leading_process_is_killed_another_one_computes() {
    both_ways(|way| crowd::another_one_computes(&Memcached::start().url(), way));
}

#[test]
fn an_invalidation_in_the_middle_is_seen_by_all_processes() {
    both_ways(|way| crowd::an_invalidation_is_seen(&Memcached::start().url(), way));
}
