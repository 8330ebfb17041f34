//! Random schedules of worlds too large to be searched, and bytes of any kind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::{collections::HashSet, time::Duration};

use hermescache_protocol::{
    Arguments, Buckets, CodecId, Entry, History, Jitter, Key, Lease, LeaseRecord, Moment, NamesDigest,
    Namespace, Payload, Point, Policy, Tag, TagVersion, Token, Ttl, TtlError, Value, Versions, decode_entry,
    decode_lease, encode_entry, encode_lease,
};
use proptest::{collection::vec, prelude::*};
use world::{
    Budget, Drops, Role, Setup, World,
    canon::canonical,
    search::{States, check_that_calls_end},
};

fn roles() -> impl Strategy<Value = Role> {
    prop_oneof![8 => Just(Role::Read), 1 => Just(Role::Peek), 1 => Just(Role::Refresh), 1 => Just(Role::Set)]
}

fn drops() -> impl Strategy<Value = Drops> {
    prop_oneof![Just(Drops::Key), Just(Drops::TagA), Just(Drops::TagB), Just(Drops::All)]
}

prop_compose! {
    fn setups()(
        callers in vec((0..3usize, roles()), 4..12),
        invalidations in vec(drops(), 0..5),
        counts in prop::array::uniform10(0..3u8),
        warm: bool,
        brisk: bool,
        claims: bool,
        repeats: bool,
    ) -> Setup {
        let [timeouts, expiries, evictions, ttl_ends, abandons, kills, failures, unstorables, impatience, restarts] =
            counts;
        let budget = Budget {
            timeouts, expiries, evictions, ttl_ends, abandons, kills, failures, unstorables, impatience, restarts,
            beats: 2,
        };
        Setup { callers, invalidations, budget, warm, brisk, claims, repeats, mutant: None }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_breaks_a_promise(setup in setups(), choices in vec(any::<u16>(), 0..300)) {
        let mut world = World::new(&setup);
        for choice in choices {
            let actions = world.actions();
            let Some(action) = actions.get(usize::from(choice) % actions.len().max(1)) else { break };
            prop_assert_eq!(world.apply(*action), Ok(()), "after {:?}", action);
        }
        let ended = check_that_calls_end(&world, canonical(&world), &mut States::default());
        prop_assert!(ended.is_ok(), "{:?}", ended);
    }
}

prop_compose! {
    fn versions()(names: [u8; 8], history: [u8; 8], tags in vec(any::<[u8; 8]>(), 0..20)) -> Versions {
        let tags = tags.into_iter().map(TagVersion::from_bytes).collect();
        Versions::from_parts(NamesDigest::from_bytes(names), History::from_bytes(history), tags)
    }
}

prop_compose! {
    fn entries()(
        id: [u8; 16],
        codec: u8,
        versions in versions(),
        created_ms in 0..u64::MAX / 1_000_000,
        ttl_ms in 1..3_000_000_000_000u64,
        compute_us in 0..u64::MAX / 1_000_000,
        payload in vec(any::<u8>(), 0..300),
    ) -> Entry {
        let ttl = Ttl::new(Duration::from_millis(ttl_ms)).unwrap();
        let value = Value { codec: CodecId(codec), payload: Payload::from(payload), ttl };
        let compute = Duration::from_micros(compute_us);
        Entry::new(Token::from_bytes(id), versions, value, Moment::from_unix_ms(created_ms), compute)
    }
}

proptest! {
    #[test]
    fn an_entry_survives_its_bytes(entry in entries()) {
        prop_assert_eq!(decode_entry(&encode_entry(&entry)), Ok(entry));
    }

    #[test]
    fn a_lease_survives_its_bytes(token: [u8; 16], versions in versions()) {
        let record = LeaseRecord::Held(Lease { token: Token::from_bytes(token), versions });
        prop_assert_eq!(decode_lease(&encode_lease(&record)), Ok(record));
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
        let _ = decode_entry(&bytes);
        let _ = decode_lease(&bytes);
    }

    #[test]
    fn a_truncated_entry_is_an_error(entry in entries(), cut in any::<prop::sample::Index>()) {
        let bytes = encode_entry(&entry);
        prop_assert!(decode_entry(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_spoilt_entry_is_a_value_or_an_error(entry in entries(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode_entry(&entry);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = decode_entry(&bytes) {
            prop_assert!(read.payload.len() <= bytes.len());
        }
    }

    #[test]
    fn names_of_tags_are_short_and_plain_whatever_their_text(text: String, number: u8) {
        let namespace = Namespace::new(&"n".repeat(64)).unwrap();
        let name = Tag::user(&text).name(&namespace, Buckets::Many.of(number));
        prop_assert!(name.len() <= 250 && name.bytes().all(|byte| byte.is_ascii_graphic()), "{}", name);
    }

    #[test]
    fn distinct_texts_are_distinct_tags(a: String, b: String) {
        prop_assert_eq!(a == b, Tag::user(&a) == Tag::user(&b));
    }

    #[test]
    fn a_ttl_is_shortened_and_never_to_nothing(ms in 1..10_000_000u64, percent: u8, random: [u8; 4]) {
        let ttl = Ttl::new(Duration::from_millis(ms)).unwrap();
        let short = Jitter::percent(percent).shorten_ttl(ttl, &mut |bytes: &mut [u8]| bytes.copy_from_slice(&random));
        prop_assert!(short <= ttl && short >= Ttl::MIN);
    }

    #[test]
    fn a_poll_sleeps_for_1_to_250_ms(waited_ms in 0..1_000_000u64, random: [u8; 4]) {
        let nonces = &mut |bytes: &mut [u8]| bytes.copy_from_slice(&random);
        let sleep = Policy::default().poll_sleep(Duration::from_millis(waited_ms), nonces);
        prop_assert!((Duration::from_millis(1)..=Duration::from_millis(250)).contains(&sleep));
    }
}

#[test]
fn a_name_of_one_namespace_is_no_name_of_another() {
    let namespaces = ["a", "a:tag", "a:tag:=b", "a:tag:", "a:entry", "a:lease:*", "a:tag:@f"];
    let texts = ["x", "tag:x", "b:entry:*:c", "b:tag:=c", ":tag:=x", "=x", "b", "", "*", "@f", "b:lease:*:c"];
    let point = Point::function("f", None);
    let mut names = HashSet::new();
    for namespace in namespaces.map(|name| Namespace::new(name).unwrap()) {
        let bucket = Buckets::One.of(0);
        let key = Key::new(&namespace, &point, &Arguments::new());
        let tags = texts.iter().map(|text| Tag::user(text)).chain([Tag::everything(), Tag::point(&point)]);
        let all = tags.map(|tag| tag.name(&namespace, bucket));
        for name in all.chain([key.entry_name(Buckets::One), key.lease_name(Buckets::One)]) {
            assert!(names.insert(name.clone()), "{name} is told twice");
        }
    }
}

#[test]
fn a_ttl_of_nothing_or_for_ever_is_an_error() {
    assert_eq!(Ttl::new(Duration::ZERO), Err(TtlError::Zero));
    assert!(matches!(Ttl::new(Duration::from_micros(999)), Err(TtlError::TooShort(_))));
    assert!(matches!(Ttl::new(Duration::MAX), Err(TtlError::TooLong(_))));
}
