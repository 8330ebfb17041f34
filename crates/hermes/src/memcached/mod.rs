//! The memcached backend: one server, or several that each have a part of the keys.
//! Leaves the words to `talk` and `meta`, connections to `node`, and who has which keys to `servers`.

mod address;
mod chat;
mod crawl;
#[cfg(feature = "async")]
mod driver;
mod failure;
mod greeting;
mod leases;
mod link;
mod lives;
mod meta;
mod node;
mod servers;
#[cfg(feature = "async")]
mod shared;
mod slot;
mod talk;

use std::{fmt, sync::Arc};

#[cfg(feature = "async")]
use futures_util::future::join_all;
use hermescache_protocol::{Buckets, Command, Namespace, Reply};

use self::{
    chat::{Placed, Settled},
    failure::Failure,
    leases::Leases,
    node::Node,
    servers::Owners,
    talk::Common,
};
#[cfg(feature = "async")]
use crate::backend::Answer;
use crate::backend::{Backend, BackendError, Listed, settings::Settings};

/// So many commands of the server go at once at the most: it stops to listen when nobody takes its answers.
const MOST_AT_ONCE: usize = 8192;

/// The schemes of URLs that this backend opens.
pub(crate) fn schemes() -> impl Iterator<Item = &'static str> {
    address::SCHEMES.into_iter()
}

/// Entries, leases and tag versions on memcached.
pub(crate) struct Memcached {
    nodes: Arc<[Arc<Node>]>,
    owners: Owners,
    leases: Leases,
}

/// Commands for one server, and their places among the others.
type Group<'c> = (usize, Vec<Placed<'c>>);

impl Memcached {
    /// What a URL names. Connects to nothing.
    pub(crate) fn open(settings: &Settings) -> Result<Self, String> {
        let addresses = address::read(settings)?;
        let owners = Owners::among(&addresses);
        let node = |address| Arc::new(Node::new(address, settings.connect_timeout, settings.timeout));
        Ok(Self { nodes: addresses.into_iter().map(node).collect(), owners, leases: Leases::default() })
    }

    fn common(&self) -> Common<'_> {
        Common { buckets: self.owners.buckets(), leases: &self.leases }
    }

    fn owner(&self, command: &Command) -> usize {
        self.owners.of(command.bucket(self.owners.buckets()))
    }

    /// The commands by server; a server has several groups where they are too many to go at once.
    fn groups<'c>(&self, commands: &'c [Command]) -> Vec<Group<'c>> {
        let mut groups: Vec<(Group<'c>, usize)> = Vec::new();
        for placed in commands.iter().enumerate() {
            let (owner, weight) = (self.owner(placed.1), talk::weight(placed.1));
            let fits =
                |((of, _), taken): &&mut (Group<'c>, usize)| *of == owner && *taken + weight <= MOST_AT_ONCE;
            match groups.iter_mut().find(fits) {
                Some(((_, group), taken)) => {
                    group.push(placed);
                    *taken += weight;
                }
                None => groups.push(((owner, vec![placed]), weight)),
            }
        }
        groups.into_iter().map(|(group, _)| group).collect()
    }
}

impl Backend for Memcached {
    fn buckets(&self) -> Buckets {
        self.owners.buckets()
    }

    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        let (node, group) = (&self.nodes[self.owner(command)], [(0, command)]);
        let sent = node.send(&group, self.common());
        only(sent.and_then(|sent| node.receive(sent, &group, self.common())))
    }

    fn execute_all(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        let groups = self.groups(commands);
        let mut answers = unanswered(commands);
        let mut rest = groups.as_slice();
        while !rest.is_empty() {
            // One group of each server at a time: they are sent before any is received.
            let is_new = |place: usize| rest[..place].iter().all(|(of, _)| *of != rest[place].0);
            let count = (0..rest.len()).take_while(|place| is_new(*place)).count();
            let (now, later) = rest.split_at(count);
            let sent: Vec<_> =
                now.iter().map(|(owner, group)| self.nodes[*owner].send(group, self.common())).collect();
            for ((owner, group), sent) in now.iter().zip(sent) {
                let node = &self.nodes[*owner];
                settle(&mut answers, group, sent.and_then(|sent| node.receive(sent, group, self.common())));
            }
            rest = later;
        }
        answers
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        list(&self.nodes, namespace)
    }

    #[cfg(feature = "async")]
    fn execute_async<'a>(&'a self, command: &'a Command) -> Answer<'a, Result<Reply, BackendError>> {
        Box::pin(async move {
            let (node, group) = (&self.nodes[self.owner(command)], [(0, command)]);
            only(node.exchange_async(&group, self.common()).await)
        })
    }

    #[cfg(feature = "async")]
    fn execute_all_async<'a>(
        &'a self,
        commands: &'a [Command],
    ) -> Answer<'a, Vec<Result<Reply, BackendError>>> {
        Box::pin(async move {
            let groups = self.groups(commands);
            let exchanges =
                groups.iter().map(|(owner, group)| self.nodes[*owner].exchange_async(group, self.common()));
            let exchanged = join_all(exchanges).await;
            let mut answers = unanswered(commands);
            for ((_, group), settled) in groups.iter().zip(exchanged) {
                settle(&mut answers, group, settled);
            }
            answers
        })
    }

    #[cfg(feature = "async")]
    fn list_async<'a>(&'a self, namespace: &'a Namespace) -> Answer<'a, Result<Vec<Listed>, BackendError>> {
        Box::pin(async move {
            let (nodes, namespace) = (Arc::clone(&self.nodes), namespace.clone());
            let Ok(runtime) = tokio::runtime::Handle::try_current() else { return list(&nodes, &namespace) };
            let listed = runtime.spawn_blocking(move || list(&nodes, &namespace)).await;
            listed.unwrap_or_else(|why| Err(BackendError::unknown(why)))
        })
    }
}

fn list(nodes: &[Arc<Node>], namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
    let mut listed = Vec::new();
    for node in nodes {
        listed.extend(crawl::list(node, namespace).map_err(Failure::into_error)?);
    }
    Ok(listed)
}

/// The answer to the only command that was asked.
fn only(settled: Result<Vec<Settled>, Failure>) -> Result<Reply, BackendError> {
    let mut settled = settled.map_err(Failure::into_error)?;
    settled.pop().map_or_else(|| Err(unasked()), |(_, answer)| answer)
}

fn settle(
    answers: &mut [Result<Reply, BackendError>],
    group: &[Placed<'_>],
    settled: Result<Vec<Settled>, Failure>,
) {
    match settled {
        Ok(settled) => settled.into_iter().for_each(|(place, answer)| answers[place] = answer),
        Err(failure) => {
            let error = failure.into_error();
            group.iter().for_each(|(place, _)| answers[*place] = Err(error.clone()));
        }
    }
}

fn unanswered(commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
    commands.iter().map(|_| Err(unasked())).collect()
}

fn unasked() -> BackendError {
    BackendError::not_done("no server was asked")
}

impl fmt::Debug for Memcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memcached").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}
