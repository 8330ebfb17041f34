//! Slots, and how they move from one master to another, at once or step by step.
//! Who has a slot is told by `view`.

use super::{Cluster, View};
use crate::redis::Redis;

/// How many keys are moved with one command.
const KEYS_AT_ONCE: &str = "100";

const MIGRATE_LIMIT_MS: &str = "5000";

impl Cluster {
    /// The slot of a key.
    ///
    /// # Panics
    /// If no node serves.
    #[must_use]
    pub fn slot_of(&self, key: impl AsRef<[u8]>) -> u16 {
        let node = self.serving().next().expect("a node serves");
        let slot = node.command(&[b"CLUSTER", b"KEYSLOT", key.as_ref()]).number();
        u16::try_from(slot).expect("there are 16384 slots")
    }

    /// Moves a slot with all its keys to this master, and returns when all nodes know.
    ///
    /// # Panics
    /// If one of both masters refuses.
    pub fn move_slot(&self, slot: u16, to: &Redis) {
        self.begin_move(slot, to);
        self.move_keys(slot, to);
        self.end_move(slot, to);
    }

    /// Begins to move a slot, and moves no key: the old master answers `ASK` for what it does not have, and the new
    /// one serves whoever says `ASKING`.
    ///
    /// # Panics
    /// If one of both masters refuses.
    pub fn begin_move(&self, slot: u16, to: &Redis) {
        let from = self.master_of_slot(slot);
        let number = slot.to_string();
        to.command(&["CLUSTER", "SETSLOT", &number, "IMPORTING", &self.id(from)]);
        from.command(&["CLUSTER", "SETSLOT", &number, "MIGRATING", &self.id(to)]);
    }

    /// Moves all keys of a slot whose move has begun. The old master still has the slot.
    ///
    /// # Panics
    /// If one of both masters refuses.
    pub fn move_keys(&self, slot: u16, to: &Redis) {
        let from = self.master_of_slot(slot);
        let port = to.port().to_string();
        loop {
            let keys = from.command(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), KEYS_AT_ONCE]);
            if keys.list().is_empty() {
                return;
            }
            let migrate = ["MIGRATE", "127.0.0.1", &port, "", "0", MIGRATE_LIMIT_MS, "KEYS"];
            let keys = keys.list().iter().map(|key| key.bytes());
            from.command(&migrate.iter().map(|word| word.as_bytes()).chain(keys).collect::<Vec<_>>());
        }
    }

    /// Ends the move of a slot whose keys have moved, and returns when all nodes know who has it.
    ///
    /// # Panics
    /// If keys are left, or a master refuses.
    pub fn end_move(&self, slot: u16, to: &Redis) {
        let from = self.master_of_slot(slot);
        let number = slot.to_string();
        let left = from.command(&["CLUSTER", "COUNTKEYSINSLOT", &number]).number();
        assert_eq!(left, 0, "keys are left in slot {slot}");
        // The new master first: if the old one knew alone, it would send everybody to one who denies it.
        for master in [to, from] {
            master.command(&["CLUSTER", "SETSLOT", &number, "NODE", &self.id(to)]);
        }
        self.wait_until_settled();
    }

    fn id(&self, node: &Redis) -> String {
        let view: View = self.view();
        view.member(node.port()).expect("the node is one of the cluster's").id.clone()
    }
}
