//! The same load on three servers: without a cache, with one, and with one while prices change.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    Failure,
    client::Client,
    shop::{BOOKS, GENRES, Shop},
};

/// So many connections ask at once, each one request after the other.
const CONNECTIONS: u64 = 32;
/// Every tenth request is for a book, the others for the page of a genre.
const BOOK_EVERY: u64 = 10;
/// Most requests for books are for these.
const POPULAR: u64 = 200;

/// Runs the three phases, and prints what they showed.
#[tokio::main]
pub(crate) async fn show(phase: Duration) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("shop.sqlite");
    Shop::create(&database)?;
    println!(
        "{CONNECTIONS} connections, {} s each; nine of ten requests are for a page of twenty books out of {BOOKS}\n",
        phase.as_secs_f64()
    );
    println!("{:34}{:>12}{:>10}{:>10}{:>14}", "", "requests/s", "p50 ms", "p99 ms", "computations");
    for (title, cache, writes) in [
        ("without a cache", "noop://", false),
        ("with one", "memory://", false),
        ("with one, while prices change", "memory://", true),
    ] {
        let server = Server::start(cache, &database)?;
        let seen = run(&server.address, phase, writes).await?;
        println!(
            "{title:34}{:>12.0}{:>10.2}{:>10.2}{:>14}",
            seen.latencies.len() as f64 / phase.as_secs_f64(),
            seen.percentile(50),
            seen.percentile(99),
            seen.computations,
        );
        if writes {
            println!(
                "\n{} prices were changed; of {} pages that show them, {} were old",
                seen.changes, seen.looks, seen.stale
            );
            if seen.stale > 0 {
                return Err("a page was older than its invalidation".into());
            }
        }
    }
    println!("\n`web serve` is there to look at");
    Ok(())
}

/// What a phase showed.
#[derive(Default)]
struct Seen {
    /// In order.
    latencies: Vec<Duration>,
    computations: u64,
    changes: u64,
    /// Pages that show the price which changes.
    looks: u64,
    /// Those of them whose price was older than the last change that was answered before they were asked for.
    stale: u64,
}

impl Seen {
    fn percentile(&self, percent: usize) -> f64 {
        let place = self.latencies.len() * percent / 100;
        self.latencies.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

async fn run(address: &str, phase: Duration, writes: bool) -> Result<Seen, Failure> {
    let end = Instant::now() + phase;
    let price = Arc::new(Price::of_the_best(address).await?);
    let mut readers = JoinSet::new();
    for number in 0..CONNECTIONS {
        readers.spawn(read(address.to_owned(), number, Arc::clone(&price), end));
    }
    let mut seen = if writes { change(address, &price, end).await? } else { Seen::default() };
    while let Some(read) = readers.join_next().await {
        let Seen { latencies, looks, stale, .. } = read??;
        seen.latencies.extend(latencies);
        seen.looks += looks;
        seen.stale += stale;
    }
    seen.latencies.sort_unstable();
    seen.computations = Client::connect(address).await?.get("/computations").await?.parse()?;
    Ok(seen)
}

/// Asks until the end.
async fn read(address: String, number: u64, price: Arc<Price>, end: Instant) -> Result<Seen, Failure> {
    let mut client = Client::connect(&address).await?;
    let mut seen = Seen::default();
    for count in number * 7.. {
        let begin = Instant::now();
        if begin >= end {
            break;
        }
        let known = price.known();
        let path = match (count % BOOK_EVERY, GENRES[(count % GENRES.len() as u64) as usize]) {
            (0, _) => format!("/books/{}", count % POPULAR),
            (_, genre) => format!("/genres/{genre}"),
        };
        let page = client.get(&path).await?;
        seen.latencies.push(begin.elapsed());
        seen.look(&price, &page, known);
    }
    Ok(seen)
}

/// Changes the price again and again, and looks at both pages that show it.
async fn change(address: &str, price: &Price, end: Instant) -> Result<Seen, Failure> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut client = Client::connect(address).await?;
    let mut seen = Seen::default();
    while Instant::now() < end {
        seen.changes += 1;
        let cents = 100_000 + seen.changes;
        client.post(&format!("/books/{}/price/{cents}", price.book)).await?;
        price.is_at_least(cents);
        for path in [format!("/books/{}", price.book), format!("/genres/{}", GENRES[0])] {
            let page = client.get(&path).await?;
            seen.look(price, &page, cents);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(seen)
}

impl Seen {
    /// Looks at the price on a page that was asked for when the price `known` had been answered.
    fn look(&mut self, price: &Price, page: &str, known: u64) {
        if let Some(cents) = price.on(page) {
            self.looks += 1;
            self.stale += u64::from(cents < known);
        }
    }
}

/// The price that changes, of one book. It only rises.
struct Price {
    book: String,
    cents: AtomicU64,
}

impl Price {
    /// Of the book that stands first on the page of the first genre.
    async fn of_the_best(address: &str) -> Result<Self, Failure> {
        let page = Client::connect(address).await?.get(&format!("/genres/{}", GENRES[0])).await?;
        let book = page.split("/books/").nth(1).and_then(|rest| rest.split('>').next());
        Ok(Self { book: book.ok_or("a page without books")?.to_owned(), cents: AtomicU64::new(0) })
    }

    /// The server has answered that it is this much.
    fn is_at_least(&self, cents: u64) {
        self.cents.store(cents, Ordering::Release);
    }

    /// What the server has answered last.
    fn known(&self) -> u64 {
        self.cents.load(Ordering::Acquire)
    }

    /// What a page says that it is: that of the genre, or that of the book.
    fn on(&self, page: &str) -> Option<u64> {
        let of_genre = || page.split_once(&format!("/books/{}>", self.book))?.1.split_once("<td>");
        let of_book = || page.strip_prefix(&format!("{{\"id\":{},", self.book))?.split_once("\"cents\":");
        let (_, price) = of_book().or_else(of_genre)?;
        price.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    }
}

/// The shop in a process of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(cache: &str, database: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(env::current_exe()?)
            .args(["serve", "--child", "--port", "0", "--cache", cache, "--database"])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line)?;
        let address = line.trim().strip_prefix("http://").ok_or("the server did not start")?.to_owned();
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
