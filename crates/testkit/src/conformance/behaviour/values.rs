//! Values of many types come back as they were.
//! Leaves their bytes to the codec.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    time::Duration,
};

use hermes::{Keeps, Stored, Value};

use crate::conformance::place::Place;

/// Keeps a value, computed and set, and reads it back.
fn comes_back<V: Value + PartialEq + fmt::Debug>(place: &Place, value: &V)
where
    Stored: Keeps<V>,
{
    let cache = place.cache();
    let again = || -> V { unreachable!("it is there") };
    assert_eq!(cache.entry("computed").get_or_compute(|| value.clone()), *value);
    assert_eq!(cache.entry("computed").get_or_compute(again), *value);
    cache.entry("set").set(value.clone()).unwrap();
    assert_eq!(cache.entry("set").get::<V>().as_ref(), Some(value));
    assert_eq!(cache.stats().errors, 0, "{value:.50?}");
}

pub fn numbers_come_back(place: &Place) {
    comes_back(place, &(u8::MAX, u16::MAX, u32::MAX, u64::MAX));
    comes_back(place, &(i8::MIN, i16::MIN, i32::MIN, i64::MIN));
    comes_back(place, &(u128::MAX, i128::MIN, usize::MAX, isize::MIN));
    comes_back(place, &(f32::MAX, f64::MIN_POSITIVE, f64::INFINITY, -0.5));
    comes_back(place, &[0, 1, 127, 128, 255, 256, 65_535, 65_536, -1, -32, -33, -128, -129]);
}

pub fn texts_come_back(place: &Place) {
    for text in ["", " ", "\0", "text", "né 漢字 🦀", "\u{feff}\r\n"] {
        comes_back(place, &text.to_owned());
    }
    comes_back(place, &('\0', 'é', char::MAX));
}

pub fn bytes_come_back(place: &Place) {
    comes_back(place, &Vec::<u8>::new());
    comes_back(place, &(0..=255).collect::<Vec<u8>>());
}

pub fn nothing_much_comes_back(place: &Place) {
    comes_back(place, &());
    comes_back(place, &(true, false));
    comes_back(place, &(None::<u8>, Some(1_u8)));
    comes_back(place, &None::<String>);
}

pub fn collections_come_back(place: &Place) {
    let map = BTreeMap::from([(1, vec!["one".to_owned()]), (2, vec![])]);
    comes_back(place, &map);
    comes_back(place, &HashMap::from([("a".to_owned(), Some(1.5)), (String::new(), None)]));
    comes_back(place, &BTreeSet::from([(1, 'a'), (1, 'b')]));
    comes_back(place, &vec![vec![vec![1], vec![]], vec![]]);
    comes_back(place, &vec![Ok(1), Err("no".to_owned())]);
    comes_back(place, &(Duration::MAX, Duration::ZERO, Box::new(1)));
}

pub fn large_values_come_back(place: &Place) {
    comes_back(place, &"large ".repeat(1 << 18));
    comes_back(place, &vec![0_u8; 1 << 20]);
    comes_back(place, &(0..100_000).collect::<Vec<u32>>());
}
