//! Signature activation data and rates: pure, with `now` as an argument.
//!
//! A SAD is kept as its SHA-256, so that whoever reads this memory later cannot spend it.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};

use crate::scheme::Hash;

/// How long a SAD may be spent (remote-signing.md §6).
pub(crate) const LIFE: SignedDuration = SignedDuration::from_secs(60);
/// How long after its end it is still told apart from one that never was.
const AFTERLIFE: SignedDuration = SignedDuration::from_secs(60);
/// The most that may be open: a minute's worth at the highest rate of a dozen clients.
const MOST: usize = 4096;

/// What was granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Grant {
    /// To whom.
    pub(crate) caller: String,
    /// With which credential.
    pub(crate) credential_id: String,
    /// Of which kind the digests are.
    pub(crate) hash: Hash,
    /// The digests, in order.
    pub(crate) hashes: Vec<Vec<u8>>,
    /// By which session they were approved.
    pub(crate) session: String,
}

/// Why a SAD was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotGranted {
    /// Never given to this client for this credential, or spent.
    Unknown,
    /// Too old.
    Expired,
}

/// SADs that may still be spent.
#[derive(Default)]
pub(crate) struct Grants {
    open: HashMap<[u8; 32], (Grant, Timestamp)>,
}

impl Grants {
    /// Keeps a grant under its SAD; `false` when there are too many.
    pub(crate) fn keep(&mut self, sad: &str, grant: Grant, now: Timestamp) -> bool {
        self.open.retain(|_, (_, until)| *until + AFTERLIFE > now);
        if self.open.len() >= MOST {
            return false;
        }
        self.open.insert(key(sad), (grant, now + LIFE));
        true
    }

    /// Spends a SAD. Whoever may spend it has spent it, whatever comes of it; another client or credential has not.
    pub(crate) fn spend(
        &mut self,
        sad: &str,
        caller: &str,
        credential_id: &str,
        now: Timestamp,
    ) -> Result<Grant, NotGranted> {
        let key = key(sad);
        let own = |(grant, _): &(Grant, Timestamp)| grant.caller == caller && grant.credential_id == credential_id;
        if !self.open.get(&key).is_some_and(own) {
            return Err(NotGranted::Unknown);
        }
        match self.open.remove(&key) {
            Some((grant, until)) if now < until => Ok(grant),
            _ => Err(NotGranted::Expired),
        }
    }
}

fn key(sad: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, sad.as_bytes()).as_ref());
    key
}

/// How many calls each client has made in the minute that runs.
pub(crate) struct Rates {
    most: u32,
    minutes: HashMap<String, (i64, u32)>,
}

impl Rates {
    /// At most so many calls a minute and client.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, minutes: HashMap::new() }
    }

    /// Counts a call; `false` when it is one too many. Clients are configured, so the map stays small.
    pub(crate) fn admits(&mut self, caller: &str, now: Timestamp) -> bool {
        let minute = now.as_second().div_euclid(60);
        let (begun, calls) = self.minutes.entry(caller.to_owned()).or_insert((minute, 0));
        if *begun != minute {
            (*begun, *calls) = (minute, 0);
        }
        *calls = calls.saturating_add(1);
        *calls <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    fn grant() -> Grant {
        Grant {
            caller: "ctdt".to_owned(),
            credential_id: "seal".to_owned(),
            hash: Hash::Sha256,
            hashes: vec![vec![1; 32]],
            session: "s".to_owned(),
        }
    }

    #[test]
    fn a_sad_is_spent_once_by_its_client_in_its_minute() {
        let mut grants = Grants::default();
        assert!(grants.keep("a", grant(), at(0)));
        assert_eq!(grants.spend("b", "ctdt", "seal", at(1)), Err(NotGranted::Unknown));
        assert_eq!(grants.spend("a", "other", "seal", at(1)), Err(NotGranted::Unknown));
        assert_eq!(grants.spend("a", "ctdt", "other", at(1)), Err(NotGranted::Unknown));
        assert_eq!(grants.spend("a", "ctdt", "seal", at(59)), Ok(grant()), "strangers spend nothing");
        assert_eq!(grants.spend("a", "ctdt", "seal", at(59)), Err(NotGranted::Unknown), "spent");
        assert!(grants.keep("a", grant(), at(0)));
        assert_eq!(grants.spend("a", "ctdt", "seal", at(60)), Err(NotGranted::Expired));
    }

    #[test]
    fn open_grants_are_bounded_and_old_ones_go() {
        let mut grants = Grants::default();
        for number in 0..MOST {
            assert!(grants.keep(&number.to_string(), grant(), at(0)));
        }
        assert!(!grants.keep("x", grant(), at(119)));
        assert!(grants.keep("x", grant(), at(120)));
    }

    #[test]
    fn a_client_is_counted_by_the_minute() {
        let mut rates = Rates::new(2);
        let told: Vec<bool> = [0, 1, 2, 3].iter().map(|second| rates.admits("a", at(*second))).collect();
        assert_eq!(told, [true, true, false, false]);
        assert!(rates.admits("b", at(3)));
        assert!(rates.admits("a", at(60)));
    }
}
