//! Shows a service whose cache is watched: what each cached function did, on a page for Prometheus.
//!
//! ```text
//! cargo run --example observed --features metrics -- 3000
//! curl localhost:3000/books/7 localhost:3000/books/7 localhost:3000/metrics
//! ```
//!
//! Without a port it asks itself for some books, and prints the page.
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]

use std::{env, error::Error, io, sync::LazyLock, time::Duration};

use axum::{Router, extract::Path, routing::get};
use hermes::{Cache, cached};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time,
};

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().url("memory://").namespace("shop").build().expect("a good URL"));

/// Asks a database, say.
#[cached(CACHE, tags = ["book:{id}"])]
async fn title(id: u64) -> String {
    format!("The book of the number {id}")
}

/// Installs the recorder, which has to be there before the first cached call: a function finds its series when it first
/// uses its cache. It keeps each time that it is told until somebody asks for the page, or for its upkeep.
fn watch() -> Result<PrometheusHandle, Box<dyn Error>> {
    let seconds = [0.001, 0.01, 0.1, 1.0, 10.0];
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &seconds)?;
    let watcher = builder.install_recorder()?;
    let kept = watcher.clone();
    tokio::spawn(async move {
        let mut upkeep = time::interval(Duration::from_secs(5));
        loop {
            upkeep.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(watcher)
}

fn pages(watcher: PrometheusHandle) -> Router {
    Router::new()
        .route("/books/{id}", get(async |Path(id): Path<u64>| title(id).await))
        .route("/metrics", get(async move || watcher.render()))
}

/// What a server at this address answers.
async fn page(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}

/// Serves for some books, and then the page about them.
async fn page_after_some_calls() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(axum::serve(listener, pages(watch()?)).into_future());
    for path in ["/books/7", "/books/7", "/books/8", "/books/7"] {
        page(&address, path).await?;
    }
    Ok(page(&address, "/metrics").await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(port) = env::args().nth(1) else {
        println!("{}", page_after_some_calls().await?);
        return Ok(());
    };
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    println!("http://{}/metrics", listener.local_addr()?);
    Ok(axum::serve(listener, pages(watch()?)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_tells_what_each_function_did() {
        let page = page_after_some_calls().await.unwrap();
        let of_title = r#"{cache="shop",point="observed::title"}"#;
        for (series, value) in [
            ("hermes_hits_total", 2),
            ("hermes_misses_total", 2),
            ("hermes_computations_total", 2),
            ("hermes_waits_total", 0),
            ("hermes_computation_seconds_count", 2),
        ] {
            let line = format!("{series}{of_title} {value}");
            assert!(page.lines().any(|written| written == line), "{line} is not in\n{page}");
        }
        assert!(page.contains("# TYPE hermes_hits_total counter"), "{page}");
    }
}
