//! Seed values (ISO 32000-2 §12.7.5.5): constraints that the form's author put on a signature field. Only mandatory ones count.
//!
//! Does not check `/Cert` constraints on subjects and issuers, nor `/AppearanceFilter`.

use pdf::{Dict, Document, Object};
use pki::DigestAlgorithm;

use super::find::Found;
use super::permissions::Permissions;

const SUB_FILTER: i64 = 1 << 1;
const REASONS: i64 = 1 << 3;
const LEGAL: i64 = 1 << 4;
const REVOCATION: i64 = 1 << 5;
const DIGEST: i64 = 1 << 6;
const LOCK_DOCUMENT: i64 = 1 << 7;

/// What the signature itself shows.
pub(crate) struct Shown {
    pub(crate) digest: Option<DigestAlgorithm>,
    pub(crate) revocation: bool,
    pub(crate) timestamp: bool,
}

/// The first constraint that is broken.
pub(crate) fn violation(
    view: &Document<'_>,
    found: &Found,
    permissions: &Permissions,
    shown: &Shown,
) -> Result<Option<&'static str>, pdf::Error> {
    let Some(seed) = view.get(&found.field_dict, b"SV")?.as_dict() else { return Ok(None) };
    let flags = view.get(seed, b"Ff")?.as_int().unwrap_or(0);
    let names = |key: &[u8]| -> Result<Option<Vec<Vec<u8>>>, pdf::Error> {
        let Some(list) = view.get(seed, key)?.as_array() else { return Ok(None) };
        let mut names = Vec::new();
        for item in list {
            let item = view.resolve(item)?;
            view.charge(item)?;
            match item {
                Object::Name(name) => names.push(name.clone()),
                Object::String(string) => names.push(string.bytes.clone()),
                _ => {}
            }
        }
        Ok(Some(names))
    };
    if flags & SUB_FILTER != 0
        && let Some(list) = names(b"SubFilter")?
        && list.first().map(Vec::as_slice) != Some(found.sub_filter())
    {
        return Ok(Some("SubFilter"));
    }
    if flags & DIGEST != 0
        && let Some(list) = names(b"DigestMethod")?
        && !shown.digest.is_some_and(|digest| list.iter().any(|name| names_digest(name, digest)))
    {
        return Ok(Some("DigestMethod"));
    }
    if flags & REASONS != 0 && !reason_fits(view, found, &names(b"Reasons")?.unwrap_or_default())? {
        return Ok(Some("Reasons"));
    }
    if flags & LEGAL != 0 && seed.contains(b"LegalAttestation") {
        return Ok(Some("LegalAttestation"));
    }
    if flags & REVOCATION != 0
        && view.get(seed, b"AddRevInfo")?.as_bool() == Some(true)
        && !(shown.revocation && found.sub_filter() == b"adbe.pkcs7.detached")
    {
        return Ok(Some("AddRevInfo"));
    }
    if let Some(broken) = lock_document(view, seed, flags, permissions)? {
        return Ok(Some(broken));
    }
    if let Some(mdp) = view.get(seed, b"MDP")?.as_dict() {
        let wanted = view.get(mdp, b"P")?.as_int().unwrap_or(0);
        if wanted != doc_mdp_level(view, found, permissions)?.unwrap_or(0) {
            return Ok(Some("MDP"));
        }
    }
    let stamp = view.get(seed, b"TimeStamp")?.as_dict();
    if stamp.is_some_and(|stamp| stamp.int(b"Ff") == Some(1)) && !shown.timestamp {
        return Ok(Some("TimeStamp"));
    }
    Ok(None)
}

fn names_digest(name: &[u8], digest: DigestAlgorithm) -> bool {
    let plain: String =
        name.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(b.to_ascii_uppercase())).collect();
    plain == digest.name().replace('-', "")
}

/// A missing or empty list, or one with a single period, forbids a reason.
fn reason_fits(view: &Document<'_>, found: &Found, allowed: &[Vec<u8>]) -> Result<bool, pdf::Error> {
    let reason = view.get(&found.dict, b"Reason")?.as_string().map(pdf::decode_text);
    let allowed: Vec<String> = allowed.iter().map(|text| pdf::decode_text(text)).collect();
    if allowed.is_empty() || allowed == ["."] {
        return Ok(reason.is_none());
    }
    Ok(reason.is_some_and(|reason| allowed.contains(&reason)))
}

fn lock_document(
    view: &Document<'_>,
    seed: &Dict,
    flags: i64,
    permissions: &Permissions,
) -> Result<Option<&'static str>, pdf::Error> {
    if flags & LOCK_DOCUMENT == 0 {
        return Ok(None);
    }
    let locked = permissions.level() == Some(1);
    Ok(match view.get(seed, b"LockDocument")?.as_name() {
        Some(b"true") if !locked => Some("LockDocument"),
        Some(b"false") if locked => Some("LockDocument"),
        _ => None,
    })
}

/// P when the catalog names this signature as the one that sets it.
fn doc_mdp_level(view: &Document<'_>, found: &Found, permissions: &Permissions) -> Result<Option<i64>, pdf::Error> {
    let named = match view.get(view.catalog()?, b"Perms")?.as_dict() {
        Some(perms) => perms.reference(b"DocMDP"),
        None => None,
    };
    Ok(if named == Some(found.holder) { permissions.level() } else { None })
}
