//! A time-stamp that may be used (RFC 3161), or none.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::model::Sha256;
use domain::ports::{Chance, Fault, TrustServices};
use jiff::{SignedDuration, Timestamp};
use pki::Certificate;
use pki::path::{self, Purpose};

use super::Run;

/// How far the authority's time may lie from ours, seconds: clocks of functions stray up to a quarter of an hour (limits.md
/// F7), and an authority has been seen to take two minutes. More is a wrong time.
const STRAY: SignedDuration = SignedDuration::from_mins(15);

/// What became of asking for a time-stamp.
#[derive(Debug)]
pub(super) enum Stamp<T> {
    /// What was made of the first usable one.
    Made(T),
    /// Whatever could be used did not fit; so long was the longest token, in bytes.
    TooLong(usize),
    /// None could be used.
    NotYet,
}

impl<R, O, S: TrustServices, W: crate::Workshop, C: Chance> Run<'_, R, O, S, W, C> {
    /// The moment for which a file with a new time-stamp is verified: a token may be as much later than this run's beginning as it may stray.
    pub(super) fn verified_for(&self) -> Timestamp {
        self.now.checked_add(STRAY).unwrap_or(self.now)
    }

    /// Asks with a fresh nonce for a token of which `made` can make something: the first one that is right, not from before `since`, and fits.
    pub(super) async fn stamp<T: Send>(
        &self,
        imprint: &Sha256,
        since: Timestamp,
        made: impl Fn(&[u8]) -> Option<T> + Send + Sync,
    ) -> Stamp<T> {
        let nonce = self.chance.bytes16();
        let (anchors, now, longest) = (self.workshop.anchors(), self.now, AtomicUsize::new(0));
        let judged = |response: &[u8]| {
            let token = usable(response, (imprint, &nonce), anchors, (since, now))?;
            made(&token).ok_or_else(|| {
                longest.fetch_max(token.len(), Ordering::Relaxed);
                Fault(format!("a token of {} bytes does not fit", token.len()))
            })
        };
        match self.services.timestamp(&pki::tsp::request(imprint, &nonce), judged).await {
            Ok(made) => Stamp::Made(made),
            Err(_) => match longest.into_inner() {
                0 => Stamp::NotYet,
                longest => Stamp::TooLong(longest),
            },
        }
    }
}

/// DER of the token when everything about the answer is right: imprint, nonce, signature, extended key usage, a path to a
/// configured root at its own time, no weak algorithm, a time near ours, and none before what it covers (EN 319 102-1 §5.5.4): two authorities
/// may differ, and a file whose time runs backwards is good for nothing, under its number for ever.
fn usable(
    response: &[u8],
    (imprint, nonce): (&Sha256, &[u8]),
    anchors: &[Certificate],
    (since, now): (Timestamp, Timestamp),
) -> Result<Vec<u8>, Fault> {
    let wrong = |error: pki::Error| Fault(error.to_string());
    let token = pki::tsp::check_response(response, imprint, nonce).map_err(wrong)?;
    let facts = token.verify(&|_| imprint.to_vec()).map_err(wrong)?;
    let near = facts.gen_time.abs_diff(now.as_second()) <= STRAY.as_secs().unsigned_abs();
    let right = near && facts.gen_time >= since.as_second();
    let path = path::build(&facts.signer, &facts.certificates, anchors, facts.gen_time, Purpose::Timestamping);
    let strong = facts.weak.is_empty() && path.weak.is_empty();
    match (right, strong, path.is_trusted()) {
        (true, true, true) => Ok(token.der().to_vec()),
        (false, ..) => Err(Fault("a wrong time".into())),
        (_, false, _) => Err(Fault("a weak algorithm".into())),
        (.., false) => Err(Fault("no path to a configured root".into())),
    }
}

#[cfg(test)]
mod tests {
    use domain::ports::TrustServices as _;
    use testkit::{Habit, NOW, World, run, trees};

    use super::*;

    const IMPRINT: Sha256 = [7; 32];
    const NONCE: [u8; 16] = [9; 16];

    fn answer(habit: Habit) -> Vec<u8> {
        let world = World::new(NOW);
        world.habits(|habits| habits.tsa = habit);
        run(world.timestamp(&pki::tsp::request(&IMPRINT, &NONCE), |answer| Ok(answer.to_vec()))).expect("an answer")
    }

    fn is_usable(response: &[u8], now: Timestamp) -> bool {
        usable(response, (&IMPRINT, &NONCE), &trees().anchors(), (Timestamp::UNIX_EPOCH, now)).is_ok()
    }

    /// F11: a good token by somebody of no configured root is refused here, before any file is made of it.
    #[test]
    fn only_an_authority_under_a_configured_root_counts() {
        assert!(is_usable(&answer(Habit::Right), NOW));
        for habit in [Habit::OtherCertificate, Habit::OtherHash, Habit::BadNonce, Habit::Refusing, Habit::Garbage] {
            assert!(!is_usable(&answer(habit), NOW), "{habit:?}");
        }
    }

    /// F7, F11: a quarter of an hour either way is a clock that strays, more is a wrong time.
    #[test]
    fn a_wrong_time_is_refused() {
        let response = answer(Habit::Right);
        for (seconds, usable) in [(900, true), (901, false), (-900, true), (-901, false)] {
            assert_eq!(is_usable(&response, NOW + SignedDuration::from_secs(seconds)), usable, "{seconds}");
        }
    }

    /// What it covers was stamped before it.
    #[test]
    fn a_time_before_what_is_stamped_is_refused() {
        let response = answer(Habit::Right);
        for (seconds, is) in [(-60, true), (0, true), (1, false)] {
            let since = NOW + SignedDuration::from_secs(seconds);
            let told = usable(&response, (&IMPRINT, &NONCE), &trees().anchors(), (since, NOW));
            assert_eq!(told.is_ok(), is, "{seconds}");
        }
    }
}
