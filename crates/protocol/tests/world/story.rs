//! Words for telling a story: a world in which things happen one after another, by hand.

use std::time::Duration;

use super::{Action, Drops, End, From, Loader, Packet, Phase, Role, Setup, Stage, World, kind_of};

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl World {
    /// Two processes, an empty server, and nobody there yet.
    pub(crate) fn empty() -> Self {
        Self::new(&Setup { callers: vec![], ..Setup::default() })
    }

    /// As `empty`, with a good entry of the database's first version.
    pub(crate) fn warm() -> Self {
        Self::new(&Setup { warm: true, ..Setup::default() })
    }

    fn happens(&mut self, action: Action) {
        if let Err(violation) = self.apply(action) {
            panic!("{violation:?}");
        }
    }

    /// A caller starts in a process; its first question is under way.
    pub(crate) fn starts(&mut self, process: usize, role: Role) -> usize {
        let caller = self.add_caller(process, role);
        self.happens(Action::Start(caller));
        caller
    }

    /// A reader starts in a process; its first question is under way.
    pub(crate) fn reads(&mut self, process: usize) -> usize {
        self.starts(process, Role::Read)
    }

    fn packet_of(&self, from: From) -> usize {
        let sent = self.packets.iter().position(|packet| packet.from == from);
        sent.unwrap_or_else(|| panic!("{from:?} has no packet under way"))
    }

    /// A caller's question reaches the server; the answer is under way.
    pub(crate) fn executes(&mut self, caller: usize) {
        self.happens(Action::Execute(self.packet_of(From::Caller(caller))));
    }

    /// A caller's question is answered, and carried out before, if it was not.
    pub(crate) fn answers(&mut self, caller: usize) {
        let packet = self.packet_of(From::Caller(caller));
        if matches!(self.packets[packet].stage, Stage::Sent) {
            self.happens(Action::Execute(packet));
        }
        self.happens(Action::Deliver(self.packet_of(From::Caller(caller))));
    }

    /// A caller's questions are answered until it computes, waits or has ended.
    pub(crate) fn goes_on(&mut self, caller: usize) {
        while self.callers[caller].asks() {
            self.answers(caller);
        }
    }

    /// No answer comes to a caller's question; its request stays under way.
    pub(crate) fn times_out(&mut self, caller: usize) {
        self.happens(Action::TimeOut(self.packet_of(From::Caller(caller))));
    }

    /// What nobody waits for arrives at last.
    pub(crate) fn late_packets_arrive(&mut self) {
        while let Some(packet) = self.packets.iter().position(|packet| packet.from == From::Nobody) {
            self.happens(Action::Execute(packet));
        }
    }

    /// The first of one kind of what nobody waits for arrives.
    pub(crate) fn late_packet_arrives(&mut self, kind: &str) {
        let is_it = |packet: &Packet| packet.from == From::Nobody && kind_of(&packet.command) == kind;
        let packet = self.packets.iter().position(is_it);
        self.happens(Action::Execute(packet.unwrap_or_else(|| panic!("no {kind} is under way"))));
    }

    pub(crate) fn computes(&mut self, caller: usize) {
        self.happens(Action::Compute(caller, Loader::Value));
    }

    pub(crate) fn computes_what_may_not_be_stored(&mut self, caller: usize) {
        self.happens(Action::Compute(caller, Loader::Unstorable));
    }

    pub(crate) fn fails(&mut self, caller: usize) {
        self.happens(Action::Compute(caller, Loader::Fails));
    }

    /// A waiting caller is woken and looks at its board.
    pub(crate) fn looks(&mut self, caller: usize) {
        self.happens(Action::Look(caller));
    }

    pub(crate) fn leaves(&mut self, caller: usize) {
        self.happens(Action::Abandon(caller));
    }

    pub(crate) fn dies(&mut self, process: usize) {
        self.happens(Action::Kill(process));
    }

    pub(crate) fn lease_runs_out(&mut self) {
        self.happens(Action::ExpireLease);
    }

    /// Something is changed in the database and dropped from the cache, and the server confirms.
    pub(crate) fn drops(&mut self, drops: Drops) {
        let index = self.add_invalidation(drops);
        self.happens(Action::Invalidate(index));
        while let Some(packet) =
            self.packets.iter().position(|packet| packet.from == From::Invalidation(index))
        {
            self.happens(Action::Execute(packet));
            self.happens(Action::Deliver(packet));
        }
        assert_eq!(self.cleared(index), Some(Ok(())));
    }

    /// Time passes, in which patience may end.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.disturbed += 1;
    }

    pub(crate) fn end_of(&self, caller: usize) -> Option<&End> {
        match &self.callers[caller].phase {
            Phase::Done(end) => Some(end),
            _ => None,
        }
    }

    pub(crate) fn is_computing(&self, caller: usize) -> bool {
        matches!(self.callers[caller].phase, Phase::Computing(..))
    }

    pub(crate) fn is_waiting(&self, caller: usize) -> bool {
        matches!(self.callers[caller].phase, Phase::Waiting(..))
    }

    /// Whether a computing caller holds a lease.
    pub(crate) fn leads(&self, caller: usize) -> bool {
        let Phase::Computing(read, _) = &self.callers[caller].phase else { return false };
        read.heartbeat(&self.boards[self.callers[caller].process]).is_some()
    }

    /// A waiting caller's time has come, whatever it waits for; time passes until then.
    pub(crate) fn wakes(&mut self, caller: usize) {
        if let Phase::Waiting(_, until) = self.callers[caller].phase {
            self.now = self.now.max(until);
            self.happens(Action::Wake(caller));
        }
    }

    /// A waiting caller wakes if its time has come.
    pub(crate) fn wakes_if_due(&mut self, caller: usize) {
        if matches!(self.callers[caller].phase, Phase::Waiting(_, until) if until <= self.now) {
            self.happens(Action::Wake(caller));
        }
    }

    /// A caller that polls asks once more, and is answered.
    pub(crate) fn polls(&mut self, caller: usize) {
        self.wakes(caller);
        self.goes_on(caller);
    }

    /// How many commands of a kind have been sent so far.
    pub(crate) fn sent(&self, kind: &str) -> usize {
        self.log.iter().filter(|command| command.as_str() == kind).count()
    }
}
