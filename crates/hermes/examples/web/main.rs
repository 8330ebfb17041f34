//! A small web shop (axum, SQLite) whose pages are cached, and a load that shows what that is worth: the same requests without
//! a cache, with one, and with one while a writer changes prices and cleans their tags.
//!
//! ```text
//! cargo run --release --example web                              # the load, three times two seconds
//! cargo run --release --example web -- serve                     # to look at: http://127.0.0.1:3000
//! cargo run --release --features redis --example web -- serve --cache redis://localhost --port 3001
//! ```
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]
#![allow(clippy::disallowed_methods, reason = "this one measures real time")]

mod client;
mod load;
mod pages;
mod shop;

use std::{
    env,
    error::Error,
    io::{self, Read},
    path::PathBuf,
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use hermes::Cache;
use tokio::net::TcpListener;

use crate::{pages::pages, shop::Shop};

type Failure = Box<dyn Error + Send + Sync>;

const USAGE: &str =
    "usage: web [--seconds <a phase>], or web serve [--cache <url>] [--port <number>] [--database <file>]";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => serve(&Options::read(&arguments[1..])?),
        _ => load::show(Options::read(&arguments)?.phase),
    }
}

/// What was said on the command line.
struct Options {
    cache: String,
    port: u16,
    database: Option<PathBuf>,
    phase: Duration,
    /// Whether to end when standard input does, as it does when the parent process ends.
    is_child: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            cache: "memory://".to_owned(),
            port: 3000,
            database: None,
            phase: Duration::from_secs(2),
            is_child: false,
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            if name == "--child" {
                options.is_child = true;
                continue;
            }
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--cache" => options.cache.clone_from(value),
                "--port" => options.port = value.parse()?,
                "--database" => options.database = Some(value.into()),
                "--seconds" => options.phase = Duration::from_secs(value.parse()?),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

#[tokio::main]
async fn serve(options: &Options) -> Result<(), Failure> {
    pages::use_cache(Cache::builder().url(&options.cache).namespace("web").build()?);
    let folder = tempfile::tempdir()?;
    let shop = match &options.database {
        Some(file) => Shop::open(file)?,
        None => {
            let file = folder.path().join("shop.sqlite");
            Shop::create(&file)?;
            Shop::open(&file)?
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("http://{}", listener.local_addr()?);
    if options.is_child {
        thread::spawn(|| {
            drop(io::stdin().read_to_end(&mut Vec::new()));
            process::exit(0);
        });
    }
    axum::serve(listener, pages(Arc::new(shop))).await?;
    Ok(())
}
