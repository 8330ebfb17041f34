//! What is packed comes back as it was, or is refused; whatever else is unpacked is an error.
//! Leaves the rules of each part to its own file.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serializer, ser::SerializeSeq};

use super::*;

const MIB: usize = 1 << 20;

/// A value of many shapes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Tree {
    Nothing,
    Flag(bool),
    Small(i8),
    Large(u64),
    Huge(i128),
    Real(f64),
    Text(String),
    Letter(char),
    List(Vec<Self>),
    Pair(Box<Self>, Option<Box<Self>>),
    Named { name: String, inner: Box<Self> },
    Table(BTreeMap<u32, Self>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Nothing),
        any::<bool>().prop_map(Tree::Flag),
        any::<i8>().prop_map(Tree::Small),
        any::<u64>().prop_map(Tree::Large),
        any::<i128>().prop_map(Tree::Huge),
        any::<f64>().prop_map(Tree::Real),
        any::<String>().prop_map(Tree::Text),
        any::<char>().prop_map(Tree::Letter),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Tree::List),
            (boxed.clone(), proptest::option::of(boxed.clone())).prop_map(|(one, two)| Tree::Pair(one, two)),
            (any::<String>(), boxed).prop_map(|(name, inner)| Tree::Named { name, inner }),
            proptest::collection::btree_map(any::<u32>(), inner, 0..8).prop_map(Tree::Table),
        ]
    })
}

/// Every way of packing that is built in.
fn packings() -> Vec<Packing> {
    let codecs = ["messagepack", "json", "postcard"].map(|name| Codec::named(name).ok());
    let compressions = ["none", "zstd", "lz4"].map(|name| Compression::named(name).ok());
    let all = codecs.into_iter().flatten().flat_map(|codec| {
        let packing = move |compression| Packing { codec, compression, max_bytes: MIB };
        compressions.into_iter().flatten().map(packing)
    });
    all.collect()
}

#[track_caller]
fn comes_back<V: Serialize + DeserializeOwned + PartialEq + Debug>(value: &V) {
    for packing in packings() {
        let (id, bytes) = packing.pack(value).unwrap();
        assert!(Packing::readable().contains(id));
        let back: V = Packing { codec: Codec::MessagePack, compression: Compression::None, ..packing }
            .unpack(id, &bytes)
            .unwrap();
        assert_eq!(&back, value, "{packing:?}");
    }
}

#[test]
fn a_value_comes_back_whatever_the_reader_is_set_to() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Meters(f32);

    comes_back(&());
    comes_back(&Unit);
    comes_back(&Meters(0.1));
    comes_back(&(u64::MAX, i64::MIN, u128::MAX, i128::MIN, 'ü', "text".to_owned()));
    comes_back(&(Some(1), None::<u8>, Some(String::new())));
    comes_back(&[Ok(1), Err("no".to_owned())]);
    comes_back(&HashMap::from([("a".to_owned(), vec![1, 2]), (String::new(), vec![])]));
    comes_back(&BTreeMap::from([(i64::MIN, true), (0, false)]));
    comes_back(&(0..100_000).map(|n| n % 251).collect::<Vec<u32>>());
    comes_back(&"long ".repeat(10_000));
    comes_back(&std::time::Duration::new(1, 2));
}

proptest! {
    #[test]
    fn a_value_of_any_shape_comes_back(tree in tree()) {
        // JSON has no NaN and no infinity: `faithful` has a test of that.
        let is_finite = !format!("{tree:?}").contains("Real(NaN)") && !format!("{tree:?}").contains("inf");
        prop_assume!(is_finite);
        comes_back(&tree);
    }

    #[test]
    fn a_float_comes_back_to_the_bit(bits: u64) {
        for packing in packings() {
            let Ok((id, bytes)) = packing.pack(&f64::from_bits(bits)) else { continue };
            let back: f64 = packing.unpack(id, &bytes).unwrap();
            prop_assert_eq!(back.to_bits(), bits);
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(id: u8, bytes in vec(any::<u8>(), 0..200)) {
        let packing = packings()[0];
        for id in [id, id & 0x0f, id & 0x3f] {
            let _: Result<Tree, _> = packing.unpack(CodecId(id), &bytes);
            let _: Result<Vec<Option<(String, f32)>>, _> = packing.unpack(CodecId(id), &bytes);
        }
    }

    #[test]
    fn damaged_bytes_are_a_value_or_an_error(tree in tree(), at: prop::sample::Index, byte: u8) {
        let long = (tree, "long ".repeat(1000));
        for packing in packings() {
            let Ok((id, mut bytes)) = packing.pack(&long) else { continue };
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _: Result<(Tree, String), _> = packing.unpack(id, &bytes);
        }
    }
}

#[test]
fn a_part_of_the_bytes_is_no_value_nor_are_more() {
    for packing in packings() {
        let value = (vec![String::from("a"); 500], true);
        let (id, mut bytes) = packing.pack(&value).unwrap();
        let read = |bytes: &[u8]| packing.unpack::<(Vec<String>, bool)>(id, bytes);
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{packing:?}: {len} of {}", bytes.len());
        }
        for more in [0, 1, 0x91, 0xcc, b'1'] {
            bytes.push(more);
            assert!(read(&bytes).is_err(), "{packing:?}: {more} follows");
            bytes.pop();
        }
        assert_eq!(read(&bytes).unwrap(), value);
    }
}

/// A list that does not end, and says that it is long.
struct Unending;

impl Serialize for Unending {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(usize::MAX))?;
        loop {
            list.serialize_element("more")?;
        }
    }
}

#[test]
fn a_value_that_is_too_large_is_not_written_to_its_end() {
    for packing in packings() {
        let Err(PackError::TooLarge { len_bytes, limit_bytes }) = packing.pack(&Unending) else {
            panic!("{packing:?} has packed it");
        };
        assert_eq!(limit_bytes, MIB);
        assert!((MIB..MIB + 10).contains(&len_bytes), "{len_bytes}");
    }
}

#[test]
fn a_value_may_take_as_much_as_the_limit_says() {
    let packing = Packing { max_bytes: 5, ..packings()[0] };
    assert!(packing.pack("1234").is_ok());
    assert!(matches!(packing.pack("12345"), Err(PackError::TooLarge { len_bytes: 6, limit_bytes: 5 })));
    assert_eq!(packing.unpack::<String>(CodecId(1), b"\xa41234").unwrap(), "1234");
    let too_large = packing.unpack::<String>(CodecId(1), b"\xa512345");
    assert!(matches!(too_large, Err(UnpackError::TooLarge { limit_bytes: 5 })));
}

/// Bytes in which nothing repeats: xorshift, by Marsaglia.
struct Noise;

impl Serialize for Noise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let next = |x: &u64| {
            let x = x ^ (x << 13);
            let x = x ^ (x >> 7);
            Some(x ^ (x << 17))
        };
        let numbers = std::iter::successors(Some(0x2545_f491_4f6c_dd1d), next);
        serializer.serialize_bytes(&numbers.take(1000).flat_map(u64::to_le_bytes).collect::<Vec<_>>())
    }
}

#[test]
fn short_bytes_and_those_that_do_not_shrink_stay_plain() {
    let as_is = CodecId(1);
    for packing in packings().into_iter().filter(|packing| packing.codec == Codec::MessagePack) {
        let is_shrunk = packing.compression != Compression::None;
        assert_eq!(packing.pack(&"a".repeat(1000)).unwrap().0, as_is, "{packing:?}");
        assert_eq!(packing.pack(&Noise).unwrap().0, as_is, "{packing:?}");
        let (id, bytes) = packing.pack(&"a".repeat(1100)).unwrap();
        assert_eq!((id != as_is, bytes.len() < 100), (is_shrunk, is_shrunk), "{packing:?}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let packing = packings()[0];
    let unknown = packing.unpack::<u8>(CodecId(4), &[]).unwrap_err();
    assert_eq!(unknown.to_string(), "this build cannot read the codec 4");
    let unreadable = packing.unpack::<u8>(CodecId(1), b"\xa1a").unwrap_err();
    assert!(unreadable.to_string().starts_with("it is no such value: "), "{unreadable}");
    let too_large = Packing { max_bytes: 3, ..packing }.pack("four").unwrap_err();
    assert_eq!(too_large.to_string(), "the value takes at least 5 bytes, and 3 are the most");
}

/// Stored bytes never change by accident: these are also in `docs/formats/entry.md`.
#[test]
fn what_is_stored_today_was_written_like_this() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Book {
        title: String,
        pages: u16,
    }
    let book = Book { title: "Emma".to_owned(), pages: 474 };
    for (codec, id, bytes) in [
        ("messagepack", 1, &b"\x82\xa5title\xa4Emma\xa5pages\xcd\x01\xda"[..]),
        ("json", 2, br#"{"title":"Emma","pages":474}"#),
        ("postcard", 3, b"\x04Emma\xda\x03"),
    ] {
        let Ok(codec) = Codec::named(codec) else { continue };
        let packing = Packing { codec, compression: Compression::None, max_bytes: MIB };
        assert_eq!(packing.pack(&book).unwrap(), (CodecId(id), bytes.to_owned()));
        assert_eq!(packing.unpack::<Book>(CodecId(id), bytes).unwrap(), book);
    }
}

/// A later version may compress better, but what lies on a server is still read. These, too, are in that document.
#[test]
fn what_was_compressed_once_is_read_for_ever() {
    let zstd = b"\x28\xb5\x2f\xfd\x60\xb3\x03\x65\0\0\x28\xda\x04\xb0la\x01\0\xab\xf4\x3b\x2d";
    let lz4 = b"\xb3\x04\0\0\x5f\xda\x04\xb0la\x02\0\xff\xff\xff\xff\x99\x60lalala";
    for (compression, id, bytes) in [("zstd", 17, &zstd[..]), ("lz4", 33, lz4)] {
        if Compression::named(compression).is_ok() {
            let read: String = packings()[0].unpack(CodecId(id), bytes).unwrap();
            assert_eq!(read, "la".repeat(600), "{compression}");
        }
    }
}
