//! A Redis server that does not know the scripts: it is told them in full, once.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use hermes::{
    Cache,
    backend::{Command, Key, Namespace, Point, Reply, Tags, Target, Token},
};
use hermes_testkit::Redis;

#[test]
fn scripts_that_a_server_forgot_are_no_error_one_by_one_or_many_at_once() {
    let redis = Redis::start();
    let backend = Cache::builder().url(&redis.url()).open_backend().unwrap();
    let point = Point::entry();
    let key = Key::from_encoded(&Namespace::default(), &point, b"k");
    let target = Arc::new(Target { key, tags: Tags::new(&point, ["t"]) });
    let token = Token::from_bytes([7; 16]);
    let renew = Command::Renew { target, token, lease: Duration::from_secs(1) };

    for _ in 0..2 {
        for answer in backend.execute_all(&[renew.clone(), renew.clone()]) {
            assert_eq!(answer.unwrap(), Reply::Renewed(None));
        }
        redis.command(&["SCRIPT", "FLUSH"]);
        assert_eq!(backend.execute(&renew).unwrap(), Reply::Renewed(None));
        redis.command(&["SCRIPT", "FLUSH"]);
    }
}
