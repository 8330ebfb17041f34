//! The connection to one memcached server that the tasks of a runtime share, and the task that drives it: it writes at once what
//! many ask, and hands each its answers, which come in the order of the questions.
//! Blocking calls do not use it.

use std::{
    collections::VecDeque,
    future::{Pending, pending},
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use hermescache_protocol::{Buckets, Command, Purpose, Target};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Handle,
    sync::oneshot,
    time::{Timeout, timeout},
};

use super::{
    chat::{Chat, Placed, Settled},
    failure::Failure,
    greeting,
    link::{Received, check},
    meta::{Asks, Reader, Responses, Status},
    node::{Node, may_be_sent_again},
    talk::{Common, Server},
};
use crate::backend::{BackendError, runtimes::Registration};

/// How many connections that others have opened are tried, where each turns out to be closed.
const ATTEMPTS: u8 = 3;

/// How long a connection on which an answer did not come in time is listened to: what nobody waits for any more may have
/// brought a lease, which is given back.
const LISTENS: Duration = Duration::from_secs(5);

/// A connection, for those who ask. When nobody has it any more, it ends.
pub(super) struct SharedLink {
    server: Server,
    writer: Arc<OwnedWriteHalf>,
    queue: Arc<Mutex<Queue>>,
}

/// What is to be written, and who waits for what is to be read.
#[derive(Default)]
struct Queue {
    out: Vec<u8>,
    waiting: VecDeque<Waiting>,
    driver: Option<Waker>,
    /// Nothing more will be asked.
    is_retired: bool,
    /// Why nothing can be asked any more.
    closed: Option<Failure>,
}

/// Somebody who waits for answers.
struct Waiting {
    count: usize,
    answers: oneshot::Sender<Result<Heard, Failure>>,
    /// Whose lease to give back if it waits no more.
    claim: Option<Claim>,
}

/// A key whose lease may be taken by asking.
type Claim = (Arc<Target>, Buckets);

/// Answers, and the bytes they lie in.
struct Heard {
    bytes: Vec<u8>,
    reader: Reader,
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
                let failure: Result<(), Failure> = self.tell(Err(failure));
                chat.fail(&failure.map_or_else(Failure::into_error, |()| unreachable!("it is one")));
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
            let driver = Driver {
                node: self.address.clone(),
                reader,
                writer: Arc::clone(&writer),
                queue: Arc::clone(&queue),
                writing: Vec::new(),
                written: 0,
                received: Received::default(),
                ends: None,
                _registration: self.shared.registration(link.clone()),
            };
            runtime.spawn(driver);
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

impl Queue {
    /// Whether all that was asked is answered.
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.out.is_empty()
    }

    fn wake(&self) {
        if let Some(driver) = &self.driver {
            driver.wake_by_ref();
        }
    }
}

/// Writes and reads, as long as its connection and its runtime live.
struct Driver {
    node: super::address::Address,
    reader: OwnedReadHalf,
    writer: Arc<OwnedWriteHalf>,
    queue: Arc<Mutex<Queue>>,
    writing: Vec<u8>,
    written: usize,
    received: Received,
    /// When it listens no more, once nothing more is asked.
    ends: Option<Pin<Box<Timeout<Pending<()>>>>>,
    _registration: Registration<SharedLink>,
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let driver = self.get_mut();
        match driver.drive(context) {
            Ok(false) => Poll::Pending,
            Ok(true) => Poll::Ready(()),
            Err(failure) => {
                driver.close(&failure);
                Poll::Ready(())
            }
        }
    }
}

impl Driver {
    /// Whether there is nothing more to do.
    fn drive(&mut self, context: &mut Context<'_>) -> Result<bool, Failure> {
        loop {
            self.next_to_write(context.waker());
            self.write(context)?;
            self.read(context)?;
            if self.is_over() {
                return Ok(true);
            }
            if self.written < self.writing.len() || !self.has_more() {
                return Ok(self.has_listened_enough(context));
            }
        }
    }

    /// Takes what is to be written, if all of before is.
    fn next_to_write(&mut self, waker: &Waker) {
        let mut queue = lock(&self.queue);
        if !queue.driver.as_ref().is_some_and(|known| known.will_wake(waker)) {
            queue.driver = Some(waker.clone());
        }
        if self.written == self.writing.len() {
            self.writing.clear();
            self.written = 0;
            mem::swap(&mut self.writing, &mut queue.out);
        }
    }

    /// Whether nobody asks any more, and all that was asked is answered.
    fn is_over(&self) -> bool {
        let queue = lock(&self.queue);
        queue.is_retired && queue.is_idle() && self.written == self.writing.len()
    }

    fn has_more(&self) -> bool {
        !lock(&self.queue).out.is_empty()
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        while self.written < self.writing.len() {
            match self.writer.try_write(&self.writing[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let stream: &TcpStream = (*self.writer).as_ref();
                    if stream.poll_write_ready(context).map_err(|error| self.broke(&error))?.is_pending() {
                        return Ok(());
                    }
                }
                Err(error) => return Err(self.broke(&error)),
            }
        }
        Ok(())
    }

    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            let mut room = ReadBuf::new(self.received.room());
            match Pin::new(&mut self.reader).poll_read(context, &mut room) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(error)) => return Err(self.broke(&error)),
                Poll::Ready(Ok(())) => match room.filled().len() {
                    0 => return Err(closed(&self.node)),
                    count => self.received.came(count),
                },
            }
            self.hand_out()?;
        }
    }

    /// Hands out all answers that are whole.
    fn hand_out(&mut self) -> Result<(), Failure> {
        loop {
            let next = lock(&self.queue).waiting.front().map(|waiting| waiting.count);
            let Some(count) = next else {
                // What nobody asked for.
                return if self.received.bytes().is_empty() {
                    Ok(())
                } else {
                    Err(Failure::nonsense(&self.node))
                };
            };
            if !self.received.has(count, &self.node)? {
                return Ok(());
            }
            let (bytes, reader) = self.received.take();
            let Some(waiting) = lock(&self.queue).waiting.pop_front() else { return Ok(()) };
            if let Err(Ok(heard)) = waiting.answers.send(Ok(Heard { bytes, reader })) {
                self.give_back(waiting.claim, heard.reader.answers(&heard.bytes));
            }
        }
    }

    /// Nobody waits for these answers any more: what they brought is given back.
    fn give_back(&self, claim: Option<Claim>, answers: Responses<'_>) {
        let Some((target, buckets)) = claim else { return };
        let brought = |answer: &super::meta::Response<'_>| {
            answer.won || answer.status == Status::Done && answer.cas > 0
        };
        let Some(answer) = answers.iter().find(brought) else { return };
        let mut asks = Asks::new(1);
        asks.delete(|name| target.key.write_entry_name(buckets, name)).number(b'C', answer.cas).end();
        let (sender, _) = oneshot::channel();
        let mut queue = lock(&self.queue);
        queue.out.extend_from_slice(asks.bytes());
        queue.waiting.push_back(Waiting { count: 1, answers: sender, claim: None });
    }

    /// Whether it has listened for long enough to what nobody asks any more.
    fn has_listened_enough(&mut self, context: &mut Context<'_>) -> bool {
        if self.ends.is_none() && lock(&self.queue).is_retired {
            self.ends = Some(Box::pin(timeout(LISTENS, pending())));
        }
        self.ends.as_mut().is_some_and(|ends| ends.as_mut().poll(context).is_ready())
    }

    fn close(&self, failure: &Failure) {
        let waiting = {
            let mut queue = lock(&self.queue);
            queue.closed = Some(failure.clone());
            mem::take(&mut queue.waiting)
        };
        for waiting in waiting {
            // Whoever has gone meanwhile needs no answer.
            drop(waiting.answers.send(Err(failure.clone())));
        }
    }

    fn broke(&self, error: &io::Error) -> Failure {
        Failure::of_using(error, &self.node)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // With its runtime, before its time.
        if lock(&self.queue).closed.is_none() {
            self.close(&closed(&self.node));
        }
    }
}

fn closed(at: &super::address::Address) -> Failure {
    Failure::of_using(&io::ErrorKind::UnexpectedEof.into(), at)
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
