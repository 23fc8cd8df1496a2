//! The test PKI: two trees as in Vietnam (domain.md §4), with names that nobody can take for real ones.
//!
//! The government tree (RSA-2048) issues for agencies and their leaders, the national tree (P-256) for everybody else and
//! for the TSA. It issues for public keys that others hold; it never sees their private keys. It is no CA product: no
//! requests, no renewal, no key ceremonies. Times are Unix seconds and come in as arguments.

mod keys;
mod list;
mod signer;
mod state;
mod token;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pki::Certificate;
use pki::issue::{Attribute, CertificateSpec, ExtendedKeyUsage, KeyUsage};
use pki::ocsp::CertStatus;

use self::keys::Kind;
pub(crate) use self::keys::{Key, serial};
use self::state::{Der, Place, State, StoredKey, StoredLeaf, StoredRevocation};

const YEAR: i64 = 365 * 86_400;
/// Most certificates that a sandbox may issue.
const MAX_LEAVES: usize = 10_000;

/// Why the test PKI could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the state cannot be read or written.
    #[error("test PKI: {0}: {1}")]
    File(PathBuf, String),
    /// A key could not be made, read or encoded.
    #[error("test PKI: {0}")]
    Key(&'static str),
    /// A structure could not be built or read.
    #[error("test PKI: {0}")]
    Structure(#[from] pki::Error),
    /// The state was made for responders at another address, which stands inside the certificates.
    #[error("test PKI: made for responders at {0}, which stands inside the certificates, not at {1}")]
    OtherAddress(String, String),
    /// The stored state lacks something or has too much.
    #[error("test PKI: {0}")]
    State(&'static str),
}

/// The trees, by the name that stands in the responders' URLs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Ca {
    /// Root of the government tree.
    GovernmentRoot,
    /// Issues for agencies and their leaders.
    Government,
    /// Root of the national tree.
    NationalRoot,
    /// Issues for citizens, organisations and the TSA.
    Public,
}

impl Ca {
    /// All, roots before their issuing CAs.
    pub const ALL: [Ca; 4] = [Ca::GovernmentRoot, Ca::Government, Ca::NationalRoot, Ca::Public];

    /// The name in URLs and in the state.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Ca::GovernmentRoot => "government-root",
            Ca::Government => "government",
            Ca::NationalRoot => "national-root",
            Ca::Public => "public",
        }
    }

    /// The CA with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Ca> {
        Ca::ALL.into_iter().find(|ca| ca.name() == name)
    }

    /// Who issued it; itself for a root.
    #[must_use]
    pub fn parent(self) -> Ca {
        match self {
            Ca::GovernmentRoot | Ca::Government => Ca::GovernmentRoot,
            Ca::NationalRoot | Ca::Public => Ca::NationalRoot,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Ca::GovernmentRoot | Ca::Government => Kind::Rsa,
            Ca::NationalRoot | Ca::Public => Kind::P256,
        }
    }

    fn subject(self) -> Vec<(Attribute, String)> {
        let (organisation, name) = match self {
            Ca::GovernmentRoot => ("CTDT Test Cơ yếu", "CTDT Test Cơ yếu Root"),
            Ca::Government => ("CTDT Test Cơ yếu", "CTDT Test CA phục vụ các cơ quan Nhà nước"),
            Ca::NationalRoot => ("CTDT Test Chứng thực quốc gia", "CTDT Test Quốc gia Root"),
            Ca::Public => ("CTDT Test Chứng thực quốc gia", "CTDT Test CA công cộng"),
        };
        subject(organisation, name)
    }
}

/// A key with its certificate.
pub(crate) struct Holder {
    pub(crate) key: Key,
    pub(crate) certificate: Certificate,
}

/// A certificate issued for somebody else's key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issued {
    /// Who issued it.
    pub issuer: Ca,
    /// `agency`, `person`, `public` or `service`.
    pub purpose: String,
    /// Lower-case hex.
    pub serial: String,
    /// The certificate.
    pub certificate: Certificate,
    /// When it was revoked, in Unix seconds.
    pub revoked_at: Option<i64>,
}

/// The test PKI. One instance owns its folder.
pub struct TestPki {
    place: Place,
    base: String,
    opened_at: i64,
    authorities: Vec<(Ca, Holder)>,
    /// Delegated OCSP responders of the issuing CAs.
    responders: Vec<(Ca, Holder)>,
    tsa: Holder,
    /// A certificate of the public CA that may not stamp.
    no_tsa: Holder,
    /// Self-signed, of no tree.
    stranger: Holder,
    /// Signs the trust list.
    operator: Holder,
    state: Mutex<State>,
}

impl TestPki {
    /// Opens the PKI under `dir/pki`, making keys and certificates when they are missing (well below three seconds);
    /// without a folder it lives in memory. `responder_base_url` (no slash at the end) is where the responders answer.
    ///
    /// # Errors
    /// [`Error`]: unreadable state, state made for another address, or a failing library.
    ///
    /// `now` also dates the certificates that this instance issues later.
    pub fn open(dir: Option<&Path>, responder_base_url: &str, now: i64) -> Result<TestPki, Error> {
        let place = Place::open(dir)?;
        let mut state = match place.read()? {
            Some(state) if state.responder_base_url != responder_base_url => {
                return Err(Error::OtherAddress(state.responder_base_url, responder_base_url.to_owned()));
            }
            Some(state) => state,
            None => State { responder_base_url: responder_base_url.to_owned(), ..State::default() },
        };
        let known = state.keys.len();
        let maker = Maker { base: responder_base_url, now };
        let mut authorities = Vec::new();
        for ca in Ca::ALL {
            let parent = authorities.iter().find(|(c, _)| *c == ca.parent()).map(|(_, h)| h);
            let holder = maker.authority(&mut state, ca, parent)?;
            authorities.push((ca, holder));
        }
        let mut responders = Vec::new();
        for ca in [Ca::Government, Ca::Public] {
            responders.push((ca, maker.responder(&mut state, ca, find(&authorities, ca)?)?));
        }
        let public = find(&authorities, Ca::Public)?;
        let tsa = maker.tsa(&mut state, public, true)?;
        let no_tsa = maker.tsa(&mut state, public, false)?;
        let stranger = maker.stranger(&mut state)?;
        let operator = maker.operator(&mut state)?;
        if state.keys.len() != known {
            place.write(&state)?;
        }
        let (base, state) = (responder_base_url.to_owned(), Mutex::new(state));
        Ok(TestPki { place, base, opened_at: now, authorities, responders, tsa, no_tsa, stranger, operator, state })
    }

    /// The chain (leaf, issuing CA) of an agency's seal key. The same key always has the same certificate.
    ///
    /// # Errors
    /// [`Error`] when the key cannot be read or the state cannot be written.
    pub fn agency_chain(&self, unit: &str, organisation: &str, spki: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        self.chain(Ca::Government, "agency", unit, organisation, spki)
    }

    /// The chain (leaf, issuing CA) of a leader's personal key, issued in the government tree.
    ///
    /// # Errors
    /// As for [`TestPki::agency_chain`].
    pub fn person_chain(&self, name: &str, organisation: &str, spki: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        self.chain(Ca::Government, "person", name, organisation, spki)
    }

    /// The chain (leaf, issuing CA) of a citizen's or organisation's key, issued in the national tree.
    ///
    /// # Errors
    /// As for [`TestPki::agency_chain`].
    pub fn public_chain(&self, name: &str, organisation: &str, spki: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        self.chain(Ca::Public, "public", name, organisation, spki)
    }

    /// Both roots as PEM.
    #[must_use]
    pub fn trust_pem(&self) -> String {
        let roots = self.authorities.iter().filter(|(ca, _)| ca.parent() == *ca);
        roots.map(|(_, holder)| holder.certificate.to_pem()).collect::<Vec<_>>().join("")
    }

    /// The certificate of a CA.
    ///
    /// # Errors
    /// Never for a PKI that could be opened.
    pub fn authority(&self, ca: Ca) -> Result<Certificate, Error> {
        find(&self.authorities, ca).map(|h| h.certificate.clone())
    }

    /// The TSA's certificate.
    #[must_use]
    pub fn tsa_certificate(&self) -> Certificate {
        self.tsa.certificate.clone()
    }

    /// Where the TSA answers.
    #[must_use]
    pub fn tsa_url(&self) -> String {
        format!("{}/tsa", self.base)
    }

    /// Where all TSAs answer, in their order, as `template.yaml` wants them.
    #[must_use]
    pub fn tsa_urls(&self) -> String {
        format!("{0}/tsa,{0}/tsa-behind", self.base)
    }

    /// All certificates issued for keys of others, oldest first.
    ///
    /// # Errors
    /// When a stored certificate cannot be read.
    pub fn issued(&self) -> Result<Vec<Issued>, Error> {
        let state = self.lock();
        let revoked = |serial: &str| state.revocations.iter().find(|r| r.serial == serial).map(|r| r.at);
        let one = |leaf: &StoredLeaf| {
            let certificate = Certificate::from_der(&leaf.certificate.0)?;
            let issuer = Ca::from_name(&leaf.issuer).ok_or(Error::State("unknown issuer"))?;
            let (purpose, serial) = (leaf.purpose.clone(), leaf.serial.clone());
            Ok(Issued { issuer, purpose, revoked_at: revoked(&serial), serial, certificate })
        };
        state.leaves.iter().map(one).collect()
    }

    /// Revokes a certificate by its serial (hex) at an instant, with a CRLReason. False when no such serial was issued;
    /// a second revocation changes nothing.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn revoke(&self, serial: &str, at: i64, reason: Option<u8>) -> Result<bool, Error> {
        let serial = serial.to_ascii_lowercase();
        let mut state = self.lock();
        let known = state.leaves.iter().any(|l| l.serial == serial) || self.has_own_serial(&serial);
        if !known || state.revocations.iter().any(|r| r.serial == serial) {
            return Ok(known);
        }
        let mut next = state.clone();
        next.revocations.push(StoredRevocation { serial, at, reason });
        self.place.write(&next)?;
        *state = next;
        Ok(true)
    }

    /// What the issuer knows about a serial.
    pub(crate) fn status(&self, issuer: Ca, serial: &[u8]) -> CertStatus {
        let serial = hex::encode(serial);
        let state = self.lock();
        if let Some(r) =
            state.revocations.iter().find(|r| r.serial == serial && self.issued_by(&state, issuer, &serial))
        {
            return CertStatus::Revoked { at: r.at, reason: r.reason };
        }
        if self.issued_by(&state, issuer, &serial) { CertStatus::Good } else { CertStatus::Unknown }
    }

    /// The revocations of an issuer: serial, instant, reason.
    pub(crate) fn revocations(&self, issuer: Ca) -> Vec<(Vec<u8>, i64, Option<u8>)> {
        let state = self.lock();
        let of_issuer = state.revocations.iter().filter(|r| self.issued_by(&state, issuer, &r.serial));
        of_issuer.filter_map(|r| hex::decode(&r.serial).ok().map(|serial| (serial, r.at, r.reason))).collect()
    }

    /// The key and certificate of a CA.
    pub(crate) fn ca(&self, ca: Ca) -> Result<&Holder, Error> {
        find(&self.authorities, ca)
    }

    /// Who answers OCSP for a CA: its delegated responder, or a root itself.
    pub(crate) fn ocsp_signer(&self, ca: Ca) -> Result<&Holder, Error> {
        find(&self.responders, ca).or_else(|_| find(&self.authorities, ca))
    }

    pub(crate) fn tsa(&self) -> &Holder {
        &self.tsa
    }

    pub(crate) fn no_tsa(&self) -> &Holder {
        &self.no_tsa
    }

    pub(crate) fn stranger(&self) -> &Holder {
        &self.stranger
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is replaced whole, so a panic elsewhere leaves it readable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Certificates with keys of our own: (issuer, certificate).
    fn own(&self) -> impl Iterator<Item = (Ca, &Certificate)> {
        let authorities = self.authorities.iter().map(|(ca, h)| (ca.parent(), &h.certificate));
        let responders = self.responders.iter().map(|(ca, h)| (*ca, &h.certificate));
        let stamping = [&self.tsa, &self.no_tsa].into_iter().map(|h| (Ca::Public, &h.certificate));
        authorities.chain(responders).chain(stamping)
    }

    fn has_own_serial(&self, serial: &str) -> bool {
        self.own().any(|(_, c)| hex::encode(c.serial()) == serial)
    }

    fn issued_by(&self, state: &State, issuer: Ca, serial: &str) -> bool {
        state.leaves.iter().any(|l| l.serial == serial && l.issuer == issuer.name())
            || self.own().any(|(ca, c)| ca == issuer && hex::encode(c.serial()) == serial)
    }

    fn chain(
        &self,
        issuer: Ca,
        purpose: &str,
        name: &str,
        organisation: &str,
        spki: &[u8],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let holder = find(&self.authorities, issuer)?;
        let mut state = self.lock();
        let known = state.leaves.iter().find(|l| l.spki.0 == spki && l.purpose == purpose && l.issuer == issuer.name());
        if let Some(leaf) = known {
            return Ok(vec![leaf.certificate.0.clone(), holder.certificate.der().to_vec()]);
        }
        if state.leaves.len() >= MAX_LEAVES {
            return Err(Error::State("too many certificates"));
        }
        let maker = Maker { base: &self.base, now: self.opened_at };
        let spec = CertificateSpec {
            subject: subject(organisation, name),
            key_usage: vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation],
            extended_key_usage: vec![ExtendedKeyUsage::EmailProtection, ExtendedKeyUsage::DocumentSigning],
            ..maker.leaf(issuer, spki.to_vec())?
        };
        let certificate = issue(&spec, Some(holder), &holder.key)?;
        let mut next = state.clone();
        next.leaves.push(StoredLeaf {
            issuer: issuer.name().to_owned(),
            purpose: purpose.to_owned(),
            serial: hex::encode(certificate.serial()),
            spki: Der(spki.to_vec()),
            certificate: Der(certificate.der().to_vec()),
        });
        self.place.write(&next)?;
        *state = next;
        Ok(vec![certificate.der().to_vec(), holder.certificate.der().to_vec()])
    }
}

fn find(holders: &[(Ca, Holder)], ca: Ca) -> Result<&Holder, Error> {
    holders.iter().find(|(c, _)| *c == ca).map(|(_, h)| h).ok_or(Error::State("an authority is missing"))
}

fn subject(organisation: &str, name: &str) -> Vec<(Attribute, String)> {
    vec![
        (Attribute::Country, "VN".to_owned()),
        (Attribute::Organisation, organisation.to_owned()),
        (Attribute::CommonName, name.to_owned()),
    ]
}

/// Signs a certificate and makes sure that it verifies.
fn issue(spec: &CertificateSpec, issuer: Option<&Holder>, key: &Key) -> Result<Certificate, Error> {
    let certificate =
        pki::issue::certificate(spec, issuer.map(|i| &i.certificate), key.algorithm(), &|tbs| key.sign(tbs))?;
    certificate.verify_issued_by(issuer.map_or(&certificate, |i| &i.certificate))?;
    Ok(certificate)
}

/// Makes what the state lacks.
struct Maker<'a> {
    base: &'a str,
    now: i64,
}

impl Maker<'_> {
    /// What leaves and issuing CAs of an issuer share. Valid from a year ago, so that a clock can be turned back.
    fn leaf(&self, issuer: Ca, spki_der: Vec<u8>) -> Result<CertificateSpec, Error> {
        let (base, name) = (self.base, issuer.name());
        Ok(CertificateSpec {
            serial: serial()?,
            not_before: self.now.saturating_sub(YEAR),
            not_after: self.now.saturating_add(YEAR.saturating_mul(3)),
            spki_der,
            ocsp_urls: vec![format!("{base}/ocsp/{name}")],
            issuer_urls: vec![format!("{base}/aia/{name}.cer")],
            crl_urls: vec![format!("{base}/crl/{name}.crl")],
            ..CertificateSpec::default()
        })
    }

    /// Loads a key and its certificate, or makes them.
    fn holder(
        &self,
        state: &mut State,
        id: &str,
        kind: Kind,
        make: impl FnOnce(&Key) -> Result<Certificate, Error>,
    ) -> Result<Holder, Error> {
        if let Some(stored) = state.keys.iter().find(|k| k.id == id) {
            let key = Key::from_pkcs8(kind, &stored.pkcs8.0)?;
            return Ok(Holder { key, certificate: Certificate::from_der(&stored.certificate.0)? });
        }
        let key = Key::generate(kind)?;
        let certificate = make(&key)?;
        let (pkcs8, der) = (Der(key.pkcs8()?), Der(certificate.der().to_vec()));
        state.keys.push(StoredKey { id: id.to_owned(), pkcs8, certificate: der });
        Ok(Holder { key, certificate })
    }

    fn authority(&self, state: &mut State, ca: Ca, parent: Option<&Holder>) -> Result<Holder, Error> {
        self.holder(state, ca.name(), ca.kind(), |key| {
            let root = ca.parent() == ca;
            let mut spec = self.leaf(ca.parent(), key.spki()?)?;
            spec.subject = ca.subject();
            spec.ca = Some(if root { None } else { Some(0) });
            spec.key_usage = vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign];
            spec.not_before = self.now.saturating_sub(YEAR.saturating_mul(if root { 3 } else { 2 }));
            spec.not_after = self.now.saturating_add(YEAR.saturating_mul(if root { 20 } else { 10 }));
            // A root publishes a list about its issuing CAs, as roots do. pyHanko's archive validation does not accept an answer
            // that a trust anchor signed by its own hand.
            spec.ocsp_urls = Vec::new();
            if root {
                // Nobody revokes a root: it names nobody to ask.
                (spec.issuer_urls, spec.crl_urls) = (Vec::new(), Vec::new());
            }
            issue(&spec, parent, parent.map_or(key, |p| &p.key))
        })
    }

    fn responder(&self, state: &mut State, ca: Ca, issuer: &Holder) -> Result<Holder, Error> {
        self.holder(state, &format!("ocsp-{}", ca.name()), Kind::P256, |key| {
            let spec = CertificateSpec {
                subject: subject("CTDT Test", &format!("CTDT Test OCSP {}", ca.name())),
                key_usage: vec![KeyUsage::DigitalSignature],
                extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
                ocsp_nocheck: true,
                ocsp_urls: Vec::new(),
                crl_urls: Vec::new(),
                ..self.leaf(ca, key.spki()?)?
            };
            issue(&spec, Some(issuer), &issuer.key)
        })
    }

    /// The TSA (RFC 3161 §2.3: one critical extended key usage), or its wrong twin without that usage.
    fn tsa(&self, state: &mut State, issuer: &Holder, right: bool) -> Result<Holder, Error> {
        let (id, name) = if right { ("tsa", "CTDT Test TSA") } else { ("no-tsa", "CTDT Test không phải TSA") };
        self.holder(state, id, Kind::P256, |key| {
            let usage = if right { ExtendedKeyUsage::TimeStamping } else { ExtendedKeyUsage::EmailProtection };
            let spec = CertificateSpec {
                subject: subject("CTDT Test", name),
                key_usage: vec![KeyUsage::DigitalSignature, KeyUsage::NonRepudiation],
                extended_key_usage: vec![usage],
                extended_key_usage_critical: right,
                not_after: self.now.saturating_add(YEAR.saturating_mul(5)),
                ..self.leaf(Ca::Public, key.spki()?)?
            };
            issue(&spec, Some(issuer), &issuer.key)
        })
    }

    fn operator(&self, state: &mut State) -> Result<Holder, Error> {
        self.holder(state, "operator", Kind::P256, |key| {
            let spec = CertificateSpec {
                serial: serial()?,
                subject: subject("CTDT Test", "CTDT Test vận hành"),
                not_before: self.now.saturating_sub(YEAR),
                not_after: self.now.saturating_add(YEAR.saturating_mul(20)),
                spki_der: key.spki()?,
                key_usage: vec![KeyUsage::DigitalSignature],
                ..CertificateSpec::default()
            };
            issue(&spec, None, key)
        })
    }

    fn stranger(&self, state: &mut State) -> Result<Holder, Error> {
        self.holder(state, "stranger", Kind::P256, |key| {
            let spec = CertificateSpec {
                serial: serial()?,
                subject: subject("CTDT Test người lạ", "CTDT Test OCSP người lạ"),
                not_before: self.now.saturating_sub(YEAR),
                not_after: self.now.saturating_add(YEAR.saturating_mul(5)),
                spki_der: key.spki()?,
                key_usage: vec![KeyUsage::DigitalSignature],
                extended_key_usage: vec![ExtendedKeyUsage::OcspSigning],
                ..CertificateSpec::default()
            };
            issue(&spec, None, key)
        })
    }
}

#[cfg(test)]
mod tests;
