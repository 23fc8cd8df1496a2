//! A runtime without a runtime: futures are polled by hand, so that the order of their steps is the test's choice.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls that one run may need: far more than any flow makes, so that a run that never ends fails the test instead.
const MOST: usize = 100_000;

/// Gives the turn back once. Every port call begins with it.
pub async fn pause() {
    let mut given = false;
    poll_fn(|_| if std::mem::replace(&mut given, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Polls a future to its end, alone.
///
/// # Panics
/// When it does not end.
pub fn run<F: Future>(future: F) -> F::Output {
    run_beside(future, || {})
}

/// The same, and before every step something else has its turn.
///
/// # Panics
/// When it does not end.
pub fn run_beside<F: Future>(future: F, mut other: impl FnMut()) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MOST {
        other();
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the run does not end");
}

/// Polls a future at most `steps` times and drops it. Gives whether it came to its end.
pub fn run_for<F: Future>(future: F, steps: usize) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..steps).any(|_| future.as_mut().poll(&mut context).is_ready())
}
