//! Names of keys and tags, as a server lists them. What is taken for a name has that name.

use hermes::backend::{Buckets, Key, Namespace, Tag};

pub(crate) fn read(bytes: &[u8]) {
    let Ok(name) = std::str::from_utf8(bytes) else { return };
    let namespace = Namespace::default();
    if let Some((key, bucket)) = Key::from_name(&namespace, name) {
        let names = [Buckets::One, Buckets::Many].map(|buckets| key.entry_name(buckets));
        assert!(names.iter().any(|one| one == name), "{key} in {bucket:?} is not {name}");
    }
    if let Some((tag, bucket)) = Tag::from_name(&namespace, name) {
        assert_eq!(tag.name(&namespace, bucket), name);
    }
}
