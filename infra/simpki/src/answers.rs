//! What a SIM gives for a prompt that the person confirmed, and what the scenarios make of it. Stores nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;
use crate::asn1::{Extras, self_issued, signed_data};
use crate::engine::Sim;
use crate::keys::{Chance, SimKey, concatenated, sha256};
use crate::scenario::Scenario;
use crate::sim::{Format, Transaction};

/// One signature for each digest, base64, in order.
pub(crate) struct Answers {
    pub(crate) signatures: Vec<String>,
    /// Base64 DER; only when it is not the one that the SIM was enrolled with.
    pub(crate) certificate: Option<String>,
}

/// Signs all digests of a prompt as the scenario of the SIM says.
pub(crate) fn sign_all(sim: &Sim, transaction: &Transaction, chance: &Chance) -> Result<Answers, Error> {
    let scenario = sim.data.scenario;
    let another = match scenario {
        Scenario::WrongSignature | Scenario::RotatedCertificate => Some(SimKey::generate(sim.data.kind)?),
        _ => None,
    };
    let key = another.as_ref().unwrap_or(&sim.key);
    let rotated = match &another {
        Some(key) if scenario == Scenario::RotatedCertificate => Some(self_issued(key)?),
        _ => None,
    };
    let chain = match &rotated {
        Some(leaf) => vec![leaf.clone()],
        None => decoded(&sim.data.chain)?,
    };
    let mut signatures = Vec::with_capacity(transaction.hashes.len());
    for hash in decoded(&transaction.hashes)? {
        let hash = if scenario == Scenario::OtherHash { other(&hash) } else { hash };
        let signature = match transaction.format {
            Format::Bare => bare(key, &hash, scenario)?,
            Format::Cms => signed_data(key, &chain, &hash, extras(scenario, chance)?)?,
        };
        signatures.push(STANDARD.encode(signature));
    }
    Ok(Answers { signatures, certificate: rotated.map(|der| STANDARD.encode(der)) })
}

fn bare(key: &SimKey, hash: &[u8], scenario: Scenario) -> Result<Vec<u8>, Error> {
    let signature = key.sign(hash)?;
    if key.is_rsa() || scenario != Scenario::EcdsaConcatenated {
        return Ok(signature);
    }
    concatenated(&signature).ok_or_else(|| Error::State("a fresh ECDSA signature cannot be read".to_owned()))
}

fn extras(scenario: Scenario, chance: &Chance) -> Result<Extras, Error> {
    let nonce = if scenario == Scenario::CmsWithNonce { Some(chance.bytes()?) } else { None };
    Ok(Extras { ess: scenario != Scenario::CmsWithoutEss, nonce })
}

/// Another digest of the same length.
fn other(hash: &[u8]) -> Vec<u8> {
    let again = sha256(hash);
    again.iter().copied().cycle().take(hash.len()).collect()
}

fn decoded(texts: &[String]) -> Result<Vec<Vec<u8>>, Error> {
    let broken = |_| Error::State("a stored value is not base64".to_owned());
    texts.iter().map(|text| STANDARD.decode(text).map_err(broken)).collect()
}

/// What the gateway sends of the signatures.
pub(crate) fn sent(mut signatures: Vec<String>, scenario: Scenario) -> Vec<String> {
    match scenario {
        Scenario::MissingOne => drop(signatures.pop()),
        Scenario::Reordered => signatures.reverse(),
        _ => {}
    }
    signatures
}
