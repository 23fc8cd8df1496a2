//! Every signature that the file ever held, each with the revision that brought it, and what its byte range covers (rules A1–A8).

use std::collections::BTreeSet;
use std::ops::Range;

use pdf::{Dict, Document, ObjId, Object};

use super::digest::Ranges;
use super::file::File;
use super::words;
use crate::report::{Covers, Reason};
use crate::said::Words;

/// Signatures that are judged in one file.
const SIGNATURES: usize = 256;
/// Fields looked at over all revisions.
const FIELD_LOOKS: usize = 400_000;

/// A signature dictionary and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) field: String,
    pub(crate) dict: Dict,
    pub(crate) holder: ObjId,
    /// The field's own dictionary.
    pub(crate) field_dict: Dict,
    pub(crate) lock: Option<Dict>,
    /// Revision that brought it.
    pub(crate) brought: usize,
    /// Decoded `/Contents`.
    pub(crate) contents: Vec<u8>,
    pub(crate) ranges: Option<Ranges>,
    pub(crate) covers: Covers,
    /// Revision that it covers (the one that brought it where it covers none).
    pub(crate) revision: usize,
    /// What is wrong with its container: detail for the reason `byte-range-gap`.
    pub(crate) problems: Vec<Fault>,
}

/// What can be wrong with the place of a signature in the file (A1–A6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// `/Contents` stands within what another signature covers.
    WithinAnother,
    /// There is none.
    NoContents,
    /// A key is written twice between the catalog and the signature.
    DoubledKey,
    /// The second part does not end with a revision.
    NoRevisionEnd,
    /// No `/ByteRange` of four numbers.
    NoRange,
    /// One of them is too large.
    LargeNumber,
    /// It reaches beyond the file or overlaps itself.
    BeyondFile,
    /// It does not begin with the file.
    NotFromStart,
    /// The signature dictionary is not within what it covers.
    Uncovered,
    /// `/Contents` is not a hexadecimal string in the signature dictionary.
    NotHexadecimal,
    /// The gap is not exactly `/Contents`.
    OtherGap,
    /// `/Contents` holds something else than pairs of hexadecimal digits.
    OddDigits,
}

impl Found {
    pub(crate) fn sub_filter(&self) -> &[u8] {
        self.dict.name(b"SubFilter").unwrap_or_default()
    }

    pub(crate) fn is_timestamp(&self) -> bool {
        self.sub_filter() == b"ETSI.RFC3161" || self.dict.is_type(b"DocTimeStamp")
    }
}

/// Opens a file as its cross-reference says; where that is of no use, from its objects.
pub(crate) fn open<'f>(file: &File<'f>) -> Result<Document<'f>, pdf::Error> {
    let limits = file.limits();
    let opened = match file {
        File::Bytes(bytes) => Document::open(bytes, &limits),
        File::Source(source) => Document::open_source(*source, &limits),
    };
    match (opened, file) {
        (Err(error @ (pdf::Error::NoHeader | pdf::Error::Limit(_) | pdf::Error::Unread(_))), _) => Err(error),
        // The first error says more about the file than the second.
        (Err(error), File::Bytes(bytes)) => Document::rebuild(bytes, &limits).map_err(|_| error),
        (Err(error), File::Source(source)) => Document::rebuild_source(*source, &limits).map_err(|_| error),
        (opened, _) => opened,
    }
}

/// What the state of the file itself takes from every verdict about it. An error ends the examination: a damaged file without a
/// signature, an encrypted file in the place of a certified copy, or one whose signatures nobody can see without its password.
pub(crate) fn condition(document: &Document<'_>, found: &[Found], copy: bool) -> Result<Vec<Reason>, Reason> {
    let mut notes = Vec::new();
    if document.is_encrypted() && (copy || document.is_locked() && found.is_empty()) {
        return Err(Reason::new("pdf-encrypted"));
    }
    if document.is_locked() {
        notes.push(Reason::new("pdf-locked"));
    }
    match document.rebuilt() {
        Some(_) if found.is_empty() => {
            let detail = Words::new("bảng tham chiếu", "cross-reference");
            return Err(Reason::told("pdf-broken", &[("detail", detail)]));
        }
        Some(ambiguous) => {
            let detail = match ambiguous {
                true => Words::new("có nhiều cách dựng", "in one of several ways"),
                false => Words::new("chỉ có một cách dựng", "in the only way"),
            };
            notes.push(Reason::told("pdf-rebuilt", &[("detail", detail)]));
        }
        None => {}
    }
    notes.extend(docmdp_order(document, found));
    if !copy {
        notes.extend(shadows(document, found));
    }
    Ok(notes)
}

/// Bytes of a signature dictionary stand somewhere in a file that shows no signature: an update has taken it away, or leads readers past it.
pub(crate) fn has_traces(document: &Document<'_>) -> Result<bool, pdf::Error> {
    const WORD: &[u8] = b"/ByteRange";
    let (mut from, end) = (0, document.file_len());
    // Whoever writes the word more often than that means something else by it.
    for _ in 0..16 {
        let Some(at) = document.find_bytes(WORD, from..end)? else { return Ok(false) };
        from = at + WORD.len();
        let behind = document.bytes(from..end.min(from + 8))?;
        if behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
            return Ok(true);
        }
    }
    Ok(false)
}

/// E: what the newest signed state leaves open to a later change that nobody would see. A certified copy has its own, stricter rules.
fn shadows(document: &Document<'_>, found: &[Found]) -> Option<Reason> {
    let newest = found.iter().map(|one| one.revision).max()?;
    let places = crate::changes::shadow_places(&document.at_revision(newest).ok()?);
    let named = Words::list(places.iter().map(words::shadow));
    (!places.is_empty()).then(|| Reason::told("shadow-capable", &[("detail", named)]))
}

/// B6: one certification at most, and nobody signs before it.
fn docmdp_order(document: &Document<'_>, found: &[Found]) -> Option<Reason> {
    let people: Vec<&Found> = found.iter().filter(|one| !one.is_timestamp()).collect();
    let certifies = |one: &&&Found| {
        let view = document.at_revision(one.brought);
        view.is_ok_and(|view| super::permissions::certifies(&view, one).unwrap_or(true))
    };
    let certifying: Vec<&&Found> = people.iter().filter(certifies).collect();
    let unclear = match certifying.as_slice() {
        [] => return None,
        [only] if people.first().is_some_and(|first| first.holder == only.holder) => return None,
        [only] => only,
        [_, second, ..] => second,
    };
    Some(Reason::with("certification-unclear", &[("field", unclear.field.clone())]))
}

/// One view per revision, oldest first.
pub(crate) fn views<'a>(document: &Document<'a>) -> Result<Vec<Document<'a>>, pdf::Error> {
    (0..document.revisions().len()).map(|n| document.at_revision(n)).collect()
}

/// Finds the signatures of all revisions, in the order of the revisions.
pub(crate) fn find(views: &[Document<'_>]) -> Result<Vec<Found>, pdf::Error> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<ObjId> = BTreeSet::new();
    let mut looks = 0;
    for (index, view) in views.iter().enumerate() {
        // A revision without a form of its own cannot bring a signature unless an object of an earlier form changed; the newest view
        // is always looked at.
        if index + 1 < views.len() && looks > FIELD_LOOKS {
            return Err(pdf::Error::Limit(pdf::LimitKind::Fields));
        }
        let first_seen = |holder| {
            looks += 1;
            seen.insert(holder)
        };
        for signature in view.signatures_where(first_seen)? {
            if found.len() >= SIGNATURES {
                return Err(pdf::Error::Limit(pdf::LimitKind::Fields));
            }
            found.push(one(views, index, view, signature)?);
        }
        looks += view.entries(index).len() / 64;
    }
    nest(&mut found);
    Ok(found)
}

/// A6: of two signatures the later one covers the earlier one completely. Where it does not, the one that reaches into the other is wrong.
fn nest(found: &mut [Found]) {
    let mut order: Vec<(Ranges, usize)> =
        found.iter().enumerate().filter_map(|(at, one)| Some((one.ranges?, at))).collect();
    order.sort_by_key(|(ranges, _)| (ranges.end, ranges.gap_start));
    let mut covered = 0;
    for (ranges, at) in order {
        if ranges.gap_start < covered
            && let Some(one) = found.get_mut(at)
        {
            one.problems.push(Fault::WithinAnother);
            one.covers = Covers::Partial;
        }
        covered = covered.max(ranges.end);
    }
}

/// A9: a key that is written twice between the trailer and the signature.
fn doubled_on_the_way(view: &Document<'_>, signature: &pdf::Signature) -> Result<bool, pdf::Error> {
    let catalog = view.catalog()?;
    let form = view.get(catalog, b"AcroForm")?.as_dict();
    let mut doubled = view.trailer().has_duplicates() || catalog.has_duplicates();
    doubled |= form.is_some_and(Dict::has_duplicates) || signature.dict.has_duplicates();
    let mut node = Some(signature.field.id);
    for _ in 0..view.limits().depth {
        let Some(dict) = node.map(|id| view.object(id)).transpose()?.and_then(Object::as_dict) else { break };
        doubled |= dict.has_duplicates();
        node = dict.reference(b"Parent");
    }
    Ok(doubled)
}

fn one(
    views: &[Document<'_>],
    brought: usize,
    view: &Document<'_>,
    signature: pdf::Signature,
) -> Result<Found, pdf::Error> {
    let mut problems = Vec::new();
    let contents = match view.get(&signature.dict, b"Contents")? {
        Object::String(string) => string.bytes.clone(),
        _ => {
            problems.push(Fault::NoContents);
            Vec::new()
        }
    };
    let text = view.signature_text(&signature);
    let ranges = byte_range(view, &signature, text, &mut problems)?;
    if doubled_on_the_way(view, &signature)? {
        problems.push(Fault::DoubledKey);
    }
    let (covers, revision) = match ranges {
        Some(ranges) if problems.is_empty() => coverage(views, brought, ranges.end)?,
        _ => (Covers::Partial, brought),
    };
    if covers == Covers::Partial && problems.is_empty() {
        problems.push(Fault::NoRevisionEnd);
    }
    let field_dict = view.object(signature.field.id)?.as_dict().cloned().unwrap_or_default();
    Ok(Found {
        field: crate::said::name(&signature.field.full_name),
        dict: signature.dict,
        holder: signature.holder,
        field_dict,
        lock: signature.field.lock,
        brought,
        contents,
        ranges,
        covers,
        revision,
        problems,
    })
}

/// A1–A3. The parts are returned whenever they lie in the file, so that the digest can be computed even for a bad range.
fn byte_range(
    view: &Document<'_>,
    signature: &pdf::Signature,
    text: Option<pdf::SignatureText>,
    problems: &mut Vec<Fault>,
) -> Result<Option<Ranges>, pdf::Error> {
    let written = match signature.byte_range() {
        Some(direct) => Some(direct),
        None => resolved_range(view, signature)?,
    };
    let Some([first, before, second, after]) = written else {
        problems.push(Fault::NoRange);
        return Ok(None);
    };
    let numbers = [before, second, after].map(usize::try_from);
    let [Ok(gap_start), Ok(gap_end), Ok(length)] = numbers else {
        problems.push(Fault::LargeNumber);
        return Ok(None);
    };
    let Some(end) = gap_end.checked_add(length).filter(|end| *end <= view.file_len() && gap_start < gap_end) else {
        problems.push(Fault::BeyondFile);
        return Ok(None);
    };
    if first != 0 || gap_start == 0 || length == 0 {
        problems.push(Fault::NotFromStart);
    }
    let outside = |span: &Range<usize>| span.end > end;
    // A4: who moves the range or the dictionary out of what is signed could exchange them.
    if text.as_ref().is_some_and(|text| outside(&text.dictionary) || text.byte_range.as_ref().is_some_and(outside)) {
        problems.push(Fault::Uncovered);
    }
    match text.and_then(|text| text.contents) {
        None => problems.push(Fault::NotHexadecimal),
        Some(span) if span != (gap_start..gap_end) => problems.push(Fault::OtherGap),
        Some(_) if !only_digits(&view.bytes(gap_start..gap_end)?) => {
            problems.push(Fault::OddDigits);
        }
        Some(_) => {}
    }
    Ok(Some(Ranges { gap_start, gap_end, end }))
}

/// A3: `<`, pairs of digits, `>`.
fn only_digits(text: &[u8]) -> bool {
    let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    // To the end in any case, so that the compiler takes many at once.
    let all = inside.iter().fold(true, |all, digit| all & digit.is_ascii_hexdigit());
    inside.len().is_multiple_of(2) && all
}

/// Numbers that are written as references: read, because the objects lie in the signed part or change visibly.
fn resolved_range(view: &Document<'_>, signature: &pdf::Signature) -> Result<Option<[u64; 4]>, pdf::Error> {
    let list = view.get(&signature.dict, b"ByteRange")?.as_array().unwrap_or_default();
    let mut numbers = Vec::new();
    for item in list.iter().take(5) {
        match view.resolve(item)?.as_int().and_then(|value| u64::try_from(value).ok()) {
            Some(number) => numbers.push(number),
            None => return Ok(None),
        }
    }
    Ok(<[u64; 4]>::try_from(numbers).ok())
}

/// A5: the range ends where a revision ends, with nothing but white space between.
fn coverage(views: &[Document<'_>], brought: usize, end: usize) -> Result<(Covers, usize), pdf::Error> {
    let Some(newest) = views.last() else { return Ok((Covers::Partial, brought)) };
    let last = newest.revisions().iter().rev().find(|revision| revision.eof <= end);
    Ok(match last {
        Some(revision) if revision.index >= brought && newest.is_blank(revision.eof..end)? => {
            let newest_is_last = newest.revisions().len() == revision.index + 1;
            match newest_is_last && newest.is_blank(end..newest.file_len())? {
                true => (Covers::WholeFile, revision.index),
                // Where revisions had to be guessed, only the end of the file is beyond doubt.
                false if newest.rebuilt().is_some() => (Covers::Partial, brought),
                false => (Covers::WholeRevision, revision.index),
            }
        }
        _ => (Covers::Partial, brought),
    })
}
