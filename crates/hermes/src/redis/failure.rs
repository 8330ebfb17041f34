//! Why a server did not do what it was asked, and what may be done about it.
//! Decides nothing; `route` does.

use std::fmt;

use redis::{ErrorKind, RedisError, ServerError};

use super::{
    address::{Address, Layout},
    node::Node,
    request::Unheard,
};
use crate::backend::BackendError;

/// Why there is no reply.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The slot is another node's. Nothing was done.
    Moved(Address),
    /// The key may already be another node's. Nothing was done.
    Ask(Address),
    /// The slot is on its way to another node, and the keys are not all here. Nothing was done.
    TryAgain,
    /// The server does not know the script. Nothing was done.
    NoScript,
    /// The server is a replica, or has become one. Nothing was done.
    Replica(Address),
    /// The cluster does not serve these keys, as far as this node knows: it may be cut off. Nothing was done.
    Down(BackendError),
    /// No connection could be had. Nothing was sent.
    Unreachable(BackendError),
    /// The connection broke, or the server said what makes no sense. Nobody knows what was done.
    Broken(BackendError),
    /// There was no answer in time. Nobody knows what was done.
    TimedOut(BackendError),
    /// The server refused. Nothing was done.
    Refused(BackendError),
    /// The breaker is open. Nothing was sent.
    Suspended(BackendError),
}

impl From<Unheard> for Failure {
    fn from(_: Unheard) -> Self {
        Self::Refused(BackendError::not_done("this command is of a later protocol than the Redis backend's"))
    }
}

impl Failure {
    /// What a server said in place of an answer.
    pub(super) fn of_answer(error: &ServerError, from: &Node) -> Self {
        let target = || {
            let (_slot, place) = error.details()?.split_once(' ')?;
            from.address.beside(place)
        };
        match error.code() {
            "MOVED" => target().map(Self::Moved),
            "ASK" => target().map(Self::Ask),
            "TRYAGAIN" => Some(Self::TryAgain),
            "NOSCRIPT" => Some(Self::NoScript),
            "READONLY" | "MASTERDOWN" => Some(Self::Replica(from.address.clone())),
            "CLUSTERDOWN" => Some(Self::Down(refusal(error, from))),
            // In a cluster's slots, names of one bucket lie together.
            "CROSSSLOT" => Some(Self::of_cluster_node(from)),
            _ => None,
        }
        .unwrap_or_else(|| Self::Refused(refusal(error, from)))
    }

    /// What a guide said in place of telling where keys are.
    pub(super) fn of_guide(error: &ServerError, from: &Node, layout: &Layout) -> Self {
        let is_no = match (layout, error.code()) {
            (_, "NOAUTH") => return Self::untold(error, from),
            (Layout::Sentinels { .. }, "ERR") => "sentinel",
            (Layout::Cluster { .. }, "ERR") => "node of a cluster",
            _ => return Self::Refused(refusal(error, from)),
        };
        let (quote, scheme, from) = (Quote::of(error), from.access.scheme(), &from.address);
        Self::Refused(BackendError::not_done(format!(
            "{from} is no {is_no}; it said {quote}. A single server is {scheme}://{from}"
        )))
    }

    /// A server was met that shares its keys with others, where a single one was expected.
    pub(super) fn of_cluster_node(node: &Node) -> Self {
        let (scheme, node) = (node.access.scheme(), &node.address);
        Self::Refused(BackendError::not_done(format!(
            "{node} is a node of a cluster, which has a part of the keys; write {scheme}+cluster://{node}"
        )))
    }

    /// No connection to `to` could be made ready.
    pub(super) fn of_connecting(error: &RedisError, to: &Address) -> Self {
        if error.is_timeout() {
            let why = format!("connecting to {to}: no connection in time");
            return Self::Unreachable(BackendError::not_sent_in_time(why));
        }
        let why = if matches!(error.kind(), ErrorKind::AuthenticationFailed) {
            format!("connecting to {to}: it refuses user and password: {error}")
        } else {
            format!("connecting to {to}: {error}")
        };
        Self::Unreachable(BackendError::not_done(why))
    }

    /// The connection to `to` failed while it was used.
    pub(super) fn of_using(error: &RedisError, to: &Address) -> Self {
        if error.is_timeout() {
            Self::TimedOut(BackendError::timeout(format!("{to} did not answer in time")))
        } else {
            Self::Broken(BackendError::unknown(format!("the connection to {to} broke: {error}")))
        }
    }

    /// The server did not tell who it is.
    pub(super) fn untold(error: &ServerError, from: &Node) -> Self {
        let (quote, scheme, from) = (Quote::of(error), from.access.scheme(), &from.address);
        Self::Unreachable(BackendError::not_done(match error.code() {
            "NOAUTH" => format!(
                "{from} asks for a password; write {scheme}://:password@host or {scheme}://user:password@host"
            ),
            _ => format!(
                "{from} said {quote} to INFO replication, which tells a restart from a snapshot; allow it to the user \
                 (ACL SETUSER … +info), or set trust_restored_data"
            ),
        }))
    }

    /// The server tells neither that it is a master nor that it is a replica. A sentinel does not.
    pub(super) fn of_no_server(from: &Node) -> Self {
        let (scheme, from) = (from.access.scheme(), &from.address);
        Self::Refused(BackendError::not_done(format!(
            "{from} does not tell whether it is a master; is it a Redis? A sentinel is {scheme}+sentinel://{from}/mymaster"
        )))
    }

    pub(super) fn nonsense(from: &impl fmt::Display) -> Self {
        Self::Broken(BackendError::unknown(format!(
            "{from} gave an answer that makes no sense; is it a Redis?"
        )))
    }

    /// The same where commands were sent already. What a server tells of itself beside them proves nothing of what it
    /// did with them; that matters to those which must not be sent again.
    pub(super) fn after_sending(self, may_be_sent_again: bool) -> Self {
        match self {
            Self::Broken(_) | Self::TimedOut(_) => self,
            failure if may_be_sent_again => failure,
            failure => Self::Broken(failure.into_error().after_sending()),
        }
    }

    /// Whether it tells that the server is not to be had, for its breaker.
    pub(super) fn blames_the_server(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Broken(_) | Self::TimedOut(_))
    }

    /// What a user reads of it.
    pub(super) fn into_error(self) -> BackendError {
        match self {
            Self::Moved(to) | Self::Ask(to) => BackendError::not_done(format!(
                "the keys are said to be at {to}, which does not have them either; the cluster is changing"
            )),
            Self::TryAgain => {
                BackendError::not_done("the keys are on their way from one node of the cluster to another")
            }
            Self::NoScript => BackendError::not_done("the server forgot a script that it was just given"),
            Self::Replica(at) => BackendError::not_done(format!(
                "{at} is a replica, whose data may be old; connect to its master, or through sentinels"
            )),
            Self::Unreachable(error)
            | Self::Broken(error)
            | Self::TimedOut(error)
            | Self::Refused(error)
            | Self::Down(error)
            | Self::Suspended(error) => error,
        }
    }
}

fn refusal(error: &ServerError, from: &Node) -> BackendError {
    BackendError::not_done(format!("{} said {}", from.address, Quote::of(error)))
}

/// A server's words.
struct Quote {
    code: String,
    details: String,
}

impl Quote {
    fn of(error: &ServerError) -> Self {
        let details = error.details().unwrap_or_default();
        // A server that does not know a command repeats what it was given with it, which has tags in it.
        let details = details.split_once(", with args ").map_or(details, |(its_own, _)| its_own);
        Self { code: error.code().into(), details: details.into() }
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{} {}\"", self.code, self.details)
    }
}
