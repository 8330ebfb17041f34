//! A simulated world: callers in processes, a network that loses and delays, a server that forgets, a database.
//!
//! Whatever can happen is an [`Action`]. Scenarios pick actions by hand, properties at random, and the search
//! tries them all. After each, the promises are checked.

#![allow(dead_code, reason = "each test uses a part of the world")]

pub(crate) mod backend;
pub(crate) mod canon;
pub(crate) mod mutant;
pub(crate) mod search;
pub(crate) mod story;

use std::{sync::Arc, time::Duration};

use hermescache_protocol::{
    Arguments, Board, Buckets, CodecId, Command, Computed, Entry, Fate, Fault, Invalidation, Key,
    LeaseRecord, Moment, Namespace, Outcome, Payload, Plan, Point, Policy, Read, Reply, Sight, Step, Tag,
    Tags, Target, Token, Ttl, Value, Verb, Versions,
};

pub(crate) use self::mutant::Mutant;
use self::{
    backend::{Backend, Half, Progress},
    canon::MARK,
};

pub(crate) const CODEC: CodecId = CodecId(1);

/// When the world begins. A search never moves the clock: what needs time is an action of its own.
pub(crate) const T0: Moment = Moment::from_unix_ms(1_700_000_000_000);

/// What a caller came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Read,
    Peek,
    Refresh,
    Set,
}

/// What an invalidation drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Drops {
    Key,
    TagA,
    TagB,
    All,
}

/// How often each disturbance may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Answers that do not come. The request may still arrive, at any time.
    pub(crate) timeouts: u8,
    /// Leases that run out although their holder lives.
    pub(crate) expiries: u8,
    /// Entries, leases and versions that the server drops.
    pub(crate) evictions: u8,
    /// Entries whose ttl ends.
    pub(crate) ttl_ends: u8,
    /// Callers that go away.
    pub(crate) abandons: u8,
    /// Processes that die.
    pub(crate) kills: u8,
    /// Loaders that fail.
    pub(crate) failures: u8,
    /// Loaders whose value may not be stored.
    pub(crate) unstorables: u8,
    /// Waits that use up the patience.
    pub(crate) impatience: u8,
    /// Restarts from a snapshot.
    pub(crate) restarts: u8,
}

/// What a world begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// Process and role of each caller.
    pub(crate) callers: Vec<(usize, Role)>,
    pub(crate) invalidations: Vec<Drops>,
    pub(crate) budget: Budget,
    pub(crate) mutant: Option<Mutant>,
    /// Whether an entry is there from the beginning.
    pub(crate) warm: bool,
    /// Whether a request reaches the server as soon as it is sent, and an invalidation is confirmed as soon as it
    /// begins: a coarser world, in which more can be tried. Replies still take their time.
    pub(crate) brisk: bool,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start(usize),
    /// The server carries out a packet's command, or its next part.
    Execute(usize),
    /// A reply reaches its caller.
    Deliver(usize),
    TimeOut(usize),
    Compute(usize, Loader),
    /// A waiting caller looks at its board.
    Look(usize),
    /// A waiting caller's time has come.
    Wake(usize),
    Abandon(usize),
    Kill(usize),
    Invalidate(usize),
    ExpireLease,
    EvictEntry,
    EvictTag(usize),
    EndTtl,
    Snapshot,
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loader {
    Value,
    Unstorable,
    Fails,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) promise: &'static str,
    pub(crate) what: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) process: usize,
    pub(crate) role: Role,
    pub(crate) phase: Phase,
    /// The oldest value it may get.
    floor: u8,
    /// The token of its last acquire.
    token: Option<Token>,
    /// The lease it won, as a mutant's driver remembers it.
    won: Option<(Token, Versions)>,
    /// What it was told of an entry before it acquired, as a mutant's driver remembers it.
    stale: Option<u8>,
    /// The database when it read the versions for its `set`.
    set_at: u8,
    /// It won the lease although a good entry was there.
    needless: bool,
    /// It waits, and its board has changed.
    woken: bool,
}

impl std::hash::Hash for Caller {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Self { process, role, phase, floor, token, won, stale, set_at, needless, woken } = self;
        (process, role).hash(state);
        match phase {
            // How a call ended was judged when it did.
            Phase::Done(_) | Phase::Gone => true.hash(state),
            _ => (phase, floor, token, won, stale, set_at, needless, woken).hash(state),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Idle,
    Asking(Read),
    Computing(Read, u8),
    Waiting(Read, Moment),
    Done(End),
    Gone,
}

/// How a caller ended: the version of the database it was given, if any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Hit(u8),
    Shared(u8),
    Own(Fate, Option<u8>),
    Missing,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Packet {
    pub(crate) from: From,
    pub(crate) command: Command,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum From {
    Caller(usize),
    Invalidation(usize),
    /// Nobody waits for the answer, or nobody any more.
    Nobody,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Sent,
    Half(Half),
    Replied(Reply),
}

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
                Step::Ask(command) => match self.backend.execute(&command, None, false) {
                    Progress::Done(reply) => read.answer(&mut board, Ok(reply), self.now),
                    Progress::Half(_) => unreachable!("only mutants do things by halves"),
                },
                Step::Compute => read.computed(&mut board, storable(self.database), self.now),
                Step::Tell(_) | Step::Wait(_) => unreachable!("nobody else is there"),
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
        let plan = Plan { target: Arc::clone(&self.target), codec: CODEC, policy: self.policy };
        let verb = match role {
            Role::Read => Verb::Read,
            Role::Peek => Verb::Peek,
            Role::Refresh => Verb::Refresh,
            Role::Set => Verb::Set(value_of(self.database)),
        };
        Read::new(plan, verb, board, self.now)
    }

    /// All that can happen next.
    pub(crate) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        // When the last call has ended, nothing can break a promise any more.
        if !self.callers.iter().any(|caller| caller.is_running() || caller.phase == Phase::Idle) {
            return actions;
        }
        for (index, packet) in self.packets.iter().enumerate() {
            match packet.stage {
                Stage::Sent | Stage::Half(_) => actions.push(Action::Execute(index)),
                Stage::Replied(_) => actions.push(Action::Deliver(index)),
            }
            if self.budget.timeouts > 0 && packet.from != From::Nobody {
                actions.push(Action::TimeOut(index));
            }
        }
        for (index, caller) in self.callers.iter().enumerate() {
            match &caller.phase {
                // Callers that are alike start in order: which is called which makes no difference.
                Phase::Idle => {
                    let alike = |other: &Caller| {
                        other.phase == Phase::Idle
                            && (other.process, other.role) == (caller.process, caller.role)
                    };
                    if !self.callers[..index].iter().any(alike) {
                        actions.push(Action::Start(index));
                    }
                }
                Phase::Computing(..) => {
                    actions.push(Action::Compute(index, Loader::Value));
                    if self.budget.failures > 0 {
                        actions.push(Action::Compute(index, Loader::Fails));
                    }
                    if self.budget.unstorables > 0 {
                        actions.push(Action::Compute(index, Loader::Unstorable));
                    }
                }
                Phase::Waiting(_, until) => {
                    if caller.woken {
                        actions.push(Action::Look(index));
                    }
                    if self.budget.impatience > 0 || !self.is_patience(*until) {
                        actions.push(Action::Wake(index));
                    }
                }
                Phase::Asking(_) | Phase::Done(_) | Phase::Gone => {}
            }
            if self.budget.abandons > 0 && caller.is_running() {
                actions.push(Action::Abandon(index));
            }
        }
        for (index, clearing) in self.clearings.iter().enumerate() {
            if clearing.run.is_none() {
                actions.push(Action::Invalidate(index));
            }
        }
        if self.budget.kills > 0 {
            let living =
                |process: &usize| self.callers.iter().any(|c| c.process == *process && c.is_running());
            actions.extend((0..self.boards.len()).filter(living).map(Action::Kill));
        }
        if self.backend.data.lease.is_some() && (self.budget.expiries > 0 || self.is_lease_orphaned()) {
            actions.push(Action::ExpireLease);
        }
        if self.budget.ttl_ends > 0
            && self.backend.data.entry.as_ref().is_some_and(|entry| entry.created == T0)
        {
            actions.push(Action::EndTtl);
        }
        if self.budget.evictions > 0 {
            if self.backend.data.entry.is_some() {
                actions.push(Action::EvictEntry);
            }
            let user_tags =
                self.backend.data.tags.iter().enumerate().filter(|(_, (tag, _))| *tag == Tag::user("a"));
            actions.extend(user_tags.map(|(index, _)| Action::EvictTag(index)));
        }
        if self.budget.restarts > 0 {
            actions.push(match self.backend.snapshot {
                None => Action::Snapshot,
                Some(_) => Action::Restart,
            });
        }
        actions
    }

    /// The one action that a world without further disturbance does next, or none if every call has ended.
    pub(crate) fn fair_action(&self) -> Option<Action> {
        if !self.callers.iter().any(Caller::is_running) {
            return None;
        }
        if let Some(packet) = self.packets.first() {
            return Some(match packet.stage {
                Stage::Sent | Stage::Half(_) => Action::Execute(0),
                Stage::Replied(_) => Action::Deliver(0),
            });
        }
        let find = |fits: &dyn Fn(usize, &Phase) -> bool| {
            self.callers
                .iter()
                .enumerate()
                .find(|(index, caller)| fits(*index, &caller.phase))
                .map(|(index, _)| index)
        };
        if let Some(index) = find(&|_, phase| matches!(phase, Phase::Computing(..))) {
            return Some(Action::Compute(index, Loader::Value));
        }
        if let Some(index) = find(&|index, _| self.callers[index].woken) {
            return Some(Action::Look(index));
        }
        if self.backend.data.lease.is_some() && self.is_lease_orphaned() {
            return Some(Action::ExpireLease);
        }
        let next = |index: &usize| match &self.callers[*index].phase {
            Phase::Waiting(_, until) => *until,
            _ => Moment::MAX,
        };
        (0..self.callers.len()).min_by_key(next).map(Action::Wake)
    }

    fn is_patience(&self, until: Moment) -> bool {
        until.since(self.now) > Duration::from_secs(1)
    }

    /// Whether the action is one that a caller takes when it has waited for too long.
    pub(crate) fn has_to_lose_patience(&self, action: Action) -> bool {
        let Action::Wake(index) = action else { return false };
        matches!(self.callers[index].phase, Phase::Waiting(_, until) if self.is_patience(until))
    }

    /// Whether the lease's holder is gone, so that nobody renews it.
    fn is_lease_orphaned(&self) -> bool {
        let Some(LeaseRecord::Held(lease)) = &self.backend.data.lease else { return true };
        !self.callers.iter().any(|caller| {
            let holds = caller.token == Some(lease.token);
            holds && matches!(caller.phase, Phase::Asking(_) | Phase::Computing(..))
        })
    }

    /// Lets something happen.
    pub(crate) fn apply(&mut self, action: Action) -> Result<(), Violation> {
        match action {
            Action::Start(index) => self.start(index)?,
            Action::Execute(index) => self.execute(index),
            Action::Deliver(index) => self.deliver(index)?,
            Action::TimeOut(index) => {
                self.spend(|budget| &mut budget.timeouts);
                self.time_out(index)?;
            }
            Action::Compute(index, loader) => self.compute(index, loader)?,
            Action::Look(index) => self.look(index, self.now)?,
            Action::Wake(index) => {
                if let Phase::Waiting(_, until) = self.callers[index].phase {
                    if self.is_patience(until) {
                        self.spend(|budget| &mut budget.impatience);
                    }
                    self.look(index, until.max(self.now))?;
                }
            }
            Action::Abandon(index) => {
                self.spend(|budget| &mut budget.abandons);
                self.abandon(index);
            }
            Action::Kill(process) => {
                self.spend(|budget| &mut budget.kills);
                self.kill(process);
            }
            Action::Invalidate(index) => self.invalidate(index),
            Action::ExpireLease => {
                if !self.is_lease_orphaned() {
                    self.spend(|budget| &mut budget.expiries);
                }
                self.backend.data.lease = None;
            }
            Action::EvictEntry => {
                self.spend(|budget| &mut budget.evictions);
                self.backend.data.entry = None;
            }
            Action::EvictTag(index) => {
                self.spend(|budget| &mut budget.evictions);
                self.backend.data.tags.remove(index);
            }
            Action::EndTtl => {
                self.spend(|budget| &mut budget.ttl_ends);
                if let Some(entry) = &mut self.backend.data.entry {
                    entry.created = Moment::default();
                }
            }
            Action::Snapshot => self.backend.snapshot = Some(self.backend.data.clone()),
            Action::Restart => {
                self.spend(|budget| &mut budget.restarts);
                self.backend.restart();
                self.backend.snapshot = None;
            }
        }
        self.spread_the_news();
        self.forget_empty_boards();
        self.check_one_computation()
    }

    /// A disturbance: stories may have more than their budget.
    fn spend(&mut self, which: impl Fn(&mut Budget) -> &mut u8) {
        let left = which(&mut self.budget);
        *left = left.saturating_sub(1);
        self.disturbed += 1;
    }

    /// Boards that have changed wake those who wait.
    fn spread_the_news(&mut self) {
        for (process, board) in self.boards.iter_mut().enumerate() {
            if board.take_changed() && self.mutant != Some(Mutant::NobodyWakes) {
                for caller in self.callers.iter_mut().filter(|caller| caller.process == process) {
                    caller.woken = matches!(caller.phase, Phase::Waiting(..));
                }
            }
        }
    }

    /// A board that no caller will ever look at again makes no difference.
    fn forget_empty_boards(&mut self) {
        for (process, board) in self.boards.iter_mut().enumerate() {
            let lives = |caller: &Caller| caller.is_running() || caller.phase == Phase::Idle;
            if !self.callers.iter().any(|caller| caller.process == process && lives(caller)) && !self.story {
                *board = Board::default();
            }
        }
    }

    fn start(&mut self, index: usize) -> Result<(), Violation> {
        let Caller { process, role, .. } = self.callers[index];
        self.callers[index].floor = self.floor;
        if matches!(role, Role::Refresh | Role::Set) {
            self.disturbed += 1;
        }
        let mut board = std::mem::take(&mut self.boards[process]);
        let read = self.new_read(role, &mut board);
        self.boards[process] = board;
        self.run(index, read, self.now)
    }

    /// Puts a packet on the network. Packets lie in the order of their senders: who sent first makes no difference,
    /// since they may overtake each other.
    pub(super) fn send(&mut self, from: From, command: Command) -> usize {
        if self.story {
            self.log.push(kind_of(&command));
        }
        let index = self.packets.partition_point(|packet| packet.from <= from);
        self.packets.insert(index, Packet { from, command, stage: Stage::Sent });
        index
    }

    fn execute(&mut self, index: usize) {
        let mut packet = self.packets[index].clone();
        let half = match packet.stage {
            Stage::Half(half) => Some(half),
            _ => None,
        };
        let sender = match packet.from {
            From::Caller(sender) => Some(sender),
            _ => None,
        };
        let by_hand = sender.is_some_and(|sender| self.callers[sender].role == Role::Set);
        match self.backend.execute(&packet.command, half, by_hand) {
            Progress::Half(half) => packet.stage = Stage::Half(half),
            Progress::Done(_) if packet.from == From::Nobody => {
                self.packets.remove(index);
                return;
            }
            Progress::Done(reply) => {
                if let (Some(sender), Reply::Acquired(view)) = (sender, &reply) {
                    let hit = self.backend.has_hit(&self.target.tags, self.now);
                    let caller = &mut self.callers[sender];
                    caller.set_at = self.database;
                    caller.needless = hit && caller.role == Role::Read && matches!(view.lease, Sight::Won(_));
                }
                packet.stage = Stage::Replied(reply);
            }
        }
        self.packets[index] = packet;
    }

    fn deliver(&mut self, index: usize) -> Result<(), Violation> {
        let Packet { from, command, stage } = self.packets.remove(index);
        let Stage::Replied(reply) = stage else { return Ok(()) };
        match from {
            From::Caller(caller) => self.receive(caller, &command, reply),
            From::Invalidation(clearing) => {
                self.confirm(clearing, &Ok(reply));
                Ok(())
            }
            From::Nobody => Ok(()),
        }
    }

    /// A caller's question is answered. Here a mutant's driver meddles.
    fn receive(&mut self, index: usize, command: &Command, reply: Reply) -> Result<(), Violation> {
        let reply = self.meddle_with_reply(index, reply);
        let also = self.meddle_with_others(index, command, &reply);
        self.answer(index, Ok(reply.clone()))?;
        for other in also {
            self.packets.retain(|packet| packet.from != From::Caller(other));
            self.answer(other, Ok(reply.clone()))?;
        }
        Ok(())
    }

    fn answer(&mut self, index: usize, answer: Result<Reply, Fault>) -> Result<(), Violation> {
        let Phase::Asking(mut read) = std::mem::replace(&mut self.callers[index].phase, Phase::Gone) else {
            unreachable!("only who asks has a packet under way")
        };
        read.answer(&mut self.boards[self.callers[index].process], answer, self.now);
        self.run(index, read, self.now)
    }

    fn confirm(&mut self, index: usize, answer: &Result<Reply, Fault>) {
        let Some((machine, began_at)) = &mut self.clearings[index].run else { return };
        machine.answer(answer);
        if machine.verdict() == Some(Ok(())) {
            self.floor = self.floor.max(*began_at);
        }
    }

    fn time_out(&mut self, index: usize) -> Result<(), Violation> {
        let from = self.packets[index].from;
        if self.sends_again(index) {
            return Ok(());
        }
        match self.packets[index].stage {
            Stage::Sent | Stage::Half(_) => {
                self.packets[index].from = From::Nobody;
                self.packets.sort_by_key(|packet| packet.from);
            }
            Stage::Replied(_) => {
                self.packets.remove(index);
            }
        }
        match from {
            From::Caller(caller) => self.answer(caller, Err(Fault::Unknown)),
            From::Invalidation(clearing) => {
                self.confirm(clearing, &Err(Fault::Unknown));
                Ok(())
            }
            From::Nobody => Ok(()),
        }
    }

    fn compute(&mut self, index: usize, loader: Loader) -> Result<(), Violation> {
        let Phase::Computing(mut read, value) =
            std::mem::replace(&mut self.callers[index].phase, Phase::Gone)
        else {
            unreachable!("only who computes can finish")
        };
        let computed = match loader {
            Loader::Value => storable(value),
            Loader::Unstorable => {
                self.spend(|budget| &mut budget.unstorables);
                Computed::Unstorable(value)
            }
            Loader::Fails => {
                self.spend(|budget| &mut budget.failures);
                self.stale_if_error(index).map_or(Computed::Failed, Computed::Unstorable)
            }
        };
        read.computed(&mut self.boards[self.callers[index].process], computed, self.now);
        self.callers[index].set_at = value;
        self.run(index, read, self.now)
    }

    fn look(&mut self, index: usize, now: Moment) -> Result<(), Violation> {
        self.callers[index].woken = false;
        let Phase::Waiting(read, _) = std::mem::replace(&mut self.callers[index].phase, Phase::Gone) else {
            unreachable!("only who waits can look")
        };
        self.run(index, read, now)
    }

    fn abandon(&mut self, index: usize) {
        let caller = &mut self.callers[index];
        caller.woken = false;
        let phase = std::mem::replace(&mut caller.phase, Phase::Gone);
        if let Phase::Asking(read) | Phase::Computing(read, _) | Phase::Waiting(read, _) = phase {
            let last_words = read.abandon(&mut self.boards[caller.process]);
            self.orphan_packets(index);
            if let Some(command) = last_words {
                self.send(From::Nobody, command);
            }
        }
    }

    fn kill(&mut self, process: usize) {
        self.boards[process] = Board::default();
        for index in 0..self.callers.len() {
            if self.callers[index].process == process && self.callers[index].is_running() {
                self.callers[index].phase = Phase::Gone;
                self.callers[index].woken = false;
                self.orphan_packets(index);
            }
        }
    }

    fn orphan_packets(&mut self, index: usize) {
        self.packets.retain(|packet| {
            packet.from != From::Caller(index) || !matches!(packet.stage, Stage::Replied(_))
        });
        for packet in &mut self.packets {
            if packet.from == From::Caller(index) {
                packet.from = From::Nobody;
            }
        }
        self.packets.sort_by_key(|packet| packet.from);
    }

    fn invalidate(&mut self, index: usize) {
        self.database += 1;
        self.disturbed += 1;
        let namespace = Namespace::default();
        let machine = match self.clearings[index].drops {
            Drops::Key => Invalidation::of_key(&self.target.key),
            Drops::TagA => Invalidation::of_tags(&namespace, ["a"], Buckets::One),
            Drops::TagB => Invalidation::of_tags(&namespace, ["b"], Buckets::One),
            Drops::All => Invalidation::of_everything(&namespace, Buckets::One),
        };
        for command in machine.commands() {
            self.send(From::Invalidation(index), command.clone());
        }
        self.clearings[index].run = Some((machine, self.database));
        while self.brisk
            && let Some(packet) =
                self.packets.iter().position(|packet| packet.from == From::Invalidation(index))
        {
            self.execute(packet);
            let Stage::Replied(reply) = self.packets.remove(packet).stage else { continue };
            self.confirm(index, &Ok(reply));
        }
    }

    /// Steps a caller until it wants something of the world.
    fn run(&mut self, index: usize, mut read: Read, now: Moment) -> Result<(), Violation> {
        loop {
            let board = &mut self.boards[self.callers[index].process];
            let step = read.step(board, now, &mut nonces(&mut self.drawn));
            match step {
                Step::Tell(command) => {
                    self.send(From::Nobody, command);
                }
                Step::Ask(command) => {
                    let command = self.prepare(index, command);
                    let packet = self.send(From::Caller(index), command);
                    self.callers[index].phase = Phase::Asking(read);
                    if self.brisk {
                        self.execute(packet);
                    }
                    return Ok(());
                }
                Step::Compute => {
                    let leased = read.heartbeat(&self.boards[self.callers[index].process]).is_some();
                    self.callers[index].phase = Phase::Computing(read, self.database);
                    return self.check_computation(index, leased);
                }
                Step::Wait(until) => {
                    self.callers[index].phase = Phase::Waiting(read, until);
                    return Ok(());
                }
                Step::Done(outcome) => return self.end(index, outcome),
            }
        }
    }

    /// Notes what a caller is about to ask.
    fn prepare(&mut self, index: usize, command: Command) -> Command {
        let by_hand = self.callers[index].role == Role::Set;
        match command {
            Command::Acquire { token, .. } => {
                self.callers[index].token = Some(token);
                command
            }
            Command::Commit { target, mut entry, tag_life } => {
                if by_hand {
                    // A value that is set counts as computed when its versions were read.
                    entry.payload = payload_of(self.callers[index].set_at);
                }
                self.meddle_with_commit(&mut entry);
                Command::Commit { target, entry, tag_life }
            }
            command => command,
        }
    }

    fn end(&mut self, index: usize, outcome: Outcome<u8>) -> Result<(), Violation> {
        let caller = &mut self.callers[index];
        let computed = (caller.role != Role::Set).then_some(caller.set_at);
        let end = match outcome {
            Outcome::Hit(entry) => End::Hit(version_in(&entry)),
            Outcome::Shared(value) => End::Shared(value),
            Outcome::Own(Fate::Failed) => End::Own(Fate::Failed, None),
            Outcome::Own(fate) => End::Own(fate, computed),
            _ => End::Missing,
        };
        let value = match end {
            End::Hit(value) | End::Shared(value) | End::Own(_, Some(value)) => Some(value),
            End::Own(_, None) | End::Missing => None,
        };
        caller.phase = Phase::Done(end);
        match value {
            Some(value) if value < caller.floor => Err(Violation {
                promise: "P1",
                what: format!(
                    "caller {index} got v{value}, though it started after an invalidation for v{} was confirmed",
                    caller.floor
                ),
            }),
            _ => Ok(()),
        }
    }

    fn check_computation(&self, index: usize, leased: bool) -> Result<(), Violation> {
        let caller = &self.callers[index];
        if leased && caller.needless {
            let what =
                format!("caller {index} computes, though a good entry was there when it won the lease");
            return Err(Violation { promise: "P2", what });
        }
        if !leased && self.disturbed == 0 {
            let what = format!("caller {index} computes without a lease, though nothing has happened");
            return Err(Violation { promise: "P2", what });
        }
        Ok(())
    }

    /// No more computations at a time than one, and one for each disturbance. Two leaders that failed let all
    /// their followers compute.
    fn check_one_computation(&self) -> Result<(), Violation> {
        let computing = self.callers.iter().filter(|c| matches!(c.phase, Phase::Computing(..))).count();
        if self.disturbed < 2 && computing as u32 > 1 + self.disturbed {
            let what = format!("{computing} callers compute after {} disturbances", self.disturbed);
            return Err(Violation { promise: "P2", what });
        }
        Ok(())
    }
}

impl Caller {
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Asking(_) | Phase::Computing(..) | Phase::Waiting(..))
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
