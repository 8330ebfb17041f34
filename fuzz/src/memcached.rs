//! Answers of memcached, whole and as they come in. The codec is not public: it is compiled from where it stands.

#[allow(dead_code, unreachable_pub, reason = "only what reads is used")]
#[path = "../../crates/hermes/src/memcached/meta/reply.rs"]
mod reply;

use reply::Reader;

/// As many answers as a fetch with some tags has.
const COUNT: usize = 5;

pub(crate) fn read(bytes: &[u8]) {
    let mut whole = Reader::default();
    let outcome = whole.read(bytes, COUNT);
    let said: Vec<_> = whole.answers(bytes).iter().map(|answer| (answer.status, answer.value)).collect();
    assert!(said.len() <= COUNT);

    // Byte by byte it says the same, as far as the first that makes no sense.
    let mut part = Reader::default();
    let in_parts = (0..=bytes.len())
        .try_fold(false, |done, end| if done { Ok(true) } else { part.read(&bytes[..end], COUNT) });
    assert_eq!(in_parts, outcome);
    let said_in_parts: Vec<_> =
        part.answers(bytes).iter().map(|answer| (answer.status, answer.value)).collect();
    assert_eq!(said_in_parts, said);
}
