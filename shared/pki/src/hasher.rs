//! A digest that is computed piece by piece.

use sha2::Digest as _;

use crate::DigestAlgorithm;

/// A digest in the making. A clone goes its own way: one pass over a file gives the digests of many of its parts.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sha3(aws_lc_rs::digest::Context),
    Shake256(shake::Shake256),
}

impl Hasher {
    /// Of nothing yet.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm) -> Hasher {
        let sha3 = |algorithm| State::Sha3(aws_lc_rs::digest::Context::new(algorithm));
        Hasher(match algorithm {
            DigestAlgorithm::Md5 => State::Md5(md5::Md5::new()),
            DigestAlgorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            DigestAlgorithm::Sha224 => State::Sha224(sha2::Sha224::new()),
            DigestAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            DigestAlgorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            DigestAlgorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
            DigestAlgorithm::Sha3_256 => sha3(&aws_lc_rs::digest::SHA3_256),
            DigestAlgorithm::Sha3_384 => sha3(&aws_lc_rs::digest::SHA3_384),
            DigestAlgorithm::Sha3_512 => sha3(&aws_lc_rs::digest::SHA3_512),
            DigestAlgorithm::Shake256 => State::Shake256(shake::Shake256::default()),
        })
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Md5(state) => state.update(piece),
            State::Sha1(state) => state.update(piece),
            State::Sha224(state) => state.update(piece),
            State::Sha256(state) => state.update(piece),
            State::Sha384(state) => state.update(piece),
            State::Sha512(state) => state.update(piece),
            State::Sha3(state) => state.update(piece),
            State::Shake256(state) => shake::Update::update(state, piece),
        }
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Md5(state) => state.finalize().to_vec(),
            State::Sha1(state) => state.finalize().to_vec(),
            State::Sha224(state) => state.finalize().to_vec(),
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha384(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
            State::Sha3(state) => state.finish().as_ref().to_vec(),
            State::Shake256(state) => {
                let mut output = vec![0; DigestAlgorithm::Shake256.length()];
                shake::ExtendableOutput::finalize_xof_into(state, &mut output);
                output
            }
        }
    }
}

/// SHA-256 that was begun elsewhere: of a file whose end alone is at hand the digest goes on from a state that was kept.
impl From<sha2::Sha256> for Hasher {
    fn from(state: sha2::Sha256) -> Hasher {
        Hasher(State::Sha256(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest;

    #[test]
    fn a_digest_goes_on_from_a_state() {
        let mut hasher = Hasher::from(sha2::Sha256::new_with_prefix(b"ban "));
        hasher.update(b"sao");
        assert_eq!(hasher.finish(), digest(DigestAlgorithm::Sha256, &[b"ban sao"]));
    }

    #[test]
    fn pieces_give_what_the_whole_gives() {
        use DigestAlgorithm::*;
        for algorithm in [Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Sha3_256, Sha3_384, Sha3_512, Shake256] {
            let mut one = Hasher::new(algorithm);
            one.update(b"ban ");
            let mut other = one.clone();
            one.update(b"sao");
            other.update(b"chinh");
            assert_eq!(one.finish(), digest(algorithm, &[b"ban sao"]));
            assert_eq!(other.finish(), digest(algorithm, &[b"ban chinh"]));
        }
    }
}
