//! The Redis backend: one server, a cluster, or the master that sentinels name.
//! Leaves the words to `request` and `answer`, connections to `node`, and who has which keys to `servers`.

mod address;
mod answer;
mod failure;
mod fan_out;
#[cfg(feature = "async")]
mod gather;
mod known;
mod link;
mod map;
mod node;
mod nodes;
mod request;
mod route;
mod scan;
mod script;
mod servers;
#[cfg(feature = "async")]
mod shared;
mod slot;

use std::sync::Arc;

use hermescache_protocol::{Buckets, Command, History, Namespace, Reply};
use redis::{Cmd, Value, cmd};

#[cfg(feature = "async")]
use futures_util::future::join_all;
#[cfg(feature = "async")]
use tokio::{runtime::Handle, task::yield_now};

#[cfg(feature = "async")]
use self::gather::{Gatherings, Joint, Question, Way};
use self::{
    failure::Failure,
    fan_out::FanOut,
    node::{Answers, Node, Parcel, Wording},
    route::{Next, Route},
    scan::Scan,
    servers::Servers,
};
#[cfg(feature = "async")]
use crate::backend::Answer;
use crate::backend::{Backend, BackendError, Listed, settings::Settings};

/// The schemes of URLs that this backend opens.
pub(crate) fn schemes() -> impl Iterator<Item = &'static str> {
    address::schemes()
}

/// Entries, leases and tag versions on Redis.
#[derive(Debug, Clone)]
pub(crate) struct Redis {
    servers: Arc<Servers>,
    #[cfg(feature = "async")]
    gatherings: Arc<Gatherings>,
}

impl Redis {
    /// What was said of servers. Connects to nothing.
    pub(crate) fn open(settings: &Settings) -> Result<Self, String> {
        let (layout, access) = address::read(settings)?;
        Ok(Self {
            servers: Arc::new(Servers::new(layout, &access)?),
            #[cfg(feature = "async")]
            gatherings: Arc::default(),
        })
    }

    fn carry_out(&self, command: &Command) -> Result<Reply, Failure> {
        match self.send(command, None) {
            Err(Failure::TryAgain) => {}
            answer => return self.reply(command, answer?),
        }
        let mut answers = Vec::new();
        for single in self.singles(command)? {
            answers.push(self.send(command, Some(&single))?);
        }
        self.reply(command, combined(command, answers))
    }

    /// Sends a command, or what is said of it, to whichever server has its keys.
    fn send(&self, command: &Command, single: Option<&Cmd>) -> Result<(Value, History), Failure> {
        let mut route = Route::new(command.bucket(self.servers.buckets()));
        loop {
            let next = route.next();
            let node = match &next {
                Next::Owner(bucket) => self.servers.owner(*bucket, command.is_urgent())?,
                Next::Asking(node) => Arc::clone(node),
            };
            let words = |history| self.words(command, single, &route, &next, history);
            let answer = node.exchange(parcel(command, &words));
            match answer.and_then(|answers| last_value(answers, &node)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => route.failed(&self.servers, &node, &next, command, failure)?,
            }
        }
    }

    /// What is written to a server.
    fn words(
        &self,
        command: &Command,
        single: Option<&Cmd>,
        route: &Route,
        next: &Next,
        history: History,
    ) -> Result<Vec<Cmd>, Failure> {
        let words = match single {
            Some(single) => single.clone(),
            None => request::whole(command, self.servers.buckets(), route.by, history)?,
        };
        Ok(match next {
            Next::Owner(_) => vec![words],
            Next::Asking(_) => vec![cmd("ASKING"), words],
        })
    }

    fn singles(&self, command: &Command) -> Result<Vec<Cmd>, Failure> {
        request::one_by_one(command, self.servers.buckets()).ok_or(Failure::TryAgain)
    }

    fn reply(&self, command: &Command, answer: (Value, History)) -> Result<Reply, Failure> {
        let (value, history) = answer;
        answer::reply(command, value, history).map_err(|_| Failure::nonsense(&self.servers))
    }

    fn list_all(&self, namespace: &Namespace) -> Result<Vec<Listed>, Failure> {
        let mut listed = Vec::new();
        for node in self.servers.all_owners()? {
            let mut scan = Scan::new(namespace);
            while let Some(commands) = scan.next() {
                let words = |_| Ok(commands.clone());
                let answers = node.exchange(reading(&words))?;
                scan.take(answers).map_err(|_| Failure::nonsense(&node.address))?;
            }
            listed.extend(scan.into_listed());
        }
        Ok(listed)
    }
}

impl Backend for Redis {
    fn buckets(&self) -> Buckets {
        self.servers.buckets()
    }

    fn execute(&self, command: &Command) -> Result<Reply, BackendError> {
        self.carry_out(command).map_err(Failure::into_error)
    }

    fn execute_all(&self, commands: &[Command]) -> Vec<Result<Reply, BackendError>> {
        let mut fan = FanOut::new(commands, self.servers.buckets());
        while fan.goes_on() {
            let groups = fan.group(self.servers.owners_of(&fan.open_buckets(), fan.is_urgent()));
            let sent: Vec<_> = groups
                .iter()
                .map(|group| group.node.send(fan.parcel(&|history| fan.words(group, history))))
                .collect();
            for (group, sent) in groups.iter().zip(sent) {
                let answers = sent.and_then(|sent| group.node.receive(sent));
                fan.settle(&self.servers, group, answers);
            }
        }
        for place in fan.alone() {
            fan.answer(place, self.execute(&commands[place]));
        }
        fan.into_answers()
    }

    fn list(&self, namespace: &Namespace) -> Result<Vec<Listed>, BackendError> {
        self.list_all(namespace).map_err(Failure::into_error)
    }

    #[cfg(feature = "async")]
    fn execute_async<'a>(&'a self, command: &'a Command) -> Answer<'a, Result<Reply, BackendError>> {
        match self.way(command) {
            Way::Alone(question) => self.ask_alone(command, question),
            Way::Together(answer) => Box::pin(async move {
                match answer.await {
                    Ok(answer) => answer,
                    // The question went down with its runtime's other tasks.
                    Err(_) => self.ask_alone(command, None).await,
                }
            }),
        }
    }

    #[cfg(feature = "async")]
    fn execute_all_async<'a>(
        &'a self,
        commands: &'a [Command],
    ) -> Answer<'a, Vec<Result<Reply, BackendError>>> {
        Box::pin(async move {
            let mut fan = FanOut::new(commands, self.servers.buckets());
            while fan.goes_on() {
                let owners = self.servers.owners_of_async(&fan.open_buckets(), fan.is_urgent()).await;
                let groups = fan.group(owners);
                let exchanges = groups.iter().map(|group| async {
                    let words = |history| fan.words(group, history);
                    group.node.exchange_async(fan.parcel(&words)).await
                });
                let exchanged = join_all(exchanges).await;
                for (group, answers) in groups.iter().zip(exchanged) {
                    fan.settle(&self.servers, group, answers);
                }
            }
            for place in fan.alone() {
                fan.answer(place, self.execute_async(&commands[place]).await);
            }
            fan.into_answers()
        })
    }

    #[cfg(feature = "async")]
    fn list_async<'a>(&'a self, namespace: &'a Namespace) -> Answer<'a, Result<Vec<Listed>, BackendError>> {
        Box::pin(async move { self.list_all_async(namespace).await.map_err(Failure::into_error) })
    }
}

/// The twins for tasks, alike but for `.await`.
#[cfg(feature = "async")]
impl Redis {
    /// How a command comes to its answer.
    fn way(&self, command: &Command) -> Way {
        // Of many buckets, two fetches hardly ever have the same.
        let (Command::Fetch { target, purpose, .. }, Buckets::One) = (command, self.buckets()) else {
            return Way::Alone(None);
        };
        let Ok(runtime) = Handle::try_current() else { return Way::Alone(None) };
        let (way, question) = self.gatherings.join(runtime.id(), target, *purpose);
        if let Some(question) = question {
            runtime.spawn(self.clone().ask_together(question));
        }
        way
    }

    fn ask_alone<'a>(
        &'a self,
        command: &'a Command,
        question: Option<Question>,
    ) -> Answer<'a, Result<Reply, BackendError>> {
        Box::pin(async move {
            let _question = question;
            self.carry_out_async(command).await.map_err(Failure::into_error)
        })
    }

    /// Asks for several tasks, as a task of its own: none of them has to be driven for the others' sake.
    async fn ask_together(self, mut question: Question) {
        // Those who are about to ask do so first.
        yield_now().await;
        let joint = Joint::new(question.close(), self.buckets());
        let Some(fetch) = joint.fetch() else { return };
        match self.send_async(&fetch, Some(&joint.mget)).await {
            Ok((value, history)) => joint.answer(&value, history, || Failure::nonsense(&self.servers)),
            Err(failure) => joint.fail(&failure.into_error()),
        }
    }

    async fn carry_out_async(&self, command: &Command) -> Result<Reply, Failure> {
        match self.send_async(command, None).await {
            Err(Failure::TryAgain) => {}
            answer => return self.reply(command, answer?),
        }
        let mut answers = Vec::new();
        for single in self.singles(command)? {
            answers.push(Box::pin(self.send_async(command, Some(&single))).await?);
        }
        self.reply(command, combined(command, answers))
    }

    async fn send_async(&self, command: &Command, single: Option<&Cmd>) -> Result<(Value, History), Failure> {
        let mut route = Route::new(command.bucket(self.servers.buckets()));
        loop {
            let next = route.next();
            let node = match &next {
                Next::Owner(bucket) => self.servers.owner_async(*bucket, command.is_urgent()).await?,
                Next::Asking(node) => Arc::clone(node),
            };
            let words = |history| self.words(command, single, &route, &next, history);
            let answer = node.exchange_async(parcel(command, &words)).await;
            match answer.and_then(|answers| last_value(answers, &node)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => route.failed(&self.servers, &node, &next, command, failure)?,
            }
        }
    }

    async fn list_all_async(&self, namespace: &Namespace) -> Result<Vec<Listed>, Failure> {
        let mut listed = Vec::new();
        for node in self.servers.all_owners_async().await? {
            let mut scan = Scan::new(namespace);
            while let Some(commands) = scan.next() {
                let words = |_| Ok(commands.clone());
                let answers = node.exchange_async(reading(&words)).await?;
                scan.take(answers).map_err(|_| Failure::nonsense(&node.address))?;
            }
            listed.extend(scan.into_listed());
        }
        Ok(listed)
    }
}

fn parcel<'a>(command: &Command, commands: &'a Wording<'a>) -> Parcel<'a> {
    Parcel { commands, may_be_sent_again: command.may_be_sent_again(), is_urgent: command.is_urgent() }
}

fn reading<'a>(commands: &'a Wording<'a>) -> Parcel<'a> {
    Parcel { commands, may_be_sent_again: true, is_urgent: false }
}

/// The answer to the last of the commands in a parcel; before it may be the one to `ASKING`.
fn last_value((mut values, history): Answers, node: &Node) -> Result<(Value, History), Failure> {
    match values.pop() {
        Some(Value::ServerError(error)) => Err(Failure::of_answer(&error, node)),
        Some(value) => Ok((value, history)),
        None => Err(Failure::nonsense(&node.address)),
    }
}

/// What a command would have been answered with, had it not been said key by key.
fn combined(command: &Command, answers: Vec<(Value, History)>) -> (Value, History) {
    let history = answers.last().map(|(_, history)| *history).unwrap_or_default();
    // Versions of one server say nothing of an entry of another: together they are no entry.
    let is_one = answers.iter().all(|(_, other)| *other == history);
    let values = answers.into_iter().map(|(value, _)| if is_one { value } else { Value::Nil }).collect();
    match command {
        Command::Fetch { .. } => (Value::Array(values), history),
        _ => (Value::Int(0), history),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use hermescache_protocol::{Arguments, Key, Point, Purpose, Tags, Target};

    use super::*;

    #[test]
    fn what_two_servers_told_key_by_key_is_no_entry() {
        let (namespace, point) = (Namespace::default(), Point::entry());
        let key = Key::new(&namespace, &point, &Arguments::default());
        let target = Arc::new(Target { key, tags: Tags::new(&point, [""; 0]) });
        let lives = Duration::from_secs(5);
        let fetch = Command::Fetch { target, purpose: Purpose::Read, lease: lives, tag_life: lives };
        let of = |history| (Value::Int(1), History::from_bytes([history; 8]));
        assert_eq!(combined(&fetch, vec![of(1), of(1)]).0, Value::Array(vec![Value::Int(1); 2]));
        assert_eq!(combined(&fetch, vec![of(1), of(2)]).0, Value::Array(vec![Value::Nil; 2]));
    }
}
