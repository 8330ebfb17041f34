//! The canonical bytes of a call's arguments: equal arguments give equal bytes, distinct ones distinct bytes.
//! Digests nothing and names nothing; that is `key`'s work. The format is docs/formats/keys.md.

use alloc::{string::String, string::ToString, vec::Vec};
use core::{
    cmp::Ordering,
    fmt::{self, Write as _},
};

use serde::ser::{self, Serialize};

use crate::hash::RunningHash;

/// Arguments of up to this many encoded bytes need no allocation.
const INLINE_BYTES: usize = 64;

/// What a value begins with. Every value is self-delimiting, so that a row of values is as unambiguous as one.
pub(crate) mod mark {
    pub(crate) const END: u8 = 0x00;
    pub(crate) const UNIT: u8 = 0x01;
    pub(crate) const FALSE: u8 = 0x02;
    pub(crate) const TRUE: u8 = 0x03;
    pub(crate) const NONE: u8 = 0x04;
    pub(crate) const SOME: u8 = 0x05;
    pub(crate) const CHAR: u8 = 0x06;
    pub(crate) const STR: u8 = 0x07;
    pub(crate) const BYTES: u8 = 0x08;
    pub(crate) const U8: u8 = 0x10;
    pub(crate) const U16: u8 = 0x11;
    pub(crate) const U32: u8 = 0x12;
    pub(crate) const U64: u8 = 0x13;
    pub(crate) const U128: u8 = 0x14;
    pub(crate) const I8: u8 = 0x18;
    pub(crate) const I16: u8 = 0x19;
    pub(crate) const I32: u8 = 0x1a;
    pub(crate) const I64: u8 = 0x1b;
    pub(crate) const I128: u8 = 0x1c;
    pub(crate) const F32: u8 = 0x20;
    pub(crate) const F64: u8 = 0x21;
    pub(crate) const SEQ: u8 = 0x30;
    pub(crate) const TUPLE: u8 = 0x31;
    pub(crate) const MAP: u8 = 0x32;
    pub(crate) const STRUCT: u8 = 0x33;
    pub(crate) const UNIT_VARIANT: u8 = 0x38;
    pub(crate) const NEWTYPE_VARIANT: u8 = 0x39;
    pub(crate) const TUPLE_VARIANT: u8 = 0x3a;
    pub(crate) const STRUCT_VARIANT: u8 = 0x3b;
    pub(crate) const LITERAL: u8 = 0x40;
    pub(crate) const DISPLAY: u8 = 0x41;
    pub(crate) const TYPE: u8 = 0x42;
}

/// The arguments of one call, encoded canonically: the same bytes on every platform and compiler.
///
/// Integers are told apart by value and width, floats by their bits, enum variants and struct fields by name;
/// maps are sorted by their encoded keys. A set that serializes as a sequence in random order (`HashSet`)
/// may give other bytes each time: a miss, never a wrong hit.
///
/// Up to 64 encoded bytes need no allocation.
///
/// ```
/// use hermescache_protocol::Arguments;
///
/// let of = |a: &str, b: &str| {
///     let mut arguments = Arguments::new();
///     arguments.push(a)?;
///     arguments.push(b)?;
///     Ok::<_, hermescache_protocol::EncodeError>(arguments)
/// };
/// assert_eq!(of("a", "bc")?, of("a", "bc")?);
/// assert_ne!(of("a", "bc")?, of("ab", "c")?);
/// # Ok::<(), hermescache_protocol::EncodeError>(())
/// ```
#[derive(Clone)]
pub struct Arguments {
    hash: RunningHash,
    len: usize,
    /// Zero where there is no argument.
    inline: [u8; INLINE_BYTES],
    /// Holds all the bytes once they no longer fit inline, and none before.
    spill: Vec<u8>,
}

impl Arguments {
    /// No arguments yet.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self::seeded(0)
    }

    /// No arguments yet, to be hashed under this seed as they come.
    #[inline(always)]
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { hash: RunningHash::new(seed), len: 0, inline: [0; INLINE_BYTES], spill: Vec::new() }
    }

    /// Adds one argument.
    ///
    /// # Errors
    /// What the argument's own `Serialize` says, if it fails. The bytes are then useless.
    #[inline(always)]
    pub fn push<T: Serialize + ?Sized>(&mut self, argument: &T) -> Result<(), EncodeError> {
        argument.serialize(self)
    }

    /// Adds a literal part of a key template.
    pub fn push_literal(&mut self, text: &str) {
        self.put_few([mark::LITERAL]);
        self.put_text(text);
    }

    /// Adds a formatted part of a key template, digested with its length so that it can't run into its neighbours.
    ///
    /// # Errors
    /// If the value's own `Display` fails. The bytes are then useless.
    pub fn push_display(&mut self, value: fmt::Arguments<'_>) -> Result<(), EncodeError> {
        self.put_few([mark::DISPLAY]);
        self.put_text(&formatted(value)?);
        Ok(())
    }

    /// Adds the name of a type, for functions with type parameters.
    pub fn push_type(&mut self, name: &str) {
        self.put_few([mark::TYPE]);
        self.put_text(name);
    }

    /// The bytes so far.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        if self.spill.is_empty() { &self.inline[..self.len] } else { &self.spill }
    }

    /// How many bytes there are so far.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no argument yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The hash of the bytes so far, under the seed: what [`RunningHash`] makes of them.
    #[inline(always)]
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// All bytes, filled up with zeroes to `N`, which is at most 64; none if there are more.
    #[inline(always)]
    #[must_use]
    pub fn padded<const N: usize>(&self) -> Option<&[u8; N]> {
        const { assert!(N <= INLINE_BYTES) }
        if self.len <= N { self.inline.first_chunk() } else { None }
    }

    #[inline(always)]
    fn put_few<const N: usize>(&mut self, bytes: [u8; N]) {
        self.hash.write_few(bytes);
        self.store(&bytes);
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.hash.write(bytes);
        self.store(bytes);
    }

    #[inline(always)]
    fn store(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if end <= INLINE_BYTES {
            self.inline[self.len..end].copy_from_slice(bytes);
        } else {
            self.store_spilled(bytes);
        }
        self.len = end;
    }

    #[cold]
    fn store_spilled(&mut self, bytes: &[u8]) {
        if self.spill.is_empty() {
            self.spill.reserve(2 * (self.len + bytes.len()));
            self.spill.extend_from_slice(&self.inline[..self.len]);
        }
        self.spill.extend_from_slice(bytes);
    }

    #[inline(always)]
    fn put_marked<const N: usize>(&mut self, mark: u8, bytes: [u8; N]) {
        self.put_few([mark]);
        self.put_few(bytes);
    }

    /// A length (LEB128, shortest form) and the bytes.
    #[inline]
    fn put_sized(&mut self, bytes: &[u8]) {
        let mut rest = bytes.len();
        while rest >= 0x80 {
            self.put_few([(rest as u8 & 0x7f) | 0x80]);
            rest >>= 7;
        }
        self.put_few([rest as u8]);
        self.put(bytes);
    }

    #[inline]
    fn put_text(&mut self, text: &str) {
        self.put_sized(text.as_bytes());
    }

    fn put_variant(&mut self, mark: u8, variant: &str) {
        self.put_few([mark]);
        self.put_text(variant);
    }
}

impl Default for Arguments {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Arguments {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Arguments {}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments({} bytes)", self.len)
    }
}

/// An argument that could not be encoded: its own `Serialize` failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError {
    said: String,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl core::error::Error for EncodeError {}

impl ser::Error for EncodeError {
    fn custom<T: fmt::Display>(said: T) -> Self {
        Self { said: said.to_string() }
    }
}

macro_rules! scalars {
    ($($method:ident $type:ty => $mark:ident;)*) => {
        $(
            #[inline(always)]
            fn $method(self, value: $type) -> Result<(), EncodeError> {
                self.put_marked(mark::$mark, value.to_le_bytes());
                Ok(())
            }
        )*
    };
}

impl<'a> ser::Serializer for &'a mut Arguments {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Row<'a>;
    type SerializeTuple = Row<'a>;
    type SerializeTupleStruct = Row<'a>;
    type SerializeTupleVariant = Row<'a>;
    type SerializeMap = Sorted<'a>;
    type SerializeStruct = Row<'a>;
    type SerializeStructVariant = Row<'a>;

    scalars! {
        serialize_u8 u8 => U8;
        serialize_u16 u16 => U16;
        serialize_u32 u32 => U32;
        serialize_u64 u64 => U64;
        serialize_i8 i8 => I8;
        serialize_i16 i16 => I16;
        serialize_i32 i32 => I32;
        serialize_i64 i64 => I64;
        serialize_f32 f32 => F32;
        serialize_f64 f64 => F64;
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        self.put_few([mark::U128]);
        self.put(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        self.put_few([mark::I128]);
        self.put(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.put_few([if value { mark::TRUE } else { mark::FALSE }]);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.put_marked(mark::CHAR, u32::from(value).to_le_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        self.put_few([mark::STR]);
        self.put_text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        self.put_few([mark::BYTES]);
        self.put_sized(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.put_few([mark::NONE]);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        self.put_few([mark::SOME]);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.put_few([mark::UNIT]);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.put_variant(mark::UNIT_VARIANT, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.put_variant(mark::NEWTYPE_VARIANT, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Row<'a>, EncodeError> {
        self.put_few([mark::SEQ]);
        Ok(Row(self))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Row<'a>, EncodeError> {
        self.put_few([mark::TUPLE]);
        Ok(Row(self))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Row<'a>, EncodeError> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Row<'a>, EncodeError> {
        self.put_variant(mark::TUPLE_VARIANT, variant);
        Ok(Row(self))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Sorted<'a>, EncodeError> {
        Ok(Sorted { whole: self, entries: Vec::new() })
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Row<'a>, EncodeError> {
        self.put_few([mark::STRUCT]);
        Ok(Row(self))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Row<'a>, EncodeError> {
        self.put_variant(mark::STRUCT_VARIANT, variant);
        Ok(Row(self))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        self.serialize_str(&formatted(format_args!("{value}"))?)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// What `to_string` gives, except that it does not panic where a `Display` fails.
fn formatted(value: fmt::Arguments<'_>) -> Result<String, EncodeError> {
    let mut text = String::new();
    match text.write_fmt(value) {
        Ok(()) => Ok(text),
        Err(fmt::Error) => Err(ser::Error::custom("its `Display` failed")),
    }
}

/// A row of values in the order they come, closed by a mark that no value begins with.
#[expect(unnameable_types, reason = "serde names it through an associated type")]
#[derive(Debug)]
pub struct Row<'a>(&'a mut Arguments);

impl Row<'_> {
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(&mut *self.0)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), EncodeError> {
        self.value(name)?;
        self.value(value)
    }

    fn close(self) -> Result<(), EncodeError> {
        self.0.put_few([mark::END]);
        Ok(())
    }
}

macro_rules! rows {
    ($($trait:ident :: $method:ident;)*) => {
        $(
            impl ser::$trait for Row<'_> {
                type Ok = ();
                type Error = EncodeError;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                    self.value(value)
                }

                fn end(self) -> Result<(), EncodeError> {
                    self.close()
                }
            }
        )*
    };
}

rows! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(
            impl ser::$trait for Row<'_> {
                type Ok = ();
                type Error = EncodeError;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), EncodeError> {
                    self.field(name, value)
                }

                fn end(self) -> Result<(), EncodeError> {
                    self.close()
                }
            }
        )*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

/// The entries of a map, kept until all are there and can be sorted.
#[expect(unnameable_types, reason = "serde names it through an associated type")]
#[derive(Debug)]
pub struct Sorted<'a> {
    whole: &'a mut Arguments,
    entries: Vec<Arguments>,
}

impl ser::SerializeMap for Sorted<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        let mut entry = Arguments::new();
        entry.push(key)?;
        self.entries.push(entry);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let entry = self.entries.last_mut().expect("serde calls serialize_key before serialize_value");
        entry.push(value)
    }

    fn end(mut self) -> Result<(), EncodeError> {
        // Keys are self-delimiting, so comparing key and value as one string compares the keys first.
        self.entries.sort_unstable_by(compare);
        self.whole.put_few([mark::MAP]);
        for entry in &self.entries {
            self.whole.put(entry.as_bytes());
        }
        self.whole.put_few([mark::END]);
        Ok(())
    }
}

fn compare(a: &Arguments, b: &Arguments) -> Ordering {
    a.as_bytes().cmp(b.as_bytes())
}
