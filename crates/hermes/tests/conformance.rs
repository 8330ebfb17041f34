//! Every place that this crate keeps entries in, under the suites that all of them have to pass.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use hermes::backend::Buckets;
use hermes_testkit::{
    ModelBackend, behaviour, commands,
    conformance::{Candidate, Place},
};

mod memory {
    use super::*;

    behaviour!(Place::private(|builder| builder.url("memory://")));
}

mod model {
    use super::*;

    static MODEL: LazyLock<ModelBackend> = LazyLock::new(ModelBackend::new);

    behaviour!(Place::shared(|builder| builder.backend(MODEL.clone())));
    commands!(Candidate::new(MODEL.clone()).writes(|name, bytes| MODEL.write(name, bytes)));
}

mod model_with_buckets {
    use super::*;

    static MODEL: LazyLock<ModelBackend> = LazyLock::new(|| ModelBackend::with_buckets(Buckets::Many));

    commands!(Candidate::new(MODEL.clone()).writes(|name, bytes| MODEL.write(name, bytes)));
}

#[cfg(feature = "redis")]
mod redis {
    use hermes::{Backend, Cache};
    use hermes_testkit::Redis;

    use super::*;

    static REDIS: LazyLock<Redis> = LazyLock::new(Redis::start);

    fn backend() -> impl Backend {
        Cache::builder().url(&REDIS.url()).timeout(PATIENT).open_backend().unwrap()
    }

    fn write(name: &str, bytes: &[u8]) {
        REDIS.command(&[b"SET".as_slice(), name.as_bytes(), bytes]);
    }

    behaviour!(Place::shared(|builder| builder.url(&REDIS.url())));
    commands!(Candidate::new(backend()).writes(write));
}

#[cfg(feature = "redis")]
mod cluster {
    use hermes::{Backend, Cache};
    use hermes_testkit::Cluster;

    use super::*;

    static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

    fn backend() -> impl Backend {
        Cache::builder().url(&CLUSTER.url()).timeout(PATIENT).open_backend().unwrap()
    }

    fn write(name: &str, bytes: &[u8]) {
        let master = CLUSTER.master_of_slot(CLUSTER.slot_of(name));
        master.command(&[b"SET".as_slice(), name.as_bytes(), bytes]);
    }

    behaviour!(Place::shared(|builder| builder.url(&CLUSTER.url())));
    commands!(Candidate::new(backend()).writes(write));
}

#[cfg(feature = "memcached")]
mod memcached {
    use hermes::{Backend, Cache};
    use hermes_testkit::Memcached;

    use super::*;

    static MEMCACHED: LazyLock<Memcached> = LazyLock::new(|| Memcached::with(&LARGE_ITEMS));

    fn backend() -> impl Backend {
        Cache::builder().url(&MEMCACHED.url()).timeout(PATIENT).open_backend().unwrap()
    }

    behaviour!(Place::shared(|builder| builder.url(&MEMCACHED.url())));
    commands!(
        Candidate::new(backend())
            .with_tokens_of_the_server()
            .writes(|name, bytes| write_to_memcached(&MEMCACHED, name, bytes))
    );
}

#[cfg(feature = "memcached")]
mod several_memcached {
    use hermes::{Backend, Cache};
    use hermes_testkit::Memcached;

    use super::*;

    static SERVERS: LazyLock<[Memcached; 2]> =
        LazyLock::new(|| [(); 2].map(|()| Memcached::with(&LARGE_ITEMS)));

    fn url() -> String {
        let [one, other] = &*SERVERS;
        format!("{},{}", one.url(), other.address())
    }

    fn backend() -> impl Backend {
        Cache::builder().url(&url()).timeout(PATIENT).open_backend().unwrap()
    }

    /// Wherever it belongs, it lies on both.
    fn write(name: &str, bytes: &[u8]) {
        SERVERS.iter().for_each(|server| write_to_memcached(server, name, bytes));
    }

    behaviour!(Place::shared(|builder| builder.url(&url())));
    commands!(Candidate::new(backend()).with_tokens_of_the_server().writes(write));
}

/// By default it keeps nothing above one megabyte.
#[cfg(feature = "memcached")]
const LARGE_ITEMS: [&str; 2] = ["-I", "16m"];

/// Puts bytes where the backend keeps what has this name: it keeps leases under the name of the entry, with a mark.
#[cfg(feature = "memcached")]
fn write_to_memcached(server: &hermes_testkit::Memcached, name: &str, bytes: &[u8]) {
    let (name, bytes) = match name.split_once(":lease:") {
        Some((start, end)) => (format!("{start}:entry:{end}"), [b"L", bytes].concat()),
        None => (name.to_owned(), bytes.to_vec()),
    };
    assert_eq!(server.store(&name, &bytes), "STORED\r\n");
}

/// A busy machine is no fault of the backend.
#[cfg(any(feature = "redis", feature = "memcached"))]
const PATIENT: std::time::Duration = std::time::Duration::from_secs(10);
