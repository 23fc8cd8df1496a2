//! One run's share of the services: nobody is waited for beyond the end of it.
//!
//! Does not know why a run ends. Whoever has taken a piece of work for a while asks with it only for as long as it is alone with it.

use std::future::Future;
use std::time::Duration;

use domain::model::Sha256;
use domain::ports::{Evidence, Fault, TrustServices};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

/// Services with an end, known by their own clock.
pub struct Within<'s, S = crate::HttpServices> {
    services: &'s S,
    /// From here on no TSA is asked or waited for.
    stamps: Instant,
    /// The same of evidence, which comes before the time-stamp and leaves the first TSA all of its time.
    evidence: Instant,
}

impl<'s, S> Within<'s, S> {
    pub(crate) fn new(services: &'s S, time: Duration, one_stamp: Duration) -> Self {
        let now = Instant::now();
        // A clock that ends before the run does needs no end.
        let after = |time: Duration| now.checked_add(time).unwrap_or(now);
        Self { services, stamps: after(time), evidence: after(time.saturating_sub(one_stamp)) }
    }
}

async fn until<T>(end: Instant, ask: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let over = || Fault("the time of this run is over".into());
    if Instant::now() >= end {
        return Err(over());
    }
    timeout_at(end, ask).await.unwrap_or_else(|_| Err(over()))
}

impl<S: TrustServices> TrustServices for Within<'_, S> {
    async fn timestamp<T: Send>(
        &self,
        request: &[u8],
        usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        until(self.stamps, self.services.timestamp(request, usable)).await
    }

    fn may_ask(&self, url: &str) -> bool {
        self.services.may_ask(url)
    }

    async fn fetch(&self, kind: Evidence, url: &str, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        until(self.evidence, self.services.fetch(kind, url, body)).await
    }

    fn kept(&self, key: &Sha256, now: Timestamp) -> Option<Vec<u8>> {
        self.services.kept(key, now)
    }

    fn keep(&self, key: Sha256, answer: &[u8], until: Timestamp) {
        self.services.keep(key, answer, until);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;
    use crate::race;

    /// TSAs that answer after so many seconds, raced as the real ones are, and one host for evidence.
    struct Slow {
        tsas: &'static [u64],
        evidence_s: u64,
    }

    impl TrustServices for Slow {
        async fn timestamp<T: Send>(
            &self,
            _request: &[u8],
            usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
        ) -> Result<T, Fault> {
            let one = |seconds: u64| async move {
                sleep(Duration::from_secs(seconds.min(140))).await;
                if seconds < 140 { Ok(()) } else { Err(Fault("silent".into())) }
            };
            let raced = race::first(self.tsas.iter().copied().map(one), Duration::from_secs(20)).await;
            raced.map_err(|mut failed| failed.remove(0)).and_then(|()| usable(b"a token"))
        }

        fn may_ask(&self, _url: &str) -> bool {
            true
        }

        async fn fetch(&self, _kind: Evidence, _url: &str, _body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
            sleep(Duration::from_secs(self.evidence_s)).await;
            Ok(b"good".to_vec())
        }
    }

    /// What comes of a run that asks for evidence so many times and then for a time-stamp, and how long it waited.
    async fn run(tsas: &'static [u64], evidence: &[u64], time_s: u64) -> (usize, bool, u64) {
        let begun = Instant::now();
        let (time, one) = (Duration::from_secs(time_s), Duration::from_secs(140));
        let (stamps, evidence_until) = {
            let within = Within::new(&(), time, one);
            (within.stamps, within.evidence)
        };
        let mut answers = 0;
        for evidence_s in evidence {
            let slow = Slow { tsas, evidence_s: *evidence_s };
            let within = Within { services: &slow, stamps, evidence: evidence_until };
            answers += usize::from(within.fetch(Evidence::Ocsp, "http://a.vn", None).await.is_ok());
        }
        let slow = Slow { tsas, evidence_s: 0 };
        let within = Within { services: &slow, stamps, evidence: evidence_until };
        let stamped = within.timestamp(b"", |_| Ok(())).await.is_ok();
        (answers, stamped, begun.elapsed().as_secs())
    }

    /// Whoever is alone with its work for 250 s asks nobody after 240 s, however many are silent one after the other.
    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_beyond_the_run() {
        assert_eq!(run(&[999, 999, 999, 999], &[], 240).await, (0, false, 200), "all are given up in time");
        assert_eq!(run(&[999, 999, 999, 131], &[], 240).await, (0, true, 191), "the last one is slow");
        assert_eq!(run(&[999, 999, 999, 131], &[49], 240).await, (1, true, 240), "just in time");
        assert_eq!(run(&[999, 999, 999, 131], &[50], 240).await, (1, false, 240), "the run is over");
        assert_eq!(run(&[999, 999, 999, 999], &[], 150).await, (0, false, 150), "a shorter run");
    }

    /// Evidence comes first, and leaves one TSA all of its time.
    #[tokio::test(start_paused = true)]
    async fn evidence_leaves_a_time_stamp_its_time() {
        assert_eq!(run(&[131], &[40, 40], 240).await, (2, true, 211));
        assert_eq!(run(&[131], &[40, 40, 40, 40], 240).await, (2, true, 231));
        assert_eq!(run(&[0], &[999], 100).await, (0, true, 0), "none is asked for that leaves no time");
    }
}
