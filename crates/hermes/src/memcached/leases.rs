//! The leases that this process holds, and what it alone knows of them.
//!
//! A server compares numbers that it counts itself, and counts anew when it restarts: so a lease is named by its number and the
//! identity of the server that gave it. Who holds one remembers the number that it has now, for each renewal changes it. To
//! forget one costs its holder's value its place in the cache, and nothing else.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hermescache_protocol::{Token, Versions};

use crate::clock;

/// Which run of which server a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity([u8; 8]);

impl Identity {
    /// A run of a server, by its process and the second in which it began. No two of one server are alike, but where one
    /// ended in the second in which it had begun, and the next has its process's number.
    pub(super) fn new(process: u32, began_unix: u64) -> Self {
        let [.., a, b, c, d] = began_unix.to_be_bytes();
        let [e, f, g, h] = process.to_be_bytes();
        Self([a, b, c, d, e, f, g, h])
    }

    /// The token of a lease that this server knows by a number.
    pub(super) fn token(self, cas: u64) -> Token {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0);
        bytes[8..].copy_from_slice(&cas.to_be_bytes());
        Token::from_bytes(bytes)
    }
}

/// What is known of a lease that this process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    /// On which server it lies.
    pub(super) server: Identity,
    /// The number that the server knows it by; none where it must be asked for, since a renewal was not answered.
    pub(super) cas: Option<u64>,
    /// The versions it was taken under, once there are all.
    pub(super) versions: Option<Versions>,
    /// Until when the entry lives that it keeps, if it does, by this process's coarse clock.
    pub(super) keeps_until: Option<Duration>,
    /// How long it lives without being renewed.
    pub(super) lease: Duration,
}

/// The leases of one cache.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// With when each has long run out.
    held: HashMap<Token, (Own, Duration)>,
    /// When there are so many, those that have run out are dropped.
    sweeps_at: usize,
}

impl Leases {
    /// This process has won a lease, or renewed it, or learned more of it.
    pub(super) fn put(&self, token: Token, own: Own) {
        const FEWEST: usize = 64;
        let now = clock::coarse_monotonic();
        let ends = now.saturating_add(own.lease.saturating_mul(2)).saturating_add(Duration::from_secs(2));
        let mut table = self.table();
        if table.held.len() >= table.sweeps_at.max(FEWEST) {
            table.held.retain(|_, (_, ends)| *ends > now);
            table.sweeps_at = 2 * table.held.len();
        }
        table.held.insert(token, (own, ends));
    }

    /// A lease that this process holds on this server.
    pub(super) fn get(&self, token: Token, server: Identity) -> Option<Own> {
        self.table().held.get(&token).filter(|(own, _)| own.server == server).map(|(own, _)| own.clone())
    }

    /// The lease is given back, or was lost.
    pub(super) fn remove(&self, token: Token) {
        self.table().held.remove(&token);
    }

    /// A renewal is under way: until it is answered, nobody knows the lease's number.
    pub(super) fn forget_cas(&self, token: Token) {
        if let Some((own, _)) = self.table().held.get_mut(&token) {
            own.cas = None;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(server: Identity, lease: Duration) -> Own {
        Own { server, cas: Some(1), versions: None, keeps_until: None, lease }
    }

    #[test]
    fn a_lease_of_before_a_restart_is_not_held_any_more() {
        let (before, after) = (Identity::new(1, 1_700_000_000), Identity::new(1, 1_700_000_001));
        let leases = Leases::default();
        leases.put(before.token(1), own(before, Duration::from_secs(5)));
        assert!(leases.get(before.token(1), before).is_some());
        assert_eq!(leases.get(before.token(1), after), None);
        assert_ne!(before.token(1), after.token(1));
    }

    #[test]
    fn leases_that_nobody_gives_back_do_not_pile_up() {
        let server = Identity::new(1, 1);
        let leases = Leases::default();
        let put = |cas| {
            leases.table().held.insert(server.token(cas), (own(server, Duration::ZERO), Duration::ZERO))
        };
        (0..10_000).for_each(|cas| drop(put(cas)));
        leases.put(server.token(0), own(server, Duration::from_secs(5)));
        assert_eq!(leases.table().held.len(), 1);
    }
}
