//! Where entries are to be kept: the schemes of URLs, and what each opens.
//! Leaves to `builder` the cache in front of it.

use std::fmt;

#[cfg(any(feature = "redis", feature = "memcached"))]
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
    /// What the URL names, inside a backend that somebody puts around it.
    Around(String, Around),
    Backend(Box<dyn Backend>),
}

type Around = Box<dyn FnOnce(Box<dyn Backend>) -> Box<dyn Backend> + Send + Sync>;

impl Place {
    pub(crate) fn open(self, given: Options) -> Result<(Store, Options), Error> {
        let url = match self {
            Self::Backend(backend) => return Ok((Store::Backend(backend), given)),
            Self::Around(url, around) => {
                let (store, options) = Self::Url(url).open(given)?;
                let store = match store {
                    Store::Backend(backend) => Store::Backend(around(backend)),
                    Store::Memory | Store::Nowhere => store,
                };
                return Ok((store, options));
            }
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
        not(any(feature = "redis", feature = "memcached")),
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
            #[cfg(feature = "memcached")]
            scheme if crate::memcached::schemes().any(|memcached| memcached == scheme) => {
                let settings = authority::settings(url, options)?;
                Ok(Self::Backend(Box::new(crate::memcached::Memcached::open(&settings)?)))
            }
            #[cfg(not(feature = "memcached"))]
            scheme if scheme.starts_with("memcached") => {
                Err(format!("{scheme}:// needs the feature `memcached` of hermescache"))
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
            Self::Url(url) | Self::Around(url, _) => shown(url).fmt(f),
            Self::Backend(backend) => backend.fmt(f),
        }
    }
}

/// The schemes that this build opens.
fn schemes() -> impl Iterator<Item = &'static str> {
    let schemes = ["memory", "noop"].into_iter();
    #[cfg(feature = "redis")]
    let schemes = schemes.chain(crate::redis::schemes());
    #[cfg(feature = "memcached")]
    let schemes = schemes.chain(crate::memcached::schemes());
    schemes
}

/// A URL as people may see it.
fn shown(url: &str) -> String {
    url::redacted(url, options::is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A URL of each scheme.
    const URLS: [&str; 10] = [
        "memory://",
        "noop://",
        "redis://localhost",
        "rediss://localhost",
        "redis+unix:///run/redis.sock",
        "redis+cluster://one,two",
        "rediss+cluster://one,two",
        "redis+sentinel://one,two/mymaster",
        "rediss+sentinel://one,two/mymaster",
        "memcached://one,two",
    ];

    /// A value for each parameter.
    const PARAMETERS: [(&str, &str); 14] = [
        ("namespace", "shop"),
        ("ttl", "20m"),
        ("capacity", "10000"),
        ("jitter", "0.1"),
        ("patience", "1m"),
        ("codec", "messagepack"),
        ("compression", "none"),
        ("value_limit", "1000000"),
        ("lease", "5s"),
        ("connect_timeout", "1s"),
        ("timeout", "100ms"),
        ("trust_restored_data", "true"),
        ("db", "1"),
        ("ca", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
    ];

    fn urls() -> impl Iterator<Item = &'static str> {
        let open = |url: &&str| schemes().any(|scheme| Some(scheme) == scheme_of(url));
        let needs_tls = |url: &&str| url.starts_with("rediss");
        URLS.into_iter().filter(open).filter(move |url| cfg!(feature = "tls") || !needs_tls(url))
    }

    fn scheme_of(url: &str) -> Option<&str> {
        Some(url.split_once("://")?.0)
    }

    #[test]
    fn every_scheme_takes_every_parameter() {
        assert_eq!(PARAMETERS.map(|(name, _)| name), options::KNOWN);
        for scheme in schemes() {
            assert!(URLS.iter().any(|url| scheme_of(url) == Some(scheme)), "{scheme}");
        }
        for url in urls() {
            for (name, value) in PARAMETERS {
                let is_plain = url.starts_with("redis") && !url.starts_with("rediss");
                let is_refused = name == "ca" && (is_plain || url.starts_with("memcached"));
                let opened = Place::Url(format!("{url}?{name}={value}")).open(Options::default());
                assert_eq!(opened.is_err(), is_refused, "{url}, {name}");
            }
        }
    }

    #[test]
    fn the_tables_for_users_know_every_scheme_and_every_parameter() {
        let readme = include_str!("../../../README.md");
        let documentation = include_str!("builder.rs");
        for scheme in URLS.into_iter().filter_map(scheme_of) {
            for (name, text) in [("README", readme), ("builder.rs", documentation)] {
                let mut rows =
                    text.lines().filter(|line| line.trim_start_matches([' ', '/']).starts_with('|'));
                assert!(rows.any(|row| row.contains(&format!("`{scheme}://"))), "{name}: {scheme}");
            }
        }
        for name in options::KNOWN {
            let row = format!("| `{name}` |");
            assert!(readme.lines().any(|line| line.starts_with(&row)), "README: {name}");
            assert!(documentation.contains(&format!("pub fn {name}(mut self, ")), "builder.rs: {name}");
        }
    }
}
