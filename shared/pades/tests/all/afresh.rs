//! What a judgement remembers changes no answer: every report equals, octet for octet, one for which everything was read and verified
//! again. Asked of the house's own copies at every step, of thousands of changes to them, and of the corpora where they lie.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use pades::{Policy, Profile};
use pki::Certificate;
use pki::ocsp::CertStatus;
use pki::path::Evidence;

use crate::common::*;

/// Changes of each copy in `cargo test`.
const CHANGES: u64 = 400;

/// The same report, remembered and afresh, as JSON.
fn both(file: &[u8], anchors: &[Certificate], at: i64, extra: &Evidence) -> [String; 2] {
    let policy = Policy { anchors, at, profile: Profile::Auto, extra, register: None, test_anchors: false };
    let text = |report: pades::Report| serde_json::to_string(&report).expect("a report");
    [text(pades::judge(file, "a.pdf", &policy)), text(pades::judge_afresh(file, "a.pdf", &policy))]
}

#[track_caller]
fn same(file: &[u8], anchors: &[Certificate], at: i64, extra: &Evidence) {
    let [remembered, afresh] = both(file, anchors, at, extra);
    assert_eq!(remembered, afresh);
}

/// A small generator of numbers (Knuth's MMIX constants): one seed, one run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end.max(1) as u64).unwrap_or(0)
    }
}

/// One digit of a hexadecimal `/Contents` or any octet elsewhere, and sometimes a piece of the file written over another.
fn changed(file: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = dice.below(file.len());
    match dice.below(4) {
        0 => {
            let (from, length) = (dice.below(file.len()), 1 + dice.below(600));
            let piece = file.get(from..(from + length).min(file.len())).unwrap_or_default().to_vec();
            let end = (at + piece.len()).min(file.len());
            file.splice(at..end, piece);
        }
        turn => {
            let digits = b"0123456789ABCDEF";
            if let Some(octet) = file.get_mut(at) {
                *octet = if octet.is_ascii_hexdigit() { digits[dice.below(16)] } else { *octet ^ (1 << turn) };
            }
        }
    }
    file
}

/// Signed, sealed, archived and twice archived copies; in time, long after, with strange roots, with evidence from outside that
/// contradicts the file's own, with none.
#[test]
fn a_copy_at_every_step_is_judged_alike() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let twice = archive(&pki, &archived, NOW + 86_400);
    let revoked = CertStatus::Revoked { at: NOW - 5, reason: Some(1) };
    let leaf = pki.leader.chain.first().expect("a leaf");
    let against = Evidence {
        ocsps: vec![pki.ocsp(leaf, revoked, NOW + 600), pki.ocsp(leaf, CertStatus::Good, NOW + 500), vec![0x30, 0]],
        crls: vec![pki.crl(NOW), pki.crl(NOW + 9)],
        certificates: pki.tsa.chain.clone(),
    };
    let strange = Pki::new().anchors();
    for file in [&made.base, &made.signed, &made.sealed, &archived, &twice] {
        for at in [NOW - YEAR * 2, NOW + 3600, NOW + 5 * YEAR] {
            for anchors in [pki.anchors(), strange.clone(), Vec::new(), [strange.clone(), pki.anchors()].concat()] {
                same(file, &anchors, at, &Evidence::default());
                same(file, &anchors, at, &against);
            }
        }
    }
}

#[test]
fn changed_copies_are_judged_alike() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let mut dice = Dice(20_261_126);
    let (mut valid, mut other) = (0, 0);
    for _ in 0..CHANGES {
        let file = changed(&archived, &mut dice);
        let [remembered, afresh] = both(&file, &pki.anchors(), NOW + 3600, &Evidence::default());
        assert_eq!(remembered, afresh);
        if remembered.contains("\"verdict\":\"valid\"") { valid += 1 } else { other += 1 }
    }
    assert!(other > valid, "{valid} of {CHANGES} changes left a valid copy: they change nothing");
}

/// Left out aloud where the corpora do not lie beside the project.
#[test]
fn the_corpora_are_judged_alike() {
    let left_out = "remembering was not compared with judging afresh on the files of others";
    let Some(folder) = crate::beside::corpora("manifest.tsv", left_out) else { return };
    let mut files = Vec::new();
    collect(&folder, &mut files);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let bytes = std::fs::read(path).expect("a readable file");
                    let (anchors, time) = own_anchors(&bytes);
                    for at in [NOW, time.unwrap_or(NOW)] {
                        let [remembered, afresh] = both(&bytes, &anchors, at, &Evidence::default());
                        assert_eq!(remembered, afresh, "{}", path.display());
                    }
                }
            });
        }
    });
}

/// The roots that a file brings itself, so that its paths are followed to the end, and the time of its last time-stamp.
fn own_anchors(file: &[u8]) -> (Vec<Certificate>, Option<i64>) {
    let chains = pades::evidence_wanted(&pades::Held::whole(file)).unwrap_or_default();
    let roots = chains.iter().filter(|chain| chain.complete).filter_map(|chain| chain.certificates.last().cloned());
    (roots.collect(), chains.iter().filter_map(|chain| chain.time).max())
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "pdf") {
            files.push(path);
        }
    }
}
