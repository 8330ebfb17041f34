//! Drives a connection to one memcached server that tasks share: writes at once what many ask, and hands each its answers, which
//! come in the order of the questions.
//! Leaves who asks, and how long they wait, to `shared`.

use std::{
    collections::VecDeque,
    future::{Pending, pending},
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use hermescache_protocol::{Buckets, Target};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::oneshot,
    time::{Timeout, timeout},
};

use super::{
    address::Address,
    failure::Failure,
    link::Received,
    meta::{Asks, Reader, Response, Responses, Status},
    shared::SharedLink,
};
use crate::backend::runtimes::Registration;

/// How long a connection on which an answer did not come in time is listened to: what nobody waits for any more may have
/// brought a lease, which is given back.
const LISTENS: Duration = Duration::from_secs(5);

/// What is to be written, and who waits for what is to be read.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) out: Vec<u8>,
    pub(super) waiting: VecDeque<Waiting>,
    driver: Option<Waker>,
    /// Nothing more will be asked.
    pub(super) is_retired: bool,
    /// Why nothing can be asked any more.
    pub(super) closed: Option<Failure>,
}

/// Somebody who waits for answers.
pub(super) struct Waiting {
    pub(super) count: usize,
    pub(super) answers: oneshot::Sender<Result<Heard, Failure>>,
    /// Whose lease to give back if it waits no more.
    pub(super) claim: Option<Claim>,
}

/// A key whose lease may be taken by asking.
pub(super) type Claim = (Arc<Target>, Buckets);

/// Answers, and the bytes they lie in.
pub(super) struct Heard {
    pub(super) bytes: Vec<u8>,
    pub(super) reader: Reader,
}

impl Queue {
    /// Whether all that was asked is answered.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.out.is_empty()
    }

    pub(super) fn wake(&self) {
        if let Some(driver) = &self.driver {
            driver.wake_by_ref();
        }
    }
}

/// Writes and reads, as long as its connection and its runtime live.
pub(super) struct Driver {
    at: Address,
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
    pub(super) fn new(
        at: &Address,
        reader: OwnedReadHalf,
        writer: &Arc<OwnedWriteHalf>,
        queue: &Arc<Mutex<Queue>>,
        registration: Registration<SharedLink>,
    ) -> Self {
        Self {
            at: at.clone(),
            reader,
            writer: Arc::clone(writer),
            queue: Arc::clone(queue),
            writing: Vec::new(),
            written: 0,
            received: Received::default(),
            ends: None,
            _registration: registration,
        }
    }

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
                    0 => return Err(closed(&self.at)),
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
                    Err(Failure::nonsense(&self.at))
                };
            };
            if !self.received.has(count, &self.at)? {
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
        let brought = |answer: &Response<'_>| answer.won || answer.status == Status::Done && answer.cas > 0;
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
        Failure::of_using(error, &self.at)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // With its runtime, before its time.
        if lock(&self.queue).closed.is_none() {
            self.close(&closed(&self.at));
        }
    }
}

/// The connection ended.
pub(super) fn closed(at: &Address) -> Failure {
    Failure::of_using(&io::ErrorKind::UnexpectedEof.into(), at)
}

pub(super) fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
