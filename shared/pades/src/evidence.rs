//! Which chains a caller has to complete and to ask revocation for.

use pdf::Document;
use pki::Certificate;
use pki::cms::SignedData;

use crate::error::Error;
use crate::held::Held;
use crate::judge::file::File;
use crate::judge::find::{self, Found};
use crate::judge::trust::store;

/// Longest chain that is followed.
const CHAIN: usize = 10;

/// Whose chain it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChainPurpose {
    /// The signer of a signature.
    Signer,
    /// The time-stamping authority of a signature's or document's time-stamp.
    Timestamp,
}

/// One chain as far as the file embeds it, leaf first.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Field of the signature that it belongs to.
    pub field: String,
    /// Whose.
    pub purpose: ChainPurpose,
    /// X.509 certificates, leaf first.
    pub certificates: Vec<Certificate>,
    /// The last one is self-signed.
    pub complete: bool,
    /// Time of the time-stamp, Unix seconds; for a signer the earliest time-stamp of its signature. Not verified.
    pub time: Option<i64>,
}

/// The chains of every signer and every TSA in the file. Structures that cannot be read are left out: [`crate::judge`] reports them.
///
/// # Errors
/// [`Error`] when the file cannot be read.
pub fn evidence_wanted(file: &Held<'_>) -> Result<Vec<Chain>, Error> {
    chains_in(&file.open()?)
}

/// DER of the X.509 certificate that the signature of a field names, in whatever kind of file; `None` also when it cannot be read. Nothing
/// is verified.
#[must_use]
pub fn signer_named(file: File<'_>, field: &str) -> Option<Certificate> {
    let chains = chains_in(&find::open(&file).ok()?).ok()?;
    let signer = chains.into_iter().find(|chain| chain.field == field && chain.purpose == ChainPurpose::Signer)?;
    signer.certificates.into_iter().next()
}

fn chains_in(document: &Document<'_>) -> Result<Vec<Chain>, Error> {
    if document.is_encrypted() {
        return Err(Error::Unsuitable("encrypted"));
    }
    let views = find::views(document)?;
    let stored = store(document)?.certificates;
    let mut chains = Vec::new();
    for found in find::find(&views)? {
        if found.is_timestamp() {
            chains.extend(stamp_chain(&found, &found.contents, &stored));
            continue;
        }
        let Ok(data) = SignedData::parse(&found.contents) else { continue };
        let tokens = data.timestamp_tokens();
        let stamps: Vec<Chain> = tokens.iter().filter_map(|token| stamp_chain(&found, token, &stored)).collect();
        let mut pool = data.certificates().to_vec();
        pool.extend(stored.iter().cloned());
        if let Some(leaf) = data.signer_certificate() {
            let (certificates, complete) = follow(leaf, &pool);
            let time = stamps.iter().filter_map(|stamp| stamp.time).min();
            chains.push(Chain {
                field: found.field.clone(),
                purpose: ChainPurpose::Signer,
                certificates,
                complete,
                time,
            });
        }
        chains.extend(stamps);
    }
    Ok(chains)
}

fn stamp_chain(found: &Found, token: &[u8], stored: &[Certificate]) -> Option<Chain> {
    let token = pki::tsp::Token::parse(token).ok()?;
    let mut pool = token.certificates().to_vec();
    pool.extend(stored.iter().cloned());
    let (certificates, complete) = follow(token.signer_certificate()?, &pool);
    let time = Some(token.gen_time());
    Some(Chain { field: found.field.clone(), purpose: ChainPurpose::Timestamp, certificates, complete, time })
}

/// From the leaf upwards by name and signature.
fn follow(leaf: &Certificate, pool: &[Certificate]) -> (Vec<Certificate>, bool) {
    let mut chain = vec![leaf.clone()];
    while let Some(last) = chain.last().filter(|last| !last.is_self_signed() && chain.len() < CHAIN) {
        let issuer = last.issuer();
        let above = pool.iter().find(|candidate| {
            candidate.subject() == issuer && !chain.contains(candidate) && last.verify_issued_by(candidate).is_ok()
        });
        match above.cloned() {
            Some(above) => chain.push(above),
            None => break,
        }
    }
    let complete = chain.last().is_some_and(Certificate::is_self_signed);
    (chain, complete)
}
