//! Says the commands of the protocol in Redis's words. Pure: it sends nothing.
//! Leaves what the server says to `answer`.

use std::time::Duration;

use hermescache_protocol::{
    Bucket, Buckets, Command, History, Key, LeaseRecord, Leaving, Manner, Namespace, Purpose, Tag, Target,
    encode_entry, encode_lease,
};
use redis::{Cmd, cmd};

use super::script::{self, By};

/// A command of a later protocol: there are no words for it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unheard;

/// One command in Redis's words, for a server whose data have this history.
pub(super) fn whole(command: &Command, buckets: Buckets, by: By, history: History) -> Result<Cmd, Unheard> {
    Ok(match command {
        Command::Fetch { target, purpose, .. } => fetch(target, *purpose, buckets),
        Command::Acquire { target, token, fresh, manner, lease, tag_life } => {
            let mut call = script::ACQUIRE.call(by, &all_names(target, buckets));
            call.arg(token.as_bytes()).arg(ms(*lease)).arg(ms(*tag_life));
            call.arg(match manner {
                Manner::Forced => "forced",
                Manner::Polite | Manner::Held => "polite",
            });
            call.arg(target.tags.names().as_bytes()).arg(history.as_bytes());
            for version in fresh {
                call.arg(version.as_bytes());
            }
            call
        }
        Command::Commit { target, entry, tag_life } => {
            let mut call = script::COMMIT.call(by, &all_names(target, buckets));
            call.arg(entry.id.as_bytes())
                .arg(ms(entry.ttl.get()))
                .arg(encode_entry(entry))
                .arg(ms(*tag_life));
            call
        }
        Command::Release { target, token, leaving } => {
            let mut call = script::RELEASE.call(by, &[target.key.lease_name(buckets)]);
            let (word, lives) = match leaving {
                Leaving::Nothing => (Vec::new(), Duration::ZERO),
                Leaving::Pass(lives) => (encode_lease(&LeaseRecord::Pass), *lives),
            };
            call.arg(token.as_bytes()).arg(word).arg(ms(lives));
            call
        }
        Command::Renew { target, token, lease } => {
            let mut call = script::RENEW.call(by, &[target.key.lease_name(buckets)]);
            call.arg(token.as_bytes()).arg(ms(*lease));
            call
        }
        Command::Invalidate { key } => {
            let mut del = cmd("DEL");
            del.arg(key.lease_name(buckets)).arg(key.entry_name(buckets));
            del
        }
        Command::Clean { namespace, bucket, tags } => {
            let mut del = cmd("DEL");
            tags.iter().for_each(|tag| {
                del.arg(tag.name(namespace, *bucket));
            });
            del
        }
        _ => return Err(Unheard),
    })
}

/// The one command that most calls come to.
fn fetch(target: &Target, purpose: Purpose, buckets: Buckets) -> Cmd {
    let (namespace, bucket) = (target.key.namespace(), target.key.bucket(buckets));
    let mut mget = Mget::of(2 + target.tags.count());
    mget.entry(&target.key, buckets);
    for tag in target.tags.iter() {
        mget.tag(tag, namespace, bucket);
    }
    if purpose == Purpose::Follow {
        mget.lease(&target.key, buckets);
    }
    mget.into_cmd()
}

/// Reads many names at once. They are written into one text after the other.
pub(super) struct Mget {
    cmd: Cmd,
    name: String,
    count: usize,
}

impl Mget {
    /// Of about so many names.
    pub(super) fn of(names: usize) -> Self {
        const TYPICAL_NAME_BYTES: usize = 80;
        let mut cmd = Cmd::with_capacity(1 + names, (1 + names) * TYPICAL_NAME_BYTES);
        cmd.arg("MGET");
        Self { cmd, name: String::with_capacity(2 * TYPICAL_NAME_BYTES), count: 0 }
    }

    /// Names an entry. Tells its place in the answer, as all of these do.
    pub(super) fn entry(&mut self, key: &Key, buckets: Buckets) -> usize {
        self.name(|name| key.write_entry_name(buckets, name))
    }

    pub(super) fn lease(&mut self, key: &Key, buckets: Buckets) -> usize {
        self.name(|name| key.write_lease_name(buckets, name))
    }

    pub(super) fn tag(&mut self, tag: &Tag, namespace: &Namespace, bucket: Bucket) -> usize {
        self.name(|name| tag.write_name(namespace, bucket, name))
    }

    pub(super) fn into_cmd(self) -> Cmd {
        self.cmd
    }

    fn name(&mut self, write: impl FnOnce(&mut String)) -> usize {
        self.name.clear();
        write(&mut self.name);
        self.cmd.arg(&self.name);
        self.count += 1;
        self.count - 1
    }
}

/// The same one key at a time, for a slot that is on its way from one node to another: there, a command is refused
/// that names several keys of which one is absent. In this order: the lease goes before the entry. Scripts have no
/// such form.
pub(super) fn one_by_one(command: &Command, buckets: Buckets) -> Option<Vec<Cmd>> {
    let each = |verb: &str, names: Vec<String>| {
        Some(names.into_iter().map(|name| cmd(verb).arg(name).take()).collect())
    };
    match command {
        Command::Fetch { target, purpose, .. } => {
            let mut names = vec![target.key.entry_name(buckets)];
            names.extend(tag_names(target, buckets));
            names.extend((*purpose == Purpose::Follow).then(|| target.key.lease_name(buckets)));
            each("GET", names)
        }
        Command::Invalidate { key } => each("DEL", vec![key.lease_name(buckets), key.entry_name(buckets)]),
        Command::Clean { namespace, bucket, tags } => {
            each("DEL", tags.iter().map(|tag| tag.name(namespace, *bucket)).collect())
        }
        _ => None,
    }
}

/// Asks who the server is: its role, and the history of its data.
pub(super) fn who_are_you() -> Cmd {
    cmd("INFO").arg("replication").take()
}

/// Asks for any answer.
pub(super) fn are_you_there() -> Cmd {
    cmd("PING")
}

fn tag_names(target: &Target, buckets: Buckets) -> Vec<String> {
    let (namespace, bucket) = (target.key.namespace(), target.key.bucket(buckets));
    target.tags.iter().map(|tag| tag.name(namespace, bucket)).collect()
}

fn all_names(target: &Target, buckets: Buckets) -> Vec<String> {
    let mut names = vec![target.key.entry_name(buckets), target.key.lease_name(buckets)];
    names.extend(tag_names(target, buckets));
    names
}

/// Whole milliseconds, at least one: a server takes no other.
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
