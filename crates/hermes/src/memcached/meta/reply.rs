//! Reads answers to meta commands as their bytes come in, each once.
//!
//! Whatever the bytes, reading ends with answers, with the wish for more bytes, or with an error, and keeps no more than a
//! few numbers for each answer that is there.

use std::ops::Range;

/// No line of an answer is longer.
const MAX_LINE_BYTES: usize = 2048;

/// memcached keeps no larger value, however it is configured.
const MAX_VALUE_BYTES: usize = 1 << 30;

/// What an answer begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::memcached) enum Status {
    /// `VA`: it is there, and here is its value.
    Value,
    /// `HD`: it is done, or there.
    Done,
    /// `EN`, `NF`: it is not there.
    Absent,
    /// `EX`: it is another one than was named.
    Exists,
    /// `NS`: it was not stored, as it was asked.
    NotStored,
    /// `MN`: the answer to being asked for any.
    Here,
    /// `SERVER_ERROR`: it could not be done. The value is the server's words.
    Failed,
    /// `CLIENT_ERROR`, `ERROR`: the server does not understand. The value is its words; what follows may be of no sense.
    Confused,
}

/// What was said, and where its value lies.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    status: Status,
    value: Range<usize>,
    opaque: Option<u32>,
    cas: u64,
    ttl: Option<i64>,
    won: bool,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::memcached) struct Response<'b> {
    pub(in crate::memcached) status: Status,
    pub(in crate::memcached) value: &'b [u8],
    /// The number of the command, where the server repeats it.
    pub(in crate::memcached) opaque: Option<u32>,
    /// The number of what is stored; 0 where it was not asked for, or the server counts none.
    pub(in crate::memcached) cas: u64,
    /// How many seconds it lives, or -1 for ever; none where that was not asked for.
    pub(in crate::memcached) ttl: Option<i64>,
    /// Whether whoever asked has put it there by asking.
    pub(in crate::memcached) won: bool,
}

impl Response<'_> {
    /// Whether the server could not do it.
    pub(in crate::memcached) fn is_failed(&self) -> bool {
        self.status == Status::Failed
    }

    /// Whether the server does not understand.
    pub(in crate::memcached) fn is_confused(&self) -> bool {
        self.status == Status::Confused
    }
}

/// All answers to commands that were written at once.
#[derive(Debug, Clone, Copy)]
pub(in crate::memcached) struct Responses<'b> {
    bytes: &'b [u8],
    said: &'b [Said],
}

impl<'b> Responses<'b> {
    pub(in crate::memcached) fn iter(self) -> impl Iterator<Item = Response<'b>> {
        let Self { bytes, said } = self;
        said.iter().map(|Said { status, value, opaque, cas, ttl, won }| Response {
            status: *status,
            value: bytes.get(value.clone()).unwrap_or_default(),
            opaque: *opaque,
            cas: *cas,
            ttl: *ttl,
            won: *won,
        })
    }

    /// The first so many, and the others.
    pub(in crate::memcached) fn split_at(self, count: usize) -> (Self, Self) {
        let (first, others) = self.said.split_at(count.min(self.said.len()));
        (Self { said: first, ..self }, Self { said: others, ..self })
    }
}

/// Bytes that no memcached says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::memcached) struct Malformed;

/// Where the reading of answers has come to in bytes that grow.
#[derive(Debug, Default)]
pub(in crate::memcached) struct Reader {
    said: Vec<Said>,
    read: usize,
}

impl Reader {
    /// Reads on in the same bytes, of which there may be more by now, until there are so many answers, or one after which
    /// none can be expected. Says whether there are.
    ///
    /// # Errors
    /// [`Malformed`]: what follows cannot be told either.
    pub(in crate::memcached) fn read(&mut self, bytes: &[u8], count: usize) -> Result<bool, Malformed> {
        while self.said.len() < count {
            let rest = bytes.get(self.read..).unwrap_or_default();
            let Some((said, used)) = one(rest, self.read)? else { return Ok(false) };
            let is_confused = said.status == Status::Confused;
            self.said.push(said);
            self.read += used;
            if is_confused {
                break;
            }
        }
        Ok(true)
    }

    /// What was read from these bytes.
    pub(in crate::memcached) fn answers<'b>(&'b self, bytes: &'b [u8]) -> Responses<'b> {
        Responses { bytes, said: &self.said }
    }

    /// How many bytes the answers take.
    #[cfg(feature = "async")]
    pub(in crate::memcached) fn len_bytes(&self) -> usize {
        self.read
    }

    /// Begins anew.
    pub(in crate::memcached) fn clear(&mut self) {
        self.said.clear();
        self.read = 0;
    }
}

/// The answer at the beginning of bytes that lie `at` so many others, and how many it takes; none where it has no end yet.
fn one(bytes: &[u8], at: usize) -> Result<Option<(Said, usize)>, Malformed> {
    let Some((line, used)) = line(bytes)? else { return Ok(None) };
    let (status, rest) = line.split_at_checked(2).ok_or(Malformed)?;
    let status = match status {
        b"HD" => Status::Done,
        b"EN" | b"NF" => Status::Absent,
        b"EX" => Status::Exists,
        b"NS" => Status::NotStored,
        b"MN" => Status::Here,
        b"VA" => {
            let len = value_len(line).ok_or(Malformed)?;
            let Some(value) = bytes.get(used..used + len + 2) else { return Ok(None) };
            if !value.ends_with(b"\r\n") {
                return Err(Malformed);
            }
            let digits = rest.get(1..).unwrap_or_default();
            let flags = digits.iter().position(|byte| *byte == b' ').map_or(&[][..], |end| &digits[end..]);
            let value = at + used..at + used + len;
            return Ok(Some((said(Status::Value, value, flags)?, used + len + 2)));
        }
        _ => {
            let (status, words) = if let Some(words) = line.strip_prefix(b"SERVER_ERROR") {
                (Status::Failed, words)
            } else if let Some(words) = line.strip_prefix(b"CLIENT_ERROR") {
                (Status::Confused, words)
            } else {
                (Status::Confused, line.strip_prefix(b"ERROR").ok_or(Malformed)?)
            };
            let start = at + line.len() - words.trim_ascii_start().len();
            return Ok(Some((said(status, start..at + line.len(), b"")?, used)));
        }
    };
    Ok(Some((said(status, at..at, rest)?, used)))
}

/// The first line without its end, and how many bytes it takes with it.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Malformed> {
    let head = &bytes[..bytes.len().min(MAX_LINE_BYTES)];
    match head.iter().position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some((bytes[..end].strip_suffix(b"\r").ok_or(Malformed)?, end + 1))),
        None if bytes.len() < MAX_LINE_BYTES => Ok(None),
        None => Err(Malformed),
    }
}

/// The length that the line of a value tells.
fn value_len(line: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(b"VA ")?;
    let digits = rest.split(|byte| *byte == b' ').next()?;
    let len = usize::try_from(number(digits)?).ok()?;
    (len <= MAX_VALUE_BYTES).then_some(len)
}

fn said(status: Status, value: Range<usize>, flags: &[u8]) -> Result<Said, Malformed> {
    let mut said = Said { status, value, opaque: None, cas: 0, ttl: None, won: false };
    for flag in flags.split(|byte| *byte == b' ') {
        let Some((letter, token)) = flag.split_first() else { continue };
        match letter {
            b'O' => said.opaque = Some(number(token).and_then(|n| u32::try_from(n).ok()).ok_or(Malformed)?),
            b'c' => said.cas = number(token).ok_or(Malformed)?,
            b't' if token == b"-1" => said.ttl = Some(-1),
            b't' => said.ttl = Some(number(token).and_then(|n| i64::try_from(n).ok()).ok_or(Malformed)?),
            b'W' => said.won = true,
            _ => {}
        }
    }
    Ok(said)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
