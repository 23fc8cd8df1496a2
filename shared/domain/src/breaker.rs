//! When a gateway is left alone: one that fails again and again is not asked for a while, then by one session, and by all when that one is taken
//! (remote-signing.md §3, "circuit breaker per backend"). Other gateways are not touched.
//!
//! Does not know what a failure is (whoever calls the gateway does): a person who says no is none.

use jiff::{SignedDuration, Timestamp};

use crate::model::Version;

/// So many failures in a row.
pub const MOST: u32 = 5;
/// A failure that is older begins no row: a gateway that fails once an hour is not down.
pub const ROW: SignedDuration = SignedDuration::from_mins(5);
/// How long nobody asks then: about the time in which a leader would try again anyway.
pub const REST: SignedDuration = SignedDuration::from_secs(60);
/// How long the one that tries may take: longer than a function lives (29 s), so that there is never a second one beside it.
pub const TRIAL: SignedDuration = SignedDuration::from_secs(35);

/// What is known of a gateway that has failed. One that has not is not in the table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Breaker {
    /// Which gateway.
    pub gateway: String,
    /// Failures in a row.
    pub failures: u32,
    /// When it failed last.
    pub failed_at: Timestamp,
    /// When it may be asked again; `None`: it may be asked.
    pub rests_until: Option<Timestamp>,
    /// Swap token.
    pub version: Version,
}

/// Whether a gateway may be asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum May {
    /// By everybody.
    Ask,
    /// By the one session that writes this down with itself; whoever is second finds it changed.
    Try(Breaker),
    /// Not now.
    Rest,
}

/// Whether a gateway may be asked now.
pub fn may(known: Option<&Breaker>, now: Timestamp) -> May {
    match known.and_then(|known| known.rests_until.map(|until| (known, until))) {
        None => May::Ask,
        Some((_, until)) if now < until => May::Rest,
        Some((known, _)) => {
            let rests_until = Some(now.checked_add(TRIAL).unwrap_or(now));
            May::Try(Breaker { rests_until, version: known.version + 1, ..known.clone() })
        }
    }
}

/// After a failure.
pub fn failed(known: Option<Breaker>, gateway: &str, now: Timestamp) -> Breaker {
    let (before, version) = known.map_or((None, 0), |known| {
        let version = known.version;
        (Some(known).filter(|known| now.duration_since(known.failed_at) < ROW || known.rests_until.is_some()), version)
    });
    let failures = before.map_or(0, |before| before.failures).saturating_add(1);
    let rests_until = (failures >= MOST).then(|| now.checked_add(REST).unwrap_or(now));
    Breaker { gateway: gateway.to_owned(), failures, failed_at: now, rests_until, version: version + 1 }
}

/// After an answer. `None`: there is nothing to be written down.
pub fn worked(known: Option<Breaker>) -> Option<Breaker> {
    let known = known.filter(|known| known.failures > 0)?;
    Some(Breaker { failures: 0, rests_until: None, version: known.version + 1, ..known })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_417_531 + seconds).expect("a time")
    }

    fn after(failures: &[i64]) -> Option<Breaker> {
        failures.iter().fold(None, |known, time| Some(failed(known, "sim", at(*time))))
    }

    /// Five in a row, and not one less; an answer between them, or five minutes, begins a new row.
    #[test]
    fn five_failures_in_a_row_open_it() {
        let rests = |known: Option<Breaker>, now| may(known.as_ref(), at(now)) == May::Rest;
        assert_eq!(may(None, at(0)), May::Ask);
        assert!(!rests(after(&[0, 10, 20, 30]), 30) && rests(after(&[0, 10, 20, 30, 40]), 40));
        assert!(!rests(after(&[0, 10, 20, 30, 330]), 330) && rests(after(&[0, 10, 20, 30, 329]), 329));
        let answered = worked(after(&[0, 10, 20, 30]));
        assert!(!rests(Some(failed(answered, "sim", at(40))), 40));
        assert_eq!((worked(None), worked(worked(after(&[0])))), (None, None));
    }

    /// After a minute one session tries, and no other beside it; its failure opens it again at once, its answer closes it.
    #[test]
    fn one_tries_and_closes_it() {
        let open = after(&[0, 1, 2, 3, 4]).expect("open");
        assert_eq!(may(Some(&open), at(63)), May::Rest);
        let May::Try(trying) = may(Some(&open), at(64)) else { panic!("nobody tries") };
        assert_eq!(trying.version, open.version + 1);
        assert_eq!(may(Some(&trying), at(64)), May::Rest, "not beside it");
        assert!(matches!(may(Some(&trying), at(99)), May::Try(_)), "it died, and another tries");
        let again = failed(Some(trying.clone()), "sim", at(70));
        assert_eq!((may(Some(&again), at(129)), again.failures), (May::Rest, 6));
        let closed = worked(Some(trying)).expect("a change");
        assert_eq!((may(Some(&closed), at(70)), closed.failures), (May::Ask, 0));
        assert!(matches!(may(Some(&failed(Some(closed), "sim", at(71))), at(71)), May::Ask));
    }
}
