//! A server that fails, in whatever way, costs computations and never the call; then all works again.

use std::{io::ErrorKind as IoErrorKind, net::TcpListener, thread};

use hermes::ErrorKind;

use super::{
    BACKEND, HASTY, Way, cache, is_of_no_use,
    kind::{Kind, behind_a_proxy, with_an_entry},
    soon, works_again,
};

/// `{place}` in a URL is where nobody may come.
pub fn a_cache_connects_nowhere_before_it_is_used(urls: &[&str]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    urls.iter().for_each(|url| drop(cache(&url.replace("{place}", &place))));
    assert_eq!(listener.accept().unwrap_err().kind(), IoErrorKind::WouldBlock);
}

pub fn a_server_was_never_started_or_dies<S: Kind>(way: Way) {
    let server = S::start();
    let refused = format!("connecting to {}: ", server.address());
    server.kill();
    let cache = cache(&server.url());
    is_of_no_use(way, &cache, BACKEND, &refused);
    server.start_again();
    works_again(way, &cache);
    server.kill();
    is_of_no_use(way, &cache, BACKEND, &refused);
    server.start_again();
    works_again(way, &cache);
}

pub fn a_server_hangs<S: Kind>(way: Way) {
    let (server, cache) = with_an_entry::<S>(way, HASTY);
    server.freeze();
    is_of_no_use(way, &cache, &[ErrorKind::Timeout], "in time");
    server.thaw();
    works_again(way, &cache);
}

/// Nobody waits until another has waited.
pub fn a_server_hangs_for_a_crowd<S: Kind>(way: Way) {
    let (server, cache) = with_an_entry::<S>(way, HASTY);
    server.freeze();
    thread::scope(|scope| {
        for n in 0..64 {
            let cache = &cache;
            scope.spawn(move || assert_eq!(soon(|| way.compute(cache, &format!("k{n}"), n)), n));
        }
    });
    server.thaw();
    works_again(way, &cache);
}

pub fn a_server_closes_connections_at_once<S: Kind>(way: Way) {
    let (_server, proxy, cache) = behind_a_proxy::<S>("");
    proxy.refuse();
    is_of_no_use(way, &cache, BACKEND, &proxy.address().to_string());
    proxy.accept_again();
    works_again(way, &cache);
}

/// What is said of it: its address, and this after it.
pub fn a_server_is_another_kind_of_server<S: Kind>(way: Way, said: &str) {
    let (_server, proxy, cache) = behind_a_proxy::<S>("");
    proxy.garble();
    is_of_no_use(way, &cache, BACKEND, &format!("{}{said}", proxy.address()));
    proxy.stop_garbling();
    works_again(way, &cache);
    // In the middle of a connection.
    assert_eq!(way.compute(&cache, "k", 1), 1);
    proxy.garble();
    assert_eq!(soon(|| way.compute(&cache, "k", 2)), 2);
    proxy.stop_garbling();
    works_again(way, &cache);
}

pub fn answers_are_lost<S: Kind>(way: Way) {
    let (_server, proxy, cache) = behind_a_proxy::<S>(HASTY);
    assert_eq!(way.compute(&cache, "k", 1), 1);
    proxy.stall_answers();
    is_of_no_use(way, &cache, &[ErrorKind::Timeout], "in time");
    proxy.resume();
    works_again(way, &cache);
}
