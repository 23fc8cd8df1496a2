//! What a later verification needs: for each member of each chain, one statement that it was not revoked.
//!
//! Only X.509 certificates whose path ends at a configured root are asked about, and only at the addresses that stand in
//! them (limits.md §5, SSRF). Issuers are not fetched: the guarded door lets in only files whose paths are complete.

use std::collections::HashMap;

use domain::model::Learned;
use domain::ports::{Chance, TrustServices};
use jiff::Timestamp;
use pades::{Chain, ChainPurpose, LongTerm, Material};
use pki::Certificate;
use pki::path::{self, Evidence, Purpose};

use super::Run;
use crate::statement::{Asking, Statement};

/// The material, each piece once, with the fields that it speaks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    certificates: Vec<Piece>,
    ocsps: Vec<Piece>,
    crls: Vec<Piece>,
}

#[derive(Clone, Debug)]
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

    /// Whether it was gathered for this X.509 certificate too.
    pub(super) fn knows(&self, one: &Certificate) -> bool {
        self.certificates.iter().any(|piece| piece.der == one.der())
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

    /// Evidence for every chain that is wanted, `None` when some is missing: try later. And for those that it may help to know about, as far
    /// as there is some: an authority that stamped once and has gone since keeps nobody waiting.
    pub(super) async fn evidence(&self, wanted: &[Chain], hoped: &[Chain]) -> Option<Gathered> {
        let all = || wanted.iter().chain(hoped);
        let pool: Vec<Certificate> = all().flat_map(|chain| chain.certificates.iter().cloned()).collect();
        let mut gathered = Gathered::default();
        let mut known: HashMap<[u8; 32], Statement> = HashMap::new();
        for chain in wanted {
            self.gather(chain, &pool, &mut known, &mut gathered).await?;
        }
        for chain in hoped {
            let mut more = gathered.clone();
            if self.gather(chain, &pool, &mut known, &mut more).await.is_some() {
                gathered = more;
            }
        }
        Some(gathered)
    }

    /// Adds the evidence for one chain. `None`: some is missing.
    async fn gather(
        &self,
        chain: &Chain,
        pool: &[Certificate],
        known: &mut HashMap<[u8; 32], Statement>,
        gathered: &mut Gathered,
    ) -> Option<()> {
        let at = chain.time?;
        let path = trusted(chain, pool, self.workshop.anchors(), at)?;
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
        gathered.speaks_for(&path, at).then_some(())
    }
}

/// Chains of authorities that stamped in vain. Their evidence stands with that of the last time-stamp, since a field of their own is not there
/// yet, and they are asked about as of now.
pub(super) fn hoped(learned: &Learned, wanted: &[Chain], now: Timestamp) -> Vec<Chain> {
    let stamps = |chain: &&Chain| chain.purpose == ChainPurpose::Timestamp;
    let Some(last) = wanted.iter().rfind(stamps) else { return Vec::new() };
    let read = |ders: &Vec<Vec<u8>>| ders.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
    let chain = |ders| Chain { certificates: read(ders), time: Some(now.as_second()), ..last.clone() };
    learned.authorities.iter().map(chain).collect()
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
