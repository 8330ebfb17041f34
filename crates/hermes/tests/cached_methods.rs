//! `#[cached_methods]`: methods of types and of traits, and their siblings.
#![cfg(feature = "macros")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{cell::Cell, marker::PhantomData, rc::Rc, sync::LazyLock, time::Duration};

use hermes::{Cache, cached_methods};
use serde::{Deserialize, Serialize};

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().unwrap());
static OTHER: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

struct Example;

#[cached_methods(CACHE)]
impl Example {
    #[cached(tags = ["math", "power"], ttl = 1200)]
    fn bar(&self, a: i64, b: u32) -> i64 {
        a.pow(b)
    }

    #[cached(tags = ["math", "avg"], key = "avg:{a}:{b}")]
    fn baz(&self, a: f64, b: f64) -> f64 {
        (a + b) / 2.0
    }
}

#[test]
fn methods_have_siblings() -> Result<(), hermes::Error> {
    let example = Example;
    assert_eq!((example.bar(2, 10), example.baz(1.0, 2.0)), (1024, 1.5));
    assert_eq!((example.peek_bar(2, 10), example.peek_baz(1.0, 2.0)), (Some(1024), Some(1.5)));
    example.invalidate_bar(2, 10)?;
    assert_eq!(example.peek_bar(2, 10), None);
    assert_eq!((example.refresh_bar(2, 10), example.uncached_bar(2, 10)), (1024, 1024));
    assert_eq!(example.peek_bar(2, 10), Some(1024));
    assert!(example.key_bar(2, 10)?.to_string().contains("Example::bar"));
    CACHE.clean(["math"])?;
    assert_eq!((example.peek_bar(2, 10), example.peek_baz(1.0, 2.0)), (None, None));
    example.bar(2, 10);
    Example::clear_bar()?;
    assert_eq!(example.peek_bar(2, 10), None);
    Ok(())
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
struct Shop {
    id: u64,
    runs: Cell64,
}

/// A count that serde knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq)]
struct Cell64(Cell<u64>);

fn shop(id: u64) -> Shop {
    Shop { id, runs: Cell64::default() }
}

#[cached_methods(CACHE)]
impl Shop {
    /// Tags may name the receiver: then they decide together with the key.
    #[cached(tags = ["shop:{self.id}", format!("all:{}", self.id)])]
    pub(crate) fn price(&self, article: u64) -> u64 {
        self.runs.0.set(self.runs.0.get() + 1);
        self.id * 100 + article
    }

    #[cached(key = "{self.id}/{article}", tags = ["article:{article}"])]
    fn keyed(&self, article: u64) -> u64 {
        self.id * 100 + article
    }

    #[cached(key = (self.id, article))]
    fn keyed_by_expression(&self, article: u64) -> u64 {
        self.id * 100 + article
    }

    #[cached]
    fn plain(&self, article: u64) -> u64 {
        self.id * 100 + article
    }

    #[cached(key = "{self.id}")]
    fn consumed(self) -> u64 {
        self.id
    }

    #[cached(key = self.id)]
    fn consumed_mutably(mut self) -> u64 {
        self.id += 1;
        self.id
    }

    #[cached(key = self.id)]
    fn shared(self: Rc<Self>) -> u64 {
        self.id
    }

    #[cached(key = "{self.id}")]
    fn changed(&mut self, by: u64) -> u64 {
        self.id += by;
        self.id
    }

    #[cached(companion = named)]
    fn open(id: u64) -> Option<u64> {
        if id == 0 { None } else { Self::open(id - 1).or(Some(id)) }
    }

    #[cached(OTHER, name = "other", version = 1)]
    fn elsewhere(&self, (a, b): (u64, u64)) -> Result<u64, String> {
        let sum = a.checked_add(b).ok_or("overflow")?;
        Ok(sum)
    }

    #[cached(name = "other", version = 2, cache_if = |found: &u64| *found > 3)]
    fn elsewhere_again(&self, a: u64) -> u64 {
        a
    }

    fn not_cached(&self) -> u64 {
        self.price(1)
    }
}

#[test]
fn a_receiver_is_in_the_key_only_when_it_is_named() -> Result<(), hermes::Error> {
    let (one, two) = (shop(1), shop(2));
    assert_eq!((one.plain(5), two.plain(5)), (105, 105));
    assert_eq!((one.keyed(5), two.keyed(5)), (105, 205));
    assert_eq!((one.keyed_by_expression(5), two.keyed_by_expression(5)), (105, 205));
    assert_eq!((one.peek_keyed(5), two.peek_keyed(5)), (Some(105), Some(205)));
    one.invalidate_keyed(5)?;
    assert_eq!((one.peek_keyed(5), two.peek_keyed(5)), (None, Some(205)));
    Ok(())
}

#[test]
fn tags_of_the_receiver_decide_with_the_key() -> Result<(), hermes::Error> {
    let (one, two) = (shop(1), shop(2));
    assert_eq!((one.price(7), one.price(7), one.runs.0.get()), (107, 107, 1));
    assert_eq!(one.not_cached(), 101);
    // One key, another tag: not the other shop's entry.
    assert_eq!(two.price(7), 207);
    CACHE.clean(["shop:2"])?;
    assert_eq!(two.peek_price(7), None);
    Ok(())
}

#[test]
fn every_kind_of_receiver_works() -> Result<(), hermes::Error> {
    assert_eq!((shop(3).consumed(), shop(3).peek_consumed()), (3, Some(3)));
    shop(3).invalidate_consumed()?;
    assert_eq!((shop(3).consumed_mutably(), shop(3).peek_consumed_mutably()), (4, Some(4)));
    assert_eq!((Rc::new(shop(3)).shared(), Rc::new(shop(3)).peek_shared()), (3, Some(3)));
    let mut one = shop(1);
    assert_eq!((one.changed(4), one.id), (5, 5));
    assert_eq!((one.peek_changed(1), shop(1).peek_changed(9)), (None, Some(5)));
    assert_eq!((Shop::open(3), Shop::peek_named(2)), (Some(1), Some(Some(1))));
    Shop::invalidate_named(2)?;
    assert_eq!((Shop::peek_named(2), Shop::peek_named(1)), (None, Some(Some(1))));
    Ok(())
}

#[test]
fn a_method_can_have_its_own_cache_name_and_version() -> Result<(), hermes::Error> {
    let one = shop(1);
    assert_eq!(one.elsewhere((1, 2)), Ok(3));
    assert_eq!(one.elsewhere((1, u64::MAX)), Err("overflow".to_owned()));
    assert_eq!((one.peek_elsewhere((1, 2)), OTHER.dump()?.len()), (Some(3), 1));
    assert_eq!((one.elsewhere_again(3), one.peek_elsewhere_again(3)), (3, None));
    assert_eq!((one.elsewhere_again(4), one.peek_elsewhere_again(4)), (4, Some(4)));
    Ok(())
}

struct Sized<T, const N: usize>(PhantomData<T>);

#[cached_methods(CACHE)]
impl<T: Default + Serialize, const N: usize> Sized<T, N>
where
    T: Clone,
{
    #[cached]
    fn bytes(&self, times: usize) -> usize {
        size_of::<T>() * N * times
    }

    #[cached]
    fn with<U: Serialize>(other: &U, _mine: T) -> (usize, usize) {
        (size_of_val(other), size_of::<T>())
    }
}

#[test]
fn parameters_of_the_impl_are_part_of_the_key() -> Result<(), hermes::Error> {
    assert_eq!(Sized::<u8, 2>(PhantomData).bytes(3), 6);
    assert_eq!(Sized::<u16, 2>(PhantomData).bytes(3), 12);
    assert_eq!(Sized::<u8, 4>(PhantomData).bytes(3), 12);
    assert_eq!(Sized::<u8, 2>(PhantomData).peek_bytes(3), Some(6));
    assert_eq!((Sized::<u8, 1>::with(&1_u16, 0), Sized::<u32, 1>::with(&1_u16, 0)), ((2, 1), (2, 4)));
    Sized::<u8, 2>::clear_bytes()
}

trait Find<K> {
    type Found;
    const LIMIT: usize = 3;
    fn find(&self, key: K) -> Result<Self::Found, String>;
    fn count(&self) -> usize;
}

mod warehouse {
    use super::{CACHE, Find, cached_methods};

    #[derive(Default)]
    pub(crate) struct Warehouse {
        pub(crate) prefix: String,
    }

    #[cached_methods(CACHE)]
    impl<K> Find<K> for Warehouse
    where
        K: Clone + ToString + serde::Serialize,
    {
        type Found = Vec<String>;

        #[cached(tags = ["warehouse"], key = (&self.prefix, key), cache_if = |found: &Self::Found| !found.is_empty())]
        fn find(&self, key: K) -> Result<Self::Found, String> {
            let mut found = Self::Found::new();
            found.extend(
                [<Self as Find<K>>::LIMIT; 1]
                    .iter()
                    .map(|limit| format!("{}{}{limit}", self.prefix, key.to_string())),
            );
            let found: Self::Found = found;
            Ok(found)
        }

        fn count(&self) -> usize {
            1
        }
    }
}

#[test]
fn methods_of_traits_have_inherent_siblings() -> Result<(), hermes::Error> {
    let house = warehouse::Warehouse { prefix: "w".to_owned() };
    assert_eq!(house.find(4).unwrap(), ["w43"]);
    assert_eq!(house.peek_find(4).unwrap(), ["w43"]);
    assert_eq!((house.peek_find(4_u8), Find::<u8>::count(&house)), (None, 1));
    let key = house.key_find(4)?.to_string();
    assert!(key.contains("Warehouse") && key.contains("Find") && key.contains("::find"), "{key}");
    house.invalidate_find(4)?;
    assert_eq!(house.peek_find(4), None);
    house.find(4).unwrap();
    warehouse::Warehouse::clear_find()?;
    assert_eq!(house.peek_find(4), None);
    assert_eq!(house.refresh_find(4).unwrap(), house.uncached_find(4).unwrap());
    Ok(())
}

trait Speak {
    fn speak(&self, times: usize) -> String;
    fn loud() -> bool;
}

struct Dog<T>(T);

#[cached_methods(CACHE)]
impl<T: std::fmt::Display> Speak for Dog<T> {
    #[cached(key = "{self.0}:{times}")]
    fn speak(&self, times: usize) -> String {
        let mut text = String::new();
        for _ in 0..times {
            text += &format!("{} says wuff. ", self.0);
        }
        text
    }

    #[cached]
    fn loud() -> bool {
        true
    }
}

#[test]
fn a_generic_type_can_cache_a_traits_methods() -> Result<(), hermes::Error> {
    let dogs: [&dyn Fn(usize) -> String; 2] = [&|n| Dog("Rex").speak(n), &|n| Dog(5).speak(n)];
    assert_eq!(dogs.map(|dog| dog(1)), ["Rex says wuff. ", "5 says wuff. "]);
    assert_eq!(Dog(5).peek_speak(1).unwrap(), "5 says wuff. ");
    assert!(<Dog<u8> as Speak>::loud());
    assert_eq!((Dog::<u8>::peek_loud(), Dog::<u16>::peek_loud()), (Some(true), None));
    Ok(())
}

struct Borrowing<'a> {
    name: &'a str,
}

#[cached_methods(CACHE)]
impl<'a> Borrowing<'a> {
    #[cached(key = self.name, tags = [self.name, &format!("{}:{other}", self.name)])]
    fn longest(&self, other: &'a str) -> usize {
        self.name.len().max(other.len())
    }
}

#[cached_methods(CACHE)]
impl Speak for Borrowing<'_> {
    #[cached(key = "{self.name}{times}")]
    fn speak(&self, times: usize) -> String {
        self.name.repeat(times)
    }

    fn loud() -> bool {
        false
    }
}

#[test]
fn types_may_borrow() -> Result<(), hermes::Error> {
    let text = "name".to_owned();
    let borrowing = Borrowing { name: &text };
    assert_eq!((borrowing.longest("x"), borrowing.peek_longest("x")), (4, Some(4)));
    // Another tag of the same key: not this entry.
    assert_eq!((borrowing.peek_longest("yy"), borrowing.longest("longer")), (None, 6));
    assert_eq!((borrowing.speak(2).as_str(), Borrowing::loud()), ("namename", false));
    borrowing.invalidate_speak(2)?;
    Borrowing::clear_speak()
}
