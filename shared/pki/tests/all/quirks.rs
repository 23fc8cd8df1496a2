//! What signers in the field write (domain.md §4.1), built by hand: each is read, and none makes a wrong signature right.

use pki::cms::{SignedData, signed_attributes};
use pki::{DigestAlgorithm, digest};

use crate::pki::{Holder, NOW, Pki, sha256};

const CONTENT: &[u8] = b"octets of the byte range";

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let octets = content.len().to_be_bytes();
    let significant: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(u8::try_from(short).expect("short")),
        _ => {
            out.push(0x80 | u8::try_from(significant.len()).expect("short"));
            out.extend(significant);
        }
    }
    out.extend(content);
    out
}

/// Content of a value whose length has at most two octets.
fn content(value: &[u8]) -> &[u8] {
    let head = if value[1] & 0x80 == 0 { 2 } else { 2 + usize::from(value[1] & 0x7f) };
    &value[head..]
}

fn members(mut content_of: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !content_of.is_empty() {
        let inner = content(content_of);
        let head = content_of.len() - inner.len();
        let length = match content_of[1] & 0x7f {
            short if content_of[1] & 0x80 == 0 => usize::from(short),
            count => content_of[2..2 + usize::from(count)].iter().fold(0, |all, octet| all << 8 | usize::from(*octet)),
        };
        let (first, rest) = content_of.split_at(head + length);
        found.push(first.to_vec());
        content_of = rest;
    }
    found
}

const SIGNED_DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SHA256: &[u8] = &[0x30, 11, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const RSA: &[u8] = &[0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
const SIGNING_TIME: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];

/// A CMS around attributes that are signed in the order `signed` and stored in the order `stored`.
fn build(signer: &Holder, signed: &[Vec<u8>], stored: &[Vec<u8>], certificates: &[&[u8]]) -> Vec<u8> {
    let signature = signer.key.sign(&tlv(0x31, &[&signed.concat()]));
    let (_, leaf) = x509_parser::parse_x509_certificate(signer.cert.der()).expect("readable");
    let sid = tlv(0x30, &[leaf.issuer().as_raw(), &tlv(2, &[leaf.raw_serial()])]);
    let info = tlv(0x30, &[&[2, 1, 1], &sid, SHA256, &tlv(0xa0, &[&stored.concat()]), RSA, &tlv(4, &[&signature])]);
    let body = tlv(
        0x30,
        &[&[2, 1, 1], &tlv(0x31, &[SHA256]), &tlv(0x30, &[DATA]), &tlv(0xa0, certificates), &tlv(0x31, &[&info])],
    );
    tlv(0x30, &[SIGNED_DATA, &tlv(0xa0, &[&body])])
}

fn attributes(signer: &Holder) -> Vec<Vec<u8>> {
    members(content(&signed_attributes(&sha256(CONTENT), &signer.cert).expect("attributes")))
}

fn verifies(cms: &[u8]) -> bool {
    SignedData::parse(cms)
        .expect("readable")
        .verify(&|algorithm: DigestAlgorithm| digest(algorithm, &[CONTENT]))
        .is_ok()
}

/// Attributes stored unsorted and signed either way verify; signed in a third order they do not.
#[test]
fn unsorted_attributes() {
    let pki = Pki::new();
    let sorted = attributes(&pki.leader);
    let reversed: Vec<Vec<u8>> = sorted.iter().rev().cloned().collect();
    assert!(sorted.len() >= 3 && sorted != reversed);
    let leaf: &[&[u8]] = &[pki.leader.cert.der()];
    assert!(verifies(&build(&pki.leader, &sorted, &sorted, leaf)));
    assert!(verifies(&build(&pki.leader, &reversed, &reversed, leaf)), "as they stand");
    assert!(verifies(&build(&pki.leader, &sorted, &reversed, leaf)), "signed sorted, stored unsorted");
    assert!(!verifies(&build(&pki.leader, &reversed, &sorted, leaf)), "signed unsorted, stored sorted");
}

/// Attribute certificates, other formats and damaged ones in the set are counted, not fatal; the leaf alone is enough.
#[test]
fn odd_certificates_in_the_set() {
    let pki = Pki::new();
    let sorted = attributes(&pki.leader);
    let attribute_certificate = tlv(0xa2, &[&tlv(0x30, &[&[2, 1, 1]])]);
    let other_format = tlv(0xa3, &[&[0x06, 3, 0x2a, 3, 4]]);
    let mut damaged = pki.ca.cert.der().to_vec();
    damaged[6] ^= 0x55;
    let set: [&[u8]; 5] =
        [&attribute_certificate, pki.leader.cert.der(), &other_format, &damaged, pki.leader.cert.der()];
    let cms = build(&pki.leader, &sorted, &sorted, &set);
    let read = SignedData::parse(&cms).expect("readable");
    assert_eq!((read.certificates().len(), read.unreadable_certificates()), (1, 3));
    assert!(verifies(&cms));
}

/// Local time labelled UTC is noticed within an hour of +7 h, and handed on as it stands.
#[test]
fn local_time_as_utc() {
    let pki = Pki::new();
    // 2026-11-23T14:05:31Z is what a clock in Viet Nam shows at NOW.
    let time = tlv(0x30, &[SIGNING_TIME, &tlv(0x31, &[&tlv(0x17, &[b"261123140531Z"])])]);
    let mut list = attributes(&pki.leader);
    list.push(time);
    let cms = build(&pki.leader, &list, &list, &[pki.leader.cert.der()]);
    let read = SignedData::parse(&cms).expect("readable");
    assert_eq!(read.signing_time(), Some(NOW + 7 * 3_600));
    assert!(verifies(&cms));
    assert!(read.signing_time_is_local(NOW) && read.signing_time_is_local(NOW + 3_600));
    assert!(!read.signing_time_is_local(NOW + 3_601) && !read.signing_time_is_local(NOW + 7 * 3_600));
}
