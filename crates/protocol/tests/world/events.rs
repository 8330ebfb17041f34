//! What happens in a world when something does.

use hermescache_protocol::{
    Arrivals, Board, Buckets, Command, Computed, Fault, Invalidation, Moment, Namespace, Outcome, Read,
    Reply, Sight, Step, View,
};

use super::{
    Action, Budget, Caller, Drops, From, Loader, Mutant, Packet, Phase, Role, Stage, Violation, World,
    backend::Progress, kind_of, nonces, payload_of, storable,
};

impl World {
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
                self.backend.expire_lease();
            }
            Action::Beat(index) => {
                self.budget.beats -= 1;
                self.beat(index);
            }
            Action::EvictEntry => {
                self.spend(|budget| &mut budget.evictions);
                self.backend.evict_entry();
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
        if role == Role::Read && self.boards[process].is_idle(&self.policy, self.now) {
            let (board, mut arrivals) = (&mut self.boards[process], Arrivals::default());
            board.catch_up(&mut arrivals);
            let start = arrivals.begin();
            board.catch_up(&mut arrivals);
            self.ask(index, Phase::Glancing(start), self.plan().glance());
            return Ok(());
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
        let process = sender.map(|sender| self.callers[sender].process);
        match self.backend.execute(&packet.command, half, by_hand, process) {
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
                    // A slot that is shared was won in an earlier step, when it held nothing good.
                    let is_told_at_once = !self.backend.claims;
                    caller.needless = hit
                        && is_told_at_once
                        && caller.role == Role::Read
                        && matches!(view.lease, Sight::Won(_));
                }
                if let (
                    Some(sender),
                    Reply::Fetched(View { lease: Sight::Won(token), .. })
                    | Reply::Acquired(View { lease: Sight::Won(token), .. }),
                ) = (sender, &reply)
                {
                    self.callers[sender].token = Some(*token);
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
        let board = &mut self.boards[self.callers[index].process];
        let read = match std::mem::replace(&mut self.callers[index].phase, Phase::Gone) {
            Phase::Asking(mut read) => {
                read.answer(board, answer, self.now);
                read
            }
            Phase::Glancing(start) => match self.plan().glanced(&answer, self.now) {
                Some(entry) => return self.end(index, Outcome::Hit(entry)),
                None => Read::after_glance(
                    self.plan(),
                    start,
                    &mut self.boards[self.callers[index].process],
                    answer,
                    self.now,
                ),
            },
            _ => unreachable!("only who asks has a packet under way"),
        };
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
        let command = self.packets[index].command.clone();
        match self.packets[index].stage {
            Stage::Sent | Stage::Half(_) => {
                self.packets[index].from = From::Nobody;
                self.packets.sort_by_key(|packet| packet.from);
            }
            Stage::Replied(_) => {
                self.packets.remove(index);
            }
        }
        if self.repeats && matches!(command, Command::Commit { .. }) {
            self.send(from, command);
            return Ok(());
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

    /// A heartbeat, answered at once.
    fn beat(&mut self, index: usize) {
        let Caller { process, phase: Phase::Computing(read, _), .. } = &self.callers[index] else { return };
        let board = &mut self.boards[*process];
        let Some(mut heartbeat) = read.heartbeat(board) else { return };
        let reply = self.backend.carry(&heartbeat.beat(self.now));
        if let Reply::Renewed(Some(token)) = &reply {
            let token = *token;
            heartbeat.answer(board, &Ok(reply));
            self.callers[index].token = Some(token);
        }
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
        if matches!(phase, Phase::Glancing(_)) {
            self.orphan_packets(index);
        } else if let Phase::Asking(read) | Phase::Computing(read, _) | Phase::Waiting(read, _) = phase {
            let (last_words, _) = read.abandon(&mut self.boards[caller.process]);
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
                Step::Tell(command) | Step::Post(command) => {
                    self.send(From::Nobody, command);
                }
                Step::Ask(command) => {
                    self.ask(index, Phase::Asking(read), command);
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

    fn ask(&mut self, index: usize, phase: Phase, command: Command) {
        let command = self.prepare(index, command);
        let packet = self.send(From::Caller(index), command);
        self.callers[index].phase = phase;
        if self.brisk {
            while !matches!(self.packets[packet].stage, Stage::Replied(_)) {
                self.execute(packet);
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
}
