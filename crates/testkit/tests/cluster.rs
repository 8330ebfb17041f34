//! A real Redis cluster: slots that move, masters that fall.
#![allow(clippy::unwrap_used, reason = "tests")]

use hermes_testkit::{Cluster, Redis};

/// The value that a node has under a key, or what it says instead.
fn asked(node: &Redis, key: &str) -> String {
    match node.try_command(&["GET", key]) {
        Ok(value) if value.is_nil() => "nothing".to_owned(),
        Ok(value) => value.text().to_owned(),
        Err(error) => error,
    }
}

/// Some master that does not have this slot.
fn another_master(cluster: &Cluster, slot: u16) -> &Redis {
    let master = cluster.master_of_slot(slot);
    cluster.nodes()[..3].iter().find(|node| node.port() != master.port()).unwrap()
}

#[test]
fn three_masters_with_a_replica_each_share_the_slots() {
    let cluster = Cluster::start();
    let nodes = cluster.nodes();

    assert_eq!(nodes.len(), 6);
    for (slot, master) in [(0, 0), (5460, 0), (5461, 1), (10921, 1), (10922, 2), (16383, 2)] {
        assert_eq!(cluster.master_of_slot(slot).port(), nodes[master].port(), "slot {slot}");
    }
    for (master, replica) in nodes[..3].iter().zip(&nodes[3..]) {
        assert_eq!(cluster.replica_of(master).unwrap().port(), replica.port());
    }
    let [a, b, c] = [0, 1, 2].map(|number: usize| nodes[number].address());
    assert_eq!(cluster.url(), format!("redis+cluster://{a},{b},{c}"));
}

#[test]
fn a_slot_moves_step_by_step() {
    let cluster = Cluster::start();
    let slot = cluster.slot_of("user:1");
    let (from, to) = (cluster.master_of_slot(slot), another_master(&cluster, slot));
    from.command(&["SET", "user:1", "Ann"]);
    let moved = format!("MOVED {slot} 127.0.0.1:{}", to.port());
    let ask = format!("ASK {slot} 127.0.0.1:{}", to.port());

    cluster.begin_move(slot, to);
    assert_eq!(asked(from, "user:1"), "Ann");
    cluster.move_keys(slot, to);
    assert_eq!(asked(from, "user:1"), ask);
    cluster.end_move(slot, to);
    assert_eq!(asked(from, "user:1"), moved);
    assert_eq!(asked(to, "user:1"), "Ann");

    cluster.move_slot(slot, from);
    assert_eq!(asked(from, "user:1"), "Ann");
}

#[test]
fn a_failover_changes_the_roles_and_loses_nothing() {
    let cluster = Cluster::start();
    let slot = cluster.slot_of("k");
    let old = cluster.master_of_slot(slot);
    old.command(&["SET", "k", "v"]);

    let new = cluster.fail_over(old);

    assert_eq!(cluster.master_of_slot(slot).port(), new.port());
    assert_eq!(asked(new, "k"), "v");
    assert_eq!(cluster.replica_of(new).unwrap().port(), old.port());
    assert_eq!(asked(old, "k"), format!("MOVED {slot} 127.0.0.1:{}", new.port()));
}

#[test]
fn a_killed_master_is_replaced_and_comes_back_as_a_replica() {
    let cluster = Cluster::start();
    let slot = cluster.slot_of("k");
    let old = cluster.master_of_slot(slot);
    let replica = cluster.replica_of(old).unwrap();

    old.kill();
    cluster.wait_until_settled();
    assert_eq!(cluster.master_of_slot(slot).port(), replica.port());
    assert_eq!(replica.command(&["SET", "k", "v"]).text(), "OK");

    old.start_again();
    cluster.wait_until_settled();
    assert_eq!(cluster.replica_of(replica).unwrap().port(), old.port());
}

#[test]
fn a_frozen_master_is_replaced_and_steps_back_when_it_thaws() {
    let cluster = Cluster::start();
    let slot = cluster.slot_of("k");
    let old = cluster.master_of_slot(slot);

    old.freeze();
    cluster.wait_until_settled();
    let new = cluster.master_of_slot(slot);
    assert_ne!(new.port(), old.port());

    old.thaw();
    cluster.wait_until_settled();
    assert_eq!(asked(old, "k"), format!("MOVED {slot} 127.0.0.1:{}", new.port()));
}
