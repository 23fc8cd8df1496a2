//! The rules of a certified copy (R68, decision 8, 9, 41): two signatures in pre-made fields, in order, locked, with a number.

use pdf::{Dict, Document, Object};
use pki::Certificate;

use super::crypto::Crypto;
use super::find::Found;
use super::permissions::Permissions;
use super::words;
use crate::changes::{Place, shadow_places};
use crate::plan::{EcopyFacts, LEADER_FIELD, SEAL_FIELD};
use crate::policy::{RegisterFacts, RegisterStatus};
use crate::report::{Reason, Role};
use crate::said::{Words, quoted};

/// Prefixes of identity numbers of persons in Vietnamese X.509 certificates (domain.md §4.2).
const PERSONAL: &[&str] = &["CCCD:", "CMND:", "HC:", "PID:", "PPID:", "BHXH:"];

/// The role of a field by its name, in a certified copy.
pub(crate) fn role(found: &Found) -> Role {
    match found.field.as_str() {
        _ if found.is_timestamp() => Role::Timestamp,
        LEADER_FIELD => Role::Leader,
        SEAL_FIELD => Role::Seal,
        _ => Role::Other,
    }
}

/// Both fields exist: the file is meant as a certified copy (decision 43).
pub(crate) fn looks_like_copy(document: &Document<'_>) -> bool {
    let fields = document.fields().unwrap_or_default();
    [LEADER_FIELD, SEAL_FIELD]
        .iter()
        .all(|name| fields.iter().any(|field| field.full_name == *name && field.field_type.as_deref() == Some(b"Sig")))
}

/// What is wrong with the copy as a copy.
pub(crate) fn check(
    views: &[Document<'_>],
    found: &[Found],
    cryptos: &[Crypto],
    permissions: &[Permissions],
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let position = |role_wanted: Role| found.iter().position(|one| role(one) == role_wanted);
    let (Some(leader), Some(seal)) = (position(Role::Leader), position(Role::Seal)) else {
        reasons.push(Reason::new("only-one-signature"));
        return reasons;
    };
    let mut structure =
        |vi: &str, en: &str| reasons.push(Reason::told("copy-structure", &[("detail", Words::new(vi, en))]));
    if found.iter().any(|one| role(one) == Role::Other) {
        structure("có chữ ký thứ ba", "there is a third signature");
    }
    if found
        .iter()
        .any(|one| role(one) == Role::Timestamp && found.get(seal).is_some_and(|seal| one.revision < seal.revision))
    {
        structure("dấu thời gian tài liệu đứng trước dấu cơ quan", "a document time-stamp precedes the agency's seal");
    }
    if !permissions.get(seal).is_some_and(Permissions::locks_all) {
        structure("dấu cơ quan không khóa các ô", "the agency's seal does not lock the fields");
    }
    for Words { vi, en } in views.last().map(foreign).unwrap_or_default() {
        structure(&vi, &en);
    }
    let first = found.get(leader).and_then(|leader| views.get(leader.revision));
    if !first.is_some_and(looks_like_copy) {
        structure(
            "ô ký không có sẵn trước chữ ký đầu tiên",
            "the signature fields did not exist before the first signature",
        );
    }
    let order = |at: usize| found.get(at).map(|one| one.revision);
    if order(leader) >= order(seal) {
        reasons.push(Reason::new("wrong-order"));
    }
    for (one, crypto) in [leader, seal].iter().filter_map(|at| found.get(*at).zip(cryptos.get(*at))) {
        reasons.extend(identity(crypto).map(|code| Reason::with(code, &[("field", one.field.clone())])));
    }
    let signer = |at: usize| cryptos.get(at).and_then(|crypto| crypto.signer.as_ref());
    if let (Some(person), Some(agency)) = (signer(leader), signer(seal)) {
        signers(person, agency, &mut reasons);
    }
    reasons
}

/// Why the X.509 certificate of a signature that is whole does not say who signed a copy.
pub(crate) fn identity(crypto: &Crypto) -> Option<&'static str> {
    let signer = crypto.signer.as_ref().filter(|_| crypto.intact)?;
    match (crypto.bound, signer.may_sign_documents()) {
        (false, _) => Some("copy-signer-unbound"),
        (true, false) => Some("copy-certificate-usage"),
        (true, true) => None,
    }
}

/// The leader's organisation is the agency: its common name where `O` names the body above it, else its `O`.
fn signers(person: &Certificate, agency: &Certificate, reasons: &mut Vec<Reason>) {
    let personal = agency.user_ids().iter().any(|id| PERSONAL.iter().any(|prefix| id.starts_with(prefix)));
    if personal || agency.organisation().is_none() || person == agency {
        reasons.push(Reason::new("not-agency-certificate"));
    } else if person
        .organisation()
        .is_some_and(|of| agency.organisation() != Some(of.clone()) && agency.common_name() != Some(of))
    {
        let params = [
            ("leader", person.organisation().unwrap_or_default()),
            ("seal", agency.organisation().unwrap_or_default()),
        ];
        reasons.push(Reason::with("leader-agency-differs", &params));
    }
}

/// What a certified copy does not have: other fields, and anything that could show something else at another time (E).
pub(crate) fn foreign(view: &Document<'_>) -> Vec<Words> {
    let field = match foreign_field(view) {
        Ok(field) => field.map(|field| {
            let name = quoted(&field);
            Words::new(format!("có ô biểu mẫu khác: {name}"), format!("there is another form field: {name}"))
        }),
        // A field that cannot be read is not known to be one of ours.
        Err(error) => Some(words::unreadable(&error)),
    };
    // An empty signature field is one of ours that waits for its signature, or is told as another field.
    let ours = |place: &Place| matches!(place, Place::OpenSignature(_));
    let places = shadow_places(view).into_iter().filter(|place| !ours(place));
    field.into_iter().chain(places.map(|place| words::shadow(&place))).collect()
}

/// A field that a certified copy does not have: anything but the two signatures and document time-stamps.
fn foreign_field(view: &Document<'_>) -> Result<Option<String>, pdf::Error> {
    for field in view.fields()? {
        let ours = field.field_type.as_deref() == Some(b"Sig")
            && (field.full_name == LEADER_FIELD
                || field.full_name == SEAL_FIELD
                || is_timestamp(view, field.value.as_ref())?);
        if !ours {
            return Ok(Some(field.full_name));
        }
    }
    Ok(None)
}

fn is_timestamp(view: &Document<'_>, value: Option<&Object>) -> Result<bool, pdf::Error> {
    let value = view.resolve(value.unwrap_or(&Object::Null))?;
    Ok(value.as_dict().is_some_and(|dict| dict.name(b"SubFilter") == Some(b"ETSI.RFC3161")))
}

/// `/CTDT` of the seal's signature dictionary: signed with everything else.
pub(crate) fn facts(view: &Document<'_>, found: &[Found]) -> Option<EcopyFacts> {
    let seal = found.iter().find(|one| role(one) == Role::Seal)?;
    read_facts(view, view.get(&seal.dict, b"CTDT").ok()?.as_dict()?)
}

fn read_facts(view: &Document<'_>, dict: &Dict) -> Option<EcopyFacts> {
    let text = |key: &[u8]| Some(pdf::decode_text(view.get(dict, key).ok()?.as_string()?));
    let number = |key: &[u8]| view.get(dict, key).ok()?.as_int();
    Some(EcopyFacts {
        number: u64::try_from(number(b"Number")?).ok()?,
        book: text(b"Book")?,
        year: u32::try_from(number(b"Year")?).ok()?,
        suffix: text(b"Suffix")?,
        unit_code: text(b"UnitCode")?,
        copy_id: text(b"CopyId")?,
    })
}

/// Compares with the register (R68). `digests` are those of the file and of its revisions from the seal on.
pub(crate) fn compare_register(
    register: &RegisterFacts,
    number: Option<&EcopyFacts>,
    digests: &[[u8; 32]],
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match &register.status {
        RegisterStatus::Unknown => return vec![Reason::new("register-unknown")],
        RegisterStatus::Annulled { decision: Some((decision, date)), .. } => {
            reasons.push(Reason::with("annulled", &[("decision", decision.clone()), ("date", date.clone())]));
        }
        RegisterStatus::Annulled { decision: None, entered } => {
            reasons.push(Reason::with("annulled", &[("entered", entered.clone())]));
        }
        RegisterStatus::Active => {}
    }
    let mut mismatch =
        |vi: &str, en: &str| reasons.push(Reason::told("register-mismatch", &[("detail", Words::new(vi, en))]));
    match (&register.facts, number) {
        (Some(wanted), Some(shown)) if wanted != shown => {
            mismatch("số, quyển, năm hoặc đơn vị khác", "number, book, year or unit differ")
        }
        (Some(_), None) => mismatch("tệp không mang số", "the file carries no number"),
        _ => {}
    }
    if !register.sha256.is_empty() && !register.sha256.iter().any(|known| digests.contains(known)) {
        mismatch("mã băm của tệp khác mã băm trong sổ", "the digest of the file differs from the register's");
    }
    reasons
}
