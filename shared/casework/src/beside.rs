//! Several things at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// One of them, and what it said.
type One<F> = (Pin<Box<F>>, Option<<F as Future>::Output>);

/// Waits for all, beside each other, and gives what they said in their order. Who calls bounds how many they are.
pub async fn beside<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<One<F>> = all.into_iter().map(|one| (Box::pin(one), None)).collect();
    poll_fn(|context| {
        for (one, said) in all.iter_mut().filter(|(_, said)| said.is_none()) {
            if let Poll::Ready(output) = one.as_mut().poll(context) {
                *said = Some(output);
            }
        }
        if all.iter().all(|(_, said)| said.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    all.into_iter().filter_map(|(_, said)| said).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Each needs so many looks; the whole needs as many as the slowest of them, not as many as all together.
    #[test]
    fn all_are_waited_for_beside_each_other() {
        let looks = Cell::new(0);
        let slow = |name: u32, needs: u32| {
            let mut seen = 0;
            poll_fn(move |context| {
                seen += 1;
                context.waker().wake_by_ref();
                if seen == needs { Poll::Ready(name) } else { Poll::Pending }
            })
        };
        let counted = async {
            let mut both = Box::pin(beside([slow(1, 3), slow(2, 1), slow(3, 2)]));
            poll_fn(|context| {
                looks.set(looks.get() + 1);
                both.as_mut().poll(context)
            })
            .await
        };
        assert_eq!(testkit::run(counted), [1, 2, 3]);
        assert_eq!(looks.get(), 3);
        assert!(testkit::run(beside(Vec::<std::future::Ready<u8>>::new())).is_empty());
    }
}
