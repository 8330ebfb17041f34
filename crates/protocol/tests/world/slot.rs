//! The model of a server that keeps entry and lease in one slot, and compares it by number: memcached.
//!
//! A fetch or an acquire is carried out in steps, between which everything can happen: only a step is at once. Who finds the
//! slot empty has taken it, and so has who exchanges what it found there for its lease.

use hermescache_protocol::{
    Command, Entry, History, Lease, LeaseRecord, Manner, Match, NamesDigest, Purpose, Reading, Reply, Sight,
    TagVersion, Target, Token, Versions, View,
};

use super::{
    Mutant,
    backend::{Backend, Half, Progress},
    canon::MARK,
};

/// What a fetch or an acquire found in the slot, and whether it took it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Looked {
    entry: Option<Entry>,
    lease: Option<LeaseRecord>,
    won: Option<Token>,
    /// The versions, once they are read too.
    versions: Option<Reading>,
}

impl Backend {
    /// One step of a fetch or an acquire.
    pub(super) fn in_steps(
        &mut self,
        command: &Command,
        half: Option<Half>,
        process: Option<usize>,
    ) -> Progress {
        match (command, half) {
            (Command::Fetch { purpose, .. }, None) => {
                Progress::Half(Half::Looked(self.look(*purpose == Purpose::Read)))
            }
            (
                Command::Fetch { target, purpose, .. },
                Some(Half::Looked(Looked { versions: None, entry, lease, won })),
            ) => {
                let versions = self.versions(&target.tags);
                let is_good = entry
                    .as_ref()
                    .is_some_and(|entry| entry.versions.compare(&target.tags, &versions) == Match::Alive);
                if *purpose == Purpose::Read && entry.is_some() && lease.is_none() && !is_good && self.swaps()
                {
                    let versions = Some(versions);
                    return Progress::Half(Half::Looked(Looked { versions, entry, lease, won }));
                }
                let lease = match won {
                    Some(token) => self.won(token, &versions, target, process),
                    None if *purpose == Purpose::Peek => Sight::NotAsked,
                    None => self.sight_of(lease.as_ref(), process),
                };
                Progress::Done(Reply::Fetched(View { entry, unreadable: None, lease, versions }))
            }
            (Command::Fetch { target, .. }, Some(Half::Looked(looked))) => {
                let fresh = self.draw(target.tags.count());
                self.create_versions(&target.tags, &fresh);
                let won = self.is_unchanged(&looked).then(|| self.put_claim());
                Progress::Half(Half::Swapped(won))
            }
            (Command::Fetch { target, .. }, Some(Half::Swapped(won))) => {
                let versions = self.versions(&target.tags);
                let lease = won.map_or(Sight::NotAsked, |token| self.won(token, &versions, target, process));
                Progress::Done(Reply::Fetched(View { entry: None, unreadable: None, lease, versions }))
            }
            (Command::Acquire { target, token, fresh, manner, .. }, None) => {
                let mut looked = self.look(true);
                // It may have been lost since.
                looked.won =
                    looked.won.or_else(|| (*manner == Manner::Held && self.holds(*token)).then_some(*token));
                self.create_versions(&target.tags, fresh);
                Progress::Half(Half::Looked(looked))
            }
            (
                Command::Acquire { target, manner, .. },
                Some(Half::Looked(Looked { versions: None, entry, lease, won })),
            ) => {
                let versions = self.versions(&target.tags);
                let sight = match won {
                    Some(token) => self.won(token, &versions, target, process),
                    None => self.sight_of(lease.as_ref(), process),
                };
                let is_to_be_had = match &sight {
                    Sight::Free => self.swaps(),
                    Sight::Held(lease) => lease.versions.compare(&target.tags, &versions) == Match::Gone,
                    _ => false,
                };
                let takes = won.is_none() && (is_to_be_had || *manner == Manner::Forced);
                if takes && versions.complete(&target.tags).is_some() {
                    let versions = Some(versions);
                    return Progress::Half(Half::Looked(Looked { versions, entry, lease, won }));
                }
                Progress::Done(Reply::Acquired(View { entry, unreadable: None, lease: sight, versions }))
            }
            (Command::Acquire { target, token, .. }, Some(Half::Looked(looked))) => {
                // Somebody else was faster: from the beginning.
                if !self.is_unchanged(&looked) {
                    return self.in_steps(command, None, process);
                }
                let Looked { entry, versions: Some(versions), .. } = looked else {
                    unreachable!("they are read")
                };
                let stamp = versions.complete(&target.tags).expect("they were complete");
                let is_good = |entry: &Entry| entry.versions.compare(&target.tags, &versions) == Match::Alive;
                self.data.entry = entry.clone().filter(is_good);
                self.data.lease = Some(LeaseRecord::Held(Lease { token: *token, versions: stamp }));
                Progress::Done(Reply::Acquired(View {
                    entry,
                    unreadable: None,
                    lease: Sight::Won(*token),
                    versions,
                }))
            }
            _ => unreachable!("nothing else is carried out in steps"),
        }
    }

    /// Reads the slot, and takes it where it is empty.
    fn look(&mut self, claims: bool) -> Looked {
        let (entry, lease) = (self.data.entry.clone(), self.data.lease.clone());
        let won = (claims && entry.is_none() && lease.is_none()).then(|| self.put_claim());
        Looked { entry, lease, won, versions: None }
    }

    /// The numbers by which a slot is compared are told apart by what lies in it: nothing is ever put there twice.
    fn is_unchanged(&self, looked: &Looked) -> bool {
        self.data.entry == looked.entry && self.data.lease == looked.lease
    }

    fn swaps(&self) -> bool {
        self.mutant != Some(Mutant::M30NeverSwaps)
    }

    /// Takes the slot, by a name that only the server knows before, and that says nothing of versions.
    fn put_claim(&mut self) -> Token {
        self.claimed.0 += 1;
        let token = Token::from_bytes(marked(u32::MAX - self.claimed.0));
        self.data.entry = None;
        self.data.lease = Some(LeaseRecord::Held(Lease { token, versions: unknown() }));
        token
    }

    /// A process has won a lease, and remembers under which versions, once there are all.
    fn won(&mut self, token: Token, reading: &Reading, target: &Target, process: Option<usize>) -> Sight {
        if let (Some(process), Some(versions)) = (process, reading.complete(&target.tags)) {
            self.known.retain(|(_, lease)| lease.token != token);
            self.known.push((process, Lease { token, versions }));
        }
        Sight::Won(token)
    }

    /// What a process can say of what it found.
    fn sight_of(&self, lease: Option<&LeaseRecord>, process: Option<usize>) -> Sight {
        match lease {
            None => Sight::Free,
            Some(LeaseRecord::Pass) => Sight::Pass,
            Some(LeaseRecord::Held(lease)) => {
                let own = |(of, known): &&(usize, Lease)| Some(*of) == process && known.token == lease.token;
                let known = self.known.iter().find(own).map(|(_, known)| known);
                Sight::Held(known.filter(|_| lease.versions == unknown()).unwrap_or(lease).clone())
            }
        }
    }

    /// From the first heartbeat on, a lease says under which versions it was taken.
    pub(super) fn renew(&mut self, token: Token) -> Token {
        let known = self.known.iter().find(|(_, lease)| lease.token == token);
        let versions = known.map(|(_, lease)| lease.versions.clone());
        let renamed = (self.mutant == Some(Mutant::RenewalRenames)).then(|| {
            self.claimed.0 += 1;
            Token::from_bytes(marked(u32::MAX - self.claimed.0))
        });
        if let Some(LeaseRecord::Held(lease)) = &mut self.data.lease {
            lease.versions = versions.unwrap_or_else(|| lease.versions.clone());
            lease.token = renamed.unwrap_or(token);
        }
        renamed.unwrap_or(token)
    }

    fn draw(&mut self, count: usize) -> Vec<TagVersion> {
        let drawn = |_| {
            self.claimed.0 += 1;
            let bytes = marked(u32::MAX - self.claimed.0);
            TagVersion::from_bytes(*bytes.first_chunk().expect("8 are less than 16"))
        };
        (0..count).map(drawn).collect()
    }
}

fn marked(number: u32) -> [u8; 16] {
    let mut bytes = [0xff; 16];
    bytes[..4].copy_from_slice(&MARK);
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// The versions of a lease of which nobody has said under which it was taken: those of no tags.
fn unknown() -> Versions {
    Versions::from_parts(NamesDigest::from_bytes([0; 8]), History::default(), Vec::new())
}
