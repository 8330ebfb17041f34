//! Every place that this crate keeps entries in, under the suites that all of them have to pass.

use std::sync::LazyLock;

use hermes_testkit::{ModelBackend, behaviour, conformance::Place};

mod memory {
    use super::*;

    behaviour!(Place::private(|builder| builder.url("memory://")));
}

mod model {
    use super::*;

    static MODEL: LazyLock<ModelBackend> = LazyLock::new(ModelBackend::new);

    behaviour!(Place::shared(|builder| builder.backend(MODEL.clone())));
}

#[cfg(feature = "redis")]
mod redis {
    use hermes_testkit::Redis;

    use super::*;

    static REDIS: LazyLock<Redis> = LazyLock::new(Redis::start);

    behaviour!(Place::shared(|builder| builder.url(&REDIS.url())));
}

#[cfg(feature = "redis")]
mod cluster {
    use hermes_testkit::Cluster;

    use super::*;

    static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

    behaviour!(Place::shared(|builder| builder.url(&CLUSTER.url())));
}
