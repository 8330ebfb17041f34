//! Bytes of entries and leases, format 1.
//! Judges nothing: whether an entry may be served is `entry`'s question. The layout is docs/formats/entry.md.
//!
//! Whatever the bytes, decoding ends with a value or an error, and allocates no more than about their length.

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use crate::{
    entry::{CodecId, Entry, Flags, Lease, Payload},
    moment::Moment,
    nonce::{TagVersion, Token},
    policy::Ttl,
    tag::NamesDigest,
    versions::{History, Versions},
};

/// The format that this crate writes, and the only one that it reads: the first byte of what is stored.
pub const FORMAT: u8 = 1;

const LEASE_HELD: u8 = 1;
const LEASE_PASS: u8 = 2;

/// What lies in the place of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "finished: part of the stored format")]
pub enum LeaseRecord {
    /// Somebody computes the value.
    Held(Lease),
    /// The last value could not be stored: compute, and do not wait for others.
    Pass,
}

/// The bytes of an entry.
///
/// ```
/// use core::time::Duration;
/// use hermescache_protocol::{
///     CodecId, Entry, History, Moment, Payload, Point, Reading, TagVersion, Tags, Token, Ttl, Value, decode_entry, encode_entry,
/// };
///
/// let tags = Tags::new(&Point::function("shop::total", None), ["orders"]);
/// let reading = Reading::new(History::default(), vec![Some(TagVersion::from_bytes([7; 8])); 3]);
/// let versions = reading.complete(&tags).unwrap();
/// let value = Value { codec: CodecId(1), payload: Payload::from(b"42".to_vec()), ttl: Ttl::HOUR };
/// let entry = Entry::new(Token::from_bytes([1; 16]), versions, value, Moment::from_unix_ms(0), Duration::ZERO);
///
/// let bytes = encode_entry(&entry);
/// assert_eq!(bytes.len(), 76 + 3 * 8 + 2);
/// assert_eq!(decode_entry(&bytes), Ok(entry));
/// ```
#[must_use]
pub fn encode_entry(entry: &Entry) -> Vec<u8> {
    let tags = entry.versions.tags();
    let header_len = ENTRY_HEADER_BYTES + 8 * tags.len();
    let mut out = Vec::with_capacity(header_len + entry.payload.len());
    out.extend([FORMAT, entry.codec.0]);
    out.extend(entry.flags.bits().to_le_bytes());
    out.extend(u32::try_from(header_len).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(entry.id.as_bytes());
    out.extend(entry.created.unix_ms().to_le_bytes());
    out.extend(millis(entry.ttl.get()).to_le_bytes());
    out.extend(u64::try_from(entry.compute.as_micros()).unwrap_or(u64::MAX).to_le_bytes());
    out.extend((entry.payload.len() as u64).to_le_bytes());
    out.extend(u32::try_from(tags.len()).unwrap_or(u32::MAX).to_le_bytes());
    put_versions(&mut out, &entry.versions);
    out.extend(&entry.payload[..]);
    out
}

/// Reads an entry back.
///
/// # Errors
/// [`WireError`], which a reader treats as a miss.
pub fn decode_entry(bytes: &[u8]) -> Result<Entry, WireError> {
    let (mut entry, payload_len, rest) = decode_header(bytes)?;
    if rest.len() as u64 != payload_len {
        let ends_early = (rest.len() as u64) < payload_len;
        return Err(if ends_early { WireError::Truncated } else { WireError::Malformed });
    }
    entry.payload = Payload::from(rest);
    Ok(entry)
}

/// Reads an entry without its payload from its first bytes: 76 and 8 for each tag are enough.
///
/// # Errors
/// As for [`decode_entry`], but that the payload may be missing.
pub fn decode_entry_head(bytes: &[u8]) -> Result<Entry, WireError> {
    decode_header(bytes).map(|(entry, ..)| entry)
}

/// The entry with an empty payload, the payload's length, and what follows the header.
fn decode_header(bytes: &[u8]) -> Result<(Entry, u64, &[u8]), WireError> {
    let mut input = Input::of_format(bytes)?;
    let codec = CodecId(input.byte()?);
    let flags = u16::from_le_bytes(input.array()?);
    let header_len = u32::from_le_bytes(input.array()?) as usize;
    let id = Token::from_bytes(input.array()?);
    let created = u64::from_le_bytes(input.array()?);
    let ttl = u64::from_le_bytes(input.array()?);
    let compute = u64::from_le_bytes(input.array()?);
    let payload_len = u64::from_le_bytes(input.array()?);
    let count = u32::from_le_bytes(input.array()?) as usize;
    let versions = input.versions(count)?;

    // A later writer may put more behind the versions; the flags say where it must be understood.
    let used = bytes.len() - input.rest.len();
    input.take(header_len.checked_sub(used).ok_or(WireError::Malformed)?)?;
    let entry = Entry {
        id,
        codec,
        flags: Flags::from_bits(flags).ok_or(WireError::Flags(flags))?,
        versions,
        created: Moment::from_unix_ms(created),
        ttl: Ttl::new(Duration::from_millis(ttl)).map_err(|_| WireError::Malformed)?,
        compute: Duration::from_micros(compute),
        payload: Payload::from(&[][..]),
    };
    Ok((entry, payload_len, input.rest))
}

/// The bytes of a lease. All fields have fixed places, so that a script on the server can compare them.
#[must_use]
pub fn encode_lease(record: &LeaseRecord) -> Vec<u8> {
    match record {
        LeaseRecord::Pass => [FORMAT, LEASE_PASS].to_vec(),
        LeaseRecord::Held(lease) => {
            let mut out = Vec::with_capacity(LEASE_HEADER_BYTES + 8 * lease.versions.tags().len());
            out.extend([FORMAT, LEASE_HELD]);
            out.extend(lease.token.as_bytes());
            put_versions(&mut out, &lease.versions);
            out
        }
    }
}

/// Reads a lease back.
///
/// # Errors
/// [`WireError`], which a reader treats as [`LeaseRecord::Pass`]: who cannot read whom to wait for does not wait.
pub fn decode_lease(bytes: &[u8]) -> Result<LeaseRecord, WireError> {
    let mut input = Input::of_format(bytes)?;
    match input.byte()? {
        LEASE_PASS if input.rest.is_empty() => Ok(LeaseRecord::Pass),
        LEASE_HELD => {
            let token = Token::from_bytes(input.array()?);
            let count = bytes.len().saturating_sub(LEASE_HEADER_BYTES) / 8;
            let versions = input.versions(count)?;
            if !input.rest.is_empty() {
                return Err(WireError::Malformed);
            }
            Ok(LeaseRecord::Held(Lease { token, versions }))
        }
        _ => Err(WireError::Malformed),
    }
}

const ENTRY_HEADER_BYTES: usize = 1 + 1 + 2 + 4 + 16 + 8 + 8 + 8 + 8 + 4 + VERSIONS_HEADER_BYTES;
const LEASE_HEADER_BYTES: usize = 1 + 1 + 16 + VERSIONS_HEADER_BYTES;
const VERSIONS_HEADER_BYTES: usize = 8 + 8;

fn put_versions(out: &mut Vec<u8>, versions: &Versions) {
    out.extend(versions.names().as_bytes());
    out.extend(versions.history().as_bytes());
    for version in versions.tags() {
        out.extend(version.as_bytes());
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What has not been read yet.
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn of_format(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut input = Self { rest: bytes };
        match input.byte()? {
            FORMAT => Ok(input),
            other => Err(WireError::Format(other)),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        self.array().map(|[byte]| byte)
    }

    fn versions(&mut self, count: usize) -> Result<Versions, WireError> {
        let names = NamesDigest::from_bytes(self.array()?);
        let history = History::from_bytes(self.array()?);
        // Taken before anything is allocated: a count is only believed where its bytes are there.
        let bytes = self.take(count.checked_mul(8).ok_or(WireError::Malformed)?)?;
        let (chunks, _) = bytes.as_chunks();
        Ok(Versions::from_parts(
            names,
            history,
            chunks.iter().map(|chunk| TagVersion::from_bytes(*chunk)).collect(),
        ))
    }
}

/// Why stored bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireError {
    /// They are of another format, or not of this library.
    Format(u8),
    /// They end too early.
    Truncated,
    /// They carry flags that must be understood and are not.
    Flags(u16),
    /// They contradict themselves.
    Malformed,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "stored in format {format}, this is format {FORMAT}"),
            Self::Truncated => f.write_str("the stored bytes end too early"),
            Self::Flags(flags) => write!(f, "stored with unknown flags {flags:#06x}"),
            Self::Malformed => f.write_str("the stored bytes contradict themselves"),
        }
    }
}

impl core::error::Error for WireError {}
