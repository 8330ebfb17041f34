//! One look at what lies in the place of a call, for an explanation: a command that takes no lease.
//! Leaves what it means to the protocol.

use hermescache_protocol::{Explained, Plan, Reply};

use super::{Remote, timeline::Timeline};
use crate::{
    backend::BackendError,
    clock::AnyClock,
    error::Error,
    explain::{Explanation, Why},
    value::{Keeps, Value},
};

/// A call to be explained.
#[derive(Debug)]
pub(crate) struct Look<'c> {
    remote: &'c Remote,
    plan: Plan,
    time: Timeline<'c>,
}

impl<'c> Look<'c> {
    pub(crate) fn new(remote: &'c Remote, plan: Plan, clock: &'c AnyClock) -> Self {
        Self { remote, plan, time: Timeline::begin(clock) }
    }

    pub(crate) fn ask(&self) -> Result<Reply, BackendError> {
        self.remote.core.ask(&self.plan.look())
    }

    #[cfg(feature = "async")]
    pub(crate) async fn ask_async(&self) -> Result<Reply, BackendError> {
        self.remote.core.ask_async(&self.plan.look()).await
    }

    /// What the answer says of the call.
    pub(crate) fn explain<M: Keeps<V>, V: Value>(&self, answer: Result<Reply, BackendError>) -> Explanation {
        let view = match answer {
            Ok(Reply::Fetched(view)) => view,
            Ok(_) => return self.unanswered(BackendError::unknown("the backend answered something else")),
            Err(why) => return self.unanswered(why),
        };
        let (now, key) = (self.time.now(), &self.plan.target.key);
        let why = match self.plan.explain(&view, now) {
            Explained::Miss(reason) => Why::of(reason, key.point()),
            Explained::Hit(entry) => {
                match M::unpack(&self.remote.packers, key, entry.codec, &entry.payload) {
                    Ok(_) => {
                        let ttl_left = entry.ttl.get().saturating_sub(now.since(entry.created));
                        return Explanation::Hit { ttl_left };
                    }
                    Err(why) => Why::Undecodable(why.to_string()),
                }
            }
        };
        let boards = &self.remote.core.boards;
        let leader = boards.at(key, now, |watched| self.plan.leader(&view, &watched.board, now));
        Explanation::Miss { why, leader }
    }

    fn unanswered(&self, why: BackendError) -> Explanation {
        let doing = format!("explaining {:?}", self.plan.target.key.to_string());
        Explanation::Uncached(Error::backend(doing, why))
    }
}
