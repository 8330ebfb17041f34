//! What other languages are built on: functions by name, and values whose bytes are made by a packer.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use hermes::{
    Cache, ErrorKind, Key,
    binding::{self, Cause, CodecId, Codecs, Function, Keep, Packer, Packing, rules},
};

fn computed<M: hermes::Keeps<String>>(
    cache: &Cache<M>,
    function: Function,
    argument: i64,
    value: &str,
) -> String {
    let mut call = function.call(cache);
    call.arg(&argument);
    call.tags(["texts"]);
    call.compute(rules(None, |_: &String| Keep::yes()), || value.to_owned())
}

#[test]
fn a_function_is_its_name_and_version() {
    let cache = Cache::from_url("memory://").unwrap();
    assert_eq!(computed(&cache, Function::named("by_name", None), 1, "first"), "first");
    assert_eq!(computed(&cache, Function::named(&["by", "name"].join("_"), None), 1, "second"), "first");
    assert_eq!(computed(&cache, Function::named("by_name", Some("2")), 1, "third"), "third");
    assert_eq!(computed(&cache, Function::named("by_another", None), 1, "fourth"), "fourth");
}

#[test]
fn a_function_is_cleared_alone() {
    let cache = Cache::from_url("memory://").unwrap();
    let (cleared, spared) = (Function::named("cleared", None), Function::named("spared", None));
    for function in [cleared, spared] {
        computed(&cache, function, 1, "first");
    }
    cleared.clear(&cache).unwrap();
    assert_eq!(computed(&cache, cleared, 1, "second"), "second");
    assert_eq!(computed(&cache, spared, 1, "second"), "first");
}

#[test]
fn numbers_find_what_a_call_with_them_stored() {
    let cache = Cache::from_url("memory://").unwrap();
    let function = Function::named("numbers", None);
    computed(&cache, function, 1, "one");
    assert_eq!(function.hit::<_, String, _, _>(&cache, [1_i64]).as_deref(), Some("one"));
    assert_eq!(function.hit::<_, String, _, _>(&cache, [1_u64]), None, "the width is part of the key");
    assert_eq!(function.hit::<_, String, _, _>(&cache, [1_i64, 1]), None);
    cache.clean(["texts"]).unwrap();
    assert_eq!(function.hit::<_, String, _, _>(&cache, [1_i64]), None);
}

#[test]
fn a_name_that_a_function_of_rust_has_is_refused() {
    use hermes::__private::{Call, Site};
    static SITE: Site = Site::new("taken", None);

    let cache = Cache::from_url("memory://").unwrap();
    Call::new(&cache, &SITE).compute(rules(None, |_| Keep::yes()), || 7);
    let error = Function::named("taken", None).clear(&cache).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(computed(&cache, Function::named("taken", None), 1, "uncached"), "uncached");
}

#[test]
fn values_are_listed_with_their_entries() {
    let cache = Cache::from_url("memory://").unwrap();
    computed(&cache, Function::named("listed", None), 1, "one");
    cache.entry("number").set(7_u64).unwrap();

    let texts = binding::values::<_, String>(&cache);
    let [entry] = texts.as_slice() else { panic!("{texts:?}") };
    assert_eq!((entry.info.tags.as_slice(), entry.value.as_str()), (&["texts".to_owned()][..], "one"));
    assert_eq!(entry.name, None);
    let numbers = binding::values::<_, u64>(&cache);
    assert_eq!(numbers[0].name.as_deref(), Some("number"));
    cache.clean(["texts"]).unwrap();
    assert!(binding::values::<_, String>(&cache).is_empty());
}

/// A value that serde does not know.
#[derive(Debug, Clone, PartialEq)]
struct Opaque(u8);

/// Writes its key beside the value, so that an entry that was moved is refused, as a signature would have it.
#[derive(Debug, Default)]
struct Bound {
    packs_nothing: AtomicBool,
    asked: AtomicU32,
}

const BOUND: CodecId = CodecId(9);

impl Packer<Opaque> for Bound {
    fn readable(&self) -> Codecs {
        Codecs::none().with(BOUND)
    }

    fn pack(&self, key: &Key, value: &Opaque) -> Result<(CodecId, Vec<u8>), Cause> {
        if self.packs_nothing.load(Ordering::Relaxed) {
            return Err("there are no bytes today".into());
        }
        Ok((BOUND, [&[value.0], key.to_string().as_bytes()].concat()))
    }

    fn unpack(&self, key: &Key, codec: CodecId, bytes: &[u8]) -> Result<Opaque, Cause> {
        assert_eq!(codec, BOUND, "what is not readable is a miss before");
        self.asked.fetch_add(1, Ordering::Relaxed);
        match bytes.split_first() {
            Some((value, name)) if name == key.to_string().as_bytes() => Ok(Opaque(*value)),
            _ => Err("it belongs to another key".into()),
        }
    }
}

#[test]
fn in_process_no_packer_is_asked() {
    let cache =
        Cache::builder().packed_by(Bound { packs_nothing: true.into(), ..Bound::default() }).build().unwrap();
    let entry = cache.entry("k");
    assert_eq!(entry.get_or_compute(|| Opaque(1)), Opaque(1));
    assert_eq!(entry.get_or_compute(|| Opaque(2)), Opaque(1));
    entry.set(Opaque(3)).unwrap();
    assert_eq!(entry.get(), Some(Opaque(3)));
}

#[test]
fn a_packing_reads_what_a_cache_writes() {
    let (codec, bytes) = Packing::default().pack(&("seven", 7)).unwrap();
    assert_eq!(codec, CodecId(1));
    assert_eq!(Packing::default().unpack::<(String, u8)>(codec, &bytes).unwrap(), ("seven".to_owned(), 7));
    assert!(Packing::default().limit(4).pack("seven").is_err());
    assert!(Packing::readable().contains(codec));
}

#[cfg(feature = "redis")]
mod on_a_server {
    use std::{
        sync::{Arc, mpsc},
        thread,
    };

    use hermes_testkit::Redis;

    use super::*;

    /// Shows what a packer was asked.
    #[derive(Debug, Clone, Default)]
    struct Shown(Arc<Bound>);

    impl Packer<Opaque> for Shown {
        fn readable(&self) -> Codecs {
            self.0.readable()
        }
        fn pack(&self, key: &Key, value: &Opaque) -> Result<(CodecId, Vec<u8>), Cause> {
            self.0.pack(key, value)
        }
        fn unpack(&self, key: &Key, codec: CodecId, bytes: &[u8]) -> Result<Opaque, Cause> {
            self.0.unpack(key, codec, bytes)
        }
    }

    fn cache(redis: &Redis, packer: Shown) -> Cache<binding::Foreign<Opaque>> {
        Cache::builder().url(&format!("{}?value_limit=100", redis.url())).packed_by(packer).build().unwrap()
    }

    fn loads(cache: &Cache<binding::Foreign<Opaque>>, name: &str, value: u8) -> u8 {
        cache.entry(name).get_or_compute(|| Opaque(value)).0
    }

    #[test]
    fn a_value_comes_back_by_its_packer() {
        let redis = Redis::start();
        let (first, second) = (Shown::default(), Shown::default());
        assert_eq!(loads(&cache(&redis, first.clone()), "k", 1), 1);
        assert_eq!(loads(&cache(&redis, second.clone()), "k", 2), 1);
        assert_eq!(first.0.asked.load(Ordering::Relaxed), 0, "who computed has its value");
        assert_eq!(second.0.asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn bytes_that_a_packer_refuses_are_a_miss_and_are_replaced() {
        let redis = Redis::start();
        let cache = cache(&redis, Shown::default());
        loads(&cache, "a", 1);
        loads(&cache, "b", 2);
        let names: Vec<_> = cache.dump().unwrap().iter().map(|info| info.key.to_string()).collect();
        redis.command(&["COPY", &names[0], &names[1], "REPLACE"]);

        let computed = |value| (loads(&cache, "a", value), loads(&cache, "b", value));
        assert!(matches!(computed(3), (1, 3) | (3, 2)), "the one that was moved is computed anew");
        assert_eq!(cache.stats().computations, 3);
        assert_eq!(cache.stats().errors, 1);
        assert!(matches!(computed(4), (1, 3) | (3, 2)), "and then it is there");
    }

    #[test]
    fn who_is_called_away_waits_no_longer() {
        let redis = Redis::start();
        let cache = cache(&redis, Shown::default());
        let (began, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::scope(|scope| {
            let slow = move || {
                began.send(()).unwrap();
                ended.recv().unwrap();
                Ok::<_, &str>(Opaque(1))
            };
            let leader = scope.spawn(|| cache.entry("k").get_or_try_compute(slow));
            begun.recv().unwrap();
            let follower = || cache.entry("k").get_or_try_compute(|| Err::<Opaque, _>("called away"));
            assert_eq!(binding::interruptible(|| true, follower), Err("called away"));
            end.send(()).unwrap();
            assert_eq!(leader.join().unwrap(), Ok(Opaque(1)));
        });
        assert_eq!(loads(&cache, "k", 2), 1);
    }

    #[test]
    fn an_entry_in_another_codec_is_a_miss() {
        let redis = Redis::start();
        let by_serde = Cache::from_url(&redis.url()).unwrap();
        by_serde.entry("k").set(7_u8).unwrap();
        let cache = cache(&redis, Shown::default());
        assert_eq!(loads(&cache, "k", 1), 1);
        assert_eq!(loads(&cache, "k", 2), 1);
    }

    #[test]
    fn a_value_that_has_no_bytes_or_too_many_goes_to_its_caller() {
        let redis = Redis::start();
        let packer = Shown::default();
        packer.0.packs_nothing.store(true, Ordering::Relaxed);
        let cache = cache(&redis, packer.clone());
        assert_eq!((loads(&cache, "k", 1), loads(&cache, "k", 2)), (1, 2));
        assert_eq!(cache.stats().errors, 2);
        let error = cache.entry("k").set(Opaque(3)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(error.to_string().contains("no bytes today"), "{error}");

        packer.0.packs_nothing.store(false, Ordering::Relaxed);
        let long = Function::named(&"x".repeat(100), None);
        let mut call = long.call(&cache);
        call.arg(&1);
        let error = call.set(rules(None, |_| Keep::yes()), &Opaque(1)).unwrap_err();
        assert!(error.to_string().contains("100 are the most"), "{error}");
    }
}
