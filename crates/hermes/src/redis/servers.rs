//! Which server has a bucket's keys: the one, a cluster's nodes, or the master that sentinels name.
//! Sends nothing but the question for that.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use hermescache_protocol::{Bucket, Buckets};
use redis::{Cmd, Value, cmd};

use super::{
    address::{Access, Address, Layout},
    failure::Failure,
    node::{Answers, Node, Parcel, Said},
    slot,
};
use crate::{backend::BackendError, clock};

/// A map that a server has shown to be old is drawn anew, but not more often than this.
const MAPS_EVERY: Duration = Duration::from_millis(100);

/// The servers of one cache.
pub(super) struct Servers {
    layout: Layout,
    nodes: Nodes,
    /// They let in other users than the servers that they watch.
    sentinels: Nodes,
    map: RwLock<Map>,
}

/// All servers that have been met, by address.
struct Nodes {
    access: Access,
    met: Mutex<HashMap<Address, Arc<Node>>>,
}

/// Which server has which keys.
#[derive(Default)]
struct Map {
    /// By the number of the bucket; a single one has all keys.
    owners: Vec<Option<Arc<Node>>>,
    is_old: bool,
    drawn: Option<Instant>,
}

impl Servers {
    pub(super) fn new(layout: Layout, access: &Access) -> Result<Self, String> {
        let nodes = |access| Nodes { access, met: Mutex::default() };
        let servers = Self {
            layout,
            nodes: nodes(access.clone()),
            sentinels: nodes(access.to_sentinels()),
            map: RwLock::default(),
        };
        if let Layout::One(address) = &servers.layout {
            let node = servers.nodes.at(address)?;
            servers.write().owners = vec![Some(node)];
        }
        Ok(servers)
    }

    pub(super) fn buckets(&self) -> Buckets {
        match self.layout {
            Layout::One(_) | Layout::Sentinels { .. } => Buckets::One,
            Layout::Cluster { .. } => Buckets::Many,
        }
    }

    /// Whether another server may take over from one that is gone.
    pub(super) fn may_move(&self) -> bool {
        !matches!(self.layout, Layout::One(_))
    }

    /// The server that has a bucket's keys. Asks for it only where that is not known.
    pub(super) fn owner(&self, bucket: Bucket) -> Result<Arc<Node>, Failure> {
        if let Some(owner) = self.known_owner(bucket) {
            return Ok(owner);
        }
        let mut last = None;
        for guide in self.guides()? {
            match guide.exchange(question(&|_| vec![self.where_is_it()])) {
                Ok(answers) => match self.draw(&guide.address, &answers) {
                    Ok(()) => break,
                    Err(failure) => last = Some(failure),
                },
                Err(failure) => last = Some(failure),
            }
        }
        self.owner_in_the_end(bucket, last)
    }

    /// [`owner`](Self::owner) for a task.
    #[cfg(feature = "async")]
    pub(super) async fn owner_async(&self, bucket: Bucket) -> Result<Arc<Node>, Failure> {
        match self.known_owner(bucket) {
            Some(owner) => Ok(owner),
            // In a box, for it is large and seldom: who calls this is moved about with each hit.
            None => Box::pin(self.find_owner_async(bucket)).await,
        }
    }

    #[cfg(feature = "async")]
    async fn find_owner_async(&self, bucket: Bucket) -> Result<Arc<Node>, Failure> {
        let mut last = None;
        for guide in self.guides()? {
            let commands = |_| vec![self.where_is_it()];
            match guide.exchange_async(question(&commands)).await {
                Ok(answers) => match self.draw(&guide.address, &answers) {
                    Ok(()) => break,
                    Err(failure) => last = Some(failure),
                },
                Err(failure) => last = Some(failure),
            }
        }
        self.owner_in_the_end(bucket, last)
    }

    /// All servers that have keys.
    pub(super) fn owners(&self) -> Vec<Arc<Node>> {
        let mut owners: Vec<Arc<Node>> = Vec::new();
        for owner in self.read().owners.iter().flatten() {
            if !owners.iter().any(|other| Arc::ptr_eq(other, owner)) {
                owners.push(Arc::clone(owner));
            }
        }
        owners
    }

    /// A server that another one named.
    pub(super) fn at(&self, address: &Address) -> Result<Arc<Node>, Failure> {
        self.nodes.at(address).map_err(|why| Failure::Unreachable(BackendError::not_done(why)))
    }

    /// A server said that a bucket is another's.
    pub(super) fn moved(&self, bucket: Bucket, from: &Node, to: &Address) -> Result<(), Failure> {
        // Whoever gives keys away may have been deposed, and may be master again one day: of another history.
        from.begin_new_era();
        let to = self.at(to)?;
        let mut map = self.write();
        if let Some(owner) = map.owners.get_mut(place_of(bucket)) {
            *owner = Some(to);
        }
        map.is_old = true;
        Ok(())
    }

    /// A server is gone, or no master any more.
    pub(super) fn lost(&self, node: &Node) {
        node.begin_new_era();
        if self.may_move() {
            self.write().is_old = true;
        }
    }

    fn known_owner(&self, bucket: Bucket) -> Option<Arc<Node>> {
        let map = self.read();
        let drawn_lately =
            || map.drawn.is_some_and(|drawn| clock::instant().saturating_duration_since(drawn) < MAPS_EVERY);
        if map.is_old && !drawn_lately() {
            return None;
        }
        map.owner(bucket)
    }

    /// Whom to ask for the map: those that were met first, since they are likely to be there.
    fn guides(&self) -> Result<Vec<Arc<Node>>, Failure> {
        let unusable = |why| Failure::Unreachable(BackendError::not_done(why));
        match &self.layout {
            Layout::One(_) => Ok(Vec::new()),
            Layout::Cluster { seeds } => {
                let mut guides = self.owners();
                for seed in seeds {
                    let seed = self.at(seed)?;
                    if !guides.iter().any(|guide| Arc::ptr_eq(guide, &seed)) {
                        guides.push(seed);
                    }
                }
                Ok(guides)
            }
            Layout::Sentinels { sentinels, .. } => {
                sentinels.iter().map(|sentinel| self.sentinels.at(sentinel).map_err(unusable)).collect()
            }
        }
    }

    fn where_is_it(&self) -> Cmd {
        match &self.layout {
            Layout::Sentinels { master, .. } => {
                cmd("SENTINEL").arg("get-master-addr-by-name").arg(master).take()
            }
            Layout::Cluster { .. } | Layout::One(_) => cmd("CLUSTER").arg("SLOTS").take(),
        }
    }

    /// Takes note of what a guide said.
    fn draw(&self, guide: &Address, (answers, _): &Answers) -> Result<(), Failure> {
        let owners = match (&self.layout, answers.as_slice()) {
            (_, [Value::ServerError(error)]) => return Err(Failure::of_answer(error, guide)),
            (Layout::Sentinels { master, .. }, [answer]) => {
                let address = master_in(answer, guide).ok_or_else(|| {
                    let why = format!("the sentinel {guide} knows no master {master:?}");
                    Failure::Refused(BackendError::not_done(why))
                })?;
                vec![Some(self.at(&address)?)]
            }
            (_, [answer]) => {
                let slots = slot::ranges(answer, guide).ok_or_else(|| Failure::nonsense(guide))?;
                let owner = |bucket| {
                    let slot = slot::of(bucket);
                    let (_, address) = slots.iter().find(|(range, _)| range.contains(&slot))?;
                    Some(self.at(address))
                };
                Buckets::Many.all().map(|bucket| owner(bucket).transpose()).collect::<Result<_, _>>()?
            }
            _ => return Err(Failure::nonsense(guide)),
        };
        *self.write() = Map { owners, is_old: false, drawn: Some(clock::instant()) };
        Ok(())
    }

    /// After all guides were asked: the old map is better than none.
    fn owner_in_the_end(&self, bucket: Bucket, last: Option<Failure>) -> Result<Arc<Node>, Failure> {
        if let Some(owner) = self.read().owner(bucket) {
            return Ok(owner);
        }
        Err(last.unwrap_or_else(|| {
            Failure::Refused(BackendError::not_done("no node of the cluster serves this part of the keys"))
        }))
    }

    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Map {
    fn owner(&self, bucket: Bucket) -> Option<Arc<Node>> {
        self.owners.get(place_of(bucket))?.clone()
    }
}

impl Nodes {
    fn at(&self, address: &Address) -> Result<Arc<Node>, String> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = met.get(address) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Node::new(address.clone(), &self.access)?);
        met.insert(address.clone(), Arc::clone(&node));
        Ok(node)
    }
}

fn question<'a>(commands: &'a Said<'a>) -> Parcel<'a> {
    Parcel { commands, may_be_sent_again: true, is_urgent: false }
}

/// Where the owner of a bucket stands in a map.
fn place_of(bucket: Bucket) -> usize {
    usize::from(bucket.number().unwrap_or(0))
}

/// The address in a sentinel's answer: host and port.
fn master_in(answer: &Value, sentinel: &Address) -> Option<Address> {
    let Value::Array(parts) = answer else { return None };
    let [Value::BulkString(host), Value::BulkString(port)] = parts.as_slice() else { return None };
    let (host, port) = (str::from_utf8(host).ok()?, str::from_utf8(port).ok()?);
    sentinel.beside(&format!("{host}:{port}"))
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layout.fmt(f)
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("layout", &self.layout).finish_non_exhaustive()
    }
}
