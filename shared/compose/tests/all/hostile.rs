//! Damaged files end in a page or in a refusal, never in a panic and never late.

use std::time::{Duration, Instant};

use crate::read::{base, bytes};

/// The longest that one small damaged file may take, in a build for development on a busy machine.
const TIME: Duration = Duration::from_secs(20);

/// A fixed sequence: the same damage on every machine (numbers of Knuth's MMIX).
struct Damage(u64);

impl Damage {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

fn ends(scan: &[u8], what: &str) {
    let start = Instant::now();
    let seen = compose::inspect(scan, "");
    let made = base(scan);
    if let Err(error) = &seen {
        assert!(made.is_err(), "{what}: refused by the inspection ({error}), but composed");
    }
    assert!(start.elapsed() < TIME, "{what}: {:?}", start.elapsed());
}

/// Cut at many places, and with bytes exchanged at many others.
#[test]
fn damaged_scans_are_answered() {
    let mut damage = Damage(20_261_123);
    let names = [
        "tests/vectors/scans/exif-6.jpg",
        "tests/vectors/scans/dan-xen.png",
        "tests/vectors/scans/bang-mau.png",
        "tests/vectors/scans/fax-g4.tif",
        "tests/vectors/scans/packbits.tif",
        "tests/vectors/scans/fax-g3-2d.tif",
        "tests/vectors/scans/ccitt-rle.tif",
        "tests/vectors/scans/bang-mau.tif",
        "tests/vectors/scans/mat-mau-rieng.tif",
        "tests/vectors/scans/bigtiff.tif",
        "tests/vectors/scans/anh-p3.png",
        "tests/vectors/scans/rgb-theo-ten.jpg",
        "tests/vectors/scans/lien-ket.pdf",
        "tests/vectors/scans/may-quet-bang-mau.pdf",
        "tests/vectors/scans/may-quet-nhieu-lop.pdf",
        "tests/vectors/scans/word.pdf",
        "tests/scans/qpdf-object-streams.pdf",
        "tests/scans/qpdf-linearized.pdf",
    ];
    for name in names {
        let whole = bytes(name);
        for _ in 0..6 {
            let length = damage.next(whole.len());
            ends(&whole[..length], &format!("{name} cut at {length}"));
        }
        for round in 0..12 {
            let mut scan = whole.clone();
            for _ in 0..=round % 4 {
                let (at, value) = (damage.next(whole.len()), damage.next(256));
                scan[at] = u8::try_from(value).expect("a byte");
            }
            ends(&scan, &format!("{name}, damage {round}"));
        }
    }
}
