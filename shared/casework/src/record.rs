//! Signs the record of a verification (biên bản kiểm tra, R69) with the key of the verification service.
//!
//! Judges nothing and keeps nothing. The signature is an approval signature of level B-B: whoever holds a key has no way out
//! (decision 0002), so there is no time-stamp. What is signed follows from the report, the time and the certificate alone, and the
//! key signs without chance (RSASSA-PKCS1-v1_5): asked twice, the service gives the same bytes, and has nothing to store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use compose::{REPORT_FIELD, Signing};
use domain::ports::{Fault, Objects, ReportKey};
use domain::time::rfc3339;
use jiff::Timestamp;
use pades::{LongTerm, Material, Prepared, SignaturePlan, Signed};
use pki::Certificate;
use pki::crl::Crl;
use pki::ocsp::{CertStatus, Freshness};
use serde_json::Value;

use crate::workshop::pdf_date;

/// The most that certificates and lists of revoked ones may be, in octets.
const LIMIT: u64 = 4 * 1024 * 1024;
/// The label of a list in PEM (RFC 7468 §6).
const CRL: (&str, &str) = ("-----BEGIN X509 CRL-----", "-----END X509 CRL-----");
/// What viewers show beside the signature.
const REASON: &str = "Biên bản kiểm tra chữ ký số; không phải bản sao có chứng thực";

/// Who signs records: the chain of the service's X.509 certificate, leaf first, and lists that say who was revoked.
#[derive(Clone, Debug)]
pub struct Signer {
    leaf: Certificate,
    chain: Vec<Certificate>,
    crls: Vec<Vec<u8>>,
}

impl Signer {
    /// What the operator has put at `path`: PEM blocks `CERTIFICATE`, leaf first, and `X509 CRL`.
    ///
    /// # Errors
    /// [`Fault`]: there is none, it cannot be read, it may not sign at `now`, or one of the lists beside it says that it is revoked.
    pub async fn load(objects: &impl Objects, path: &str, now: Timestamp) -> Result<Self, Fault> {
        let pem = objects.read(path, LIMIT).await?.ok_or_else(|| Fault(format!("there is no {path}")))?;
        let signer = Self::read(&String::from_utf8_lossy(&pem)).map_err(|fault| Fault(format!("{path}: {fault}")))?;
        if !signer.leaf.valid_at(now.as_second()) {
            return Err(Fault(format!("{path}: the certificate is not valid now")));
        }
        if signer.is_revoked(now) {
            return Err(Fault(format!("{path}: the certificate is revoked")));
        }
        Ok(signer)
    }

    /// Whether a list of the issuer names the leaf; of a list of any age, for what was revoked stays so.
    fn is_revoked(&self, now: Timestamp) -> bool {
        let Some(issuer) = self.chain.get(1) else { return false };
        self.crls.iter().filter_map(|der| Crl::parse(der).ok()).any(|list| {
            let at = now.as_second().min(list.next_update().unwrap_or(i64::MAX));
            let found = list.check(&self.leaf, issuer, at, Freshness::Historical);
            matches!(found.map(|found| found.status), Ok(CertStatus::Revoked { .. }))
        })
    }

    /// Whether nothing beside the certificate says any more whether it is revoked: who judges a record then cannot tell.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let lists = self.crls.iter().filter_map(|der| Crl::parse(der).ok()).filter(|list| list.is_about(&self.leaf));
        !lists.filter_map(|list| list.next_update()).any(|end| end > now.as_second())
    }

    fn read(pem: &str) -> Result<Self, Fault> {
        let chain = Certificate::from_pem_many(pem).map_err(|error| Fault(error.to_string()))?;
        let leaf = chain.first().cloned().ok_or_else(|| Fault("no certificate".into()))?;
        Ok(Self { leaf, chain, crls: lists(pem)? })
    }

    fn name(&self) -> String {
        self.leaf.common_name().unwrap_or_else(|| self.leaf.subject())
    }

    /// The time that a signature about a fact of `at` claims: not before the certificate that makes it.
    fn claims(&self, at: Timestamp) -> Timestamp {
        let begun = Timestamp::from_second(self.leaf.not_before()).unwrap_or(at);
        at.max(begun)
    }

    /// What a verifier needs who asks nobody; the chain stands in the signature.
    fn material(&self) -> LongTerm<'_> {
        let about = |der| Material { der, fields: vec![REPORT_FIELD] };
        LongTerm { crls: self.crls.iter().map(|der| about(der.as_slice())).collect(), ..LongTerm::default() }
    }
}

fn lists(pem: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let body = |block: &str| {
        let text = block.split_once(CRL.1).map(|(body, _)| body.split_ascii_whitespace().collect::<String>());
        text.and_then(|text| STANDARD.decode(text).ok()).ok_or_else(|| Fault("an X509 CRL is no PEM".into()))
    };
    pem.split(CRL.0).skip(1).map(body).collect()
}

/// The signed record of `report`, which is about something that was so at `at`.
///
/// Lists of revoked certificates go behind the signature: the file up to there stays the same when they are renewed.
///
/// # Errors
/// [`Fault`]: no answer of the key, one that is not by the certificate, or a report that cannot be shown.
pub async fn signed(key: &impl ReportKey, signer: &Signer, report: &Value, at: Timestamp) -> Result<Vec<u8>, Fault> {
    let prepared = prepare(signer, report, at)?;
    let signature = key.sign(&prepared.signed_attributes).await?;
    finish(signer, &prepared, &signature)
}

fn prepare(signer: &Signer, report: &Value, at: Timestamp) -> Result<Prepared, Fault> {
    let (name, at) = (signer.name(), signer.claims(at));
    let record = compose::report_to_sign(report, &Signing { signer: &name, at: &rfc3339(at) });
    let record = record.map_err(|error| Fault(format!("a record cannot be made: {error}")))?;
    let plan = SignaturePlan {
        field: REPORT_FIELD,
        chain: &signer.chain,
        name: &name,
        reason: REASON,
        location: "",
        signed_at: &pdf_date(at),
        appearance: None,
        token_room: 0,
        ecopy: None,
    };
    pades::prepare(&record, &plan).map_err(unfinished)
}

fn finish(signer: &Signer, prepared: &Prepared, signature: &[u8]) -> Result<Vec<u8>, Fault> {
    let (attributes, contents) = (&prepared.signed_attributes, prepared.contents.clone());
    let signed = Signed { attributes, signature, chain: &signer.chain, token: None };
    let file = pades::finish(&prepared.file, contents, &signed);
    pades::add_material(&file.map_err(unfinished)?, &signer.material()).map_err(unfinished)
}

fn unfinished(error: pades::Error) -> Fault {
    Fault(format!("a record cannot be signed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_among_certificates() {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\
                   -----BEGIN X509 CRL-----\nAQID\nBA==\n-----END X509 CRL-----\n\
                   -----BEGIN X509 CRL-----\r\nBQ==\r\n-----END X509 CRL-----\r\n";
        assert_eq!(lists(pem).expect("PEM"), [vec![1, 2, 3, 4], vec![5]]);
        assert!(lists("").expect("none").is_empty());
        for bad in ["-----BEGIN X509 CRL-----\nAQID", "-----BEGIN X509 CRL-----\n?\n-----END X509 CRL-----"] {
            assert!(lists(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_a_certificate_nobody_signs() {
        assert!(Signer::read("").is_err());
    }
}
