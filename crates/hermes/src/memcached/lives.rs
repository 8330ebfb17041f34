//! How long things live in memcached, which counts whole seconds and takes large numbers for dates.

use std::time::Duration;

/// 30 days: what is above is taken for a date.
const LONGEST_SECS: u64 = 30 * 24 * 60 * 60;

/// The life to give to what has to live for so long at least: the server's clock ticks once a second, so that the first
/// second of a life may be no longer than an instant.
pub(super) fn secs(life: Duration) -> u64 {
    let whole = life.as_secs().saturating_add(u64::from(life.subsec_nanos() > 0));
    whole.saturating_add(1).min(LONGEST_SECS)
}

/// Whether what lives for `left` more seconds is to be given a longer life, where something that lives for `needed` seconds
/// needs it. What lives as long as can be is let be for a day.
pub(super) fn is_too_short(left: Option<i64>, needed: u64) -> bool {
    const DAY: u64 = 24 * 60 * 60;
    let left = left.and_then(|left| u64::try_from(left).ok());
    left.is_some_and(|left| left < needed.min(LONGEST_SECS - DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_never_shorter_than_was_asked_for_up_to_thirty_days() {
        for (life, given) in [
            (Duration::ZERO, 1),
            (Duration::from_millis(1), 2),
            (Duration::from_secs(1), 2),
            (Duration::from_millis(1001), 3),
            (Duration::from_secs(LONGEST_SECS), LONGEST_SECS),
            (Duration::MAX, LONGEST_SECS),
        ] {
            assert_eq!(secs(life), given, "{life:?}");
        }
    }

    #[test]
    fn only_what_ends_too_soon_is_prolonged() {
        assert!(is_too_short(Some(9), 10));
        assert!(!is_too_short(Some(10), 10));
        assert!(!is_too_short(Some(-1), 10), "it lives for ever");
        assert!(!is_too_short(None, 10), "it is gone");
        assert!(!is_too_short(Some(LONGEST_SECS as i64 - 3600), LONGEST_SECS));
    }
}
