//! Names of entries: namespace, point (which function) and the digest of its arguments.
//! Leaves the encoding of arguments to `encode` and names of tags to `tag`. The layout is docs/formats/keys.md.

use alloc::{format, string::String, sync::Arc};
use core::{
    fmt,
    hash::{Hash, Hasher},
};

use crate::{
    bucket::{self, Bucket, Buckets},
    digest::Digest,
    encode::Arguments,
    name::{append, written},
};

/// Longest namespace, in bytes.
pub const MAX_NAMESPACE_BYTES: usize = 64;

/// Longest label of a point, in bytes: with the longest namespace and a bucket, a key stays below memcached's
/// limit of 250 bytes.
const MAX_LABEL_BYTES: usize = 120;

/// The name under which one application keeps everything: 1 to 64 bytes, no braces, blanks or control characters.
///
/// ```
/// use hermescache_protocol::Namespace;
///
/// assert_eq!(Namespace::new("shop")?.as_str(), "shop");
/// assert!(Namespace::new("my shop").is_err());
/// # Ok::<(), hermescache_protocol::NamespaceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`NamespaceError`] says which rule the name breaks.
    pub fn new(name: &str) -> Result<Self, NamespaceError> {
        if name.is_empty() {
            return Err(NamespaceError::Empty);
        }
        if name.len() > MAX_NAMESPACE_BYTES {
            return Err(NamespaceError::TooLong { len_bytes: name.len() });
        }
        match name.chars().find(|c| matches!(c, '{' | '}') || c.is_whitespace() || c.is_control()) {
            Some(odd) => Err(NamespaceError::Character(odd)),
            None => Ok(Self(Arc::from(name))),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Namespace {
    /// `cache`, as in HermesCache.
    fn default() -> Self {
        Self(Arc::from("cache"))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a namespace was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceError {
    /// It has no characters.
    Empty,
    /// It is longer than 64 bytes.
    TooLong {
        /// Its length.
        len_bytes: usize,
    },
    /// It holds a brace, a blank or a control character.
    Character(char),
}

impl fmt::Display for NamespaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the namespace is empty; it takes 1 to {MAX_NAMESPACE_BYTES} bytes"),
            Self::TooLong { len_bytes } => {
                write!(f, "the namespace has {len_bytes} bytes; it takes 1 to {MAX_NAMESPACE_BYTES}")
            }
            Self::Character(odd) => {
                write!(
                    f,
                    "the namespace holds {odd:?}; braces, blanks and control characters are not allowed"
                )
            }
        }
    }
}

impl core::error::Error for NamespaceError {}

/// Which function an entry belongs to: its path and version, as a label that is safe in every backend's keys.
///
/// Distinct functions have distinct labels: a path that is too long or holds odd characters is cut, and its
/// digest added.
///
/// ```
/// use hermescache_protocol::Point;
///
/// assert_eq!(Point::function("shop::orders::total", None).label(), "shop::orders::total");
/// assert_eq!(Point::function("shop::orders::total", Some("2")).label(), "shop::orders::total@2");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Point(Arc<str>);

impl Point {
    /// The point of a cached function.
    #[must_use]
    pub fn function(path: &str, version: Option<&str>) -> Self {
        let plain = path.len() + version.map_or(0, |v| v.len() + 1) <= MAX_LABEL_BYTES
            && is_plain(path)
            && version.is_none_or(is_plain);
        Self(match (plain, version) {
            (true, None) => Arc::from(path),
            (true, Some(version)) => Arc::from(format!("{path}@{version}")),
            (false, _) => Arc::from(digested_label(path, version)),
        })
    }

    /// The point of entries that are named by hand. No function's label begins like it.
    #[must_use]
    pub fn entry() -> Self {
        Self(Arc::from("*"))
    }

    /// The label: at most 120 bytes of printable ASCII without blanks or braces.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.0
    }
}

/// Whether text can stand in a label as it is, and be told from digested labels, versions, the entry point, and the marks of
/// tags: a namespace may hold colons, and `a:entry` with the tag `x:…` is not to be confused with `a` with `tag:=x`.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'{' | b'}' | b'@' | b'~' | b'*' | b'=' | b'#'))
}

fn digested_label(path: &str, version: Option<&str>) -> String {
    const READABLE_BYTES: usize = 80;
    let readable = path.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_'));
    let mut label: String = readable.take(READABLE_BYTES).collect();
    let digest = Digest::of([path.as_bytes(), version.unwrap_or("").as_bytes()]);
    label.push('~');
    label.push_str(digest.text().as_str());
    label
}

/// The name of one entry: namespace, point and a cryptographic digest of the arguments.
///
/// `Display` gives the name under which `dump` lists it, `<namespace>:entry:<point>:<digest>`; a backend with
/// buckets puts the bucket behind the namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    namespace: Namespace,
    point: Point,
    digest: Digest,
}

impl Key {
    /// The key of one call. Costs one blake3 of the arguments, about 75 ns for short ones.
    #[must_use]
    pub fn new(namespace: &Namespace, point: &Point, arguments: &Arguments) -> Self {
        Self::from_encoded(namespace, point, arguments.as_bytes())
    }

    /// The key of a call whose arguments were encoded before.
    #[must_use]
    pub fn from_encoded(namespace: &Namespace, point: &Point, arguments: &[u8]) -> Self {
        let digest = Digest::of([namespace.as_str().as_bytes(), point.label().as_bytes(), arguments]);
        Self { namespace: namespace.clone(), point: point.clone(), digest }
    }

    /// The key of an entry that a backend calls `name`, and the bucket that the name puts it in; `None` where that
    /// is no entry's name in this namespace.
    ///
    /// ```
    /// use hermescache_protocol::{Arguments, Buckets, Key, Namespace, Point};
    ///
    /// let shop = Namespace::new("shop")?;
    /// let key = Key::new(&shop, &Point::function("shop::total", None), &Arguments::new());
    /// let name = key.entry_name(Buckets::Many);
    /// assert_eq!(Key::from_name(&shop, &name), Some((key.clone(), key.bucket(Buckets::Many))));
    /// # Ok::<(), hermescache_protocol::NamespaceError>(())
    /// ```
    #[must_use]
    pub fn from_name(namespace: &Namespace, name: &str) -> Option<(Self, Bucket)> {
        let (bucket, rest) = bucket::split_name(namespace.as_str(), name)?;
        let (label, digest) = rest.strip_prefix("entry:")?.rsplit_once(':')?;
        let digest = Digest::from_text(digest)?;
        let key = Self { namespace: namespace.clone(), point: Point(Arc::from(label)), digest };
        // In any other bucket nobody would look for it.
        let is_its_own = [Buckets::One, Buckets::Many].iter().any(|buckets| key.bucket(*buckets) == bucket);
        is_its_own.then_some((key, bucket))
    }

    /// The namespace it lies in.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The function it belongs to.
    #[must_use]
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// The bucket that holds this key, its lease and its own copy of its tags' versions.
    #[must_use]
    pub fn bucket(&self, buckets: Buckets) -> Bucket {
        buckets.of(self.digest.as_bytes()[0])
    }

    /// What a backend calls the entry: at most 229 bytes of text without blanks or control characters.
    #[must_use]
    pub fn entry_name(&self, buckets: Buckets) -> String {
        written(|name| self.write_entry_name(buckets, name))
    }

    /// Appends the [name](Self::entry_name) of the entry to a text.
    pub fn write_entry_name(&self, buckets: Buckets, to: &mut String) {
        self.write_name("entry", buckets, to);
    }

    /// What a backend calls the lease of this key.
    #[must_use]
    pub fn lease_name(&self, buckets: Buckets) -> String {
        written(|name| self.write_lease_name(buckets, name))
    }

    /// Appends the [name](Self::lease_name) of the lease to a text.
    pub fn write_lease_name(&self, buckets: Buckets, to: &mut String) {
        self.write_name("lease", buckets, to);
    }

    fn write_name(&self, kind: &str, buckets: Buckets, to: &mut String) {
        let Self { namespace, point, digest } = self;
        let (prefix, digest) = (self.bucket(buckets).prefix(), digest.text());
        append(to, &[namespace.as_str(), ":", prefix, kind, ":", point.label(), ":", digest.as_str()]);
    }
}

impl Hash for Key {
    /// The digest covers the rest, and is short.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:entry:{}:{}", self.namespace, self.point.label(), self.digest.text().as_str())
    }
}
