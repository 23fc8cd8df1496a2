//! The rules of a certified copy (R68, decision 8, 9, 41): two signatures in pre-made fields, in order, locked, with a number.

use std::collections::BTreeSet;

use pdf::{Dict, Document, ObjId, Object};
use pki::Certificate;

use super::crypto::Crypto;
use super::find::Found;
use super::names::{begins, same_agency};
use super::permissions::Permissions;
use super::trust::{Trust, claimed};
use super::{placing, time, words};
use crate::changes::{Place, places_of_copy};
use crate::plan::{EcopyFacts, LEADER_FIELD, SEAL_FIELD};
use crate::policy::{RegisterFacts, RegisterStatus};
use crate::report::{Reason, Role, TimeSource};
use crate::said::{Words, quoted};
use crate::subject::attributes;

/// Prefixes of identity numbers of persons in Vietnamese X.509 certificates (domain.md §4.2).
const PERSONAL: &[&str] = &["CCCD:", "CMND:", "HC:", "PID:", "PPID:", "BHXH:"];
/// Kinds of identity numbers of natural persons in `serialNumber` (ETSI EN 319 412-1 §5.1.3); two letters of a country and a hyphen follow.
const NATURAL: &[&str] = &["PAS", "IDC", "PNO"];
/// With what names of offices begin, where they are not the name of their organisation.
const OFFICES: &[&str] = &[
    "UBND",
    "HĐND",
    "Phòng",
    "Văn phòng",
    "Sở",
    "Bộ",
    "Cục",
    "Chi cục",
    "Trung tâm",
    "Tòa án",
    "Viện",
    "Cơ quan",
    "Đại sứ quán",
    "Tổng lãnh sự quán",
    "Lãnh sự quán",
];
/// Days that may lie between the day of a copy and its time-stamp. A copy is certified on the day of the request or the next working day, at
/// most two working days later (NĐ 23/2015/NĐ-CP Đ7, Đ21), and sealed with it: a week covers that with a holiday.
const DAYS: i64 = 7;

/// Where a file departs from what a certified copy is.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    pub(crate) wrong: Vec<Words>,
    /// What could not be found out.
    pub(crate) unclear: Vec<Words>,
}

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
    let foreign = views.last().map(foreign).unwrap_or_default();
    let sealed = found.get(seal).and_then(|seal| views.get(seal.revision));
    let placing = sealed.map(placing::placing).unwrap_or_default();
    for Words { vi, en } in foreign.wrong.into_iter().chain(placing.wrong) {
        structure(&vi, &en);
    }
    let first = found.get(leader).and_then(|leader| views.get(leader.revision));
    if !first.is_some_and(looks_like_copy) {
        structure(
            "ô ký không có sẵn trước chữ ký đầu tiên",
            "the signature fields did not exist before the first signature",
        );
    }
    let unclear: Vec<Words> = foreign.unclear.into_iter().chain(placing.unclear).collect();
    if !unclear.is_empty() {
        reasons.push(Reason::told("copy-structure-unclear", &[("detail", Words::list(unclear))]));
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

/// Who signed for whom (R65, R68): an agency sealed, a person of it signed, and each with a key of its own.
fn signers(person: &Certificate, agency: &Certificate, reasons: &mut Vec<Reason>) {
    // One key behind two certificates is one signer.
    if is_persons(agency) || agency.organisation().is_none() || person.spki_der() == agency.spki_der() {
        reasons.push(Reason::new("not-agency-certificate"));
        return;
    }
    reasons.extend(office(agency));
    reasons.extend(leader(person, agency));
}

/// An identity number of a person stands in it.
fn is_persons(certificate: &Certificate) -> bool {
    let subject = certificate.subject();
    let numbers = certificate.user_ids().into_iter().chain(attributes(&subject, "serialNumber"));
    numbers.map(|number| number.split_whitespace().collect::<String>().to_uppercase()).any(|number| {
        let natural = |kind: &&str| {
            let rest = number.strip_prefix(*kind).map(str::as_bytes);
            matches!(rest, Some([a, b, b'-', ..]) if a.is_ascii_uppercase() && b.is_ascii_uppercase())
        };
        PERSONAL.iter().any(|prefix| number.starts_with(prefix)) || NATURAL.iter().any(natural)
    })
}

fn is_office(name: &str) -> bool {
    OFFICES.iter().any(|kind| begins(name, kind))
}

/// The certificate of a seal is in the name of an agency: of its organisation, or of an office of that. Another name may be a person's.
fn office(agency: &Certificate) -> Option<Reason> {
    let (own, body) = (agency.common_name()?, agency.organisation()?);
    let known = same_agency(&own, &body) || is_office(&own);
    (!known).then(|| Reason::with("agency-certificate-unclear", &[("seal", own), ("leader", body)]))
}

/// The leader is a person of the agency: it is named as the organisation or the unit, as the agency names itself or the body above it.
fn leader(person: &Certificate, agency: &Certificate) -> Option<Reason> {
    let agencies: Vec<String> = agency.common_name().into_iter().chain(agency.organisation()).collect();
    let is_agency = |name: &String| agencies.iter().any(|one| same_agency(name, one));
    let (own, body) = (person.common_name(), person.organisation());
    let organisations = own.as_ref().is_some_and(|own| {
        let is_body = body.as_ref().is_some_and(|body| same_agency(own, body));
        is_body || is_agency(own) || is_office(own) || begins(own, "Công ty")
    });
    if organisations {
        return Some(Reason::with("leader-certificate-unclear", &[("leader", own.unwrap_or_default())]));
    }
    let units = attributes(&person.subject(), "OU");
    match body {
        Some(body) if is_agency(&body) || units.iter().any(&is_agency) => None,
        None if units.iter().any(is_agency) => None,
        None => Some(Reason::new("leader-agency-unknown")),
        Some(body) => {
            let seal = agency.organisation().unwrap_or_default();
            Some(Reason::with("leader-agency-differs", &[("leader", body), ("seal", seal)]))
        }
    }
}

/// A day that is drawn on the seal, or that a signer claims, and a time-stamp from another week (R66). A claim that is later than the
/// time-stamp is told with the signature.
pub(crate) fn other_days(found: &[Found], cryptos: &[Crypto], trusts: &[Trust], drawn: Option<i64>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for ((one, crypto), trust) in found.iter().zip(cryptos).zip(trusts) {
        let Some(proven) = trust.time.filter(|_| trust.source == TimeSource::Timestamp).map(time::day) else {
            continue;
        };
        let drawn = drawn.filter(|day| role(one) == Role::Seal && (proven - day).abs() > DAYS);
        let said = claimed(one, crypto).map(time::day).filter(|day| proven.saturating_sub(*day) > DAYS);
        let signs = matches!(role(one), Role::Leader | Role::Seal) && crypto.intact;
        if let Some(day) = drawn.or(said).filter(|_| signs) {
            let days =
                [("day", time::written_day(day)), ("proven", time::written_day(proven)), ("field", one.field.clone())];
            reasons.push(Reason::with("copy-day-differs", &days));
        }
    }
    reasons
}

/// What a certified copy does not have: other fields and annotations, and anything that acts or could show something else at another time (E).
pub(crate) fn foreign(view: &Document<'_>) -> Departures {
    let mut found = Departures::default();
    // What cannot be read is not known to be one of ours.
    match foreign_field(view) {
        Ok(field) => found.wrong.extend(field.map(|field| {
            let name = quoted(&field);
            Words::new(format!("có ô biểu mẫu khác: {name}"), format!("there is another form field: {name}"))
        })),
        Err(error) => found.wrong.push(words::unreadable(&error)),
    }
    match foreign_annotation(view) {
        Ok(words) => found.wrong.extend(words),
        Err(error) => found.wrong.push(words::unreadable(&error)),
    }
    for place in places_of_copy(view) {
        match place {
            // One of ours that waits for its signature, or it is told as another field.
            Place::OpenSignature(_) => {}
            Place::Beyond => found.unclear.push(words::shadow(&place)),
            _ => found.wrong.push(words::shadow(&place)),
        }
    }
    found
}

/// A field that a certified copy does not have: anything but the two signatures and document time-stamps.
fn foreign_field(view: &Document<'_>) -> Result<Option<String>, pdf::Error> {
    for field in view.fields()? {
        if !is_ours(view, &field)? {
            return Ok(Some(field.full_name));
        }
    }
    Ok(None)
}

fn is_ours(view: &Document<'_>, field: &pdf::Field) -> Result<bool, pdf::Error> {
    Ok(field.field_type.as_deref() == Some(b"Sig")
        && (field.full_name == LEADER_FIELD
            || field.full_name == SEAL_FIELD
            || is_timestamp(view, field.value.as_ref())?))
}

/// An annotation that a certified copy does not have: anything but the widgets of its fields, each with one look.
fn foreign_annotation(view: &Document<'_>) -> Result<Option<Words>, pdf::Error> {
    let mut ours = BTreeSet::new();
    for field in view.fields()? {
        if is_ours(view, &field)? {
            ours.extend(field.widgets);
        }
    }
    let mut listed = BTreeSet::new();
    for (number, page) in (1..).zip(view.pages()?) {
        let Some(dict) = view.object(page.id)?.as_dict() else { continue };
        let list = match view.get(dict, b"Annots")? {
            Object::Null => continue,
            Object::Array(list) => list.as_slice(),
            _ => &[Object::Null],
        };
        for annotation in list {
            // Each stands on one page, once: over another it would hide what is written there.
            let known = annotation.as_ref_id().is_some_and(|id| ours.contains(&id) && listed.insert(id));
            if !known || !is_at_home(view, annotation, page.id)? || !is_plain_widget(view, annotation)? {
                return Ok(Some(Words::new(
                    format!("trang {number} có chú thích khác ô ký, hoặc ô ký đổi hình"),
                    format!("page {number} has an annotation that is no signature field, or one that changes its look"),
                )));
            }
        }
    }
    Ok(None)
}

/// The page that an annotation names, if any, is the one that lists it.
fn is_at_home(view: &Document<'_>, annotation: &Object, page: ObjId) -> Result<bool, pdf::Error> {
    let Some(dict) = view.resolve(annotation)?.as_dict() else { return Ok(false) };
    Ok(dict.reference(b"P").is_none_or(|named| named == page))
}

/// A widget that looks the same whether the pointer is over it or not: others may stand over the page when somebody touches them.
fn is_plain_widget(view: &Document<'_>, annotation: &Object) -> Result<bool, pdf::Error> {
    let Some(dict) = view.resolve(annotation)?.as_dict() else { return Ok(false) };
    let drawn = view.get(dict, b"AP")?;
    let one_look = drawn.as_dict().map_or(drawn.is_null(), |looks| looks.iter().all(|(key, _)| key == b"N"));
    Ok(one_look && view.get(dict, b"Subtype")?.as_name() == Some(b"Widget"))
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
