//! Tags: what a clean names, and the set of them that one call carries.
//! Leaves their versions to `versions`. The layout of names is docs/formats/keys.md.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::{
    fmt,
    hash::{Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    bucket::{self, Bucket},
    digest::Digest,
    key::{Namespace, Point},
    name::{append, written},
};

/// Longest text of a tag that is stored as it is, in bytes: with the longest namespace and a bucket, the name
/// stays below memcached's limit of 250 bytes.
const MAX_PLAIN_BYTES: usize = 120;

/// One tag of a namespace.
///
/// Its label begins with a mark that says the kind, so that no text of a user can pass for another kind,
/// or for a name of another namespace: `*` all of the namespace, `@` all of a function, `=` a user's
/// text, `#` the digest of a text that cannot stand in a name as it is.
///
/// ```
/// use hermescache_protocol::Tag;
///
/// assert_eq!(Tag::user("user:42").label(), "=user:42");
/// assert!(Tag::user("two words").label().starts_with('#'));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The tag that every entry of a namespace carries.
    #[must_use]
    pub fn everything() -> Self {
        Self(Arc::from("*"))
    }

    /// The tag that every entry of one function carries.
    #[must_use]
    pub fn point(point: &Point) -> Self {
        Self::marked("@", point.label())
    }

    /// A tag chosen by a user: text of any kind and length. Long or odd text is digested, never refused.
    #[must_use]
    pub fn user(text: &str) -> Self {
        Self::marked("=", text)
    }

    fn marked(mark: &str, text: &str) -> Self {
        if is_plain(text) {
            return Self::of_label(mark, text);
        }
        let digest = Digest::of([mark.as_bytes(), text.as_bytes()]);
        Self::of_label("#", digest.text().as_str())
    }

    /// Mark and text, neither of which is long.
    fn of_label(mark: &str, text: &str) -> Self {
        let mut label = [0; 1 + MAX_PLAIN_BYTES];
        let label = &mut label[..mark.len() + text.len()];
        label[..mark.len()].copy_from_slice(mark.as_bytes());
        label[mark.len()..].copy_from_slice(text.as_bytes());
        Self(Arc::from(core::str::from_utf8(label).expect("two texts are one text")))
    }

    /// Mark and text: 1 to 121 bytes of printable ASCII without blanks and braces.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.0
    }

    /// The tag whose version a backend calls `name`, and the bucket that the name puts it in; `None` where that is
    /// no tag's name in this namespace.
    #[must_use]
    pub fn from_name(namespace: &Namespace, name: &str) -> Option<(Self, Bucket)> {
        let (bucket, rest) = bucket::split_name(namespace.as_str(), name)?;
        // Without a mark it is a name of another namespace, which ends in `:tag`.
        let label = rest.strip_prefix("tag:").filter(|label| label.starts_with(['*', '@', '=', '#']))?;
        Some((Self(Arc::from(label)), bucket))
    }

    /// The text that a user chose, or its digest where the label has only that; `None` for the tags that every
    /// entry of a function or namespace carries.
    #[must_use]
    pub fn user_text(&self) -> Option<&str> {
        match self.0.as_bytes().first() {
            Some(b'=') => Some(&self.0[1..]),
            Some(b'#') => Some(&self.0),
            _ => None,
        }
    }

    /// What a backend calls this tag's version in one bucket: at most 195 bytes.
    #[must_use]
    pub fn name(&self, namespace: &Namespace, bucket: Bucket) -> String {
        written(|name| self.write_name(namespace, bucket, name))
    }

    /// Appends the [name](Self::name) to a text.
    pub fn write_name(&self, namespace: &Namespace, bucket: Bucket, to: &mut String) {
        append(to, &[namespace.as_str(), ":", bucket.prefix(), "tag:", &self.0]);
    }
}

/// Whether text can stand in a name as it is. Braces belong to the bucket. A kind between colons is digested, because a namespace may
/// hold colons too: `a:tag:=b` with an entry is not to be confused with `a` with the tag `b:entry:…`.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_PLAIN_BYTES
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}'))
        && (!text.contains(':') || ![":entry:", ":lease:", ":tag:"].iter().any(|kind| text.contains(kind)))
}

/// The tags of one call: those it was given, its function's and the namespace's; sorted, each once.
///
/// ```
/// use hermescache_protocol::{Point, Tags};
///
/// let point = Point::function("shop::total", None);
/// let tags = Tags::new(&point, ["b", "a", "b"]);
/// let labels: Vec<_> = tags.iter().map(|tag| tag.label()).collect();
/// assert_eq!(labels, ["*", "=a", "=b", "@shop::total"]);
/// ```
pub struct Tags {
    tags: Box<[Tag]>,
    /// The digest of all names from when it was first asked for, which a hit does not; until then, zero.
    names: AtomicU64,
}

impl Tags {
    /// The tags of a call of `point` that a user tagged with `texts`.
    pub fn new<T: AsRef<str>>(point: &Point, texts: impl IntoIterator<Item = T>) -> Self {
        Self::beside(&Self::implicit(point), texts)
    }

    /// The tags that all calls of `point` carry.
    #[must_use]
    pub fn implicit(point: &Point) -> [Tag; 2] {
        [Tag::everything(), Tag::point(point)]
    }

    /// The [implicit](Self::implicit) tags of a point, which were made before, and those that a user chose.
    pub fn beside<T: AsRef<str>>(implicit: &[Tag; 2], texts: impl IntoIterator<Item = T>) -> Self {
        let texts = texts.into_iter();
        let [everything, point] = implicit;
        let mut tags = Vec::with_capacity(implicit.len() + texts.size_hint().0);
        tags.push(everything.clone());
        tags.extend(texts.map(|text| Tag::user(text.as_ref())));
        tags.push(point.clone());
        // Where texts come sorted, and none is digested, so do labels.
        if !tags.is_sorted_by(|one, next| one < next) {
            tags.sort_unstable();
            tags.dedup();
        }
        Self { tags: tags.into_boxed_slice(), names: AtomicU64::new(0) }
    }

    /// The tags in the order in which versions are told.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Tag> {
        self.tags.iter()
    }

    /// How many there are: 2 or more.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tags.len()
    }

    /// The digest of all names, which tells one set of tags from another.
    #[must_use]
    pub fn names(&self) -> NamesDigest {
        match self.names.load(Ordering::Relaxed) {
            0 => {
                let names = NamesDigest::of(&self.tags);
                self.names.store(u64::from_ne_bytes(names.0), Ordering::Relaxed);
                names
            }
            names => NamesDigest(names.to_ne_bytes()),
        }
    }
}

impl Clone for Tags {
    fn clone(&self) -> Self {
        let names = AtomicU64::new(self.names.load(Ordering::Relaxed));
        Self { tags: self.tags.clone(), names }
    }
}

impl PartialEq for Tags {
    fn eq(&self, other: &Self) -> bool {
        self.tags == other.tags
    }
}

impl Eq for Tags {}

impl Hash for Tags {
    /// The digest of the names says enough, and is short.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().hash(state);
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tags.iter().map(Tag::label)).finish()
    }
}

/// 8 bytes of digest of a sorted set of tag labels.
///
/// They tell code of before a deploy from code of after it, where a function's tags changed. They are no
/// defence against an attacker and need none: who is served by a match must also know every version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamesDigest([u8; 8]);

impl NamesDigest {
    fn of(tags: &[Tag]) -> Self {
        let mut bytes = [0; 8];
        let labels = tags.iter().map(|tag| tag.label().as_bytes());
        bytes.copy_from_slice(&Digest::of(labels).as_bytes()[..8]);
        Self(bytes)
    }

    /// A digest read back from a server.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes to compare and store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}
