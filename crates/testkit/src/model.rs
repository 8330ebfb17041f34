//! The shortest backend there is: an example for those who write one, and a stand-in for a server in tests.
//! Decides nothing: when to compute and what is stale is the protocol's affair.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hermes::backend::{
    Backend, BackendError, Buckets, Command, Committed, History, Key, Lease, LeaseRecord, Leaving, Listed,
    Manner, Match, Namespace, Purpose, Reading, Reply, Sight, Tag, TagVersion, Target, Token, View,
    decode_entry, decode_lease, encode_entry, encode_lease,
};

use crate::patience::Deadline;

/// A backend that keeps its bytes in a map. Clones share them, as clients share a server.
///
/// It is as simple as it is right: every command is carried out under one lock, so all of it is atomic, and
/// nothing is ever half done or lost. Lives end by real time.
///
/// ```
/// use hermes::Cache;
/// use hermes_testkit::ModelBackend;
///
/// let place = ModelBackend::new();
/// let one = Cache::builder().backend(place.clone()).build()?;
/// let other = Cache::builder().backend(place).build()?;
///
/// assert_eq!(one.entry("k").get_or_compute(|| 1), 1);
/// assert_eq!(other.entry("k").get_or_compute(|| 2), 1);
/// # Ok::<(), hermes::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ModelBackend {
    values: Arc<Mutex<Values>>,
    buckets: Buckets,
}

impl ModelBackend {
    /// One without anything in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that spreads its keys over buckets, as a cluster does.
    #[must_use]
    pub fn with_buckets(buckets: Buckets) -> Self {
        Self { buckets, ..Self::default() }
    }

    /// Puts bytes under a name, whatever they are; they live for an hour.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        self.with_values(|values| values.put(name.to_owned(), bytes.to_vec(), Duration::from_secs(3600)));
    }

    fn with_values<T>(&self, act: impl FnOnce(&mut Values) -> T) -> T {
        act(&mut self.values.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Backend for ModelBackend {
    fn buckets(&self) -> Buckets {
        self.buckets
    }

    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        self.with_values(|values| match command {
            Command::Clean { namespace, bucket, tags } => {
                tags.iter().for_each(|tag| values.delete(&tag.name(namespace, *bucket)));
                Ok(Reply::Done)
            }
            Command::Invalidate { key } => {
                let place = Place { values, buckets: self.buckets, key };
                place.values.delete(&place.lease_name());
                place.values.delete(&place.entry_name());
                Ok(Reply::Done)
            }
            Command::Fetch { target, .. }
            | Command::Acquire { target, .. }
            | Command::Commit { target, .. }
            | Command::Release { target, .. }
            | Command::Renew { target, .. } => {
                Place { values, buckets: self.buckets, key: &target.key }.carry_out(target, command)
            }
            _ => Err(unknown_command()),
        })
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        let is_ours = |name: &str| {
            Key::from_name(namespace, name).is_some() || Tag::from_name(namespace, name).is_some()
        };
        let listed = |(name, bytes): (&String, &[u8])| Listed {
            name: name.clone(),
            head: bytes.to_vec(),
            len_bytes: bytes.len() as u64,
            history: History::default(),
        };
        Ok(self.with_values(|values| values.all().filter(|(name, _)| is_ours(name)).map(listed).collect()))
    }
}

/// The place of one key: its entry, its lease and the versions of its tags.
struct Place<'v> {
    values: &'v mut Values,
    buckets: Buckets,
    key: &'v Key,
}

impl Place<'_> {
    fn carry_out(mut self, target: &Target, command: &Command) -> Result<Reply, BackendError> {
        Ok(match command {
            Command::Fetch { purpose, .. } => {
                let lease = if *purpose == Purpose::Follow { self.lease() } else { Sight::NotAsked };
                Reply::Fetched(self.view(target, lease))
            }
            Command::Acquire { token, fresh, manner, lease, tag_life, .. } => {
                self.create_versions(target, fresh, *tag_life);
                let lease = self.take_lease(target, *token, *manner, *lease);
                Reply::Acquired(self.view(target, lease))
            }
            Command::Commit { entry, tag_life, .. } => {
                if !self.is_held_by(entry.id) {
                    return Ok(Reply::Committed(Committed::Fenced));
                }
                self.prolong_versions(target, *tag_life);
                self.values.put(self.entry_name(), encode_entry(entry), entry.ttl.get());
                self.values.delete(&self.lease_name());
                Reply::Committed(Committed::Stored)
            }
            Command::Release { token, leaving, .. } => {
                if self.is_held_by(*token) {
                    match leaving {
                        Leaving::Nothing => self.values.delete(&self.lease_name()),
                        Leaving::Pass(life) => self.put_lease(&LeaseRecord::Pass, *life),
                    }
                }
                Reply::Done
            }
            Command::Renew { token, lease, .. } => {
                let is_held = self.is_held_by(*token);
                if is_held {
                    self.values.live_for(&self.lease_name(), *lease);
                }
                Reply::Renewed(is_held.then_some(*token))
            }
            _ => return Err(unknown_command()),
        })
    }

    /// What lies there. Bytes that cannot be decoded are no entry.
    fn view(&self, target: &Target, lease: Sight) -> View {
        let read = self.values.get(&self.entry_name()).map(decode_entry).transpose();
        let (entry, unreadable) = read.map_or_else(|why| (None, Some(why)), |entry| (entry, None));
        View { entry, unreadable, lease, versions: self.versions(target) }
    }

    /// The lease. Who cannot read whom to wait for does not wait.
    fn lease(&self) -> Sight {
        match self.values.get(&self.lease_name()).map(decode_lease) {
            None => Sight::Free,
            Some(Ok(LeaseRecord::Held(lease))) => Sight::Held(lease),
            Some(Ok(LeaseRecord::Pass) | Err(_)) => Sight::Pass,
        }
    }

    fn is_held_by(&self, token: Token) -> bool {
        matches!(self.lease(), Sight::Held(lease) if lease.token == token)
    }

    fn take_lease(&mut self, target: &Target, token: Token, manner: Manner, life: Duration) -> Sight {
        let versions = self.versions(target);
        let lease = self.lease();
        let is_free = match &lease {
            Sight::Free => true,
            // Whose computation is of no use any more.
            Sight::Held(lease) => lease.versions.compare(&target.tags, &versions) == Match::Gone,
            _ => false,
        };
        let versions = versions.complete(&target.tags).filter(|_| is_free || manner == Manner::Forced);
        let Some(versions) = versions else { return lease };
        self.put_lease(&LeaseRecord::Held(Lease { token, versions }), life);
        Sight::Won(token)
    }

    fn put_lease(&mut self, record: &LeaseRecord, life: Duration) {
        self.values.put(self.lease_name(), encode_lease(record), life);
    }

    /// The versions of the tags, in their order. Bytes that are no version are none.
    fn versions(&self, target: &Target) -> Reading {
        let version = |name: String| Some(TagVersion::from_bytes(self.values.get(&name)?.try_into().ok()?));
        Reading::new(History::default(), self.tag_names(target).map(version).collect())
    }

    fn create_versions(&mut self, target: &Target, fresh: &[TagVersion], life: Duration) {
        self.prolong_versions(target, life);
        let names: Vec<_> = self.tag_names(target).collect();
        for (name, fresh) in names.into_iter().zip(fresh) {
            if self.values.get(&name).is_none_or(|bytes| bytes.len() != fresh.as_bytes().len()) {
                self.values.put(name, fresh.as_bytes().to_vec(), life);
            }
        }
    }

    /// Versions live as long as the longest life that anybody asked for.
    fn prolong_versions(&mut self, target: &Target, life: Duration) {
        let names: Vec<_> = self.tag_names(target).collect();
        for name in names {
            if self.values.life_left(&name) < life {
                self.values.live_for(&name, life);
            }
        }
    }

    fn tag_names(&self, target: &Target) -> impl Iterator<Item = String> {
        let (namespace, bucket) = (self.key.namespace(), self.key.bucket(self.buckets));
        target.tags.iter().map(move |tag| tag.name(namespace, bucket))
    }

    fn entry_name(&self) -> String {
        self.key.entry_name(self.buckets)
    }

    fn lease_name(&self) -> String {
        self.key.lease_name(self.buckets)
    }
}

/// Bytes by name, each until the end of its life.
#[derive(Debug, Default)]
struct Values(HashMap<String, (Vec<u8>, Deadline)>);

impl Values {
    fn all(&self) -> impl Iterator<Item = (&String, &[u8])> {
        let living = self.0.iter().filter(|(_, (_, end))| !end.remaining().is_zero());
        living.map(|(name, (bytes, _))| (name, bytes.as_slice()))
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).filter(|(_, end)| !end.remaining().is_zero()).map(|(bytes, _)| bytes.as_slice())
    }

    fn put(&mut self, name: String, bytes: Vec<u8>, life: Duration) {
        self.0.insert(name, (bytes, Deadline::after(life)));
    }

    fn delete(&mut self, name: &str) {
        self.0.remove(name);
    }

    fn life_left(&self, name: &str) -> Duration {
        self.0.get(name).map_or(Duration::ZERO, |(_, end)| end.remaining())
    }

    /// Gives what is there, and only that, a new life.
    fn live_for(&mut self, name: &str, life: Duration) {
        if let Some((_, end)) = self.0.get_mut(name).filter(|(_, end)| !end.remaining().is_zero()) {
            *end = Deadline::after(life);
        }
    }
}

/// A command of a later protocol.
fn unknown_command() -> BackendError {
    BackendError::not_done("this backend does not know the command")
}
