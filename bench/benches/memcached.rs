//! What a hit on a memcached costs beside a bare `mg`. `cargo xtask bench` runs it and writes the table.
//!
//! All subjects ask one server for the same values, in turn, a slice of time each, many times over, so that a slow moment of
//! the machine meets them all. The bare client is a socket and nothing else: it knows how long the answer will be. The same
//! client is Hermes's own, with timeouts and shared connections, asked for one command that is as short.

use std::{
    hint::black_box,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use hermes::{
    Backend, Cache,
    backend::{Bucket, Command, Namespace, Tag},
};
use hermes_testkit::Memcached;
use hermescache_bench::{
    cores::{on_callers_core, on_servers_core},
    profile::{ENTRIES, cache, keep_at, names, profile, profile_in_a_task, text},
    turns::{Turn, slice, slice_of_tasks, slice_of_threads, take_turns},
};
use tokio::runtime::Builder;

const THREADS: usize = 8;

fn main() {
    // No static: a server stops when it is dropped.
    // All subjects are served by one thread: which of several has the luck of a core of its own would be seen in the figures.
    let server = on_servers_core(|| Memcached::with(&["-t", "1"]));
    keep_at(&server.url());
    for id in 0..ENTRIES {
        profile(id);
        server.store(&bare_name(id), text(id).as_bytes());
    }
    let address = server.address();
    let bare = Bare { address, one: Asks::new(address, get), all: Asks::new(address, get_all) };
    let client = Cache::builder().url(&server.url()).open_backend().expect("the URL is good");
    let misses = cache().stats().misses;
    on_callers_core(|| {
        blocking(&bare, &*client);
        in_a_task(&bare, &*client);
    });
    in_threads(&bare, &*client);
    assert_eq!(
        cache().stats().misses - misses,
        ENTRIES,
        "all but the first calls of the async function are hits"
    );
}

const SUBJECTS: [&str; 4] =
    ["bare mg", "one md by the same client", "bare mg of entry and tags", "hermes, 2 tags"];

/// One command, of which memcached makes one `md`.
fn one_command() -> Command {
    let tags = [Tag::user("nobody's")].into();
    Command::Clean { namespace: Namespace::default(), bucket: Bucket::default(), tags }
}

fn blocking(bare: &Bare, client: &dyn Backend) {
    let [mut one, mut all] = [&bare.one, &bare.all].map(|asks| bare.connect(asks));
    let command = one_command();
    let mut turns: [Turn<'_>; 4] = [
        (SUBJECTS[0], Box::new(|| slice(|id| one.ask(id)))),
        (SUBJECTS[1], Box::new(|| slice(|_| drop(black_box(client.execute(&command)))))),
        (SUBJECTS[2], Box::new(|| slice(|id| all.ask(id)))),
        (SUBJECTS[3], Box::new(|| slice(|id| drop(black_box(profile(id as u64)))))),
    ];
    take_turns("memcached", "1 thread", &mut turns);
}

fn in_threads(bare: &Bare, client: &dyn Backend) {
    let command = one_command();
    let sockets = |asks: &Asks| {
        slice_of_threads(THREADS, || {
            let mut connection = bare.connect(asks);
            move |id| connection.ask(id)
        })
    };
    let mut turns: [Turn<'_>; 4] = [
        (SUBJECTS[0], Box::new(|| sockets(&bare.one))),
        (
            SUBJECTS[1],
            Box::new(|| slice_of_threads(THREADS, || |_| drop(black_box(client.execute(&command))))),
        ),
        (SUBJECTS[2], Box::new(|| sockets(&bare.all))),
        (SUBJECTS[3], Box::new(|| slice_of_threads(THREADS, || |id| drop(black_box(profile(id as u64)))))),
    ];
    take_turns("memcached", "8 threads", &mut turns);
}

fn in_a_task(bare: &Bare, client: &dyn Backend) {
    let command = &one_command();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for id in 0..ENTRIES {
            profile_in_a_task(id).await;
        }
    });
    for (title, tasks) in [("1 task", 1), ("64 tasks", 64)] {
        let connections = runtime.block_on(async {
            let mut connections = Vec::new();
            for asks in [&bare.one, &bare.all] {
                let mut of_tasks = Vec::new();
                for _ in 0..tasks {
                    of_tasks.push(bare.connect_async(asks).await);
                }
                connections.push(of_tasks);
            }
            connections
        });
        let [one, all] = connections.as_slice() else { unreachable!("there are two") };
        let mut turns: [Turn<'_>; 4] = [
            (SUBJECTS[0], Box::new(|| slice_of_tasks(&runtime, tasks, |task, id| one[task].ask(id)))),
            (
                SUBJECTS[1],
                Box::new(|| {
                    slice_of_tasks(&runtime, tasks, |_, _| async move {
                        drop(black_box(client.execute_async(command).await));
                    })
                }),
            ),
            (SUBJECTS[2], Box::new(|| slice_of_tasks(&runtime, tasks, |task, id| all[task].ask(id)))),
            (
                SUBJECTS[3],
                Box::new(|| {
                    slice_of_tasks(&runtime, tasks, |_, id| async move {
                        drop(black_box(profile_in_a_task(id as u64).await));
                    })
                }),
            ),
        ];
        take_turns("memcached", title, &mut turns);
    }
}

fn bare_name(id: u64) -> String {
    format!("bare:{id}")
}

fn get(id: u64) -> Vec<u8> {
    format!("mg {} v\r\n", bare_name(id)).into_bytes()
}

/// The commands that read all that a hit reads.
fn get_all(id: u64) -> Vec<u8> {
    names(id).map(|name| format!("mg {name} v\r\n")).concat().into_bytes()
}

/// The server, for the bare client, and what it is asked.
struct Bare {
    address: SocketAddr,
    one: Asks,
    all: Asks,
}

/// What is asked, and how long each answer will be.
struct Asks(Vec<(Vec<u8>, usize)>);

impl Asks {
    fn new(address: SocketAddr, ask: impl Fn(u64) -> Vec<u8>) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server is there");
        let asks = (0..ENTRIES).map(ask);
        Self(asks.map(|ask| (ask.clone(), answer_len(&mut stream, &ask))).collect())
    }
}

struct Connection<'b, S> {
    stream: S,
    asks: &'b Asks,
}

impl Bare {
    fn connect<'b>(&self, asks: &'b Asks) -> Connection<'b, TcpStream> {
        let stream = TcpStream::connect(self.address).expect("the server is there");
        stream.set_nodelay(true).expect("a socket");
        Connection { stream, asks }
    }

    async fn connect_async<'b>(&self, asks: &'b Asks) -> Connection<'b, tokio::net::TcpStream> {
        let stream = tokio::net::TcpStream::connect(self.address).await.expect("the server is there");
        stream.set_nodelay(true).expect("a socket");
        Connection { stream, asks }
    }
}

fn answer_len(stream: &mut TcpStream, ask: &[u8]) -> usize {
    stream.write_all(&[ask, b"mn\r\n"].concat()).expect("the server takes it");
    let mut answer = Vec::new();
    while !answer.ends_with(b"MN\r\n") {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).expect("an answer");
        answer.extend_from_slice(&buffer[..count]);
    }
    answer.len() - b"MN\r\n".len()
}

impl Connection<'_, TcpStream> {
    fn ask(&mut self, id: usize) {
        let (ask, len) = &self.asks.0[id];
        self.stream.write_all(ask).expect("the server takes it");
        let (mut buffer, mut come) = ([0; 4096], 0);
        while come < *len {
            come += self.stream.read(&mut buffer).expect("an answer");
        }
        black_box(buffer);
    }
}

impl Connection<'_, tokio::net::TcpStream> {
    async fn ask(&self, id: usize) {
        let (ask, len) = &self.asks.0[id];
        assert_eq!(self.stream.try_write(ask).expect("the server takes it"), ask.len());
        let (mut buffer, mut come) = ([0; 4096], 0);
        while come < *len {
            self.stream.readable().await.expect("an answer");
            come += self.stream.try_read(&mut buffer).unwrap_or(0);
        }
        black_box(buffer);
    }
}
