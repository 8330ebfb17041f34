//! One thread or task of a worker: it does one thing after the other, and writes down what came of it.
//! What it does next, `deed` says.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use hermes::Error;

use crate::{
    clock::{At, Dice, pass, pass_async},
    database::Database,
    deed::{self, Deed, Pace, Way},
    history::{How, Id, Key, Kind, Outcome, Reach, Seen, What},
    log::Log,
    subject::{Call, Caller, Planned, Refused, cache, entry, function, task},
};

/// What all actors of a process have in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) log: Arc<Log>,
    pub(crate) is_over: Arc<AtomicBool>,
    pub(crate) pace: Pace,
    /// A loader takes up to twice as long.
    pub(crate) longest_work: Duration,
    /// An actor rests up to so long between two deeds.
    pub(crate) longest_rest: Duration,
}

#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) common: Common,
    pub(crate) database: Arc<Database>,
    pub(crate) number: u32,
    pub(crate) dice: Dice,
}

type Called = Result<Result<Seen, Refused>, Box<dyn Any + Send>>;

impl Actor {
    /// As a thread, until the run is over.
    pub(crate) fn run(mut self) {
        while !self.common.is_over.load(Relaxed) {
            match deed::next(&mut self.dice, Way::Thread, self.common.pace) {
                Deed::Call(key) => self.call(How::Call, key, |by| match key.kind {
                    Kind::Entry => entry(key.row).get_or_try_compute(|| by.compute(key)),
                    _ => function(key.row, &by),
                }),
                Deed::Refresh(row) => {
                    let key = Key { kind: Kind::Function, row };
                    self.call(How::Refresh, key, |by| function::refresh(row, &by));
                }
                Deed::Peek(key) => self.peek(key, || match key.kind {
                    Kind::Entry => entry(key.row).get(),
                    _ => function::peek(key.row),
                }),
                Deed::Set(row) => {
                    let (key, seen) = self.by_hand(row);
                    let done = entry(row).set(seen.clone());
                    self.was_set(key, &seen, done);
                }
                Deed::Invalidate(reach) => {
                    self.write(reach);
                    let from = At::now();
                    let done = match reach {
                        Reach::Key(Key { kind: Kind::Entry, row }) => entry(row).invalidate(),
                        Reach::Key(Key { row, .. }) => function::invalidate(row),
                        Reach::Row(row) => cache().clean([format!("row:{row}")]),
                        Reach::Parity(parity) => cache().clean([format!("parity:{parity}")]),
                        Reach::Kind(_) => function::clear(),
                        Reach::All => cache().clean_all(),
                    };
                    self.invalidated(from, reach, done);
                }
            }
            pass(self.rest());
        }
    }

    /// As a task, until the run is over.
    pub(crate) async fn run_as_task(mut self) {
        while !self.common.is_over.load(Relaxed) {
            match deed::next(&mut self.dice, Way::Task, self.common.pace) {
                Deed::Call(key) => {
                    self.call_async(How::Call, key, async move |by: Caller| match key.kind {
                        Kind::Entry => {
                            entry(key.row)
                                .get_or_try_compute_async(async || by.compute_async(key).await)
                                .await
                        }
                        _ => task(key.row, by).await,
                    })
                    .await;
                }
                Deed::Refresh(row) => {
                    let key = Key { kind: Kind::Task, row };
                    self.call_async(How::Refresh, key, async move |by| task::refresh(row, by).await).await;
                }
                Deed::Peek(key) => {
                    let from = At::now();
                    let seen = match key.kind {
                        Kind::Entry => entry(key.row).get_async().await,
                        _ => task::peek(key.row).await,
                    };
                    self.peeked(from, key, seen);
                }
                Deed::Set(row) => {
                    let (key, seen) = self.by_hand(row);
                    let done = entry(row).set_async(seen.clone()).await;
                    self.was_set(key, &seen, done);
                }
                Deed::Invalidate(reach) => {
                    self.write(reach);
                    let from = At::now();
                    let done = match reach {
                        Reach::Key(Key { kind: Kind::Entry, row }) => entry(row).invalidate_async().await,
                        Reach::Key(Key { row, .. }) => task::invalidate(row).await,
                        Reach::Row(row) => cache().clean_async([format!("row:{row}")]).await,
                        Reach::Parity(parity) => cache().clean_async([format!("parity:{parity}")]).await,
                        Reach::Kind(_) => task::clear().await,
                        Reach::All => cache().clean_all_async().await,
                    };
                    self.invalidated(from, reach, done);
                }
            }
            pass_async(self.rest()).await;
        }
    }

    fn rest(&mut self) -> Duration {
        self.dice.span(Duration::ZERO..self.common.longest_rest)
    }

    fn caller(&mut self) -> Caller {
        let (work, fate) = deed::work(&mut self.dice, self.common.longest_work);
        let Self { common, database, number, .. } = self;
        let (log, database) = (common.log.clone(), database.clone());
        let id = log.id();
        Caller(Arc::new(Call { log, database, actor: *number, id, asked: At::now(), work, fate }))
    }

    fn call(&mut self, how: How, key: Key, call: impl FnOnce(Caller) -> Result<Seen, Refused>) {
        let by = self.caller();
        let called = catch_unwind(AssertUnwindSafe(|| call(by.clone())));
        self.came_to(&by, how, key, outcome(by.0.id, called));
    }

    async fn call_async<F>(&mut self, how: How, key: Key, call: impl FnOnce(Caller) -> F)
    where
        F: Future<Output = Result<Seen, Refused>> + Send + 'static,
    {
        let by = self.caller();
        let call = tokio::spawn(call(by.clone()));
        if let Some(patience) = deed::patience_of_caller(&mut self.dice) {
            let caller = call.abort_handle();
            pass_async(patience).await;
            caller.abort();
        }
        let outcome = match call.await {
            Err(why) if why.is_cancelled() => Outcome::Dropped,
            called => outcome(by.0.id, called.map_err(|why| why.into_panic())),
        };
        self.came_to(&by, how, key, outcome);
    }

    fn came_to(&self, by: &Caller, how: How, key: Key, outcome: Outcome) {
        self.tell(by.0.asked, What::Called { id: by.0.id, key, how, outcome });
    }

    fn peek(&self, key: Key, peek: impl FnOnce() -> Option<Seen>) {
        let from = At::now();
        self.peeked(from, key, peek());
    }

    fn peeked(&self, from: At, key: Key, seen: Option<Seen>) {
        let id = self.common.log.id();
        let outcome = seen.map_or(Outcome::Nothing, Outcome::Value);
        self.tell(from, What::Called { id, key, how: How::Peek, outcome });
    }

    /// What a user would set: something that was read a moment ago.
    fn by_hand(&self, row: u32) -> (Key, Seen) {
        let key = Key { kind: Kind::Entry, row };
        let version = self.database.read(row);
        (key, Seen { key, version, id: self.common.log.id(), began: At::now(), by_hand: true })
    }

    fn was_set(&self, key: Key, seen: &Seen, done: Result<(), Error>) {
        self.tell(seen.began, What::Set { id: seen.id, key, error: said(done) });
    }

    /// Writes one of the rows that an invalidation reaches.
    fn write(&mut self, reach: Reach) {
        let key = *self.dice.pick(&Key::all().filter(|&key| reach.covers(key)).collect::<Vec<_>>());
        let from = At::now();
        let version = self.database.write(key.row);
        self.tell(from, What::Wrote { row: key.row, version });
    }

    fn invalidated(&self, from: At, reach: Reach, done: Result<(), Error>) {
        self.tell(from, What::Invalidated { reach, error: said(done) });
    }

    fn tell(&self, from: At, what: What) {
        self.common.log.until_now(self.number, from, what);
    }
}

fn outcome(id: Id, called: Called) -> Outcome {
    match called {
        Ok(Ok(seen)) => Outcome::Value(seen),
        Ok(Err(Refused(of))) if of == id => Outcome::OwnError,
        Ok(Err(Refused(of))) => Outcome::Broken(format!("it got the error of call {of}")),
        Err(panic) => match panic.downcast_ref::<Planned>() {
            Some(Planned(of)) if *of == id => Outcome::OwnPanic,
            Some(Planned(of)) => Outcome::Broken(format!("it got the panic of call {of}")),
            None => Outcome::Broken(format!("it panicked: {}", words_of(&*panic))),
        },
    }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("with something that is no text")
}

fn said(done: Result<(), Error>) -> Option<String> {
    done.err().map(|why| why.to_string())
}
