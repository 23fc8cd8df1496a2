//! What a later verification needs: for each member of each chain, one statement that it was not revoked.
//!
//! Only X.509 certificates whose path ends at a configured root are asked about, and only at the addresses that stand in
//! them (limits.md §5, SSRF). Issuers are not fetched: the guarded door lets in only files whose paths are complete.

use std::collections::HashMap;

use domain::ports::{Chance, TrustServices};
use pades::{Chain, ChainPurpose, LongTerm, Material};
use pki::Certificate;
use pki::path::{self, Evidence, Purpose};

use super::Run;
use crate::statement::{Asking, Statement};

/// The material, each piece once, with the fields that it speaks for.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    certificates: Vec<Piece>,
    ocsps: Vec<Piece>,
    crls: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    der: Vec<u8>,
    fields: Vec<String>,
}

impl Piece {
    fn material(&self) -> Material<'_> {
        Material { der: &self.der, fields: self.fields.iter().map(String::as_str).collect() }
    }
}

impl Gathered {
    /// For [`pades::prepare_archive`].
    pub(super) fn material(&self) -> LongTerm<'_> {
        LongTerm { certificates: list(&self.certificates), ocsps: list(&self.ocsps), crls: list(&self.crls) }
    }

    fn take(&mut self, statement: &Statement, field: &str) {
        if let Some(ocsp) = &statement.ocsp {
            add(&mut self.ocsps, &ocsp.der, field);
        }
        for crl in &statement.crls {
            add(&mut self.crls, &crl.der, field);
        }
        if let Some(responder) = &statement.responder {
            add(&mut self.certificates, responder.der(), field);
        }
    }

    /// Whether it shows that no member of a path was revoked at an instant, judged as a verifier will.
    fn speaks_for(&self, path: &[Certificate], at: i64) -> bool {
        let ders = |pieces: &[Piece]| pieces.iter().map(|piece| piece.der.clone()).collect();
        let certificates = self.certificates.iter().filter_map(|piece| Certificate::from_der(&piece.der).ok());
        let evidence =
            Evidence { certificates: certificates.collect(), ocsps: ders(&self.ocsps), crls: ders(&self.crls) };
        path::revocation(path, &evidence, at).is_good()
    }
}

fn list(pieces: &[Piece]) -> Vec<Material<'_>> {
    pieces.iter().map(Piece::material).collect()
}

fn add(pieces: &mut Vec<Piece>, der: &[u8], field: &str) {
    let at = pieces.iter().position(|piece| piece.der == der);
    let Some(piece) = at.and_then(|at| pieces.get_mut(at)) else {
        return pieces.push(Piece { der: der.to_vec(), fields: vec![field.to_owned()] });
    };
    if !piece.fields.iter().any(|known| known == field) {
        piece.fields.push(field.to_owned());
    }
}

impl<R, O, S: TrustServices, W: crate::Workshop, C: Chance> Run<'_, R, O, S, W, C> {
    fn asking(&self, since: i64) -> Asking<'_, S, C> {
        let kept_since = Some(since);
        Asking { services: self.services, chance: self.chance, now: self.now, kept_since, may_go_on: &|| true }
    }

    /// Evidence for every chain. `None`: some is missing, so try later.
    pub(super) async fn evidence(&self, chains: &[Chain]) -> Option<Gathered> {
        let pool: Vec<Certificate> = chains.iter().flat_map(|chain| chain.certificates.iter().cloned()).collect();
        let mut gathered = Gathered::default();
        let mut known: HashMap<[u8; 32], Statement> = HashMap::new();
        for chain in chains {
            let at = chain.time?;
            let path = trusted(chain, &pool, self.workshop.anchors(), at)?;
            for (member, issuer) in path.iter().zip(path.iter().skip(1)) {
                let statement = match known.get(&member.sha256()) {
                    Some(statement) => statement.clone(),
                    None => self.asking(at).statement(member, issuer).await.ok()?,
                };
                gathered.take(&statement, &chain.field);
                known.insert(member.sha256(), statement);
            }
            for member in &path {
                add(&mut gathered.certificates, member.der(), &chain.field);
            }
            if !gathered.speaks_for(&path, at) {
                return None;
            }
        }
        Some(gathered)
    }
}

/// The path to a configured root at the time of signing. What the file embeds for one signature may complete another.
fn trusted(chain: &Chain, pool: &[Certificate], anchors: &[Certificate], at: i64) -> Option<Vec<Certificate>> {
    let purpose = match chain.purpose {
        ChainPurpose::Signer => Purpose::Signing,
        ChainPurpose::Timestamp => Purpose::Timestamping,
    };
    let path = path::build(chain.certificates.first()?, pool, anchors, at, purpose);
    path.is_trusted().then_some(path.chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Equal bytes stand once in `/DSS` and speak for both signatures.
    #[test]
    fn a_piece_is_stored_once() {
        let mut pieces = Vec::new();
        for (der, field) in [(b"a", "Leader"), (b"a", "Seal"), (b"a", "Seal"), (b"b", "Seal")] {
            add(&mut pieces, der, field);
        }
        let fields: Vec<_> = pieces.iter().map(|piece| piece.fields.join(" ")).collect();
        assert_eq!(fields, ["Leader Seal", "Seal"]);
    }
}
