//! A real memcached: started, asked, killed, frozen.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::thread;

use hermes_testkit::{Memcached, wait_until};

#[test]
fn it_answers_on_the_port_of_its_url() {
    let memcached = Memcached::start();

    assert_eq!(memcached.url(), format!("memcached://127.0.0.1:{}", memcached.port()));
    assert_eq!(memcached.command("set k 0 0 5\r\nhello"), "STORED\r\n");
    assert_eq!(memcached.command("get k"), "VALUE k 0 5\r\nhello\r\nEND\r\n");
    assert_eq!(memcached.command("nonsense"), "ERROR\r\n");
}

#[test]
fn arguments_reach_the_server() {
    let memcached = Memcached::with(&["-m", "8", "-I", "512k"]);
    let long = "x".repeat(600_000);

    assert!(memcached.command("stats settings").contains("STAT item_size_max 524288\r\n"));
    let answer = memcached.command(&format!("set k 0 0 600000\r\n{long}"));
    assert_eq!(answer, "SERVER_ERROR object too large for cache\r\n");
}

#[test]
fn a_killed_server_comes_back_empty_on_the_same_port() {
    let memcached = Memcached::start();
    memcached.command("set k 0 0 1\r\nv");
    let port = memcached.port();

    memcached.kill();
    assert!(!memcached.is_serving());
    memcached.start_again();

    assert_eq!(memcached.port(), port);
    assert_eq!(memcached.command("get k"), "END\r\n");
}

#[test]
fn a_frozen_server_answers_when_it_thaws() {
    let memcached = Memcached::start();

    thread::scope(|scope| {
        let asked = memcached.freeze_while(|| scope.spawn(|| memcached.command("set k 0 0 1\r\nv")));
        assert_eq!(asked.join().unwrap(), "STORED\r\n");
    });
}

#[test]
fn a_small_one_that_is_filled_forgets_what_was_there() {
    let memcached = Memcached::with(&["-m", "3"]);
    let value = "v".repeat(300);
    memcached.command(&format!("set k 0 0 300\r\n{value}"));
    assert!(memcached.command("get k").contains(&value));

    // What is used more than once is kept longer.
    wait_until("it leaves", || {
        memcached.evict();
        memcached.command("get k") == "END\r\n"
    });
}
