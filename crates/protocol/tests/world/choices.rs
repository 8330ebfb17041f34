//! What can happen next in a world, and what does where nothing more disturbs it.

use std::time::Duration;

use hermescache_protocol::{LeaseRecord, Moment, Tag};

use super::{Action, Caller, From, Loader, Packet, Phase, Stage, T0, World};

impl World {
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
                    if self.budget.beats > 0 {
                        actions.push(Action::Beat(index));
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
                Phase::Glancing(_) | Phase::Asking(_) | Phase::Done(_) | Phase::Gone => {}
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

    pub(super) fn is_patience(&self, until: Moment) -> bool {
        until.since(self.now) > Duration::from_secs(1)
    }

    /// Whether the action is one that a caller takes when it has waited for too long.
    pub(crate) fn has_to_lose_patience(&self, action: Action) -> bool {
        let Action::Wake(index) = action else { return false };
        matches!(self.callers[index].phase, Phase::Waiting(_, until) if self.is_patience(until))
    }

    /// Whether the lease's holder is gone, so that nobody renews it.
    pub(super) fn is_lease_orphaned(&self) -> bool {
        let Some(LeaseRecord::Held(lease)) = &self.backend.data.lease else { return true };
        // It may be the lease of somebody whose command is being carried out.
        let is_at_it =
            |packet: &Packet| packet.from != From::Nobody && matches!(packet.stage, Stage::Half(_));
        if self.packets.iter().any(is_at_it) {
            return false;
        }
        !self.callers.iter().any(|caller| {
            let holds = caller.token == Some(lease.token);
            holds && (caller.asks() || matches!(caller.phase, Phase::Computing(..)))
        })
    }
}
