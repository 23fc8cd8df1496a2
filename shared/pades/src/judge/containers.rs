//! The last container of a certified copy: `/Contents` holds what the house wrote, octet by octet. A signature does not cover itself; of
//! an earlier one the next covers every byte, of the last nothing does, so whatever in it is neither signed nor needed could be changed by
//! anybody. Earlier ones keep the form they were written in: another version of the house may have written them.
//!
//! The form is [`pki::cms::SignedData::exact`], the one that [`crate::embed`] writes. Other signed files keep what their writers wrote.

use pki::cms::SignedData;
use pki::{Certificate, Interner};

use super::crypto::Crypto;
use super::find::Found;
use super::words;
use crate::policy::Policy;
use crate::report::Reason;
use crate::said::{Words, quoted};

/// Whose issuers are known without the container itself.
pub(crate) struct Known<'k> {
    /// What `/DSS` holds.
    pub(crate) stored: &'k [Certificate],
    pub(crate) policy: &'k Policy<'k>,
    /// The revision that brought the last signature: something without one may stand behind it.
    pub(crate) last: usize,
    /// What this judgement has read.
    pub(crate) interner: &'k Interner,
}

/// What is wrong with the last container, one list for each signature. A signature that is broken already is left to its own reasons.
pub(crate) fn check(found: &[Found], cryptos: &[Crypto], known: &Known<'_>) -> Vec<Vec<Reason>> {
    let one = |(one, crypto): (&Found, &Crypto)| {
        if one.brought < known.last {
            return None;
        }
        let container = crypto.container.as_ref().filter(|_| crypto.intact)?;
        let reason = container_reason(one, crypto, container, known)?;
        let foreign = reason.code == ALTERED && one.is_timestamp() && is_strangers(crypto, cryptos);
        Some(if foreign { Reason::with("copy-timestamp-foreign", &[("field", one.field.clone())]) } else { reason })
    };
    found.iter().zip(cryptos).map(|pair| one(pair).into_iter().collect()).collect()
}

const ALTERED: &str = "copy-container-altered";

/// The authority behind a time-stamp over the file made none of the others. Who archives with another one writes as it likes, and so may
/// who changed the container: which of the two it was, nobody can tell.
fn is_strangers(crypto: &Crypto, cryptos: &[Crypto]) -> bool {
    let Some(signer) = &crypto.signer else { return false };
    let mut others = cryptos.iter().filter(|other| other.sha256 != crypto.sha256);
    !others.any(|other| {
        let stamps = other.stamps.iter().flat_map(|stamp| &stamp.certificates);
        other.signer.as_ref().into_iter().chain(stamps).any(|one| one == signer)
    })
}

fn container_reason(found: &Found, crypto: &Crypto, container: &SignedData, known: &Known<'_>) -> Option<Reason> {
    let say = |code: &str, detail: Words| Reason::of(code, &found.field, detail);
    let byte = |at: usize| Words::same(format!("byte {at}"));
    let exact = match container.exact(known.stored, known.interner) {
        Ok(exact) => exact,
        Err(error) => return Some(say(ALTERED, words::wrong(&error))),
    };
    let (written, padding) = found.contents.split_at(exact.len().min(found.contents.len()));
    if written != exact {
        let same = written.iter().zip(&exact).take_while(|(one, other)| one == other).count();
        return Some(say(ALTERED, byte(same)));
    }
    if let Some(at) = padding.iter().position(|octet| *octet != 0) {
        return Some(say("copy-padding-used", byte(exact.len() + at)));
    }
    let stranger = unvouched(crypto, container, known)?;
    Some(say("copy-certificate-unverified", Words::same(quoted(&stranger.subject()))))
}

/// An embedded certificate of which nobody says that it is genuine. The signer's own is bound by the signature.
fn unvouched<'c>(crypto: &'c Crypto, container: &'c SignedData, known: &Known<'_>) -> Option<&'c Certificate> {
    let stamped = crypto.stamps.iter().flat_map(|stamp| &stamp.certificates);
    let embedded: Vec<&Certificate> = container.certificates().iter().chain(stamped).collect();
    let others = || known.stored.iter().chain(known.policy.anchors).chain(&known.policy.extra.certificates);
    let vouched = |one: &Certificate| {
        let signer = crypto.bound && crypto.signer.as_ref() == Some(one);
        let issued = |issuer: &Certificate| one.verify_issued_by(issuer).is_ok();
        signer || others().any(|other| other == one || issued(other)) || embedded.iter().any(|other| issued(other))
    };
    embedded.iter().copied().find(|one| !vouched(one))
}
