//! The versions of a set of tags: what an entry is stamped with, and whether the stamp still holds.
//! Knows nothing of entries; `tag` knows the names.

use alloc::{boxed::Box, vec::Vec};

use crate::{
    nonce::TagVersion,
    tag::{NamesDigest, Tag, Tags},
};

/// Which history of its data a server tells: it changes when a server restarts or another takes over.
///
/// On Redis it is derived from `master_replid`. So a server that came back from an old snapshot, or a replica
/// that never heard of an invalidation, costs misses and not the truth. A backend that cannot lose what it
/// acknowledged, or is told to trust what was restored, leaves the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct History([u8; 8]);

impl History {
    /// The history that a server names by `bytes`.
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

/// The versions as one reply told them: some may be absent, because they were cleaned, evicted or never drawn.
///
/// A reading can be compared with a stamp, never stored as one: see [`complete`](Self::complete).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reading {
    history: History,
    tags: Box<[Option<TagVersion>]>,
}

impl Reading {
    /// What a server said, in the order of the tags.
    #[must_use]
    pub fn new(history: History, tags: Vec<Option<TagVersion>>) -> Self {
        Self { history, tags: tags.into_boxed_slice() }
    }

    /// The history of the server that told them.
    #[must_use]
    pub fn history(&self) -> History {
        self.history
    }

    /// The versions as a stamp, or `None` where one is absent: nothing may be stored under an absent version.
    ///
    /// ```
    /// use hermescache_protocol::{History, Point, Reading, TagVersion, Tags};
    ///
    /// let tags = Tags::new(&Point::function("f", None), ["a"]);
    /// let version = Some(TagVersion::from_bytes([7; 8]));
    /// let read = |versions: [_; 3]| Reading::new(History::default(), versions.to_vec());
    /// assert!(read([version, version, version]).complete(&tags).is_some());
    /// assert!(read([version, None, version]).complete(&tags).is_none());
    /// ```
    #[must_use]
    pub fn complete(&self, tags: &Tags) -> Option<Versions> {
        if self.tags.len() != tags.count() {
            return None;
        }
        let versions = self.tags.iter().copied().collect::<Option<Box<[_]>>>()?;
        Some(Versions { names: tags.names(), history: self.history, tags: versions })
    }
}

/// The versions that an entry or a lease is stamped with: one for each tag, none absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Versions {
    names: NamesDigest,
    history: History,
    tags: Box<[TagVersion]>,
}

impl Versions {
    /// A stamp read back from a server.
    #[must_use]
    pub fn from_parts(names: NamesDigest, history: History, tags: Vec<TagVersion>) -> Self {
        Self { names, history, tags: tags.into_boxed_slice() }
    }

    /// The digest of the tags' names.
    #[must_use]
    pub fn names(&self) -> NamesDigest {
        self.names
    }

    /// The history they were read in.
    #[must_use]
    pub fn history(&self) -> History {
        self.history
    }

    /// The versions, in the order of the tags.
    #[must_use]
    pub fn tags(&self) -> &[TagVersion] {
        &self.tags
    }

    /// Whether the stamp still holds, for a caller whose tags are `tags`.
    #[must_use]
    pub fn compare(&self, tags: &Tags, reading: &Reading) -> Match {
        let same = self.history == reading.history
            && self.tags.len() == reading.tags.len()
            && self.tags.iter().zip(&reading.tags).all(|(mine, read)| Some(*mine) == *read);
        // No two tags have one version, so whoever knows all versions has the same tags.
        if same {
            Match::Alive
        } else if self.names == tags.names() {
            Match::Gone
        } else {
            Match::OtherNames
        }
    }

    /// Which of the tags, whose stamp this is, have another version by now or none.
    pub(crate) fn gone(&self, tags: &Tags, reading: &Reading) -> Vec<Tag> {
        let pairs = self.tags.iter().zip(&reading.tags);
        let gone = tags.iter().zip(pairs).filter(|(_, (mine, read))| Some(**mine) != **read);
        gone.map(|(tag, _)| tag.clone()).collect()
    }
}

/// What a comparison of versions says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "finished: there is no fourth answer")]
pub enum Match {
    /// All are equal and none is absent.
    Alive,
    /// At least one was cleaned or evicted, or the server's history is another.
    Gone,
    /// The stamp is of other tags: code of before or after a deploy.
    OtherNames,
}
