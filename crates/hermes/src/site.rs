//! Which cached function a call belongs to, as generated code declares it.
//! Knows nothing of arguments.

use std::{
    fmt,
    hash::{Hash, Hasher},
    panic::Location,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use hermescache_protocol::Point;

/// A cached function, told from all others in this process by a number.
#[derive(Debug)]
pub struct Site {
    path: Path,
    version: Option<&'static str>,
    declared: &'static Location<'static>,
    id: OnceLock<SiteId>,
}

#[derive(Debug, Clone, Copy)]
enum Path {
    /// Crate, modules and function, or the name that was given instead.
    Function { path: &'static str, type_name: Option<fn() -> &'static str> },
    /// Entries that are named by hand.
    Entry,
}

/// The number of a site. Never leaves the process. Kept as bytes, so that it can lie anywhere in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SiteId([u8; 4]);

impl From<u32> for SiteId {
    fn from(number: u32) -> Self {
        Self(number.to_ne_bytes())
    }
}

impl SiteId {
    #[inline]
    pub(crate) fn number(self) -> u32 {
        u32::from_ne_bytes(self.0)
    }
}

impl Hash for SiteId {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.number());
    }
}

/// The site of all entries that are named by hand.
pub(crate) static ENTRY: Site = Site::declare(Path::Entry, None);

impl Site {
    /// A function at `path`, which is all that tells it from others across processes.
    #[track_caller]
    #[must_use]
    pub const fn new(path: &'static str, version: Option<&'static str>) -> Self {
        Self::declare(Path::Function { path, type_name: None }, version)
    }

    /// A free function at `path` whose companion type is called `type_name`. A module path does not tell
    /// functions apart that are declared inside other functions; the name of the type does.
    #[track_caller]
    #[must_use]
    pub const fn free(
        path: &'static str,
        version: Option<&'static str>,
        type_name: fn() -> &'static str,
    ) -> Self {
        Self::declare(Path::Function { path, type_name: Some(type_name) }, version)
    }

    #[track_caller]
    const fn declare(path: Path, version: Option<&'static str>) -> Self {
        Self { path, version, declared: Location::caller(), id: OnceLock::new() }
    }

    #[inline]
    pub(crate) fn id(&self) -> SiteId {
        static SITES: AtomicU32 = AtomicU32::new(0);
        *self.id.get_or_init(|| SITES.fetch_add(1, Ordering::Relaxed).into())
    }

    /// The function's point: what names it in keys, the same in every process.
    pub(crate) fn point(&self) -> Point {
        match self.path {
            Path::Entry => Point::entry(),
            Path::Function { path, type_name } => {
                let path = type_name.map_or_else(|| path.to_owned(), |type_name| nested(path, type_name()));
                Point::function(&path, self.version)
            }
        }
    }
}

/// The path with the functions that enclose it, if any: `shop::orders::total`, `shop::orders::report::total`.
fn nested(path: &str, type_name: &str) -> String {
    let enclosing = type_name.rsplit_once("::").map_or("", |(enclosing, _)| enclosing);
    match path.rsplit_once("::") {
        Some((module, name)) if enclosing.starts_with(module) => format!("{enclosing}::{name}"),
        _ => path.to_owned(),
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.point().label(), self.declared)
    }
}
