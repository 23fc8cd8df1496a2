//! CMS by Ed448 and ML-DSA that OpenSSL 4 signed (`vectors/make.py`), and files of the corpora where they lie beside the project.

use pki::cms::SignedData;
use pki::{Certificate, DigestAlgorithm, Error, Interner, digest};

const CONTENT: &[u8] = b"ban sao";

/// X.509 certificate and CMS of these names.
macro_rules! vectors {
    ($($key:literal, $digest:literal;)*) => {
        [$((
            include_bytes!(concat!("vectors/", $key, ".der")).as_slice(),
            concat!($key, "-", $digest),
            include_bytes!(concat!("vectors/", $key, "-", $digest, ".cms")).as_slice(),
        ),)*]
    };
}

fn judged(certificate: &[u8], cms: &[u8]) -> Result<(DigestAlgorithm, String), Error> {
    let pool = [Certificate::from_der(certificate).expect("readable")];
    let signed = SignedData::parse(cms).expect("readable");
    let verified = signed.verify_with(&|algorithm| digest(algorithm, &[CONTENT]), &pool)?;
    assert!(verified.weak.is_empty() && verified.has_signed_attributes);
    assert_eq!(verified.digest_algorithm, signed.digest_algorithm().expect("a digest"));
    Ok((verified.digest_algorithm, verified.signature_algorithm))
}

/// Digests that RFC 8419 §3.1 and RFC 9882 §3.3 have for the scheme; and with any octet changed by a bit, no such signature.
#[test]
fn signatures_of_others_verify() {
    let good = vectors! {
        "ed448", "shake256";
        "ed448", "shake256-null";
        "ed448", "shake256-len-512";
        "ml-dsa-44", "sha256";
        "ml-dsa-44", "shake256";
        "ml-dsa-65", "sha384";
        "ml-dsa-87", "sha512";
    };
    let said = good.map(|(certificate, name, cms)| (name, judged(certificate, cms).expect(name)));
    let expected = [
        (DigestAlgorithm::Shake256, "Ed448"),
        (DigestAlgorithm::Shake256, "Ed448"),
        (DigestAlgorithm::Shake256, "Ed448"),
        (DigestAlgorithm::Sha256, "ML-DSA-44"),
        (DigestAlgorithm::Shake256, "ML-DSA-44"),
        (DigestAlgorithm::Sha384, "ML-DSA-65"),
        (DigestAlgorithm::Sha512, "ML-DSA-87"),
    ];
    assert_eq!(said.map(|(_, said)| said), expected.map(|(digest, scheme)| (digest, scheme.to_owned())));
    for (certificate, name, cms) in good {
        // The signature stands at the end; what stands before it is bound by it or by the name of the signer.
        for at in (cms.len() - 100..cms.len()).step_by(9) {
            let mut other = cms.to_vec();
            other[at] ^= 0x10;
            assert_eq!(judged(certificate, &other), Err(Error::SignatureInvalid), "{name}, octet {at}");
        }
    }
}

/// The value is right and the digest is not one for the scheme; or of a length that is not.
#[test]
fn other_digests_are_refused() {
    let wrong = vectors! {
        "ed448", "sha512";
        "ed448", "sha3-512";
        "ml-dsa-44", "sha224";
        "ml-dsa-65", "sha256";
        "ml-dsa-87", "sha384";
    };
    let names = [
        ("SHA-512", "Ed448"),
        ("SHA3-512", "Ed448"),
        ("SHA-224", "ML-DSA-44"),
        ("SHA-256", "ML-DSA-65"),
        ("SHA-384", "ML-DSA-87"),
    ];
    for ((certificate, name, cms), (digest, scheme)) in wrong.into_iter().zip(names) {
        let refused = Error::DigestNotAllowed { digest, scheme: scheme.to_owned() };
        assert_eq!(judged(certificate, cms), Err(refused), "{name}");
    }
    let [(certificate, _, shorter)] = vectors! { "ed448", "shake256-len-256"; };
    let refused = Error::UnsupportedAlgorithm { oid: "2.16.840.1.101.3.4.2.18".to_owned() };
    assert_eq!(judged(certificate, shorter), Err(refused));
}

/// SHAKE256 is the digest of these schemes and of no others: what was refused before stays so.
#[test]
fn shake256_goes_with_no_other_scheme() {
    let cms = include_bytes!("vectors/ed448-shake256.cms");
    let at = cms.windows(5).rposition(|window| window == [0x06, 3, 0x2b, 0x65, 0x71]).expect("id-Ed448");
    let mut other = cms.to_vec();
    other[at + 4] = 0x70;
    let refused = Error::UnsupportedAlgorithm { oid: "2.16.840.1.101.3.4.2.12".to_owned() };
    assert_eq!(judged(include_bytes!("vectors/ed448.der"), &other), Err(refused), "Ed25519");
}

/// The one form of each says the same, verifies, and is its own one form; for Ed448 the digest has its length then (RFC 8419 §3.1).
#[test]
fn the_one_form_verifies() {
    let len = [0x30, 15, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 18, 0x02, 2, 2, 0];
    for (certificate, name, cms) in
        vectors! { "ed448", "shake256"; "ed448", "shake256-len-512"; "ml-dsa-44", "shake256"; }
    {
        let pool = [Certificate::from_der(certificate).expect("readable")];
        let exact = |cms: &[u8]| SignedData::parse(cms).expect("readable").exact(&pool, &Interner::default());
        let form = exact(cms).expect(name);
        assert_eq!(
            judged(certificate, &form).map(|(_, scheme)| scheme),
            judged(certificate, cms).map(|(_, scheme)| scheme)
        );
        assert_eq!(exact(&form).as_ref(), Ok(&form), "{name}");
        assert_eq!(form.windows(len.len()).any(|window| window == len), name.starts_with("ed448"), "{name}");
    }
}

/// Neither key nor signature takes parameters, and a key has its length (RFC 8410 §3, RFC 9881 §2).
#[test]
fn keys_are_written_in_one_way() {
    let der = include_bytes!("vectors/ed448.der");
    let key = [0x30, 5, 0x06, 3, 0x2b, 0x65, 0x71, 0x03, 0x3a, 0];
    let at = der.windows(key.len()).position(|window| window == key).expect("the key");
    let mut other = der.to_vec();
    other[at + 6] = 0x70;
    // 57 octets under the name of Ed25519, as before: shown, and nothing is signed by it.
    let other = Certificate::from_der(&other).expect("readable");
    assert!(!other.is_self_signed());
    let mut other = include_bytes!("vectors/ml-dsa-44.der").to_vec();
    let oid = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17];
    let places: Vec<usize> = (0..other.len() - 9).filter(|at| other[*at..*at + 9] == oid).collect();
    let [_, of_key, _] = places[..] else { panic!("{places:?}") };
    other[of_key + 8] = 18;
    let other = Certificate::from_der(&other).expect("readable");
    assert_eq!(other.key_algorithm(), pki::KeyAlgorithm::Other("2.16.840.1.101.3.4.3.18".to_owned()));
    assert_eq!(other.verify_issued_by(&other), Err(Error::KeyMismatch));
}

/// What was once found good is remembered with its key, as of other kinds.
#[test]
fn the_interner_keeps_them_apart() {
    let interner = Interner::default();
    let read = |der: &[u8]| interner.certificate(der).expect("readable");
    let good = read(include_bytes!("vectors/ml-dsa-87.der"));
    for _ in 0..2 {
        assert_eq!(good.verify_issued_by(&good), Ok(()));
        let mut other = good.der().to_vec();
        *other.last_mut().expect("octets") ^= 1;
        assert!(!read(&other).is_self_signed());
    }
}

/// The digest of everything but the first `/Contents`, and the CMS in it.
fn signature_of(file: &[u8]) -> (SignedData, Vec<u8>) {
    let mark = b"/Contents <";
    let start = file.windows(mark.len()).position(|window| window == mark).expect("a signature") + mark.len();
    let length = file[start..].iter().position(|octet| *octet == b'>').expect("an end");
    let cms = hex::decode(&file[start..start + length]).expect("hexadecimal");
    let covered = [&file[..start - 1], &file[start + length + 1..]].concat();
    (SignedData::parse(&cms).expect("readable"), covered)
}

/// Files that pyHanko signed: their X.509 certificates by each other, their signatures, and the one with a digest that Ed448 does not go with.
#[test]
fn files_of_the_corpora() {
    let left_out = "signatures by Ed448 and ML-DSA in files of others were not verified";
    let Some(folder) = crate::beside::corpora("pyhanko-runtime", left_out) else { return };
    let judge = |name: &str| {
        let file = std::fs::read(folder.join(name)).expect("a file of the corpora");
        let (signed, covered) = signature_of(&file);
        let all = signed.certificates();
        let issued = |one: &Certificate| all.iter().any(|issuer| one.verify_issued_by(issuer).is_ok());
        assert!(all.len() > 1 && all.iter().all(issued), "{name}");
        signed.verify(&|algorithm| digest(algorithm, &[&covered])).map(|verified| verified.signature_algorithm)
    };
    assert_eq!(judge("pyhanko-runtime/test_ed448_trust__1.pdf"), Ok("Ed448".to_owned()));
    assert_eq!(judge("pyhanko-runtime/test_mldsa44_signer1__1.pdf"), Ok("ML-DSA-44".to_owned()));
    assert_eq!(judge("pyhanko-static/ed448-shake256-nolen.pdf"), Ok("Ed448".to_owned()));
    let refused = Error::DigestNotAllowed { digest: "SHA-512", scheme: "Ed448".to_owned() };
    assert_eq!(judge("pyhanko-static/ed448-disallowed-hash.pdf"), Err(refused));
}
