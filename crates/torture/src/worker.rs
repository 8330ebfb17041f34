//! One process of a run: builds the cache, lets threads and tasks loose on it, and ends when it is told to.
//! What each of them does is `actor`'s affair.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use hermes::{Cache, Error};
use serde::{Deserialize, Serialize};

use crate::{
    actor::{Actor, Common},
    clock::{Dice, StrayClock, pass},
    database::Database,
    deed::Pace,
    log::Log,
    planted::{Bug, Planted},
    subject,
    witness::Witness,
};

/// All that a worker has to be told: the one argument of its command line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) number: u32,
    pub(crate) seed: u64,
    /// Where the cache keeps its entries.
    pub(crate) url: String,
    pub(crate) namespace: String,
    pub(crate) ttl: Duration,
    pub(crate) lease: Duration,
    pub(crate) database: SocketAddr,
    pub(crate) log: PathBuf,
    pub(crate) threads: u32,
    pub(crate) tasks: u32,
    pub(crate) pace: Pace,
    pub(crate) longest_work: Duration,
    pub(crate) longest_rest: Duration,
    /// Whether its clock is wrong, and steps.
    pub(crate) stray_clock: bool,
    pub(crate) bug: Option<Bug>,
}

/// Works until standard input ends, which it also does when whoever started it is gone.
///
/// # Errors
/// Where the cache cannot be built.
pub(crate) fn work(plan: &Plan) -> Result<(), Error> {
    let mut dice = Dice::new(plan.seed ^ u64::from(plan.number) << 32);
    let log = Arc::new(Log::create(&plan.log, plan.number));
    let clock = plan.stray_clock.then(|| Arc::new(StrayClock::new(&mut dice)));
    subject::use_cache(cache(plan, &log, clock.clone())?);

    let is_over = Arc::new(AtomicBool::new(false));
    let common = Common {
        log,
        is_over: is_over.clone(),
        pace: plan.pace,
        longest_work: plan.longest_work,
        longest_rest: plan.longest_rest,
    };
    let mut actors = (1..).map(|number| Actor {
        common: common.clone(),
        database: Arc::new(Database::open(plan.database)),
        number,
        dice: Dice::new(dice.number()),
    });
    let threads: Vec<_> = actors.by_ref().take(plan.threads as usize).collect();
    let tasks: Vec<_> = actors.take(plan.tasks as usize).collect();
    thread::scope(|scope| {
        for actor in threads {
            scope.spawn(|| actor.run());
        }
        scope.spawn(|| run_all(tasks));
        if let Some(clock) = clock {
            scope.spawn({
                let is_over = is_over.clone();
                move || run_ahead(&clock, &mut Dice::new(plan.seed), 2 * plan.ttl, &is_over)
            });
        }
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        is_over.store(true, Relaxed);
    });
    Ok(())
}

fn cache(plan: &Plan, log: &Arc<Log>, clock: Option<Arc<StrayClock>>) -> Result<Cache, Error> {
    let builder = if plan.url.starts_with("memory:") {
        Cache::builder().url(&plan.url)
    } else {
        let backend = Cache::builder().url(&plan.url).open_backend()?;
        match plan.bug {
            None => Cache::builder().backend(Witness::new(backend, log.clone())),
            Some(bug) => Cache::builder().backend(Witness::new(Planted::new(backend, bug), log.clone())),
        }
    };
    let builder = builder.namespace(&plan.namespace).ttl(plan.ttl).lease(plan.lease);
    match clock {
        Some(clock) => builder.clock(clock).build(),
        None => builder.build(),
    }
}

fn run_all(tasks: Vec<Actor>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads can be started").block_on(async {
        let tasks: Vec<_> = tasks.into_iter().map(|actor| tokio::spawn(actor.run_as_task())).collect();
        for task in tasks {
            task.await.expect("an actor catches the panics of its calls");
        }
    });
}

fn run_ahead(clock: &StrayClock, dice: &mut Dice, furthest: Duration, is_over: &AtomicBool) {
    while !is_over.load(Relaxed) {
        clock.step(dice.span(Duration::ZERO..furthest));
        pass(Duration::from_millis(200));
    }
}
