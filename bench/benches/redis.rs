//! What a hit on a Redis server costs beside the bare client. `cargo xtask bench` runs it and writes the table.
//!
//! All subjects ask one server for the same keys, in turn, a slice of time each, many times over, so that a slow moment of
//! the machine meets them all.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    future::Future,
    hint::black_box,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hermes::{Cache, cached};
use hermes_testkit::Redis;
use redis::{Client, Cmd, ConnectionAddr, IntoConnectionInfo, cmd, io::tcp::TcpSettings};
use tokio::runtime::{Builder, Runtime};

/// How many entries there are, and how many bytes each has.
const ENTRIES: u64 = 1_000;
const VALUE_BYTES: usize = 100;
/// How long one subject runs before the next has its turn, and how many turns each has.
const SLICE: Duration = Duration::from_millis(40);
const TURNS: usize = 50;
const TASKS: usize = 64;
const THREADS: usize = 8;

static CACHE: OnceLock<Cache> = OnceLock::new();

fn cache() -> &'static Cache {
    CACHE.get().expect("it is set before anybody calls")
}

#[cached(cache(), name = "profile", tags = ["user:{id}", "users"], ttl = 3600)]
fn profile(id: u64) -> String {
    format!("{id:0VALUE_BYTES$}")
}

#[cached(cache(), name = "profile in a task", tags = ["user:{id}", "users"], ttl = 3600)]
async fn profile_in_a_task(id: u64) -> String {
    format!("{id:0VALUE_BYTES$}")
}

fn main() {
    // No static: a server stops when it is dropped.
    let server = Redis::start();
    CACHE.set(Cache::from_url(&server.url()).expect("the URL is good")).expect("it is set once");
    let bare = Bare { port: server.port() };
    for id in 0..ENTRIES {
        profile(id);
        let set = cmd("SET").arg(bare_name(id)).arg(format!("{id:0VALUE_BYTES$}")).take();
        set.exec(&mut bare.connect()).expect("the server takes it");
    }
    let gets: Vec<Cmd> = (0..ENTRIES).map(|id| cmd("GET").arg(bare_name(id)).take()).collect();
    let mgets: Vec<Cmd> = (0..ENTRIES).map(mget).collect();
    let misses = cache().stats().misses;

    blocking(bare, &gets, &mgets);
    in_a_task(bare, &gets, &mgets);
    in_threads(bare, &gets, &mgets);
    assert_eq!(
        cache().stats().misses - misses,
        ENTRIES,
        "all but the first calls of the async function are hits"
    );
}

fn blocking(bare: Bare, gets: &[Cmd], mgets: &[Cmd]) {
    let (mut for_get, mut for_mget) = (bare.connect(), bare.connect());
    let mut turns: [Turn<'_>; 3] = [
        ("client GET", Box::new(|| slice(|id| drop(ask(&mut for_get, &gets[id]))))),
        ("client MGET of entry and tags", Box::new(|| slice(|id| drop(ask(&mut for_mget, &mgets[id]))))),
        ("hermes, 2 tags", Box::new(|| slice(|id| drop(black_box(profile(id as u64)))))),
    ];
    take_turns("one thread", &mut turns);
}

fn in_a_task(bare: Bare, gets: &[Cmd], mgets: &[Cmd]) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let connection = runtime.block_on(bare.connect_async());
    let get = |id: usize| {
        let (mut connection, get) = (connection.clone(), &gets[id]);
        async move { drop(black_box(connection.send_packed_command(get).await.expect("an answer"))) }
    };
    let mget = |id: usize| {
        let (mut connection, mget) = (connection.clone(), &mgets[id]);
        async move { drop(black_box(connection.send_packed_command(mget).await.expect("an answer"))) }
    };
    let hermes = |id: usize| async move { drop(black_box(profile_in_a_task(id as u64).await)) };
    runtime.block_on(async {
        for id in 0..ENTRIES {
            profile_in_a_task(id).await;
        }
    });
    for (title, tasks) in [("one task", 1), ("64 tasks", TASKS)] {
        let mut turns: [Turn<'_>; 3] = [
            ("client GET", Box::new(|| slice_of_tasks(&runtime, tasks, get))),
            ("client MGET of entry and tags", Box::new(|| slice_of_tasks(&runtime, tasks, mget))),
            ("hermes, 2 tags", Box::new(|| slice_of_tasks(&runtime, tasks, hermes))),
        ];
        take_turns(title, &mut turns);
    }
}

fn in_threads(bare: Bare, gets: &[Cmd], mgets: &[Cmd]) {
    let client = |commands: &[Cmd]| {
        slice_of_threads(|| {
            let mut connection = bare.connect();
            move |id| drop(ask(&mut connection, &commands[id]))
        })
    };
    let mut turns: [Turn<'_>; 3] = [
        ("client GET", Box::new(|| client(gets))),
        ("client MGET of entry and tags", Box::new(|| client(mgets))),
        ("hermes, 2 tags", Box::new(|| slice_of_threads(|| |id| drop(black_box(profile(id as u64)))))),
    ];
    take_turns("8 threads", &mut turns);
}

/// A subject: what it is called, and what measures its microseconds a call for a slice of time.
type Turn<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

/// Lets each subject have its turns, and prints what it took: the median, and the median of its ratio to each of the first
/// two in the same turn.
fn take_turns(title: &str, subjects: &mut [Turn<'_>]) {
    let turns: Vec<Vec<f64>> =
        (0..TURNS).map(|_| subjects.iter_mut().map(|(_, measure)| measure()).collect()).collect();
    for (place, (subject, _)) in subjects.iter().enumerate() {
        let us = median(turns.iter().map(|turn| turn[place]));
        let [to_get, to_mget] =
            [0, 1].map(|peer: usize| median(turns.iter().map(|turn| turn[place] / turn[peer])));
        println!("redis\t{title}\t{subject}\t{us:.2}\t{to_get:.2}\t{to_mget:.2}");
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Microseconds a call, one after the other.
#[expect(clippy::disallowed_methods, reason = "this measures")]
fn slice(mut call: impl FnMut(usize)) -> f64 {
    let begin = Instant::now();
    let mut calls = 0;
    while begin.elapsed() < SLICE {
        for _ in 0..16 {
            call(calls % ENTRIES as usize);
            calls += 1;
        }
    }
    begin.elapsed().as_secs_f64() * 1e6 / calls as f64
}

/// Microseconds a call of all tasks together: the time divided by the calls that they made.
#[expect(clippy::disallowed_methods, reason = "this measures")]
fn slice_of_tasks<F: Future<Output = ()>>(runtime: &Runtime, tasks: usize, call: impl Fn(usize) -> F) -> f64 {
    let begin = Instant::now();
    let calls = AtomicU64::new(0);
    let worker = |worker: usize| {
        let (call, calls) = (&call, &calls);
        async move {
            let mut id = worker * 7;
            while begin.elapsed() < SLICE {
                for _ in 0..4 {
                    call(id % ENTRIES as usize).await;
                    id += 1;
                }
                calls.fetch_add(4, Ordering::Relaxed);
            }
        }
    };
    runtime.block_on(futures_util::future::join_all((0..tasks).map(worker)));
    begin.elapsed().as_secs_f64() * 1e6 / calls.into_inner() as f64
}

/// The same of all threads together.
#[expect(clippy::disallowed_methods, reason = "this measures")]
fn slice_of_threads<C: FnMut(usize)>(caller: impl Fn() -> C + Sync) -> f64 {
    let calls = AtomicU64::new(0);
    let (goes, ends) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (caller, calls, goes, ends) = (&caller, &calls, &goes, &ends);
            scope.spawn(move || {
                let mut call = caller();
                call(0);
                while !goes.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                let (mut id, mut mine) = (thread * 7, 0);
                while !ends.load(Ordering::Relaxed) {
                    call(id % ENTRIES as usize);
                    (id, mine) = (id + 1, mine + 1);
                }
                calls.fetch_add(mine, Ordering::Relaxed);
            });
        }
        goes.store(true, Ordering::Release);
        let begin = Instant::now();
        thread::sleep(SLICE);
        ends.store(true, Ordering::Relaxed);
        begin
    });
    SLICE.as_secs_f64() * 1e6 / calls.into_inner() as f64
}

/// The command that reads all that a hit reads.
fn mget(id: u64) -> Cmd {
    let tags = ["*".to_owned(), "=users".to_owned(), format!("=user:{id}"), "@profile".to_owned()];
    let entry = profile::key(id).expect("a number is a good key").to_string();
    cmd("MGET").arg(entry).arg(tags.map(|tag| format!("cache:tag:{tag}")).as_slice()).take()
}

fn bare_name(id: u64) -> String {
    format!("bare:{id}")
}

fn ask(connection: &mut redis::Connection, command: &Cmd) -> redis::Value {
    use redis::ConnectionLike;
    black_box(connection.req_command(command).expect("an answer"))
}

/// The server, for the bare client.
#[derive(Clone, Copy)]
struct Bare {
    port: u16,
}

impl Bare {
    fn client(self) -> Client {
        let place = ConnectionAddr::Tcp("127.0.0.1".into(), self.port);
        let info = place.into_connection_info().expect("an address");
        Client::open(info.set_tcp_settings(TcpSettings::default().set_nodelay(true))).expect("a client")
    }

    fn connect(self) -> redis::Connection {
        self.client().get_connection().expect("the server is there")
    }

    async fn connect_async(self) -> redis::aio::MultiplexedConnection {
        self.client().get_multiplexed_async_connection().await.expect("the server is there")
    }
}
