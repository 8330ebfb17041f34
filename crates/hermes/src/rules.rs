//! What one call says about the value it computes: whether it is kept, how long, and what it weighs.
//! Leaves the cache's own defaults to `cache`.

use std::time::Duration;

/// The rules of one call: a ttl that is known before the value, and what the value says. Made by [`rules`].
#[derive(Debug)]
pub struct Rules<F> {
    pub(crate) ttl: Option<Duration>,
    pub(crate) keep: F,
}

/// Rules from a static ttl, if there is one, and a function that sees the value.
///
/// Without a ttl the cache's own holds. The function is called once at most, after the loader and before anything is stored, without
/// a lock. A ttl that it gives wins; on a server a longer one than the static costs the tags' versions a longer life.
///
/// ```
/// use std::time::Duration;
/// use hermes::{Cache, binding::{Function, Keep, rules}};
///
/// let cache = Cache::from_url("memory://")?;
/// let prices = Function::named("shop.price", None);
/// let minute = rules(Some(Duration::from_secs(60)), |price: &u64| if *price == 0 { Keep::no() } else { Keep::yes() });
/// assert_eq!(prices.call(&cache).compute(minute, || 0), 0);
/// assert_eq!(prices.call(&cache).peek::<u64>(), None);
/// # Ok::<(), hermes::Error>(())
/// ```
pub fn rules<V, F: FnOnce(&V) -> Keep>(ttl: Option<Duration>, keep: F) -> Rules<F> {
    Rules { ttl, keep }
}

/// Whether a value is kept, how long, and what it weighs.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    pub(crate) keep: bool,
    pub(crate) ttl: Option<Duration>,
    pub(crate) weight: u32,
}

impl Keep {
    /// The value goes to those who asked for it, and is not kept.
    #[must_use]
    pub fn no() -> Self {
        Self { keep: false, ttl: None, weight: 1 }
    }

    /// The value is kept for the static ttl, at weight 1.
    #[must_use]
    pub fn yes() -> Self {
        Self { keep: true, ..Self::no() }
    }

    /// The value is kept for this long; zero: not at all.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// The value takes this much of the capacity.
    #[must_use]
    pub fn weight(self, weight: impl IntoWeight) -> Self {
        Self { weight: weight.into_weight(), ..self }
    }
}

/// A ttl as a function may give it: a `Duration`, or whole seconds.
#[diagnostic::on_unimplemented(
    message = "a ttl is not a `{Self}`",
    label = "expected seconds or a `Duration`",
    note = "write `ttl = 1200`, `ttl = \"20m\"`, a `Duration`, or a closure that makes one of the value; leave `ttl` out for the \
            cache's own"
)]
pub trait IntoTtl {
    /// The ttl.
    fn into_ttl(self) -> Duration;
}

/// What a value takes of the capacity; at least one unit, at most `u32::MAX`.
pub trait IntoWeight {
    /// The weight.
    fn into_weight(self) -> u32;
}

impl IntoTtl for Duration {
    fn into_ttl(self) -> Duration {
        self
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {
        $(
            impl IntoTtl for $type {
                /// Seconds; a negative number counts as zero.
                fn into_ttl(self) -> Duration {
                    Duration::from_secs(u64::try_from(self).unwrap_or(0))
                }
            }

            impl IntoWeight for $type {
                /// Outside of the range, the nearest weight there is.
                fn into_weight(self) -> u32 {
                    self.clamp(1, <$type>::try_from(u32::MAX).unwrap_or(<$type>::MAX)) as u32
                }
            }
        )*
    };
}

whole_numbers!(u8, u16, u32, u64, usize, i32, i64);

/// A ttl from whatever a function gives.
pub fn ttl(value: impl IntoTtl) -> Duration {
    value.into_ttl()
}

/// Asks a value a question, so that a closure written without types learns the value's.
#[inline]
pub fn ask<V: ?Sized, A>(value: &V, question: impl FnOnce(&V) -> A) -> A {
    question(value)
}

/// A result, under whatever name it goes: what is cached is its `Ok`.
pub trait Fallible {
    /// What is cached.
    type Value;
}

impl<V, E> Fallible for Result<V, E> {
    type Value = V;
}
