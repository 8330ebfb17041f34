//! Reads times to live as people write them: `1200`, `"20m"`, `"1h30m"`.

use std::time::Duration;

/// The longest ttl that a literal may ask for: a hundred years. More is a slip of the finger.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Whole seconds, as in `ttl = 1200`.
pub(crate) fn of_seconds(seconds: u64) -> Result<Duration, String> {
    in_bounds(Duration::from_secs(seconds))
}

/// A text such as `"500ms"`, `"30s"`, `"20m"`, `"12h"`, `"7d"` or `"1h30m"`.
pub(crate) fn of_text(text: &str) -> Result<Duration, String> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(unreadable(text));
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() {
            return Err(unreadable(text));
        }
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60 * 1000,
            "h" => 3600 * 1000,
            "d" => 24 * 3600 * 1000,
            _ => return Err(unreadable(text)),
        };
        let part = number.parse::<u64>().ok().and_then(|count| count.checked_mul(unit_ms));
        total = part
            .and_then(|ms| total.checked_add(Duration::from_millis(ms)))
            .ok_or_else(|| "a ttl is at most 100 years".to_owned())?;
        rest = tail.trim_start();
    }
    in_bounds(total)
}

fn in_bounds(ttl: Duration) -> Result<Duration, String> {
    if ttl.is_zero() {
        return Err(
            "a ttl of zero would cache nothing: give a longer one, or remove the attribute".to_owned()
        );
    }
    if ttl > LONGEST {
        return Err("a ttl is at most 100 years".to_owned());
    }
    Ok(ttl)
}

fn unreadable(text: &str) -> String {
    format!("`{text}` is not a time: write \"500ms\", \"30s\", \"20m\", \"12h\", \"7d\" or \"1h30m\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        let table = [
            ("500ms", 500),
            ("30s", 30_000),
            ("20m", 1_200_000),
            ("12h", 43_200_000),
            ("7d", 604_800_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("36500d", 3_153_600_000_000),
        ];
        for (text, ms) in table {
            assert_eq!(of_text(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(of_seconds(1200), Ok(Duration::from_secs(1200)));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            " ",
            "20",
            "m",
            "20 m",
            "-5s",
            "1.5h",
            "20min",
            "0s",
            "0h0m",
            "36501d",
            "99999999999999999999d",
        ] {
            assert!(of_text(text).is_err(), "{text}");
        }
        assert!(of_seconds(0).is_err());
        assert!(of_seconds(u64::MAX).is_err());
    }
}
