//! `#[cached]` on functions: what it caches, for how long, under which tags, and its companions.
#![cfg(feature = "macros")]
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use std::{
    cell::Cell,
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().unwrap());

/// How often a function's body ran; passed to it by `skip`.
#[derive(Default)]
struct Runs(Cell<usize>);

impl Runs {
    fn one(&self) {
        self.0.set(self.0.get() + 1);
    }

    fn count(&self) -> usize {
        self.0.get()
    }
}

fn ttl_of(key: &hermes::Key) -> Duration {
    CACHE.dump().unwrap().into_iter().find(|entry| entry.key == *key).unwrap().ttl_left
}

fn tags_of(key: &hermes::Key) -> Vec<String> {
    let mut tags = CACHE.dump().unwrap().into_iter().find(|entry| entry.key == *key).unwrap().tags;
    tags.sort();
    tags
}

fn assert_ttl(key: &hermes::Key, expected_s: u64) {
    let left = ttl_of(key).as_secs_f64();
    let expected = Duration::from_secs(expected_s).as_secs_f64();
    assert!(left <= expected && left > expected * 0.8, "{left} of {expected}");
}

static FOO: AtomicUsize = AtomicUsize::new(0);

#[cached(CACHE)]
fn foo(a: i64, b: i64) -> i64 {
    FOO.fetch_add(1, SeqCst);
    a * b
}

#[test]
fn a_second_call_is_a_hit_and_companions_control_it() -> Result<(), hermes::Error> {
    assert_eq!(foo::peek(2, 333), None);
    assert_eq!((foo(2, 333), foo(2, 333)), (666, 666));
    assert_eq!(FOO.load(SeqCst), 1);
    assert_eq!(foo::peek(2, 333), Some(666));

    foo::invalidate(2, 333)?;
    assert_eq!(foo::peek(2, 333), None);
    assert_eq!(foo(2, 333), 666);
    assert_eq!(FOO.load(SeqCst), 2);

    assert_eq!(foo::uncached(2, 333), 666);
    assert_eq!(FOO.load(SeqCst), 3);
    assert_eq!(foo::refresh(2, 333), 666);
    assert_eq!(FOO.load(SeqCst), 4);

    assert_ne!(foo::key(2, 333)?, foo::key(333, 2)?);
    assert!(foo::key(2, 333)?.to_string().contains("::foo"));
    assert_ttl(&foo::key(2, 333)?, 600);

    foo(1, 1);
    foo::clear()?;
    assert_eq!((foo::peek(2, 333), foo::peek(1, 1)), (None, None));
    Ok(())
}

#[test]
fn a_cached_function_is_a_plain_function() {
    let function: fn(u64) -> u64 = fib;
    assert_eq!([1, 2, 3, 4].map(function), [1, 1, 2, 3]);
}

#[cached(CACHE, skip = [runs])]
fn found(id: u64, runs: &Runs) -> Result<u64, String> {
    runs.one();
    if id == 0 { Err("nobody".to_owned()) } else { Ok(id) }
}

#[test]
fn only_ok_is_cached() {
    let runs = Runs::default();
    assert_eq!(found(0, &runs), Err("nobody".to_owned()));
    assert_eq!(found(0, &runs), Err("nobody".to_owned()));
    assert_eq!(runs.count(), 2);
    assert_eq!((found(1, &runs), found(1, &runs)), (Ok(1), Ok(1)));
    assert_eq!(runs.count(), 3);
    assert_eq!((found::peek(0), found::peek(1)), (None, Some(1)));
    assert_eq!(found::refresh(1, &runs), Ok(1));
    assert_eq!(found::refresh(0, &runs), Err("nobody".to_owned()));
    assert_eq!(found::uncached(1, &runs), Ok(1));
}

mod io {
    /// An alias that hides its error.
    pub(crate) type Result<T> = std::result::Result<T, std::num::ParseIntError>;
}

#[cached(CACHE)]
fn parsed(text: &str) -> io::Result<u64> {
    let number: u64 = text.parse()?;
    if number == 7 {
        return Ok(70);
    }
    Ok(number)
}

type Result<T = u32, E = fmt::Error> = std::result::Result<T, E>;

#[cached(CACHE)]
fn hidden(ok: bool) -> Result {
    if ok { Ok(1) } else { Err(fmt::Error) }
}

#[test]
fn question_marks_returns_and_aliases_work() {
    assert!(parsed("x").is_err());
    assert_eq!((parsed("7"), parsed("8")), (Ok(70), Ok(8)));
    assert_eq!(parsed::peek("7"), Some(70));
    assert_eq!((hidden(true), hidden(false)), (Ok(1), Err(fmt::Error)));
    assert_eq!((hidden::peek(true), hidden::peek(false)), (Some(1), None));
}

struct Trouble<'a>(&'a str);

#[cached(CACHE)]
fn checked<'a>(text: &'a str) -> std::result::Result<usize, Trouble<'a>> {
    if text.is_empty() { Err(Trouble(text)) } else { Ok(text.len()) }
}

#[test]
fn an_error_may_borrow() {
    assert_eq!(checked("abc").ok(), Some(3));
    assert_eq!(checked("").err().unwrap().0, "");
}

#[cached(CACHE, skip = [runs])]
fn maybe(id: u64, runs: &Runs) -> Option<u64> {
    runs.one();
    (id > 10).then_some(id)
}

#[cached(CACHE, skip = [runs], cache_if = |found: &Option<u64>| found.is_some())]
fn maybe_kept(id: u64, runs: &Runs) -> Option<u64> {
    runs.one();
    (id > 10).then_some(id)
}

#[cached(CACHE, skip = [runs], cache_if = Option::is_some)]
fn maybe_by_path(id: u64, runs: &Runs) -> Option<u64> {
    runs.one();
    (id > 10).then_some(id)
}

fn not_small(values: &[u64]) -> bool {
    values.len() > 1
}

#[cached(CACHE, skip = [runs], cache_if = not_small)]
fn listed(count: u64, runs: &Runs) -> Vec<u64> {
    runs.one();
    (0..count).collect()
}

#[test]
fn none_is_cached_unless_cache_if_says_no() {
    let runs = Runs::default();
    assert_eq!((maybe(1, &runs), maybe(1, &runs), runs.count()), (None, None, 1));
    let runs = Runs::default();
    assert_eq!((maybe_kept(1, &runs), maybe_kept(1, &runs), runs.count()), (None, None, 2));
    assert_eq!((maybe_kept(11, &runs), maybe_kept(11, &runs), runs.count()), (Some(11), Some(11), 3));
    let runs = Runs::default();
    assert_eq!((maybe_by_path(1, &runs), maybe_by_path(1, &runs), runs.count()), (None, None, 2));
    let runs = Runs::default();
    assert_eq!((listed(1, &runs).len(), listed(1, &runs).len(), runs.count()), (1, 1, 2));
    assert_eq!((listed(2, &runs).len(), listed(2, &runs).len(), runs.count()), (2, 2, 3));
}

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

#[cached(CACHE, ttl = 1200)]
fn by_seconds(n: u64) -> u64 {
    n
}

#[cached(CACHE, ttl = "20m")]
fn by_text(n: u64) -> u64 {
    n
}

#[cached(CACHE, ttl = HALF_AN_HOUR)]
fn by_duration(n: u64) -> u64 {
    n
}

#[cached(CACHE, ttl = 20 * 60)]
fn by_sum(n: u64) -> u64 {
    n
}

#[cached(CACHE, ttl = |seconds: &u64| Duration::from_secs(*seconds))]
fn by_value(n: u64) -> u64 {
    n
}

#[cached(CACHE, ttl = |text| text.len() as u64)]
fn by_untyped_value(text: &str) -> String {
    text.to_owned()
}

#[cached(CACHE, ttl = |seconds: &u64| *seconds)]
fn by_ok_value(n: u64) -> Result<u64, String> {
    Ok(n)
}

#[test]
fn a_ttl_is_a_number_a_text_a_duration_or_asked_of_the_value() -> Result<(), hermes::Error> {
    by_seconds(1);
    by_text(1);
    by_duration(1);
    by_sum(1);
    by_value(90);
    by_untyped_value("twelve chars");
    by_ok_value(91).unwrap();
    assert_ttl(&by_seconds::key(1)?, 1200);
    assert_ttl(&by_text::key(1)?, 1200);
    assert_ttl(&by_duration::key(1)?, 1800);
    assert_ttl(&by_sum::key(1)?, 1200);
    assert_ttl(&by_value::key(90)?, 90);
    assert_ttl(&by_untyped_value::key("twelve chars")?, 12);
    assert_ttl(&by_ok_value::key(91)?, 91);
    Ok(())
}

#[test]
fn a_ttl_of_zero_from_the_value_is_not_cached() {
    assert_eq!(by_value(0), 0);
    assert_eq!(by_value::peek(0), None);
}

#[cached(CACHE, weight = 3)]
fn heavy(n: u64) -> u64 {
    n
}

#[cached(CACHE, weight = |text: &String| text.len(), ttl = 60, cache_if = |text| !text.is_empty())]
fn weighed(text: &str) -> String {
    text.to_owned()
}

#[test]
fn weights_are_accepted() {
    assert_eq!((heavy(1), weighed("abc")), (1, "abc".to_owned()));
    assert_eq!((heavy::peek(1), weighed::peek("abc")), (Some(1), Some("abc".to_owned())));
    weighed("");
    assert_eq!(weighed::peek(""), None);
}

struct User {
    id: u64,
    name: Name,
}

#[derive(Clone)]
struct Name(String, Option<u8>);

impl serde::Serialize for User {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.id)
    }
}

const EVERYBODY: &str = "everybody";

fn kinds(id: &u64) -> Vec<String> {
    vec![format!("kind:{}", id % 2), "kinds".to_owned()]
}

#[cached(CACHE, tags = [
    "users",
    "user:{user.id}",
    "named:{user.name.0}",
    "{{literal}}",
    "wide:{user.id:>width$}",
    "debug:{user.name.1:?}",
    EVERYBODY,
    format!("expr:{}", user.id + 1),
    note.as_str(),
])]
fn tagged(user: &User, width: usize, note: String) -> usize {
    user.name.0.len() + width + note.len()
}

#[cached(CACHE, tags = kinds(id))]
fn tagged_by_function(id: u64) -> u64 {
    id
}

#[cached(CACHE, tags = user.name.1.map(|age| format!("age:{age}")))]
fn tagged_by_option(user: User) -> u64 {
    user.id
}

fn ann(id: u64) -> User {
    User { id, name: Name("ann".to_owned(), Some(7)) }
}

#[test]
fn tags_see_parameters_and_their_fields() -> Result<(), hermes::Error> {
    let user = ann(42);
    assert_eq!(tagged(&user, 5, "note".to_owned()), 12);
    assert_eq!(
        tags_of(&tagged::key(&user, 5, "note".to_owned())?),
        [
            "debug:Some(7)",
            "everybody",
            "expr:43",
            "named:ann",
            "note",
            "user:42",
            "users",
            "wide:   42",
            "{literal}",
        ]
    );
    tagged_by_function(3);
    assert_eq!(tags_of(&tagged_by_function::key(3)?), ["kind:1", "kinds"]);
    tagged_by_option(ann(1));
    assert_eq!(tags_of(&tagged_by_option::key(ann(1))?), ["age:7"]);
    Ok(())
}

#[cached(CACHE, tags = ["shop:{shop}", "shops"])]
fn stock(shop: u64, article: &str) -> usize {
    shop as usize + article.len()
}

#[test]
fn a_clean_drops_what_carries_the_tag() -> Result<(), hermes::Error> {
    stock(1, "a");
    stock(2, "a");
    CACHE.clean(["shop:1"])?;
    assert_eq!((stock::peek(1, "a"), stock::peek(2, "a")), (None, Some(3)));
    CACHE.clean(["shops"])?;
    assert_eq!(stock::peek(2, "a"), None);
    Ok(())
}

#[cached(CACHE)]
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[test]
fn recursion_runs_through_the_cache() {
    assert_eq!(fib(90), 2_880_067_194_370_816_120);
    assert_eq!(fib::peek(40), Some(102_334_155));
}

#[cached(CACHE)]
fn swapped((a, b): (u64, u64), mut n: u64, _: u8, [x, ..]: [u8; 3]) -> (u64, u64, u64) {
    n += u64::from(x);
    (b, a, n)
}

#[test]
fn patterns_are_parameters_too() -> Result<(), hermes::Error> {
    assert_eq!(swapped((1, 2), 3, 0, [4, 5, 6]), (2, 1, 7));
    assert_eq!(swapped::peek((1, 2), 3, 0, [4, 5, 6]), Some((2, 1, 7)));
    assert_eq!(swapped::peek((1, 2), 3, 1, [4, 5, 6]), None);
    swapped::invalidate((1, 2), 3, 0, [4, 5, 6])
}

#[cached(CACHE)]
fn borrowed(text: &str, numbers: &[u64], owned: String, mutable: &mut Vec<u64>) -> u64 {
    mutable.push(1);
    numbers.iter().sum::<u64>() + text.len() as u64 + owned.len() as u64
}

#[test]
fn references_are_arguments() {
    let mut list = vec![];
    assert_eq!(borrowed("ab", &[1, 2], "c".to_owned(), &mut list), 6);
    assert_eq!(list, [1]);
    assert_eq!(borrowed::peek("ab", &[1, 2], "c".to_owned(), &mut vec![]), Some(6));
    borrowed("ab", &[1, 2], "c".to_owned(), &mut vec![]);
    assert_eq!(borrowed::peek("ab", &[1, 2], "d".to_owned(), &mut vec![]), None);
}

#[cached(CACHE, companion = orders)]
fn find_order(id: u64) -> u64 {
    id
}

#[test]
fn a_companion_can_have_another_name() -> Result<(), hermes::Error> {
    assert_eq!(find_order(1), 1);
    assert_eq!(orders::peek(1), Some(1));
    orders::invalidate(1)
}

mod shelf {
    use hermes::cached;

    #[cached(super::CACHE)]
    pub(crate) fn title(id: u64) -> String {
        format!("shelf {id}")
    }

    pub(super) mod inner {
        #[hermes::cached(crate::CACHE)]
        pub(in crate::shelf) fn title(id: u64) -> String {
            format!("inner {id}")
        }

        pub(crate) fn peek(id: u64) -> Option<String> {
            title(id);
            title::peek(id)
        }
    }
}

#[test]
fn functions_of_one_name_in_two_modules_do_not_meet() {
    use shelf::title;
    assert_eq!(title(1), "shelf 1");
    assert_eq!(shelf::inner::peek(1).unwrap(), "inner 1");
    assert_eq!(title::peek(1).unwrap(), "shelf 1");
}

fn configured() -> Cache {
    CACHE.clone()
}

#[cached(configured())]
fn by_call(n: u64) -> u64 {
    n + 1
}

fn shared() -> &'static Cache {
    &CACHE
}

fn counted() -> Arc<Cache> {
    Arc::new(CACHE.clone())
}

#[cached(shared())]
fn by_reference(n: u64) -> u64 {
    n + 1
}

#[cached(counted())]
fn by_arc(n: u64) -> u64 {
    n + 1
}

#[cached(*Box::leak(Box::new(CACHE.clone())), ttl = 5)]
fn by_expression(n: u64) -> u64 {
    n + 1
}

#[test]
fn any_expression_names_the_cache() {
    assert_eq!((by_call(1), by_call(1), by_call::peek(1)), (2, 2, Some(2)));
    assert_eq!((by_reference(1), by_reference::peek(1)), (2, Some(2)));
    assert_eq!((by_arc(1), by_arc::peek(1)), (2, Some(2)));
    assert_eq!((by_expression(1), by_expression::peek(1)), (2, Some(2)));
}

#[test]
fn a_function_inside_a_function_can_be_cached() {
    #[cached(CACHE, tags = ["inside"])]
    fn inside(n: u64) -> u64 {
        n * 2
    }
    assert_eq!((inside(4), inside::peek(4)), (8, Some(8)));
}

#[test]
fn functions_of_one_name_inside_two_functions_do_not_meet() {
    fn one(n: u64) -> u64 {
        #[cached(CACHE)]
        fn helper(n: u64) -> u64 {
            n + 1
        }
        helper(n)
    }
    fn two(n: u64) -> u64 {
        #[cached(CACHE)]
        fn helper(n: u64) -> u64 {
            n + 2
        }
        helper(n)
    }
    assert_eq!((one(1), two(1), one(1), two(1)), (2, 3, 2, 3));
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

fn asked(n: &u64) -> String {
    ASKED.fetch_add(1, SeqCst);
    format!("asked:{n}")
}

#[cached(CACHE, tags = [asked(n)])]
fn asks(n: u64) -> u64 {
    n
}

#[test]
fn tags_are_written_on_a_miss_only() {
    asks(1);
    let once = ASKED.load(SeqCst);
    asks(1);
    asks(1);
    assert_eq!((once, ASKED.load(SeqCst)), (1, 1));
}

static UNIT: AtomicUsize = AtomicUsize::new(0);

#[cached(CACHE)]
fn unit() {
    UNIT.fetch_add(1, SeqCst);
}

#[test]
fn a_function_without_parameters_and_result_is_cached() -> Result<(), hermes::Error> {
    unit();
    unit();
    assert_eq!((UNIT.load(SeqCst), unit::peek()), (1, Some(())));
    unit::invalidate()?;
    assert_eq!(unit::peek(), None);
    Ok(())
}

#[cached(CACHE, tags = ["{__hermes_call}", format!("{}", __hermes_cache)])]
fn named_like_ours(
    __hermes_call: u64,
    __hermes_cache: u64,
    __hermes_hit: u64,
    arg0: (u64,),
    (value,): (u64,),
) -> u64 {
    let __hermes_value = __hermes_call + __hermes_cache + __hermes_hit;
    __hermes_value + arg0.0 + value
}

#[test]
fn users_may_use_names_like_ours() {
    assert_eq!(named_like_ours(1, 2, 3, (4,), (5,)), 15);
    assert_eq!(named_like_ours::peek(1, 2, 3, (4,), (5,)), Some(15));
}

#[cached(CACHE)]
fn r#match(r#type: u64) -> u64 {
    r#type
}

#[test]
fn raw_names_are_names() -> Result<(), hermes::Error> {
    assert_eq!((r#match(3), r#match::peek(3)), (3, Some(3)));
    assert!(r#match::key(3)?.to_string().contains("::match"));
    Ok(())
}

/// Documented, deprecated, inlined: what the user writes stays on the function.
#[inline]
#[must_use]
#[cached(CACHE)]
#[allow(clippy::too_many_arguments, reason = "on purpose")]
#[expect(unused_variables, reason = "on purpose")]
#[cfg(not(any()))]
fn decorated(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 {
    a
}

#[cached(CACHE)]
#[cfg(any())]
fn absent(a: NoSuchType) -> u8 {
    a
}

#[test]
fn other_attributes_stay() {
    assert_eq!(decorated(1, 2, 3, 4, 5, 6, 7, 8), 1);
    assert_eq!(decorated::peek(1, 2, 3, 4, 5, 6, 7, 8), Some(1));
}

mod namesakes {
    use super::*;

    static NAMESAKES: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

    mod first {
        #[hermes::cached(super::NAMESAKES, name = "twin")]
        pub(super) fn call(n: u64) -> u64 {
            n + 1
        }
    }

    mod second {
        #[hermes::cached(super::NAMESAKES, name = "twin")]
        pub(super) fn call(n: u64) -> u64 {
            n + 2
        }
    }

    #[test]
    fn the_second_function_of_one_name_runs_uncached_and_says_why() {
        assert_eq!((first::call(1), first::call(1)), (2, 2));
        assert_eq!((second::call(1), second::call(1)), (3, 3));
        assert_eq!(NAMESAKES.stats().errors, 2);

        let error = second::call::invalidate(1).unwrap_err();
        assert_eq!(error.kind(), hermes::ErrorKind::Config);
        assert!(error.to_string().contains("set `name = \"…\"` on one of them"), "{error}");
        assert!(second::call::key(1).is_err() && second::call::clear().is_err());
        first::call::invalidate(1).unwrap();
    }
}
