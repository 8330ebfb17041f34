//! Bytes on their way from a codec, up to a limit.
//! Knows nothing of what they mean.

use std::io;

use super::error::PackError;

/// Takes bytes until there would be too many. A huge value stops there, and does not lie in memory as a whole, but for what
/// rmp-serde collects before it writes: maps and lists that do not say how long they are, as those of `flatten`.
#[derive(Debug)]
pub(super) struct Limited {
    bytes: Vec<u8>,
    limit_bytes: usize,
    refused: Option<PackError>,
}

impl Limited {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self { bytes: Vec::new(), limit_bytes, refused: None }
    }

    /// # Errors
    /// The limit, if it was reached.
    pub(super) fn into_bytes(self) -> Result<Vec<u8>, PackError> {
        self.refused.map_or(Ok(self.bytes), Err)
    }
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { limit_bytes, .. } = *self;
        let len_bytes = self.bytes.len().saturating_add(bytes.len());
        if len_bytes > limit_bytes {
            self.refused.get_or_insert(PackError::TooLarge { len_bytes, limit_bytes });
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
