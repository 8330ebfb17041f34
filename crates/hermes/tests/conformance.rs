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

/// A busy machine is no fault of the backend.
#[cfg(feature = "redis")]
const PATIENT: std::time::Duration = std::time::Duration::from_secs(10);
