//! Vectors of the standards and one bit beside them; signatures that a lenient reader would take. Made by foreign programs: `tests/all/pure.rs`.

use aws_lc_rs::signature::{KeyPair as _, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair};
use num_bigint::BigUint;

use super::*;
use crate::{Hasher, digest};

/// Key, message and signature.
type Vector = (&'static str, &'static str, &'static str);

/// RFC 8032 §7.4: blank, 1 octet, 11, 12, 13 and 64 octets.
const RFC_8032: &[Vector] = &[
    (
        "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
        "",
        "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d\
             2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600",
    ),
    (
        "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
        "03",
        "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0d\
             bcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00",
    ),
    (
        "dcea9e78f35a1bf3499a831b10b86c90aac01cd84b67a0109b55a36e9328b1e365fce161d71ce7131a543ea4cb5f7e9f1d8b00696447001400",
        "0c3e544074ec63b0265e0c",
        "1f0a8888ce25e8d458a21130879b840a9089d999aaba039eaf3e3afa090a09d389dba82c4ff2ae8ac5cdfb7c55e94d5d961a29fe0109941e00b8db\
             deea6d3b051068df7254c0cdc129cbe62db2dc957dbb47b51fd3f213fb8698f064774250a5028961c9bf8ffd973fe5d5c206492b140e00",
    ),
    (
        "3ba16da0c6f2cc1f30187740756f5e798d6bc5fc015d7c63cc9510ee3fd44adc24d8e968b6e46e6f94d19b945361726bd75e149ef09817f580",
        "64a65f3cdedcdd66811e2915",
        "7eeeab7c4e50fb799b418ee5e3197ff6bf15d43a14c34389b59dd1a7b1b85b4ae90438aca634bea45e3a2695f1270f07fdcdf7c62b8efeaf00b45c\
             2c96ba457eb1a8bf075a3db28e5c24f6b923ed4ad747c3c9e03c7079efb87cb110d3a99861e72003cbae6d6b8b827e4e6c143064ff3c00",
    ),
    (
        "b3da079b0aa493a5772029f0467baebee5a8112d9d3a22532361da294f7bb3815c5dc59e176b4d9f381ca0938e13c6c07b174be65dfa578e80",
        "64a65f3cdedcdd66811e2915e7",
        "6a12066f55331b6c22acd5d5bfc5d71228fbda80ae8dec26bdd306743c5027cb4890810c162c027468675ecf645a83176c0d7323a2ccde2d80efe5\
             a1268e8aca1d6fbc194d3f77c44986eb4ab4177919ad8bec33eb47bbb5fc6e28196fd1caf56b4e7e0ba5519234d047155ac727a1053100",
    ),
    (
        "df9705f58edbab802c7f8363cfe5560ab1c6132c20a9f1dd163483a26f8ac53a39d6808bf4a1dfbd261b099bb03b3fb50906cb28bd8a081f00",
        "bd0f6a3747cd561bdddf4640a332461a4a30a12a434cd0bf40d766d9c6d458e5512204a30c17d1f50b5079631f64eb3112182da300583546111371\
             8d1a5ef944",
        "554bc2480860b49eab8532d2a533b7d578ef473eeb58c98bb2d0e1ce488a98b18dfde9b9b90775e67f47d4a1c3482058efc9f40d2ca033a0801b63\
             d45b3b722ef552bad3b4ccb667da350192b61c508cf7b6b5adadc2c8d9a446ef003fb05cba5f30e88e36ec2703b349ca229c2670833900",
    ),
];
/// RFC 8032 §7.4 "1 octet (with context)" and §7.5 "TEST abc" of Ed448ph: right signatures of another scheme.
const OTHER_SCHEMES: &[Vector] = &[
    (
        "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
        "03",
        "d4f8f6131770dd46f40867d6fd5d5055de43541f8c5e35abbcd001b32a89f7d2151f7647f11d8ca2ae279fb842d607217fce6e042f6815ea000c85\
             741de5c8da1144a6a1aba7f96de42505d7a7298524fda538fccbbb754f578c1cad10d54d0d5428407e85dcbc98a49155c13764e66c3c00",
    ),
    (
        "259b71c19f83ef77a7abd26524cbdb3161b590a48f7d17de3ee0ba9c52beb743c09428a131d6b1b57303d90d8132c276d5ed3d5d01c0f53880",
        "616263",
        "822f6901f7480f3d5f562c592994d9693602875614483256505600bbc281ae381f54d6bce2ea911574932f52a4e6cadd78769375ec3ffd1b801a0d\
             9b3f4030cd433964b6457ea39476511214f97469b57dd32dbc560a9a94d00bff07620464a3ad203df7dc7ce360c3cd3696d9d9fab90f00",
    ),
];

/// The base point (RFC 8032 §5.2), y; x is even.
const BASE_Y: &str = "298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303\
                      233503462500531545062832660";
/// The order of its group, 2^446 less this.
const ORDER_LESS: &str = "13818066809895115352007386748515426880336692474882178609894547503885";

fn octets(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hexadecimal")
}

fn order() -> BigUint {
    (BigUint::from(1u8) << 446) - ORDER_LESS.parse::<BigUint>().expect("a number")
}

/// Little-endian, as long as a coordinate with its sign.
fn little(number: &BigUint) -> Vec<u8> {
    let mut octets = number.to_bytes_le();
    octets.resize(ED448_OCTETS, 0);
    octets
}

fn base() -> Vec<u8> {
    little(&BASE_Y.parse().expect("a number"))
}

/// By the private scalar 1, with 1 for the nonce too: R and the key are the base point, as they are written here.
fn sign_with_one(key: &[u8], r: &[u8], message: &[u8]) -> Vec<u8> {
    let mut state = shake::Shake256::default();
    for part in [b"SigEd448\0\0".as_slice(), r, key, message] {
        shake::Update::update(&mut state, part);
    }
    let mut k = [0; 2 * ED448_OCTETS];
    shake::ExtendableOutput::finalize_xof_into(state, &mut k);
    let s = (BigUint::from(1u8) + BigUint::from_bytes_le(&k)) % order();
    [r, &little(&s)].concat()
}

fn turned(octets: &[u8], bit: usize) -> Vec<u8> {
    let mut other = octets.to_vec();
    other[bit / 8] ^= 1 << (bit % 8);
    other
}

const REFUSED: Result<(), Error> = Err(Error::SignatureInvalid);

/// FIPS 202: SHAKE256 of nothing and of "abc", 64 octets, by `openssl dgst -shake256 -xoflen 64`.
#[test]
fn shake256_is_the_standards() {
    let known = [
        (
            "",
            "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762fd75dc4ddd8c0f200cb05019d67b592f6\
             fc821c49479ab48640292eacb3b7c4be",
        ),
        (
            "abc",
            "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739d5a15bef186a5386c75744c0527e1faa\
             9f8726e462a12a4feb06bd8801e751e4",
        ),
    ];
    for (message, expected) in known {
        assert_eq!(hex::encode(digest(DigestAlgorithm::Shake256, &[message.as_bytes()])), expected);
        let mut state = Hasher::new(DigestAlgorithm::Shake256);
        message.as_bytes().iter().for_each(|octet| state.update(&[*octet]));
        assert_eq!(hex::encode(state.finish()), expected);
    }
}

/// Every vector verifies, and with any octet of signature, message or key changed by a bit it does not.
#[test]
fn ed448_is_the_standards() {
    for (key, message, signature) in RFC_8032 {
        let (key, message, signature) = (octets(key), octets(message), octets(signature));
        assert_eq!(Pure::Ed448.verify(&key, &message, &signature), Ok(()));
        let bits = |octets: &[u8]| (0..octets.len()).map(|at| 8 * at + at % 8);
        for bit in bits(&signature) {
            assert_eq!(Pure::Ed448.verify(&key, &message, &turned(&signature, bit)), REFUSED, "signature, bit {bit}");
        }
        for bit in bits(&message) {
            assert_eq!(Pure::Ed448.verify(&key, &turned(&message, bit), &signature), REFUSED, "message, bit {bit}");
        }
        for bit in bits(&key) {
            assert_eq!(Pure::Ed448.verify(&turned(&key, bit), &message, &signature), REFUSED, "key, bit {bit}");
        }
        assert_eq!(Pure::Ed448.verify(&key, &message, &signature[..113]), REFUSED);
        assert_eq!(Pure::Ed448.verify(&key, &message, &[signature.as_slice(), &[0]].concat()), REFUSED);
        assert_eq!(Pure::Ed448.verify(&key, &[message.as_slice(), &[0]].concat(), &signature), REFUSED);
    }
    for (key, message, signature) in OTHER_SCHEMES {
        assert_eq!(Pure::Ed448.verify(&octets(key), &octets(message), &octets(signature)), REFUSED);
    }
}

/// S is below the order (RFC 8032 §5.2.7): the same number in another way is another signature.
#[test]
fn ed448_takes_s_in_one_way_alone() {
    for (key, message, signature) in RFC_8032 {
        let (key, message, signature) = (octets(key), octets(message), octets(signature));
        let (r, s) = signature.split_at(ED448_OCTETS);
        for times in 1..=8u8 {
            let other = BigUint::from_bytes_le(s) + order() * times;
            assert_eq!(Pure::Ed448.verify(&key, &message, &[r, &little(&other)].concat()), REFUSED, "{times}");
        }
    }
}

/// Points too: the equation holds for each of these, and the octets are none, or those of a key that anybody signs with.
#[test]
fn ed448_takes_points_in_one_way_alone() {
    let (base, message) = (base(), b"ban sao");
    let verify = |key: &[u8], signature: &[u8]| Pure::Ed448.verify(key, message, signature);
    assert_eq!(verify(&base, &sign_with_one(&base, &base, message)), Ok(()));
    for bit in 448..455 {
        let unused = turned(&base, bit);
        assert_eq!(verify(&base, &sign_with_one(&base, &unused, message)), REFUSED, "R, bit {bit}");
        assert_eq!(verify(&unused, &sign_with_one(&unused, &base, message)), REFUSED, "key, bit {bit}");
    }
    // With the neutral element for a key, R = B and S = 1 would be a signature of everything.
    let neutral = little(&BigUint::from(1u8));
    assert_eq!(verify(&neutral, &[base.as_slice(), &neutral].concat()), REFUSED);
    assert_eq!(verify(&neutral, &[neutral.as_slice(), &little(&BigUint::ZERO)].concat()), REFUSED);
    let p = (BigUint::from(1u8) << 448) - (BigUint::from(1u8) << 224) - 1u8;
    let canonical = |number: &BigUint| is_canonical(little(number).first_chunk().expect("57 octets"));
    assert!(canonical(&BigUint::ZERO) && canonical(&(&p - 1u8)));
    assert!(!canonical(&p) && !canonical(&(&p + 1u8)) && !canonical(&((BigUint::from(1u8) << 448) - 1u8)));
    for small in [BigUint::ZERO, &p - 1u8, p.clone(), &p + 1u8] {
        assert_eq!(verify(&little(&small), &sign_with_one(&little(&small), &base, message)), REFUSED);
    }
}

/// The three sets: right for key and message, wrong with a bit turned anywhere, and never under another name.
#[test]
fn ml_dsa_is_verified() {
    let sets = [
        (Pure::MlDsa44, &ML_DSA_44_SIGNING, (1312, 2420)),
        (Pure::MlDsa65, &ML_DSA_65_SIGNING, (1952, 3309)),
        (Pure::MlDsa87, &ML_DSA_87_SIGNING, (2592, 4627)),
    ];
    let message = b"ban sao";
    for (scheme, signing, lengths) in sets {
        let pair = PqdsaKeyPair::from_seed(signing, &[7; 32]).expect("a seed");
        let key = pair.public_key().as_ref();
        let mut signature = vec![0; signing.signature_len()];
        pair.sign(message, &mut signature).expect("a signature");
        assert_eq!((key.len(), signature.len()), lengths);
        assert!(scheme.fits(key) && !scheme.fits(&key[1..]));
        assert_eq!(scheme.verify(key, message, &signature), Ok(()));
        for bit in (0..8 * signature.len()).step_by(997) {
            assert_eq!(scheme.verify(key, message, &turned(&signature, bit)), REFUSED, "signature, bit {bit}");
        }
        for bit in (0..8 * key.len()).step_by(997) {
            assert_eq!(scheme.verify(&turned(key, bit), message, &signature), REFUSED, "key, bit {bit}");
        }
        assert_eq!(scheme.verify(key, b"ban sau", &signature), REFUSED);
        assert_eq!(scheme.verify(key, message, &signature[1..]), REFUSED);
        for other in Pure::ALL.into_iter().filter(|other| *other != scheme) {
            assert_eq!(other.verify(key, message, &signature), REFUSED);
        }
    }
}

/// RFC 8419 §3.1 and RFC 9882 §3.3, every scheme with every digest.
#[test]
fn digests_go_with_schemes() {
    use DigestAlgorithm::{Md5, Sha1, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512, Shake256};
    let all = [Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Sha3_256, Sha3_384, Sha3_512, Shake256];
    let taken = |scheme: Pure| all.into_iter().filter(|digest| scheme.takes(*digest)).collect::<Vec<_>>();
    assert_eq!(taken(Pure::Ed448), [Shake256]);
    assert_eq!(taken(Pure::MlDsa44), [Sha256, Sha384, Sha512, Sha3_256, Sha3_384, Sha3_512, Shake256]);
    assert_eq!(taken(Pure::MlDsa65), [Sha384, Sha512, Sha3_384, Sha3_512, Shake256]);
    assert_eq!(taken(Pure::MlDsa87), [Sha512, Sha3_512, Shake256]);
    assert_eq!(taken(Pure::Ed25519), all[..9], "as ever");
}
