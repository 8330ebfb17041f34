//! Stands in for `meters` where the feature `metrics` is off: nobody is told, and nothing is kept for it.

use std::marker::PhantomData;

use hermescache_protocol::{Key, Namespace};

use crate::site::Site;

#[derive(Debug)]
pub(super) struct Meters;

impl Meters {
    pub(super) fn new(_cache: &Namespace) -> Self {
        Self
    }

    #[inline(always)]
    #[expect(clippy::unused_self, reason = "as its other half")]
    pub(super) fn of(&self, _site: &Site) -> Meter<'_> {
        Meter(PhantomData)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Meter<'c>(PhantomData<&'c Meters>);

impl Meter<'_> {
    #[inline(always)]
    pub(super) fn hit(self) {}

    pub(super) fn miss(self) {}

    pub(super) fn error(self) {}

    pub(super) fn fenced_commit(self) {}

    pub(super) fn computed(self, _began: Began) {}

    pub(super) fn waits(self) {}

    pub(super) fn waited(self, _began: Began) {}

    pub(super) fn read(self, _len_bytes: usize) {}

    pub(super) fn stored(self, _len_bytes: usize) {}
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Began;

impl Began {
    pub(super) fn now() -> Self {
        Self
    }
}

pub(super) fn backend_error(_cache: &Namespace, _command: &'static str, _key: Option<&Key>) {}
