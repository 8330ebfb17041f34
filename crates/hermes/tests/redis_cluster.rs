//! A cache on a real Redis cluster: entries on all nodes, slots that move, masters that fall.
//! Leaves what single servers do to others.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod either;

use std::{
    collections::BTreeSet,
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::Duration,
};

use either::User;
use hermes::{Cache, ErrorKind};
use hermes_testkit::{Cluster, Redis, wait_until};

/// All names of keys on a node.
fn names(node: &Redis) -> Vec<String> {
    node.command(&["KEYS", "*"]).list().iter().map(|name| name.text().to_owned()).collect()
}

/// The names that the servers know the entries of a namespace by.
fn entries(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let names = masters(cluster).into_iter().flat_map(names);
    names.filter(|name| name.starts_with(namespace) && name.contains(":entry:")).collect()
}

/// The slots in which the entries of a namespace lie.
fn slots(cluster: &Cluster, namespace: &str) -> BTreeSet<u16> {
    entries(cluster, namespace).iter().map(|name| cluster.slot_of(name)).collect()
}

/// Those that serve slots.
fn masters(cluster: &Cluster) -> Vec<&Redis> {
    let ports = [0, 6000, 16_000].map(|slot| cluster.master_of_slot(slot).port());
    cluster.nodes().iter().filter(|node| ports.contains(&node.port())).collect()
}

/// Some master that does not have this slot.
fn another_master(cluster: &Cluster, slot: u16) -> &Redis {
    let master = cluster.master_of_slot(slot);
    masters(cluster).into_iter().find(|node| node.port() != master.port()).unwrap()
}

/// What is between the braces of a name.
fn bucket(name: &str) -> &str {
    name.split(['{', '}']).nth(1).unwrap()
}

fn errors(user: &User) -> u64 {
    user.cache.stats().errors
}

/// Waits until a call hits, for what the cache finds out in its own time.
fn wait_for_a_hit(user: &User, name: &str, tags: &[&str]) {
    wait_until("a call hits", || user.is_hit(name, tags));
}

/// A value in a database, and what of it a cache may not forget: no call that begins after an invalidation gets an
/// older one.
#[derive(Default)]
struct Truth {
    now: AtomicU64,
    confirmed: AtomicU64,
}

impl Truth {
    /// Changes the value, and invalidates.
    fn change(&self, invalidate: impl FnOnce() -> Result<(), hermes::Error>) {
        let now = self.now.fetch_add(1, SeqCst) + 1;
        if invalidate().is_ok() {
            self.confirmed.fetch_max(now, SeqCst);
        }
    }

    /// Asks for the value through a cache.
    fn check(&self, user: &User, name: &str, tags: &[&str]) {
        let confirmed = self.confirmed.load(SeqCst);
        let value = user.get(name, tags, || self.now.load(SeqCst));
        assert!(value >= confirmed, "{name} is {value}, which was invalidated: it is {confirmed} since");
    }
}

#[test]
fn entries_are_spread_over_all_nodes_and_cleaned_on_all() {
    let cluster = Cluster::start();
    let many: Vec<String> = (0..20).map(|tag| format!("tag {tag}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let tags = |key: usize| match key % 3 {
        0 => &[][..],
        1 => &many[..2],
        _ => &many[..],
    };
    let keys = || (0..1000).map(|key| (key, format!("key {key}")));

    for user in User::both(&cluster.url()) {
        for (key, name) in keys() {
            assert_eq!(user.get(&name, tags(key), || key as u64), key as u64);
        }
        for (key, name) in keys() {
            assert_eq!(user.get(&name, tags(key), || 9999), key as u64);
        }
        let stats = user.cache.stats();
        assert_eq!((stats.hits, stats.computations, stats.errors), (1000, 1000, 0));
        let mut listed: Vec<_> = user.dump().unwrap().iter().map(|entry| entry.tags.len()).collect();
        listed.sort_unstable();
        assert_eq!((listed.len(), listed[0], listed[999]), (1000, 0, 20));

        user.clean(&["tag 19", "no such tag"]).unwrap();
        for (key, name) in keys() {
            assert_eq!(user.peek(&name, tags(key)).is_some(), key % 3 != 2, "{name}");
        }
        user.clean(&["tag 1"]).unwrap();
        for (key, name) in keys() {
            assert_eq!(user.peek(&name, tags(key)).is_some(), key % 3 == 0, "{name}");
        }
        user.clean_all().unwrap();
        assert!(user.dump().unwrap().is_empty());
        assert_eq!(errors(&user), 0);
    }

    for node in masters(&cluster) {
        let names = names(node);
        assert!(names.iter().filter(|name| name.contains(":entry:")).count() > 200);
        // All that belongs to a call lies in the slot of its bucket, and a node has what lies in its slots.
        for bucket in names.iter().map(|name| bucket(name)).collect::<BTreeSet<_>>() {
            assert_eq!(cluster.master_of_slot(cluster.slot_of(bucket)).port(), node.port());
        }
        for name in names.iter().step_by(97) {
            assert_eq!(cluster.slot_of(name), cluster.slot_of(bucket(name)));
        }
    }
}

#[test]
fn every_verb_reaches_the_node_that_has_the_key() {
    let cluster = Cluster::start();
    for user in User::both(&cluster.url()) {
        for key in 0..50 {
            let name = &format!("key {key}");
            assert_eq!(user.get(name, &["t"], || 1), 1);
            user.set(name, &["t"], 2).unwrap();
            assert_eq!(user.get(name, &["t"], || 3), 2);
            assert_eq!(user.peek(name, &["t"]), Some(2));
            user.invalidate(name).unwrap();
            assert_eq!(user.peek(name, &["t"]), None);
            assert_eq!(user.get(name, &["t"], || 4), 4);
        }
        assert_eq!(errors(&user), 0);
    }
}

#[test]
fn a_slot_that_moves_costs_misses_and_never_an_old_value() {
    let cluster = Cluster::start();
    let url = cluster.url();
    for (nth, namespace) in ["one", "two"].into_iter().enumerate() {
        let cache = || Cache::builder().url(&url).namespace(namespace).build().unwrap();
        // Who calls, and who invalidates, do not share what they know of the cluster.
        let [callers, writers] = [cache(), cache()].each_ref().map(User::both_of);
        let (caller, writer) = (&callers[nth % callers.len()], &writers[nth % writers.len()]);
        let names = ["a", "b", "c"];
        let truth = Truth::default();
        let check_all = || names.iter().for_each(|name| truth.check(caller, name, &["t", name]));
        // However it was changed, nobody gets an old value afterwards; twice, so that something may be stored.
        let change_and_check = || {
            check_all();
            check_all();
            truth.change(|| writer.clean(&["t"]));
            assert_eq!(truth.confirmed.load(SeqCst), truth.now.load(SeqCst), "a clean is confirmed");
            check_all();
            check_all();
            for name in names {
                truth.change(|| writer.invalidate(name));
                assert_eq!(truth.confirmed.load(SeqCst), truth.now.load(SeqCst), "as is an invalidation");
                assert_eq!(caller.peek(name, &["t", name]), None);
            }
            truth.change(|| writer.clean_all());
            check_all();
        };
        change_and_check();

        for slot in slots(&cluster, namespace) {
            check_all();
            let to = another_master(&cluster, slot);
            cluster.begin_move(slot, to);
            change_and_check();
            move_some_keys(&cluster, slot, to);
            change_and_check();
            cluster.move_keys(slot, to);
            change_and_check();
            cluster.end_move(slot, to);
            change_and_check();
        }

        for name in names {
            wait_for_a_hit(caller, name, &["t", name]);
        }
        let errors = caller.cache.stats().errors;
        check_all();
        assert_eq!(caller.cache.stats().errors, errors, "all is well again");
    }
}

/// Moves every other key of a slot whose move has begun.
fn move_some_keys(cluster: &Cluster, slot: u16, to: &Redis) {
    let from = cluster.master_of_slot(slot);
    let keys = from.command(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), "100"]);
    for key in keys.list().iter().step_by(2) {
        let port = to.port().to_string();
        let migrate: [&[u8]; 6] = [b"MIGRATE", b"127.0.0.1", port.as_bytes(), key.bytes(), b"0", b"5000"];
        from.command(&migrate);
    }
}

#[test]
fn slots_move_under_load_and_nobody_gets_an_error_or_an_old_value() {
    const CALLERS: usize = 2;
    let cluster = Cluster::start();
    let cache = Cache::from_url(&cluster.url()).unwrap();
    let names: Vec<String> = (0..12).map(|key| format!("key {key}")).collect();
    let truths: Vec<Truth> = names.iter().map(|_| Truth::default()).collect();
    let calls = || names.iter().zip(&truths);
    let is_over = AtomicBool::new(false);
    let user = User::thread(&cache);
    calls().for_each(|(name, truth)| truth.check(&user, name, &["t"]));
    let slots = slots(&cluster, "cache");

    thread::scope(|scope| {
        for _ in 0..CALLERS {
            for user in User::both_of(&cache) {
                let (is_over, calls) = (&is_over, &calls);
                scope.spawn(move || {
                    while !is_over.load(Relaxed) {
                        calls().for_each(|(name, truth)| truth.check(&user, name, &["t"]));
                        // A test without a breath in between leaves the servers no time.
                        pause(1);
                    }
                });
            }
        }
        for user in User::both_of(&Cache::from_url(&cluster.url()).unwrap()) {
            let (is_over, calls) = (&is_over, &calls);
            scope.spawn(move || {
                while !is_over.load(Relaxed) {
                    calls().for_each(|(name, truth)| truth.change(|| user.invalidate(name)));
                    pause(5);
                    calls().for_each(|(_, truth)| truth.change(|| user.clean(&["t"])));
                    pause(5);
                }
            });
        }
        for slot in slots.iter().take(6) {
            let to = another_master(&cluster, *slot);
            cluster.begin_move(*slot, to);
            pause(20);
            move_some_keys(&cluster, *slot, to);
            pause(20);
            // Somebody may create a key meanwhile.
            cluster.move_keys(*slot, to);
            pause(20);
            cluster.move_keys(*slot, to);
            cluster.end_move(*slot, to);
        }
        is_over.store(true, Relaxed);
    });

    for (truth, name) in truths.iter().zip(&names) {
        assert!(truth.confirmed.load(SeqCst) > 0);
        wait_for_a_hit(&user, name, &["t"]);
    }
}

/// Real servers need real time.
#[expect(clippy::disallowed_methods, reason = "real servers need real time")]
fn pause(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

#[test]
fn a_failover_by_command_is_followed() {
    let cluster = Cluster::start();
    for (user, namespace) in User::both(&cluster.url()).into_iter().zip(["thread", "task"]) {
        let truth = Truth::default();
        truth.check(&user, "k", &["t"]);
        let old = cluster.master_of_slot(*slots(&cluster, namespace).first().unwrap());

        let new = cluster.fail_over(old);
        truth.change(|| user.clean(&["t"]));
        assert_eq!(truth.confirmed.load(SeqCst), 1, "a clean finds the new master");
        truth.check(&user, "k", &["t"]);
        wait_for_a_hit(&user, "k", &["t"]);
        let errors_then = errors(&user);
        assert!(user.is_hit("k", &["t"]));
        assert_eq!(errors(&user), errors_then);
        assert_eq!(user.dump().unwrap().len(), 1);

        // Again and back, with a value in between that the first master has never seen as a master.
        truth.change(|| user.invalidate("k"));
        cluster.fail_over(new);
        truth.check(&user, "k", &["t"]);
        wait_for_a_hit(&user, "k", &["t"]);
        assert_eq!(user.dump().unwrap().len(), 1);
    }
}

#[test]
fn a_list_alone_finds_the_masters_after_a_failover() {
    let cluster = Cluster::start();
    let users = User::both(&cluster.url());
    for user in &users {
        user.get("k", &[], || 1);
        assert_eq!(user.dump().unwrap().len(), 1);
    }
    for node in masters(&cluster) {
        cluster.fail_over(node);
    }
    for user in &users {
        user.dump().unwrap();
        user.clean_all().unwrap();
    }
}

#[test]
fn a_killed_master_is_replaced_and_never_read_again() {
    let cluster = Cluster::start();
    let users = User::both_of(&Cache::from_url(&cluster.url()).unwrap());
    let truth = Truth::default();
    let check = |user| truth.check(user, "k", &["t"]);
    users.iter().for_each(check);
    users.iter().for_each(check);
    let old = cluster.master_of_slot(*slots(&cluster, "cache").first().unwrap());

    old.kill();
    // Until the replica takes over, calls compute, and invalidations say that they failed.
    users.iter().for_each(check);
    assert_eq!(users[0].invalidate("k").unwrap_err().kind(), ErrorKind::Backend);
    assert!(users[0].clean(&["t"]).is_err());
    users.iter().for_each(check);
    cluster.wait_until_settled();
    for user in &users {
        wait_until("an invalidation is confirmed", || user.clean(&["t"]).is_ok());
        truth.change(|| user.clean(&["t"]));
        check(user);
        wait_for_a_hit(user, "k", &["t"]);
    }

    old.start_again();
    cluster.wait_until_settled();
    let reads = || old.command(&["INFO", "commandstats"]).text().matches("cmdstat_mget").count();
    for user in &users {
        truth.change(|| user.clean(&["t"]));
        check(user);
        assert!(user.is_hit("k", &["t"]));
    }
    assert_eq!(reads(), 0, "a replica is not read from");
}

#[test]
fn a_failover_that_forgot_an_invalidation_costs_a_miss() {
    for by in ["invalidate", "clean"] {
        let cluster = Cluster::start();
        let users = User::both_of(&Cache::from_url(&cluster.url()).unwrap());
        let truth = Truth::default();
        for user in &users {
            truth.check(user, "k", &["t"]);
            assert!(user.is_hit("k", &["t"]));
        }
        let entry = entries(&cluster, "cache").remove(0);
        let master = cluster.master_of_slot(cluster.slot_of(&entry));
        let replica = cluster.replica_of(master).unwrap();
        wait_until("the replica has the entry", || names(replica).contains(&entry));

        replica.freeze();
        // What is sent to a frozen replica reaches it when it thaws, unless its connection is gone.
        master.command(&["CLIENT", "KILL", "TYPE", "replica"]);
        for user in &users {
            truth.change(|| if by == "clean" { user.clean(&["t"]) } else { user.invalidate("k") });
        }
        assert_eq!(truth.confirmed.load(SeqCst), truth.now.load(SeqCst));
        master.kill();
        replica.thaw();
        cluster.wait_until_settled();
        assert!(names(replica).contains(&entry), "the replica has never heard of the invalidation");

        for user in &users {
            truth.check(user, "k", &["t"]);
            wait_for_a_hit(user, "k", &["t"]);
            truth.check(user, "k", &["t"]);
        }
    }
}

#[test]
fn one_node_that_answers_is_enough_to_begin_with() {
    let cluster = Cluster::start();
    let nodes = cluster.nodes();
    // A port where nobody listens, and a replica.
    let url = format!("redis+cluster://127.0.0.1:1,{}", nodes[3].address());
    for user in User::both(&url) {
        user.get("k", &["t"], || 1);
        assert!(user.is_hit("k", &["t"]));
        user.clean(&["t"]).unwrap();
        assert!(!user.is_hit("k", &["t"]));
        assert_eq!(errors(&user), 0);
    }
}

#[test]
fn a_cluster_that_is_down_costs_computations_until_it_is_back() {
    let cluster = Cluster::with(&["--cluster-require-full-coverage", "yes"]);
    let users = User::both(&cluster.url());
    for user in &users {
        user.get("k", &["t"], || 1);
        assert!(user.is_hit("k", &["t"]));
    }
    // A master and its replica: without them, no node serves anything.
    let pair = [&cluster.nodes()[0], &cluster.nodes()[3]];
    pair.iter().for_each(|node| node.kill());
    let other = &cluster.nodes()[1];
    wait_until("the cluster is down", || {
        other.try_command(&["GET", "x"]).is_err_and(|why| why.starts_with("CLUSTERDOWN"))
    });
    for user in &users {
        assert_eq!(user.get("k", &["t"], || 2), 2);
        assert_eq!(user.clean(&["t"]).unwrap_err().kind(), ErrorKind::Backend);
    }
    pair.iter().for_each(|node| node.start_again());
    cluster.wait_until_settled();
    for user in &users {
        wait_until("a clean is confirmed", || user.clean(&["t"]).is_ok());
        assert_eq!(user.get("k", &["t"], || 3), 3);
        wait_for_a_hit(user, "k", &["t"]);
    }
}

#[test]
fn urls_of_the_wrong_kind_are_told_by_their_errors() {
    let (cluster, alone) = (Cluster::start(), Redis::start());
    let node = cluster.nodes()[0].address();
    for (url, says) in [
        (format!("redis://{node}"), "redis+cluster://"),
        (format!("redis+sentinel://{node}/mymaster"), "is no sentinel"),
        (format!("redis+cluster://{}", alone.address()), "redis://"),
    ] {
        for user in User::both(&url) {
            assert_eq!(user.get("k", &["t"], || 1), 1);
            for error in [user.invalidate("k"), user.set("k", &["t"], 1)] {
                let error = error.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Backend);
                assert!(error.to_string().contains(says), "{url}: {error}");
            }
        }
    }
}
