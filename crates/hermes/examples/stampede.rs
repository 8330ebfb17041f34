//! Shows a stampede that does no harm: 200 threads and 200 tasks ask for one cold entry at the same time. One of
//! them computes it; the others sleep until it is there.
//!
//! ```text
//! cargo run --release --example stampede
//! ```
#![allow(clippy::print_stdout, reason = "an example prints what it shows")]
#![allow(clippy::disallowed_methods, reason = "this one measures and waits in real time")]

use std::{
    error::Error,
    sync::{Arc, Barrier, Mutex},
    thread,
    time::{Duration, Instant},
};

use hermes::Cache;
use tokio::{sync::Barrier as TaskBarrier, task::spawn_blocking};

const THREADS: usize = 200;
const TASKS: usize = 200;

/// The end of each computation.
static COMPUTED: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// What everybody wants.
fn slow_report() -> String {
    thread::sleep(Duration::from_millis(300));
    COMPUTED.lock().expect("nobody panics").push(Instant::now());
    "the report".to_owned()
}

/// The same for a task, which must not block its worker.
async fn slow_report_elsewhere() -> String {
    spawn_blocking(slow_report).await.expect("nobody panics")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = Cache::from_url("memory://")?;
    let gate = Arc::new(Barrier::new(THREADS + 1));
    let task_gate = Arc::new(TaskBarrier::new(TASKS + 1));

    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (cache, gate) = (cache.clone(), Arc::clone(&gate));
            thread::spawn(move || {
                gate.wait();
                let asked = Instant::now();
                let report = cache.entry("report").get_or_compute(slow_report);
                (asked, Instant::now(), report)
            })
        })
        .collect();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (cache, gate) = (cache.clone(), Arc::clone(&task_gate));
            tokio::spawn(async move {
                gate.wait().await;
                let asked = Instant::now();
                let report = cache.entry("report").get_or_compute_async(slow_report_elsewhere).await;
                (asked, Instant::now(), report)
            })
        })
        .collect();

    gate.wait();
    task_gate.wait().await;

    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await?);
    }
    for thread in threads {
        answers.push(thread.join().expect("nobody panics"));
    }

    let computed = COMPUTED.lock().expect("nobody panics").clone();
    let first_ask = answers.iter().map(|(asked, ..)| *asked).min().expect("many asked");
    let last_ask = answers.iter().map(|(asked, ..)| *asked).max().expect("many asked");
    let last_answer = answers.iter().map(|(_, answered, _)| *answered).max().expect("many asked");
    let done = computed[0];
    assert!(answers.iter().all(|(.., report)| report == "the report"));

    println!(
        "{THREADS} threads and {TASKS} tasks asked for one cold entry, all within {}.",
        ms(last_ask - first_ask)
    );
    println!();
    println!("  computations            {:>10}", computed.len());
    println!("  answers                 {:>10}", answers.len());
    println!("  the computation ended   {:>10}  after the first had asked", ms(done - first_ask));
    println!("  the last had its answer {:>10}  after that", ms(last_answer - done));
    Ok(())
}

fn ms(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1000.0)
}
