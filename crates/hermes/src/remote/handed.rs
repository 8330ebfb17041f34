//! What a leader hands to those in its process who wait for its value.
//! Leaves the bytes of values to `codec`.

use std::{any::Any, fmt, sync::Arc};

use hermescache_protocol::{CodecId, Payload};

/// A value on its way from a leader to its followers. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Handed {
    /// As it is stored, so that all who get the value decode it for themselves.
    Packed(CodecId, Payload),
    /// As it is, because it may not be stored.
    Live(Arc<dyn Any + Send + Sync>),
}

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packed(codec, payload) => f.debug_tuple("Packed").field(codec).field(payload).finish(),
            Self::Live(_) => f.write_str("Live"),
        }
    }
}
