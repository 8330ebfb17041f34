//! The connection to one memcached server that the tasks of a runtime share, as they see it: they ask, and wait for so long.
//! Leaves writing and reading to `driver`. Blocking calls do not use it.

use std::{
    convert::Infallible,
    io, mem,
    sync::{Arc, Mutex},
};

use hermescache_protocol::{Command, Purpose};
use tokio::{
    net::{TcpStream, tcp::OwnedWriteHalf},
    runtime::Handle,
    sync::oneshot,
    time::timeout,
};

use super::{
    chat::{Chat, Placed, Settled},
    driver::{Claim, Driver, Heard, Queue, Waiting, closed, lock},
    failure::Failure,
    greeting,
    link::{Received, check},
    meta::Asks,
    node::{Node, may_be_sent_again},
    talk::{Common, Server},
};
use crate::backend::BackendError;

/// How many connections that others have opened are tried, where each turns out to be closed.
const ATTEMPTS: u8 = 3;

/// A connection, for those who ask. When nobody has it any more, it ends.
pub(super) struct SharedLink {
    server: Server,
    writer: Arc<OwnedWriteHalf>,
    queue: Arc<Mutex<Queue>>,
}

impl Node {
    /// Talks about commands until each has its answer.
    pub(super) async fn exchange_async<'c>(
        self: &'c Arc<Self>,
        commands: &[Placed<'c>],
        common: Common<'c>,
    ) -> Result<Vec<Settled>, Failure> {
        self.admit(commands)?;
        let Ok(runtime) = Handle::try_current() else {
            return Err(Failure::Refused(BackendError::not_done(
                "async calls to memcached run on tokio, and this is none of its tasks; call the blocking twin",
            )));
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (link, is_fresh) = match self.shared.find(runtime.id(), |_| true) {
                Some(link) => (link, false),
                // In a box, for it is large and seldom: what is around it is moved about with each hit.
                None => Box::pin(self.have_opened(&runtime)).await?,
            };
            let mut chat = Chat::begin(commands, common, link.server, &self.address);
            let mut is_first = true;
            let failure = loop {
                if chat.asks().is_empty() {
                    self.tell(Ok(()))?;
                    return Ok(chat.into_settled());
                }
                match link.exchange(self, chat.asks(), claim(commands, common)).await {
                    Ok(heard) => chat.hear(heard.reader.answers(&heard.bytes)),
                    Err(failure) => break failure,
                }
                is_first = false;
            };
            if matches!(failure, Failure::Broken(_) | Failure::TimedOut(_)) {
                // Those who still wait for an answer on it keep it for so long.
                self.shared.forget(&link);
            }
            let is_stale = matches!(failure, Failure::Broken(_)) && !is_fresh && is_first;
            if !(is_stale && attempts < ATTEMPTS && may_be_sent_again(commands)) {
                let Err(failure) = self.tell(Err::<Infallible, _>(failure));
                chat.fail(&failure.into_error());
                return Ok(chat.into_settled());
            }
        }
    }

    /// Has a connection opened by a task of its own: whoever wants one may never be driven again, and the others of its
    /// runtime would wait for it.
    async fn have_opened(self: &Arc<Self>, runtime: &Handle) -> Result<(Arc<SharedLink>, bool), Failure> {
        let (node, of) = (Arc::clone(self), runtime.clone());
        let open = async move { node.shared.open(of.id(), |_| true, node.connect_async(&of)).await };
        runtime.spawn(open).await.unwrap_or_else(|ended| {
            let why = format!("connecting to {}: {ended}", self.address);
            Err(Failure::Unreachable(BackendError::not_done(why)))
        })
    }

    async fn connect_async(&self, runtime: &Handle) -> Result<Arc<SharedLink>, Failure> {
        let opened = timeout(self.connect_timeout, self.greet()).await;
        let (stream, server) =
            self.tell(opened.unwrap_or_else(|_| Err(Failure::connecting_took_too_long(&self.address))))?;
        let queue = Arc::new(Mutex::new(Queue::default()));
        let (reader, writer) = stream.into_split();
        let writer = Arc::new(writer);
        let link = Arc::new_cyclic(|link| {
            let registration = self.shared.registration(link.clone());
            runtime.spawn(Driver::new(&self.address, reader, &writer, &queue, registration));
            SharedLink { server, writer, queue }
        });
        Ok(link)
    }

    async fn greet(&self) -> Result<(TcpStream, Server), Failure> {
        let to = &self.address;
        let failed = |error: &_| Failure::of_connecting(error, to);
        let stream = TcpStream::connect((to.host.as_str(), to.port)).await.map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let mut question = greeting::QUESTION;
        while !question.is_empty() {
            stream.writable().await.map_err(|error| failed(&error))?;
            match stream.try_write(question) {
                Ok(count) => question = &question[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        let mut received = Received::default();
        loop {
            stream.readable().await.map_err(|error| failed(&error))?;
            match stream.try_read(received.room()) {
                Ok(0) => return Err(failed(&io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => received.came(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(failed(&error)),
            }
            match greeting::hear(received.bytes()) {
                Ok(Some(server)) => return Ok((stream, server)),
                Ok(None) => {}
                Err(why) => return Err(Failure::of_greeting(&why, to)),
            }
        }
    }
}

/// The key whose lease a command may take by asking.
fn claim(commands: &[Placed<'_>], common: Common<'_>) -> Option<Claim> {
    match commands {
        [(_, Command::Fetch { target, purpose: Purpose::Read, .. } | Command::Acquire { target, .. })] => {
            Some((Arc::clone(target), common.buckets))
        }
        _ => None,
    }
}

impl SharedLink {
    async fn exchange(&self, node: &Node, asks: &[Asks], claim: Option<Claim>) -> Result<Heard, Failure> {
        let (sender, receiver) = oneshot::channel();
        let count = asks.iter().map(Asks::count).sum();
        {
            let mut queue = lock(&self.queue);
            if let Some(failure) = &queue.closed {
                return Err(failure.clone());
            }
            // Who is alone has no reason to let another task write. What many ask goes together.
            let mut written = match asks {
                [one] if queue.is_idle() => self.writer.try_write(one.bytes()).unwrap_or(0),
                _ => 0,
            };
            for asks in asks {
                queue.out.extend_from_slice(&asks.bytes()[mem::take(&mut written)..]);
            }
            queue.waiting.push_back(Waiting { count, answers: sender, claim });
            if !queue.out.is_empty() {
                queue.wake();
            }
        }
        match timeout(node.timeout, receiver).await {
            Ok(Ok(heard)) => {
                let heard = heard?;
                check(heard.reader.answers(&heard.bytes), asks, &node.address)?;
                Ok(heard)
            }
            // The driver has ended with its runtime.
            Ok(Err(_)) => Err(closed(&node.address)),
            Err(_) => Err(Failure::answering_took_too_long(&node.address)),
        }
    }
}

impl Drop for SharedLink {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.is_retired = true;
        queue.wake();
    }
}
