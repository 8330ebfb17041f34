//! Where entries are to be kept: the schemes of URLs, and what each opens.
//! Leaves to `builder` the cache in front of it.

use std::fmt;

#[cfg(feature = "redis")]
use crate::authority;
use crate::{
    backend::Backend,
    error::Error,
    options::{self, Options},
    url::{self, Url},
};

/// Where entries are to be kept, as it was said.
pub(crate) enum Place {
    Url(String),
    Backend(Box<dyn Backend>),
}

impl Place {
    pub(crate) fn open(self, given: Options) -> Result<(Store, Options), Error> {
        let url = match self {
            Self::Backend(backend) => return Ok((Store::Backend(backend), given)),
            Self::Url(url) => url,
        };
        let opened = Url::parse(&url).and_then(|parsed| {
            let options = Options::read(&parsed.parameters)?;
            options.check()?;
            let options = given.or(options);
            Ok((Store::open(&parsed, &options)?, options))
        });
        opened.map_err(|why| Error::config(format!("reading the URL {:?}", shown(&url)), why))
    }
}

/// Where entries are kept.
pub(crate) enum Store {
    Memory,
    Nowhere,
    Backend(Box<dyn Backend>),
}

impl Store {
    #[cfg_attr(
        not(feature = "redis"),
        expect(unused_variables, reason = "in process there is nothing to open")
    )]
    fn open(url: &Url, options: &Options) -> Result<Self, String> {
        match url.scheme.as_str() {
            "memory" => url.takes_no_place().map(|()| Self::Memory),
            "noop" => url.takes_no_place().map(|()| Self::Nowhere),
            #[cfg(feature = "redis")]
            scheme if crate::redis::schemes().any(|redis| redis == scheme) => {
                let settings = authority::settings(url, options)?;
                Ok(Self::Backend(Box::new(crate::redis::Redis::open(&settings)?)))
            }
            #[cfg(not(feature = "redis"))]
            scheme if scheme.starts_with("redis") => {
                Err(format!("{scheme}:// needs the feature `redis` of hermescache"))
            }
            other => {
                let schemes: Vec<_> = schemes().map(|scheme| format!("{scheme}://")).collect();
                Err(format!("there is no backend for {other:?}; there are {}", schemes.join(", ")))
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => shown(url).fmt(f),
            Self::Backend(backend) => backend.fmt(f),
        }
    }
}

/// The schemes that this build opens.
fn schemes() -> impl Iterator<Item = &'static str> {
    let schemes = ["memory", "noop"].into_iter();
    #[cfg(feature = "redis")]
    let schemes = schemes.chain(crate::redis::schemes());
    schemes
}

/// A URL as people may see it.
fn shown(url: &str) -> String {
    url::redacted(url, options::is_known)
}
