//! Who signed: the binding of the signature to one X.509 certificate (A7), and what that certificate is for (R65).

use pades::*;
use pki::issue::{ExtendedKeyUsage, KeyUsage};
use pki::path::Evidence;

use crate::common::*;
use crate::past::{element, judged};

/// One element of DER.
fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&head[..], content].concat()
}

/// Content type id-data, and the digest of what is signed.
fn attributes(digest: &[u8; 32]) -> Vec<u8> {
    let attribute = |oid: &str, value: &[u8]| {
        let oid = hex::decode(oid).expect("a constant");
        wrap(0x30, &[&[6, oid.len() as u8][..], &oid, &wrap(0x31, value)].concat())
    };
    let data = hex::decode("06092a864886f70d010701").expect("a constant");
    let digest = [&[4, 32][..], digest].concat();
    let mut both = [attribute("2a864886f70d010903", &data), attribute("2a864886f70d010904", &digest)];
    both.sort();
    both.concat()
}

/// A CMS without an ESS attribute, whose signer is named by issuer and serial number; `named` holds the key of `signer`.
fn unbound(signer: &Identity, named: &Identity, attributes: &[u8], signature: &[u8]) -> Vec<u8> {
    let certificate = named.chain[0].der();
    let (_, tbs, _) = element(element(certificate).1);
    // version, serial number, algorithm, issuer
    let whole = |der: &[u8]| der.len() - element(der).2.len();
    let mut parts = Vec::new();
    let mut rest = tbs;
    for _ in 0..4 {
        let (one, other) = rest.split_at(whole(rest));
        parts.push(one);
        rest = other;
    }
    let sha256 = wrap(0x30, &hex::decode("0609608648016503040201").expect("a constant"));
    let ecdsa = wrap(0x30, &hex::decode("06082a8648ce3d040302").expect("a constant"));
    let data = wrap(0x30, &hex::decode("06092a864886f70d010701").expect("a constant"));
    let signed = if attributes.is_empty() { Vec::new() } else { wrap(0xa0, attributes) };
    let info =
        [&[2, 1, 1][..], &wrap(0x30, &[parts[3], parts[1]].concat()), &sha256, &signed, &ecdsa, &wrap(4, signature)]
            .concat();
    let others = signer.chain[1..].iter().flat_map(|one| one.der().to_vec());
    let certificates: Vec<u8> = certificate.iter().copied().chain(others).collect();
    let body =
        [&[2, 1, 1][..], &wrap(0x31, &sha256), &data, &wrap(0xa0, &certificates), &wrap(0x31, &wrap(0x30, &info))]
            .concat();
    let kind = hex::decode("06092a864886f70d010702").expect("a constant");
    wrap(0x30, &[&kind[..], &wrap(0xa0, &wrap(0x30, &body))].concat())
}

/// Signed by the leader's key without a binding; the container names `named`.
fn file(pki: &Pki, named: &Identity, adobe: bool, with_attributes: bool) -> Vec<u8> {
    let plan = SignaturePlan {
        field: "Leader",
        chain: &pki.leader.chain,
        name: "Nguyễn Văn Mẫu",
        reason: "",
        location: "",
        signed_at: "D:20261123140531+07'00'",
        appearance: None,
        token_room: 0,
        ecopy: None,
    };
    let prepared = prepare(&base(), &plan).expect("prepared");
    let mut whole = prepared.file.clone();
    if adobe {
        let kind = b"ETSI.CAdES.detached";
        let at = whole.windows(kind.len()).position(|part| part == kind).expect("a kind");
        whole[at..at + kind.len()].copy_from_slice(b"adbe.pkcs7.detached");
    }
    let covered = [&whole[..prepared.contents.start], &whole[prepared.contents.end..]].concat();
    let list = match with_attributes {
        true => attributes(&signed_digest(&whole, prepared.contents.clone())),
        false => Vec::new(),
    };
    let message = if list.is_empty() { covered } else { wrap(0x31, &list) };
    let cms = unbound(&pki.leader, named, &list, &pki.leader.key.sign(&message));
    let text = hex::encode(cms);
    let from = prepared.contents.start + 1;
    whole[from..from + text.len()].copy_from_slice(text.as_bytes());
    whole
}

/// The leader's key under the name of somebody else.
fn impostor(pki: &Pki) -> Identity {
    let Key::P256(pair) = &pki.leader.key else { panic!("a P-256 key") };
    let copy = pair.to_pkcs8v1().expect("exportable");
    let signing = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let key = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(signing, copy.as_ref()).expect("the same key");
    let name = [(pki::issue::Attribute::CommonName, "Chủ tịch khác")];
    issue_to(Key::P256(key), 0x66, &name, Some(&pki.ca), |spec| {
        spec.key_usage = vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation];
    })
}

/// A7: a PAdES signature without the ESS attribute names whomever somebody puts into its container: the value is right, and who signed is
/// not certain.
#[test]
fn a7_cades_without_a_binding_is_nobodys_for_certain() {
    let pki = Pki::new();
    let other = impostor(&pki);
    for (named, with_attributes) in [(&pki.leader, true), (&other, true), (&pki.leader, false)] {
        let report = judged(&pki, &file(&pki, named, false, with_attributes), NOW + 60, &Evidence::default());
        let one = &report.signatures[0];
        assert_eq!(
            (report.verdict, one.indication, one.sub_indication.as_deref()),
            (Verdict::Indeterminate, Indication::Indeterminate, Some("SIG_CONSTRAINTS_FAILURE")),
            "{:?}",
            report.reasons
        );
        assert!(codes(&report).contains(&"signer-binding-missing"), "{:?}", report.reasons);
    }
}

/// A7: older kinds of signatures have no binding; they are told, and in a certified copy they are refused.
#[test]
fn a7_older_signatures_without_a_binding_are_told() {
    let pki = Pki::new();
    let other = impostor(&pki);
    for (named, with_attributes) in [(&pki.leader, true), (&other, true), (&pki.leader, false)] {
        let file = file(&pki, named, true, with_attributes);
        let report = judged(&pki, &file, NOW + 60, &Evidence::default());
        assert_eq!(report.signatures[0].integrity, Integrity::Intact, "{:?}", report.reasons);
        assert!(codes(&report).contains(&"signer-unbound"), "{:?}", report.reasons);
        let sealed = sign(&pki, &file, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
        let copy = judge_as(&sealed, &pki.anchors(), NOW + 3600, Profile::Auto);
        assert_eq!(copy.verdict, Verdict::Invalid);
        assert!(codes(&copy).contains(&"copy-signer-unbound"), "{:?}", copy.reasons);
    }
}

/// R65: what people's certificates name, in Vietnam and in Europe, signs documents; what only names servers and sign-ins does not.
#[test]
fn r65_a_certificate_for_servers_does_not_sign_copies() {
    use ExtendedKeyUsage::{ClientAuth, DocumentSigning, EmailProtection, ServerAuth};
    for (usage, documents) in [
        (vec![], true),
        (vec![EmailProtection], true),
        (vec![ClientAuth, EmailProtection], true),
        (vec![DocumentSigning], true),
        (vec![ServerAuth, ClientAuth], false),
        (vec![ClientAuth], false),
    ] {
        let pki = Pki::with(&|who, spec| {
            if who == "leader" {
                spec.extended_key_usage = usage.clone();
            }
        });
        let made = make(&pki);
        let copy = judge_as(&made.sealed, &pki.anchors(), NOW + 3600, Profile::Auto);
        assert_eq!(codes(&copy).contains(&"copy-certificate-usage"), !documents, "{usage:?}: {:?}", copy.reasons);
        let report = judged(&pki, &made.signed, NOW + 60, &Evidence::default());
        assert_eq!(codes(&report).contains(&"certificate-usage"), !documents, "{usage:?}: {:?}", report.reasons);
        let expected = Expected {
            base: Beginning::of(&made.base),
            field: "Leader",
            signer_der: pki.leader.chain[0].der(),
            anchors: &pki.anchors(),
            at: NOW + 60,
        };
        assert_eq!(
            verify_signature(&made.signed, &expected).is_ok(),
            documents,
            "{usage:?}: what is refused is not made"
        );
    }
}
