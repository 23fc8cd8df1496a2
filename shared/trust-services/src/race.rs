//! Who is asked when: one after the other, but nobody waits for a silent one with the next still unasked.

use std::future::Future;
use std::time::Duration;

use domain::ports::Fault;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

/// Asks the first at once, and the next when one before has failed or all have been silent for `pause`. The first usable answer counts; whoever is
/// still being asked then is not waited for.
///
/// Does not limit how long one may take; each of `asks` does that for itself.
///
/// # Errors
/// What became of each, when all have failed.
pub(crate) async fn first<T, A>(asks: impl IntoIterator<Item = A>, pause: Duration) -> Result<T, Vec<Fault>>
where
    A: Future<Output = Result<T, Fault>>,
{
    let mut waiting = asks.into_iter().peekable();
    let mut running: FuturesUnordered<A> = waiting.next().into_iter().collect();
    let mut failed = Vec::new();
    loop {
        let more = waiting.peek().is_some();
        tokio::select! {
            biased;
            done = running.next() => match done {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(fault)) => failed.push(fault),
                None => return Err(failed),
            },
            () = tokio::time::sleep(pause), if more => {}
        }
        running.extend(waiting.next());
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    const PAUSE: Duration = Duration::from_secs(20);

    /// Who answers after so many seconds, and how.
    async fn ask(name: &'static str, after_s: u64, fine: bool) -> Result<&'static str, Fault> {
        sleep(Duration::from_secs(after_s)).await;
        if fine { Ok(name) } else { Err(Fault(name.to_owned())) }
    }

    async fn run(asked: &[(&'static str, u64, bool)]) -> (Result<&'static str, Vec<Fault>>, u64) {
        let begun = Instant::now();
        let asks = asked.iter().map(|(name, after_s, fine)| ask(name, *after_s, *fine));
        let answer = first(asks, PAUSE).await;
        (answer, begun.elapsed().as_secs())
    }

    /// domain.md §4.1: 131 s is slow, not wrong.
    #[tokio::test(start_paused = true)]
    async fn a_slow_one_is_waited_for() {
        assert_eq!(run(&[("a", 131, true)]).await, (Ok("a"), 131));
        assert_eq!(run(&[("a", 131, true), ("b", 130, false)]).await, (Ok("a"), 131), "beside one that fails later");
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_is_asked_after_a_failure_or_a_pause() {
        assert_eq!(run(&[("a", 2, true), ("b", 0, true)]).await, (Ok("a"), 2), "nobody else is asked");
        assert_eq!(run(&[("a", 2, false), ("b", 1, true)]).await, (Ok("b"), 3));
        assert_eq!(run(&[("a", 150, false), ("b", 5, true)]).await, (Ok("b"), 25));
        assert_eq!(run(&[("a", 150, true), ("b", 150, true), ("c", 1, true)]).await, (Ok("c"), 41));
        assert_eq!(run(&[("a", 30, true), ("b", 15, true)]).await, (Ok("a"), 30), "the first answer counts");
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_have_failed_each_is_told() {
        let faults = ["b", "c", "a"].map(|name| Fault(name.to_owned())).to_vec();
        assert_eq!(run(&[("a", 150, false), ("b", 1, false), ("c", 1, false)]).await, (Err(faults), 150));
        assert_eq!(run(&[]).await, (Err(vec![]), 0));
    }
}
