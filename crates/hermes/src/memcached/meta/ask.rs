//! Writes meta commands, one behind the other, each with a number by which its answer is known.
//! Leaves the answers to `reply`.

use std::sync::atomic::{AtomicU32, Ordering};

/// The next number that nobody has used, but for four thousand million commands ago.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Commands to be written at once.
#[derive(Debug)]
pub(in crate::memcached) struct Asks {
    bytes: Vec<u8>,
    first: u32,
    count: u32,
    name: String,
}

impl Asks {
    /// Room for so many commands.
    pub(in crate::memcached) fn new(most: usize) -> Self {
        const TYPICAL_COMMAND_BYTES: usize = 80;
        let first = NEXT.fetch_add(u32::try_from(most).unwrap_or(u32::MAX), Ordering::Relaxed);
        Self {
            bytes: Vec::with_capacity(most * TYPICAL_COMMAND_BYTES),
            first,
            count: 0,
            name: String::with_capacity(TYPICAL_COMMAND_BYTES),
        }
    }

    /// Reads, or touches: `mg`.
    pub(in crate::memcached) fn get(&mut self, name: impl FnOnce(&mut String)) -> Ask<'_> {
        self.begin(b"mg ", name)
    }

    /// Deletes: `md`.
    pub(in crate::memcached) fn delete(&mut self, name: impl FnOnce(&mut String)) -> Ask<'_> {
        self.begin(b"md ", name)
    }

    /// Stores a value of this length: `ms`.
    pub(in crate::memcached) fn set(&mut self, name: impl FnOnce(&mut String), len_bytes: usize) -> Ask<'_> {
        let ask = self.begin(b"ms ", name);
        ask.asks.bytes.push(b' ');
        put_number(&mut ask.asks.bytes, len_bytes as u64);
        ask
    }

    /// What is written.
    pub(in crate::memcached) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many answers there will be.
    pub(in crate::memcached) fn count(&self) -> usize {
        self.count as usize
    }

    /// The numbers of the answers, in their order.
    pub(in crate::memcached) fn opaques(&self) -> impl Iterator<Item = u32> + use<> {
        let first = self.first;
        (0..self.count).map(move |nth| first.wrapping_add(nth))
    }

    fn begin(&mut self, verb: &[u8], name: impl FnOnce(&mut String)) -> Ask<'_> {
        self.name.clear();
        name(&mut self.name);
        self.bytes.extend_from_slice(verb);
        self.bytes.extend_from_slice(self.name.as_bytes());
        Ask { asks: self }
    }
}

/// A command that is being written.
#[must_use = "it has no end yet"]
pub(in crate::memcached) struct Ask<'a> {
    asks: &'a mut Asks,
}

impl Ask<'_> {
    /// Flags without arguments, with blanks between them.
    pub(in crate::memcached) fn flags(self, flags: &str) -> Self {
        self.asks.bytes.push(b' ');
        self.asks.bytes.extend_from_slice(flags.as_bytes());
        self
    }

    /// A flag with a number.
    pub(in crate::memcached) fn number(self, flag: u8, number: u64) -> Self {
        self.asks.bytes.extend_from_slice(&[b' ', flag]);
        put_number(&mut self.asks.bytes, number);
        self
    }

    /// The end of a command without a value.
    pub(in crate::memcached) fn end(self) {
        let number = self.asks.first.wrapping_add(self.asks.count);
        self.asks.count += 1;
        let bytes = &mut self.asks.bytes;
        bytes.extend_from_slice(b" O");
        put_number(bytes, number.into());
        bytes.extend_from_slice(b"\r\n");
    }

    /// The end of a command with a value, in parts.
    pub(in crate::memcached) fn end_with(self, parts: &[&[u8]]) {
        let bytes = {
            let Self { asks } = self;
            Ask { asks: &mut *asks }.end();
            &mut asks.bytes
        };
        bytes.reserve(parts.iter().map(|part| part.len()).sum::<usize>() + 2);
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes.extend_from_slice(b"\r\n");
    }
}

fn put_number(to: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    to.extend_from_slice(&digits[at..]);
}
