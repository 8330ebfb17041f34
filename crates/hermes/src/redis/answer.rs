//! Reads what Redis said as replies of the protocol. Pure: it receives nothing.
//! Leaves errors to `failure`.

use hermescache_protocol::{
    Command, Committed, History, LeaseRecord, Purpose, Reading, Reply, Sight, TagVersion, Target, View,
    decode_entry, decode_lease,
};
use redis::Value;

/// A value that makes no sense as the answer to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonsense;

/// The reply that a value means, from a server whose data have this history.
pub(super) fn reply(command: &Command, value: Value, history: History) -> Result<Reply, Nonsense> {
    match (command, value) {
        (Command::Fetch { target, purpose, .. }, Value::Array(values)) => {
            Ok(Reply::Fetched(fetched(target, *purpose, &mut values.into_iter(), history)?))
        }
        (Command::Acquire { token, target, .. }, Value::Array(values)) => {
            let mut values = values.into_iter();
            let won = values.next().ok_or(Nonsense)?;
            let entry = values.next().ok_or(Nonsense)?;
            let lease = values.next().ok_or(Nonsense)?;
            let lease = match won {
                Value::Int(1) => Sight::Won(*token),
                Value::Int(0) => sight(lease)?,
                _ => return Err(Nonsense),
            };
            Ok(Reply::Acquired(view(entry, lease, versions(values, target.tags.count(), history)?)?))
        }
        (Command::Commit { .. }, Value::Int(code)) => match code {
            0 => Ok(Reply::Committed(Committed::Fenced)),
            1 => Ok(Reply::Committed(Committed::Stored)),
            2 => Ok(Reply::Committed(Committed::Refused)),
            _ => Err(Nonsense),
        },
        (Command::Renew { token, .. }, Value::Int(renewed)) => {
            Ok(Reply::Renewed((renewed == 1).then_some(*token)))
        }
        (Command::Release { .. } | Command::Invalidate { .. } | Command::Clean { .. }, Value::Int(_)) => {
            Ok(Reply::Done)
        }
        _ => Err(Nonsense),
    }
}

/// What a fetch reads, from what was answered to each of its names in their order.
pub(super) fn fetched(
    target: &Target,
    purpose: Purpose,
    values: &mut impl Iterator<Item = Value>,
    history: History,
) -> Result<View, Nonsense> {
    let entry = values.next().ok_or(Nonsense)?;
    let count = target.tags.count();
    let versions = versions(values.by_ref().take(count), count, history)?;
    let lease = match purpose {
        Purpose::Follow => sight(values.next().ok_or(Nonsense)?)?,
        Purpose::Peek | Purpose::Read => Sight::NotAsked,
    };
    view(entry, lease, versions)
}

/// What a server tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the one to read from and to write to.
    Master(History),
    /// Its data may be old.
    Replica,
}

/// Reads the answer to `INFO replication`.
pub(super) fn role(value: &Value) -> Result<Role, Nonsense> {
    let text = match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).map_err(|_| Nonsense)?,
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => text,
        _ => return Err(Nonsense),
    };
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
            .ok_or(Nonsense)
    };
    match field("role")? {
        "master" => {
            // 40 hexadecimal digits, drawn at random. 16 of them are as good as unique.
            let digits = field("master_replid")?.get(..16).ok_or(Nonsense)?;
            let history = u64::from_str_radix(digits, 16).map_err(|_| Nonsense)?;
            Ok(Role::Master(History::from_bytes(history.to_be_bytes())))
        }
        _ => Ok(Role::Replica),
    }
}

fn view(entry: Value, lease: Sight, versions: Reading) -> Result<View, Nonsense> {
    // Bytes that cannot be decoded are no entry.
    let read = bytes(entry)?.map(|bytes| decode_entry(&bytes)).transpose();
    let (entry, unreadable) = read.map_or_else(|why| (None, Some(why)), |entry| (entry, None));
    Ok(View { entry, unreadable, lease, versions })
}

fn sight(value: Value) -> Result<Sight, Nonsense> {
    Ok(match bytes(value)?.map(|bytes| decode_lease(&bytes)) {
        None => Sight::Free,
        Some(Ok(LeaseRecord::Held(lease))) => Sight::Held(lease),
        // Who cannot read whom to wait for does not wait.
        Some(Ok(LeaseRecord::Pass) | Err(_)) => Sight::Pass,
    })
}

fn versions(
    values: impl Iterator<Item = Value>,
    count: usize,
    history: History,
) -> Result<Reading, Nonsense> {
    let version = |value| {
        let version = bytes(value)?.and_then(|bytes| bytes.try_into().ok());
        Ok(version.map(TagVersion::from_bytes))
    };
    let mut read = Vec::with_capacity(count);
    for value in values {
        read.push(version(value)?);
    }
    Ok(Reading::new(history, read))
}

fn bytes(value: Value) -> Result<Option<Vec<u8>>, Nonsense> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        _ => Err(Nonsense),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_tells_its_history() {
        let text = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\
                    master_replid:0123456789abcdef0123456789abcdef01234567\r\nmaster_repl_offset:0\r\n";
        let history = History::from_bytes([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        assert_eq!(role(&Value::BulkString(text.into())), Ok(Role::Master(history)));
    }

    #[test]
    fn a_replica_tells_no_history() {
        let text = "role:slave\r\nmaster_replid:0123456789abcdef0123456789abcdef01234567\r\n";
        assert_eq!(role(&Value::BulkString(text.into())), Ok(Role::Replica));
    }

    #[test]
    fn what_is_no_answer_is_nonsense() {
        for text in ["", "role:master\r\n", "role:master\r\nmaster_replid:xyz\r\n", "+OK"] {
            assert_eq!(role(&Value::BulkString(text.into())), Err(Nonsense), "{text:?}");
        }
        assert_eq!(role(&Value::Int(1)), Err(Nonsense));
    }
}
