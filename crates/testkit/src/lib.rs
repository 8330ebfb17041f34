//! What tests of a cache and its backends need: the suites of [`conformance`], and real servers, each started on a free port
//! and stopped when its value is dropped, with a proxy that gets in their way. Leaves the cache itself to `hermes`.
//!
//! ```no_run
//! use hermes_testkit::{Proxy, Redis};
//!
//! let redis = Redis::start();
//! let proxy = Proxy::to(redis.address());
//! let url = proxy.url_for("redis"); // for the client under test
//!
//! redis.command(&["SET", "greeting", "hello"]);
//! proxy.cut(); // the client's connections are gone,
//! redis.kill(); // then its server,
//! redis.start_again(); // and it is back, with nothing in it
//! assert!(redis.command(&["GET", "greeting"]).is_nil());
//! ```
//!
//! The programs (`redis-server`, `memcached`; for TLS `openssl`) must be installed. Whatever goes wrong is a panic that says what, with the
//! end of the server's log: in a test there is nobody else to tell.
//!
//! A server never outlives the process that started it, also where it is kept in a `static` or the process is killed.

mod certificates;
mod cluster;
pub mod conformance;
mod folder;
mod memcached;
mod model;
mod patience;
mod port;
mod proxy;
mod redis;
mod resp;
mod sentinels;
mod server;
mod watchdog;

pub use crate::{
    cluster::Cluster,
    memcached::Memcached,
    model::ModelBackend,
    patience::wait_until,
    proxy::Proxy,
    redis::{Redis, RedisBuilder},
    resp::Answer,
    sentinels::Sentinels,
    server::Server,
};
