//! Finds out which of the entries that a backend lists a call would hit, and which tags they carry.
//! Asks nobody: it has the list.

use std::collections::HashMap;

use hermescache_protocol::{Bucket, History, Key, Moment, Namespace, Tag, TagVersion, decode_entry_head};

use crate::{backend::Listed, observe::EntryInfo};

/// The tags whose versions live, by bucket and version: since versions are random, one names its tag.
type LiveTags = HashMap<(Bucket, TagVersion), (Tag, History)>;

/// The entries that a call would hit, which is known from what lies beside them.
pub(crate) fn fresh_entries(namespace: &Namespace, listed: &[Listed], now: Moment) -> Vec<EntryInfo> {
    let live: LiveTags = listed.iter().filter_map(|listed| live_tag(namespace, listed)).collect();
    listed.iter().filter_map(|listed| fresh_entry(namespace, listed, &live, now)).collect()
}

fn live_tag(namespace: &Namespace, listed: &Listed) -> Option<((Bucket, TagVersion), (Tag, History))> {
    let (tag, bucket) = Tag::from_name(namespace, &listed.name)?;
    let version = TagVersion::from_bytes(listed.head.as_slice().try_into().ok()?);
    Some(((bucket, version), (tag, listed.history)))
}

fn fresh_entry(namespace: &Namespace, listed: &Listed, live: &LiveTags, now: Moment) -> Option<EntryInfo> {
    let (key, bucket) = Key::from_name(namespace, &listed.name)?;
    let entry = decode_entry_head(&listed.head).ok()?;
    let ttl_left = entry.ttl.get().checked_sub(now.since(entry.created)).filter(|left| !left.is_zero())?;

    let versions = entry.versions.tags().iter();
    let tags = versions.map(|version| live.get(&(bucket, *version))).collect::<Option<Vec<_>>>()?;
    if tags.iter().any(|(_, history)| *history != entry.versions.history()) {
        return None;
    }
    let implicit = [Tag::everything(), Tag::point(key.point())];
    let own = tags.iter().map(|(tag, _)| tag).filter(|tag| !implicit.contains(tag));
    let mut tags: Vec<_> = own.filter_map(Tag::user_text).map(str::to_owned).collect();
    tags.sort_unstable();
    let size_bytes = usize::try_from(listed.len_bytes).unwrap_or(usize::MAX);
    Some(EntryInfo { key, tags, ttl_left, size_bytes })
}
