//! The shop's data in SQLite, and the questions that pages ask of it.
//! Knows nothing of caches.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

pub(crate) const GENRES: [&str; 8] =
    ["crime", "essays", "fantasy", "history", "poetry", "romance", "science", "travel"];
pub(crate) const BOOKS: u64 = 20_000;
const REVIEWS: u64 = 80_000;

/// A book as pages show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) genre: String,
    pub(crate) cents: u64,
    /// Of five.
    pub(crate) stars: f64,
}

/// The database: a connection for whoever asks.
pub(crate) struct Shop {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Shop {
    /// Writes the tables, the same each time.
    pub(crate) fn create(file: &Path) -> Result<()> {
        let mut connection = connect(file)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, genre TEXT NOT NULL, cents INTEGER NOT NULL);
             CREATE TABLE reviews (book INTEGER NOT NULL, stars INTEGER NOT NULL);
             CREATE INDEX books_by_genre ON books (genre);
             CREATE INDEX reviews_by_book ON reviews (book);",
        )?;
        let filling = connection.transaction()?;
        {
            let mut add = filling.prepare("INSERT INTO books VALUES (?, ?, ?, ?)")?;
            for id in 0..BOOKS {
                let genre = GENRES[(id % GENRES.len() as u64) as usize];
                add.execute(params![id, format!("{genre} no. {id}"), genre, 500 + id % 3_000])?;
            }
            let mut review = filling.prepare("INSERT INTO reviews VALUES (?, ?)")?;
            for number in 0..REVIEWS {
                // Scattered, but the same in each run.
                let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                review.execute(params![scattered % BOOKS, 1 + (scattered >> 8) % 5])?;
            }
        }
        filling.commit()
    }

    pub(crate) fn open(file: &Path) -> Result<Self> {
        Ok(Self { file: file.to_owned(), idle: Mutex::new(vec![connect(file)?]) })
    }

    /// The twenty books of a genre that readers like best.
    pub(crate) async fn best_rated(self: &Arc<Self>, genre: &str) -> Result<Vec<Book>> {
        let genre = genre.to_owned();
        self.ask(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, title, genre, cents, avg(stars) FROM books JOIN reviews ON book = id
                 WHERE genre = ? GROUP BY id ORDER BY avg(stars) DESC, count(*) DESC, id LIMIT 20",
            )?;
            query.query_map([genre], read_book)?.collect()
        })
        .await
    }

    pub(crate) async fn book(self: &Arc<Self>, id: u64) -> Result<Option<Book>> {
        self.ask(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT id, title, genre, cents, coalesce((SELECT avg(stars) FROM reviews WHERE book = id), 0)
                 FROM books WHERE id = ?",
            )?;
            query.query_row([id], read_book).optional()
        })
        .await
    }

    /// Changes a price. Returns the book's genre, if there is such a book.
    pub(crate) async fn set_price(self: &Arc<Self>, id: u64, cents: u64) -> Result<Option<String>> {
        self.ask(move |connection| {
            let mut change =
                connection.prepare_cached("UPDATE books SET cents = ? WHERE id = ? RETURNING genre")?;
            change.query_row([cents, id], |row| row.get(0)).optional()
        })
        .await
    }

    async fn ask<T, Q>(self: &Arc<Self>, question: Q) -> Result<T>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let shop = Arc::clone(self);
        let asked = spawn_blocking(move || {
            let idle = shop.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| connect(&shop.file), Ok)?;
            let answer = question(&connection);
            shop.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            answer
        });
        asked.await.expect("questions do not panic")
    }
}

fn connect(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

fn read_book(row: &rusqlite::Row<'_>) -> Result<Book> {
    Ok(Book {
        id: row.get(0)?,
        title: row.get(1)?,
        genre: row.get(2)?,
        cents: row.get(3)?,
        stars: row.get(4)?,
    })
}
