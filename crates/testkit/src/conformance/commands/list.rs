//! The list of a namespace, for people: its entries and the versions of its tags.
//! Leaves what they mean to `dump`.

use std::collections::BTreeSet;

use hermes::backend::{Key, Namespace, Tag, decode_entry_head};

use crate::conformance::{
    candidate::{Candidate, namespace, target},
    place::fresh_namespace,
};

/// The names of entries and tags that are listed. What else is, its reader passes over.
fn names(candidate: &Candidate, namespace: &Namespace) -> BTreeSet<String> {
    let listed = candidate.list(namespace).into_iter().map(|listed| listed.name);
    listed
        .filter(|name| Key::from_name(namespace, name).is_some() || Tag::from_name(namespace, name).is_some())
        .collect()
}

pub fn nothing_is_listed_at_first(candidate: &Candidate) {
    assert_eq!(names(candidate, candidate.namespace()), BTreeSet::new());
}

pub fn entries_and_versions_are_listed_under_their_names(candidate: &Candidate) {
    let buckets = candidate.buckets();
    let mut expected = BTreeSet::new();
    for name in ["one", "two", "three"] {
        let target = candidate.target(name, &["a", "two words", name]);
        candidate.store(&target, name.as_bytes());
        expected.insert(target.key.entry_name(buckets));
        let bucket = target.key.bucket(buckets);
        expected.extend(target.tags.iter().map(|tag| tag.name(candidate.namespace(), bucket)));
    }

    assert_eq!(names(candidate, candidate.namespace()), expected);
}

pub fn what_is_listed_can_be_read(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, &[7; 100_000]);
    let stored = candidate.peek(&target).entry.unwrap();

    for listed in candidate.list(candidate.namespace()) {
        if Key::from_name(candidate.namespace(), &listed.name).is_some() {
            let head = decode_entry_head(&listed.head).unwrap();
            assert_eq!((head.id, &head.versions), (stored.id, &stored.versions));
            assert!((100_000..101_000).contains(&listed.len_bytes), "{} bytes", listed.len_bytes);
            assert_eq!(listed.history, stored.versions.history());
        } else if Tag::from_name(candidate.namespace(), &listed.name).is_some() {
            assert!(stored.versions.tags().iter().any(|version| *version.as_bytes() == *listed.head));
            assert_eq!(listed.len_bytes, 8);
        }
    }
}

pub fn what_was_deleted_is_not_listed(candidate: &Candidate) {
    let target = candidate.target("k", &["a"]);
    candidate.store(&target, b"value");
    let all: Vec<_> = target.tags.iter().cloned().collect();

    candidate.invalidate(&target);
    candidate.clean(&target, &all);

    assert_eq!(names(candidate, candidate.namespace()), BTreeSet::new());
}

pub fn many_are_listed_once_each(candidate: &Candidate) {
    for n in 0..700 {
        candidate.store(&candidate.target(&n.to_string(), &[]), b"value");
    }

    let listed = candidate.list(candidate.namespace());
    let entries =
        listed.iter().filter(|listed| Key::from_name(candidate.namespace(), &listed.name).is_some());

    assert_eq!(entries.count(), 700);
    assert_eq!(names(candidate, candidate.namespace()).len(), listed.len());
}

pub fn other_namespaces_are_not_listed(candidate: &Candidate) {
    let ours = fresh_namespace();
    // Not `:entry`: its entries have names as an entry of ours could have. Who reads the list finds no versions of theirs.
    for end in ["x", "*", "?", "[a]", "\\", ":", ":lease", ":tag"] {
        let theirs = namespace(&format!("{ours}{end}"));
        candidate.store(&target(&theirs, "k", &["a"]), b"theirs");
        assert_eq!(names(candidate, &theirs).len(), 4, "{theirs}");
    }

    assert_eq!(names(candidate, &namespace(&ours)), BTreeSet::new());
}
