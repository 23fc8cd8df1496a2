//! Who signs records of verifications: what a deployment gets from its operator beside the trust list.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::Certificate;
use pki::issue::{CrlSpec, RevokedEntry, crl};

use super::{Ca, Error, TestPki, YEAR};

/// Base64 of one line (RFC 7468 §2).
const LINE: usize = 64;

impl TestPki {
    /// The chain of the verification service's key and the lists of its issuers, as PEM: what `casework::record` reads. The same key
    /// always has the same certificate; the lists are made at `now` and end with the year, for the sandbox's clock may be moved.
    ///
    /// # Errors
    /// [`Error`] when the key cannot be read, the state cannot be written or a list cannot be made.
    pub fn report_signer(&self, name: &str, organisation: &str, spki: &[u8], now: i64) -> Result<String, Error> {
        let mut pem = String::new();
        for der in self.chain(Ca::Government, "service", name, organisation, spki)? {
            pem.push_str(&Certificate::from_der(&der)?.to_pem());
        }
        for ca in [Ca::Government, Ca::GovernmentRoot] {
            pem.push_str(&armoured(&self.list_of_revoked(ca, now)?));
        }
        Ok(pem)
    }

    fn list_of_revoked(&self, ca: Ca, now: i64) -> Result<Vec<u8>, Error> {
        let entry = |(serial, at, reason)| RevokedEntry { serial, at, reason };
        let spec = CrlSpec {
            this_update: now,
            next_update: Some(now.saturating_add(YEAR)),
            number: u64::try_from(now).unwrap_or(0),
            revoked: self.revocations(ca).into_iter().map(entry).collect(),
            extra_extensions: Vec::new(),
        };
        let issuer = self.ca(ca)?;
        Ok(crl(&spec, &issuer.certificate, issuer.key.algorithm(), &|tbs| issuer.key.sign(tbs))?)
    }
}

fn armoured(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines = base64.as_bytes().chunks(LINE).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    format!("-----BEGIN X509 CRL-----\n{}-----END X509 CRL-----\n", lines.collect::<String>())
}
