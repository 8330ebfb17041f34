//! What tells the entries of `#[cached]` functions apart: arguments, `key`, `skip`, `version`, `name`, generics.
#![cfg(feature = "macros")]
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, LazyLock},
};

use hermes::{Cache, cached};
use serde::Serialize;

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[derive(Serialize, Clone)]
struct User {
    id: u64,
    name: String,
    address: Address,
}

#[derive(Serialize, Clone)]
struct Address(String, u32);

fn ann() -> User {
    User { id: 7, name: "ann".to_owned(), address: Address("lane".to_owned(), 3) }
}

#[cached(CACHE)]
fn joined(a: &str, b: &str) -> String {
    format!("{a}|{b}")
}

#[cached(CACHE, key = "{a}{b}")]
fn joined_by_template(a: &str, b: &str) -> String {
    format!("{a}|{b}")
}

#[cached(CACHE, key = "{a}:{b}")]
fn joined_by_colon(a: &str, b: &str) -> String {
    format!("{a}|{b}")
}

#[cached(CACHE, key = (a, b))]
fn joined_by_pair(a: &str, b: &str) -> String {
    format!("{a}|{b}")
}

#[test]
fn arguments_never_run_into_each_other() {
    for join in [joined, joined_by_template, joined_by_pair] {
        assert_eq!(join("a", "bc"), "a|bc");
        assert_eq!(join("ab", "c"), "ab|c");
        assert_eq!(join("", "abc"), "|abc");
    }
    assert_eq!(joined_by_colon("a:b", "c"), "a:b|c");
    assert_eq!(joined_by_colon("a", "b:c"), "a|b:c");
}

#[cached(CACHE, key = "{user.id}:{user.address.1:>08}", tags = ["user:{user.id}", "street:{user.address.0}"])]
fn letter(user: User, day: u8) -> String {
    format!("{} {day}", user.name)
}

#[test]
fn a_key_template_replaces_the_arguments() -> Result<(), hermes::Error> {
    assert_eq!(letter(ann(), 1), "ann 1");
    assert_eq!(letter(ann(), 2), "ann 1");
    assert_eq!(letter(User { id: 8, ..ann() }, 2), "ann 2");
    assert_eq!(letter::key(ann(), 1)?, letter::key(ann(), 2)?);
    // The entry has the tags of the call that made it: another tag, another entry of the same key.
    let moved = User { address: Address("road".to_owned(), 3), ..ann() };
    assert_eq!(letter(moved, 3), "ann 3");
    Ok(())
}

#[cached(CACHE, key = (user.id % 10, name))]
fn by_expression(user: User, name: String, day: u8) -> String {
    let (user, name) = (user, name);
    format!("{}{name}{day}", user.name)
}

fn initials(names: &[String]) -> Vec<&str> {
    names.iter().map(|name| &name[..1]).collect()
}

#[cached(CACHE, tags = initials(names), key = names)]
fn by_names(names: Vec<String>) -> usize {
    names.len()
}

#[cached(CACHE, key = name)]
fn by_name(name: String) -> String {
    name
}

#[cached(CACHE, key = (*n).min(3), tags = [if *n > 2 { "big" } else { "small" }])]
fn clamped(n: u64) -> u64 {
    n
}

#[cached(CACHE, key = (*n / 10, name.len()), tags = [if *n > 2 { "big" } else { "small" }, name])]
fn by_reference(n: u64, name: String) -> (u64, String) {
    (n, name)
}

#[test]
fn a_key_expression_sees_parameters_without_moving_them() {
    assert_eq!(by_expression(ann(), "x".to_owned(), 1), "annx1");
    assert_eq!(by_expression(User { id: 17, ..ann() }, "x".to_owned(), 2), "annx1");
    assert_eq!(by_expression(ann(), "y".to_owned(), 3), "anny3");
    assert_eq!((by_names(vec!["ann".to_owned()]), by_names(vec![])), (1, 0));
    assert_eq!(by_name("ann".to_owned()), "ann");
    assert_eq!(by_name::peek("ann".to_owned()).as_deref(), Some("ann"));
    assert_eq!((clamped(3), clamped(4), clamped(2)), (3, 3, 2));
    assert_eq!(by_reference(13, "a".to_owned()), by_reference(17, "a".to_owned()));
}

struct Db(Cell<usize>);

#[cached(CACHE, skip = [db], tags = ["row:{id}"])]
fn row(db: &Db, id: u64) -> u64 {
    db.0.set(db.0.get() + 1);
    id * 2
}

#[test]
fn skipped_parameters_are_not_in_the_key() -> Result<(), hermes::Error> {
    let (one, two) = (Db(Cell::new(0)), Db(Cell::new(0)));
    assert_eq!((row(&one, 4), row(&two, 4)), (8, 8));
    assert_eq!((one.0.get(), two.0.get()), (1, 0));
    assert_eq!(row::peek(4), Some(8));
    assert_eq!(row::refresh(&two, 4), 8);
    assert_eq!(two.0.get(), 1);
    row::invalidate(4)?;
    assert_eq!(row::peek(4), None);
    assert_eq!(row::key(4)?, row::key(4)?);
    Ok(())
}

mod versions {
    pub(super) mod one {
        #[hermes::cached(crate::CACHE, name = "prices")]
        pub(crate) fn price(_article: u64) -> u64 {
            1
        }
    }
    pub(super) mod two {
        #[hermes::cached(crate::CACHE, name = "prices", version = 2)]
        pub(crate) fn price(_article: u64) -> u64 {
            2
        }
    }
    pub(super) mod three {
        #[hermes::cached(crate::CACHE, name = "prices", version = "2024-11")]
        pub(crate) fn price(_article: u64) -> u64 {
            3
        }
    }
}

#[test]
fn name_and_version_are_part_of_the_key() -> Result<(), hermes::Error> {
    use versions::{one, three, two};
    assert_eq!((one::price(1), two::price(1), three::price(1)), (1, 2, 3));
    assert_eq!(
        (one::price::peek(1), two::price::peek(1), three::price::peek(1)),
        (Some(1), Some(2), Some(3))
    );
    let key = one::price::key(1)?.to_string();
    assert!(key.contains("prices") && !key.contains("versions"), "{key}");
    two::price::clear()?;
    assert_eq!((one::price::peek(1), two::price::peek(1)), (Some(1), None));
    Ok(())
}

#[cached(CACHE)]
fn measured<T: Serialize + Display>(value: T) -> (String, usize) {
    (value.to_string(), size_of::<T>())
}

#[cached(CACHE, tags = ["size"])]
fn size<T>() -> usize {
    size_of::<T>()
}

#[cached(CACHE)]
fn filled<const N: usize, const BIG: bool>(letter: char) -> String {
    let text = letter.to_string().repeat(N);
    if BIG { text.to_uppercase() } else { text }
}

#[cached(CACHE)]
fn longest<'a, 'b: 'a, T>(left: &'a [T], right: &'b [T]) -> usize
where
    T: Serialize + 'a,
{
    left.len().max(right.len())
}

#[cached(CACHE)]
fn same<T>(value: T) -> T
where
    T: Clone + Send + Sync + Serialize + serde::de::DeserializeOwned + 'static,
{
    value
}

#[test]
fn generic_parameters_are_part_of_the_key() -> Result<(), hermes::Error> {
    assert_eq!(measured(1_u8), ("1".to_owned(), 1));
    assert_eq!(measured(1_u64), ("1".to_owned(), 8));
    assert_eq!((size::<u8>(), size::<u64>()), (1, 8));
    assert_eq!((size::peek::<u8>(), size::peek::<u32>()), (Some(1), None));
    assert_eq!(
        (filled::<2, false>('a'), filled::<3, false>('a'), filled::<2, true>('a')),
        ("aa".into(), "aaa".into(), "AA".into())
    );
    assert_eq!(longest(&[1, 2], &[1]), 2);
    assert_eq!((same(1_u8), same("x".to_owned())), (1, "x".to_owned()));
    assert_eq!(same::peek(1_u8), Some(1));
    size::invalidate::<u8>()?;
    size::clear()?;
    assert_eq!(size::peek::<u64>(), None);
    Ok(())
}

#[cached(CACHE)]
fn shown(value: impl Serialize + Display, others: &[impl Serialize]) -> String {
    format!("{value}{}", others.len())
}

#[cached(CACHE, skip = [db])]
fn with_any_db(db: &impl Fn(u64) -> u64, id: u64) -> u64 {
    db(id)
}

#[cached(CACHE, key = "{id}")]
fn keyed_by_hand(_any: impl Fn(), id: u64) -> u64 {
    id
}

#[test]
fn impl_trait_arguments_work() {
    assert_eq!(shown(1_u8, &[1_u8]), "11");
    assert_eq!(shown::peek(1_u8, &[1_u8]).as_deref(), Some("11"));
    assert_eq!(shown::peek(1_u16, &[1_u8]), None);
    assert_eq!(with_any_db(&|id| id + 1, 5), 6);
    assert_eq!(with_any_db(&|id| id + 2, 5), 6);
    assert_eq!(with_any_db::peek(5), Some(6));
    assert_eq!(keyed_by_hand(|| {}, 1), 1);
}

struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("will not"))
    }
}

#[cached(CACHE, skip = [runs])]
fn stubborn(_argument: &Stubborn, runs: &Cell<usize>) -> usize {
    runs.set(runs.get() + 1);
    runs.get()
}

#[test]
fn an_argument_that_fails_to_serialize_makes_the_call_uncached() {
    let runs = Cell::new(0);
    assert_eq!((stubborn(&Stubborn, &runs), stubborn(&Stubborn, &runs)), (1, 2));
    assert!(stubborn::key(&Stubborn).is_err());
    assert!(stubborn::invalidate(&Stubborn).is_err());
    assert_eq!(stubborn::peek(&Stubborn), None);
}

#[cached(CACHE)]
fn mapped(map: &BTreeMap<String, f64>, choice: Option<u8>) -> usize {
    map.len() + usize::from(choice.unwrap_or(0))
}

#[test]
fn any_serializable_argument_works() {
    let map: BTreeMap<String, f64> = [("a".to_owned(), 1.0), ("b".to_owned(), f64::NAN)].into();
    assert_eq!(mapped(&map, None), 2);
    assert_eq!(mapped::peek(&map, None), Some(2));
    assert_eq!(mapped::peek(&map, Some(0)), None);
}

static LIVE: LazyLock<Cache<hermes::Live>> =
    LazyLock::new(|| Cache::builder().url("memory://").live().build().unwrap());

struct NoSerde(u64);

#[cached(LIVE, tags = ["live:{n}"], key = Some(n))]
fn live(n: u64) -> Arc<NoSerde> {
    Arc::new(NoSerde(n))
}

#[test]
fn a_live_cache_keeps_any_value() {
    assert!(Arc::ptr_eq(&live(3), &live(3)));
    assert_eq!(live(3).0, 3);
}
