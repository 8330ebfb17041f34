//! Naive readings of the protocol: a world whose driver or server follows one of them must be found out.
//!
//! The library has no hooks for this. A mutant meddles with what the driver carries, or with what the server does.

use hermescache_protocol::{Command, Entry, Lease, Reading, Reply, Sight, TagVersion, Token, Versions};

use super::{From, Packet, Phase, Stage, World, nonces, version_in};

/// A naive reading. The numbers are those under which they were first found, in a model of an early draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mutant {
    /// Followers join any flight of their process.
    M01JoinAny,
    /// Followers join the flight whose token they read, whatever its versions.
    M02JoinByToken,
    /// Followers join the flight whose versions they read, whatever the lease.
    M03JoinByVersions,
    /// Followers join by what another caller read, though before their own start.
    M04JoinByEarlierReading,
    /// A hit that one caller read goes to all callers of the process.
    M05ShareEveryAnswer,
    /// Acquire creates the versions first and reads them later, and absent versions are equal.
    M06NilWindow,
    /// A lost acquire is sent again with its token.
    M07SameToken,
    /// A lost acquire is sent again with its versions.
    M08SameVersions,
    /// Invalidate deletes the entry first and the lease later.
    M09EntryFirst,
    /// Invalidate deletes the entry only.
    M10EntryOnly,
    /// Acquire reads the entry before it takes the lease.
    M11EntryThenLease,
    /// Set reads the versions and writes, whoever holds the lease.
    M12PlainSet,
    /// Where the loader fails, the leader hands out the stale entry that its fetch read.
    M13StaleFromFetch,
    /// The server's history is not part of the versions.
    M14NoHistory,
    /// A lost acquire is sent again as it was.
    M25SameBytes,
    /// Where entry and lease share a slot, an entry that nobody may be served keeps it.
    M30NeverSwaps,
    /// A server that restarts names its leases as before.
    M33CountsFromOne,
    /// Absent versions are equal, and nobody creates them.
    M35AbsentStays,
    /// The versions are read after the computation.
    VersionsAfterCompute,
    /// A lease has another name after each heartbeat.
    RenewalRenames,
    /// Who waits is not woken when its board changes.
    NobodyWakes,
}

impl World {
    /// What a mutant's driver makes of a reply before it hands it on.
    pub(super) fn meddle_with_reply(&mut self, index: usize, reply: Reply) -> Reply {
        match reply {
            Reply::Acquired(view) => {
                if let (Sight::Won(token), Some(versions)) =
                    (&view.lease, view.versions.complete(&self.target.tags))
                {
                    self.callers[index].won = Some((*token, versions));
                }
                Reply::Acquired(view)
            }
            Reply::Fetched(mut view) => {
                if self.mutant == Some(Mutant::M13StaleFromFetch) {
                    self.callers[index].stale = view.entry.as_ref().map(version_in);
                }
                let hit = view.entry.as_ref().is_some_and(|entry| {
                    entry.versions.compare(&self.target.tags, &view.versions)
                        == hermescache_protocol::Match::Alive
                });
                if let (Some((token, versions)), false) = (self.flight_of(self.callers[index].process), hit) {
                    let held = |lease: &Sight| matches!(lease, Sight::Held(lease) if lease.token == token);
                    let join = match self.mutant {
                        Some(Mutant::M01JoinAny) => true,
                        Some(Mutant::M02JoinByToken) => held(&view.lease),
                        Some(Mutant::M03JoinByVersions) => {
                            view.versions.complete(&self.target.tags).as_ref() == Some(&versions)
                        }
                        _ => false,
                    };
                    if join {
                        view.entry = None;
                        view.versions = reading_of(&versions);
                        view.lease = Sight::Held(Lease { token, versions });
                    }
                }
                Reply::Fetched(view)
            }
            reply => reply,
        }
    }

    /// The flight that is under way in a process.
    fn flight_of(&self, process: usize) -> Option<(Token, Versions)> {
        let leads = |phase: &Phase| matches!(phase, Phase::Computing(..));
        let mut callers =
            self.callers.iter().filter(|caller| caller.process == process && leads(&caller.phase));
        callers.find_map(|caller| caller.won.clone())
    }

    /// Who else gets a reply that a caller received.
    pub(super) fn meddle_with_others(&self, index: usize, command: &Command, reply: &Reply) -> Vec<usize> {
        let (Command::Fetch { .. }, Reply::Fetched(view)) = (command, reply) else { return Vec::new() };
        let process = self.callers[index].process;
        let shared = match (self.mutant, self.flight_of(process)) {
            (Some(Mutant::M04JoinByEarlierReading), Some((token, _))) => {
                view.entry.is_none() && matches!(&view.lease, Sight::Held(lease) if lease.token == token)
            }
            (Some(Mutant::M05ShareEveryAnswer), _) => view.entry.is_some(),
            _ => false,
        };
        if !shared {
            return Vec::new();
        }
        let fetches = |packet: &Packet| matches!(packet.command, Command::Fetch { .. });
        let asked =
            self.packets.iter().filter(|packet| fetches(packet)).filter_map(|packet| match packet.from {
                From::Caller(other) if other != index && self.callers[other].process == process => {
                    Some(other)
                }
                _ => None,
            });
        asked.collect()
    }

    /// Whether a mutant's driver sends a lost question again instead of giving up.
    pub(super) fn sends_again(&mut self, index: usize) -> bool {
        let Packet { from: from @ From::Caller(_), command, .. } = self.packets[index].clone() else {
            return false;
        };
        let Command::Acquire { target, token, fresh, manner, lease, tag_life } = command else {
            return false;
        };
        let (new_token, new_versions) = {
            let draw = &mut nonces(&mut self.drawn);
            (Token::draw(draw), fresh.iter().map(|_| TagVersion::draw(draw)).collect::<Vec<_>>())
        };
        let (token, fresh) = match self.mutant {
            Some(Mutant::M07SameToken) => (token, new_versions),
            Some(Mutant::M08SameVersions) => (new_token, fresh),
            Some(Mutant::M25SameBytes) => (token, fresh),
            _ => return false,
        };
        match self.packets[index].stage {
            Stage::Replied(_) => {
                self.packets.remove(index);
            }
            Stage::Sent | Stage::Half(_) => {
                self.packets[index].from = From::Nobody;
                self.packets.sort_by_key(|packet| packet.from);
            }
        }
        let command = Command::Acquire { target, token, fresh, manner, lease, tag_life };
        if let From::Caller(caller) = from {
            self.callers[caller].token = Some(token);
        }
        self.send(from, command);
        true
    }

    /// What a mutant's driver makes of an entry before it is sent.
    pub(super) fn meddle_with_commit(&mut self, entry: &mut Entry) {
        if self.mutant == Some(Mutant::VersionsAfterCompute) {
            let draw = &mut nonces(&mut self.drawn);
            let fresh: Vec<_> = self.target.tags.iter().map(|_| TagVersion::draw(draw)).collect();
            self.backend.create_versions(&self.target.tags, &fresh);
            let reading = self.backend.versions(&self.target.tags);
            entry.versions = reading.complete(&self.target.tags).expect("all have just been created");
        }
    }

    /// What a mutant's leader serves in the place of an error.
    pub(super) fn stale_if_error(&self, index: usize) -> Option<u8> {
        self.callers[index].stale.filter(|_| self.mutant == Some(Mutant::M13StaleFromFetch))
    }
}

fn reading_of(versions: &Versions) -> Reading {
    Reading::new(versions.history(), versions.tags().iter().copied().map(Some).collect())
}
