//! The bytes and names that are stored never change by accident.
//!
//! `HERMES_GOLDEN=rewrite cargo test -p hermescache-protocol --test golden` writes them anew; the difference is to
//! be reviewed. A change of bytes is a new format, a change of names a cold cache for everybody.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{env, fmt::Write as _, fs, path::PathBuf, time::Duration};

use hermescache_protocol::{
    Arguments, Buckets, CodecId, Entry, History, Key, Lease, LeaseRecord, Moment, Namespace, Payload, Point,
    Reading, Tag, TagVersion, Tags, Token, Ttl, Value, Versions, decode_entry, decode_entry_head,
    decode_lease, encode_entry, encode_lease,
};

fn check(name: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var("HERMES_GOLDEN").is_ok_and(|value| value == "rewrite") {
        fs::write(&path, now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(golden, now, "{name} has changed; see the head of this file");
}

/// Sixteen bytes to a line.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(16) {
        let words: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{}", words.join(" ")).unwrap();
    }
    text
}

fn point() -> Point {
    Point::function("shop::orders::total", Some("2"))
}

fn tags() -> Tags {
    Tags::new(&point(), ["user:42", "orders"])
}

fn versions() -> Versions {
    let of = |byte| Some(TagVersion::from_bytes([byte; 8]));
    let reading = Reading::new(History::from_bytes(*b"history0"), vec![of(1), of(2), of(3), of(4)]);
    reading.complete(&tags()).unwrap()
}

fn entry() -> Entry {
    let ttl = Ttl::new(Duration::from_millis(600_000)).unwrap();
    let value = Value { codec: CodecId(1), payload: Payload::from(&b"payload"[..]), ttl };
    let created = Moment::from_unix_ms(1_700_000_000_000);
    Entry::new(
        Token::from_bytes(*b"0123456789abcdef"),
        versions(),
        value,
        created,
        Duration::from_micros(1_234),
    )
}

fn lease() -> LeaseRecord {
    LeaseRecord::Held(Lease { token: Token::from_bytes(*b"0123456789abcdef"), versions: versions() })
}

#[test]
fn bytes_of_an_entry() {
    check("entry.hex", &hex(&encode_entry(&entry())));
    assert_eq!(decode_entry(&encode_entry(&entry())), Ok(entry()));
}

#[test]
fn the_head_of_an_entry_is_read_without_its_payload() {
    let bytes = encode_entry(&entry());
    let head = decode_entry_head(&bytes[..bytes.len() - entry().payload.len()]).unwrap();
    let mut expected = entry();
    expected.payload = Payload::from(&b""[..]);
    assert_eq!(head, expected);
}

#[test]
fn bytes_of_a_lease() {
    check("lease.hex", &hex(&encode_lease(&lease())));
    check("pass.hex", &hex(&encode_lease(&LeaseRecord::Pass)));
    assert_eq!(decode_lease(&encode_lease(&lease())), Ok(lease()));
}

/// What a later writer adds behind the versions, and marks as harmless, is skipped.
#[test]
fn an_entry_of_a_later_writer_is_read() {
    let mut bytes = encode_entry(&entry());
    let header_len = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    bytes[4..8].copy_from_slice(&(header_len + 3).to_le_bytes());
    bytes.splice(header_len as usize..header_len as usize, *b"new");
    assert_eq!(decode_entry(&bytes).unwrap().payload[..], *b"payload");
}

#[test]
fn names_in_a_backend() {
    let namespace = Namespace::default();
    let mut arguments = Arguments::new();
    arguments.push(&42_u64).unwrap();
    let key = Key::new(&namespace, &point(), &arguments);
    let odd = [
        "two words",
        "line\nbreak",
        "{braces}",
        "Zürich",
        "",
        &"x".repeat(120),
        &"x".repeat(121),
        "a:tag:=b",
    ];
    let tags = odd.map(Tag::user).into_iter().chain(tags().iter().cloned()).collect::<Vec<_>>();
    let mut names = String::new();
    for buckets in [Buckets::One, Buckets::Many] {
        writeln!(names, "{}", key.entry_name(buckets)).unwrap();
        writeln!(names, "{}", key.lease_name(buckets)).unwrap();
        for tag in &tags {
            writeln!(names, "{}", tag.name(&namespace, key.bucket(buckets))).unwrap();
        }
    }
    check("names.txt", &names);
}

#[test]
fn names_are_read_back() {
    let namespace = Namespace::new("a:b").unwrap();
    let key = Key::new(&namespace, &point(), &Arguments::new());
    for buckets in [Buckets::One, Buckets::Many] {
        let bucket = key.bucket(buckets);
        assert_eq!(Key::from_name(&namespace, &key.entry_name(buckets)), Some((key.clone(), bucket)));
        for tag in tags().iter() {
            assert_eq!(
                Tag::from_name(&namespace, &tag.name(&namespace, bucket)),
                Some((tag.clone(), bucket))
            );
        }
        for foreign in [key.lease_name(buckets), "a:entry:f".into(), "a:b:{xy}:entry:f:".into(), "é".into()]
        {
            assert_eq!(Key::from_name(&namespace, &foreign), None, "{foreign}");
        }
    }
}

#[test]
fn a_name_in_a_bucket_where_nobody_would_look_for_it_is_no_entrys() {
    let namespace = Namespace::default();
    let key = Key::new(&namespace, &point(), &Arguments::new());
    let (own, name) = (key.bucket(Buckets::Many), key.entry_name(Buckets::Many));
    for foreign in Buckets::Many.all().filter(|bucket| *bucket != own) {
        let name = name.replace(own.prefix(), foreign.prefix());
        assert_eq!(Key::from_name(&namespace, &name), None, "{name}");
    }
}

#[test]
fn an_entry_of_a_function_that_is_called_like_a_tag_is_no_tag_of_another_namespace() {
    let (ours, theirs) = (Namespace::new("a").unwrap(), Namespace::new("a:entry").unwrap());
    for mark in ["*", "@", "=", "#"] {
        let point = Point::function(&format!("tag:{mark}x"), None);
        let name = Key::new(&ours, &point, &Arguments::new()).entry_name(Buckets::One);
        assert_eq!(Tag::from_name(&theirs, &name), None, "{name}");
    }
}

#[test]
fn names_of_a_namespace_that_ends_like_a_tag_are_not_taken_for_tags() {
    let (ours, theirs) = (Namespace::new("a").unwrap(), Namespace::new("a:tag").unwrap());
    for buckets in [Buckets::One, Buckets::Many] {
        let key = Key::new(&theirs, &point(), &Arguments::new());
        assert_eq!(Tag::from_name(&ours, &key.entry_name(buckets)), None);
        for tag in tags().iter() {
            assert_eq!(Tag::from_name(&ours, &tag.name(&theirs, key.bucket(buckets))), None);
        }
    }
}
