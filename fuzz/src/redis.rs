//! Answers of Redis, as the cache understands them: each element is a byte for its kind, one for its length, and so many. What understands
//! them is not public: it is compiled from where it stands. The bytes of the wire are the affair of the client.

#[allow(dead_code, unreachable_pub, reason = "only what reads is used")]
#[path = "../../crates/hermes/src/redis/answer.rs"]
mod answer;

use std::{sync::Arc, time::Duration};

use hermescache_protocol::{
    Arguments, Command, History, Key, Manner, Namespace, Point, Purpose, TagVersion, Tags, Target, Token,
};
use redis::Value;

pub(crate) fn read(bytes: &[u8]) {
    let values = values(bytes);
    if let Some(first) = values.first() {
        let _ = answer::role(first);
    }
    for command in commands() {
        let _ = answer::reply(&command, Value::Array(values.clone()), History::default());
    }
}

fn values(mut bytes: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while let [kind, len, rest @ ..] = bytes {
        let (part, after) = rest.split_at(rest.len().min(usize::from(*len)));
        values.push(match kind % 4 {
            0 => Value::Nil,
            1 => Value::Int(i64::from(*len)),
            2 => Value::SimpleString(String::from_utf8_lossy(part).into_owned()),
            _ => Value::BulkString(part.to_vec()),
        });
        bytes = after;
    }
    values
}

/// One of each that is answered with more than a number.
fn commands() -> [Command; 3] {
    let point = Point::function("fuzz", None);
    let key = Key::new(&Namespace::default(), &point, &Arguments::new());
    let target = Arc::new(Target { key, tags: Tags::new(&point, ["t"]) });
    let (lease, tag_life) = (Duration::from_secs(5), Duration::from_secs(60));
    let fetch = |purpose| Command::Fetch { target: target.clone(), purpose, lease, tag_life };
    let token = Token::from_bytes([7; 16]);
    let fresh = vec![TagVersion::from_bytes([7; 8]); target.tags.count()];
    let manner = Manner::Polite;
    let acquire = Command::Acquire { target: target.clone(), token, fresh, manner, lease, tag_life };
    [fetch(Purpose::Read), fetch(Purpose::Follow), acquire]
}
