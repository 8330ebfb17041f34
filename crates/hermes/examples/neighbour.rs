//! Shows a service that shares its entries and tags with one written in Python, or with another of these. It reads what to do
//! from its standard input, a line each: `price apple`, `clean price:apple`.
//!
//! ```text
//! cargo run --example neighbour --features redis,json -- 'redis://localhost?codec=json'
//! ```
//!
//! The same in Python, on the same entries:
//!
//! ```python
//! cache = hermes.Hermes(hermes.backend.redis.Backend, host="localhost", serialiser="json")
//!
//! @cache(tags=("prices", "price:{fruit}"), key=lambda fn, fruit: f"price:{fruit}")
//! def price(fruit):
//!     return {"fruit": fruit, "cents": 20, "quoted_by": "Python"}
//! ```
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]

use std::{env, error::Error, io};

use hermes::Cache;
use serde::{Deserialize, Serialize};

/// What both languages read: a map with these fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Price {
    fruit: String,
    cents: u64,
    quoted_by: String,
}

/// Asks whoever sells it, say.
fn quote(fruit: &str) -> Price {
    Price { fruit: fruit.to_owned(), cents: 10, quoted_by: "Rust".to_owned() }
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).unwrap_or_else(|| "memory://".to_owned());
    let cache = Cache::from_url(&url)?;
    for line in io::stdin().lines() {
        match line?.split_once(' ') {
            Some(("price", fruit)) => {
                let entry = cache.entry(format!("price:{fruit}")).tags(["prices", &format!("price:{fruit}")]);
                let Price { fruit, cents, quoted_by } = entry.get_or_compute(|| quote(fruit));
                println!("{fruit}: {cents} cents, says {quoted_by}");
            }
            Some(("clean", tag)) => {
                cache.clean([tag])?;
                println!("cleaned {tag}");
            }
            _ => println!("either `price` and a fruit, or `clean` and a tag"),
        }
    }
    Ok(())
}
