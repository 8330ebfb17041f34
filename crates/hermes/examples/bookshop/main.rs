//! A bookshop over SQLite with cached pages: what a cold call, a hit and a call after a clean cost, how many queries
//! reach the database, and that no page is stale after a write.
//!
//! ```text
//! cargo run --release --example bookshop
//! cargo run --release --example bookshop -- --cache 'memory://?capacity=300'
//! cargo run --release --example bookshop -- --cache noop://
//! cargo run --release --features redis --example bookshop -- --cache redis://localhost
//! cargo run --release --features memcached --example bookshop -- --cache memcached://one,two
//! ```
//!
//! With a cache on a server, a second process joins in the end: what one has computed the other need not, and what
//! one cleans is gone for both.
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]
#![allow(clippy::disallowed_methods, reason = "this one measures real time")]

mod branch;
mod data;
mod queries;
mod report;

use std::{env, error::Error, path::Path, process, sync::OnceLock, time::Instant};

use hermes::Cache;
use rusqlite::Connection;

use crate::{
    branch::Branch,
    data::{Dice, GENRES},
    queries::{add_review, author_page, best_rated, book_page, rename_author},
    report::{Row, grouped, heading, line, table, took},
};

type Failure = Box<dyn Error>;

/// An author, and one of the author's books.
type Address = (u64, u64);

/// How many pages of books are shown.
const PAGES: u64 = 1_000;

static CACHE: OnceLock<Cache> = OnceLock::new();

/// The cache, which is configured at run time.
fn cache() -> &'static Cache {
    CACHE.get().expect("main has built it")
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => shop("memory://"),
        ["--cache", url] => shop(url),
        ["--branch", url, namespace, database] => {
            open_cache(url, namespace)?;
            let db = open_database(Path::new(database))?;
            branch::work(&db, &queries::addresses(&db, PAGES)?)
        }
        _ => Err("usage: bookshop [--cache <url>]".into()),
    }
}

fn shop(url: &str) -> Result<(), Failure> {
    // A name of its own for each run: an earlier one's pages are of an earlier one's database.
    let namespace = format!("bookshop-{}", process::id());
    open_cache(url, &namespace)?;

    let start = Instant::now();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bookshop.sqlite");
    let mut db = open_database(&file)?;
    let rows = data::fill(&mut db)?;
    data::count_queries(&mut db)?;
    heading(&format!("A bookshop of {} rows in SQLite, its pages cached in {url}", grouped(rows)));
    line("filled in", &took(start.elapsed()));

    let addresses = queries::addresses(&db, PAGES)?;
    costs(&db, &addresses)?;
    a_review(&db, addresses[21])?;
    a_new_name(&db, addresses[42])?;
    visitors(&db, &addresses)?;
    if !["memory:", "noop:"].iter().any(|alone| url.starts_with(alone)) {
        a_branch(&db, &addresses, Branch::open(url, &namespace, &file)?)?;
    }
    Ok(())
}

fn open_cache(url: &str, namespace: &str) -> Result<(), Failure> {
    let cache = Cache::builder().url(url).namespace(namespace).build()?;
    CACHE.set(cache).map_err(|_| "there is one cache in a process".into())
}

fn open_database(file: &Path) -> Result<Connection, Failure> {
    let db = Connection::open(file)?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 10000;")?;
    Ok(db)
}

fn costs(db: &Connection, addresses: &[Address]) -> Result<(), Failure> {
    heading("What one call costs, and the queries behind all calls: cold + hits + after a clean");
    let books = |n: usize| book_page(db, addresses[n].0, addresses[n].1);
    let book_tags = addresses.iter().map(|(_, book)| format!("book:{book}"));
    let authors = |n: usize| author_page(db, 1 + n as u64);
    let author_tags = (1..=1_000).map(|author| format!("books-of:{author}"));
    table(&[
        Row::measure("book_page", addresses.len(), books, || cache().clean(book_tags))?,
        Row::measure("author_page", 1_000, authors, || cache().clean(author_tags))?,
        Row::measure(
            "best_rated",
            GENRES.len(),
            |n| best_rated(db, GENRES[n]),
            || cache().clean(["ratings"]),
        )?,
    ]);
    Ok(())
}

/// A write that cleans the tag of one book.
fn a_review(db: &Connection, (author, book): Address) -> Result<(), Failure> {
    let before = book_page(db, author, book)?;
    heading(&format!("A new review of \"{}\"", before.title));
    line("the page before", &format!("{:.2} stars, {} reviews", before.stars, before.reviews));

    add_review(db, author, book, 5, "Could not put it down.")?;

    let after = book_page(db, author, book)?;
    line("the page after", &format!("{:.2} stars, {} reviews", after.stars, after.reviews));
    assert_eq!(after.reviews, before.reviews + 1);
    assert_eq!(after, book_page::uncached(db, author, book)?);
    assert_eq!(author_page(db, author)?, author_page::uncached(db, author)?);
    line("fresh", "yes: what the cache says is what the database says");
    Ok(())
}

/// A write that cleans the tag of an author, and so the author's page and those of all the books.
fn a_new_name(db: &Connection, (author, book): Address) -> Result<(), Failure> {
    author_page(db, author)?;
    let before = book_page(db, author, book)?.author;
    heading(&format!("{before} takes another name"));
    let held = cache().dump()?.len();

    rename_author(db, author, "Sidonie-Gabrielle Colette")?;

    let dropped = held - cache().dump()?.len();
    line("pages dropped by one clean", &format!("{dropped} of {}", grouped(held as u64)));
    let names = (book_page(db, author, book)?.author, author_page(db, author)?.name);
    line("on the book's page, on the author's", &format!("{}, {}", names.0, names.1));
    assert_eq!(names, (names.1.clone(), "Sidonie-Gabrielle Colette".to_owned()));
    Ok(())
}

/// A second process with the same cache and the same database.
fn a_branch(db: &Connection, addresses: &[Address], mut branch: Branch) -> Result<(), Failure> {
    heading("A branch, in a process of its own");
    cache().clean_all()?;
    branch.order("show")?;
    let here = branch::show_all(db, addresses)?;
    let there: u64 = branch.answer()?.parse()?;
    line("cold pages that both showed at once", &grouped(addresses.len() as u64));
    line("computed", &format!("{here} here, {there} there, {} in all", here + there));
    assert_eq!(here + there, addresses.len() as u64, "no page is computed twice");

    let (author, _) = addresses[84];
    let before = author_page(db, author)?.name;
    branch.order(&format!("{author} Karen Blixen"))?;
    branch.answer()?;
    let here = author_page(db, author)?.name;
    line("the branch gives an author a new name", &format!("{before} is {here} here"));
    assert_eq!(here, "Karen Blixen");

    rename_author(db, author, "Isak Dinesen")?;
    branch.order(&format!("author {author}"))?;
    let there = branch.answer()?;
    line("and the shop another", &format!("{here} is {there} there"));
    assert_eq!(there, "Isak Dinesen");
    branch.close()
}

/// Many visits, most of them to a few pages, while reviews are written.
fn visitors(db: &Connection, addresses: &[Address]) -> Result<(), Failure> {
    const VISITS: u64 = 20_000;
    heading("A day: most visits are to a few pages, and every hundredth leaves a review");
    let mut dice = Dice::new();
    let (start, before, stats) = (Instant::now(), data::queries(), cache().stats());
    for visit in 1..=VISITS {
        let popular = dice.roll(addresses.len() as u64) * dice.roll(addresses.len() as u64);
        let (author, book) = addresses[popular as usize / addresses.len()];
        match dice.roll(100) {
            0 => drop(best_rated(db, GENRES[dice.roll(GENRES.len() as u64) as usize])?),
            1..40 => drop(author_page(db, author)?),
            _ => drop(book_page(db, author, book)?),
        }
        if visit.is_multiple_of(100) {
            add_review(db, author, book, 1 + dice.roll(5), "Written on the train.")?;
        }
    }
    let hits = cache().stats().hits - stats.hits;
    line("visits", &grouped(VISITS));
    line("answered from the cache", &format!("{} ({}%)", grouped(hits), hits * 100 / VISITS));
    line("queries that reached the database", &grouped(data::queries() - before));
    line("took", &took(start.elapsed()));

    let stale = addresses.iter().filter(|(author, book)| {
        book_page(db, *author, *book).ok() != book_page::uncached(db, *author, *book).ok()
    });
    line("stale pages among all in the end", &stale.count().to_string());
    Ok(())
}
