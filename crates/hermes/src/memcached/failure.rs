//! Why a server gave no answers, and whether it is to blame.

use std::io;

use super::address::Address;
use crate::backend::BackendError;

/// Why there are no answers. A clone is for others who wanted the same.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// No connection could be had. Nothing was sent.
    Unreachable(BackendError),
    /// The connection broke, or the server said what makes no sense. Nobody knows what was done.
    Broken(BackendError),
    /// There was no answer in time. Nobody knows what was done.
    TimedOut(BackendError),
    /// It was refused. Nothing was done.
    Refused(BackendError),
    /// The breaker is open. Nothing was sent.
    Suspended(BackendError),
}

impl Failure {
    /// No connection to `to` could be made ready.
    pub(super) fn of_connecting(error: &io::Error, to: &Address) -> Self {
        if is_timeout(error) {
            return Self::connecting_took_too_long(to);
        }
        Self::Unreachable(BackendError::not_done(format!("connecting to {to}: {error}")))
    }

    pub(super) fn connecting_took_too_long(to: &Address) -> Self {
        let why = format!("connecting to {to}: no connection in time");
        Self::Unreachable(BackendError::not_sent_in_time(why))
    }

    /// What is at `to` will not do.
    pub(super) fn of_greeting(why: &str, to: &Address) -> Self {
        Self::Unreachable(BackendError::not_done(format!("connecting to {to}: {why}")))
    }

    /// The connection to `to` failed while it was used.
    pub(super) fn of_using(error: &io::Error, to: &Address) -> Self {
        if is_timeout(error) {
            return Self::answering_took_too_long(to);
        }
        Self::Broken(BackendError::unknown(format!("the connection to {to} broke: {error}")))
    }

    pub(super) fn answering_took_too_long(to: &Address) -> Self {
        Self::TimedOut(BackendError::timeout(format!("{to} did not answer in time")))
    }

    pub(super) fn nonsense(from: &Address) -> Self {
        let why = format!("{from} gave an answer that makes no sense; is it a memcached?");
        Self::Broken(BackendError::unknown(why))
    }

    /// The server does not understand.
    pub(super) fn confused(words: &[u8], from: &Address) -> Self {
        let words = String::from_utf8_lossy(words);
        Self::Broken(BackendError::unknown(format!("{from} does not understand; it said {words:?}")))
    }

    /// Whether it tells that the server is not to be had, for its breaker.
    pub(super) fn blames_the_server(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Broken(_) | Self::TimedOut(_))
    }

    pub(super) fn into_error(self) -> BackendError {
        let (Self::Unreachable(error)
        | Self::Broken(error)
        | Self::TimedOut(error)
        | Self::Refused(error)
        | Self::Suspended(error)) = self;
        error
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
