//! Finds out which server has a bucket's keys: the one, a cluster's nodes, or the master that sentinels name.
//! Sends nothing but the question for that; what is known lies in `map`.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use hermescache_protocol::{Bucket, Buckets};
use redis::{Cmd, Value, cmd};

use super::{
    address::{Access, Address, Layout},
    failure::Failure,
    map::Map,
    node::{Answers, Node, Parcel, Wording},
    nodes::Nodes,
    slot,
};
use crate::{backend::BackendError, clock};

/// The servers of one cache.
pub(super) struct Servers {
    layout: Layout,
    /// Those that have keys.
    nodes: Nodes,
    guides: Guides,
    map: RwLock<Map>,
}

/// Who is asked which server has which keys.
enum Guides {
    /// Nobody: one server has them all.
    None,
    /// The nodes of a cluster, masters or not: those that the URL names, and all that were met.
    Nodes {
        seeds: Vec<Arc<Node>>,
        met: Nodes,
    },
    Sentinels(Vec<Arc<Node>>),
}

impl Servers {
    pub(super) fn new(layout: Layout, access: &Access) -> Result<Self, String> {
        let nodes = Nodes::new(access.clone());
        let mut map = Map::default();
        let all_at = |addresses: &[Address], met: &Nodes| -> Result<Vec<_>, String> {
            addresses.iter().map(|address| met.at(address)).collect()
        };
        let guides = match &layout {
            Layout::One(address) => {
                map.draw(vec![Some(nodes.at(address)?)], address);
                Guides::None
            }
            Layout::Cluster { seeds } => {
                let met = Nodes::new(access.to_guides());
                Guides::Nodes { seeds: all_at(seeds, &met)?, met }
            }
            Layout::Sentinels { sentinels, .. } => {
                Guides::Sentinels(all_at(sentinels, &Nodes::new(access.to_sentinels()))?)
            }
        };
        Ok(Self { layout, nodes, guides, map: RwLock::new(map) })
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
    pub(super) fn owner(&self, bucket: Bucket, is_urgent: bool) -> Result<Arc<Node>, Failure> {
        match self.known_owner(bucket) {
            Some(owner) => Ok(owner),
            None => self.latest_owner(bucket, &self.ask(is_urgent)),
        }
    }

    /// [`owner`](Self::owner) for a task.
    #[cfg(feature = "async")]
    pub(super) async fn owner_async(&self, bucket: Bucket, is_urgent: bool) -> Result<Arc<Node>, Failure> {
        match self.known_owner(bucket) {
            Some(owner) => Ok(owner),
            // In a box, for it is large and seldom: who calls this is moved about with each hit.
            None => self.latest_owner(bucket, &Box::pin(self.ask_async(is_urgent)).await),
        }
    }

    /// The servers of several buckets. Asks at most once.
    pub(super) fn owners_of(&self, buckets: &[Bucket], is_urgent: bool) -> Vec<Result<Arc<Node>, Failure>> {
        let told = if self.knows_all(buckets) { Ok(()) } else { self.ask(is_urgent) };
        buckets.iter().map(|bucket| self.latest_owner(*bucket, &told)).collect()
    }

    /// [`owners_of`](Self::owners_of) for a task.
    #[cfg(feature = "async")]
    pub(super) async fn owners_of_async(
        &self,
        buckets: &[Bucket],
        is_urgent: bool,
    ) -> Vec<Result<Arc<Node>, Failure>> {
        let told = if self.knows_all(buckets) { Ok(()) } else { self.ask_async(is_urgent).await };
        buckets.iter().map(|bucket| self.latest_owner(*bucket, &told)).collect()
    }

    /// All servers that have keys. Asks who they are: one that has lost all its keys to others would list none, and
    /// nobody would be the wiser.
    pub(super) fn all_owners(&self) -> Result<Vec<Arc<Node>>, Failure> {
        if self.may_move() {
            self.ask(false).map_err(Failure::Unreachable)?;
        }
        Ok(self.read().owners())
    }

    /// [`all_owners`](Self::all_owners) for a task.
    #[cfg(feature = "async")]
    pub(super) async fn all_owners_async(&self) -> Result<Vec<Arc<Node>>, Failure> {
        if self.may_move() {
            self.ask_async(false).await.map_err(Failure::Unreachable)?;
        }
        Ok(self.read().owners())
    }

    /// A server that another one named.
    pub(super) fn at(&self, address: &Address) -> Result<Arc<Node>, Failure> {
        self.nodes.at(address).map_err(|why| Failure::Unreachable(BackendError::not_done(why)))
    }

    /// A server said that a bucket is another's.
    pub(super) fn moved(&self, bucket: Bucket, from: &Node, to: &Address) -> Result<(), Failure> {
        let to = self.at(to)?;
        let is_news = self.write().correct(bucket, from, to);
        if is_news {
            // Whoever gives keys away may have been deposed, and may be master again one day: of another history.
            from.begin_new_era();
        }
        Ok(())
    }

    /// Takes note of what a server's failure tells of it: who is gone, or no master any more, is met anew the next
    /// time, and another may have taken over.
    pub(super) fn note(&self, node: &Node, failure: &Failure) {
        match failure {
            Failure::Replica(_)
            | Failure::Unreachable(_)
            | Failure::Broken(_)
            | Failure::TimedOut(_)
            | Failure::Down(_) => node.begin_new_era(),
            // It has not been asked, since it is likely to be gone.
            Failure::Suspended(_) => {}
            Failure::Moved(_)
            | Failure::Ask(_)
            | Failure::TryAgain
            | Failure::NoScript
            | Failure::Refused(_) => return,
        }
        if self.may_move() {
            self.write().doubt(&node.address);
        }
    }

    fn known_owner(&self, bucket: Bucket) -> Option<Arc<Node>> {
        if let Some(owner) = self.read().owner(bucket) {
            return Some(Arc::clone(owner));
        }
        let mut map = self.write();
        if map.takes_turn_to_ask(bucket, clock::instant()) {
            return None;
        }
        map.latest_owner(bucket).cloned()
    }

    fn knows_all(&self, buckets: &[Bucket]) -> bool {
        buckets.iter().all(|bucket| self.known_owner(*bucket).is_some())
    }

    /// Asks who has which keys, one guide after the other until one tells.
    fn ask(&self, is_urgent: bool) -> Result<(), BackendError> {
        let mut told = Err(BackendError::not_done("there is nobody to ask"));
        for guide in self.guides() {
            let commands = |_| Ok(vec![self.where_is_it()]);
            let answers = guide.exchange(question(&commands, is_urgent));
            told = answers.and_then(|answers| self.draw(&guide, &answers)).map_err(unsent);
            if told.is_ok() {
                break;
            }
        }
        told
    }

    /// [`ask`](Self::ask) for a task.
    #[cfg(feature = "async")]
    async fn ask_async(&self, is_urgent: bool) -> Result<(), BackendError> {
        let mut told = Err(BackendError::not_done("there is nobody to ask"));
        for guide in self.guides() {
            let commands = |_| Ok(vec![self.where_is_it()]);
            let answers = guide.exchange_async(question(&commands, is_urgent)).await;
            told = answers.and_then(|answers| self.draw(&guide, &answers)).map_err(unsent);
            if told.is_ok() {
                break;
            }
        }
        told
    }

    /// Whom to ask, in this order: those that were met first, since they are likely to be there.
    fn guides(&self) -> Vec<Arc<Node>> {
        let mut guides = match &self.guides {
            Guides::None => Vec::new(),
            Guides::Sentinels(sentinels) => sentinels.clone(),
            Guides::Nodes { seeds, met } => {
                let owners = self.read().owners();
                let mut nodes: Vec<_> =
                    owners.iter().filter_map(|owner| met.at(&owner.address).ok()).collect();
                for seed in seeds {
                    if !nodes.iter().any(|node| Arc::ptr_eq(node, seed)) {
                        nodes.push(Arc::clone(seed));
                    }
                }
                nodes
            }
        };
        let map = self.read();
        guides.sort_by_key(|guide| map.mistrusts(&guide.address));
        guides
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
    fn draw(&self, guide: &Node, (answers, _): &Answers) -> Result<(), Failure> {
        let address = &guide.address;
        let owners = match (&self.layout, answers.as_slice()) {
            (layout, [Value::ServerError(error)]) => return Err(Failure::of_guide(error, guide, layout)),
            (Layout::Sentinels { master, .. }, [answer]) => {
                let owner = master_in(answer, address).ok_or_else(|| {
                    let why = format!("the sentinel {address} knows no master {master:?}");
                    Failure::Refused(BackendError::not_done(why))
                })?;
                vec![Some(self.at(&owner)?)]
            }
            (_, [answer]) => {
                let slots = slot::ranges(answer, address).ok_or_else(|| Failure::nonsense(address))?;
                let owner = |bucket| {
                    let slot = slot::of(bucket);
                    let (_, owner) = slots.iter().find(|(range, _)| range.contains(&slot))?;
                    Some(self.at(owner))
                };
                Buckets::Many.all().map(|bucket| owner(bucket).transpose()).collect::<Result<_, _>>()?
            }
            _ => return Err(Failure::nonsense(address)),
        };
        self.write().draw(owners, address);
        Ok(())
    }

    /// Where the keys were when that was last told: an old map is better than none.
    fn latest_owner(&self, bucket: Bucket, told: &Result<(), BackendError>) -> Result<Arc<Node>, Failure> {
        self.read().latest_owner(bucket).cloned().ok_or_else(|| match told {
            Err(error) => Failure::Unreachable(error.clone()),
            Ok(()) => Failure::Refused(BackendError::not_done(
                "no node of the cluster serves this part of the keys",
            )),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn question<'a>(commands: &'a Wording<'a>, is_urgent: bool) -> Parcel<'a> {
    Parcel { commands, may_be_sent_again: true, is_urgent }
}

/// Why nobody told where to send a command, which was then not sent.
fn unsent(failure: Failure) -> BackendError {
    failure.into_error().before_sending()
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
