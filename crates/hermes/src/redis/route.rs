//! Decides where a command goes next, when a server did not do it.
//! Sends nothing.

use std::sync::Arc;

use hermescache_protocol::{Bucket, Command};

use super::{failure::Failure, node::Node, script::By, servers::Servers};

/// How often a command may be sent on. A cluster that changes needs two or three.
const HOPS: u8 = 5;

/// The way of one command.
#[derive(Debug)]
pub(super) struct Route {
    bucket: Bucket,
    hops: u8,
    /// The server that another one named for this command only.
    asked: Option<Arc<Node>>,
    pub(super) by: By,
}

/// Who is asked next.
#[derive(Debug)]
pub(super) enum Next {
    /// The server that has the bucket.
    Owner(Bucket),
    /// This one, though it may not have it yet.
    Asking(Arc<Node>),
}

impl Route {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self { bucket, hops: 0, asked: None, by: By::Hash }
    }

    pub(super) fn next(&mut self) -> Next {
        self.asked.take().map_or(Next::Owner(self.bucket), Next::Asking)
    }

    /// Takes note of a failure at `node`. An error means that this was the last attempt.
    pub(super) fn failed(
        &mut self,
        servers: &Servers,
        node: &Arc<Node>,
        next: &Next,
        command: &Command,
        failure: Failure,
    ) -> Result<(), Failure> {
        self.hops += 1;
        let gives_up = self.hops > HOPS;
        servers.note(node, &failure);
        match judged(servers, node, failure) {
            failure if gives_up => Err(failure),
            Failure::Moved(to) => servers.moved(self.bucket, node, &to),
            Failure::Ask(to) => {
                self.asked = Some(servers.at(&to)?);
                Ok(())
            }
            Failure::NoScript if self.by == By::Hash => {
                self.by = By::Code;
                self.asked = matches!(next, Next::Asking(_)).then(|| Arc::clone(node));
                Ok(())
            }
            // Another server may have taken over; one attempt shows.
            Failure::Replica(_) | Failure::Unreachable(_) | Failure::Down(_) | Failure::Suspended(_)
                if servers.may_move() && self.hops == 1 =>
            {
                Ok(())
            }
            Failure::Broken(_) if servers.may_move() && self.hops == 1 && command.may_be_sent_again() => {
                Ok(())
            }
            failure => Err(failure),
        }
    }
}

/// What a failure means here: where one server is expected to have all keys, it sends nobody on to another.
pub(super) fn judged(servers: &Servers, node: &Node, failure: Failure) -> Failure {
    match failure {
        Failure::Moved(_) | Failure::Ask(_) if !servers.may_move() => Failure::of_cluster_node(node),
        failure => failure,
    }
}
