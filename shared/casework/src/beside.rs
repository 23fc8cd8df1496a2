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

/// Begins them in their order, beside each other as far as `room` holds what each of them takes, while `may_begin` says so; waits for all that
/// were begun. Nobody is passed over: whoever does not fit is waited for.
pub async fn in_turn<F: Future>(all: impl IntoIterator<Item = (usize, F)>, room: usize, may_begin: impl Fn() -> bool) {
    let mut left = all.into_iter().peekable();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    poll_fn(|context| {
        loop {
            let taken: usize = running.iter().map(|(takes, _)| takes).sum();
            // Who takes more than there is has its turn alone.
            let fits = |(takes, _): &(usize, F)| running.is_empty() || taken.saturating_add(*takes) <= room;
            let begins = if may_begin() { left.next_if(fits) } else { None };
            let more = begins.is_some();
            running.extend(begins.map(|(takes, one)| (takes, Box::pin(one))));
            let before = running.len();
            running.retain_mut(|(_, one)| one.as_mut().poll(context).is_pending());
            if !more && before == running.len() {
                return if running.is_empty() { Poll::Ready(()) } else { Poll::Pending };
            }
        }
    })
    .await;
}

/// The first of each, the second of each, and so on: whoever is many does not go before whoever is few.
pub fn by_turns<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let longest = lists.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    (0..longest).flat_map(|_| lists.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

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

    #[test]
    fn turns_are_taken() {
        assert_eq!(by_turns(vec![vec![1, 2, 3], vec![], vec![7]]), [1, 7, 2, 3]);
        assert_eq!(by_turns(Vec::<Vec<u8>>::new()), [0; 0]);
    }

    /// As many as there is room for, in their order, and nobody once the time is over.
    #[test]
    fn no_more_are_begun_than_fit() {
        let begun = |takes: &[usize], room: usize, most: usize| {
            let (seen, now, widest) = (RefCell::new(Vec::new()), Cell::new(0), Cell::new(0));
            let one = |takes: usize| {
                let (seen, now, widest) = (&seen, &now, &widest);
                let mut looks = 0;
                let one = poll_fn(move |context| {
                    if looks == 0 {
                        seen.borrow_mut().push(takes);
                        now.set(now.get() + takes);
                        widest.set(widest.get().max(now.get()));
                    }
                    looks += 1;
                    context.waker().wake_by_ref();
                    if looks < 5 {
                        return Poll::Pending;
                    }
                    now.set(now.get() - takes);
                    Poll::Ready(())
                });
                (takes, one)
            };
            testkit::run(in_turn(takes.iter().map(|takes| one(*takes)), room, || seen.borrow().len() < most));
            let seen = seen.borrow().clone();
            (seen, widest.get())
        };
        assert_eq!(begun(&[1, 1, 1, 1], 3, 99), (vec![1, 1, 1, 1], 3));
        assert_eq!(begun(&[2, 2, 1], 3, 99), (vec![2, 2, 1], 3), "nobody is passed over");
        assert_eq!(begun(&[9, 1], 3, 99), (vec![9, 1], 9), "alone");
        assert_eq!(begun(&[1, 1, 1], 3, 2), (vec![1, 1], 2), "the time is over");
        assert_eq!(begun(&[], 3, 9), (vec![], 0));
    }
}
