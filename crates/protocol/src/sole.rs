//! Reads back the name of an entry that was named by hand from its encoded arguments.
//! Leaves the encoding to `encode`.

use crate::encode::{Arguments, mark};

/// The text that these encoded arguments are, if they are one text and nothing else: the name of an entry that was named by
/// hand.
///
/// ```
/// use hermescache_protocol::{Arguments, sole_text};
///
/// let mut arguments = Arguments::new();
/// arguments.push("price:7")?;
/// assert_eq!(sole_text(arguments.as_bytes()), Some("price:7"));
///
/// arguments.push(&7)?;
/// assert_eq!(sole_text(arguments.as_bytes()), None);
/// # Ok::<(), hermescache_protocol::EncodeError>(())
/// ```
#[must_use]
pub fn sole_text(arguments: &[u8]) -> Option<&str> {
    let sized = arguments.strip_prefix(&[mark::STR])?;
    let len_bytes = sized.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let text = core::str::from_utf8(&sized[len_bytes..]).ok()?;
    // Whatever else there is would make the length another.
    let mut encoded = Arguments::new();
    encoded.push(text).ok()?;
    (encoded.as_bytes() == arguments).then_some(text)
}
