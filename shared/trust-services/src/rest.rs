//! Circuit breaker: a TSA that failed several times in a row rests for a while, and the longer the more often it fails after.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which it rests.
const PATIENT: u32 = 3;
/// The first rest; each further failure doubles it up to the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// What became of the last calls of one TSA. Says nothing of what its answers are worth.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    /// It is to be left alone now. When the rest is over it is asked again, and one failure more begins the next.
    pub(crate) fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// A call came to nothing.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if let Some(beyond) = self.failures.checked_sub(PATIENT) {
            let rest = FIRST.saturating_mul(1 << beyond.min(16)).min(LONGEST);
            // A clock that ends before a rest does has no use for one.
            self.until = now.checked_add(rest);
        }
    }

    /// A call was answered.
    pub(crate) fn answered(&mut self) {
        *self = Rest::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sequence of ten calls: it rests just where the last ones failed, for as long as is said, and never after an answer.
    #[test]
    fn a_service_rests_after_failures_in_a_row_and_only_then() {
        let start = Instant::now();
        for sequence in 0u32..1 << 10 {
            let (mut rest, mut now, mut in_a_row) = (Rest::default(), start, 0u32);
            for call in 0..10 {
                now += Duration::from_secs(1_000);
                if sequence >> call & 1 == 1 {
                    rest.answered();
                    in_a_row = 0;
                } else {
                    rest.failed(now);
                    in_a_row += 1;
                }
                let wanted = match in_a_row {
                    0..=2 => 0,
                    3 => 5,
                    4 => 10,
                    5 => 20,
                    6 => 40,
                    _ => 60,
                };
                let told =
                    [0, 1].map(|more| rest.is_on(now + Duration::from_secs(wanted) - Duration::from_millis(1 - more)));
                assert_eq!(told, [wanted > 0, false], "{sequence:b} at {call}");
            }
        }
    }
}
