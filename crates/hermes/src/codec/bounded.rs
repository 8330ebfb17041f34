//! Follows bytes only so far, so that none of them overflow the stack or keep a reader busy for ever.
//! Leaves what they mean to the codec and the value's type.
//!
//! The codecs do not see to it: rmp-serde counts lists and maps but not variants in variants, postcard counts nothing, and
//! takes no bytes for as many `()` as a number may say. Nor does serde: for a list that says that it is long it takes a mebibyte at
//! once, and for each list in it again.

use std::{cell::Cell, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// The most levels of values in values: what serde_json takes, so that no codec refuses what another took. Two mebibytes of
/// stack, what a thread has, leave each level 16 KiB.
pub(super) const MAX_DEPTH: usize = 127;

/// How many values, and how deep in each other, may still be read; and for how many of them room may be made before they are.
#[derive(Debug)]
pub(super) struct Bounds {
    values_left: Cell<usize>,
    room_left: Cell<usize>,
}

impl Bounds {
    /// For a value of so many bytes.
    pub(super) fn new(max_values: usize, len_bytes: usize) -> Self {
        Self { values_left: Cell::new(max_values), room_left: Cell::new(len_bytes) }
    }

    /// Reads a value within these bounds.
    pub(super) fn on<T>(&self, inner: T) -> Bounded<'_, T> {
        Bounded { inner, depth_left: MAX_DEPTH, bounds: self }
    }

    /// The part of a length that is worth to be believed: all but empty values take a byte each, so all lists together have no
    /// more of them.
    fn believed(&self, len: Option<usize>) -> Option<usize> {
        let left = self.room_left.get();
        let believed = len?.min(left);
        self.room_left.set(left - believed);
        Some(believed)
    }
}

/// Any of serde's parts in reading, within bounds.
#[derive(Debug)]
pub(super) struct Bounded<'b, T> {
    inner: T,
    depth_left: usize,
    bounds: &'b Bounds,
}

impl<'b, T> Bounded<'b, T> {
    /// Another part in the same place.
    fn beside<U>(&self, inner: U) -> Bounded<'b, U> {
        Bounded { inner, depth_left: self.depth_left, bounds: self.bounds }
    }

    /// A part of what stands in this place.
    fn below<U, E: Error>(&self, inner: U) -> Result<Bounded<'b, U>, E> {
        let deeper = || E::custom(format_args!("it is nested more than {MAX_DEPTH} deep"));
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(deeper)?;
        Ok(Bounded { depth_left, ..self.beside(inner) })
    }

    fn counts<E: Error>(&self) -> Result<(), E> {
        let left = self.bounds.values_left.get().checked_sub(1);
        self.bounds
            .values_left
            .set(left.ok_or_else(|| E::custom("it has more parts than it may have bytes"))?);
        Ok(())
    }
}

macro_rules! kinds {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.beside(visitor);
            self.inner.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    kinds! {
        deserialize_any() deserialize_ignored_any() deserialize_identifier()
        deserialize_bool() deserialize_char() deserialize_f32() deserialize_f64()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

macro_rules! nested {
    ($($method:ident($trait:ident))*) => {$(
        fn $method<A: $trait<'de>>(self, part: A) -> Result<V::Value, A::Error> {
            let part = self.below(part)?;
            self.inner.$method(part)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    scalars! {
        visit_bool(bool) visit_char(char) visit_f32(f32) visit_f64(f64)
        visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    nested! {
        visit_some(Deserializer) visit_newtype_struct(Deserializer)
        visit_seq(SeqAccess) visit_map(MapAccess) visit_enum(EnumAccess)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.counts()?;
        let deserializer = self.beside(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let seed = self.beside(seed);
        self.inner.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.bounds.believed(self.inner.size_hint())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let seed = self.beside(seed);
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let seed = self.beside(seed);
        self.inner.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.bounds.believed(self.inner.size_hint())
    }
}

impl<'de, 'b, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'b, A> {
    type Error = A::Error;
    type Variant = Bounded<'b, A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let Self { depth_left, bounds, .. } = self;
        let seed = self.beside(seed);
        let (name, inner) = self.inner.variant_seed(seed)?;
        Ok((name, Bounded { inner, depth_left, bounds }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let seed = self.beside(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.beside(visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.beside(visitor);
        self.inner.struct_variant(fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use hermescache_protocol::CodecId;
    use serde::{Deserialize, Serialize, de::DeserializeOwned};

    use super::super::{Codec, Compression, Packing, UnpackError};
    use super::*;

    const CODECS: [&str; 3] = ["messagepack", "json", "postcard"];

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    enum Nest {
        #[default]
        Empty,
        In(Box<Self>),
    }

    /// Takes half a kibibyte in each frame of the stack that it passes.
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Wide {
        numbers: [[u64; 32]; 2],
        names: [String; 8],
        next: Option<Box<Self>>,
    }

    fn packing(codec: &str) -> Option<Packing> {
        Some(Packing { codec: Codec::named(codec).ok()?, compression: Compression::None, max_bytes: 1 << 20 })
    }

    fn nested<V: Default>(depth: usize, around: impl Fn(Box<V>) -> V) -> V {
        (0..depth).fold(V::default(), |inner, _| around(Box::new(inner)))
    }

    #[track_caller]
    fn comes_back<V: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(value: &V) {
        for packing in CODECS.into_iter().filter_map(packing) {
            let (id, bytes) = packing.pack(value).unwrap();
            assert_eq!(&packing.unpack::<V>(id, &bytes).unwrap(), value);
        }
    }

    #[test]
    fn what_may_be_written_can_be_read() {
        comes_back(&nested(MAX_DEPTH - 1, Nest::In));
        // A `Some` and a struct for each, and two levels of numbers in the last.
        let list = nested(MAX_DEPTH / 2 - 1, |next| Wide { next: Some(next), ..Wide::default() });
        comes_back(&list);
        for packing in CODECS.into_iter().filter_map(packing) {
            assert!(packing.pack(&nested(MAX_DEPTH, Nest::In)).is_err());
        }
    }

    /// Reads `bytes`, which some program may have put where a value should be.
    #[track_caller]
    fn is_no_value<V: DeserializeOwned + fmt::Debug>(id: u8, bytes: &[u8]) {
        let packing = packing("messagepack").unwrap();
        match packing.unpack::<V>(CodecId(id), bytes) {
            Err(UnpackError::Unreadable(_) | UnpackError::Unknown(_)) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bytes_that_nest_without_end_are_no_value() {
        for (id, level) in [(1, &b"\x81\xa2In"[..]), (2, br#"{"In":"#), (3, b"\x01")] {
            is_no_value::<Nest>(id, &level.repeat(100_000));
        }
    }

    #[test]
    fn a_type_that_nests_without_bytes_is_no_value() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "it is read only")]
        struct Endless(Option<Box<Self>>);
        is_no_value::<Endless>(1, b"\x01");
    }

    #[test]
    fn a_list_without_bytes_ends() {
        let as_many_as_a_number_says = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        is_no_value::<Vec<()>>(3, as_many_as_a_number_says);
    }

    #[test]
    fn room_is_made_for_no_more_than_bytes_can_hold() {
        let bounds = Bounds::new(1000, 10);
        assert_eq!(bounds.believed(None), None);
        assert_eq!(bounds.believed(Some(4)), Some(4));
        // A list that says that it is long, and one in it.
        assert_eq!(bounds.believed(Some(usize::MAX)), Some(6));
        assert_eq!(bounds.believed(Some(usize::MAX)), Some(0));
    }

    #[test]
    fn a_list_of_as_many_values_as_bytes_may_be_is_read() {
        comes_back(&vec![(); 1000]);
        comes_back(&vec![7_u8; 1 << 18]);
    }
}
