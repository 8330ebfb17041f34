//! The connections to one Redis server that tasks share: one for each runtime, which carries all its requests at once.
//! Blocking calls do not use them.

use std::{
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use redis::{AsyncConnectionConfig, Cmd, Value, aio::MultiplexedConnection};
use tokio::{runtime::Handle, task::AbortHandle};

use super::{
    failure::Failure,
    known::Known,
    link,
    node::{Answers, Node, Parcel},
    request,
};
use crate::{backend::BackendError, clock};

/// How many connections that others have opened are tried, where each turns out to be closed.
const ATTEMPTS: u8 = 3;

/// A connection that belongs to the runtime that opened it.
pub(super) struct SharedLink {
    connection: MultiplexedConnection,
    era: u64,
    known: Mutex<Known>,
    /// Notices the end of the runtime.
    watch: AbortHandle,
}

/// A request's turn to ask. Dropped without an answer, which may be because its task was cancelled, it is the next
/// one's.
struct TurnToAsk<'l> {
    known: &'l Mutex<Known>,
    is_open: bool,
}

impl Drop for TurnToAsk<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).misses_turn();
        }
    }
}

impl Node {
    /// Sends a parcel, and waits until it is answered.
    pub(super) async fn exchange_async(self: &Arc<Self>, parcel: Parcel<'_>) -> Result<Answers, Failure> {
        self.admit(parcel)?;
        let Ok(runtime) = Handle::try_current() else {
            return Err(Failure::Refused(BackendError::not_done(
                "async calls to Redis run on tokio, and this is none of its tasks; call the blocking twin",
            )));
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (link, is_fresh) = match self.shared.find(runtime.id(), |link| link.era == self.era()) {
                Some(link) => (link, false),
                // In a box, for it is large and seldom: what is around it is moved about with each hit.
                None => Box::pin(self.have_opened(&runtime)).await?,
            };
            let tried = if !parcel.may_be_sent_again && link.may_be_closed() {
                Box::pin(link.try_out(self)).await
            } else {
                Ok(())
            };
            let was_sent = tried.is_ok();
            let answers = match tried {
                Ok(()) => {
                    let answers = link.exchange(parcel, self).await;
                    answers.map_err(|failure| failure.after_sending(parcel.may_be_sent_again))
                }
                Err(failure) => Err(failure),
            };
            if matches!(answers, Err(Failure::Broken(_) | Failure::TimedOut(_) | Failure::Replica(_))) {
                // Those who still wait for an answer on it keep it for so long.
                self.shared.forget(&link);
            }
            match answers {
                Err(Failure::Broken(_))
                    if !is_fresh && attempts < ATTEMPTS && (parcel.may_be_sent_again || !was_sent) => {}
                answers => return self.tell(answers),
            }
        }
    }

    /// Has a connection opened by a task of its own: whoever wants one may never be driven again, and the others of its
    /// runtime would wait for it.
    async fn have_opened(self: &Arc<Self>, runtime: &Handle) -> Result<(Arc<SharedLink>, bool), Failure> {
        let (node, of) = (Arc::clone(self), runtime.clone());
        let open = async move {
            let is_good = |link: &SharedLink| link.era == node.era();
            node.shared.open(of.id(), is_good, async { node.tell(node.connect_shared(&of).await) }).await
        };
        runtime.spawn(open).await.unwrap_or_else(|ended| {
            let why = format!("connecting to {}: {ended}", self.address);
            Err(Failure::Unreachable(BackendError::not_done(why)))
        })
    }

    async fn connect_shared(&self, runtime: &Handle) -> Result<Arc<SharedLink>, Failure> {
        let era = self.era();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.access.connect_timeout))
            .set_response_timeout(Some(self.access.timeout));
        let failed = |error: &_| Failure::of_connecting(error, &self.address);
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connection.map_err(|error| failed(&error))?;
        let now = clock::coarse_monotonic();
        let known = if self.access.has_keys {
            let answer = connection.send_packed_command(&request::who_are_you()).await;
            let answer = answer.map_err(|error| failed(&error))?;
            Known::told(link::history_of(&answer, self)?, now)
        } else {
            Known::nothing(now)
        };
        let link = Arc::new_cyclic(|link| {
            // It leaves with its runtime.
            let registration = self.shared.registration(Weak::clone(link));
            let watch = runtime.spawn(async {
                let _registered = registration;
                future::pending::<()>().await;
            });
            SharedLink { connection, era, known: Mutex::new(known), watch: watch.abort_handle() }
        });
        Ok(link)
    }
}

impl SharedLink {
    async fn exchange(&self, parcel: Parcel<'_>, node: &Node) -> Result<Answers, Failure> {
        let now = clock::coarse_monotonic();
        let (history, asks) = {
            let mut known = self.known();
            (known.history(), known.takes_turn_to_ask(now))
        };
        let mut turn = TurnToAsk { known: &self.known, is_open: asks };
        let commands = (parcel.commands)(history)?;
        let mut connection = self.connection.clone();
        let failed = |error: &_| Failure::of_using(error, &node.address);
        if let ([command], false) = (commands.as_slice(), asks) {
            let answer = connection.send_packed_command(command).await.map_err(|error| failed(&error))?;
            self.known().was_answered(clock::coarse_monotonic());
            return Ok((vec![answer], history));
        }
        let who_are_you = asks.then(request::who_are_you);
        let mut answers = Box::pin(send_all(&mut connection, who_are_you.iter().chain(&commands)))
            .await
            .map_err(|error| failed(&error))?;
        self.known().was_answered(clock::coarse_monotonic());
        let history = match who_are_you {
            None => history,
            Some(_) if answers.is_empty() => return Err(Failure::nonsense(&node.address)),
            Some(_) => {
                let history = link::history_of(&answers.remove(0), node)?;
                self.known().learn(history, now);
                turn.is_open = false;
                history
            }
        };
        Ok((answers, history))
    }

    /// Whether it has been idle for so long that the server, or somebody in between, may have closed it.
    fn may_be_closed(&self) -> bool {
        self.known().may_be_closed(clock::coarse_monotonic())
    }

    /// Finds out whether it is open, before what must not be sent twice is sent.
    async fn try_out(&self, node: &Node) -> Result<(), Failure> {
        let answer = self.connection.clone().send_packed_command(&request::are_you_there()).await;
        answer.map(drop).map_err(|error| Failure::of_using(&error, &node.address))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SharedLink {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

async fn send_all(
    connection: &mut MultiplexedConnection,
    commands: impl Iterator<Item = &Cmd>,
) -> redis::RedisResult<Vec<Value>> {
    let mut pipeline = redis::pipe();
    let mut count = 0;
    for command in commands {
        pipeline.add_command(command.clone());
        count += 1;
    }
    connection.send_packed_commands(&pipeline, 0, count).await
}
