//! A file that is judged piece by piece gets the report that it gets in memory; one that cannot be read to its end gets none.

use std::sync::atomic::{AtomicUsize, Ordering};

use pades::{
    Beginning, Expected, ExpectedArchive, File, Policy, Profile, Rejection, Report, Verdict, verify_archive,
    verify_signature,
};
use pdf::{Source, Unread};
use pki::path::Evidence;

use crate::common::{NOW, Pki, append, archive, make};

/// Reads of changing lengths, and one that fails.
struct Piecemeal<'f> {
    file: &'f [u8],
    window: usize,
    /// The most that one read gives.
    piece: usize,
    /// This read fails, and only this one.
    fails_at: usize,
    reads: AtomicUsize,
}

impl<'f> Piecemeal<'f> {
    fn new(file: &'f [u8], window: usize) -> Self {
        Piecemeal { file, window, piece: 3 * window, fails_at: usize::MAX, reads: AtomicUsize::new(0) }
    }
}

impl Source for Piecemeal<'_> {
    fn len(&self) -> usize {
        self.file.len()
    }

    fn window(&self) -> usize {
        self.window
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        if read == self.fails_at {
            return Err(Unread("on purpose".to_owned()));
        }
        // Some reads give everything, others a little.
        let most = if read.is_multiple_of(3) { usize::MAX } else { 1 + read * 7919 % self.piece };
        let rest = self.file.get(offset..).filter(|rest| !rest.is_empty()).expect("nothing is asked behind the end");
        let size = into.len().min(rest.len()).min(most);
        into[..size].copy_from_slice(&rest[..size]);
        Ok(size)
    }
}

fn with_policy<T>(pki: Option<&Pki>, act: impl FnOnce(&Policy<'_>) -> T) -> T {
    let (extra, anchors) = (Evidence::default(), pki.map(Pki::anchors).unwrap_or_default());
    let (at, profile) = (NOW + 3600, Profile::Auto);
    act(&Policy { anchors: &anchors, at, profile, extra: &extra, register: None, test_anchors: false })
}

fn assert_same(name: &str, file: &[u8], window: usize, pki: &Pki) {
    let whole = with_policy(Some(pki), |policy| pades::judge(file, name, policy));
    let parts = with_policy(Some(pki), |policy| piecemeal(file, name, window, policy));
    assert_eq!(parts.to_json(), whole.to_json(), "{name}, window {window}");
}

/// The report of a file that is read in windows of this size.
pub(crate) fn piecemeal(file: &[u8], name: &str, window: usize, policy: &Policy<'_>) -> Report {
    pades::judge_source(&Piecemeal::new(file, window), name, policy, None).expect("readable")
}

/// Our own copies in each stage, and what an attacker appends.
fn copies(pki: &Pki) -> Vec<(&'static str, Vec<u8>)> {
    let made = make(pki);
    let archived = archive(pki, &made.sealed, NOW + 120);
    vec![
        ("catalog", append(&made.sealed, &[(1, "<</Type/Catalog/Pages 2 0 R>>")])),
        ("stray", [&made.sealed[..], b"\n3 0 obj\n(elsewhere)\nendobj\n"].concat()),
        ("cut", made.sealed[..made.sealed.len() - 40].to_vec()),
        ("base", made.base),
        ("signed", made.signed),
        ("sealed", made.sealed),
        ("archived", archived),
    ]
}

#[test]
fn t4_copies_read_piece_by_piece_get_the_same_report() {
    let pki = Pki::new();
    for (name, file) in copies(&pki) {
        for window in [1, 5, 100, 1000, 8192] {
            assert_same(name, &file, window, &pki);
        }
    }
}

/// Single bytes of a copy are changed, all over the file.
#[test]
fn t4_changed_copies_read_piece_by_piece_get_the_same_report() {
    let pki = Pki::new();
    let file = archive(&pki, &make(&pki).sealed, NOW + 120);
    for at in (0..file.len()).step_by(file.len() / 150) {
        let mut changed = file.clone();
        changed[at] ^= 1 << (at % 8);
        assert_same("changed", &changed, 1 + at % 700, &pki);
    }
}

/// Whichever read fails, and although those after it would not: there is no verdict.
#[test]
fn t4_a_file_that_cannot_be_read_has_no_verdict() {
    let pki = Pki::new();
    let file = archive(&pki, &make(&pki).sealed, NOW + 120);
    let judged = |fails_at| {
        let source = Piecemeal { fails_at, ..Piecemeal::new(&file, 2000) };
        let report = with_policy(Some(&pki), |policy| pades::judge_source(&source, "a.pdf", policy, None));
        (report, source.reads.into_inner())
    };
    let (report, reads) = judged(usize::MAX);
    assert_eq!(report.expect("readable").verdict, Verdict::Valid);
    assert!(reads > 20, "only {reads} reads");
    for fails_at in 0..reads {
        assert_eq!(judged(fails_at).0.expect_err("a read failed"), Unread("on purpose".to_owned()), "read {fails_at}");
    }
}

/// The doors say of a file that is read piece by piece what they say of one in memory, and nothing of one that cannot be read.
#[test]
fn t8_the_doors_open_for_files_that_are_read_piece_by_piece() {
    let pki = Pki::new();
    let (made, anchors) = (make(&pki), pki.anchors());
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let (leader, agency) = (pki.leader.chain[0].der(), pki.agency.chain[0].der());
    let seal = Expected {
        field: "Seal",
        signer_der: agency,
        base: Beginning::of(&made.signed),
        at: NOW + 3600,
        anchors: &anchors,
    };
    let long = ExpectedArchive {
        sealed: Beginning::of(&made.sealed),
        signers: &[("Leader", leader), ("Seal", agency)],
        at: NOW + 3600,
        anchors: &anchors,
    };
    let code = |rejection: Rejection| rejection.code;
    assert_each_read_counts(&made.sealed, |file| verify_signature(file, &seal).map_err(code));
    assert_each_read_counts(&archived, |file| verify_archive(file, &long).map_err(code));
    let other = Expected { base: Beginning::of(&made.base), ..seal.clone() };
    let refused = |file: File<'_>| verify_signature(file, &other).map_err(code);
    assert_eq!(refused((&made.sealed).into()), refused(File::Source(&Piecemeal::new(&made.sealed, 300))));
    let unlike = Expected { base: Beginning::of(&made.sealed[..made.signed.len() - 1]), ..seal };
    assert!(verify_signature(File::Source(&Piecemeal::new(&made.sealed, 300)), &unlike).is_err());
}

/// Opens for the file, read whole or in pieces; and whichever read fails, although those after it would not: stays closed.
fn assert_each_read_counts<T: PartialEq + std::fmt::Debug>(
    file: &Vec<u8>,
    door: impl Fn(File<'_>) -> Result<T, &'static str>,
) {
    let opened = door(file.into());
    assert!(opened.is_ok(), "{opened:?}");
    let source = Piecemeal::new(file, 2000);
    assert_eq!(door(File::Source(&source)), opened);
    for fails_at in 0..source.reads.into_inner() {
        let source = Piecemeal { fails_at, ..Piecemeal::new(file, 2000) };
        assert_eq!(door(File::Source(&source)), Err("reader-failed"), "read {fails_at}");
    }
}

/// What is refused without being judged has its digest, and no report where that cannot be had.
#[test]
fn t4_a_refusal_tells_the_digest_of_what_was_read() {
    let refused = |fails_at| {
        let source = Piecemeal { fails_at, ..Piecemeal::new(b"%PDF-1.7 of nobody", 4) };
        with_policy(None, |policy| pades::refuse_source(&source, "a.pdf", policy, "pdf-too-complex", ""))
    };
    let whole =
        with_policy(None, |policy| pades::refuse(b"%PDF-1.7 of nobody", "a.pdf", policy, "pdf-too-complex", ""));
    assert_eq!(refused(usize::MAX).expect("readable").to_json(), whole.to_json());
    assert!(refused(0).is_err());
}

/// A file that is cut while it is read: it says that it has no more bytes where its length promised some.
struct Shrunk<'f>(Piecemeal<'f>, usize);

impl Source for Shrunk<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn window(&self) -> usize {
        self.0.window()
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        if offset >= self.1 { Ok(0) } else { self.0.read_at(offset, into).map(|read| read.min(self.1 - offset)) }
    }
}

#[test]
fn t4_a_file_that_became_shorter_has_no_verdict() {
    let pki = Pki::new();
    let file = archive(&pki, &make(&pki).sealed, NOW + 120);
    for end in [0, 9, file.len() / 2, file.len() - 1] {
        let source = Shrunk(Piecemeal::new(&file, 2000), end);
        let judged = with_policy(Some(&pki), |policy| pades::judge_source(&source, "a.pdf", policy, None));
        assert!(judged.is_err(), "cut at {end}");
        let refused = with_policy(None, |policy| pades::refuse_source(&source, "a.pdf", policy, "pdf-too-complex", ""));
        assert!(refused.is_err(), "cut at {end}");
    }
}
