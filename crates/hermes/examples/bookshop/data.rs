//! The shop's rows, the same in every run, and a count of the queries that reach the database.
//! Knows nothing of the cache.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rusqlite::{
    Connection, params,
    trace::{TraceEvent, TraceEventCodes},
};

const AUTHORS: u64 = 2_000;
const BOOKS: u64 = 20_000;
const REVIEWS: u64 = 60_000;

pub(crate) const GENRES: [&str; 8] =
    ["Crime", "Essays", "Fantasy", "History", "Poetry", "Romance", "Science", "Travel"];

const FIRST_NAMES: [&str; 10] =
    ["Ada", "Chinua", "Clarice", "Haruki", "Italo", "Jorge", "Olga", "Toni", "Ursula", "Wole"];
const LAST_NAMES: [&str; 12] = [
    "Abara",
    "Bianchi",
    "Castro",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Horvat",
    "Ito",
    "Jansen",
    "Kowalska",
    "Lindqvist",
];
const ADJECTIVES: [&str; 10] =
    ["Silent", "Crimson", "Forgotten", "Little", "Last", "Golden", "Hollow", "Northern", "Patient", "Wild"];
const NOUNS: [&str; 12] = [
    "Garden",
    "River",
    "Library",
    "Letter",
    "Winter",
    "Machine",
    "Island",
    "Orchard",
    "Mirror",
    "Voyage",
    "House",
    "Cartographer",
];

/// Creates the tables and fills them. Returns the number of rows.
pub(crate) fn fill(connection: &mut Connection) -> rusqlite::Result<u64> {
    connection.execute_batch(
        "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE books (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title TEXT NOT NULL,
                             genre TEXT NOT NULL, price_cents INTEGER NOT NULL);
         CREATE TABLE reviews (id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL, stars INTEGER NOT NULL,
                               body TEXT NOT NULL);
         CREATE INDEX books_by_author ON books (author_id);
         CREATE INDEX books_by_genre ON books (genre);
         CREATE INDEX reviews_by_book ON reviews (book_id);",
    )?;
    let mut dice = Dice::new();
    let transaction = connection.transaction()?;
    {
        let mut author = transaction.prepare("INSERT INTO authors VALUES (?, ?)")?;
        for id in 1..=AUTHORS {
            author.execute(params![id, format!("{} {}", dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES))])?;
        }
        let mut book = transaction.prepare("INSERT INTO books VALUES (?, ?, ?, ?, ?)")?;
        for id in 1..=BOOKS {
            let title = format!("The {} {}", dice.pick(&ADJECTIVES), dice.pick(&NOUNS));
            let (author_id, genre) = (1 + dice.roll(AUTHORS), dice.pick(&GENRES));
            book.execute(params![id, author_id, title, genre, 499 + 100 * dice.roll(30)])?;
        }
        let mut review = transaction.prepare("INSERT INTO reviews VALUES (?, ?, ?, ?)")?;
        for id in 1..=REVIEWS {
            let body = format!("As {} as its title.", dice.pick(&ADJECTIVES).to_lowercase());
            review.execute(params![id, 1 + dice.roll(BOOKS), 1 + dice.roll(5), body])?;
        }
    }
    transaction.commit()?;
    Ok(AUTHORS + BOOKS + REVIEWS)
}

static QUERIES: AtomicU64 = AtomicU64::new(0);

/// Lets SQLite itself count the statements that it starts from now on.
pub(crate) fn count_queries(connection: &mut Connection) -> rusqlite::Result<()> {
    let count = |_: TraceEvent<'_>| {
        QUERIES.fetch_add(1, Relaxed);
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(count))
}

/// How many statements have reached the database.
pub(crate) fn queries() -> u64 {
    QUERIES.load(Relaxed)
}

/// Chance that is the same in every run (xorshift64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len() as u64) as usize]
    }
}
