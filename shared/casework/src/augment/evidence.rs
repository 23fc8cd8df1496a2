//! What a later verification needs: for each member of each chain, one statement that it was not revoked.
//!
//! Only X.509 certificates whose path ends at a configured root are asked about, and only at the addresses that stand in
//! them (limits.md §5, SSRF). Issuers are not fetched: the guarded door lets in only files whose paths are complete.

use std::collections::HashMap;

use domain::ports::{Chance, Evidence as Kind, TrustServices};
use jiff::Timestamp;
use pades::{Chain, ChainPurpose, LongTerm, Material};
use pki::Certificate;
use pki::crl::Crl;
use pki::ocsp::{CertStatus, Freshness, Response};
use pki::path::{self, Evidence, Purpose};

use super::Run;

/// Addresses that are tried for one X.509 certificate and one kind of evidence.
const URLS: usize = 3;

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

/// What speaks for one X.509 certificate. Everything in it was checked.
#[derive(Clone, Debug, Default)]
struct Statement {
    ocsp: Option<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    /// The delegated responder.
    responder: Option<Certificate>,
}

impl Gathered {
    /// For [`pades::prepare_archive`].
    pub(super) fn material(&self) -> LongTerm<'_> {
        LongTerm { certificates: list(&self.certificates), ocsps: list(&self.ocsps), crls: list(&self.crls) }
    }

    fn take(&mut self, statement: &Statement, field: &str) {
        if let Some(ocsp) = &statement.ocsp {
            add(&mut self.ocsps, ocsp, field);
        }
        for crl in &statement.crls {
            add(&mut self.crls, crl, field);
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
                    None => self.statement(member, issuer).await?,
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

    /// OCSP first, because it is small and fresh; the CRL when no responder gives a usable answer.
    async fn statement(&self, member: &Certificate, issuer: &Certificate) -> Option<Statement> {
        for url in member.ocsp_urls().iter().take(URLS) {
            let nonce = self.chance.bytes16();
            let Ok(request) = pki::ocsp::request(member, issuer, Some(&nonce)) else { continue };
            let Ok(der) = self.services.fetch(Kind::Ocsp, url, Some(&request)).await else { continue };
            let Some((ocsp, responder)) = answers(&der, member, issuer, &nonce, self.now) else { continue };
            let Some(crls) = self.responder_crls(responder.as_ref(), issuer).await else { continue };
            return Some(Statement { ocsp: Some(ocsp), crls, responder });
        }
        let (crl, _) = self.crl(member, issuer).await?;
        Some(Statement { crls: vec![crl], ..Statement::default() })
    }

    /// A delegated responder must not vouch for itself (RFC 6960 §4.2.2.2.1): unless it says that it need not be checked, the
    /// CRL that it names has to clear it. One that names none is not believed; the member's own CRL is asked instead.
    async fn responder_crls(&self, responder: Option<&Certificate>, issuer: &Certificate) -> Option<Vec<Vec<u8>>> {
        match responder {
            Some(responder) if !responder.has_ocsp_nocheck() => {
                let (crl, status) = self.crl(responder, issuer).await?;
                (status == CertStatus::Good).then(|| vec![crl])
            }
            _ => Some(Vec::new()),
        }
    }

    /// A usable CRL and what it says. That it says "revoked" is an answer too: when, is judged with the rest.
    async fn crl(&self, member: &Certificate, issuer: &Certificate) -> Option<(Vec<u8>, CertStatus)> {
        for url in member.crl_urls().iter().take(URLS) {
            let Ok(der) = self.services.fetch(Kind::Crl, url, None).await else { continue };
            if let Some(found) = listed(&der, member, issuer, self.now) {
                return Some(found);
            }
        }
        None
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

/// Whether an OCSP answer may be used: about this certificate, by somebody the issuer allows, in force now, our nonce if it
/// has one, and it says something. `Some` with the response, cut to the structure, and the delegated responder, if there
/// is one.
fn answers(
    der: &[u8],
    member: &Certificate,
    issuer: &Certificate,
    nonce: &[u8],
    now: Timestamp,
) -> Option<(Vec<u8>, Option<Certificate>)> {
    let response = Response::parse(der).ok()?;
    // Many responders leave the nonce out; how old such an answer may be, its own dates say.
    response.check_nonce(nonce, false).ok()?;
    let found = response.check(member, issuer, now.as_second(), Freshness::Historical).ok()?;
    let says = found.status != CertStatus::Unknown;
    says.then(|| (response.der().to_vec(), found.delegated.then_some(found.responder)))
}

/// A CRL, cut to the structure, and what it says, when it may be used: by this issuer, about this certificate, in force now.
fn listed(der: &[u8], member: &Certificate, issuer: &Certificate, now: Timestamp) -> Option<(Vec<u8>, CertStatus)> {
    let crl = Crl::parse(der).ok()?;
    let found = crl.check(member, issuer, now.as_second(), Freshness::Historical).ok()?;
    Some((crl.der().to_vec(), found.status))
}

#[cfg(test)]
mod tests {
    use domain::model::Sha256;
    use domain::ports::Fault;
    use pki::issue::{self, Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, SignatureAlgorithm};
    use testkit::{Identity, NOW, World, run, trees};

    use super::*;
    use crate::Workbench;

    const CRL_URL: &str = "http://crl.responder.test/";

    fn sign(who: &Identity, bytes: &[u8]) -> Vec<u8> {
        let sha256: Sha256 = crate::support::sha256(&[bytes]);
        who.key.sign(&sha256, 0)
    }

    /// A responder that the issuing authority has delegated; its key is the leader's.
    fn responder(nocheck: bool, crl_urls: Vec<String>) -> Certificate {
        let tree = &trees().ours;
        let spec = CertificateSpec {
            serial: vec![0x41],
            subject: vec![(Attribute::CommonName, "OCSP mẫu".to_owned())],
            not_before: NOW.as_second() - 1000,
            not_after: NOW.as_second() + 1000,
            spki_der: tree.leader.leaf().spki_der(),
            key_usage: vec![KeyUsage::DigitalSignature],
            extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
            ocsp_nocheck: nocheck,
            crl_urls,
            ..CertificateSpec::default()
        };
        let algorithm = SignatureAlgorithm::EcdsaSha256;
        issue::certificate(&spec, Some(tree.ca.leaf()), algorithm, &|tbs| sign(&tree.ca, tbs)).expect("issued")
    }

    /// An answer about the agency, by the issuer itself or by its responder.
    fn answer(status: CertStatus, delegated: Option<&Certificate>) -> Vec<u8> {
        let tree = &trees().ours;
        let (at, issuer) = (NOW.as_second(), tree.ca.leaf());
        let asked = issue::OcspAsked::new(tree.agency.leaf(), issuer).expect("a CertID");
        let answers = vec![issue::OcspAnswer { asked, status, this_update: at, next_update: Some(at + 60) }];
        let spec = issue::OcspSpec { produced_at: at, answers, nonce: None };
        let (signer, by) = delegated.map_or((issuer, &tree.ca), |responder| (responder, &tree.leader));
        let embedded: Vec<Certificate> = delegated.cloned().into_iter().collect();
        let algorithm = SignatureAlgorithm::EcdsaSha256;
        issue::ocsp_response(&spec, signer, &embedded, algorithm, &|tbs| sign(by, tbs)).expect("an answer")
    }

    fn crl(revoked: &[&Certificate]) -> Vec<u8> {
        let tree = &trees().ours;
        let at = NOW.as_second() - 10;
        let entry = |one: &&Certificate| issue::RevokedEntry { serial: one.serial(), at, reason: Some(1) };
        let revoked = revoked.iter().map(entry).collect();
        let spec =
            issue::CrlSpec { this_update: at, next_update: Some(at + 60), number: 1, revoked, ..Default::default() };
        let algorithm = SignatureAlgorithm::EcdsaSha256;
        issue::crl(&spec, tree.ca.leaf(), algorithm, &|tbs| sign(&tree.ca, tbs)).expect("a CRL")
    }

    /// Hosts that give the same to everybody.
    struct Hosts {
        ocsp: Vec<u8>,
        crl: Option<Vec<u8>>,
    }

    impl TrustServices for Hosts {
        async fn timestamp(&self, _request: &[u8]) -> Result<Vec<u8>, Fault> {
            Err(Fault("not asked".into()))
        }

        async fn fetch(&self, kind: Kind, _url: &str, _body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
            match kind {
                Kind::Ocsp => Ok(self.ocsp.clone()),
                Kind::Crl => self.crl.clone().ok_or_else(|| Fault("no CRL".into())),
                Kind::Issuer => Err(Fault("not asked".into())),
            }
        }
    }

    /// What speaks for the agency: (an OCSP answer, CRLs, a responder).
    fn statement(ocsp: Vec<u8>, crl: Option<Vec<u8>>) -> Option<(bool, usize, bool)> {
        let (world, services) = (World::new(NOW), Hosts { ocsp, crl });
        let workshop = Workbench::new(trees().anchors(), String::new());
        let run_of = Run {
            records: &world,
            objects: &world,
            services: &services,
            workshop: &workshop,
            chance: &world,
            now: NOW,
        };
        let tree = &trees().ours;
        let found = run(run_of.statement(tree.agency.leaf(), tree.ca.leaf()))?;
        Some((found.ocsp.is_some(), found.crls.len(), found.responder.is_some()))
    }

    /// Decision 20: "unknown" is no answer; the CRL is asked, and without it nothing is known.
    #[test]
    fn unknown_is_no_evidence() {
        assert_eq!(statement(answer(CertStatus::Good, None), None), Some((true, 0, false)));
        assert_eq!(statement(answer(CertStatus::Unknown, None), Some(crl(&[]))), Some((false, 1, false)));
        assert_eq!(statement(answer(CertStatus::Unknown, None), None), None);
    }

    /// RFC 6960 §4.2.2.2.1: a responder without nocheck is cleared by its issuer's CRL, or does not count.
    #[test]
    fn a_responder_does_not_vouch_for_itself() {
        let crls = || vec![CRL_URL.to_owned()];
        let (free, bound) = (responder(true, crls()), responder(false, crls()));
        assert_eq!(statement(answer(CertStatus::Good, Some(&free)), None), Some((true, 0, true)));
        assert_eq!(statement(answer(CertStatus::Good, Some(&bound)), None), None);
        assert_eq!(statement(answer(CertStatus::Good, Some(&bound)), Some(crl(&[]))), Some((true, 1, true)));
        let listed = Some(crl(&[&bound]));
        assert_eq!(statement(answer(CertStatus::Good, Some(&bound)), listed), Some((false, 1, false)));
        let silent = responder(false, Vec::new());
        assert_eq!(statement(answer(CertStatus::Good, Some(&silent)), None), None, "names no CRL");
        assert_eq!(statement(answer(CertStatus::Good, Some(&silent)), Some(crl(&[]))), Some((false, 1, false)));
    }

    /// What follows a structure does not come into `/DSS`: a verifier takes only whole ones.
    #[test]
    fn what_follows_is_cut() {
        let (agency, issuer) = (trees().ours.agency.leaf(), trees().ours.ca.leaf());
        let (ocsp, crl) = (answer(CertStatus::Good, None), crl(&[]));
        let longer = |der: &[u8]| [der, b"<!-- cached -->"].concat();
        let (cut, _) = answers(&longer(&ocsp), agency, issuer, &[1], NOW).expect("an answer");
        assert_eq!(cut, ocsp);
        let (cut, _) = listed(&longer(&crl), agency, issuer, NOW).expect("a CRL");
        assert_eq!(cut, crl);
    }

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
