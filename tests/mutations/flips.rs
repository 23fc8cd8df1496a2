//! Every byte of a copy, one bit turned: the copy is not valid any more (R64). The judge is the one that everybody asks.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use pades::{Profile, Verdict};

use crate::copies::{Copies, Copy};
use crate::{Judge, share};

/// contract.md §4: what a copy of one page may have.
const LARGEST: usize = 300 * 1024;

/// Every so many flips the whole report is made too; a prime, so that every bit is met.
const IN_FULL: u64 = 499;

/// The copy is made by the whole house: a page with its wording in a real font, both appearances, both signatures with their
/// time-stamps, the store and the document time-stamp. Its three signed ranges leave nothing out but their own `/Contents`; the digits of
/// the last of these are covered by nothing and are turned too. There a turned bit can be the case of a digit, and nothing else.
#[test]
fn every_flipped_byte_is_rejected() {
    let copies = Copies::made();
    let (judge, copy) = (Judge::of(&copies), &copies.composed);
    assert!(copy.bytes.len() <= LARGEST && copy.gaps.len() == 3, "{} bytes", copy.bytes.len());
    assert_eq!(judge.verdict(&copy.bytes, Profile::Auto), Verdict::Valid, "the untouched copy");
    let (same, wrong, begun) = (AtomicU64::new(0), Mutex::new(Vec::new()), Instant::now());
    share(0..copy.bytes.len() as u64, |place| {
        let file = flipped(copy, place);
        let verdict = judge.verdict(&file, Profile::Auto);
        let is_same = copies.is_genuine(&file);
        same.fetch_add(u64::from(is_same), Ordering::Relaxed);
        let agrees = !place.is_multiple_of(IN_FULL) || judge.in_full(&file, Profile::Auto) == verdict;
        if is_same != (verdict == Verdict::Valid) || !agrees {
            wrong.lock().expect("no thread panicked").push(format!("byte {place}: {verdict:?}"));
        }
    });
    let (same, wrong) = (same.into_inner(), wrong.into_inner().expect("no thread panicked"));
    println!(
        "{} flips of {} bytes in {:.0} s: {same} of them the case of a digit, {} wrong verdicts",
        copy.bytes.len(),
        copy.bytes.len(),
        begun.elapsed().as_secs_f32(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} wrong verdicts: {:?}", wrong.len(), wrong.iter().take(20).collect::<Vec<_>>());
}

fn flipped(copy: &Copy, place: u64) -> Vec<u8> {
    let (mut file, at) = (copy.bytes.clone(), usize::try_from(place).expect("a place"));
    file[at] ^= 1 << (at % 8);
    file
}
