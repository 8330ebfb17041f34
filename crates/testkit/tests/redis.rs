//! A real Redis server: started, asked, killed, frozen, and gone in the end.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use hermes_testkit::{Answer, Redis, wait_until};

fn is_running(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

#[test]
fn it_answers_on_the_port_of_its_url() {
    let redis = Redis::start();

    assert_eq!(redis.url(), format!("redis://127.0.0.1:{}", redis.port()));
    assert_eq!(redis.command(&["PING"]), Answer::Text("PONG".to_owned()));
}

#[test]
fn every_kind_of_answer_is_understood() {
    let redis = Redis::start();
    let bytes = b"\0\r\n\xff";
    redis.command(&[b"SET".as_slice(), b"k", bytes]);

    assert_eq!(redis.command(&["GET", "k"]).bytes(), bytes);
    assert_eq!(redis.command(&["STRLEN", "k"]).number(), 4);
    assert!(redis.command(&["GET", "missing"]).is_nil());
    let both = redis.command(&["MGET", "k", "missing"]);
    assert_eq!(both.list(), [Answer::Bytes(bytes.to_vec()), Answer::Nil]);
    assert_eq!(redis.command(&["ECHO", "hello"]).text(), "hello");
}

#[test]
fn an_error_is_what_the_server_said() {
    let redis = Redis::start();
    redis.command(&["SET", "k", "text"]);

    let error = redis.try_command(&["INCR", "k"]).unwrap_err();
    assert_eq!(error, "ERR value is not an integer or out of range");
    let panic = catch_unwind(AssertUnwindSafe(|| redis.command(&["INCR", "k"]))).unwrap_err();
    assert_eq!(*panic.downcast::<String>().unwrap(), format!("INCR k: {error}"));
}

#[test]
fn an_error_in_a_list_is_an_error() {
    let redis = Redis::start();
    let script = "return {1, redis.pcall('INCR', 'a', 'b'), 3}";

    assert!(redis.try_command(&["EVAL", script, "0"]).unwrap_err().contains("Wrong number of args"));
}

#[test]
fn many_start_at_once_on_ports_of_their_own() {
    let servers: Vec<_> = (0..4).map(|_| thread::spawn(Redis::start)).collect();
    let servers: Vec<_> = servers.into_iter().map(|server| server.join().unwrap()).collect();

    for (number, redis) in servers.iter().enumerate() {
        redis.command(&["SET", "number", &number.to_string()]);
    }
    for (number, redis) in servers.iter().enumerate() {
        assert_eq!(redis.command(&["GET", "number"]).text(), number.to_string());
    }
}

#[test]
fn arguments_reach_the_server() {
    let redis = Redis::with(&["--maxmemory", "2mb", "--maxmemory-policy", "allkeys-lru"]);

    let memory = redis.command(&["CONFIG", "GET", "maxmemory"]);
    assert_eq!(memory.list()[1].text(), "2097152");
}

#[test]
fn a_wrong_argument_is_told_with_the_end_of_the_log() {
    let panic = catch_unwind(|| Redis::with(&["--no-such-thing", "1"])).unwrap_err();

    let words = panic.downcast::<String>().unwrap();
    assert!(words.contains("no-such-thing") && words.contains("Bad directive"), "{words}");
}

#[test]
fn a_password_is_asked_for_and_stands_in_the_url() {
    let redis = Redis::builder().password("secret").start();

    assert_eq!(redis.url(), format!("redis://:secret@{}", redis.address()));
    assert_eq!(redis.command(&["PING"]).text(), "PONG");
    assert_eq!(redis.command(&["CONFIG", "GET", "requirepass"]).list()[1].text(), "secret");
}

#[test]
fn a_unix_socket_leads_to_the_same_server() {
    let redis = Redis::builder().unix_socket().start();
    let mut stream = UnixStream::connect(redis.socket()).unwrap();
    let mut answer = [0; 5];

    stream.write_all(b"SET k v\r\n").unwrap();
    stream.read_exact(&mut answer).unwrap();

    assert_eq!(&answer, b"+OK\r\n");
    assert_eq!(redis.command(&["GET", "k"]).text(), "v");
}

#[test]
fn whoever_trusts_the_authority_may_speak_tls() {
    let redis = Redis::builder().tls().start();
    let ask = |trusted: &Path| {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-quiet", "-verify_return_error", "-verify_ip", "127.0.0.1"]);
        client.arg("-connect").arg(redis.tls_address().to_string()).arg("-CAfile").arg(trusted);
        let client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut client = client.spawn().unwrap();
        // A client that does not trust the server may be gone already.
        let _ = client.stdin.take().unwrap().write_all(b"SET k v\r\nQUIT\r\n");
        String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap()
    };

    assert_eq!(redis.tls_url(), format!("rediss://{}", redis.tls_address()));
    let stranger = Redis::builder().tls().start();
    assert_eq!(ask(&stranger.ca_file()), "");
    assert!(redis.command(&["GET", "k"]).is_nil());
    assert_eq!(ask(&redis.ca_file()), "+OK\r\n+OK\r\n");
    assert_eq!(redis.command(&["GET", "k"]).text(), "v");
}

#[test]
fn a_killed_server_comes_back_empty_on_the_same_port() {
    let redis = Redis::start();
    redis.command(&["SET", "k", "v"]);
    let (port, pid) = (redis.port(), redis.pid());

    redis.kill();
    assert!(!is_running(pid));
    assert!(redis.try_command(&["PING"]).unwrap_err().contains("refused"));

    redis.start_again();
    assert_eq!(redis.port(), port);
    assert_ne!(redis.pid(), pid);
    assert!(redis.command(&["GET", "k"]).is_nil());
}

#[test]
fn what_was_saved_survives_a_kill() {
    let redis = Redis::start();
    redis.command(&["SET", "saved", "v"]);
    redis.command(&["SAVE"]);
    redis.command(&["SET", "unsaved", "v"]);

    redis.start_again();

    assert_eq!(redis.command(&["GET", "saved"]).text(), "v");
    assert!(redis.command(&["GET", "unsaved"]).is_nil());
}

#[test]
fn a_frozen_server_answers_when_it_thaws() {
    let redis = Redis::start();

    thread::scope(|scope| {
        redis.freeze();
        let asked = scope.spawn(|| redis.command(&["SET", "k", "v"]));
        // The kernel opens connections for it; that is what makes a frozen server different from a dead one.
        TcpStream::connect(redis.address()).unwrap();
        assert!(!asked.is_finished());
        redis.thaw();
        assert_eq!(asked.join().unwrap().text(), "OK");
    });
}

#[test]
fn a_dead_server_cannot_be_frozen() {
    let redis = Redis::start();
    redis.kill();

    let panic = catch_unwind(AssertUnwindSafe(|| redis.freeze())).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().contains("does not run"));
}

#[test]
fn nothing_is_left_behind_even_after_a_panic() {
    let mut left = None;
    let story = AssertUnwindSafe(|| {
        let (running, frozen) = (Redis::start(), Redis::start());
        frozen.freeze();
        left =
            Some([(running.pid(), running.folder().to_owned()), (frozen.pid(), frozen.folder().to_owned())]);
        panic!("as a failed test does");
    });
    catch_unwind(story).unwrap_err();

    for (pid, folder) in left.unwrap() {
        assert!(!is_running(pid));
        assert!(!folder.exists());
    }
}

#[test]
fn waiting_ends_when_it_holds() {
    let redis = Redis::start();
    redis.command(&["SET", "k", "v", "PX", "50"]);

    wait_until("the key has expired", || redis.command(&["EXISTS", "k"]).number() == 0);
}

/// Started anew as a process of its own by the test below, to be killed.
#[test]
#[ignore = "it waits until it is killed"]
fn a_process_with_a_server() {
    let redis = Redis::start();
    println!("{} {}", redis.address(), redis.folder().display());
    wait_until("it is killed", || false);
}

#[test]
fn a_server_does_not_outlive_a_process_that_is_killed() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--ignored", "--exact", "a_process_with_a_server", "--nocapture"]);
    let mut process = process.stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(process.stdout.take().unwrap()).lines();
    let said = said.map(Result::unwrap).find(|line| line.contains("hermes-testkit")).unwrap();
    let mut words = said.rsplit(' ');
    let (folder, address) = (words.next().unwrap(), words.next().unwrap());
    assert!(TcpStream::connect(address).is_ok());

    process.kill().unwrap();
    process.wait().unwrap();

    let is_there = || TcpStream::connect(address).is_ok() || Path::new(folder).exists();
    wait_until("the server is gone", || !is_there());
}

#[test]
fn it_forgets_what_it_keeps_at_once_or_in_part() {
    let redis = Redis::start();
    let fill = || (0..50).for_each(|number| drop(redis.command(&["SET", &format!("k{number}"), "v"])));
    let kept = || redis.command(&["DBSIZE"]).number();
    fill();
    redis.evict();
    assert!(kept() < 50);
    fill();
    assert_eq!(kept(), 50);
    redis.flush_all();
    assert_eq!(kept(), 0);
}
