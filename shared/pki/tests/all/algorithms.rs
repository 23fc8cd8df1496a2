//! Each algorithm once, on X.509 certificates that OpenSSL 3 signed with their own keys (made for this test, keys thrown away); Ed448 and
//! ML-DSA by OpenSSL 4 (`vectors/make.py`).

use pki::{Certificate, Error, KeyAlgorithm};

/// The vector of this name.
macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("vectors/", $name, ".der"))
    };
}

/// Every algorithm of the contract verifies, and not after one bit of the signature was turned.
#[test]
fn every_algorithm_verifies() {
    let rsa = |bits| KeyAlgorithm::Rsa { bits };
    let vectors: [(&[u8], KeyAlgorithm); 17] = [
        (vector!("rsa-2048-sha256"), rsa(2048)),
        (vector!("rsa-3072-sha256"), rsa(3072)),
        (vector!("rsa-4096-sha256"), rsa(4096)),
        (vector!("rsa-2048-sha384"), rsa(2048)),
        (vector!("rsa-2048-sha512"), rsa(2048)),
        (vector!("pss-2048-sha256"), rsa(2048)),
        (vector!("pss-3072-sha384"), rsa(3072)),
        (vector!("pss-4096-sha512"), rsa(4096)),
        (vector!("pss-2048-salt20"), rsa(2048)),
        (vector!("p256-sha256"), KeyAlgorithm::P256),
        (vector!("p384-sha384"), KeyAlgorithm::P384),
        (vector!("p521-sha512"), KeyAlgorithm::P521),
        (vector!("ed25519"), KeyAlgorithm::Ed25519),
        (vector!("ed448"), KeyAlgorithm::Ed448),
        (vector!("ml-dsa-44"), KeyAlgorithm::MlDsa44),
        (vector!("ml-dsa-65"), KeyAlgorithm::MlDsa65),
        (vector!("ml-dsa-87"), KeyAlgorithm::MlDsa87),
    ];
    for (der, key) in vectors {
        let certificate = Certificate::from_der(der).expect("readable");
        assert_eq!(certificate.key_algorithm(), key);
        assert!(certificate.is_self_signed(), "{key}");
        let mut turned = der.to_vec();
        *turned.last_mut().expect("octets") ^= 1;
        let turned = Certificate::from_der(&turned).expect("readable");
        assert!(!turned.is_self_signed(), "{key} with one bit turned");
    }
}

/// A key for PSS alone is used as its parameters say (RFC 4055 §3.3): not for PKCS#1 v1.5, not with a shorter salt.
#[test]
fn a_key_for_pss_restricts_its_use() {
    let der = vector!("pss-key-sha256");
    assert!(Certificate::from_der(der).expect("readable").is_self_signed());
    // The parameters stand three times: twice for the signature and once for the key, which comes second. Its salt, 32, becomes 33.
    let salt = [0xa2, 3, 2, 1, 32];
    let places: Vec<usize> =
        der.windows(salt.len()).enumerate().filter(|(_, w)| *w == salt).map(|(at, _)| at).collect();
    let [_, of_key, _] = places[..] else { panic!("{places:?}") };
    let mut longer = der.to_vec();
    longer[of_key + 4] = 33;
    let longer = Certificate::from_der(&longer).expect("readable");
    assert_eq!(longer.verify_issued_by(&longer), Err(Error::KeyMismatch));
}

/// A curve that is not checked is said to be so, and its certificate is shown all the same.
#[test]
fn other_keys_are_shown_and_not_believed() {
    let certificate = Certificate::from_der(vector!("p224-unsupported")).expect("readable");
    assert_eq!(certificate.key_algorithm(), KeyAlgorithm::Other("1.3.132.0.33".to_owned()));
    let refused = certificate.verify_issued_by(&certificate);
    assert_eq!(refused, Err(Error::UnsupportedAlgorithm { oid: "1.3.132.0.33".to_owned() }));
}
