//! Making a signature in three steps: prepare the revision, have the attributes signed elsewhere, embed.

use std::ops::Range;

use pdf::{Dict, Document, Field, Increment, ObjId, Object};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::held::Held;
use crate::plan::{Appearance, EcopyFacts, Pixels, Prepared, Revision, SignaturePlan};
use crate::reserve;

/// Longest text of `/Name`, `/Reason`, `/Location` in bytes; more is a mistake of the caller.
const TEXT_LIMIT: usize = 1024;
/// Room for `[0 l1 o2 l2]` with numbers of up to ten digits.
const BYTE_RANGE_ROOM: usize = 40;

/// Adds a revision that fills an empty signature field and leaves room for the CMS structure.
///
/// `/SubFilter` is `ETSI.CAdES.detached`; a `/Lock` of the field becomes a FieldMDP reference (ISO 32000-2 §12.8.2.4).
/// # Errors
/// [`Error`] when the field is missing or signed, or the file cannot be extended.
pub fn prepare(base: &[u8], plan: &SignaturePlan<'_>) -> Result<Prepared, Error> {
    let held = Held::whole(base);
    Ok(prepare_revision(&held, plan)?.behind(base))
}

/// As [`prepare`], the revision alone.
///
/// # Errors
/// As [`prepare`]; something of the file is needed and not held.
pub fn prepare_revision(base: &Held<'_>, plan: &SignaturePlan<'_>) -> Result<Revision, Error> {
    check_plan(plan)?;
    let leaf = plan.chain.first().ok_or(Error::Plan("the chain is empty"))?;
    let document = open(base)?;
    let field = empty_field(&document, plan.field)?;
    let mut increment = Increment::new(&document)?;
    let signature = increment.allocate();
    increment.set(signature, signature_dictionary(&document, plan, &field)?);
    fill_field(&document, &mut increment, &field, signature, plan.appearance.as_ref())?;
    set_sig_flags(&document, &mut increment)?;
    let (tail, contents) = write(base, &document, increment, signature, plan.field.as_bytes())?;
    let digest = base.extended(&tail).signed_digest(contents.clone());
    let signed_attributes = pki::cms::signed_attributes(&digest, leaf)?;
    Ok(Revision { tail, contents, signed_attributes })
}

/// Writes a CMS structure (or a time-stamp token) into the place kept for it; the file keeps its length.
///
/// It is written in the one form in which a certified copy holds it ([`pki::cms::SignedData::exact`]): what is signed stays as it is, what
/// is neither signed nor needed is left out.
///
/// # Errors
/// [`Error::DoesNotFit`], [`Error::WrongPlaceholder`]; [`Error::Pki`] when it is no such structure.
pub fn embed(prepared_file: &[u8], contents: Range<usize>, cms: &[u8]) -> Result<Vec<u8>, Error> {
    let mut file = prepared_file.to_vec();
    fill(&mut file, &Held::whole(prepared_file), contents, cms)?;
    Ok(file)
}

/// As [`embed`] for a revision behind `base`: gives the revision.
///
/// # Errors
/// As [`embed`].
pub fn embed_revision(base: &Held<'_>, revision: &[u8], contents: Range<usize>, cms: &[u8]) -> Result<Vec<u8>, Error> {
    let mut tail = revision.to_vec();
    fill(&mut tail, &base.extended(revision), contents, cms)?;
    Ok(tail)
}

/// `end` is the end of the prepared file.
fn fill(end: &mut [u8], prepared: &Held<'_>, contents: Range<usize>, cms: &[u8]) -> Result<(), Error> {
    let hex = placeholder(prepared, &contents)?;
    let document = open(prepared)?;
    let interner = pki::Interner::default();
    let stored = crate::judge::trust::store(&document)?.certificates;
    let cms = pki::cms::SignedData::parse_in(cms, &interner)?.exact(&stored, &interner)?;
    let reserved = hex.len() / 2;
    if cms.len() > reserved {
        return Err(Error::DoesNotFit { needed: cms.len(), reserved });
    }
    let text = hex::encode_upper(&cms);
    let start = hex.start.checked_sub(prepared.size() - end.len()).ok_or(Error::WrongPlaceholder)?;
    let place = end.get_mut(start..start + text.len()).ok_or(Error::WrongPlaceholder)?;
    place.copy_from_slice(text.as_bytes());
    Ok(())
}

/// SHA-256 over everything but `contents` (ISO 32000-2 §12.8.1).
pub fn signed_digest(file: &[u8], contents: Range<usize>) -> [u8; 32] {
    Held::whole(file).signed_digest(contents)
}

/// What a signature time-stamp is asked about: SHA-256 of the raw signature value (ETSI EN 319 122-1 §5.3).
pub fn timestamp_imprint(raw_signature: &[u8]) -> [u8; 32] {
    Sha256::digest(raw_signature).into()
}

/// What a signature consists of when it has come.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// DER of the signed attributes.
    pub attributes: &'a [u8],
    /// The raw signature value.
    pub signature: &'a [u8],
    /// X.509 chain, leaf first.
    pub chain: &'a [pki::Certificate],
    /// DER of the signature's time-stamp.
    pub token: Option<&'a [u8]>,
}

/// Builds the CMS structure from the raw signature and embeds it.
///
/// # Errors
/// [`Error`] when the signature is not by the leaf of the chain, the attributes are about another file, or the structure does not fit.
pub fn finish(prepared_file: &[u8], contents: Range<usize>, signed: &Signed<'_>) -> Result<Vec<u8>, Error> {
    let cms = structure(&Held::whole(prepared_file), &contents, signed)?;
    embed(prepared_file, contents, &cms)
}

/// As [`finish`] for a revision behind `base`: gives the revision.
///
/// # Errors
/// As [`finish`].
pub fn finish_revision(
    base: &Held<'_>,
    revision: &[u8],
    contents: Range<usize>,
    signed: &Signed<'_>,
) -> Result<Vec<u8>, Error> {
    let cms = structure(&base.extended(revision), &contents, signed)?;
    embed_revision(base, revision, contents, &cms)
}

fn structure(prepared: &Held<'_>, contents: &Range<usize>, signed: &Signed<'_>) -> Result<Vec<u8>, Error> {
    let leaf = signed.chain.first().ok_or(Error::Plan("the chain is empty"))?;
    placeholder(prepared, contents)?;
    let digest = prepared.signed_digest(contents.clone());
    // Those that were prepared here, or a gateway's (decision 27); assembling verifies the signature.
    pki::cms::check_attributes(signed.attributes, &digest, leaf)
        .map_err(|_| Error::Plan("the attributes are about another file or signer"))?;
    Ok(pki::cms::assemble(signed.attributes, signed.signature, signed.chain, signed.token)?)
}

/// Opens a document that is going to be extended: strict where a judge would be.
pub(crate) fn open<'h>(file: &'h Held<'_>) -> Result<Document<'h>, Error> {
    let document = file.open()?;
    if document.is_encrypted() {
        return Err(Error::Unsuitable("encrypted"));
    }
    if !document.bytes(document.trailing_bytes())?.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::Unsuitable("bytes after the last revision"));
    }
    Ok(document)
}

/// Writes the increment, fills `/ByteRange` and returns the revision with the place of `/Contents` in the whole file.
pub(crate) fn write(
    base: &Held<'_>,
    document: &Document<'_>,
    increment: Increment,
    signature: ObjId,
    salt: &[u8],
) -> Result<(Vec<u8>, Range<usize>), Error> {
    let identifier = Sha256::new().chain_update(salt).chain_update(base.sha256()).finalize();
    let mut finished = increment.finish(document, identifier.get(..16))?;
    let raws = finished.raws.get(&signature).cloned().unwrap_or_default();
    let [byte_range, contents] = raws.as_slice() else {
        return Err(Error::Unsuitable("the signature dictionary has no placeholders"));
    };
    let end = finished.base_len + finished.tail.len();
    let mut text = format!("[0 {} {} {}]", contents.start, contents.end, end - contents.end);
    if text.len() > byte_range.len() {
        return Err(Error::Unsuitable("file too large"));
    }
    text.push_str(&" ".repeat(byte_range.len() - text.len()));
    if !finished.patch(byte_range.start, text.as_bytes()) {
        return Err(Error::WrongPlaceholder);
    }
    Ok((finished.tail, contents.clone()))
}

/// `/ByteRange` and `/Contents` as they go out first: patched later, never searched for.
pub(crate) fn with_placeholders(dict: Dict, reserve: usize) -> Dict {
    let contents = format!("<{}>", "0".repeat(2 * reserve));
    dict.with("ByteRange", Object::Raw(vec![b' '; BYTE_RANGE_ROOM]))
        .with("Contents", Object::Raw(contents.into_bytes()))
}

/// `/AcroForm` as dictionary and where it is written: its own object or the catalog.
pub(crate) fn acro_form(document: &Document<'_>) -> Result<(Dict, Option<ObjId>), Error> {
    let catalog = document.catalog()?;
    let id = catalog.reference(b"AcroForm");
    let form = document.get(catalog, b"AcroForm")?.as_dict().cloned().unwrap_or_default();
    Ok((form, id))
}

/// Writes `/AcroForm` back to where it came from.
pub(crate) fn set_acro_form(
    document: &Document<'_>,
    increment: &mut Increment,
    form: Dict,
    id: Option<ObjId>,
) -> Result<(), Error> {
    if let Some(id) = id {
        increment.set(id, form);
        return Ok(());
    }
    let catalog_id = document.catalog_id()?;
    let mut catalog = match increment.get(catalog_id).and_then(Object::as_dict) {
        Some(written) => written.clone(),
        None => document.catalog()?.clone(),
    };
    catalog.set("AcroForm", form);
    increment.set(catalog_id, catalog);
    Ok(())
}

fn placeholder(file: &Held<'_>, contents: &Range<usize>) -> Result<Range<usize>, Error> {
    let text = file.part(contents.clone()).ok_or(Error::WrongPlaceholder)?;
    let [b'<', zeros @ .., b'>'] = text else { return Err(Error::WrongPlaceholder) };
    if zeros.is_empty() || !zeros.len().is_multiple_of(2) || !zeros.iter().all(|byte| *byte == b'0') {
        return Err(Error::WrongPlaceholder);
    }
    Ok(contents.start + 1..contents.end - 1)
}

fn check_plan(plan: &SignaturePlan<'_>) -> Result<(), Error> {
    if [plan.name, plan.reason, plan.location].iter().any(|text| text.len() > TEXT_LIMIT) {
        return Err(Error::Plan("a text is too long"));
    }
    if crate::judge::time::parse_pdf_date(plan.signed_at.as_bytes()).is_none() {
        return Err(Error::Plan("signed_at is no PDF date"));
    }
    Ok(())
}

fn empty_field(document: &Document<'_>, name: &str) -> Result<Field, Error> {
    let missing = || Error::FieldMissing(name.to_owned());
    let field = document.fields()?.into_iter().find(|field| field.full_name == name).ok_or_else(missing)?;
    if field.field_type.as_deref() != Some(b"Sig") {
        return Err(missing());
    }
    let value = field.value.as_ref().unwrap_or(&Object::Null);
    if !document.resolve(value)?.is_null() {
        return Err(Error::FieldSigned(name.to_owned()));
    }
    Ok(field)
}

/// Width and height of an empty signature field, in points.
///
/// # Errors
/// [`Error`] when there is no such field, or it has no place on a page.
pub fn field_size(file: &Held<'_>, name: &str) -> Result<(f64, f64), Error> {
    let rect = empty_field(&open(file)?, name)?.rect.ok_or(Error::Unsuitable("the field has no place"))?;
    Ok((rect.x1 - rect.x0, rect.y1 - rect.y0))
}

fn signature_dictionary(document: &Document<'_>, plan: &SignaturePlan<'_>, field: &Field) -> Result<Dict, Error> {
    let mut dict = with_placeholders(
        Dict::new()
            .with("Type", Object::name("Sig"))
            .with("Filter", Object::name("Adobe.PPKLite"))
            .with("SubFilter", Object::name("ETSI.CAdES.detached")),
        reserve::for_signature(plan.chain, plan.token_room),
    );
    dict.set("M", Object::string(plan.signed_at));
    for (key, text) in [("Name", plan.name), ("Reason", plan.reason), ("Location", plan.location)] {
        if !text.is_empty() {
            dict.set(key, Object::string(pdf::encode_text(text)));
        }
    }
    if let Some(lock) = &field.lock {
        dict.set("Reference", Object::Array(vec![Object::Dict(field_mdp(document, lock)?)]));
    }
    if let Some(facts) = &plan.ecopy {
        dict.set("CTDT", ecopy_dictionary(facts)?);
    }
    Ok(dict)
}

/// A signature reference dictionary for the field's `/Lock` (ISO 32000-2 tables 236, 256, 258).
fn field_mdp(document: &Document<'_>, lock: &Dict) -> Result<Dict, Error> {
    if lock.contains(b"P") {
        return Err(Error::Unsuitable("a lock with /P would be a DocMDP (decision 8)"));
    }
    let mut parameters = Dict::new().with("Type", Object::name("TransformParams")).with("V", Object::name("1.2"));
    for key in ["Action", "Fields"] {
        let value = document.get(lock, key.as_bytes())?;
        if !value.is_null() {
            parameters.set(key, value.clone());
        }
    }
    Ok(Dict::new()
        .with("Type", Object::name("SigRef"))
        .with("TransformMethod", Object::name("FieldMDP"))
        .with("TransformParams", parameters)
        .with("Data", Object::Ref(document.catalog_id()?)))
}

fn ecopy_dictionary(facts: &EcopyFacts) -> Result<Dict, Error> {
    let number = i64::try_from(facts.number).map_err(|_| Error::Plan("the number is too large"))?;
    let text = |value: &str| Object::string(pdf::encode_text(value));
    Ok(Dict::new()
        .with("Number", Object::Integer(number))
        .with("Book", text(&facts.book))
        .with("Year", Object::Integer(i64::from(facts.year)))
        .with("Suffix", text(&facts.suffix))
        .with("UnitCode", text(&facts.unit_code))
        .with("CopyId", text(&facts.copy_id)))
}

fn fill_field(
    document: &Document<'_>,
    increment: &mut Increment,
    field: &Field,
    signature: ObjId,
    appearance: Option<&Appearance<'_>>,
) -> Result<(), Error> {
    let not_a_field = Error::Unsuitable("the field is not a dictionary");
    let mut dict = document.object(field.id)?.as_dict().cloned().ok_or(not_a_field.clone())?;
    dict.set("V", Object::Ref(signature));
    let Some(appearance) = appearance else {
        increment.set(field.id, dict);
        return Ok(());
    };
    let drawn = Dict::new().with("N", Object::Ref(draw(document, increment, appearance)?));
    let widget = *field.widgets.first().ok_or(Error::Unsuitable("the field has no widget"))?;
    if widget == field.id {
        dict.set("AP", drawn);
    } else {
        let mut separate = document.object(widget)?.as_dict().cloned().ok_or(not_a_field)?;
        separate.set("AP", drawn);
        increment.set(widget, separate);
    }
    increment.set(field.id, dict);
    Ok(())
}

/// Writes what a field shows, with the typefaces of the form.
fn draw(document: &Document<'_>, increment: &mut Increment, appearance: &Appearance<'_>) -> Result<ObjId, Error> {
    let (form, _) = acro_form(document)?;
    let entries = |within: &Dict, key: &[u8]| document.get(within, key).map(|found| found.as_dict().cloned());
    let here = entries(&form, b"DR")?.map(|all| entries(&all, b"Font")).transpose()?.flatten().unwrap_or_default();
    let mut fonts = Dict::new();
    for name in appearance.typefaces {
        let font = here.reference(name.as_bytes()).ok_or(Error::Unsuitable("a typeface of its is not in the form"))?;
        fonts.set(*name, Object::Ref(font));
    }
    let mut resources = Dict::new().with("Font", fonts);
    if let Some(pixels) = &appearance.picture {
        let objects = Dict::new().with(pixels.name, Object::Ref(picture(increment, pixels)?));
        resources.set("XObject", objects);
    }
    let corner = [0.0, 0.0, appearance.size.0, appearance.size.1].map(Object::Real);
    let form = Dict::new()
        .with("Type", Object::name("XObject"))
        .with("Subtype", Object::name("Form"))
        .with("BBox", Object::Array(corner.to_vec()))
        .with("Resources", resources);
    Ok(increment.add_stream(form, appearance.content.to_vec(), true))
}

/// An image XObject and its soft mask (ISO 32000-1, 8.9.5 and 11.6.5.3).
fn picture(increment: &mut Increment, pixels: &Pixels<'_>) -> Result<ObjId, Error> {
    let (width, height) = (i64::from(pixels.width), i64::from(pixels.height));
    let count = u64::from(pixels.width) * u64::from(pixels.height);
    if (pixels.rgb.len() as u64, pixels.alpha.len() as u64) != (count.saturating_mul(3), count) {
        return Err(Error::Plan("the picture has other pixels than it says"));
    }
    let image = |space: &str| {
        Dict::new()
            .with("Type", Object::name("XObject"))
            .with("Subtype", Object::name("Image"))
            .with("Width", Object::Integer(width))
            .with("Height", Object::Integer(height))
            .with("ColorSpace", Object::name(space))
            .with("BitsPerComponent", Object::Integer(8))
    };
    let mask = increment.add_stream(image("DeviceGray"), pixels.alpha.to_vec(), true);
    let image = image("DeviceRGB").with("SMask", Object::Ref(mask));
    Ok(increment.add_stream(image, pixels.rgb.to_vec(), true))
}

/// SignaturesExist and AppendOnly (ISO 32000-2 table 225).
pub(crate) fn set_sig_flags(document: &Document<'_>, increment: &mut Increment) -> Result<(), Error> {
    let (mut form, id) = acro_form(document)?;
    if form.int(b"SigFlags") == Some(3) {
        return Ok(());
    }
    form.set("SigFlags", Object::Integer(3));
    set_acro_form(document, increment, form, id)
}
