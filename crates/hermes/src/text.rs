//! A text that is put together on the stack, if it is short: most tags are.
//! Knows nothing of tags.

use std::{fmt, ops::Deref, str};

const SHORT_BYTES: usize = 64;

/// A text. It can be written to, and read as a `str`.
pub struct Text {
    short: [u8; SHORT_BYTES],
    short_len: usize,
    /// All of it, from when it was too much for the stack.
    long: Option<String>,
}

impl Text {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { short: [0; SHORT_BYTES], short_len: 0, long: None }
    }
}

impl fmt::Write for Text {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.short_len + part.len();
        match (&mut self.long, self.short.get_mut(self.short_len..end)) {
            (None, Some(place)) => {
                place.copy_from_slice(part.as_bytes());
                self.short_len = end;
            }
            (Some(long), _) => long.push_str(part),
            (None, None) => self.long = Some([&**self, part].concat()),
        }
        Ok(())
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match &self.long {
            Some(long) => long,
            None => str::from_utf8(&self.short[..self.short_len]).expect("it was put together of texts"),
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn a_text_is_what_was_written_however_long() {
        for len in [0, 1, SHORT_BYTES - 1, SHORT_BYTES, SHORT_BYTES + 1, 1000] {
            let mut text = Text::new();
            let mut expected = String::new();
            for part in ["é", "ab"].into_iter().cycle().take(len) {
                text.write_str(part).unwrap();
                expected.push_str(part);
            }
            assert_eq!(*text, *expected);
        }
    }
}
