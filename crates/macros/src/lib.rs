//! The attribute macros of Hermes: [`macro@cached`] for functions, [`macro@cached_methods`] for methods.
//! Use them through the crate `hermescache`, which the code they write needs; this crate only writes it.
//!
//! ```text
//! template ─ args ─ target ─ code ─ companions ─┬─ expand    #[cached] fn
//!                                               └─ methods   #[cached_methods] impl
//! ```

mod args;
mod attrs;
mod code;
mod companions;
mod errors;
mod expand;
mod hygiene;
mod mention;
mod methods;
mod rules;
mod target;
mod template;
mod ttl;
mod written;

use proc_macro::TokenStream;

/// Caches the results of a function.
///
/// The function keeps its name, its signature and its callers. A call looks for an entry of its arguments first; of
/// all that miss at the same time, one runs the body and the others wait for its value.
///
/// ```
/// use std::{sync::LazyLock, time::Duration};
/// use hermes::{Cache, cached};
///
/// static CACHE: LazyLock<Cache> = LazyLock::new(|| {
///     Cache::builder().url("memory://").ttl(Duration::from_secs(600)).build().unwrap()
/// });
///
/// #[cached(CACHE, tags = ["product:{a}", "products"], ttl = "20m")]
/// fn foo(a: i64, b: i64) -> i64 {
///     a * b
/// }
///
/// assert_eq!(foo(2, 333), 666);                 // computes
/// assert_eq!(foo(2, 333), 666);                 // a hit
/// foo::invalidate(2, 333)?;                     // drops this entry
/// CACHE.clean(["products"])?;                   // drops all entries that carry the tag
/// # Ok::<(), hermes::Error>(())
/// ```
///
/// # What it takes
///
/// The cache comes first: any expression that derefs to a `hermes::Cache`, such as a `static` or `cache()`. It is
/// evaluated on each call, and cannot use the parameters. Then, in any order:
///
/// | | |
/// |---|---|
/// | `tags = ["user:{id}", "users", TAG, tag_of(id)]` | The entry's tags. A text may name parameters (below); all else is an expression that is `AsRef<str>`. Instead of the list, any expression that iterates over texts. |
/// | `key = "{user.id}:{page}"` or `key = (user.id, page)` | Replaces the arguments in the key: as a text, or as an expression that is `Serialize`. |
/// | `skip = [db]` | Parameters that are neither in the key nor asked for by `invalidate`, `peek`, `explain` and `key`. |
/// | `ttl = 1200`, `"1h30m"`, an expression, or <code>&#124;value&#124; …</code> | How long an entry lives: seconds; a time in `ms`, `s`, `m`, `h`, `d`; a `Duration` or a number of seconds; or a question to the value, where zero means: do not cache. Default: the cache's. |
/// | <code>cache_if = &#124;value&#124; …</code> or a path | Whether a value is cached. |
/// | `weight = 3` or <code>&#124;value&#124; …</code> | What the entry takes of the capacity. Default: 1. |
/// | `name = "…"` | The function's name in its keys, instead of its path. |
/// | `version = 2` or `"2024-11"` | Part of the key: change it together with the meaning of the value. |
/// | `companion = other` | The name of the companion, where the function's own is taken. |
///
/// **Texts** in `tags` and `key` hold parameters as `{id}`, their fields as `{user.id}` or `{pair.0}`, the receiver's
/// fields as `{self.id}`, with a format spec if need be, as in `{price:.2}`; `{{` and `}}` are braces. Values are
/// written by `Display`. In a key they are digested one by one, so that `"{a}{b}"` never confuses `("a", "bc")` with
/// `("ab", "c")`.
///
/// **Expressions** in `tags` and `key` see the parameters by reference, before the body runs: an `id: u64` is a `&u64`
/// there (`*id > 5`, `tag_of(id)` with `fn tag_of(id: &u64)`), so nothing can be moved away from the body. They should
/// be pure functions of the arguments, since they run as often as needed.
///
/// # What is cached
///
/// The returned value, or of a `Result` what is in `Ok`: errors go to the caller and are never stored. A result is
/// read as `Result` by the last segment of its path. `None` is cached like any value; `cache_if = Option::is_some`
/// says otherwise. A value cannot borrow from the arguments.
///
/// Arguments are `Serialize`, unless `key` or `skip` makes that needless; references, `&str` and slices are fine, and
/// so are patterns. Types and constants that a function is generic over are part of the key; that of a `skip`ped
/// argument need not be, if it is written as `db: &impl Db`.
///
/// # Companions
///
/// Beside `fn foo` there is a type `foo`, as visible as the function, with
///
/// | | |
/// |---|---|
/// | `foo::invalidate(..) -> Result<(), Error>` | drops the entry of these arguments |
/// | `foo::clear() -> Result<(), Error>` | drops all entries of the function |
/// | `foo::peek(..) -> Option<V>` | the cached value, without computing |
/// | `foo::explain(..) -> Explanation` | what a call would get from the cache now, and why |
/// | `foo::key(..) -> Result<Key, Error>` | the entry's key |
/// | `foo::refresh(..)` | computes now, and replaces the entry; an `Err` is returned, and the old entry stays; a value that is not kept is returned, and the old entry goes |
/// | `foo::uncached(..)` | the function itself |
///
/// The first five (but `clear`) take the parameters less those in `skip`, the last two take all. Those of an `async
/// fn` are `async`, but for `key`; a blocking function has `invalidate_async`, `clear_async`, `peek_async` and `explain_async`
/// as well.
///
/// What fails says why by its `ErrorKind`: `Backend` or `Timeout`, from `invalidate` and `clear`, if a server did not
/// confirm; `Argument`, from `invalidate` and `key`, if an argument cannot be part of a key; `Config`, from these three, if
/// another function that uses the cache has the same name.
///
/// ```
/// # use std::sync::LazyLock;
/// # use hermes::{Cache, cached};
/// # static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());
/// struct Db;
///
/// #[cached(CACHE, skip = [db], tags = ["author:{author}"], cache_if = |titles: &Vec<String>| !titles.is_empty())]
/// fn titles(db: &Db, author: &str, page: u32) -> Result<Vec<String>, std::io::Error> {
///     Ok(vec![format!("{author} {page}")])
/// }
///
/// titles(&Db, "Ursula", 1)?;
/// assert_eq!(titles::peek("Ursula", 1).unwrap(), ["Ursula 1"]);
/// titles::invalidate("Ursula", 1)?;
/// assert_eq!(titles::peek("Ursula", 1), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What cannot be cached is refused at compile time, at the word that is wrong: `const`, `unsafe` and `extern`
/// functions, results that borrow or have no name (`impl Trait`), unknown attributes, parameters that do not exist,
/// and times of zero. Methods belong under [`macro@cached_methods`].
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::cached(args.into(), item.into()).into()
}

/// Caches the results of methods: those that are marked `#[cached]` in this `impl`.
///
/// `#[cached(…)]` takes here what [`macro@cached`] takes, but needs no cache of its own (it may name another).
/// A method `bar` gets siblings beside it: `invalidate_bar`, `peek_bar`, `explain_bar`, `key_bar`, `refresh_bar` and
/// `uncached_bar` with the same receiver, and `Type::clear_bar()`; a blocking method also `invalidate_bar_async`,
/// `peek_bar_async`, `explain_bar_async` and `clear_bar_async`. `companion = other` names them after `other`.
///
/// ```
/// # use std::sync::LazyLock;
/// # use hermes::{Cache, cached_methods};
/// # static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());
/// struct Shop {
///     id: u64,
/// }
///
/// #[cached_methods(CACHE)]
/// impl Shop {
///     #[cached(key = "{self.id}:{article}", tags = ["shop:{self.id}"], ttl = 1200)]
///     fn price(&self, article: u64) -> u64 {
///         self.id * 100 + article
///     }
/// }
///
/// let shop = Shop { id: 7 };
/// assert_eq!(shop.price(1), 701);
/// assert_eq!(shop.peek_price(1), Some(701));
/// shop.invalidate_price(1)?;
/// CACHE.clean(["shop:7"])?;
/// Shop::clear_price()?;
/// # Ok::<(), hermes::Error>(())
/// ```
///
/// **The receiver is not part of the key.** Two shops with the same `article` would share one entry, were it not for
/// `key`, which names the shop.
///
/// # Traits
///
/// An `impl Trait for Type` works, too. Its siblings go to an `impl Type` beside it, so the type must be one of this
/// crate; they are `pub`. Where the trait has parameters that the type does not have, the siblings have them.
///
/// ```
/// # use std::sync::LazyLock;
/// # use hermes::{Cache, cached_methods};
/// # static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());
/// trait Greet {
///     fn greet(&self, name: &str) -> String;
/// }
///
/// struct Polite;
///
/// #[cached_methods(CACHE)]
/// impl Greet for Polite {
///     #[cached]
///     fn greet(&self, name: &str) -> String {
///         format!("Good morning, {name}.")
///     }
/// }
///
/// assert_eq!(Polite.greet("Ada"), "Good morning, Ada.");
/// assert!(Polite.peek_greet("Ada").is_some());
/// ```
///
/// # Errors
///
/// Those of [`macro@cached`]; and two methods of one `impl` that have the same `name` and `version`.
#[proc_macro_attribute]
pub fn cached_methods(args: TokenStream, item: TokenStream) -> TokenStream {
    methods::cached_methods(args.into(), item.into()).into()
}
