//! The cryptography of one signature: CMS or time-stamp token over the byte range (rule A7).

use pki::cms::{SignedData, Trailing};
use pki::{Certificate, DigestAlgorithm, Interner, Weakness};

use super::digest::{Digests, Ranges};
use super::find::Found;
use super::proof::sha256;
use super::words;
use crate::report::Reason;
use crate::said::{Words, quoted};

/// Time-stamp tokens that are looked at in one signature.
const TOKENS: usize = 16;

/// A time-stamp token whose own signature is good.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(crate) gen_time: i64,
    /// SHA-256 of the token.
    pub(crate) sha256: [u8; 32],
    pub(crate) signer: Certificate,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) weak: Vec<Weakness>,
    /// The token binds its signer by an ESS attribute.
    pub(crate) bound: bool,
}

/// What the bytes themselves say.
#[derive(Debug, Default)]
pub(crate) struct Crypto {
    pub(crate) intact: bool,
    /// SHA-256 of the CMS structure without its padding.
    pub(crate) sha256: Option<[u8; 32]>,
    /// ETSI sub-indication of a failure.
    pub(crate) failure: Option<&'static str>,
    pub(crate) signer: Option<Certificate>,
    pub(crate) digest: Option<DigestAlgorithm>,
    pub(crate) weak: Vec<Weakness>,
    /// The signature binds its signer by an ESS attribute.
    pub(crate) bound: bool,
    pub(crate) claimed: Option<i64>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) ocsps: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    /// Signature time-stamps, or the document time-stamp itself.
    pub(crate) stamps: Vec<Stamp>,
    /// The CMS structure, where its signature is good.
    pub(crate) container: Option<SignedData>,
    pub(crate) reasons: Vec<Reason>,
}

pub(crate) fn check(found: &Found, digests: &Digests<'_>, pool: &[Certificate], interner: &Interner) -> Crypto {
    let mut crypto = Crypto::default();
    let Some(ranges) = found.ranges else {
        crypto.failure = Some("FORMAT_FAILURE");
        return crypto;
    };
    match found.sub_filter() {
        b"ETSI.RFC3161" => document_timestamp(found, ranges, digests, interner, &mut crypto),
        // The Brazilian profile of CAdES has a name of its own.
        b"ETSI.CAdES.detached" | b"PBAD.PAdES" | b"adbe.pkcs7.detached" | b"adbe.pkcs7.sha1" => {
            signature(found, ranges, digests, pool, interner, &mut crypto);
        }
        b"adbe.x509.rsa_sha1" => bare_rsa(found, ranges, digests, interner, &mut crypto),
        other => {
            let name = quoted(&String::from_utf8_lossy(other));
            unsupported(found, Words::same(format!("SubFilter {name}")), &mut crypto);
        }
    }
    crypto
}

fn unsupported(found: &Found, detail: Words, crypto: &mut Crypto) {
    crypto.failure = Some("FORMAT_FAILURE");
    crypto.reasons.push(Reason::of("signature-unsupported", &found.field, detail));
}

fn signature(
    found: &Found,
    ranges: Ranges,
    digests: &Digests<'_>,
    pool: &[Certificate],
    interner: &Interner,
    crypto: &mut Crypto,
) {
    let data = match SignedData::parse_in(&found.contents, interner) {
        Ok(data) => data,
        Err(error) => return refuse(found, &error, crypto),
    };
    if data.trailing() == Trailing::Other {
        crypto.reasons.push(Reason::with("padding-not-zero", &[("field", found.field.clone())]));
    }
    crypto.sha256 = Some(sha256(data.der()));
    crypto.certificates = data.certificates().to_vec();
    crypto.ocsps = data.embedded_ocsps();
    crypto.crls = data.embedded_crls();
    crypto.claimed = data.signing_time();
    crypto.signer = data.signer_certificate().cloned();
    let enveloping = data.encapsulated_content().is_some();
    if enveloping && found.sub_filter() != b"adbe.pkcs7.sha1" {
        return refuse(found, &pki::Error::EncapsulatedContent, crypto);
    }
    match data.verify_with(&|algorithm| digests.of(ranges, algorithm), pool) {
        Ok(verified) => {
            crypto.intact = true;
            // Checked with the rest, where it is there.
            crypto.bound = data.has_ess();
            crypto.digest = Some(verified.digest_algorithm);
            crypto.weak = relevant(verified.weak);
            crypto.signer = Some(verified.signer);
        }
        Err(error) => return refuse(found, &error, crypto),
    }
    if !crypto.bound {
        unbound(found, crypto);
    }
    for token in data.timestamp_tokens().iter().take(TOKENS) {
        match read_token(token, interner, &|algorithm| pki::digest(algorithm, &[data.signature_value()])) {
            Ok((stamp, _)) => crypto.stamps.push(stamp),
            Err(error) => crypto.reasons.push(Reason::of("timestamp-bad", &found.field, words::wrong(&error))),
        }
    }
    crypto.container = Some(data);
}

/// A7: without an ESS attribute the signature goes with every X.509 certificate on the same key, and whoever exchanges the one in the
/// container exchanges the signer's name. CAdES demands the attribute (EN 319 122-1 §5.2.2); older kinds of signatures have none.
fn unbound(found: &Found, crypto: &mut Crypto) {
    let cades = matches!(found.sub_filter(), b"ETSI.CAdES.detached" | b"PBAD.PAdES");
    let code = if cades { "signer-binding-missing" } else { "signer-unbound" };
    crypto.reasons.push(Reason::with(code, &[("field", found.field.clone())]));
}

fn document_timestamp(found: &Found, ranges: Ranges, digests: &Digests<'_>, interner: &Interner, crypto: &mut Crypto) {
    // Some writers say /Sig here; a missing type would make it an ordinary signature (ISO 32000-2 table 255).
    if !found.dict.is_type(b"DocTimeStamp") && !found.dict.is_type(b"Sig") {
        let detail = Words::new("dấu thời gian tài liệu không ghi loại", "a document time-stamp without /Type");
        return unsupported(found, detail, crypto);
    }
    match read_token(&found.contents, interner, &|algorithm| digests.of(ranges, algorithm)) {
        Ok((stamp, container)) => {
            crypto.intact = true;
            crypto.bound = stamp.bound;
            crypto.signer = Some(stamp.signer.clone());
            crypto.certificates = stamp.certificates.clone();
            crypto.weak = stamp.weak.clone();
            crypto.sha256 = Some(stamp.sha256);
            crypto.stamps.push(stamp);
            if container.trailing() == Trailing::Other {
                crypto.reasons.push(Reason::with("padding-not-zero", &[("field", found.field.clone())]));
            }
            crypto.container = Some(container);
        }
        Err(error) => refuse(found, &error, crypto),
    }
}

fn read_token(
    der: &[u8],
    interner: &Interner,
    digest: &dyn Fn(DigestAlgorithm) -> Vec<u8>,
) -> Result<(Stamp, SignedData), pki::Error> {
    let token = pki::tsp::Token::parse_in(der, interner)?;
    let facts = token.verify(digest)?;
    let weak = relevant(facts.weak);
    let sha256 = sha256(token.der());
    let stamp = Stamp {
        gen_time: facts.gen_time,
        sha256,
        signer: facts.signer,
        certificates: facts.certificates,
        weak,
        bound: facts.bound,
    };
    Ok((stamp, token.into_signed_data()))
}

fn bare_rsa(found: &Found, ranges: Ranges, digests: &Digests<'_>, interner: &Interner, crypto: &mut Crypto) {
    let embedded = match found.dict.get(b"Cert") {
        Some(pdf::Object::String(string)) => Some(string.bytes.as_slice()),
        Some(pdf::Object::Array(list)) => list.first().and_then(pdf::Object::as_string),
        _ => None,
    };
    let Some(Ok(signer)) = embedded.map(|der| interner.certificate(der)) else {
        let detail = Words::new("không kèm chứng thư người ký", "adbe.x509.rsa_sha1 without /Cert");
        return unsupported(found, detail, crypto);
    };
    match pki::cms::verify_rsa_sha1(&found.contents, &signer, &|algorithm| digests.of(ranges, algorithm)) {
        Ok(verified) => {
            crypto.intact = true;
            // `/Cert` stands in the signature dictionary, which is signed.
            crypto.bound = true;
            crypto.digest = Some(verified.digest_algorithm);
            crypto.weak = verified.weak;
        }
        Err(error) => refuse(found, &error, crypto),
    }
    crypto.certificates = vec![signer.clone()];
    crypto.signer = Some(signer);
}

/// SHA-1 in the ESS attribute alone does not weaken a SHA-256 signature; authorities still bind themselves by it.
fn relevant(weak: Vec<Weakness>) -> Vec<Weakness> {
    weak.into_iter().filter(|weak| !matches!(weak, Weakness::WeakBinding(_))).collect()
}

fn refuse(found: &Found, error: &pki::Error, crypto: &mut Crypto) {
    use pki::Error as E;
    let (code, failure) = match error {
        E::DigestMismatch | E::TimestampImprint => ("content-changed", "HASH_FAILURE"),
        E::SignatureInvalid => ("signature-wrong", "SIG_CRYPTO_FAILURE"),
        E::EssMismatch => ("signer-mismatch", "SIG_CONSTRAINTS_FAILURE"),
        E::UnsupportedAlgorithm { .. } => ("signature-unsupported", "SIG_CRYPTO_FAILURE"),
        E::SignerNotFound => ("signer-certificate-missing", "NO_SIGNING_CERTIFICATE_FOUND"),
        _ => ("signature-malformed", "FORMAT_FAILURE"),
    };
    crypto.intact = false;
    crypto.failure = Some(failure);
    crypto.reasons.push(Reason::of(code, &found.field, words::wrong(error)));
}
