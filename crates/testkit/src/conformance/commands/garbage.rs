//! Bytes that nobody can read, under the names of entries, leases and versions: a miss, never an error.
//! Told only where bytes can be written past the backend.

use hermes::backend::{Committed, Sight, Tag, encode_entry};

use crate::conformance::candidate::{Candidate, LONG, entry};

const GARBAGE: [&[u8]; 7] = [b"", b"\0", b"\x01", b"\x01\x01", b"garbage", b"\x01\x02\x03", &[0xff; 200]];

pub fn an_entry_that_cannot_be_read_is_none(candidate: &Candidate) {
    let Some(write) = candidate.write() else { return };
    for (number, garbage) in GARBAGE.into_iter().enumerate() {
        let target = candidate.target(&number.to_string(), &["a"]);
        write(&target.key.entry_name(candidate.buckets()), garbage);

        assert_eq!(candidate.peek(&target).entry, None, "{garbage:?}");
        let won = candidate.win_by_force(&target);
        assert_eq!(candidate.commit(&target, &won, b"value"), Committed::Stored, "{garbage:?}");
        assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
    }
}

pub fn an_entry_that_was_cut_off_is_none(candidate: &Candidate) {
    let Some(write) = candidate.write() else { return };
    let target = candidate.target("k", &["a"]);
    let bytes = encode_entry(&entry(&candidate.win(&target), b"value", LONG));
    for len in 0..bytes.len() {
        write(&target.key.entry_name(candidate.buckets()), &bytes[..len]);
        let view = candidate.peek(&target);
        assert_eq!(view.entry, None, "{len} of {} bytes", bytes.len());
        assert!(len == 0 || view.unreadable.is_some(), "{len} of {} bytes", bytes.len());
    }
}

pub fn a_lease_that_cannot_be_read_is_waited_for_by_nobody(candidate: &Candidate) {
    let Some(write) = candidate.write() else { return };
    for (number, garbage) in GARBAGE.into_iter().enumerate() {
        let target = candidate.target(&number.to_string(), &["a"]);
        write(&target.key.lease_name(candidate.buckets()), garbage);

        assert_eq!(candidate.lease(&target), Sight::Pass, "{garbage:?}");
        let won = candidate.win_by_force(&target);
        assert!(candidate.holds(&target, won.token));
    }
}

pub fn a_version_that_cannot_be_read_is_absent_and_made_anew(candidate: &Candidate) {
    let Some(write) = candidate.write() else { return };
    for (number, garbage) in GARBAGE.into_iter().enumerate() {
        let target = candidate.target(&number.to_string(), &["a"]);
        let bucket = target.key.bucket(candidate.buckets());
        candidate.win(&target);
        write(&Tag::user("a").name(candidate.namespace(), bucket), garbage);

        assert_eq!(candidate.peek(&target).versions.complete(&target.tags), None, "{garbage:?}");
        let won = candidate.win_by_force(&target);
        assert_eq!(candidate.peek(&target).versions.complete(&target.tags), Some(won.versions));
    }
}

pub fn garbage_is_invalidated_and_cleaned_like_everything_else(candidate: &Candidate) {
    let Some(write) = candidate.write() else { return };
    let target = candidate.target("k", &["a"]);
    let (buckets, bucket) = (candidate.buckets(), target.key.bucket(candidate.buckets()));
    write(&target.key.entry_name(buckets), b"garbage");
    write(&target.key.lease_name(buckets), b"garbage");
    write(&Tag::user("a").name(candidate.namespace(), bucket), b"garbage");

    candidate.invalidate(&target);
    candidate.clean(&target, &[Tag::user("a")]);

    candidate.store(&target, b"value");
    assert_eq!(*candidate.payload(&target).unwrap(), *b"value");
}

pub fn garbage_in_a_namespace_does_not_keep_it_from_being_listed(candidate: &Candidate) {
    let Some(write) = candidate.write() else { return };
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"value");
    for end in ["", ":", ":entry:", ":entry:x", ":tag:", ":lease:x", ":x"] {
        write(&format!("{}{end}", candidate.namespace()), b"garbage");
    }

    let name = target.key.entry_name(candidate.buckets());
    assert!(candidate.list(candidate.namespace()).iter().any(|listed| listed.name == name));
}
