//! What a CA's services say about one X.509 certificate: OCSP or CRL, checked before it is used.
//!
//! Does not decide what is asked about: whoever asks has found a path to a trusted root first (limits.md §5, SSRF). Keeps nothing.

use domain::inquiry::Cause;
use domain::model::Sha256;
use domain::ports::{Chance, Evidence as Kind, TrustServices};
use jiff::{SignedDuration, Timestamp};
use pki::Certificate;
use pki::crl::Crl;
use pki::ocsp::{CertStatus, Freshness, Response};

use crate::support::sha256;

/// Addresses that are tried for one X.509 certificate and one kind of evidence.
const URLS: usize = 3;

/// How long an answer is used for further copies at most.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// What speaks for one X.509 certificate. Everything in it was checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statement {
    pub(crate) ocsp: Option<Dated>,
    pub(crate) crls: Vec<Dated>,
    /// The delegated responder.
    pub(crate) responder: Option<Certificate>,
}

/// A piece of evidence, cut to its structure, with its times in Unix seconds.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    pub(crate) der: Vec<u8>,
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
}

/// Whom to ask, and when it is.
pub(crate) struct Asking<'a, S, C> {
    pub(crate) services: &'a S,
    pub(crate) chance: &'a C,
    pub(crate) now: Timestamp,
    /// Since when (Unix seconds) an answer that is kept from another copy must be, if one may be used: what was said before somebody signed
    /// does not speak for the signature.
    pub(crate) kept_since: Option<i64>,
    /// Whether there is time to ask at a further address.
    pub(crate) may_go_on: &'a (dyn Fn() -> bool + Send + Sync),
}

impl<S: TrustServices, C: Chance> Asking<'_, S, C> {
    /// OCSP first, because it is small and fresh; the CRL when no responder gives a usable answer.
    ///
    /// # Errors
    /// What kept the attempt that came furthest from being an answer.
    pub(crate) async fn statement(&self, member: &Certificate, issuer: &Certificate) -> Result<Statement, Cause> {
        if let Some(known) = self.known(member, issuer).await {
            return Ok(known);
        }
        let mut why = Cause::NoAddress;
        for url in &addresses(member.ocsp_urls()) {
            let nonce = self.chance.bytes16();
            let Ok(request) = pki::ocsp::request(member, issuer, Some(&nonce)) else { continue };
            let der = match self.fetch(Kind::Ocsp, url, Some(&request)).await {
                Ok(der) => der,
                Err(cause) => {
                    why = why.max(cause);
                    continue;
                }
            };
            why = Cause::Unusable;
            let Some((ocsp, responder)) = answers(&der, member, issuer, Some(&nonce), self.now) else { continue };
            let Some(crls) = self.responder_crls(responder.as_ref(), issuer).await else { continue };
            self.keep(about(member, issuer), &ocsp);
            return Ok(Statement { ocsp: Some(ocsp), crls, responder });
        }
        let (crl, _) = self.crl(member, issuer).await.map_err(|cause| why.max(cause))?;
        Ok(Statement { crls: vec![crl], ..Statement::default() })
    }

    /// What an OCSP responder said for another copy, when it is still good and was said late enough.
    async fn known(&self, member: &Certificate, issuer: &Certificate) -> Option<Statement> {
        let since = self.kept_since?;
        let der = self.kept(&about(member, issuer))?;
        let (ocsp, responder) = answers(&der, member, issuer, None, self.now)?;
        let crls = self.responder_crls(responder.as_ref(), issuer).await?;
        (ocsp.this_update >= since).then_some(Statement { ocsp: Some(ocsp), crls, responder })
    }

    /// Keeps what was checked until its next update, and not for long: who is revoked meanwhile is to be heard of.
    fn keep(&self, key: Sha256, answer: &Dated) {
        let next = answer.next_update.and_then(|next| Timestamp::from_second(next).ok());
        let longest = self.now.checked_add(KEPT).unwrap_or(self.now);
        if let Some(next) = next.filter(|_| self.kept_since.is_some()) {
            let fetched = self.now.as_second().to_be_bytes();
            self.services.keep(key, &[fetched.as_slice(), &answer.der].concat(), next.min(longest));
        }
    }

    /// What was fetched for another copy, and not before somebody signed this one: a list that a CA gives now may be of yesterday, but it is
    /// the last one that there is.
    fn kept(&self, key: &Sha256) -> Option<Vec<u8>> {
        let since = self.kept_since?;
        let kept = self.services.kept(key, self.now)?;
        let (fetched, der) = kept.split_first_chunk()?;
        (i64::from_be_bytes(*fetched) >= since).then(|| der.to_vec())
    }

    async fn fetch(&self, kind: Kind, url: &str, body: Option<&[u8]>) -> Result<Vec<u8>, Cause> {
        if !self.services.may_ask(url) {
            return Err(Cause::HostNotAllowed);
        }
        if !(self.may_go_on)() {
            return Err(Cause::NoAnswer);
        }
        self.services.fetch(kind, url, body).await.map_err(|_| Cause::NoAnswer)
    }

    /// A delegated responder must not vouch for itself (RFC 6960 §4.2.2.2.1): unless it says that it need not be checked, the
    /// CRL that it names has to clear it. One that names none is not believed; the member's own CRL is asked instead.
    async fn responder_crls(&self, responder: Option<&Certificate>, issuer: &Certificate) -> Option<Vec<Dated>> {
        match responder {
            Some(responder) if !responder.has_ocsp_nocheck() => {
                let (crl, status) = self.crl(responder, issuer).await.ok()?;
                (status == CertStatus::Good).then(|| vec![crl])
            }
            _ => Some(Vec::new()),
        }
    }

    /// A usable CRL and what it says. That it says "revoked" is an answer too: when, is judged with the rest.
    async fn crl(&self, member: &Certificate, issuer: &Certificate) -> Result<(Dated, CertStatus), Cause> {
        let mut why = Cause::NoAddress;
        for url in &addresses(member.crl_urls()) {
            let key = sha256(&[b"crl", url.as_bytes()]);
            let known = self.kept(&key).and_then(|der| listed(&der, member, issuer, self.now));
            if let Some(found) = known {
                return Ok(found);
            }
            let der = match self.fetch(Kind::Crl, url, None).await {
                Ok(der) => der,
                Err(cause) => {
                    why = why.max(cause);
                    continue;
                }
            };
            why = Cause::Unusable;
            if let Some(found) = listed(&der, member, issuer, self.now) {
                self.keep(key, &found.0);
                return Ok(found);
            }
        }
        Err(why)
    }
}

/// The key of what a responder said of an X.509 certificate.
fn about(member: &Certificate, issuer: &Certificate) -> Sha256 {
    sha256(&[b"ocsp", &issuer.sha256(), &member.sha256()])
}

/// Those that can be asked over HTTP; directories (LDAP) are not.
fn addresses(urls: Vec<String>) -> Vec<String> {
    urls.into_iter().filter(|url| pades::is_web(url)).take(URLS).collect()
}

/// Whether an OCSP answer may be used: about this certificate, by somebody the issuer allows, in force now, our nonce if it
/// has one, and it says something. `Some` with the response, cut to the structure, and the delegated responder, if there
/// is one.
fn answers(
    der: &[u8],
    member: &Certificate,
    issuer: &Certificate,
    nonce: Option<&[u8]>,
    now: Timestamp,
) -> Option<(Dated, Option<Certificate>)> {
    let response = Response::parse(der).ok()?;
    // Many responders leave the nonce out; how old such an answer may be, its own dates say. One that is kept was asked for with another.
    if let Some(nonce) = nonce {
        response.check_nonce(nonce, false).ok()?;
    }
    let found = response.check(member, issuer, now.as_second(), Freshness::Historical).ok()?;
    let says = found.status != CertStatus::Unknown;
    let dated = Dated { der: response.der().to_vec(), this_update: found.this_update, next_update: found.next_update };
    says.then(|| (dated, found.delegated.then_some(found.responder)))
}

/// A CRL, cut to the structure, and what it says, when it may be used: by this issuer, about this certificate, in force now.
fn listed(der: &[u8], member: &Certificate, issuer: &Certificate, now: Timestamp) -> Option<(Dated, CertStatus)> {
    let crl = Crl::parse(der).ok()?;
    let found = crl.check(member, issuer, now.as_second(), Freshness::Historical).ok()?;
    let dated = Dated { der: crl.der().to_vec(), this_update: found.this_update, next_update: found.next_update };
    Some((dated, found.status))
}

#[cfg(test)]
mod tests {
    use domain::ports::Fault;
    use pki::issue::{self, Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage, SignatureAlgorithm};
    use testkit::{Identity, NOW, World, run, trees};

    use super::*;

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
        fn may_ask(&self, _url: &str) -> bool {
            true
        }

        async fn timestamp<T: Send>(
            &self,
            _request: &[u8],
            _usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
        ) -> Result<T, Fault> {
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
        let asking = Asking { services: &services, chance: &world, now: NOW, kept_since: None, may_go_on: &|| true };
        let tree = &trees().ours;
        let found = run(asking.statement(tree.agency.leaf(), tree.ca.leaf())).ok()?;
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

    /// The reason is that of the attempt that came furthest: nowhere to ask, nobody who answers, nothing to use.
    #[test]
    fn what_came_furthest_is_the_reason() {
        let (agency, ca) = (trees().ours.agency.leaf(), trees().ours.ca.leaf());
        let silent = responder(true, vec!["ldap://directory.test/cn=a".to_owned()]);
        let listed = responder(true, vec![CRL_URL.to_owned()]);
        let said = |member: &Certificate, ocsp: &[u8], crl: Option<Vec<u8>>, time: bool| {
            let (world, services) = (World::new(NOW), Hosts { ocsp: ocsp.to_vec(), crl });
            let asking =
                Asking { services: &services, chance: &world, now: NOW, kept_since: None, may_go_on: &|| time };
            run(asking.statement(member, ca)).map(drop)
        };
        assert_eq!(said(&silent, b"", None, true), Err(Cause::NoAddress), "a directory is none");
        assert_eq!(said(&listed, b"", None, true), Err(Cause::NoAnswer));
        assert_eq!(said(&listed, b"", Some(vec![0x30]), true), Err(Cause::Unusable));
        assert_eq!(said(agency, b"", None, true), Err(Cause::Unusable), "the responder said something");
        assert_eq!(said(agency, &answer(CertStatus::Good, None), None, false), Err(Cause::NoAnswer), "no time is left");
        assert_eq!(said(agency, &answer(CertStatus::Good, None), None, true), Ok(()));
    }

    /// What follows a structure does not come into `/DSS`: a verifier takes only whole ones.
    #[test]
    fn what_follows_is_cut() {
        let (agency, issuer) = (trees().ours.agency.leaf(), trees().ours.ca.leaf());
        let (ocsp, crl) = (answer(CertStatus::Good, None), crl(&[]));
        let longer = |der: &[u8]| [der, b"<!-- cached -->"].concat();
        let (cut, _) = answers(&longer(&ocsp), agency, issuer, Some(&[1]), NOW).expect("an answer");
        assert_eq!(cut.der, ocsp);
        let (cut, _) = listed(&longer(&crl), agency, issuer, NOW).expect("a CRL");
        assert_eq!(cut.der, crl);
    }
}
