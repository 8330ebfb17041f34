//! What lies under the name of an entry: the entry, or a lease, or a lease that keeps an entry for the time that its holder
//! computes. Leaves what to do about it to `talk`. The layout is docs/formats/memcached.md.

use hermescache_protocol::{
    Entry, History, Lease, LeaseRecord, NamesDigest, Token, Versions, WireError, decode_entry, decode_lease,
    encode_lease,
};

use super::{leases::Identity, meta::Response};

/// The first byte of a lease that says more than that it is one. No entry begins with it, whatever its format.
const MARK: u8 = b'L';

/// No lease lives longer: an hour, and what is added because servers count whole seconds. An empty value that does is
/// nobody's lease.
const LONGEST_LEASE_SECS: i64 = 60 * 60 + 1;

/// What lies there, and the number by which the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot<'b> {
    pub(super) holds: Holds<'b>,
    pub(super) cas: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds<'b> {
    Nothing,
    /// Bytes that are an entry, unless they cannot be read.
    Entry(&'b [u8]),
    /// A lease that a read took: an empty value, whose name is its number.
    Claim,
    /// A lease that says whose it is and what it was taken under, or that waiting is of no use; and the entry that it keeps.
    Record(LeaseRecord, Option<&'b [u8]>),
}

impl<'b> Slot<'b> {
    /// What an answer to `mg … v c` tells, with `t` if it is to be known whether an empty value is a lease.
    pub(super) fn of(answer: Response<'b>) -> Self {
        let is_lease = answer.ttl.is_none_or(|ttl| (0..=LONGEST_LEASE_SECS).contains(&ttl));
        let holds = match answer.value {
            _ if answer.status != super::meta::Status::Value => Holds::Nothing,
            [] if is_lease => Holds::Claim,
            [MARK, rest @ ..] => record(rest),
            bytes => Holds::Entry(bytes),
        };
        Self { holds, cas: answer.cas }
    }

    /// The entry, if there is one that can be read.
    pub(super) fn entry(&self) -> Option<Entry> {
        self.read_entry().ok().flatten()
    }

    /// The entry, if there is one, or why its bytes are none.
    pub(super) fn read_entry(&self) -> Result<Option<Entry>, WireError> {
        self.entry_bytes().map(decode_entry).transpose()
    }

    /// Its bytes.
    pub(super) fn entry_bytes(&self) -> Option<&'b [u8]> {
        match &self.holds {
            Holds::Entry(bytes) | Holds::Record(_, Some(bytes)) => Some(bytes),
            Holds::Nothing | Holds::Claim | Holds::Record(_, None) => None,
        }
    }

    /// The token of whoever holds a lease here, on a server that is known.
    pub(super) fn holder(&self, server: Identity) -> Option<Token> {
        match &self.holds {
            Holds::Claim => Some(server.token(self.cas)),
            Holds::Record(LeaseRecord::Held(lease), _) => Some(lease.token),
            _ => None,
        }
    }
}

fn record(bytes: &[u8]) -> Holds<'_> {
    let parts = bytes
        .split_first_chunk()
        .and_then(|(len, rest)| rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?));
    let read = parts.and_then(|(lease, entry)| Some((decode_lease(lease).ok()?, entry)));
    match read {
        Some((record, entry)) => Holds::Record(record, Some(entry).filter(|entry| !entry.is_empty())),
        // Who cannot read whom to wait for does not wait.
        None => Holds::Record(LeaseRecord::Pass, None),
    }
}

/// The bytes of a lease; those of the entry that it keeps come behind them.
pub(super) fn record_bytes(record: &LeaseRecord) -> Vec<u8> {
    let lease = encode_lease(record);
    let len = u32::try_from(lease.len()).unwrap_or(u32::MAX);
    [&[MARK], &len.to_le_bytes()[..], &lease].concat()
}

/// A lease whose holder does not say under which versions it was taken: those of no tags, which are nobody's.
pub(super) fn unnamed(token: Token) -> Lease {
    let versions = Versions::from_parts(NamesDigest::from_bytes([0; 8]), History::default(), Vec::new());
    Lease { token, versions }
}

#[cfg(test)]
mod tests {
    use hermescache_protocol::FORMAT;

    use super::{super::meta::Status, *};

    fn answer(value: &[u8], ttl: Option<i64>) -> Response<'_> {
        Response { status: Status::Value, value, opaque: None, cas: 7, ttl, won: false }
    }

    fn token() -> Token {
        Token::from_bytes([3; 16])
    }

    #[test]
    fn a_lease_comes_back_with_the_entry_that_it_keeps() {
        let record = LeaseRecord::Held(unnamed(token()));
        for entry in [&b""[..], b"entry"] {
            let bytes = [&record_bytes(&record), entry].concat();
            let slot = Slot::of(answer(&bytes, Some(5)));
            let kept = (!entry.is_empty()).then_some(entry);
            assert_eq!(slot.holds, Holds::Record(record.clone(), kept));
            assert_eq!(slot.entry_bytes(), kept);
        }
    }

    #[test]
    fn an_empty_value_is_a_lease_unless_it_lives_too_long_for_one() {
        assert_eq!(Slot::of(answer(b"", None)).holds, Holds::Claim);
        assert_eq!(Slot::of(answer(b"", Some(3601))).holds, Holds::Claim);
        for ttl in [-1, 3602] {
            assert_eq!(Slot::of(answer(b"", Some(ttl))).holds, Holds::Entry(b""));
        }
    }

    #[test]
    fn a_lease_that_cannot_be_read_is_waited_for_by_nobody() {
        for garbage in [&b"L"[..], b"L\0\0\0", b"L\0\0\0\0", b"L\xff\xff\xff\xff", b"L\x02\0\0\0\x01\x01"] {
            let slot = Slot::of(answer(garbage, None));
            assert_eq!(slot.holds, Holds::Record(LeaseRecord::Pass, None), "{garbage:?}");
        }
    }

    #[test]
    fn no_entry_begins_as_a_lease_does() {
        assert_ne!(FORMAT, MARK);
    }
}
