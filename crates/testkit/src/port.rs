//! Free ports for servers.
//! That nobody takes one in the meantime cannot be promised; `server` tries another then.

use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Below the ports that Linux gives to outgoing connections (from 32768). Among those, a connection could take the
/// port of a server that is down, and a client that keeps trying to reach it would, some day, connect to itself.
const PORTS: Range<u16> = 10_000..32_000;

/// A port of this machine's loopback on which nobody listens, never the same twice in a row.
pub(crate) fn free_port() -> u16 {
    // Test programs that run at the same time start at different places.
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(()) >> u16::BITS));
    let count = u64::from(PORTS.end - PORTS.start);
    PORTS
        .map(|_| PORTS.start + (NEXT.fetch_add(1, Relaxed) % count) as u16)
        .find(|&port| TcpListener::bind(loopback(port)).is_ok())
        .expect("one of so many ports is free")
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
