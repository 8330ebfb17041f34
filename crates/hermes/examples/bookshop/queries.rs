//! What the shop asks its database, cached, and what it writes, with the clean that each write calls for.
//! Leaves rows to `data` and numbers to `main`.

use hermes::cached;
use rusqlite::{Connection, Result, params};
use serde::{Deserialize, Serialize};

use crate::{Failure, cache};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BookPage {
    pub(crate) title: String,
    pub(crate) author: String,
    pub(crate) stars: f64,
    pub(crate) reviews: u64,
    pub(crate) latest: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuthorPage {
    pub(crate) name: String,
    /// Title and stars.
    pub(crate) books: Vec<(String, f64)>,
}

/// One book of one author.
#[cached(cache(), skip = [db], tags = ["author:{author_id}", "book:{id}"], ttl = "20m")]
pub(crate) fn book_page(db: &Connection, author_id: u64, id: u64) -> Result<BookPage> {
    let mut book = db.prepare_cached(
        "SELECT title, name, coalesce(avg(stars), 0), count(stars)
         FROM books JOIN authors ON authors.id = author_id LEFT JOIN reviews ON book_id = books.id
         WHERE books.id = ? AND author_id = ?",
    )?;
    let mut latest =
        db.prepare_cached("SELECT body FROM reviews WHERE book_id = ? ORDER BY id DESC LIMIT 3")?;
    let latest = latest.query_map([id], |row| row.get(0))?.collect::<Result<_>>()?;
    book.query_row([id, author_id], |row| {
        let (title, author) = (row.get(0)?, row.get(1)?);
        Ok(BookPage { title, author, stars: row.get(2)?, reviews: row.get(3)?, latest })
    })
}

/// All books of an author.
#[cached(cache(), skip = [db], tags = ["author:{id}", "books-of:{id}"], ttl = "20m")]
pub(crate) fn author_page(db: &Connection, id: u64) -> Result<AuthorPage> {
    let mut author = db.prepare_cached("SELECT name FROM authors WHERE id = ?")?;
    let mut books = db.prepare_cached(
        "SELECT title, coalesce(avg(stars), 0) FROM books LEFT JOIN reviews ON book_id = books.id
         WHERE author_id = ? GROUP BY books.id ORDER BY title",
    )?;
    let books = books.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_>>()?;
    Ok(AuthorPage { name: author.query_row([id], |row| row.get(0))?, books })
}

/// The ten books of a genre that readers like best.
#[cached(cache(), skip = [db], tags = ["ratings"], ttl = "1m")]
pub(crate) fn best_rated(db: &Connection, genre: &str) -> Result<Vec<(String, f64)>> {
    let mut best = db.prepare_cached(
        "SELECT title, avg(stars) FROM books JOIN reviews ON book_id = books.id
         WHERE genre = ? GROUP BY books.id HAVING count(*) >= 3 ORDER BY avg(stars) DESC, title LIMIT 10",
    )?;
    best.query_map([genre], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Writes a review. It shows on the book's page, on the author's, and in the lists of the best.
pub(crate) fn add_review(
    db: &Connection,
    author_id: u64,
    book_id: u64,
    stars: u64,
    body: &str,
) -> std::result::Result<(), Failure> {
    db.execute("INSERT INTO reviews (book_id, stars, body) VALUES (?, ?, ?)", params![book_id, stars, body])?;
    cache().clean([format!("book:{book_id}"), format!("books-of:{author_id}"), "ratings".into()])?;
    Ok(())
}

/// Writes a name. It shows on the author's page and on the page of each of the author's books.
pub(crate) fn rename_author(db: &Connection, id: u64, name: &str) -> std::result::Result<(), Failure> {
    db.execute("UPDATE authors SET name = ? WHERE id = ?", params![name, id])?;
    cache().clean([format!("author:{id}")])?;
    Ok(())
}

/// The books of the first authors. Not cached.
pub(crate) fn addresses(db: &Connection, limit: u64) -> Result<Vec<(u64, u64)>> {
    let mut books = db.prepare("SELECT author_id, id FROM books ORDER BY author_id, id LIMIT ?")?;
    books.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
