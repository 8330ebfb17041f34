//! A proxy between a client and a real server, and what it does to what they say.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use hermes_testkit::{Proxy, Redis, wait_until};

/// A client that says and hears bare bytes.
struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(stream)
    }

    fn say(&mut self, commands: &str) {
        self.0.write_all(commands.as_bytes()).unwrap();
    }

    fn hears(&mut self, answer: &str) {
        let mut heard = vec![0; answer.len()];
        self.0.read_exact(&mut heard).unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), answer);
    }

    fn hears_nothing(&mut self) {
        self.0.set_nonblocking(true).unwrap();
        let heard = self.0.read(&mut [0]);
        self.0.set_nonblocking(false).unwrap();
        assert_eq!(heard.unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    /// A reset is an end as well.
    fn hears_the_end(&mut self) {
        assert!(matches!(self.0.read(&mut [0]), Ok(0) | Err(_)));
    }
}

fn redis_behind_proxy() -> (Redis, Proxy) {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    (redis, proxy)
}

/// A command that tells how often it arrived.
const COUNT: &str = "INCR count\r\n";

fn count(redis: &Redis) -> i64 {
    redis.command(&["INCRBY", "count", "0"]).number()
}

#[test]
fn it_carries_both_ways() {
    let (redis, proxy) = redis_behind_proxy();
    let value = "x".repeat(1_000_000);
    redis.command(&["SET", "long", &value]);
    let mut client = Client::of(&proxy);

    client.say("PING\r\n");
    client.hears("+PONG\r\n");
    client.say("GET long\r\n");
    client.hears(&format!("$1000000\r\n{value}\r\n"));
    assert_eq!(proxy.url_for("redis"), format!("redis://{}", proxy.address()));
}

#[test]
fn a_burst_of_commands_is_one_round_trip() {
    let (_redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);

    client.say("PING\r\nPING\r\n");
    client.hears("+PONG\r\n+PONG\r\n");
    assert_eq!(proxy.round_trips(), 1);
    client.say("PING\r\n");
    client.hears("+PONG\r\n");
    assert_eq!(proxy.round_trips(), 2);

    let mut other = Client::of(&proxy);
    other.say("PING\r\n");
    other.hears("+PONG\r\n");
    assert_eq!((proxy.connections(), proxy.round_trips()), (2, 3));
}

#[test]
fn a_cut_ends_all_connections_and_new_ones_are_welcome() {
    let (redis, proxy) = redis_behind_proxy();
    let mut clients = [Client::of(&proxy), Client::of(&proxy)];
    for client in &mut clients {
        client.say("PING\r\n");
        client.hears("+PONG\r\n");
    }

    proxy.cut();

    for client in &mut clients {
        client.hears_the_end();
    }
    let alone = || redis.command(&["CLIENT", "LIST"]).text().lines().count() == 1;
    wait_until("the server has closed them too", alone);
    let mut client = Client::of(&proxy);
    client.say("PING\r\n");
    client.hears("+PONG\r\n");
    assert_eq!(proxy.connections(), 3);
}

#[test]
fn refused_connections_end_at_once_and_others_go_on() {
    let (_redis, proxy) = redis_behind_proxy();
    let mut early = Client::of(&proxy);
    early.say("PING\r\n");
    early.hears("+PONG\r\n");

    proxy.refuse();
    Client::of(&proxy).hears_the_end();
    early.say("PING\r\n");
    early.hears("+PONG\r\n");
    assert_eq!(proxy.connections(), 1);

    proxy.accept_again();
    let mut late = Client::of(&proxy);
    late.say("PING\r\n");
    late.hears("+PONG\r\n");
}

#[test]
fn a_stalled_command_arrives_after_the_stall() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);

    proxy.stall();
    client.say(COUNT);
    wait_until("the proxy has it", || proxy.round_trips() == 1);
    assert_eq!(count(&redis), 0);
    client.hears_nothing();

    proxy.resume();
    client.hears(":1\r\n");
    assert_eq!(count(&redis), 1);
}

#[test]
fn a_command_from_before_a_cut_arrives_late() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);
    client.say("PING\r\n");
    client.hears("+PONG\r\n");

    proxy.stall();
    client.say(COUNT);
    wait_until("the proxy has it", || proxy.round_trips() == 2);
    proxy.cut_clients();
    client.hears_the_end();
    assert_eq!(count(&redis), 0);

    proxy.resume();
    wait_until("the command has arrived", || count(&redis) == 1);
}

#[test]
fn a_command_of_a_client_that_gave_up_arrives_late() {
    let (redis, proxy) = redis_behind_proxy();
    proxy.stall();
    let mut client = Client::of(&proxy);
    client.say(COUNT);
    drop(client);
    wait_until("the proxy has it", || proxy.round_trips() == 1);

    proxy.resume();

    wait_until("the command has arrived", || count(&redis) == 1);
}

#[test]
fn a_command_under_way_is_lost_in_a_cut() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);
    proxy.stall();
    client.say(COUNT);
    wait_until("the proxy has it", || proxy.round_trips() == 1);

    proxy.cut();
    proxy.resume();

    let mut client = Client::of(&proxy);
    client.say(COUNT);
    client.hears(":1\r\n");
    assert_eq!(count(&redis), 1);
}

#[test]
fn a_stalled_answer_is_of_a_command_that_was_executed() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);

    proxy.stall_answers();
    client.say(COUNT);
    wait_until("the command is executed", || count(&redis) == 1);
    client.hears_nothing();

    proxy.resume();
    client.hears(":1\r\n");
}

#[test]
fn a_delay_is_added_in_each_direction() {
    let (redis, proxy) = redis_behind_proxy();
    let server_ms = || {
        let time = redis.command(&["TIME"]);
        let [seconds, micros] = time.list() else { panic!("{time:?}") };
        seconds.text().parse::<u64>().unwrap() * 1000 + micros.text().parse::<u64>().unwrap() / 1000
    };
    let mut client = Client::of(&proxy);

    proxy.delay(Duration::from_millis(50));
    let before = server_ms();
    client.say("PING\r\n");
    client.hears("+PONG\r\n");
    assert!(server_ms() - before >= 99);

    proxy.delay(Duration::ZERO);
    client.say("PING\r\n");
    client.hears("+PONG\r\n");
}

#[test]
fn garbage_is_answered_and_the_server_hears_nothing() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);

    proxy.garble();
    client.say(COUNT);
    client.hears("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(count(&redis), 0);

    proxy.stop_garbling();
    client.say(COUNT);
    client.hears(":1\r\n");
}

#[test]
fn clients_learn_that_the_server_died() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);
    client.say("PING\r\n");
    client.hears("+PONG\r\n");

    redis.kill();
    client.hears_the_end();
    Client::of(&proxy).hears_the_end();

    redis.start_again();
    let mut client = Client::of(&proxy);
    client.say("PING\r\n");
    client.hears("+PONG\r\n");
}

#[test]
fn a_dropped_proxy_ends_its_connections() {
    let (_redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);
    let address = proxy.address();
    proxy.stall();
    proxy.delay(Duration::from_secs(3600));
    client.say(
        "PING
",
    );
    wait_until("the proxy has it", || proxy.round_trips() == 1);

    // Waits for all its threads.
    drop(proxy);

    client.hears_the_end();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_half_open_connection_is_dead_and_its_client_is_not_told() {
    let (redis, proxy) = redis_behind_proxy();
    let mut client = Client::of(&proxy);
    client.say(COUNT);
    client.hears(":1\r\n");

    proxy.abandon();
    // The server has only the connection that asks for them.
    wait_until("the server has closed it", || {
        redis.command(&["CLIENT", "LIST", "TYPE", "normal"]).text().lines().count() == 1
    });
    client.say(COUNT);
    client.say(COUNT);
    client.hears_nothing();
    assert_eq!(count(&redis), 1);

    let mut other = Client::of(&proxy);
    other.say(COUNT);
    other.hears(":2\r\n");
}
