//! What one node says of the cluster: who is a master of which slots, and who copies whom.
//! Whether it is right, or others say the same, is not known here.

use std::ops::RangeInclusive;

use crate::redis::Redis;

/// Two views are equal if both nodes say the same of everybody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View(Vec<Member>);

/// One node, as another sees it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) port: u16,
    /// The id of the node it copies; none if it is a master.
    master: Option<String>,
    slots: Vec<(u16, u16)>,
}

impl View {
    /// None if the node does not answer, or is not done with an introduction.
    pub(super) fn of(node: &Redis) -> Option<Self> {
        let nodes = node.try_command(&["CLUSTER", "NODES"]).ok()?;
        let mut members: Vec<_> = nodes.text().lines().map(Member::read).collect::<Option<_>>()?;
        members.sort();
        Some(Self(members))
    }

    pub(super) fn masters(&self) -> usize {
        self.0.iter().filter(|member| member.master.is_none()).count()
    }

    pub(super) fn member(&self, port: u16) -> Option<&Member> {
        self.0.iter().find(|member| member.port == port)
    }

    pub(super) fn master_of_slot(&self, slot: u16) -> Option<&Member> {
        self.0.iter().find(|member| member.ranges().any(|range| range.contains(&slot)))
    }

    pub(super) fn replica_of(&self, port: u16) -> Option<&Member> {
        let master = self.member(port)?;
        self.0.iter().find(|member| member.master.as_ref() == Some(&master.id))
    }

    /// How many slots are with members of whom `chosen` holds.
    pub(super) fn slots_of(&self, chosen: impl Fn(u16) -> bool) -> usize {
        let members = self.0.iter().filter(|member| chosen(member.port));
        members.flat_map(Member::ranges).map(|range| range.len()).sum()
    }
}

impl Member {
    /// Reads `ID HOST:PORT@BUS FLAGS MASTER-OR-DASH PING PONG EPOCH LINK SLOTS…`.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let id = words.next()?.to_owned();
        let port = words.next()?.split([':', '@']).nth(1)?.parse().ok()?;
        if words.next()?.contains("handshake") {
            return None;
        }
        let master = words.next().filter(|&master| master != "-").map(str::to_owned);
        // A slot in brackets is being moved, and stands among the others too.
        let slots = words.skip(4).filter(|slots| !slots.starts_with('['));
        Some(Self { id, port, master, slots: slots.map(range).collect::<Option<_>>()? })
    }

    fn ranges(&self) -> impl Iterator<Item = RangeInclusive<u16>> {
        self.slots.iter().map(|&(first, last)| first..=last)
    }
}

fn range(slots: &str) -> Option<(u16, u16)> {
    let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
    Some((first.parse().ok()?, last.parse().ok()?))
}
