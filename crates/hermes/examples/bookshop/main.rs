//! A bookshop over SQLite whose pages are cached: what a cold call, a hit, and a call after a clean cost, and that
//! no page is stale after a write.
//!
//! ```text
//! cargo run --release --example bookshop
//! cargo run --release --example bookshop -- --cache 'memory://?capacity=500'
//! cargo run --release --example bookshop -- --cache noop://
//! ```
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]
#![allow(clippy::disallowed_methods, reason = "this one measures real time")]

mod data;
mod queries;
mod report;

use std::{
    env,
    error::Error,
    sync::OnceLock,
    time::{Duration, Instant},
};

use hermes::Cache;
use rusqlite::Connection;

use crate::{
    data::Dice,
    queries::{GENRES, add_review, author_page, best_rated, book_page, rename_author},
    report::{Row, grouped, heading, line, stars, table, took},
};

type Failure = Box<dyn Error>;

static CACHE: OnceLock<Cache> = OnceLock::new();

/// The cache, configured at run time.
fn cache() -> &'static Cache {
    CACHE.get().expect("main builds it first")
}

/// An author and one of the author's books: what a page's address says.
type Address = (u64, u64);

fn main() -> Result<(), Failure> {
    let url = cache_url()?;
    CACHE.get_or_init(|| cache_or_exit(&url));

    let start = Instant::now();
    let mut connection = Connection::open_in_memory()?;
    let rows = data::fill(&mut connection)?;
    data::count_queries(&connection);
    let db = &connection;
    heading("A bookshop");
    line("rows in SQLite", &format!("{} (filled in {})", grouped(rows), took(start.elapsed())));
    line("cache", &url);

    let addresses = queries::addresses(db, 1_000)?;
    costs(db, &addresses)?;
    a_review(db, addresses[17])?;
    a_new_name(db, addresses[42])?;
    visitors(db, &addresses)
}

fn cache_url() -> Result<String, Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok("memory://".into()),
        ["--cache", url] => Ok(url.into()),
        _ => Err("usage: bookshop [--cache <url>]".into()),
    }
}
