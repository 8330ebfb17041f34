//! For those who bring Hermes to another language: functions that are known at run time, values with bytes of their own.
//! A thin coat over `call`, `probe` and `codec`.
//!
//! What `#[cached]` writes out for a function of Rust is said here by hand: a [`Function`] has a name, a [`Call`] of it has
//! arguments and tags, and then goes one way out of few. A [`Packer`] makes bytes of values that serde does not know.
//!
//! ```
//! use hermes::{Cache, binding::{Function, Keep, rules}};
//!
//! let cache = Cache::from_url("memory://")?;
//! let power = Function::named("calc.power", None);
//! let cached = |base: i64, exponent: u32| -> i64 {
//!     let mut call = power.call(&cache);
//!     call.arg(&base);
//!     call.arg(&exponent);
//!     if let Some(value) = call.hit() {
//!         return value;
//!     }
//!     call.tags(["math"]);
//!     call.compute(rules(None, |_| Keep::yes()), || base.pow(exponent))
//! };
//!
//! assert_eq!((cached(2, 10), cached(2, 10)), (1024, 1024));
//! assert_eq!(cache.stats().computations, 1);
//! cache.clean(["math"])?;
//! assert_eq!(cached(2, 10), 1024);
//! assert_eq!(cache.stats().computations, 2);
//! # Ok::<(), hermes::Error>(())
//! ```

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, PoisonError},
};

use hermescache_protocol::ShortArguments;
pub use hermescache_protocol::{CodecId, Codecs, ShortArgument};

use crate::{
    cache::Cache,
    error::Error,
    observe::EntryInfo,
    probe::Probe,
    site::{self, Site},
    value::{Keeps, Mode, Value},
};
pub use crate::{
    call::Call,
    codec::{Cause, PackError, Packer, Packing, UnpackError},
    fork::begin_in_forked_child,
    interrupt::interruptible,
    rules::{IntoWeight, Keep, Rules, rules},
    value::Foreign,
};

/// A cached function, told from others by its name alone. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Function(&'static Site);

impl Function {
    /// The function of this name: the same for the same name and version, wherever and whenever it is asked for.
    ///
    /// Two functions must not share a name, for they would share entries: a module's path and a qualified name make a good
    /// one. The name is part of what keys are made of, on servers too, and so must be the same in every process.
    /// `version` tells apart what one name meant before and after a change.
    ///
    /// Names are kept for good, some hundred bytes each: ask once for a function, and not by names made of arguments.
    #[must_use]
    pub fn named(name: &str, version: Option<&str>) -> Self {
        type Known = HashMap<(Box<str>, Option<Box<str>>), &'static Site>;
        static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        Self(match known.get_or_insert_default().entry((name.into(), version.map(Box::from))) {
            Entry::Occupied(site) => site.get(),
            Entry::Vacant(place) => {
                let kept = |text: &str| -> &'static str { Box::leak(Box::from(text)) };
                place.insert(Box::leak(Box::new(Site::new(kept(name), version.map(kept)))))
            }
        })
    }

    /// The function that all entries named by hand belong to: a call of it with one argument, a text, is
    /// [`cache.entry(text)`](Cache::entry).
    ///
    /// ```
    /// use hermes::{Cache, binding::Function};
    ///
    /// let cache = Cache::from_url("memory://")?;
    /// cache.entry("answer").set(42)?;
    ///
    /// let mut call = Function::of_entries().call(&cache);
    /// call.arg("answer");
    /// assert_eq!(call.hit(), Some(42));
    /// # Ok::<(), hermes::Error>(())
    /// ```
    #[must_use]
    pub fn of_entries() -> Self {
        Self(&site::ENTRY)
    }

    /// A call of it, without arguments or tags so far. Nothing is asked or allocated yet.
    #[inline]
    pub fn call<M: Mode>(self, cache: &Cache<M>) -> Call<'_, M> {
        Call::new(cache, self.0)
    }

    /// The value of a call with these numbers as its arguments, if it is at hand in this process: what [`Call::hit`] says, at
    /// two thirds of its price. Tags are not compared; those of an entry are its own.
    ///
    /// There is room for 18 bytes, where a number takes one more than its type: for two of 64 bits. That they have room is
    /// found out when the code is compiled.
    ///
    /// ```
    /// use hermes::{Cache, binding::{Function, Keep, rules}};
    ///
    /// let cache = Cache::from_url("memory://")?;
    /// let sum = Function::named("calc.sum", None);
    /// assert_eq!(sum.hit::<_, i64, _, _>(&cache, [1_i64, 2]), None);
    ///
    /// let mut call = sum.call(&cache);
    /// call.arg(&1_i64);
    /// call.arg(&2_i64);
    /// call.compute(rules(None, |_| Keep::yes()), || 3_i64);
    /// assert_eq!(sum.hit(&cache, [1_i64, 2]), Some(3_i64));
    /// # Ok::<(), hermes::Error>(())
    /// ```
    #[inline(always)]
    pub fn hit<M: Keeps<V>, V: Value, A: ShortArgument, const N: usize>(
        self,
        cache: &Cache<M>,
        arguments: [A; N],
    ) -> Option<V> {
        const { assert!(N * A::LEN_BYTES <= ShortArguments::MAX_BYTES, "too many numbers for a short key") };
        let mut probe = Probe::new(cache, self.0);
        for argument in arguments {
            probe.arg(argument);
        }
        probe.hit()
    }

    /// Makes every entry of the function a miss, and fences every computation of one that is under way. Costs the same whatever
    /// the number of entries.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a function of Rust has the same name,
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) or [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if a server did not
    /// confirm; it may have happened.
    pub fn clear<M: Mode>(self, cache: &Cache<M>) -> Result<(), Error> {
        Call::clear(cache, self.0)
    }

    /// [`clear`](Self::clear), for a task.
    ///
    /// # Errors
    /// As for [`clear`](Self::clear).
    #[cfg(feature = "async")]
    pub async fn clear_async<M: Mode>(self, cache: &Cache<M>) -> Result<(), Error> {
        Call::clear_async(cache, self.0).await
    }
}

/// Lists what a call would hit now with its value, where the cache keeps values of this type in this process. Where it keeps
/// bytes on a server, nothing is listed: [`Cache::dump`] says what is there.
///
/// Walks the whole store; entries that come or go meanwhile may be listed or not. Values are cloned outside of its locks.
///
/// ```
/// use hermes::{Cache, binding};
///
/// let cache = Cache::from_url("memory://")?;
/// cache.entry("k").tags(["t"]).set(7_u64)?;
///
/// let [entry] = &binding::values::<_, u64>(&cache)[..] else { panic!("there is one") };
/// assert_eq!((entry.name.as_deref(), entry.value), (Some("k"), 7));
/// # Ok::<(), hermes::Error>(())
/// ```
#[must_use]
pub fn values<M: Keeps<V>, V: Value>(cache: &Cache<M>) -> Vec<Listed<V>> {
    let shared = cache.shared();
    let Some(memory) = shared.memory() else { return Vec::new() };
    let listed = memory.list(&shared.namespace, shared.clock.now()).into_iter();
    listed
        .filter_map(|listed| {
            Some(Listed { info: listed.info, name: listed.name, value: listed.payload.get()? })
        })
        .collect()
}

/// An entry with its value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listed<V> {
    /// What [`Cache::dump`] says of it.
    pub info: EntryInfo,
    /// What it was named by hand, if it was.
    pub name: Option<String>,
    /// A clone of what is kept.
    pub value: V,
}
