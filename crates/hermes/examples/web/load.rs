//! The same load on three servers: without a cache, with one, and with one while prices change.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
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
            println!("\n{} prices were changed; looked at afterwards, {} were old", seen.changes, seen.stale);
            if seen.stale > 0 {
                return Err("a page was older than its invalidation".into());
            }
        }
    }
    println!("\n`web serve` is there to look at");
    Ok(())
}

/// What a phase showed.
struct Seen {
    /// In order.
    latencies: Vec<Duration>,
    computations: u64,
    changes: u64,
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
    let mut readers = JoinSet::new();
    for number in 0..CONNECTIONS {
        readers.spawn(read(address.to_owned(), number, end));
    }
    let (changes, stale) = if writes { change(address, end).await? } else { (0, 0) };
    let mut latencies = Vec::new();
    while let Some(read) = readers.join_next().await {
        latencies.extend(read??);
    }
    latencies.sort_unstable();
    let computations = Client::connect(address).await?.get("/computations").await?.parse()?;
    Ok(Seen { latencies, computations, changes, stale })
}

/// Asks until the end. Returns how long each answer took.
async fn read(address: String, number: u64, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut client = Client::connect(&address).await?;
    let mut latencies = Vec::new();
    for count in number * 7.. {
        let begin = Instant::now();
        if begin >= end {
            break;
        }
        if count % BOOK_EVERY == 0 {
            client.get(&format!("/books/{}", count % POPULAR)).await?;
        } else {
            client.get(&format!("/genres/{}", GENRES[(count % GENRES.len() as u64) as usize])).await?;
        }
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

/// Changes one price after the other, and looks at both pages that show it.
/// Returns how many it changed, and how many of the pages were old.
async fn change(address: &str, end: Instant) -> Result<(u64, u64), Failure> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut client = Client::connect(address).await?;
    let best = client.get(&format!("/genres/{}", GENRES[0])).await?;
    let id =
        best.split("/books/").nth(1).and_then(|rest| rest.split('>').next()).ok_or("a page without books")?;
    let (mut changes, mut stale) = (0, 0);
    while Instant::now() < end {
        changes += 1;
        let cents = 100_000 + changes;
        client.post(&format!("/books/{id}/price/{cents}")).await?;
        for page in [format!("/books/{id}"), format!("/genres/{}", GENRES[0])] {
            let is_new = client.get(&page).await?.contains(&cents.to_string());
            stale += u64::from(!is_new);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok((changes, stale))
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
