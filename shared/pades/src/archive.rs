//! Long-term material: `/DSS` and a document time-stamp (ETSI EN 319 142-1 §5.4.2, §5.4.3).

use std::collections::BTreeMap;

use pdf::{Dict, Document, Increment, ObjId, Object};
use sha1::{Digest as _, Sha1};

use crate::error::Error;
use crate::held::Held;
use crate::make::{acro_form, open, set_acro_form, with_placeholders, write};
use crate::plan::{Prepared, Revision};
use crate::reserve;

/// One DER structure and the signatures that it belongs to.
#[derive(Clone, Debug)]
pub struct Material<'a> {
    /// DER of an X.509 certificate, an OCSP response or a CRL.
    pub der: &'a [u8],
    /// Names of the signature fields whose VRI entry lists it; empty: only the document-wide lists.
    pub fields: Vec<&'a str>,
}

/// What a later verification needs (ETSI EN 319 142-1 §5.4.2).
#[derive(Clone, Debug, Default)]
pub struct LongTerm<'a> {
    /// X.509 certificates.
    pub certificates: Vec<Material<'a>>,
    /// OCSP responses (the whole OCSPResponse).
    pub ocsps: Vec<Material<'a>>,
    /// CRLs.
    pub crls: Vec<Material<'a>>,
}

/// The list of an entry that a kind of material belongs to.
type Select = fn(&mut Entry) -> &mut Vec<Object>;

/// Adds two revisions: `/DSS` with one VRI entry per signature, then an invisible document time-stamp whose token is still missing.
///
/// Two revisions and not one, so that the time-stamp covers the material by its byte range alone. With empty material only the
/// time-stamp is added. The imprint to send to the TSA is [`crate::signed_digest`] of the result; [`crate::embed`] puts the token in.
/// # Errors
/// [`Error`] when the file cannot be read or extended.
pub fn prepare_archive(file: &[u8], material: &LongTerm<'_>) -> Result<Prepared, Error> {
    Ok(prepare_archive_revision(&Held::whole(file), material, 0)?.behind(file))
}

/// As [`prepare_archive`], the two revisions alone, with `token_room` octets for the token where the usual room is known to be too small.
///
/// # Errors
/// As [`prepare_archive`]; something of the file is needed and not held.
pub fn prepare_archive_revision(
    file: &Held<'_>,
    material: &LongTerm<'_>,
    token_room: usize,
) -> Result<Revision, Error> {
    let mut tail = add_store(file, material)?.unwrap_or_default();
    let file = file.extended(&tail);
    let document = open(&file)?;
    let mut increment = Increment::new(&document)?;
    let signature = increment.allocate();
    let dict = Dict::new()
        .with("Type", Object::name("DocTimeStamp"))
        .with("Filter", Object::name("Adobe.PPKLite"))
        .with("SubFilter", Object::name("ETSI.RFC3161"));
    increment.set(signature, with_placeholders(dict, reserve::for_timestamp(token_room)));
    add_timestamp_field(&document, &mut increment, signature)?;
    let (stamp, contents) = write(&file, &document, increment, signature, b"DocTimeStamp")?;
    tail.extend_from_slice(&stamp);
    Ok(Revision { tail, contents, signed_attributes: Vec::new() })
}

/// Adds `/DSS` alone, without a time-stamp: so that whoever verifies a short-lived signature need not ask anybody.
///
/// Without material the file stays as it is.
/// # Errors
/// [`Error`] when the file cannot be read or extended, or has no signature in a field that is named.
pub fn add_material(file: &[u8], material: &LongTerm<'_>) -> Result<Vec<u8>, Error> {
    let store = add_store(&Held::whole(file), material)?.unwrap_or_default();
    Ok([file, &store].concat())
}

/// The key of a signature's VRI entry: upper-case hexadecimal SHA-1 of the decoded `/Contents`, padding included.
pub(crate) fn vri_key(contents: &[u8]) -> String {
    hex::encode_upper(Sha1::digest(contents))
}

#[derive(Default)]
struct Entry {
    certificates: Vec<Object>,
    ocsps: Vec<Object>,
    crls: Vec<Object>,
}

/// The revision with `/DSS`; none where the material brings nothing new.
fn add_store(file: &Held<'_>, material: &LongTerm<'_>) -> Result<Option<Vec<u8>>, Error> {
    if material.certificates.is_empty() && material.ocsps.is_empty() && material.crls.is_empty() {
        return Ok(None);
    }
    let document = open(file)?;
    let keys: BTreeMap<String, String> = document
        .signatures()?
        .into_iter()
        .filter_map(|found| Some((found.field.full_name.clone(), vri_key(found.dict.string(b"Contents")?))))
        .collect();
    let mut increment = Increment::new(&document)?;
    let catalog = document.catalog()?;
    let mut store = document.get(catalog, b"DSS")?.as_dict().cloned().unwrap_or_default();
    let before = store.clone();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let lists: [(&str, &[Material<'_>], Select); 3] = [
        ("Certs", &material.certificates, |entry| &mut entry.certificates),
        ("OCSPs", &material.ocsps, |entry| &mut entry.ocsps),
        ("CRLs", &material.crls, |entry| &mut entry.crls),
    ];
    for (name, items, select) in lists {
        let mut list = List::read(&document, &store, name)?;
        for item in items {
            let reference = list.place(&mut increment, item.der);
            for field in &item.fields {
                let key = keys.get(*field).ok_or_else(|| Error::FieldMissing((*field).to_owned()))?;
                let wanted = select(entries.entry(key.clone()).or_default());
                if !wanted.contains(&reference) {
                    wanted.push(reference.clone());
                }
            }
        }
        if !list.references.is_empty() {
            store.set(name, Object::Array(list.references));
        }
    }
    write_entries(&document, &mut increment, &mut store, entries)?;
    // A store that is written again as it was is a change without a reason.
    if store == before {
        return Ok(None);
    }
    store.set("Type", Object::name("DSS"));
    put_store(&document, &mut increment, store)?;
    Ok(Some(increment.finish(&document, file.sha256().get(..16))?.tail))
}

/// One of the document-wide lists: what is in it stays, equal bytes are not stored twice.
struct List {
    references: Vec<Object>,
    known: BTreeMap<Vec<u8>, Object>,
}

impl List {
    fn read(document: &Document<'_>, store: &Dict, name: &str) -> Result<List, Error> {
        let references = document.get(store, name.as_bytes())?.as_array().unwrap_or_default().to_vec();
        let mut known = BTreeMap::new();
        for reference in &references {
            if let Some(stream) = document.resolve(reference)?.as_stream() {
                known.insert(document.decode(stream)?, reference.clone());
            }
        }
        Ok(List { references, known })
    }

    fn place(&mut self, increment: &mut Increment, der: &[u8]) -> Object {
        if let Some(reference) = self.known.get(der) {
            return reference.clone();
        }
        let reference = Object::Ref(increment.add_stream(Dict::new(), der.to_vec(), true));
        self.references.push(reference.clone());
        self.known.insert(der.to_vec(), reference.clone());
        reference
    }
}

/// New VRI entries; an entry that is already there stays as it is (later changes of it would not be permitted).
fn write_entries(
    document: &Document<'_>,
    increment: &mut Increment,
    store: &mut Dict,
    entries: BTreeMap<String, Entry>,
) -> Result<(), Error> {
    let mut vri = document.get(store, b"VRI")?.as_dict().cloned().unwrap_or_default();
    for (key, entry) in entries {
        if vri.contains(key.as_bytes()) {
            continue;
        }
        let mut dict = Dict::new();
        for (name, list) in [("Cert", entry.certificates), ("OCSP", entry.ocsps), ("CRL", entry.crls)] {
            if !list.is_empty() {
                dict.set(name, Object::Array(list));
            }
        }
        vri.set(key, Object::Ref(increment.add(dict)));
    }
    if !vri.is_empty() {
        store.set("VRI", vri);
    }
    Ok(())
}

fn put_store(document: &Document<'_>, increment: &mut Increment, store: Dict) -> Result<(), Error> {
    let catalog = document.catalog()?;
    if let Some(id) = catalog.reference(b"DSS") {
        increment.set(id, store);
        return Ok(());
    }
    let mut catalog = catalog.clone();
    catalog.set("DSS", Object::Ref(increment.add(store)));
    increment.set(document.catalog_id()?, catalog);
    Ok(())
}

fn add_timestamp_field(document: &Document<'_>, increment: &mut Increment, signature: ObjId) -> Result<(), Error> {
    let fields = document.fields()?;
    let name = (1..)
        .map(|number| format!("Timestamp{number}"))
        .take(fields.len() + 1)
        .find(|name| fields.iter().all(|field| field.full_name != *name))
        .ok_or(Error::Unsuitable("no free field name"))?;
    let page = document.pages()?.first().map(|page| page.id).ok_or(Error::Unsuitable("no page"))?;
    let field = increment.add(
        Dict::new()
            .with("Type", Object::name("Annot"))
            .with("Subtype", Object::name("Widget"))
            .with("FT", Object::name("Sig"))
            .with("T", Object::string(name.as_str()))
            .with("F", Object::Integer(132))
            .with("Rect", Object::Array(vec![Object::Integer(0); 4]))
            .with("P", Object::Ref(page))
            .with("V", Object::Ref(signature)),
    );
    append_annotation(document, increment, page, field)?;
    let (mut form, id) = acro_form(document)?;
    let mut list = document.get(&form, b"Fields")?.as_array().unwrap_or_default().to_vec();
    list.push(Object::Ref(field));
    match form.reference(b"Fields") {
        Some(array) => {
            increment.set(array, Object::Array(list));
            if form.int(b"SigFlags") == Some(3) {
                return Ok(());
            }
        }
        None => form.set("Fields", Object::Array(list)),
    }
    form.set("SigFlags", Object::Integer(3));
    set_acro_form(document, increment, form, id)
}

fn append_annotation(
    document: &Document<'_>,
    increment: &mut Increment,
    page: ObjId,
    annotation: ObjId,
) -> Result<(), Error> {
    let mut dict =
        document.object(page)?.as_dict().cloned().ok_or(Error::Unsuitable("the page is not a dictionary"))?;
    let mut list = document.get(&dict, b"Annots")?.as_array().unwrap_or_default().to_vec();
    list.push(Object::Ref(annotation));
    if let Some(array) = dict.reference(b"Annots") {
        increment.set(array, Object::Array(list));
    } else {
        dict.set("Annots", Object::Array(list));
        increment.set(page, dict);
    }
    Ok(())
}
