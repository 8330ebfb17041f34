//! Refuses to write what would come back as something else, or not at all.
//! Leaves bytes to the codec.

use std::fmt::Display;

use serde::{
    Serialize, Serializer,
    ser::{self, Error},
};

use super::{Codec, bounded::MAX_DEPTH};

/// A value, or what writes it, with a look at each part on its way to the codec.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faithful<T> {
    inner: T,
    place: Position,
}

impl<'v, V: Serialize + ?Sized> Faithful<&'v V> {
    pub(super) fn new(codec: Codec, value: &'v V) -> Self {
        let place = Position { losses: Losses::of(codec), depth_left: MAX_DEPTH, in_some: false };
        Self { inner: value, place }
    }
}

/// What a codec writes so that it does not come back as it was.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    /// `()` is written like `None`, so that a `Some` around it is lost.
    unit_in_some: bool,
    /// So is a unit struct.
    unit_struct_in_some: bool,
    /// NaN and infinities have no form of their own.
    odd_floats: bool,
    /// The field after one that was left out is read in its place.
    skipped_fields: bool,
}

impl Losses {
    fn of(codec: Codec) -> Self {
        match codec {
            Codec::MessagePack => Self { unit_in_some: true, ..Self::default() },
            #[cfg(feature = "json")]
            Codec::Json => {
                Self { unit_in_some: true, unit_struct_in_some: true, odd_floats: true, ..Self::default() }
            }
            #[cfg(feature = "postcard")]
            Codec::Postcard => Self { skipped_fields: true, ..Self::default() },
        }
    }
}

/// Where in the whole a part stands.
#[derive(Debug, Clone, Copy)]
struct Position {
    losses: Losses,
    depth_left: usize,
    /// Whether nothing but newtypes stand between this and a `Some`.
    in_some: bool,
}

impl Position {
    /// The place of what the part here contains.
    fn below<E: Error>(self) -> Result<Self, E> {
        let deeper = || E::custom(format_args!("it is nested more than {MAX_DEPTH} deep"));
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(deeper)?;
        Ok(Self { depth_left, in_some: false, ..self })
    }

    fn in_some<E: Error>(self) -> Result<Self, E> {
        Ok(Self { in_some: true, ..self.below()? })
    }

    fn in_newtype<E: Error>(self) -> Result<Self, E> {
        Ok(Self { in_some: self.in_some, ..self.below()? })
    }

    fn takes_unit<E: Error>(self) -> Result<(), E> {
        refuse(self.in_some && self.losses.unit_in_some, "a `Some` of nothing would come back as `None`")
    }

    fn takes_unit_struct<E: Error>(self) -> Result<(), E> {
        refuse(
            self.in_some && self.losses.unit_struct_in_some,
            "a `Some` of nothing would come back as `None`",
        )
    }

    fn takes_float<E: Error>(self, is_finite: bool) -> Result<(), E> {
        refuse(!is_finite && self.losses.odd_floats, "the codec has no NaN and no infinity")
    }

    fn takes_skip<E: Error>(self) -> Result<(), E> {
        refuse(
            self.losses.skipped_fields,
            "a field is left out, and the codec knows fields by their place only",
        )
    }
}

fn refuse<E: Error>(is_lost: bool, why: &str) -> Result<(), E> {
    if is_lost { Err(E::custom(why)) } else { Ok(()) }
}

impl<V: Serialize + ?Sized> Serialize for Faithful<&V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.serialize(Faithful { inner: serializer, place: self.place })
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        }
    )*};
}

/// Methods that open a list, a map, a struct or the content of a variant.
macro_rules! compounds {
    ($($method:ident($($name:ident: $type:ty),*) -> $compound:ident, $($below:ident)+;)*) => {$(
        fn $method(self, $($name: $type),*) -> Result<Faithful<S::$compound>, S::Error> {
            let place = self.place$(.$below()?)+;
            Ok(Faithful { inner: self.inner.$method($($name),*)?, place })
        }
    )*};
}

impl<S: Serializer> Serializer for Faithful<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Faithful<S::SerializeSeq>;
    type SerializeTuple = Faithful<S::SerializeTuple>;
    type SerializeTupleStruct = Faithful<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Faithful<S::SerializeTupleVariant>;
    type SerializeMap = Faithful<S::SerializeMap>;
    type SerializeStruct = Faithful<S::SerializeStruct>;
    type SerializeStructVariant = Faithful<S::SerializeStructVariant>;

    scalars! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.place.takes_float(value.is_finite())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.place.takes_float(value.is_finite())?;
        self.inner.serialize_f64(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        // To JSON they are a list.
        self.place.below::<S::Error>()?;
        self.inner.serialize_bytes(value)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.place.takes_unit()?;
        self.inner.serialize_none()
    }

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<S::Ok, S::Error> {
        let place = self.place.in_some()?;
        self.inner.serialize_some(&Faithful { inner: value, place })
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.place.takes_unit()?;
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.place.takes_unit_struct()?;
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.place.below::<S::Error>()?;
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        let place = self.place.in_newtype()?;
        self.inner.serialize_newtype_struct(name, &Faithful { inner: value, place })
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        let place = self.place.below()?;
        self.inner.serialize_newtype_variant(name, index, variant, &Faithful { inner: value, place })
    }

    // A variant with several parts counts for two: it is read as a choice, and then as a list or struct.
    compounds! {
        serialize_seq(len: Option<usize>) -> SerializeSeq, below;
        serialize_tuple(len: usize) -> SerializeTuple, below;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct, below;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant, below below;
        serialize_map(len: Option<usize>) -> SerializeMap, below;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct, below;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant, below below;
    }

    fn collect_str<V: Display + ?Sized>(self, value: &V) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! parts {
    ($($trait:ident { $($method:ident($($name:ident: $type:ty)?))* $(; $skip:ident)? })*) => {$(
        impl<S: ser::$trait> ser::$trait for Faithful<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            $(fn $method<V: Serialize + ?Sized>(
                &mut self,
                $($name: $type,)?
                value: &V,
            ) -> Result<(), S::Error> {
                self.inner.$method($($name,)? &Faithful { inner: value, place: self.place })
            })*

            $(fn $skip(&mut self, name: &'static str) -> Result<(), S::Error> {
                self.place.takes_skip()?;
                self.inner.$skip(name)
            })?

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        }
    )*};
}

parts! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeMap { serialize_key() serialize_value() }
    SerializeStruct { serialize_field(name: &'static str); skip_field }
    SerializeStructVariant { serialize_field(name: &'static str); skip_field }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Compression, PackError, Packing};
    use super::*;

    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Newtype<T>(T);
    #[derive(Serialize)]
    enum Variant<T> {
        One(T),
    }
    #[derive(Serialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<u8>,
        second: u8,
    }

    /// What `codec` says against a value.
    fn refused<V: Serialize + ?Sized>(codec: &str, value: &V) -> Option<String> {
        let packing =
            Packing { codec: Codec::named(codec).ok()?, compression: Compression::None, max_bytes: 1000 };
        match packing.pack(value) {
            Ok(_) => None,
            Err(PackError::Unserializable(why)) => Some(why.to_string()),
            Err(other) => panic!("{other}"),
        }
    }

    fn is_built(codec: &str) -> bool {
        Codec::named(codec).is_ok()
    }

    #[test]
    fn a_some_of_nothing_is_refused_where_it_would_be_none() {
        for codec in ["messagepack", "json"].into_iter().filter(|codec| is_built(codec)) {
            assert!(refused(codec, &Some(None::<u8>)).is_some());
            assert!(refused(codec, &Some(Some(()))).is_some());
            assert!(refused(codec, &vec![Some(())]).is_some());
            assert!(refused(codec, &Some(Newtype(None::<u8>))).is_some());
            assert!(refused(codec, &Newtype(Some(()))).is_some());
            assert_eq!(refused(codec, &None::<Option<u8>>), None);
            assert_eq!(refused(codec, &Some(Some(1))), None);
            assert_eq!(refused(codec, &Some([None::<u8>, None])), None);
            assert_eq!(refused(codec, &Some(Variant::One(None::<u8>))), None);
            assert_eq!(refused(codec, &Variant::One(())), None);
        }
        assert_eq!(refused("messagepack", &Some(Unit)), None);
        assert_eq!(refused("json", &Some(Unit)).is_some(), is_built("json"));
        assert_eq!(refused("postcard", &Some(None::<u8>)), None);
    }

    #[test]
    fn odd_floats_are_refused_by_json_alone() {
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(refused("messagepack", &odd), None);
            assert_eq!(refused("postcard", &odd), None);
            assert_eq!(refused("json", &odd).is_some(), is_built("json"));
            assert_eq!(refused("json", &[Some(odd as f32)]).is_some(), is_built("json"));
        }
    }

    #[test]
    fn a_field_left_out_is_refused_by_postcard_alone() {
        let sparse = Sparse { first: None, second: 1 };
        assert_eq!(refused("messagepack", &sparse), None);
        assert_eq!(refused("json", &sparse), None);
        assert_eq!(refused("postcard", &sparse).is_some(), is_built("postcard"));
        assert_eq!(refused("postcard", &Sparse { first: Some(1), ..sparse }), None);
    }

    #[test]
    fn keys_that_json_cannot_write_are_refused() {
        assert_eq!(refused("json", &BTreeMap::from([((1, 2), 3)])).is_some(), is_built("json"));
        assert_eq!(refused("json", &BTreeMap::from([(1, 2)])), None);
    }

    #[test]
    fn what_a_type_says_against_itself_is_passed_on() {
        struct Unwilling;
        impl Serialize for Unwilling {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(S::Error::custom("not today"))
            }
        }
        assert!(refused("messagepack", &Unwilling).is_some_and(|why| why.contains("not today")));
    }
}
