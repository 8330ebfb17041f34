//! Everything that a URL can say as well as the builder, and what of it is out of range.
//! Leaves what it is for to whoever builds an engine of it.

use std::{path::PathBuf, time::Duration};

use hermescache_protocol::{Namespace, Ttl};

use crate::{
    codec::{Codec, Compression},
    url,
};

/// What was said; what was not is `None`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) namespace: Option<String>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) jitter: Option<f64>,
    pub(crate) patience: Option<Duration>,
    pub(crate) capacity: Option<u64>,
    pub(crate) codec: Option<Codec>,
    pub(crate) compression: Option<Compression>,
    pub(crate) value_limit: Option<u64>,
    pub(crate) lease: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) trust_restored_data: Option<bool>,
    pub(crate) db: Option<u32>,
    pub(crate) ca: Option<PathBuf>,
}

/// The names of a URL's parameters.
pub(crate) const KNOWN: [&str; 14] = [
    "namespace",
    "ttl",
    "capacity",
    "jitter",
    "patience",
    "codec",
    "compression",
    "value_limit",
    "lease",
    "connect_timeout",
    "timeout",
    "trust_restored_data",
    "db",
    "ca",
];

/// Whether there is a parameter of this name.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

impl Options {
    /// What a URL's parameters say.
    ///
    /// # Errors
    /// A sentence that names the parameter.
    pub(crate) fn read(parameters: &[(String, String)]) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in parameters {
            let said = match name.as_str() {
                "namespace" => set(&mut options.namespace, Ok(value.clone())),
                "ttl" => set(&mut options.ttl, url::duration(value)),
                "capacity" => set(&mut options.capacity, number(value)),
                "jitter" => set(&mut options.jitter, number(value)),
                "patience" => set(&mut options.patience, url::duration(value)),
                "codec" => set(&mut options.codec, Codec::named(value)),
                "compression" => set(&mut options.compression, Compression::named(value)),
                "value_limit" => set(&mut options.value_limit, number(value)),
                "lease" => set(&mut options.lease, url::duration(value)),
                "connect_timeout" => set(&mut options.connect_timeout, url::duration(value)),
                "timeout" => set(&mut options.timeout, url::duration(value)),
                "trust_restored_data" => set(&mut options.trust_restored_data, boolean(value)),
                "db" => set(&mut options.db, number(value)),
                "ca" => set(&mut options.ca, Ok(value.into())),
                _ => return Err(format!("there is no parameter {name:?}; there are {}", KNOWN.join(", "))),
            };
            said.map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(options)
    }

    /// Says which option is out of its range.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(namespace) = &self.namespace {
            Namespace::new(namespace).map_err(|why| why.to_string())?;
        }
        if let Some(ttl) = self.ttl {
            Ttl::new(ttl).map_err(|why| why.to_string())?;
        }
        match self {
            Self { capacity: Some(0), .. } => return Err("capacity is 0; it takes at least 1".into()),
            Self { value_limit: Some(0), .. } => {
                return Err("value_limit is 0; it takes at least 1 byte".into());
            }
            Self { jitter: Some(jitter), .. } if !(0.0..=1.0).contains(jitter) => {
                return Err(format!("jitter is {jitter}; it takes a part from 0 to 1"));
            }
            _ => {}
        }
        let longest = Ttl::MAX.get();
        let hour = Duration::from_secs(60 * 60);
        within("patience", self.patience, Ttl::MIN.get(), longest, "1 ms to 100 years")?;
        within("lease", self.lease, Duration::from_millis(100), hour, "100 ms to 1 hour")?;
        within("connect_timeout", self.connect_timeout, Ttl::MIN.get(), hour, "1 ms to 1 hour")?;
        within("timeout", self.timeout, Ttl::MIN.get(), hour, "1 ms to 1 hour")
    }

    /// The first of those that were given which only a cache has a use for, not its backend.
    pub(crate) fn of_the_cache(&self) -> Option<&'static str> {
        let Self {
            namespace,
            ttl,
            jitter,
            patience,
            capacity,
            codec,
            compression,
            value_limit,
            lease,
            connect_timeout: _,
            timeout: _,
            trust_restored_data: _,
            db: _,
            ca: _,
        } = self;
        let given = [
            ("namespace", namespace.is_some()),
            ("ttl", ttl.is_some()),
            ("jitter", jitter.is_some()),
            ("patience", patience.is_some()),
            ("capacity", capacity.is_some()),
            ("codec", codec.is_some()),
            ("compression", compression.is_some()),
            ("value_limit", value_limit.is_some()),
            ("lease", lease.is_some()),
        ];
        given.into_iter().find_map(|(name, is_given)| is_given.then_some(name))
    }

    /// These, and where they say nothing, the others.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            namespace: self.namespace.or(other.namespace),
            ttl: self.ttl.or(other.ttl),
            jitter: self.jitter.or(other.jitter),
            patience: self.patience.or(other.patience),
            capacity: self.capacity.or(other.capacity),
            codec: self.codec.or(other.codec),
            compression: self.compression.or(other.compression),
            value_limit: self.value_limit.or(other.value_limit),
            lease: self.lease.or(other.lease),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            timeout: self.timeout.or(other.timeout),
            trust_restored_data: self.trust_restored_data.or(other.trust_restored_data),
            db: self.db.or(other.db),
            ca: self.ca.or(other.ca),
        }
    }
}

fn set<T>(option: &mut Option<T>, said: Result<T, String>) -> Result<(), String> {
    match option.replace(said?) {
        None => Ok(()),
        Some(_) => Err("it is given twice".into()),
    }
}

fn within(
    name: &str,
    time: Option<Duration>,
    from: Duration,
    to: Duration,
    takes: &str,
) -> Result<(), String> {
    match time {
        Some(time) if time < from || time > to => Err(format!("{name} is {time:?}; it takes {takes}")),
        _ => Ok(()),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
}
