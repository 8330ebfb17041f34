//! Stands in for `spans` where the feature `tracing` is off: nobody is told, and nothing is kept for it.

#[cfg(feature = "async")]
use std::pin::Pin;
use std::{fmt, marker::PhantomData};

use hermescache_protocol::{Command, Key, Namespace};

use super::Ending;
use crate::site::Site;

#[derive(Debug)]
pub(crate) struct Span;

impl Span {
    #[inline(always)]
    pub(crate) fn of_call(
        _verb: &'static str,
        _key: impl FnOnce() -> Key,
        _backend: &dyn fmt::Debug,
    ) -> Self {
        Self
    }

    pub(crate) fn of_command(_command: &Command) -> Self {
        Self
    }

    pub(super) fn of_computation() -> Self {
        Self
    }

    pub(super) fn of_wait() -> Self {
        Self
    }

    #[inline(always)]
    #[expect(clippy::unused_self, reason = "as its other half")]
    pub(crate) fn run<T>(&self, act: impl FnOnce() -> T) -> T {
        act()
    }

    #[cfg(feature = "async")]
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "as its other half")]
    pub(crate) fn around<'s, F: Future>(&'s self, future: Pin<&'s mut F>) -> Pin<&'s mut F> {
        future
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'c>(PhantomData<&'c Span>);

impl<'c> Within<'c> {
    #[inline(always)]
    pub(super) fn none() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    pub(super) fn span(_span: &'c Span) -> Self {
        Self(PhantomData)
    }

    pub(super) fn ends(self, _ending: Ending) {}
}

#[derive(Debug)]
pub(super) struct Warnings;

impl Warnings {
    pub(super) fn new(_cache: &Namespace) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as its other half")]
    pub(super) fn of_call(&self, _site: &Site, _why: &'static str) {}

    #[expect(clippy::unused_self, reason = "as its other half")]
    pub(super) fn of_command(&self, _command: &'static str, _key: Option<&Key>, _why: &dyn fmt::Display) {}
}
