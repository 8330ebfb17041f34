//! All ways to a server: by TLS, a unix socket, with a password, as a user, in another database.
#![cfg(all(feature = "redis", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{TAG, both_ways};
use hermes::Cache;
use hermes_testkit::Redis;

/// What is computed is found again, until its tag is cleaned.
#[track_caller]
fn works(url: &str) {
    both_ways(|way| {
        let cache = Cache::builder().url(url).namespace(&format!("{way:?}")).build().unwrap();
        assert_eq!(way.compute(&cache, "k", 1), 1);
        assert_eq!(way.compute(&cache, "k", 2), 1);
        way.clean(&cache, TAG).unwrap();
        assert_eq!(way.compute(&cache, "k", 3), 3);
        assert_eq!(cache.stats().errors, 0);
    });
}

/// Calls go on, and who has to know is told.
#[track_caller]
fn is_refused(url: &str, says: &str) {
    both_ways(|way| {
        let cache = Cache::from_url(url).unwrap();
        assert_eq!(way.compute(&cache, "k", 1), 1);
        let error = way.clean(&cache, TAG).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    });
}

#[test]
fn by_a_unix_socket() {
    let redis = Redis::builder().unix_socket().start();
    works(&format!("redis+unix://{}", redis.socket().display()));
    works(&format!("redis+unix://{}?db=3", redis.socket().display()));
    assert_eq!(redis.command(&["SELECT", "3"]).text(), "OK");
}

#[test]
fn with_a_password_that_has_to_be_encoded() {
    let redis = Redis::builder().password("p@ss/w:rd?").start();
    works(&format!("redis://:p%40ss%2Fw%3Ard%3F@127.0.0.1:{}", redis.port()));
    works(&format!("redis://default:p%40ss%2Fw%3Ard%3F@127.0.0.1:{}/2", redis.port()));
}

/// The rights that `docs/operating.md` names.
#[test]
fn as_a_user_with_just_the_rights_that_it_takes() {
    let redis = Redis::start();
    let rights = "~cache:* +get +mget +set +del +pexpire +pttl +eval +evalsha +info +ping +scan +strlen +getrange +select";
    let user = "ACL SETUSER shop on >secret -@all".split(' ');
    redis.command(&user.chain(rights.split(' ')).collect::<Vec<_>>());
    let url = format!("redis://shop:secret@127.0.0.1:{}?namespace=cache", redis.port());
    let cache = Cache::from_url(&url).unwrap();
    both_ways(|way| {
        assert_eq!(way.try_compute(&cache, "k", || Err(1)), Err(1));
        assert_eq!(way.compute(&cache, "k", 1), 1);
        assert_eq!(way.compute(&cache, "k", 2), 1);
        assert_eq!(cache.dump().unwrap().len(), 1);
        way.clean(&cache, TAG).unwrap();
    });
    assert_eq!(cache.stats().errors, 0);
}

#[cfg(feature = "tls")]
#[test]
fn by_tls_under_an_authority_of_ones_own() {
    let redis = Redis::builder().tls().start();
    let ca = redis.ca_file();
    works(&format!("{}?ca={}", redis.tls_url(), ca.display()));
}

#[cfg(feature = "tls")]
#[test]
fn an_authority_that_nobody_knows_is_refused() {
    let redis = Redis::builder().tls().start();
    is_refused(&redis.tls_url(), "connecting to 127.0.0.1");
}

#[cfg(feature = "tls")]
#[test]
fn what_is_advised_of_a_server_by_tls_is_by_tls() {
    let redis = Redis::builder().tls().password("secret").start();
    let (place, ca) = (redis.tls_address(), redis.ca_file().display().to_string());
    let said = |url: &str| {
        let error = Cache::from_url(&format!("{url}?ca={ca}")).unwrap().clean(["t"]).unwrap_err();
        error.to_string()
    };
    let error = said(&format!("rediss://{place}"));
    assert!(error.contains("write rediss://:password@host or rediss://user"), "{error}");
    let error = said(&format!("rediss+cluster://:secret@{place}"));
    assert!(error.contains(&format!("A single server is rediss://{place}")), "{error}");
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_that_is_not_there_is_named() {
    let error = Cache::from_url("rediss://localhost?ca=/nowhere/ca.pem").unwrap_err().to_string();
    assert!(error.contains("/nowhere/ca.pem"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_names_its_feature() {
    let error = Cache::from_url("rediss://localhost").unwrap_err().to_string();
    assert!(error.contains("the feature `tls`"), "{error}");
}

#[test]
fn tls_to_a_server_without_it_is_refused() {
    if cfg!(feature = "tls") {
        let redis = Redis::start();
        is_refused(&redis.url().replace("redis://", "rediss://"), "connecting to 127.0.0.1");
    }
}

#[test]
fn what_makes_no_sense_in_a_url_is_named() {
    for (url, says) in [
        ("redis://", "it names no host"),
        ("redis://localhost:port", "a port is none from 1 to 65535"),
        ("redis://localhost:0", "a port is none from 1 to 65535"),
        ("redis://localhost:70000", "a port is none from 1 to 65535"),
        ("redis://localhost/first", "its path is no number of a database"),
        ("redis://localhost/1?db=2", "given twice"),
        ("redis://a,b", "several servers are redis+cluster://"),
        ("redis://user@localhost", "a user without a password"),
        ("redis+unix://relative.sock", "no absolute path"),
        ("redis+cluster://a,b/1", "a cluster has no databases"),
        ("redis+sentinel://a,b", "it names no master"),
        ("redis://localhost?capcity=1", "there is no parameter \"capcity\""),
        ("redis://localhost?timeout=0", "timeout is 0ns"),
        ("redis://localhost?lease=1ms", "lease is 1ms; it takes 100 ms to 1 hour"),
        ("redis://localhost?value_limit=0", "value_limit is 0"),
        ("redis://localhost?codec=cbor", "there is no \"cbor\""),
        ("redis://localhost?trust_restored_data=perhaps", "neither true nor false"),
        ("redis+tcp://localhost", "there is no backend for \"redis+tcp\""),
    ] {
        let error = Cache::from_url(url).unwrap_err();
        assert_eq!(error.kind(), hermes::ErrorKind::Config);
        assert!(error.to_string().contains(says), "{url}: {error}");
    }
}
