//! A time-stamp that may be used (RFC 3161), or none.

use domain::model::Sha256;
use domain::ports::{Chance, TrustServices};
use jiff::Timestamp;
use pki::Certificate;
use pki::path::{self, Purpose};

use super::Run;

/// How far the authority's time may lie from ours, seconds: clocks of functions stray up to a quarter of an hour (limits.md
/// F7), and an authority has been seen to take two minutes. More is a wrong time.
const STRAY: u64 = 15 * 60;

impl<R, O, S: TrustServices, W: crate::Workshop, C: Chance> Run<'_, R, O, S, W, C> {
    /// Asks with a fresh nonce. `None`: no answer, or one that may not be used.
    pub(super) async fn token(&self, imprint: &Sha256) -> Option<Vec<u8>> {
        let nonce = self.chance.bytes16();
        let response = self.services.timestamp(&pki::tsp::request(imprint, &nonce)).await.ok()?;
        usable(&response, imprint, &nonce, self.workshop.anchors(), self.now)
    }
}

/// DER of the token when everything about the answer is right: imprint, nonce, signature, extended key usage, a path to a
/// configured root at its own time, no weak algorithm, and a time near ours.
fn usable(response: &[u8], imprint: &Sha256, nonce: &[u8], anchors: &[Certificate], now: Timestamp) -> Option<Vec<u8>> {
    let token = pki::tsp::check_response(response, imprint, nonce).ok()?;
    let facts = token.verify(&|_| imprint.to_vec()).ok()?;
    let near = facts.gen_time.abs_diff(now.as_second()) <= STRAY;
    let path = path::build(&facts.signer, &facts.certificates, anchors, facts.gen_time, Purpose::Timestamping);
    let strong = facts.weak.is_empty() && path.weak.is_empty();
    (near && strong && path.is_trusted()).then(|| token.der().to_vec())
}
