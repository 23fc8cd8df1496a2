//! How much room `/Contents` keeps for what is made after the revision is fixed (ISO 32000-2 §12.8.1): it cannot grow any more.
//!
//! Does not know which token will come. What is certain is counted (the chain); for the token there is an allowance, and a token beyond it
//! needs another revision with a larger one.

use pki::Certificate;

/// Octets that are kept for a time-stamp token at least. Tokens with a chain of three X.509 certificates have 3 to 8 KB.
pub const TOKEN_ROOM: usize = 16 * 1024;
/// Octets of the CMS structure that are neither chain nor token: headers, algorithms, an RSA signature of 8,192 bits, the signed attributes.
const AROUND: usize = 4 * 1024;

/// The allowance for an authority of which a token had `length` octets: its next one may have other serial numbers and times, and a longer
/// name of a policy.
pub fn room_for(length: usize) -> usize {
    length.saturating_add(length / 8).saturating_add(512)
}

/// Octets for a signature with its chain and a signature time-stamp. The issuer's name stands a second time, in the signer's identifier
/// (RFC 5652 §5.3); it is shorter than the X.509 certificate that has it.
pub(crate) fn for_signature(chain: &[Certificate], token_room: usize) -> usize {
    let certificates: usize = chain.iter().chain(chain.first()).map(|one| one.der().len()).sum();
    certificates + AROUND + token_room.max(TOKEN_ROOM)
}

/// Octets for a document time-stamp.
pub(crate) fn for_timestamp(token_room: usize) -> usize {
    token_room.max(TOKEN_ROOM)
}
