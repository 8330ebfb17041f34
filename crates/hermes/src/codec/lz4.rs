//! LZ4: the length of the plain bytes in four bytes, little-endian, then one block.
//! Leaves when to compress to `compression`.

use lz4_flex::block;

use super::error::{Cause, UnpackError};

/// The most that a byte of a block can stand for: it says "255 more of these".
const MOST_PER_BYTE: usize = 255;

/// None for more than the four bytes can tell.
pub(super) fn shrink(plain: &[u8]) -> Option<Vec<u8>> {
    u32::try_from(plain.len()).ok()?;
    Some(block::compress_prepend_size(plain))
}

/// # Errors
/// Bytes that are no block of the length that they say, or say more than `limit_bytes`.
pub(super) fn expand(bytes: &[u8], limit_bytes: usize) -> Result<Vec<u8>, UnpackError> {
    let (len_bytes, block) = block::uncompressed_size(bytes).map_err(unreadable)?;
    if len_bytes > limit_bytes {
        return Err(UnpackError::TooLarge { limit_bytes });
    }
    // Before memory is taken at the word of a stranger.
    if len_bytes > block.len().saturating_mul(MOST_PER_BYTE) {
        return Err(unreadable("no block so short is so long"));
    }
    let mut plain = vec![0; len_bytes];
    let found_bytes = block::decompress_into(block, &mut plain).map_err(unreadable)?;
    if found_bytes == len_bytes { Ok(plain) } else { Err(unreadable("the block is shorter than it says")) }
}

fn unreadable(why: impl Into<Cause>) -> UnpackError {
    UnpackError::Unreadable(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = shrink(&vec![0; 64 << 20]).unwrap();
        assert!(matches!(expand(&bomb, 1 << 20), Err(UnpackError::TooLarge { .. })));
        assert_eq!(expand(&bomb, 64 << 20).unwrap().len(), 64 << 20);
    }

    #[test]
    fn a_length_is_not_believed() {
        let mut bytes = shrink(&[0; 2000]).unwrap();
        for len in [0_u32, 1999, 2001, 1 << 20, u32::MAX] {
            bytes[..4].copy_from_slice(&len.to_le_bytes());
            assert!(expand(&bytes, usize::MAX).is_err(), "{len}");
        }
        for short in [&b""[..], b"\0\0\0", b"\0\0\0\0"] {
            assert!(expand(short, 100).is_err());
        }
    }

    #[test]
    fn what_just_fits_is_read() {
        let bytes = shrink(&[7; 5000]).unwrap();
        assert_eq!(expand(&bytes, 5000).unwrap(), [7; 5000]);
        assert!(expand(&bytes, 4999).is_err());
    }
}
