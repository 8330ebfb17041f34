//! What a cache is built from, and what is said of it when it is wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use hermes::{Cache, ErrorKind};

#[track_caller]
fn refused(cache: Result<Cache, hermes::Error>, said: &str) {
    let error = cache.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains(said), "{error}");
}

#[test]
fn a_bad_url_names_what_is_wrong() {
    for (url, said) in [
        ("", "no scheme"),
        ("memory", "no scheme"),
        ("memroy://", "there is no backend for \"memroy\""),
        ("http://localhost", "there is no backend for \"http\""),
        ("memory://localhost", "\"memory://localhost\": memory:// takes no host or path"),
        ("memory://?capcity=1", "no parameter \"capcity\"; there are namespace, ttl, capacity"),
        ("memory://?capacity", "\"memory://?capacity\": a parameter has no value"),
        ("memory://?capacity=many", "capacity: \"many\" is not a number"),
        ("memory://?capacity=-1", "capacity: \"-1\" is not a number"),
        ("memory://?capacity=0", "capacity is 0"),
        ("memory://?capacity=1&capacity=2", "capacity: it is given twice"),
        ("memory://?ttl=0", "ttl is zero"),
        ("memory://?ttl=0s", "ttl is zero"),
        ("memory://?ttl=soon", "ttl: \"soon\" is not a time"),
        ("memory://?ttl=36501d", "1 ms to 100 years"),
        ("memory://?ttl=99999999999999999999", "ttl:"),
        ("memory://?jitter=1.5", "jitter is 1.5"),
        ("memory://?jitter=NaN", "jitter is NaN"),
        ("memory://?namespace=", "the namespace is empty"),
        ("memory://?namespace=a%20b", "the namespace holds ' '"),
    ] {
        refused(Cache::from_url(url), said);
    }
}

/// What of an error may come to a log.
fn shown(error: &dyn std::error::Error) -> String {
    let source = error.source().map(shown).unwrap_or_default();
    format!("{error} {error:?} {source}")
}

#[test]
fn a_password_in_a_bad_url_is_not_told() {
    for url in [
        "shop:secret@localhost",
        "redis:shop:secret@localhost",
        "redis:/shop:secret@localhost",
        "shop:secret@redis://localhost",
        "memory://shop:secret@localhost",
        "memroy://shop:secret@localhost",
        "redis://shop:secret@localhost?capcity=1",
        "redis://shop:secret@localhost:port",
        "redis://shop:secret@localhost/first",
        "redis://shop:secret@",
        "redis://shop:secret@[::1]6379",
        "redis://shop:secret@a,b",
        "redis://shop:secret@%off",
        "redis://shop:%offsecret@localhost",
        "redis://shop:secret%ff@localhost",
        "redis://%zzsecret:password@localhost",
        "redis://secret@localhost",
        "redis://shop:a?secret@localhost",
        "redis://shop:secret?a@localhost",
        "redis://shop:a?b=secret@localhost",
        "redis://shop:a?secret=b@localhost",
        "redis://shop:a?ttl=secret@localhost",
        "redis://shop:a@b?secret@localhost",
        "redis://shop:secret/a#b@localhost:port",
        "redis://shop:secret",
        "redis://shop:secret?ttl=0",
        "redis://shop:a?secret",
        "redis://:secret/1",
        "redis://localhost?password=secret",
        "redis://localhost?ttl=0&secret",
        "redis+unix://shop:secret@relative.sock",
        "redis+unix://shop:secret",
        "redis+cluster://shop:secret@a,b/1",
        "redis+sentinel://shop:secret@a,b",
        "redis+sentinel://shop:secret@a,b/%zz",
        "rediss://shop:secret@localhost?ca=/nowhere/ca.pem",
    ] {
        let builder = Cache::builder().url(url);
        let told = format!("{builder:?}") + &shown(&builder.build().unwrap_err());
        assert!(!told.contains("secret"), "{url}: {told}");
    }
}

#[test]
fn a_bad_option_names_what_is_wrong() {
    refused(Cache::builder().ttl(Duration::ZERO).build(), "ttl is zero");
    refused(Cache::builder().ttl(Duration::MAX).build(), "1 ms to 100 years");
    refused(Cache::builder().capacity(0).build(), "capacity is 0");
    refused(Cache::builder().jitter(-0.1).build(), "jitter is -0.1");
    refused(Cache::builder().patience(Duration::ZERO).build(), "patience is 0ns; it takes 1 ms");
    for (namespace, said) in [
        ("", "is empty"),
        ("a{b", "holds '{'"),
        ("}", "holds '}'"),
        ("a b", "holds ' '"),
        ("a\u{2003}b", "holds '\\u{2003}'"),
        ("a\nb", "holds '\\n'"),
        ("a\0b", "holds '\\0'"),
        (&"x".repeat(65), "has 65 bytes; it takes 1 to 64"),
    ] {
        refused(Cache::builder().namespace(namespace).build(), said);
    }
}

#[test]
fn good_options_are_taken_from_the_url_and_the_builder_wins() {
    let cache =
        Cache::builder().url("memory://?namespace=url&ttl=20m&capacity=10").ttl(Duration::from_secs(5));
    let cache = cache.build().unwrap();
    cache.entry("k").set(1).unwrap();
    let info = &cache.dump().unwrap()[0];
    assert!(info.key.to_string().starts_with("url:entry:"));
    assert!(info.ttl_left <= Duration::from_secs(5));
    Cache::builder().namespace(&"x".repeat(64)).build().unwrap();
}

#[test]
fn what_is_kept_in_process_has_no_backend() {
    for url in ["memory://", "noop://"] {
        let error = Cache::builder().url(url).open_backend().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("the URL names none"), "{error}");
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_backend_is_opened_with_what_the_builder_was_told() {
    let open = |timeout| Cache::builder().url("redis://127.0.0.1").timeout(timeout).open_backend();
    let error = open(Duration::ZERO).unwrap_err();
    assert!(error.to_string().contains("timeout is 0ns"), "{error}");
    Cache::builder().backend(open(Duration::from_secs(1)).unwrap()).build().unwrap();
}

#[cfg(feature = "redis")]
#[test]
fn a_backend_of_ones_own_goes_around_what_a_url_names_with_all_its_options() {
    use std::sync::{Arc, Mutex};

    let seen = Arc::new(Mutex::new(Vec::new()));
    let around = |url: &str| {
        let seen = Arc::clone(&seen);
        Cache::builder()
            .url_around(url, move |inner| {
                seen.lock().unwrap().push(format!("{inner:?}"));
                inner
            })
            .build()
    };
    around("redis://127.0.0.1?lease=2s&value_limit=1000&timeout=1s").unwrap();
    around("memory://?capacity=10").unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1, "in process there is no backend");
    assert!(around("redis://127.0.0.1?lease=2h").is_err());
}

#[cfg(feature = "redis")]
#[test]
fn what_is_the_caches_affair_is_not_dropped_where_a_backend_is_opened() {
    let redis = || Cache::builder().url("redis://127.0.0.1");
    for (builder, name) in [
        (redis().namespace("shop"), "namespace"),
        (redis().ttl(Duration::from_secs(1)), "ttl"),
        (redis().jitter(0.1), "jitter"),
        (redis().patience(Duration::from_secs(1)), "patience"),
        (redis().capacity(1), "capacity"),
        (redis().codec(hermes::Codec::MessagePack), "codec"),
        (redis().compression(hermes::Compression::None), "compression"),
        (redis().value_limit(1), "value_limit"),
        (redis().lease(Duration::from_secs(1)), "lease"),
        (redis().clock(hermes::FakeClock::new()), "clock"),
        (Cache::builder().url("redis://127.0.0.1?namespace=shop"), "namespace"),
    ] {
        let error = builder.open_backend().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(&format!("{name} is not for a backend")), "{error}");
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_database_may_be_given_to_the_builder() {
    Cache::builder().url("redis://127.0.0.1").db(1).build().unwrap();
    refused(Cache::builder().url("redis://127.0.0.1/1").db(1).build(), "given twice");
}

#[cfg(feature = "redis")]
#[test]
fn an_authority_is_of_no_use_without_encryption() {
    for scheme in ["redis", "redis+cluster"] {
        let cache = Cache::builder().url(&format!("{scheme}://127.0.0.1")).ca("/nowhere/ca.pem");
        refused(cache.build(), &format!("{scheme}:// is not encrypted, and has no use for ca"));
    }
}
