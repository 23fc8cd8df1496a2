//! RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2) for the digests that aws-lc does not pair with RSA: MD5, SHA-224 and SHA-3.
//!
//! Only the public operation, on public values: nothing here needs to be constant in time.

use num_bigint::BigUint;

use crate::asn1::{self, INTEGER, SEQUENCE};
use crate::{DigestAlgorithm, Error, oids};

/// The longest modulus, as in aws-lc.
const MODULUS_OCTETS: usize = 1024;
/// The longest public exponent; a longer one only makes the check slow.
const EXPONENT_OCTETS: usize = 5;

/// Checks a signature over a digest; `key` is a PKCS#1 RSAPublicKey.
pub(super) fn verify(key: &[u8], algorithm: DigestAlgorithm, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
    let what = "RSA public key";
    let mut reader = asn1::only(key, SEQUENCE, what)?.reader();
    let modulus = asn1::unsigned(reader.expect(INTEGER, what)?.content);
    let exponent = asn1::unsigned(reader.expect(INTEGER, what)?.content);
    if modulus.len() > MODULUS_OCTETS || exponent.is_empty() || exponent.len() > EXPONENT_OCTETS {
        return Err(Error::Limit { what, limit: MODULUS_OCTETS });
    }
    let (n, e, s) =
        (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent), BigUint::from_bytes_be(signature));
    let expected = encoded(algorithm, digest, modulus.len()).ok_or(Error::SignatureInvalid)?;
    let right = signature.len() == modulus.len() && s < n && s.modpow(&e, &n) == BigUint::from_bytes_be(&expected);
    if right { Ok(()) } else { Err(Error::SignatureInvalid) }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2): `00 01 FF … FF 00 DigestInfo`. Compared as a whole, so nothing can hide in the padding.
fn encoded(algorithm: DigestAlgorithm, digest: &[u8], length: usize) -> Option<Vec<u8>> {
    if digest.len() != algorithm.length() {
        return None;
    }
    let identifier = asn1::sequence(&[&asn1::oid(&oids::oid_of(algorithm)), &asn1::tlv(0x05, &[])]);
    let info = asn1::sequence(&[&identifier, &asn1::tlv(0x04, &[digest])]);
    let padding = length.checked_sub(info.len() + 3).filter(|padding| *padding >= 8)?;
    let mut block = vec![0x00, 0x01];
    block.resize(2 + padding, 0xff);
    block.push(0x00);
    block.extend(info);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The encoding of RFC 8017 §9.2 note 1 for MD5, and no room for one octet less.
    #[test]
    fn the_block_is_the_standards() {
        let block = encoded(DigestAlgorithm::Md5, &[0xab; 16], 64).expect("room");
        assert_eq!(hex::encode(&block[..30]), format!("0001{}00", "ff".repeat(27)));
        assert_eq!(hex::encode(&block[30..48]), "3020300c06082a864886f70d020505000410");
        assert_eq!(&block[48..], [0xab; 16]);
        assert!(encoded(DigestAlgorithm::Md5, &[0; 16], 44).is_none());
        assert!(encoded(DigestAlgorithm::Md5, &[0; 15], 64).is_none());
    }

    const KEY: &str = "30818902818100dce837fd90650341789e7eb84ee43aee8d4662a7331797fc5c4ff2f9f90951a89717f8b1264117116d590cea2addf95\
        21ebcdc045cd1a492a06bfb2da969945a187ad32fa962c2746174f0c01e7532800f52c1ce529e01cb0a75ce57b6f9010505c3155acdc0d5e8d0d2ce632fc5\
        157d4a71a02a14b18b739de1c7d6c06609010203010001";
    const MD5: &str = "205a87b1655c208c8c74af9742a47c2fed6c5416f95ab15729a147299718b04795e791e0cd80046e2b86e4c5f2c9e0310ffc72f352641e898\
        034faea5abb91d0e7d7c179cd6c0b0c3c97547a68af92bcd445a32a16cce33225d2e32ebd0710b50bbee43e359e1429e0fa844c8715e7e2e90e3cb2980486\
        6f1569a12f00535533";
    const SHA3: &str = "c0ef44c07726129bd92bb91d8d73a376015a3de277e2f2e28e229ec03ac96fe6b485e724c646cf2dd8a05938ce459476a1f022da652ff7ee4\
        ffa6713fa69697cae8598479820440f7e91aab96dca13bf5cec5bc0363ef34f561e6634edb9ba10b7b203f2032115766284e86cbd3afc99d8f73413337a82\
        7d03562802e584ad9e";

    /// Signatures over "abc" by OpenSSL with a key made for this test.
    #[test]
    fn foreign_signatures_verify_and_no_other() {
        let octets = |text: &str| hex::decode(text).expect("hexadecimal");
        for (algorithm, signature) in [(DigestAlgorithm::Md5, MD5), (DigestAlgorithm::Sha3_256, SHA3)] {
            let (digest, mut signature) = (crate::digest(algorithm, &[b"abc"]), octets(signature));
            assert_eq!(verify(&octets(KEY), algorithm, &digest, &signature), Ok(()));
            assert!(verify(&octets(KEY), algorithm, &crate::digest(algorithm, &[b"abd"]), &signature).is_err());
            assert!(verify(&octets(KEY), DigestAlgorithm::Sha3_384, &digest, &signature).is_err());
            signature.insert(0, 0);
            assert!(verify(&octets(KEY), algorithm, &digest, &signature).is_err(), "a longer form of the same number");
        }
        let zero = octets("3006020100020103");
        assert!(verify(&zero, DigestAlgorithm::Md5, &[0; 16], &[]).is_err(), "a modulus of nothing");
    }
}
