//! Whether the promises were kept: P1 when a call ends, P2 when a computation begins. P3 is `search`'s work.

use hermescache_protocol::{Fate, Outcome};

use super::{End, Phase, Role, Violation, World, version_in};

impl World {
    pub(super) fn end(&mut self, index: usize, outcome: Outcome<u8>) -> Result<(), Violation> {
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

    pub(super) fn check_computation(&self, index: usize, leased: bool) -> Result<(), Violation> {
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
    pub(super) fn check_one_computation(&self) -> Result<(), Violation> {
        let computing = self.callers.iter().filter(|c| matches!(c.phase, Phase::Computing(..))).count();
        if self.disturbed < 2 && computing as u32 > 1 + self.disturbed {
            let what = format!("{computing} callers compute after {} disturbances", self.disturbed);
            return Err(Violation { promise: "P2", what });
        }
        Ok(())
    }
}
