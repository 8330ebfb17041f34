//! The cache in front of a backend outside this process: entries as bytes, leases, and one board for each key.
//! Leaves the way of one call to `drive`.

mod boards;
mod caller;
pub(crate) mod drive;
mod dump;
mod handed;
mod heart;
mod look;
mod timeline;
pub(crate) mod trip;

#[cfg(feature = "async")]
use std::pin::pin;
use std::{fmt, sync::Arc, time::Duration};

use hermescache_protocol::{
    Arguments, Codecs, Command, Fault, Invalidation, Key, Moment, Namespace, Payload, Plan, Point, Policy,
    Reply, Tag, Tags, Target, Ttl, Value,
};

pub(crate) use self::look::Look;
use self::{boards::Boards, heart::Heart};
use crate::{
    backend::{Backend, BackendError},
    codec::{PackError, Packers},
    error::Error,
    observe::{EntryInfo, Faults, Span},
    points::Points,
    scope::Scope,
    value::Keeps,
};

/// A backend, and what this process keeps for the calls that are under way.
#[derive(Debug)]
pub(crate) struct Remote {
    namespace: Namespace,
    points: Points<Function>,
    packers: Packers,
    readable: Codecs,
    policy: Policy,
    core: Arc<Core>,
}

/// What is kept of one function, so that it is not made anew for each call.
#[derive(Debug)]
pub(crate) struct Function {
    point: Point,
    /// The tags that all its entries carry.
    implicit: [Tag; 2],
}

impl Function {
    /// The tags of a call that was given these.
    pub(crate) fn tags<T: AsRef<str>>(&self, texts: impl IntoIterator<Item = T>) -> Tags {
        Tags::beside(&self.implicit, texts)
    }
}

impl From<Point> for Function {
    fn from(point: Point) -> Self {
        Self { implicit: Tags::implicit(&point), point }
    }
}

/// What outlives a call: its heartbeat and its last word need it.
#[derive(Debug)]
pub(crate) struct Core {
    backend: Box<dyn Backend>,
    boards: Boards,
    heart: Arc<Heart>,
    faults: Faults,
}

impl Core {
    /// Asks the backend, and counts if it has no answer.
    fn ask(&self, command: &Command) -> Result<Reply, BackendError> {
        let answer = Span::of_command(command).run(|| self.backend.execute(command));
        answer.inspect_err(|why| self.count_fault(command, why))
    }

    /// The same, where why there is no answer is of no use.
    fn execute(&self, command: &Command) -> Result<Reply, Fault> {
        self.ask(command).map_err(|error| error.fault())
    }

    #[cfg(feature = "async")]
    async fn ask_async(&self, command: &Command) -> Result<Reply, BackendError> {
        let answer = Span::of_command(command).around(pin!(self.backend.execute_async(command))).await;
        answer.inspect_err(|why| self.count_fault(command, why))
    }

    /// Asks all of an invalidation at once, which are of one kind, and counts those that have no answer.
    fn ask_all(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        let Some(first) = commands.first() else { return Vec::new() };
        let answers = Span::of_command(first).run(|| self.backend.execute_all(commands));
        self.count_faults(first, &answers);
        answers
    }

    #[cfg(feature = "async")]
    async fn ask_all_async(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        let Some(first) = commands.first() else { return Vec::new() };
        let answers = Span::of_command(first).around(pin!(self.backend.execute_all_async(commands))).await;
        self.count_faults(first, &answers);
        answers
    }

    fn count_faults(&self, command: &Command, answers: &[Result<Reply, BackendError>]) {
        let faults = answers.iter().filter_map(|answer| answer.as_ref().err());
        faults.for_each(|why| self.count_fault(command, why));
    }

    fn count_fault(&self, command: &Command, why: &dyn fmt::Display) {
        self.faults.add(command.name(), command.key(), why);
    }
}

impl Remote {
    pub(crate) fn new(
        backend: Box<dyn Backend>,
        namespace: Namespace,
        packers: Packers,
        policy: Policy,
    ) -> Self {
        let faults = Faults::new(&namespace);
        let core = Core { backend, boards: Boards::new(policy), heart: Arc::default(), faults };
        Self {
            namespace,
            points: Points::default(),
            readable: packers.readable(),
            packers,
            policy,
            core: Arc::new(core),
        }
    }

    /// The functions that use this cache.
    pub(crate) fn points(&self) -> &Points<Function> {
        &self.points
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.core.backend
    }

    /// How often the backend had no answer so far.
    pub(crate) fn faults(&self) -> u64 {
        self.core.faults.count()
    }

    /// What a call with these arguments and tags is about.
    pub(crate) fn plan(
        &self,
        function: &Function,
        arguments: &Arguments,
        tags: Tags,
        ttl: Option<Duration>,
    ) -> Plan {
        let key = Key::new(&self.namespace, &function.point, arguments);
        let mut policy = self.policy;
        policy.ttl = ttl.map_or(policy.ttl, within_bounds);
        let target = Arc::new(Target { key, tags });
        Plan { target, readable: self.readable, policy }
    }

    /// A value that is put in by hand, as it is stored.
    pub(crate) fn pack<M: Keeps<V>, V>(
        &self,
        key: &Key,
        value: &V,
        ttl: Option<Duration>,
    ) -> Result<Value, PackError> {
        let (codec, bytes) = M::pack(&self.packers, key, value)?;
        let ttl = ttl.map_or(self.policy.ttl, within_bounds);
        Ok(Value { codec, payload: Payload::from(bytes), ttl })
    }

    /// Makes misses of all entries in a scope, and takes the lease of whoever computes one of them.
    pub(crate) fn invalidate(&self, scope: Scope<'_>) -> Result<(), Error> {
        let invalidation = self.invalidation(scope)?;
        let answers = self.core.ask_all(invalidation.commands());
        self.settle(scope, invalidation, answers)
    }

    /// Lists what a call would hit now.
    pub(crate) fn dump(&self, now: Moment) -> Result<Vec<EntryInfo>, Error> {
        let listed = self.core.backend.list(&self.namespace).map_err(|why| self.not_listed(why))?;
        Ok(dump::fresh_entries(&self.namespace, &listed, now))
    }

    fn invalidation(&self, scope: Scope<'_>) -> Result<Invalidation, Error> {
        let (namespace, buckets) = (&self.namespace, self.core.backend.buckets());
        Ok(match scope {
            Scope::Entry(site, arguments) => {
                let function = self.points.of(site)?;
                Invalidation::of_key(&Key::new(namespace, &function.point, arguments))
            }
            Scope::Function(site) => Invalidation::of_point(namespace, &self.points.of(site)?.point, buckets),
            Scope::Tags(tags) => Invalidation::of_tags(namespace, tags, buckets),
            Scope::Everything => Invalidation::of_everything(namespace, buckets),
        })
    }

    /// An invalidation that was not confirmed must not look as if it had been.
    fn settle(
        &self,
        scope: Scope<'_>,
        mut invalidation: Invalidation,
        answers: Vec<Result<Reply, BackendError>>,
    ) -> Result<(), Error> {
        let mut why = None;
        for answer in answers {
            invalidation.answer(&answer.as_ref().map_err(BackendError::fault).cloned());
            why = why.or_else(|| answer.err());
        }
        let why = match (invalidation.verdict(), why) {
            (Some(Ok(())), _) => return Ok(()),
            (_, Some(error)) => error,
            (_, None) => {
                BackendError::unknown("the backend did not answer each command, or with a reply to another")
            }
        };
        Err(Error::backend(self.invalidating(scope), why))
    }

    /// What an invalidation was about.
    fn invalidating(&self, scope: Scope<'_>) -> String {
        match scope {
            Scope::Entry(site, arguments) => {
                let key = Key::new(&self.namespace, &site.point(), arguments);
                format!("invalidating {:?}", key.to_string())
            }
            Scope::Function(site) => format!("clearing the function {:?}", site.point().label()),
            Scope::Tags(tags) => format!("cleaning the tags {tags:?}"),
            Scope::Everything => format!("cleaning the namespace {:?}", self.namespace.as_str()),
        }
    }

    fn not_listed(&self, why: BackendError) -> Error {
        self.core.faults.add("list", None, &why);
        Error::backend(format!("listing the namespace {:?}", self.namespace.as_str()), why)
    }
}

#[cfg(feature = "async")]
impl Remote {
    pub(crate) async fn invalidate_async(&self, scope: Scope<'_>) -> Result<(), Error> {
        let invalidation = self.invalidation(scope)?;
        let answers = self.core.ask_all_async(invalidation.commands()).await;
        self.settle(scope, invalidation, answers)
    }

    pub(crate) async fn dump_async(&self, now: Moment) -> Result<Vec<EntryInfo>, Error> {
        let listed = self.core.backend.list_async(&self.namespace).await;
        Ok(dump::fresh_entries(&self.namespace, &listed.map_err(|why| self.not_listed(why))?, now))
    }
}

/// A ttl that a function gave: what is out of bounds lives as long as bounds allow.
fn within_bounds(ttl: Duration) -> Ttl {
    Ttl::new(ttl.clamp(Ttl::MIN.get(), Ttl::MAX.get())).expect("it is between the bounds")
}
