//! A value of any type, as the store keeps it: numbers and their like as they are, all else shared.
//! Knows nothing of ttls or tags.

use std::{any::Any, fmt, sync::Arc};

/// A stored value and what it weighs. A clone runs no user's code.
#[derive(Clone)]
pub(crate) struct Payload {
    content: Content,
    kind: Kind,
    weight: u32,
}

/// Takes 16 bytes: what tells the two apart is that a pointer is never null.
#[derive(Clone)]
enum Content {
    /// A number or its like: no allocation, no pointer to follow, no count of holders to keep.
    Bits(u64),
    /// Everything else.
    Shared(Arc<dyn Any + Send + Sync>),
}

impl Payload {
    /// Clones the value, and so runs its code.
    #[inline]
    pub(crate) fn of<V: Any + Clone + Send + Sync>(value: &V, weight: u32) -> Self {
        let (content, kind) = match scalar(value) {
            Some((bits, kind)) => (Content::Bits(bits), kind),
            None => (Content::Shared(Arc::new(value.clone())), Kind::Shared),
        };
        Self { content, kind, weight }
    }

    /// The value, if it is of this type. Clones it, and so runs its code.
    #[inline]
    pub(crate) fn get<V: Any + Clone>(&self) -> Option<V> {
        match &self.content {
            Content::Bits(bits) => self.kind.value(*bits),
            Content::Shared(value) => value.downcast_ref::<V>().cloned(),
        }
    }

    /// Whether the value is of this type. Runs none of its code.
    pub(crate) fn is<V: Any + Clone>(&self) -> bool {
        match &self.content {
            Content::Bits(bits) => self.kind.value::<V>(*bits).is_some(),
            Content::Shared(value) => value.is::<V>(),
        }
    }

    /// At least one: what weighs nothing would never be evicted.
    #[inline]
    pub(crate) fn weight(&self) -> u32 {
        self.weight.max(1)
    }

    /// Bytes of the value itself, without what it points to.
    pub(crate) fn size_bytes(&self) -> usize {
        match &self.content {
            Content::Bits(_) => self.kind.size_bytes(),
            Content::Shared(value) => size_of_val(&**value),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.size_bytes())
    }
}

macro_rules! kinds {
    ($($kind:ident($type:ty): $to_bits:expr, $from_bits:expr;)*) => {
        /// The type of a value. Those that functions return most and that fit into 64 bits have a kind of their own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Kind {
            Shared,
            $($kind),*
        }

        /// A value as bits, if its type has a kind. Whether it has is known when the code is compiled.
        #[inline]
        fn scalar(value: &dyn Any) -> Option<(u64, Kind)> {
            $(
                if let Some(value) = value.downcast_ref::<$type>() {
                    let to_bits: fn($type) -> u64 = $to_bits;
                    return Some((to_bits(*value), Kind::$kind));
                }
            )*
            None
        }

        impl Kind {
            /// The value of bits of this kind, if it is of this type.
            #[inline]
            fn value<V: Any + Clone>(self, bits: u64) -> Option<V> {
                match self {
                    Self::Shared => None,
                    $(Self::$kind => {
                        let from_bits: fn(u64) -> $type = $from_bits;
                        (&from_bits(bits) as &dyn Any).downcast_ref::<V>().cloned()
                    })*
                }
            }

            fn size_bytes(self) -> usize {
                match self {
                    Self::Shared => size_of::<Arc<dyn Any>>(),
                    $(Self::$kind => size_of::<$type>()),*
                }
            }
        }
    };
}

kinds! {
    Unit(()): |()| 0, |_| ();
    Bool(bool): u64::from, |bits| bits != 0;
    Char(char): u64::from, |bits| char::from_u32(bits as u32).unwrap_or_default();
    U8(u8): u64::from, |bits| bits as u8;
    U16(u16): u64::from, |bits| bits as u16;
    U32(u32): u64::from, |bits| bits as u32;
    U64(u64): |value| value, |bits| bits;
    Usize(usize): |value| value as u64, |bits| bits as usize;
    I8(i8): |value| value as u64, |bits| bits as i8;
    I16(i16): |value| value as u64, |bits| bits as i16;
    I32(i32): |value| value as u64, |bits| bits as i32;
    I64(i64): |value| value as u64, |bits| bits as i64;
    Isize(isize): |value| value as u64, |bits| bits as isize;
    F32(f32): |value| u64::from(value.to_bits()), |bits| f32::from_bits(bits as u32);
    F64(f64): f64::to_bits, f64::from_bits;
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    #[track_caller]
    fn comes_back<V: Any + Clone + Send + Sync + PartialEq + Debug>(value: V) {
        let payload = Payload::of(&value, 1);
        assert_eq!(payload.get::<V>(), Some(value));
        assert_eq!(payload.get::<Option<V>>(), None);
        assert!(payload.is::<V>() && !payload.is::<Option<V>>());
        assert_eq!(payload.size_bytes(), size_of::<V>());
    }

    #[test]
    fn a_payload_gives_back_what_it_was_made_of() {
        comes_back(());
        comes_back(true);
        comes_back('ü');
        comes_back(u8::MAX);
        comes_back(i8::MIN);
        comes_back(u16::MAX);
        comes_back(i16::MIN);
        comes_back(u32::MAX);
        comes_back(i32::MIN);
        comes_back(u64::MAX);
        comes_back(i64::MIN);
        comes_back(usize::MAX);
        comes_back(isize::MIN);
        comes_back(-0.5_f32);
        comes_back(f64::MIN_POSITIVE);
        comes_back(u128::MAX);
        comes_back("text".to_owned());
        comes_back(Some(7_u64));
    }

    #[test]
    fn a_payload_gives_out_no_other_type() {
        assert_eq!(Payload::of(&7_u64, 1).get::<i64>(), None);
        assert_eq!(Payload::of(&7_u64, 1).get::<String>(), None);
        assert_eq!(Payload::of(&"seven".to_owned(), 1).get::<u64>(), None);
    }

    #[test]
    fn a_number_takes_no_allocation_and_a_payload_24_bytes() {
        assert!(matches!(Payload::of(&7_u64, 1).content, Content::Bits(7)));
        assert_eq!(size_of::<Payload>(), 24);
    }
}
