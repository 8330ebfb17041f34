//! The shop's pages: what is cached of them, under which tags, and what a change cleans.

use std::{
    fmt::Write as _,
    sync::{Arc, OnceLock},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::Html,
    routing::{get, post},
};
use hermes::{Cache, cached};

use crate::shop::{Book, GENRES, Shop};

static CACHE: OnceLock<Cache> = OnceLock::new();

/// Says which cache the pages use. Once, before the first request.
pub(crate) fn use_cache(cache: Cache) {
    CACHE.set(cache).expect("it is said once");
}

fn cache() -> &'static Cache {
    CACHE.get().expect("main has said which cache to use")
}

/// The page of a genre, as it is sent.
#[cached(cache(), skip = [shop], tags = ["genre:{genre}"], ttl = "10m")]
async fn genre_page(shop: &Arc<Shop>, genre: &str) -> rusqlite::Result<String> {
    let mut page = format!("<!doctype html><title>{genre}</title><h1>{genre}</h1><p>");
    for other in GENRES {
        write!(page, "<a href=/genres/{other}>{other}</a> ").expect("a text takes all");
    }
    page.push_str("</p><table>");
    for Book { id, title, cents, stars, .. } in shop.best_rated(genre).await? {
        let row =
            format_args!("<tr><td><a href=/books/{id}>{title}</a><td>{cents} cents<td>{stars:.2} stars\n");
        page.write_fmt(row).expect("a text takes all");
    }
    page.push_str("</table>");
    Ok(page)
}

#[cached(cache(), skip = [shop], tags = ["book:{id}"], ttl = "10m")]
async fn book(shop: &Arc<Shop>, id: u64) -> rusqlite::Result<Option<Book>> {
    shop.book(id).await
}

/// The shop's addresses.
pub(crate) fn pages(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(|shop: State<Arc<Shop>>| show_genre(shop, Path(GENRES[0].to_owned()))))
        .route("/genres/{genre}", get(show_genre))
        .route("/books/{id}", get(show_book))
        .route("/books/{id}/price/{cents}", post(set_price))
        .route("/computations", get(|| async { cache().stats().computations.to_string() }))
        .with_state(shop)
}

type Refusal = (StatusCode, String);

async fn show_genre(
    State(shop): State<Arc<Shop>>,
    Path(genre): Path<String>,
) -> Result<Html<String>, Refusal> {
    // What anybody may ask for must not fill the cache.
    if !GENRES.contains(&genre.as_str()) {
        return Err((StatusCode::NOT_FOUND, format!("there are only {GENRES:?}")));
    }
    genre_page(&shop, &genre).await.map(Html).map_err(broken)
}

async fn show_book(State(shop): State<Arc<Shop>>, Path(id): Path<u64>) -> Result<Json<Book>, Refusal> {
    let found = book(&shop, id).await.map_err(broken)?;
    found.map(Json).ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no book {id}")))
}

/// Changes the data first, then cleans what was made from them. When this has answered, nobody sees the old price.
async fn set_price(
    State(shop): State<Arc<Shop>>,
    Path((id, cents)): Path<(u64, u64)>,
) -> Result<StatusCode, Refusal> {
    let genre = shop.set_price(id, cents).await.map_err(broken)?;
    let genre = genre.ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no book {id}")))?;
    match cache().clean_async([format!("book:{id}"), format!("genre:{genre}")]).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        // Whoever changed the price has to know, and may try again.
        Err(why) => Err((StatusCode::SERVICE_UNAVAILABLE, format!("changed, but not shown yet: {why}"))),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(why: rusqlite::Error) -> Refusal {
    (StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
}
