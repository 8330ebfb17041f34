//! Zstandard: one frame, and nothing after it.
//! Leaves when to compress to `compression`.

use std::io::Read;

use zstd::{bulk, stream::read::Decoder};

use super::error::{Cause, UnpackError};

/// zstd's own default. The next levels take up to several times as long for some percent.
const LEVEL: i32 = 3;

pub(super) fn shrink(plain: &[u8]) -> Option<Vec<u8>> {
    bulk::compress(plain, LEVEL).ok()
}

/// # Errors
/// Bytes that are not one frame, or one that expands to more than `limit_bytes`, however little its header admits.
pub(super) fn expand(bytes: &[u8], limit_bytes: usize) -> Result<Vec<u8>, UnpackError> {
    let mut frame = Decoder::with_buffer(bytes).map_err(unreadable)?.single_frame();
    frame.window_log_max(window_log_max(limit_bytes)).map_err(unreadable)?;
    let mut plain = Vec::new();
    let one_more = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
    frame.by_ref().take(one_more).read_to_end(&mut plain).map_err(unreadable)?;
    if plain.len() > limit_bytes {
        return Err(UnpackError::TooLarge { limit_bytes });
    }
    if frame.finish().is_empty() { Ok(plain) } else { Err(unreadable("something follows the frame")) }
}

/// A frame's header says how far back its content refers, and zstd takes that much memory before it has seen any. That far
/// need not be farther than the whole content is long.
fn window_log_max(limit_bytes: usize) -> u32 {
    let whole = limit_bytes.checked_next_power_of_two().map_or(usize::BITS, usize::ilog2);
    // The least that zstd takes, and the most that it writes unless asked for more.
    whole.clamp(10, 27)
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
        assert!(bomb.len() < 10_000);
        let limit_bytes = 1 << 20;
        // Its window, two mebibytes at this level, is more than all it may hold.
        assert!(matches!(expand(&bomb, limit_bytes), Err(UnpackError::Unreadable(_))));
        let limit_bytes = 4 << 20;
        assert!(matches!(expand(&bomb, limit_bytes), Err(UnpackError::TooLarge { .. })));
    }

    #[test]
    fn what_just_fits_is_read() {
        for len in [0, 1, 1000, 1 << 20, 3_000_000, 5_000_000] {
            let plain: Vec<u8> = (0..len).map(|n: u32| (n % 253) as u8).collect();
            let frame = shrink(&plain).unwrap();
            assert_eq!(expand(&frame, plain.len()).unwrap(), plain);
            if len > 0 {
                assert!(expand(&frame, plain.len() - 1).is_err(), "{len}");
            }
        }
    }

    #[test]
    fn a_frame_is_alone() {
        let frame = shrink(b"plain").unwrap();
        assert!(expand(&[&frame[..], &frame].concat(), 100).is_err());
        assert!(expand(&[&frame[..], b"more"].concat(), 100).is_err());
        assert!(expand(b"", 100).is_err());
        // One that zstd skips.
        assert!(expand(&[b"\x50\x2a\x4d\x18\0\0\0\0", &frame[..]].concat(), 100).is_err());
    }

    /// Four bytes of magic, then: one segment, whose length of four bytes is also its window.
    #[test]
    fn a_header_gets_no_memory_by_asking() {
        let header = b"\x28\xb5\x2f\xfd\xa0\xff\xff\xff\x7f";
        let refused = expand(header, 1 << 20).unwrap_err();
        assert!(refused.to_string().contains("too much memory"), "{refused}");
    }
}
