//! Answers of CAs that somebody has checked, in the memory of this instance, so that a batch of copies does not ask the same for each.
//!
//! Does not know what they say, and is lost with the instance.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::model::Sha256;
use jiff::Timestamp;

/// Octets that are kept at most: a few lists of large CAs.
const MOST: usize = 64 * 1024 * 1024;
/// One answer that is longer is not kept: none is, for no longer one is fetched.
const LONGEST: usize = crate::CRL_LIMIT;

/// What is kept, by key, and until when.
#[derive(Default)]
pub(crate) struct Kept(Mutex<HashMap<Sha256, (Vec<u8>, Timestamp)>>);

impl Kept {
    pub(crate) fn get(&self, key: &Sha256, now: Timestamp) -> Option<Vec<u8>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(_, until)| now < *until).map(|(answer, _)| answer.clone())
    }

    /// When there is no room, everything goes: it is asked for again.
    pub(crate) fn put(&self, key: Sha256, answer: &[u8], until: Timestamp) {
        if answer.len() > LONGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let octets: usize = kept.values().map(|(answer, _)| answer.len() + key.len()).sum();
        if octets + answer.len() > MOST {
            kept.clear();
        }
        kept.insert(key, (answer.to_vec(), until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_for_its_time_and_within_its_room() {
        let at = |second| Timestamp::from_second(second).expect("a second");
        let kept = Kept::default();
        kept.put([1; 32], b"a", at(10));
        assert_eq!([9, 10].map(|now| kept.get(&[1; 32], at(now))), [Some(b"a".to_vec()), None]);
        assert_eq!(kept.get(&[2; 32], at(0)), None);
        kept.put([2; 32], &vec![0; LONGEST + 1], at(10));
        assert_eq!(kept.get(&[2; 32], at(0)), None, "too long");
        for n in 3..7 {
            kept.put([n; 32], &vec![0; LONGEST], at(10));
        }
        let there: Vec<u8> = (1..7).filter(|n| kept.get(&[*n; 32], at(0)).is_some()).collect();
        assert_eq!(
            there,
            [6],
            "there was no room for all, so the others went; the longest list that is fetched is kept"
        );
    }
}
