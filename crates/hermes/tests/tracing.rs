//! What the feature `tracing` tells of real calls: which spans lie in which, and what is warned of.
#![cfg(all(feature = "tracing", feature = "async", feature = "macros"))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    future::pending,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Waker},
    thread,
    time::Duration,
};

use hermes::Cache;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber,
};

/// The text of each field, by its name.
#[derive(Debug, Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

#[derive(Debug, Clone)]
struct Span {
    name: &'static str,
    parent: Option<usize>,
    fields: Fields,
}

#[derive(Debug, Default)]
struct Seen {
    spans: Vec<Span>,
    warnings: Vec<Fields>,
    /// The spans that each thread is in.
    entered: Vec<(thread::ThreadId, usize)>,
}

/// Keeps what it is told.
#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Seen>>);

fn place(id: &Id) -> usize {
    usize::try_from(id.into_u64()).unwrap() - 1
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "hermes"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut seen = self.0.lock().unwrap();
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let here = thread::current().id();
        let current = seen.entered.iter().rev().find(|(thread, _)| *thread == here).map(|(_, span)| *span);
        let parent = attributes.parent().map(place).or(current);
        seen.spans.push(Span { name: attributes.metadata().name(), parent, fields });
        Id::from_u64(seen.spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        values.record(&mut self.0.lock().unwrap().spans[place(span)].fields);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        assert_eq!(*event.metadata().level(), tracing::Level::WARN);
        self.0.lock().unwrap().warnings.push(fields);
    }

    fn enter(&self, span: &Id) {
        self.0.lock().unwrap().entered.push((thread::current().id(), place(span)));
    }

    fn exit(&self, span: &Id) {
        let here = (thread::current().id(), place(span));
        let mut seen = self.0.lock().unwrap();
        let last = seen.entered.iter().rposition(|entered| *entered == here).unwrap();
        seen.entered.remove(last);
    }
}

impl Collector {
    /// Tells a story, and gives the spans of its calls, each with the names of its children in their order.
    fn watch(&self, story: impl FnOnce()) -> Vec<(Fields, Vec<&'static str>)> {
        subscriber::with_default(self.clone(), story);
        let seen = self.0.lock().unwrap();
        assert!(seen.entered.is_empty(), "{:?}", seen.entered);
        let calls = seen.spans.iter().enumerate().filter(|(_, span)| span.name == "hermes.call");
        let children =
            |call| seen.spans.iter().filter(move |span| span.parent == Some(call)).map(|span| span.name);
        calls.map(|(place, span)| (span.fields.clone(), children(place).collect())).collect()
    }

    /// The messages of all warnings.
    fn warnings(&self) -> Vec<String> {
        self.0.lock().unwrap().warnings.iter().map(|fields| fields.0["message"].clone()).collect()
    }
}

fn value<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.0.get(name).map_or("", String::as_str)
}

#[test]
fn a_miss_in_process_has_a_span_and_a_hit_has_none() {
    common::both_ways(|way| {
        let cache = Cache::builder().namespace("traced").build().unwrap();
        let calls = Collector::default().watch(|| {
            way.compute(&cache, "k", 1);
            way.compute(&cache, "k", 2);
        });

        let [(call, children)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(children, &["hermes.compute"]);
        let told = ["verb", "point", "backend", "outcome"].map(|name| value(call, name));
        assert_eq!(told, ["read", "entry", "memory", "stored"]);
        assert_eq!(value(call, "key"), cache.dump().unwrap()[0].key.to_string());
    });
}

#[test]
fn a_wait_is_a_part_of_the_call() {
    let cache = Cache::from_url("memory://").unwrap();
    let collector = Collector::default();
    let calls = collector.watch(|| {
        thread::scope(|scope| {
            let (begun, begins) = std::sync::mpsc::channel();
            let cache = &cache;
            scope.spawn(move || {
                cache.entry("k").get_or_compute(|| {
                    begun.send(()).unwrap();
                    hermes_testkit::wait_until("another waits", || cache.stats().waits == 1);
                    1
                })
            });
            begins.recv().unwrap();
            cache.entry("k").get_or_compute(|| 2);
        });
    });
    // The other thread is not watched.
    let [(call, children)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((value(call, "outcome"), &children[..]), ("shared", &["hermes.wait"][..]));
}

#[test]
fn what_was_overtaken_and_what_failed_is_told() {
    let cache = Cache::from_url("memory://").unwrap();
    let nowhere = Cache::from_url("noop://").unwrap();
    let calls = Collector::default().watch(|| {
        cache.entry("k").get_or_compute(|| cache.entry("k").invalidate().is_ok());
        for cache in [&cache, &nowhere] {
            cache.entry("k").get_or_try_compute(|| Err::<u64, _>("no")).unwrap_err();
        }
    });
    let outcomes: Vec<_> = calls.iter().map(|(call, _)| value(call, "outcome")).collect();
    assert_eq!(outcomes, ["fenced", "failed", "failed"]);
}

/// A part of a loader that shows itself.
fn part(name: &str) {
    drop(tracing::debug_span!(target: "hermes", "part", name));
}

struct LastPart;

impl Drop for LastPart {
    fn drop(&mut self) {
        part("what is left of a call that is dropped");
    }
}

#[test]
fn all_of_a_loader_runs_in_its_span() {
    for url in ["memory://", "noop://"] {
        let cache = Cache::from_url(url).unwrap();
        let collector = Collector::default();
        collector.watch(|| {
            let entry = cache.entry("k");
            let call = entry.get_or_try_compute_async(|| {
                part("what makes the future");
                async {
                    let _last = LastPart;
                    part("the future");
                    pending::<Result<u64, Infallible>>().await
                }
            });
            assert!(pin!(call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        });
        let seen = collector.0.lock().unwrap();
        let parts: Vec<_> = seen.spans.iter().filter(|span| span.name == "part").collect();
        assert_eq!(parts.len(), 3);
        for part in parts {
            let around = part.parent.map(|parent| seen.spans[parent].name);
            assert_eq!(around, Some("hermes.compute"), "{url}: {:?}", part.fields);
        }
    }
}

/// Panics at the first heartbeat that it sees, and again when it is told of that.
#[derive(Debug, Default)]
struct Nervous {
    renewals: Arc<AtomicUsize>,
    warnings: AtomicUsize,
}

impl Subscriber for Nervous {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "hermes"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let renews = attributes.metadata().name() == "hermes.renew";
        assert!(!renews || self.renewals.fetch_add(1, SeqCst) > 0, "a subscriber's own");
        Id::from_u64(1)
    }

    fn event(&self, _: &Event<'_>) {
        let in_heart = thread::current().name() == Some("hermes-heart");
        assert!(!in_heart || self.warnings.fetch_add(1, SeqCst) > 0, "a subscriber's own, again");
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_that_panics_at_a_heartbeat_loses_no_lease() {
    let nervous = Nervous::default();
    let renewals = Arc::clone(&nervous.renewals);
    // For all threads: heartbeats have one of their own.
    subscriber::set_global_default(nervous).unwrap();
    let builder = Cache::builder().backend(hermes_testkit::ModelBackend::new());
    let cache = builder.lease(Duration::from_secs(1)).build().unwrap();
    let load = || {
        hermes_testkit::wait_until("the lease is renewed", || renewals.load(SeqCst) >= 3);
        1
    };
    assert_eq!(cache.entry("k").get_or_compute(load), 1);
    assert_eq!((cache.stats().errors, cache.stats().fenced_commits), (1, 0));
}

#[cfg(feature = "redis")]
mod redis {
    use common::{TAG, both_ways};
    use hermes_testkit::Redis;

    use super::*;

    #[test]
    fn a_miss_on_a_server_shows_its_parts() {
        both_ways(|way| {
            let redis = Redis::start();
            let cache = common::cache(&redis.url());
            let calls = Collector::default().watch(|| {
                way.compute(&cache, "k", 1);
                way.compute(&cache, "k", 2);
            });

            let [(miss, parts), (hit, one_part)] = &calls[..] else { panic!("{calls:?}") };
            assert_eq!(parts, &["hermes.fetch", "hermes.acquire", "hermes.compute", "hermes.commit"]);
            assert_eq!(one_part, &["hermes.fetch"]);
            assert_eq!((value(miss, "outcome"), value(hit, "outcome")), ("stored", "hit"));
            assert_eq!(value(miss, "backend"), "Redis");
        });
    }

    #[test]
    fn a_server_that_goes_and_comes_back_is_warned_of_once_in_a_while() {
        // Not of tasks: theirs connect in other threads, which this collector does not watch.
        let redis = Redis::start();
        let cache = common::cache(&redis.url());
        cache.entry("k").get_or_compute(|| 1);
        redis.kill();
        let collector = Collector::default();
        collector.watch(|| {
            for _ in 0..20 {
                assert_eq!(cache.entry("k").get_or_compute(|| 2), 2);
            }
        });
        let warnings = collector.warnings();
        let spared = "the server does not answer: it is spared for a while";
        assert_eq!(warnings.iter().filter(|warning| *warning == spared).count(), 1, "{warnings:?}");
        assert!(warnings.len() < 20, "{warnings:?}");
        let first = collector.0.lock().unwrap().warnings[0].clone();
        assert_eq!((value(&first, "command"), value(&first, "point")), ("fetch", "entry"));
        assert!(!value(&first, "error").is_empty());

        redis.start_again();
        let collector = Collector::default();
        collector.watch(|| cache.clean([TAG]).unwrap());
        assert_eq!(collector.warnings(), ["the server answers again"]);
    }

    #[test]
    fn a_server_that_repeats_what_it_was_asked_is_quoted_without_that() {
        let redis = Redis::with(&["--rename-command", "MGET", ""]);
        let cache = common::cache(&redis.url());
        let collector = Collector::default();
        collector.watch(|| {
            cache.entry("k").tags(["user:secret"]).get_or_compute(|| 1_u64);
        });
        let seen = format!("{:?}", collector.0.lock().unwrap());
        assert!(seen.contains("unknown command") && !seen.contains("secret"), "{seen}");
    }

    #[test]
    fn bytes_that_cannot_be_decoded_are_warned_of_without_what_they_say() {
        let redis = Redis::start();
        let cache = common::cache(&redis.url());
        cache.entry("k").set("a secret".to_owned()).unwrap();
        let collector = Collector::default();
        collector.watch(|| {
            assert_eq!(cache.entry("k").get_or_compute(|| 1_u64), 1);
        });
        let seen = format!("{:?}", collector.0.lock().unwrap());
        assert!(seen.contains("an entry cannot be decoded") && !seen.contains("secret"), "{seen}");
    }
}
