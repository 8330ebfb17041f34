//! What may be sent twice, on servers that answer as they are told: never an acquire with the same token, unless the
//! answer proves that nothing was done.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod either;
mod scripted;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use either::User;
use hermes::{
    Cache,
    backend::{Command, Fault, Key, Manner, Namespace, Point, TagVersion, Tags, Target, Token},
};
use hermes_testkit::wait_until;
use scripted::{Asked, Says, Scripted};

/// Says it once, to the first of one kind.
fn once(kind: &'static str, says: Option<Says>) -> impl FnMut(&Asked) -> Option<Says> + Send {
    let mut says = says;
    move |asked| if asked.kind() == kind { says.take() } else { None }
}

/// One user of each kind, of caches that share nothing.
fn users(url: &str) -> Vec<User> {
    User::both_of(&Cache::from_url(url).unwrap())
}

/// How often each token was sent.
fn tokens(servers: &[&Scripted]) -> BTreeMap<Vec<u8>, usize> {
    let mut tokens = BTreeMap::new();
    for acquire in servers.iter().flat_map(|server| server.asked_to("acquire")) {
        *tokens.entry(acquire.token().to_vec()).or_default() += 1;
    }
    tokens
}

#[test]
fn an_acquire_that_may_have_been_done_is_not_sent_again() {
    let nonsense = || Some(Says::Raw("+what?\r\n".into()));
    for says in [
        Some(Says::HangsUp),
        Some(Says::IsSilent),
        nonsense(),
        Says::error("TRYAGAIN Multiple keys request during rehashing of slot"),
        Says::error("OOM command not allowed when used memory > 'maxmemory'."),
        Says::error("LOADING Redis is loading the dataset in memory"),
        Says::error("CLUSTERDOWN The cluster is down"),
    ] {
        for scheme in ["redis", "redis+cluster"] {
            for nth in 0..2 {
                let server = Scripted::start(once("acquire", says.clone()));
                let users = users(&format!("{scheme}://{}", server.address));
                let Some(user) = users.get(nth) else { continue };
                assert_eq!(user.get("k", &["t"], || 1), 1);
                // Only a server that says CLUSTERDOWN is asked again: it proves that nothing was done.
                let most = if matches!(&says, Some(Says::Raw(text)) if text.starts_with("-CLUSTERDOWN")) {
                    2
                } else {
                    1
                };
                let sent = tokens(&[&server]);
                assert!(sent.values().all(|times| *times <= most), "{scheme}: {says:?}, sent {sent:?}");
                assert!(user.cache.stats().errors <= 1, "{scheme}: {says:?}");
            }
        }
    }
}

#[test]
fn an_acquire_that_was_sent_on_goes_with_its_token() {
    for redirection in ["MOVED", "ASK"] {
        for nth in 0..2 {
            let other = Scripted::start(|_| None);
            let says = Says::error(&format!("{redirection} 1234 {}", other.address));
            let server = Scripted::start(once("acquire", says));
            let users = users(&format!("redis+cluster://{}", server.address));
            let Some(user) = users.get(nth) else { continue };
            assert_eq!(user.get("k", &["t"], || 1), 1);
            assert_eq!(user.cache.stats().errors, 0);

            let then = other.asked();
            let place = then.iter().position(|asked| asked.kind() == "acquire").unwrap();
            assert_eq!(then[place], server.asked_to("acquire")[0], "the same, word by word");
            assert_eq!(then[place - 1].kind() == "asking", redirection == "ASK");
            assert_eq!(tokens(&[&server, &other]).into_values().collect::<Vec<_>>(), [2]);
        }
    }
}

/// A server of a cluster whose slots are at `other` as soon as it is asked for the second time; and to the second
/// question who it is, it answers so.
fn deposed(says: Says, other: SocketAddr) -> Scripted {
    let mut asked_before = BTreeMap::new();
    Scripted::start(move |asked| {
        let times: &mut i32 = asked_before.entry(asked.kind()).or_default();
        *times += 1;
        match asked.kind() {
            "info" if *times > 1 => Some(says.clone()),
            "slots" if *times > 1 => Some(Says::Raw(scripted::slots(other))),
            _ => None,
        }
    })
}

/// The second acquire goes together with the question who the server is, which says `says`; then another has the slots.
#[expect(clippy::disallowed_methods, reason = "servers know no other time")]
fn set_where_a_server_is_deposed(nth: usize, says: &Says) {
    let other = Scripted::start(|_| None);
    let server = deposed(says.clone(), other.address);
    let users = users(&format!("redis+cluster://{}", server.address));
    let Some(user) = users.get(nth) else { return };
    user.set("k", &["t"], 1).unwrap();
    // Real time: who it is, a server is asked once a second.
    thread::sleep(Duration::from_millis(1100));
    assert!(user.set("k", &["t"], 2).is_err(), "{says:?}");
    wait_until("the other is asked", || user.set("k", &["t"], 3).is_ok());
    assert!(!other.asked_to("commit").is_empty(), "{says:?}");
    assert!(tokens(&[&server, &other]).into_values().all(|times| times == 1), "{says:?}");
}

#[test]
fn an_acquire_is_not_sent_to_another_whatever_the_first_said_beside_it_of_itself() {
    thread::scope(|scope| {
        for says in [
            Says::Raw("-NOPERM this user has no permissions to run the 'info' command\r\n".into()),
            Says::Raw("-NOAUTH Authentication required.\r\n".into()),
            Says::Raw("+what?\r\n".into()),
            Says::Raw(scripted::bulk("role:slave\r\n")),
        ] {
            for nth in 0..2 {
                let says = says.clone();
                scope.spawn(move || set_where_a_server_is_deposed(nth, &says));
            }
        }
    });
}

#[test]
fn acquires_that_go_together_are_not_sent_again_either() {
    let (namespace, point) = (Namespace::default(), Point::entry());
    let acquire = |n: u8| {
        let key = Key::from_encoded(&namespace, &point, &[n]);
        Command::Acquire {
            target: Arc::new(Target { key, tags: Tags::new(&point, [""; 0]) }),
            token: Token::from_bytes([n; 16]),
            fresh: vec![TagVersion::from_bytes([n; 8]); 2],
            manner: Manner::Polite,
            lease: Duration::from_secs(5),
            tag_life: Duration::from_secs(5),
        }
    };
    let acquires: Vec<_> = (0..8).map(acquire).collect();
    for says in [Says::HangsUp, Says::IsSilent, Says::Raw("+what?\r\n".into())] {
        for scheme in ["redis", "redis+cluster"] {
            let server = Scripted::start(once("acquire", Some(says.clone())));
            let url = format!("{scheme}://{}", server.address);
            let backend = Cache::builder().url(&url).open_backend().unwrap();
            let answers = backend.execute_all(&acquires);
            let told = answers
                .iter()
                .filter(|answer| answer.as_ref().is_err_and(|error| error.fault() == Fault::Unknown));
            assert!(told.count() > 0, "{scheme}: {says:?}");
            let sent = tokens(&[&server]);
            assert!(sent.into_values().all(|times| times == 1), "{scheme}: {says:?}");
        }
    }
}

#[test]
fn a_script_that_the_server_does_not_know_is_sent_whole() {
    for kind in ["acquire", "commit"] {
        let server = Scripted::start(|asked| {
            asked.is("EVALSHA").then(|| Says::error("NOSCRIPT No matching script. Please use EVAL."))?
        });
        for (nth, user) in users(&format!("redis://{}", server.address)).iter().enumerate() {
            assert_eq!(user.get("k", &["t"], || 1), 1);
            assert_eq!(user.cache.stats().errors, 0);
            let sent = server.asked_to(kind).split_off(2 * nth);
            assert_eq!(sent.len(), 2, "by its hash, then by its code");
            assert!(sent[0].is("EVALSHA") && sent[1].is("EVAL"));
            assert_eq!(sent[0].token(), sent[1].token());
        }
    }
}

#[test]
fn what_may_be_done_twice_is_sent_once_more_where_a_connection_was_closed() {
    for kind in ["fetch", "delete"] {
        for nth in 0..2 {
            let mut seen = 0;
            let server = Scripted::start(move |asked| {
                seen += usize::from(asked.kind() == kind);
                (asked.kind() == kind && seen == 2).then_some(Says::HangsUp)
            });
            let users = users(&format!("redis://{}", server.address));
            let Some(user) = users.get(nth) else { continue };
            for value in [1, 2] {
                assert_eq!(user.get("k", &["t"], || value), value);
                user.invalidate("k").unwrap();
            }
            assert_eq!(server.asked_to(kind).len(), 3);
            assert_eq!(user.cache.stats().errors, 0);
        }
    }
}

#[test]
fn a_server_that_hangs_up_each_time_is_not_asked_for_ever() {
    for nth in 0..2 {
        for scheme in ["redis", "redis+cluster"] {
            let server =
                Scripted::start(|asked| ["fetch", "delete"].contains(&asked.kind()).then_some(Says::HangsUp));
            let users = users(&format!("{scheme}://{}", server.address));
            let Some(user) = users.get(nth) else { continue };
            assert_eq!(user.get("k", &["t"], || 1), 1);
            assert!(user.invalidate("k").is_err());
            assert!(server.asked_to("fetch").len() <= 3, "{}", server.asked_to("fetch").len());
            assert!(server.asked_to("delete").len() <= 4, "{}", server.asked_to("delete").len());
        }
    }
}

#[test]
fn nonsense_in_place_of_a_map_is_survived() {
    let ranges = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n";
    for answer in [
        "+OK\r\n".to_owned(),
        "*0\r\n".into(),
        "*1\r\n:1\r\n".into(),
        format!("{ranges}$9\r\n127.0.0.1\r\n:99999\r\n"),
        format!("{ranges}$9\r\n127.0.0.1\r\n:-1\r\n"),
        format!("{ranges}$0\r\n\r\n:1\r\n"),
        format!("{ranges}:1\r\n:1\r\n"),
        "*1\r\n*3\r\n:-5\r\n:99999\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n".into(),
        "*1\r\n*3\r\n:9\r\n:3\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n".into(),
    ] {
        let says = answer.clone();
        let server = Scripted::start(move |asked| (asked.kind() == "slots").then(|| Says::Raw(says.clone())));
        for user in users(&format!("redis+cluster://{}", server.address)) {
            assert_eq!(user.get("k", &["t"], || 1), 1);
            assert!(user.invalidate("k").is_err(), "{answer:?}");
            assert!(user.clean(&["t"]).is_err(), "{answer:?}");
        }
    }
}

#[test]
fn servers_that_send_each_other_around_are_left() {
    // One sends everybody to the other, which sends everybody back.
    let to = Arc::new(AtomicU16::new(0));
    let send_to = Arc::clone(&to);
    let moved = |port| Says::error(&format!("MOVED 1 127.0.0.1:{port}"));
    let is_about_keys = |asked: &Asked| ["fetch", "delete"].contains(&asked.kind());
    let one = Scripted::start(move |asked| is_about_keys(asked).then(|| moved(send_to.load(Relaxed)))?);
    let port = one.address.port();
    let server = Scripted::start(move |asked| is_about_keys(asked).then(|| moved(port))?);
    to.store(server.address.port(), Relaxed);
    for user in users(&format!("redis+cluster://{}", server.address)) {
        assert_eq!(user.get("k", &["t"], || 1), 1);
        assert!(user.invalidate("k").is_err());
        assert!(user.clean(&["t"]).is_err());
    }
    assert!(server.asked().len() < 2000, "{}", server.asked().len());
}
