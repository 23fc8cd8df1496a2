//! The containers of a certified copy (R64, R68): every octet of `/Contents` is what the house wrote, or the copy is not valid. Of other
//! signed files only what is signed counts.

use std::ops::Range;

use pades::{LongTerm, Material, Profile, Severity, Verdict, embed, explain, prepare_archive, signed_digest};
use pki::cms::SignedData;

use crate::common::*;
use crate::edits::{Others, written_otherwise};

/// The hexadecimal digits of each `/Contents`, in the order of the file.
fn gaps(file: &[u8]) -> Vec<Range<usize>> {
    let word = b"/Contents <";
    let starts =
        file.windows(word.len()).enumerate().filter(|(_, window)| *window == word).map(|(at, _)| at + word.len());
    let end = |from: usize| from + file[from..].iter().position(|byte| *byte == b'>').expect("an end");
    starts.map(|from| from..end(from)).collect()
}

fn cms_of(file: &[u8], gap: &Range<usize>) -> Vec<u8> {
    let padded = hex::decode(&file[gap.clone()]).expect("digits");
    SignedData::parse(&padded).expect("a structure").der().to_vec()
}

/// The structure back into its gap, with zeros behind it.
fn with_cms(file: &[u8], gap: &Range<usize>, cms: &[u8]) -> Vec<u8> {
    let mut text = hex::encode_upper(cms);
    text.push_str(&"0".repeat(gap.len() - text.len()));
    [&file[..gap.start], text.as_bytes(), &file[gap.end..]].concat()
}

fn last_gap(file: &[u8]) -> Range<usize> {
    gaps(file).pop().expect("a signature")
}

/// The copy as it is sealed, archived, and archived again: in each the last container is covered by nothing.
fn levels(pki: &Pki) -> Vec<(&'static str, Vec<u8>)> {
    let sealed = make(pki).sealed;
    let archived = archive(pki, &sealed, NOW + 120);
    let again = archive(pki, &archived, NOW + 240);
    vec![("sealed", sealed), ("archived", archived), ("archived again", again)]
}

/// R64: the last container written otherwise, in each way of [`written_otherwise`], is no container of a copy; the untouched copy is
/// valid, however often it was archived.
#[test]
fn a_container_written_otherwise_is_rejected() {
    let pki = Pki::new();
    let others = Others { foreign: pki.agency.chain[0].der(), root: pki.root.chain[0].der() };
    for (level, file) in levels(&pki) {
        let report = judge(&file, &pki);
        // Without a store nothing is known about revocation.
        let untouched = if level == "sealed" { Verdict::Indeterminate } else { Verdict::Valid };
        assert_eq!(report.verdict, untouched, "{level}: {:?}", report.reasons);
        let gap = last_gap(&file);
        let others = if level == "sealed" { Others { foreign: pki.leader.chain[0].der(), ..others } } else { others };
        let ways = written_otherwise(&cms_of(&file, &gap), &others);
        let mut named = 0;
        for (how, cms) in &ways {
            let report = judge(&with_cms(&file, &gap, cms), &pki);
            // Where a certificate is missing that the file holds nowhere else, nobody can tell.
            let told = report.verdict == Verdict::Invalid || how.contains("certificate");
            assert!(report.verdict != Verdict::Valid && told, "{level}, {how}: {:?}", report.reasons);
            named += usize::from(codes(&report).contains(&"copy-container-altered"));
        }
        assert!(ways.len() >= 25 && named >= 18, "{level}: {named} of {}", ways.len());
    }
}

/// Whoever archives a copy with another authority writes as it likes (RFC 5754 §2 has readers accept NULL): nobody can tell whether it was
/// changed, and it is not called so.
#[test]
fn a_time_stamp_of_another_system_leaves_it_undecided() {
    use pki::issue::{Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage};
    let mut pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    pki.tsa = issue_one(9, &[(Attribute::CommonName, "TSA khác")], Some(&pki.ca), |spec: &mut CertificateSpec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature];
        spec.extended_key_usage = vec![ExtendedKeyUsage::TimeStamping];
        spec.extended_key_usage_critical = true;
    });
    let file = archive(&pki, &archived, NOW + 240);
    assert_eq!(judge(&file, &pki).verdict, Verdict::Valid, "{:?}", judge(&file, &pki).reasons);
    let gap = last_gap(&file);
    let others = Others { foreign: pki.agency.chain[0].der(), root: pki.root.chain[0].der() };
    let ways = written_otherwise(&cms_of(&file, &gap), &others);
    let (_, null) = ways.iter().find(|(how, _)| *how == "NULL in both").expect("a way");
    let report = judge(&with_cms(&file, &gap, null), &pki);
    assert_eq!(report.verdict, Verdict::Indeterminate, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"copy-timestamp-foreign"), "{:?}", report.reasons);
    for (how, cms) in &ways {
        assert_ne!(judge(&with_cms(&file, &gap, cms), &pki).verdict, Verdict::Valid, "{how}");
    }
}

/// R64: a digit of the padding that is not zero, in any of the containers.
#[test]
fn padding_that_is_used_is_rejected() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let gap = last_gap(&archived);
    for place in [gap.end - 1, gap.end - 2, gap.start + 2 * cms_of(&archived, &gap).len()] {
        let mut file = archived.clone();
        file[place] = b'1';
        let report = judge(&file, &pki);
        assert_eq!(report.verdict, Verdict::Invalid, "{place}");
        assert!(codes(&report).contains(&"copy-padding-used"), "{place}: {:?}", report.reasons);
        // In another signed file it is worth a note, and nothing more.
        let report = judge_as(&file, &pki.anchors(), NOW + 3600, Profile::General);
        assert_eq!(report.verdict, Verdict::Valid, "{place}: {:?}", report.reasons);
        assert!(report.signatures.iter().any(|one| one.reasons.iter().any(|why| why.code == "padding-not-zero")));
    }
}

/// A certificate that no known issuer vouches for leaves the copy undecided: here the file has no store that holds the genuine one.
#[test]
fn a_certificate_that_nobody_vouches_for_leaves_it_undecided() {
    let pki = Pki::new();
    let people = [&pki.leader, &pki.agency, &pki.tsa];
    let ocsps = people.map(|who| pki.ocsp(&who.chain[0], pki::ocsp::CertStatus::Good, NOW + 110));
    let crl = pki.crl(NOW - 1000);
    let item = |der| Material { der, fields: Vec::new() };
    let ocsps = ocsps.iter().map(|der| item(der.as_slice())).collect();
    let material = LongTerm { certificates: Vec::new(), ocsps, crls: vec![item(&crl)] };
    let prepared = prepare_archive(&make(&pki).sealed, &material).expect("prepared");
    let token = pki.token(signed_digest(&prepared.file, prepared.contents.clone()), NOW + 120);
    let file = embed(&prepared.file, prepared.contents, &token).expect("embedded");
    assert_eq!(judge(&file, &pki).verdict, Verdict::Valid, "{:?}", judge(&file, &pki).reasons);
    let gap = last_gap(&file);
    let (mut cms, ca) = (cms_of(&file, &gap), pki.ca.chain[0].der());
    let at = cms.windows(ca.len()).position(|window| window == ca).expect("the CA is embedded");
    cms[at + ca.len() - 1] ^= 1;
    let report = judge(&with_cms(&file, &gap, &cms), &pki);
    assert_eq!(report.verdict, Verdict::Indeterminate, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"copy-certificate-unverified"), "{:?}", report.reasons);
    assert_eq!(explain("copy-certificate-unverified").map(|row| row.severity), Some(Severity::Unknown));
}

/// What an authority sends beside its token is not written: not the root, no revocation list, not the other of two signature values.
#[test]
fn what_is_not_needed_is_not_written() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let root = hex::encode_upper(pki.root.chain[0].der());
    for gap in gaps(&archived) {
        assert!(!archived[gap].windows(root.len()).any(|window| window == root.as_bytes()));
    }
    let prepared = prepare_archive(&archived, &LongTerm::default()).expect("prepared");
    let token = pki.token(signed_digest(&prepared.file, prepared.contents.clone()), NOW + 240);
    let others = Others { foreign: pki.leader.chain[0].der(), root: pki.root.chain[0].der() };
    let embedded = |cms: &[u8]| embed(&prepared.file, prepared.contents.clone(), cms);
    let plain = embedded(&token).expect("embedded");
    assert_eq!(judge(&plain, &pki).verdict, Verdict::Valid);
    let exact = cms_of(&plain, &last_gap(&plain));
    for (how, cms) in written_otherwise(&exact, &others).iter().filter(|(how, _)| !how.ends_with("another signature")) {
        if let Ok(file) = embedded(cms) {
            assert!(file == plain, "{how}");
        }
    }
}

/// A document time-stamp by an authority that nobody knows, put behind a copy by whoever likes: nobody can tell what that file is. Behind
/// it a genuine one makes the copy whole again.
#[test]
fn a_strangers_time_stamp_at_the_end_leaves_it_undecided() {
    let (pki, stranger) = (Pki::new(), Pki::new());
    let stamped = |file: &[u8], by: &Pki, at: i64| {
        let prepared = prepare_archive(file, &LongTerm::default()).expect("prepared");
        let token = by.token(signed_digest(&prepared.file, prepared.contents.clone()), at);
        embed(&prepared.file, prepared.contents, &token).expect("embedded")
    };
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let foreign = stamped(&archived, &stranger, NOW + 240);
    let report = judge(&foreign, &pki);
    assert_eq!(report.verdict, Verdict::Indeterminate, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"tsa-untrusted"), "{:?}", report.reasons);
    let renewed = stamped(&foreign, &pki, NOW + 360);
    assert_eq!(judge(&renewed, &pki).verdict, Verdict::Valid, "{:?}", judge(&renewed, &pki).reasons);
}

/// A8: behind a copy's last end mark and its end of line stands nothing, not even another end of line; other files may have some.
#[test]
fn nothing_stands_behind_a_copy() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    for behind in [&b"\n"[..], b"\r\n", b" ", b"\0", b"%%EOF\n"] {
        let file = [archived.as_slice(), behind].concat();
        let report = judge(&file, &pki);
        assert_eq!(report.verdict, Verdict::Invalid, "{behind:?}: {:?}", report.reasons);
    }
    let file = [archived.as_slice(), b"\n"].concat();
    assert_eq!(judge_as(&file, &pki.anchors(), NOW + 3600, Profile::General).verdict, Verdict::Valid);
    assert_ne!(judge(&archived[..archived.len() - 1], &pki).verdict, Verdict::Valid, "its own end of line is signed");
}

/// The store again with one more genuine certificate, in a revision that nobody signs.
fn evidence_behind(file: &[u8], certificate: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    let list = text.rfind("/Certs [").expect("a store");
    let start = text[..list].rfind(" 0 obj\n").expect("its object");
    let number: String = text[..start].chars().rev().take_while(char::is_ascii_digit).collect();
    let number: u32 = number.chars().rev().collect::<String>().parse().expect("a number");
    let body = &text[start + " 0 obj\n".len()..];
    let body = &body[..body.find("\nendobj").expect("an end")];
    let size = text.rfind("/Size").expect("a size") + "/Size".len();
    let size: String = text[size..].trim_start().chars().take_while(char::is_ascii_digit).collect();
    let new: u32 = size.parse().expect("a number");
    let digits = hex::encode(certificate);
    let stream = format!("<</Filter/ASCIIHexDecode/Length {}>>\nstream\n{digits}>\nendstream", digits.len() + 1);
    append(file, &[(number, &body.replacen("/Certs [", &format!("/Certs [{new} 0 R "), 1)), (new, &stream)])
}

/// R64, R68: what is appended to a copy without a signature leaves it undecided, though evidence may be added to other signed files; and it
/// hides nothing that was done to the last container.
#[test]
fn what_nobody_signs_is_not_added_to_a_copy() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let behind = |file: &[u8]| judge(&evidence_behind(file, pki.leader.chain[0].der()), &pki);
    let report = behind(&archived);
    assert_eq!(report.verdict, Verdict::Indeterminate, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"copy-unsigned-update"), "{:?}", report.reasons);
    let file = evidence_behind(&archived, pki.leader.chain[0].der());
    assert_eq!(judge_as(&file, &pki.anchors(), NOW + 3600, Profile::General).verdict, Verdict::Valid);
    let mut spoilt = archived.clone();
    spoilt[last_gap(&archived).end - 1] = b'1';
    let report = behind(&spoilt);
    assert_eq!(report.verdict, Verdict::Invalid, "{:?}", report.reasons);
    assert!(codes(&report).contains(&"copy-padding-used"), "{:?}", report.reasons);
    // A time-stamp over all of it makes it whole again.
    assert_eq!(judge(&archive(&pki, &file, NOW + 240), &pki).verdict, Verdict::Valid);
}
