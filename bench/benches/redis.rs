//! What a hit on a Redis server costs beside the bare client and `cached`. `cargo xtask bench` runs it and writes the table.
//!
//! All subjects ask one server for the same keys, in turn, a slice of time each, many times over, so that a slow moment of
//! the machine meets them all.
#![allow(missing_docs, reason = "the macros of `cached` make public items without docs")]

use std::{convert::Infallible, hint::black_box, sync::OnceLock, time::Duration};

use hermes_testkit::Redis;
use hermescache_bench::{
    cores::{on_callers_core, on_servers_core},
    profile::{ENTRIES, cache, keep_at, names, profile, profile_in_a_task, text},
    turns::{Turn, slice, slice_of_tasks, slice_of_threads, take_turns},
};
use redis::{Client, Cmd, ConnectionAddr, IntoConnectionInfo, cmd, io::tcp::TcpSettings};
use tokio::runtime::Builder;

const THREADS: usize = 8;
const TASKS: [usize; 5] = [1, 4, 16, 64, 256];
const TTL: Duration = Duration::from_secs(3600);

/// Where `cached` finds the server.
static URL: OnceLock<String> = OnceLock::new();

fn url() -> &'static str {
    URL.get().expect("it is set before anybody calls")
}

#[cached::macros::concurrent_cached(
    ty = "cached::RedisCache<u64, String>",
    create = r#"{ cached::RedisCache::builder("profile").connection_string(url()).ttl(TTL).build().expect("a server") }"#,
    map_error = r#"|why| panic!("the server is there: {why}")"#
)]
fn cached_profile(id: u64) -> Result<String, Infallible> {
    Ok(text(id))
}

#[cached::macros::concurrent_cached(
    ty = "cached::AsyncRedisCache<u64, String>",
    create = r#"{ cached::AsyncRedisCache::builder("profile").connection_string(url()).ttl(TTL).build().await.expect("a server") }"#,
    map_error = r#"|why| panic!("the server is there: {why}")"#
)]
async fn cached_profile_in_a_task(id: u64) -> Result<String, Infallible> {
    Ok(text(id))
}

fn main() {
    // No static: a server stops when it is dropped.
    let server = on_servers_core(Redis::start);
    keep_at(&server.url());
    URL.set(server.url()).expect("it is set once");
    let bare = Bare { port: server.port() };
    for id in 0..ENTRIES {
        profile(id);
        drop(cached_profile(id));
        let set = cmd("SET").arg(bare_name(id)).arg(text(id)).take();
        set.exec(&mut bare.connect()).expect("the server takes it");
    }
    let gets: Vec<Cmd> = (0..ENTRIES).map(|id| cmd("GET").arg(bare_name(id)).take()).collect();
    let mgets: Vec<Cmd> = (0..ENTRIES).map(mget).collect();
    let misses = cache().stats().misses;

    on_callers_core(|| {
        blocking(bare, &gets, &mgets);
        in_a_task(bare, &gets, &mgets);
    });
    in_threads(bare, &gets, &mgets);
    assert_eq!(
        cache().stats().misses - misses,
        ENTRIES,
        "all but the first calls of the async function are hits"
    );
}

fn blocking(bare: Bare, gets: &[Cmd], mgets: &[Cmd]) {
    let (mut for_get, mut for_mget) = (bare.connect(), bare.connect());
    let mut turns: [Turn<'_>; 4] = [
        ("client GET", Box::new(|| slice(|id| drop(ask(&mut for_get, &gets[id]))))),
        ("client MGET of entry and tags", Box::new(|| slice(|id| drop(ask(&mut for_mget, &mgets[id]))))),
        ("cached", Box::new(|| slice(|id| drop(black_box(cached_profile(id as u64)))))),
        ("hermes, 2 tags", Box::new(|| slice(|id| drop(black_box(profile(id as u64)))))),
    ];
    take_turns("redis", "1 thread", &mut turns);
}

fn in_a_task(bare: Bare, gets: &[Cmd], mgets: &[Cmd]) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let connection = runtime.block_on(bare.connect_async());
    let get = |_, id: usize| {
        let (mut connection, get) = (connection.clone(), &gets[id]);
        async move { drop(black_box(connection.send_packed_command(get).await.expect("an answer"))) }
    };
    let mget = |_, id: usize| {
        let (mut connection, mget) = (connection.clone(), &mgets[id]);
        async move { drop(black_box(connection.send_packed_command(mget).await.expect("an answer"))) }
    };
    let cached = |_, id: usize| async move { drop(black_box(cached_profile_in_a_task(id as u64).await)) };
    let hermes = |_, id: usize| async move { drop(black_box(profile_in_a_task(id as u64).await)) };
    runtime.block_on(async {
        for id in 0..ENTRIES {
            profile_in_a_task(id).await;
            drop(cached_profile_in_a_task(id).await);
        }
    });
    for tasks in TASKS {
        let title = if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") };
        let mut turns: [Turn<'_>; 4] = [
            ("client GET", Box::new(|| slice_of_tasks(&runtime, tasks, get))),
            ("client MGET of entry and tags", Box::new(|| slice_of_tasks(&runtime, tasks, mget))),
            ("cached", Box::new(|| slice_of_tasks(&runtime, tasks, cached))),
            ("hermes, 2 tags", Box::new(|| slice_of_tasks(&runtime, tasks, hermes))),
        ];
        take_turns("redis", &title, &mut turns);
    }
}

fn in_threads(bare: Bare, gets: &[Cmd], mgets: &[Cmd]) {
    let client = |commands: &[Cmd]| {
        slice_of_threads(THREADS, || {
            let mut connection = bare.connect();
            move |id| drop(ask(&mut connection, &commands[id]))
        })
    };
    let mut turns: [Turn<'_>; 4] = [
        ("client GET", Box::new(|| client(gets))),
        ("client MGET of entry and tags", Box::new(|| client(mgets))),
        (
            "cached",
            Box::new(|| slice_of_threads(THREADS, || |id| drop(black_box(cached_profile(id as u64))))),
        ),
        (
            "hermes, 2 tags",
            Box::new(|| slice_of_threads(THREADS, || |id| drop(black_box(profile(id as u64))))),
        ),
    ];
    take_turns("redis", "8 threads", &mut turns);
}

/// The command that reads all that a hit reads.
fn mget(id: u64) -> Cmd {
    cmd("MGET").arg(names(id).as_slice()).take()
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
