//! Every object key of the bucket: pure functions from identifiers to text, frozen by the tests below.
//!
//! Does not say who may read or write them (docs/DATA_MODEL.md does). No key contains a name, a phone or an identity
//! number. Every object is created once and never replaced, so whoever makes another file needs another key.
//!
//! ```text
//! uploads/<upload>                                        bytes as they came in
//! copies/<copy>/base-<digest>.pdf                         frozen at submission, both signature fields empty
//! copies/<copy>/preview-<digest>.pdf                      what a leader opened, when an answer cannot carry it
//! copies/<copy>/leader-<session>.prepared                 the leader's revision, /Contents empty
//! copies/<copy>/signed-<session>.pdf                      signed by the leader, timestamped, verified
//! copies/<copy>/seal-<digest>.prepared                    the seal's revision, /Contents empty
//! numbers/<unit>/<suffix>/<year>/<number:08>-sealed.pdf   number and seal, B-T: at most one per number
//! numbers/<unit>/<suffix>/<year>/<number:08>-archived.pdf the same at B-LTA
//! numbers/<unit>/<suffix>/<year>/<number:08>-archived-<n:02>.pdf the same after its n-th renewal
//! units/<unit>/<digest>.png                               picture of its seal
//! users/<user>/<digest>.png                               picture of a leader's handwritten signature
//! evidence/<digest>.ocsp, evidence/<digest>.crl            what CAs have said about certificates in files of others
//! ```
//!
//! Those below `numbers/` are the second, independent guard that a number is sealed once (limits.md §2.3, 5): the key is made of
//! the number, not of the copy, and the bucket refuses a second object.

use crate::ids::{CopyId, SessionId, UnitId, UploadId, UserId};
use crate::inquiry::PieceKind;
use crate::model::{Number, Sha256};

/// An upload.
pub fn upload(id: &UploadId) -> String {
    format!("uploads/{id}")
}

/// The frozen file of a submission. The digest is part of the key because a returned copy may be submitted again.
pub fn base(copy: &CopyId, sha256: &Sha256) -> String {
    format!("copies/{copy}/base-{}.pdf", hex(sha256))
}

/// What a leader opened. The digest is part of the key.
pub fn preview(copy: &CopyId, sha256: &Sha256) -> String {
    format!("copies/{copy}/preview-{}.pdf", hex(sha256))
}

/// The leader's revision as it was prepared for a session.
pub fn leader_prepared(copy: &CopyId, session: &SessionId) -> String {
    format!("copies/{copy}/leader-{session}.prepared")
}

/// The file with the leader's signature from a session.
pub fn signed(copy: &CopyId, session: &SessionId) -> String {
    format!("copies/{copy}/signed-{session}.pdf")
}

/// The seal's revision as it was prepared. Two sealers prepare the same bytes; when the agency's X.509 certificate was
/// renewed between two attempts, the two revisions do not meet.
pub fn seal_prepared(copy: &CopyId, sha256: &Sha256) -> String {
    format!("copies/{copy}/seal-{}.prepared", hex(sha256))
}

/// Hexadecimal digits, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The issued file at level B-T.
pub fn sealed(unit: &UnitId, number: &Number) -> String {
    format!("{}-sealed.pdf", numbered(unit, number))
}

/// The issued file at level B-LTA.
pub fn archived(unit: &UnitId, number: &Number) -> String {
    format!("{}-archived.pdf", numbered(unit, number))
}

/// The issued file at level B-LTA after `renewals` further document time-stamps; after none it is [`archived`].
pub fn renewed(unit: &UnitId, number: &Number, renewals: u32) -> String {
    match renewals {
        0 => archived(unit, number),
        _ => format!("{}-archived-{renewals:02}.pdf", numbered(unit, number)),
    }
}

/// The picture of a unit's seal. The digest is the key: copies that show the old one find it when there is a new one.
pub fn seal_picture(unit: &UnitId, sha256: &Sha256) -> String {
    format!("units/{unit}/{}.png", hex(sha256))
}

/// The picture of a handwritten signature. It is its owner's, in whatever unit they sign.
pub fn signature_picture(user: &UserId, sha256: &Sha256) -> String {
    format!("users/{user}/{}.png", hex(sha256))
}

/// A piece of evidence that was fetched. The digest of its DER is the key: the same list, fetched twice, lies there once.
pub fn evidence(kind: PieceKind, sha256: &Sha256) -> String {
    format!("evidence/{}.{}", hex(sha256), kind.name())
}

fn numbered(unit: &UnitId, number: &Number) -> String {
    format!("numbers/{unit}/{}/{}/{:08}", segment(&number.suffix), number.year, number.number)
}

/// Free text as one path segment. Two texts never become the same segment: a collision would make one number's guard
/// refuse another number.
fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "_{byte:02x}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(suffix: &str) -> Number {
        Number { number: 152, book: "01".into(), year: 2026, suffix: suffix.into() }
    }

    #[test]
    fn every_path_is_frozen() {
        let (copy, session) = (CopyId::new([1; 16]), SessionId::new([2; 16]));
        let unit = UnitId::new([3; 16]);
        let text = [
            upload(&UploadId::new([4; 16])),
            base(&copy, &[0xab; 32]),
            preview(&copy, &[0xcd; 32]),
            leader_prepared(&copy, &session),
            signed(&copy, &session),
            seal_prepared(&copy, &[1; 32]),
            sealed(&unit, &number("SCT/BS")),
            archived(&unit, &number("SCT/BS")),
            renewed(&unit, &number("SCT/BS"), 0),
            renewed(&unit, &number("SCT/BS"), 1),
            seal_picture(&unit, &[0xee; 32]),
            signature_picture(&UserId::new([5; 16]), &[0xed; 32]),
            evidence(PieceKind::Ocsp, &[0xef; 32]),
            evidence(PieceKind::Crl, &[0xef; 32]),
        ]
        .join("\n");
        let frozen = "\
uploads/upl_040g2081040g2081040g208104
copies/copy_01040g2081040g2081040g2081/base-abababababababababababababababababababababababababababababababab.pdf
copies/copy_01040g2081040g2081040g2081/preview-cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd.pdf
copies/copy_01040g2081040g2081040g2081/leader-sgn_02081040g2081040g2081040g2.prepared
copies/copy_01040g2081040g2081040g2081/signed-sgn_02081040g2081040g2081040g2.pdf
copies/copy_01040g2081040g2081040g2081/seal-0101010101010101010101010101010101010101010101010101010101010101.prepared
numbers/unit_030c1g60r30c1g60r30c1g60r3/SCT_2fBS/2026/00000152-sealed.pdf
numbers/unit_030c1g60r30c1g60r30c1g60r3/SCT_2fBS/2026/00000152-archived.pdf
numbers/unit_030c1g60r30c1g60r30c1g60r3/SCT_2fBS/2026/00000152-archived.pdf
numbers/unit_030c1g60r30c1g60r30c1g60r3/SCT_2fBS/2026/00000152-archived-01.pdf
units/unit_030c1g60r30c1g60r30c1g60r3/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee.png
users/usr_050m2ga1850m2ga1850m2ga185/edededededededededededededededededededededededededededededededed.png
evidence/efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef.ocsp
evidence/efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef.crl";
        assert_eq!(text, frozen);
    }

    /// Limits.md §2.3, 5: the guard of one number must never be the guard of another.
    #[test]
    fn different_series_never_share_a_path() {
        let unit = UnitId::new([3; 16]);
        let suffixes = ["SCT/BS", "SCT-BS", "SCT_BS", "SCT_2fBS", "SCTBS", "SCT/BS ", "SCT/bs", "../x", "ĐK"];
        let mut paths: Vec<_> = suffixes.iter().map(|s| sealed(&unit, &number(s))).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), suffixes.len());
        assert!(paths.iter().all(|p| !p.contains("..") && p.is_ascii() && p.matches('/').count() == 4));
    }
}
