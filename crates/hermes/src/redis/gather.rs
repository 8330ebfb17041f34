//! Lets tasks that fetch at the same time ask together: in one `MGET`, which names a tag that several of them have once.
//! Sends nothing.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hermescache_protocol::{Buckets, Command, History, Namespace, Purpose, Reply, Tag, Target};
use redis::{Cmd, Value};
use tokio::{runtime, sync::oneshot};

use super::{answer, failure::Failure, request::Mget};
use crate::backend::BackendError;

/// So many ask together at most, lest the server answer nobody else for long.
const MAX_MEMBERS: usize = 128;

/// Who fetches now, by runtime: a task must not wait for what another runtime drives.
#[derive(Debug, Default)]
pub(super) struct Gatherings {
    busy: Mutex<Vec<(runtime::Id, Gathering)>>,
}

/// What goes on in a runtime, while anything does.
#[derive(Debug, Default)]
struct Gathering {
    /// How many questions are on their way, or will be.
    questions: usize,
    /// Those who will ask together.
    members: Vec<Member>,
}

/// A task that waits for its part of an answer.
#[derive(Debug)]
pub(super) struct Member {
    target: Arc<Target>,
    purpose: Purpose,
    answer: oneshot::Sender<Result<Reply, BackendError>>,
}

/// How a task comes to its answer.
pub(super) enum Way {
    /// It asks, and keeps the question until then, if it is one that others wait for to be answered.
    Alone(Option<Question>),
    /// It is asked for.
    Together(oneshot::Receiver<Result<Reply, BackendError>>),
}

/// A question, until it is answered or given up.
pub(super) struct Question {
    gatherings: Arc<Gatherings>,
    runtime: runtime::Id,
    /// Whether others may still join.
    is_open: bool,
}

impl Gatherings {
    /// Who finds a question on its way is part of the next one, with all others that come before it is sent. The first of
    /// them is given it, to see to that.
    pub(super) fn join(
        self: &Arc<Self>,
        runtime: runtime::Id,
        target: &Arc<Target>,
        purpose: Purpose,
    ) -> (Way, Option<Question>) {
        let mut busy = self.busy();
        let gathering = of_runtime(&mut busy, runtime);
        let new_question = |gathering: &mut Gathering, is_open| {
            gathering.questions += 1;
            Some(Question { gatherings: Arc::clone(self), runtime, is_open })
        };
        if gathering.questions == 0 || gathering.members.len() == MAX_MEMBERS {
            return (Way::Alone(new_question(gathering, false)), None);
        }
        let is_first = gathering.members.is_empty();
        let question = if is_first { new_question(gathering, true) } else { None };
        let (sender, answer) = oneshot::channel();
        gathering.members.push(Member { target: Arc::clone(target), purpose, answer: sender });
        (Way::Together(answer), question)
    }

    fn busy(&self) -> MutexGuard<'_, Vec<(runtime::Id, Gathering)>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_runtime(busy: &mut Vec<(runtime::Id, Gathering)>, runtime: runtime::Id) -> &mut Gathering {
    let place = busy.iter().position(|(id, _)| *id == runtime).unwrap_or_else(|| {
        busy.push((runtime, Gathering::default()));
        busy.len() - 1
    });
    &mut busy[place].1
}

impl Question {
    /// Those who ask it. Nobody joins them from now on: it is about to be sent.
    pub(super) fn close(&mut self) -> Vec<Member> {
        if mem::take(&mut self.is_open) {
            mem::take(&mut of_runtime(&mut self.gatherings.busy(), self.runtime).members)
        } else {
            Vec::new()
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        // One that is given up, with its runtime, leaves its members to themselves.
        drop(self.close());
        let mut busy = self.gatherings.busy();
        let gathering = of_runtime(&mut busy, self.runtime);
        gathering.questions -= 1;
        if gathering.questions == 0 {
            busy.retain(|(id, _)| *id != self.runtime);
        }
    }
}

/// What several members ask.
#[derive(Debug)]
pub(super) struct Joint {
    members: Vec<Member>,
    /// Where in the answer lie the parts of each member, one member after the other.
    places: Vec<usize>,
    pub(super) mget: Cmd,
}

impl Joint {
    pub(super) fn new(members: Vec<Member>, buckets: Buckets) -> Self {
        let mut mget = Mget::of(2 * members.len());
        let mut places = Vec::with_capacity(4 * members.len());
        let mut tags: HashMap<(&Namespace, &Tag), usize> = HashMap::new();
        for Member { target, purpose, .. } in &members {
            let Target { key, tags: its } = &**target;
            let (namespace, bucket) = (key.namespace(), key.bucket(buckets));
            places.push(mget.entry(key, buckets));
            for tag in its.iter() {
                places
                    .push(*tags.entry((namespace, tag)).or_insert_with(|| mget.tag(tag, namespace, bucket)));
            }
            places.extend((*purpose == Purpose::Follow).then(|| mget.lease(key, buckets)));
        }
        Self { places, mget: mget.into_cmd(), members }
    }

    /// One of the fetches, to find the way of all.
    pub(super) fn fetch(&self) -> Option<Command> {
        let Member { target, purpose, .. } = self.members.first()?;
        // It takes no lease and creates no versions, so nothing lives on its account.
        let (lease, tag_life) = (Duration::ZERO, Duration::ZERO);
        Some(Command::Fetch { target: Arc::clone(target), purpose: *purpose, lease, tag_life })
    }

    /// Gives each member its part of the answer.
    pub(super) fn answer(self, value: &Value, history: History, nonsense: impl Fn() -> Failure) {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            _ => &[],
        };
        let mut parts = self.places.iter().map_while(|place| values.get(*place).cloned());
        for Member { target, purpose, answer } in self.members {
            let view = answer::fetched(&target, purpose, &mut parts, history);
            // Whoever has gone meanwhile needs none.
            drop(answer.send(view.map(Reply::Fetched).map_err(|_| nonsense().into_error())));
        }
    }

    /// Tells each member why there is no answer.
    pub(super) fn fail(self, why: &BackendError) {
        for member in self.members {
            drop(member.answer.send(Err(why.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use hermescache_protocol::{Arguments, Key, Point, Tags};

    use super::*;

    fn member(purpose: Purpose, tags: &[&str]) -> (Member, oneshot::Receiver<Result<Reply, BackendError>>) {
        let (namespace, point) = (Namespace::default(), Point::entry());
        let key = Key::new(&namespace, &point, &Arguments::default());
        let (answer, receiver) = oneshot::channel();
        (
            Member { target: Arc::new(Target { key, tags: Tags::new(&point, tags) }), purpose, answer },
            receiver,
        )
    }

    #[test]
    fn a_tag_of_several_members_is_asked_for_once() {
        // Each has the tags of its namespace and of its function besides.
        let ((one, _), (other, _)) =
            (member(Purpose::Read, &["a", "b"]), member(Purpose::Follow, &["b", "c"]));
        let joint = Joint::new(vec![one, other], Buckets::One);
        assert_eq!(joint.mget.args_iter().count(), "MGET entry * @ a b entry c lease".split(' ').count());
        assert_eq!(joint.places.len(), (1 + 4) + (1 + 4 + 1));
    }

    #[test]
    fn an_answer_that_is_too_short_is_nonsense_for_whom_it_lacks() {
        let ((one, first), (other, second)) = (member(Purpose::Read, &[]), member(Purpose::Read, &[]));
        let joint = Joint::new(vec![one, other], Buckets::One);
        let values = Value::Array(vec![Value::Nil; 3]);
        joint.answer(&values, History::default(), || Failure::TryAgain);
        assert!(first.blocking_recv().unwrap().is_ok());
        assert!(second.blocking_recv().unwrap().is_err());
    }
}
