//! Random values: tokens that name a lease, and tag versions.
//! Draws no randomness itself: whoever drives the protocol hands in a source.

use core::fmt;

/// A source of randomness. It must be the system's, drawn anew each time, so that a forked process
/// repeats nothing of its parent's.
///
/// Any `FnMut(&mut [u8])` is one.
///
/// ```
/// use hermescache_protocol::Token;
///
/// let mut counter = 0u8;
/// let mut source = |bytes: &mut [u8]| bytes.fill_with(|| { counter += 1; counter });
/// assert_ne!(Token::draw(&mut source), Token::draw(&mut source));
/// ```
pub trait Nonces {
    /// Fills `bytes` with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Nonces for F {
    fn fill(&mut self, bytes: &mut [u8]) {
        self(bytes);
    }
}

/// Names one winning of a lease: 16 random bytes, or whatever a server hands out that is as unique.
///
/// A lease is asked for with a token once. What timed out may still take effect, so a second attempt draws a new one.
/// The token that committed an entry is the entry's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// Draws a new token.
    pub fn draw(nonces: &mut dyn Nonces) -> Self {
        let mut bytes = [0; 16];
        nonces.fill(&mut bytes);
        Self(bytes)
    }

    /// A token read back from a server, or made of what the server names a lease by.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes to compare and store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:032x})", u128::from_be_bytes(self.0))
    }
}

/// One version of one tag: 8 random bytes. Deleting it is what a clean does; a new one is drawn when
/// the tag is next used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TagVersion([u8; 8]);

impl TagVersion {
    /// Draws a new version, to be sent once.
    pub fn draw(nonces: &mut dyn Nonces) -> Self {
        let mut bytes = [0; 8];
        nonces.fill(&mut bytes);
        Self(bytes)
    }

    /// A version read back from a server.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes to compare and store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for TagVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagVersion({:016x})", u64::from_be_bytes(self.0))
    }
}
