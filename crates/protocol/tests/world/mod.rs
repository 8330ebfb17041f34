//! A simulated world: callers in processes, a network that loses and delays, a server that forgets, a database.
//!
//! Whatever can happen is an [`Action`]. Scenarios pick actions by hand, properties at random, and the search
//! tries them all. After each, the promises are checked.

#![allow(dead_code, reason = "each test uses a part of the world")]

pub(crate) mod backend;
pub(crate) mod canon;
mod choices;
mod events;
pub(crate) mod mutant;
mod promises;
pub(crate) mod search;
mod slot;
pub(crate) mod story;
mod words;

use std::sync::Arc;

use hermescache_protocol::{
    Arguments, Board, CodecId, Codecs, Command, Computed, Entry, Fault, Invalidation, Key, Moment, Namespace,
    Payload, Plan, Point, Policy, Read, Step, Tags, Target, Ttl, Value, Verb,
};

use self::{
    backend::{Backend, Progress},
    canon::MARK,
};
pub(crate) use self::{mutant::Mutant, words::*};

pub(crate) const CODEC: CodecId = CodecId(1);
pub(crate) const READABLE: Codecs = Codecs::none().with(CODEC);

/// When the world begins. A search never moves the clock: what needs time is an action of its own.
pub(crate) const T0: Moment = Moment::from_unix_ms(1_700_000_000_000);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Clearing {
    drops: Drops,
    /// The machine and the database's version at the start.
    run: Option<(Invalidation, u8)>,
}

/// All that is, at one moment.
#[derive(Clone)]
pub(crate) struct World {
    target: Arc<Target>,
    policy: Policy,
    pub(crate) mutant: Option<Mutant>,
    brisk: bool,
    repeats: bool,
    /// Callers may be added at any time.
    story: bool,
    pub(crate) now: Moment,
    pub(crate) backend: Backend,
    pub(crate) database: u8,
    /// The version of the database that every caller that starts now must at least get.
    floor: u8,
    boards: Vec<Board<u8>>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) packets: Vec<Packet>,
    clearings: Vec<Clearing>,
    budget: Budget,
    /// Disturbances so far: each may cost a computation.
    disturbed: u32,
    drawn: u32,
    /// In a story, the kinds of the commands that were sent.
    log: Vec<String>,
}

impl std::hash::Hash for World {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Self {
            backend,
            database,
            floor,
            boards,
            callers,
            packets,
            clearings,
            budget,
            disturbed,
            now,
            ..
        } = self;
        (database, floor, budget, disturbed, now).hash(state);
        (callers, boards, clearings, packets, backend).hash(state);
    }
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        let namespace = Namespace::default();
        let point = Point::function("f", None);
        let key = Key::new(&namespace, &point, &Arguments::new());
        let tags = Tags::new(&point, ["a", "b"]);
        let processes = setup.callers.iter().map(|(process, _)| process + 1).max().unwrap_or(2);
        let mut world = Self {
            target: Arc::new(Target { key, tags }),
            policy: Policy::default(),
            mutant: setup.mutant,
            brisk: setup.brisk,
            repeats: setup.repeats,
            story: setup.callers.is_empty(),
            now: T0,
            backend: Backend::new(setup.mutant),
            database: 0,
            floor: 0,
            boards: vec![Board::default(); processes],
            callers: Vec::new(),
            packets: Vec::new(),
            clearings: Vec::new(),
            budget: setup.budget,
            disturbed: 0,
            drawn: 0,
            log: Vec::new(),
        };
        if setup.warm {
            world.warm_up();
        }
        world.backend.claims = setup.claims;
        for (process, role) in &setup.callers {
            world.add_caller(*process, *role);
        }
        for drops in &setup.invalidations {
            world.add_invalidation(*drops);
        }
        world
    }

    /// Somebody has computed the value before the story begins, in a server without mutations.
    fn warm_up(&mut self) {
        self.backend.mutant = None;
        let mut board = Board::default();
        let mut read = self.new_read(Role::Read, &mut board);
        loop {
            match read.step(&mut board, self.now, &mut nonces(&mut self.drawn)) {
                Step::Ask(command) => match self.backend.execute(&command, None, false, None) {
                    Progress::Done(reply) => read.answer(&mut board, Ok(reply), self.now),
                    Progress::Half(_) => unreachable!("only mutants do things by halves"),
                },
                Step::Compute => read.computed(&mut board, storable(self.database), self.now),
                Step::Tell(_) | Step::Post(_) | Step::Wait(_) => unreachable!("nobody else is there"),
                Step::Done(_) => break,
            }
        }
        self.backend.mutant = self.mutant;
    }

    pub(crate) fn add_caller(&mut self, process: usize, role: Role) -> usize {
        self.callers.push(Caller {
            process,
            role,
            phase: Phase::Idle,
            floor: 0,
            token: None,
            won: None,
            stale: None,
            set_at: 0,
            needless: false,
            woken: false,
        });
        self.callers.len() - 1
    }

    pub(crate) fn add_invalidation(&mut self, drops: Drops) -> usize {
        self.clearings.push(Clearing { drops, run: None });
        self.clearings.len() - 1
    }

    /// Whether an invalidation has returned, and what.
    pub(crate) fn cleared(&self, index: usize) -> Option<Result<(), Fault>> {
        self.clearings[index].run.as_ref()?.0.verdict()
    }

    pub(crate) fn new_read(&self, role: Role, board: &mut Board<u8>) -> Read {
        let verb = match role {
            Role::Read => Verb::Read,
            Role::Peek => Verb::Peek,
            Role::Refresh => Verb::Refresh,
            Role::Set => Verb::Set(value_of(self.database)),
        };
        Read::new(self.plan(), verb, board, self.now)
    }

    fn plan(&self) -> Plan {
        Plan { target: Arc::clone(&self.target), readable: READABLE, policy: self.policy }
    }
}

/// The word for a command.
pub(crate) fn kind_of(command: &Command) -> String {
    format!("{command:?}").split(' ').next().unwrap_or_default().to_owned()
}

fn payload_of(version: u8) -> Payload {
    Payload::from(&[version][..])
}

fn value_of(version: u8) -> Value {
    Value { codec: CODEC, payload: payload_of(version), ttl: Ttl::HOUR }
}

fn storable(version: u8) -> Computed<u8> {
    Computed::Storable { shared: version, value: value_of(version) }
}

fn version_in(entry: &Entry) -> u8 {
    entry.payload[0]
}

/// Random values that are marked, for the canonical hash. Jitter is zero.
fn nonces(drawn: &mut u32) -> impl FnMut(&mut [u8]) + '_ {
    move |bytes| {
        if let Some((mark, rest)) =
            bytes.split_at_mut_checked(MARK.len()).filter(|(_, rest)| !rest.is_empty())
        {
            *drawn += 1;
            mark.copy_from_slice(&MARK);
            rest[..4].copy_from_slice(&drawn.to_le_bytes());
        }
    }
}
