//! What is known of a server by one connection to it, and when to ask anew.
//! Asks nobody, and reads no clock.

use std::time::Duration;

use hermescache_protocol::History;

/// How often a server is asked anew whether it is still a master, and of which history. It is asked together with whatever is
/// to be asked, so this costs no round trip.
const ASKS_EVERY: Duration = Duration::from_secs(1);

/// A connection that has been idle for so long is tried out before something is sent that must not be sent twice: a round
/// trip, which a call that has just read from the server does not need.
const TRIES_AFTER: Duration = Duration::from_secs(1);

/// What is known of a server. All moments are told by one clock, but by several tasks, each of which may have read it
/// before another wrote here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    history: History,
    /// When that was asked for; none where nobody needs to know.
    told: Option<Duration>,
    /// When somebody went to ask.
    asked: Duration,
    /// Whether whoever was to ask did not learn the answer.
    is_due: bool,
    /// When the server answered last, whatever it was asked.
    answered: Duration,
}

impl Known {
    /// Of a server of which it does not matter who it is.
    pub(super) fn nothing(now: Duration) -> Self {
        Self { history: History::default(), told: None, asked: now, is_due: false, answered: now }
    }

    /// Of a server that told its history when it was asked for it at this moment.
    pub(super) fn told(history: History, asked: Duration) -> Self {
        Self { history, told: Some(asked), ..Self::nothing(asked) }
    }

    /// The history of the data as far as it is known before the next answer.
    pub(super) fn history(&self) -> History {
        self.history
    }

    /// Whether to ask for the history anew. One of many requests does so; but where it was told long ago all do, lest
    /// those that are under way beside the first take for true what was true then.
    pub(super) fn takes_turn_to_ask(&mut self, now: Duration) -> bool {
        let Some(told) = self.told else { return false };
        let is_old = now.saturating_sub(told) >= 2 * ASKS_EVERY;
        let asks = self.is_due || is_old || now.saturating_sub(self.asked) >= ASKS_EVERY;
        if asks {
            self.asked = now;
            self.is_due = false;
        }
        asks
    }

    /// Whoever took the turn did not learn the answer: it is the next one's.
    #[cfg(any(test, feature = "async"))]
    pub(super) fn misses_turn(&mut self) {
        self.is_due = true;
    }

    /// Takes note of the answer to a question from this moment. What was asked for before that which is known is no news.
    pub(super) fn learn(&mut self, history: History, asked: Duration) {
        if self.told <= Some(asked) {
            (self.history, self.told) = (history, Some(asked));
        }
    }

    /// The server has answered something.
    pub(super) fn was_answered(&mut self, now: Duration) {
        self.answered = now;
    }

    /// Whether the connection has been idle for so long that the server, or somebody in between, may have closed it.
    pub(super) fn may_be_closed(&self, now: Duration) -> bool {
        now.saturating_sub(self.answered) >= TRIES_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    fn history(number: u8) -> History {
        History::from_bytes([number; 8])
    }

    #[test]
    fn one_of_many_asks_each_second() {
        let mut known = Known::told(history(1), START);
        assert!(!known.takes_turn_to_ask(START));
        let later = START + ASKS_EVERY;
        assert!(known.takes_turn_to_ask(later));
        assert!(!known.takes_turn_to_ask(later));
        known.misses_turn();
        assert!(known.takes_turn_to_ask(later));
    }

    #[test]
    fn all_ask_where_it_was_told_long_ago() {
        let mut known = Known::told(history(1), START);
        let later = START + 2 * ASKS_EVERY;
        assert!(known.takes_turn_to_ask(later) && known.takes_turn_to_ask(later));
        known.learn(history(1), later);
        assert!(!known.takes_turn_to_ask(later));
    }

    #[test]
    fn an_older_answer_that_is_read_later_is_no_news() {
        let mut known = Known::told(history(1), START);
        known.learn(history(3), START + 2 * ASKS_EVERY);
        known.learn(history(2), START + ASKS_EVERY);
        assert_eq!(known.history(), history(3));
        assert!(!known.takes_turn_to_ask(START + ASKS_EVERY / 2));
    }

    #[test]
    fn nobody_asks_where_nobody_needs_to_know() {
        let mut known = Known::nothing(START);
        assert!(!known.takes_turn_to_ask(START + 100 * ASKS_EVERY));
    }

    #[test]
    fn who_has_been_idle_may_be_closed() {
        let mut known = Known::nothing(START);
        assert!(known.may_be_closed(START + TRIES_AFTER));
        known.was_answered(START + TRIES_AFTER);
        assert!(!known.may_be_closed(START + TRIES_AFTER));
        // Read before another task wrote.
        assert!(!known.may_be_closed(START));
    }
}
