//! Circuit breaker for evidence: a host that was silent is left alone for a while, so that a path of several X.509 certificates does not wait
//! for it at each of them.
//!
//! Says nothing of what a host's answers are worth: one that answers wrongly, or refuses, answers at once and costs nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::ports::Evidence;
use tokio::time::Instant;

/// What a host is asked for. One that is silent about OCSP may still give its lists.
type Door = (&'static str, String);

/// Who was silent lately; known to this instance alone. There are as many entries as the allow-list has hosts, three times at most.
pub(crate) struct Quiet {
    /// How long an answer is waited for.
    patience: Duration,
    until: Mutex<HashMap<Door, Instant>>,
}

impl Quiet {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, until: Mutex::default() }
    }

    /// Whether it is left alone now: twice as long as it was waited for, and then asked again.
    pub(crate) fn is_on(&self, kind: Evidence, host: &str, now: Instant) -> bool {
        self.doors().get(&door(kind, host)).is_some_and(|until| now < *until)
    }

    /// How a call ended that was `begun` then. A failure that came quickly is no silence.
    pub(crate) fn ended(&self, kind: Evidence, host: &str, begun: Instant, now: Instant, answered: bool) {
        let silent = !answered && now.duration_since(begun) >= self.patience / 2;
        match now.checked_add(self.patience * 2).filter(|_| silent) {
            Some(until) => drop(self.doors().insert(door(kind, host), until)),
            None => drop(self.doors().remove(&door(kind, host))),
        }
    }

    fn doors(&self) -> std::sync::MutexGuard<'_, HashMap<Door, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn door(kind: Evidence, host: &str) -> Door {
    let kind = match kind {
        Evidence::Ocsp => "ocsp",
        Evidence::Crl => "crl",
        Evidence::Issuer => "issuer",
    };
    (kind, host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// It rests after silence, for this kind and this host alone, and no longer than is said; an answer, even a wrong one, ends the rest.
    #[test]
    fn only_silence_is_rested_from() {
        let (quiet, begun) = (Quiet::new(PATIENCE), Instant::now());
        let silent = begun + PATIENCE;
        let rests = |now| {
            [(Evidence::Ocsp, "a"), (Evidence::Crl, "a"), (Evidence::Ocsp, "b")]
                .map(|(kind, at)| quiet.is_on(kind, at, now))
        };
        assert_eq!(rests(silent), [false; 3]);
        quiet.ended(Evidence::Ocsp, "a", begun, begun + Duration::from_secs(4), false);
        assert_eq!(rests(silent), [false; 3], "it failed at once");
        quiet.ended(Evidence::Ocsp, "a", begun, silent, false);
        assert_eq!(rests(silent), [true, false, false]);
        assert_eq!(rests(silent + PATIENCE * 2 - Duration::from_millis(1)), [true, false, false]);
        assert_eq!(rests(silent + PATIENCE * 2), [false; 3]);
        quiet.ended(Evidence::Ocsp, "a", silent, silent + Duration::from_secs(9), true);
        assert_eq!(rests(silent + PATIENCE), [false; 3], "a slow answer is one");
    }
}
