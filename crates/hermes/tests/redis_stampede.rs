//! Many processes ask for one cold key at once: one computes, all are served, whatever happens to the leader.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{both_ways, crowd};
use hermes_testkit::Redis;

#[test]
#[ignore = "the others run it, in processes of their own"]
fn a_process_of_the_crowd() {
    crowd::play();
}

#[test]
fn of_many_processes_one_computes_and_all_are_served() {
    both_ways(|way| {
        for computing in [Duration::from_millis(100), Duration::from_secs(1)] {
            let server = Redis::start();
            crowd::one_computes(&server.url(), way, computing);
        }
    });
}

#[test]
fn when_the_leading_process_is_killed_another_one_computes() {
    both_ways(|way| crowd::another_one_computes(&Redis::start().url(), way));
}

#[test]
fn an_invalidation_in_the_middle_is_seen_by_all_processes() {
    both_ways(|way| crowd::an_invalidation_is_seen(&Redis::start().url(), way));
}
