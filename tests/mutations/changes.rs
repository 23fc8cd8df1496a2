//! The classes of changes. Each makes a changed file from a genuine copy, or nothing where it finds no place.

use std::ops::Range;

use pki::issue::{SignatureAlgorithm, TimestampSpec, timestamp_token};
use sha2::{Digest as _, Sha256};

use crate::chance::Chance;
use crate::copies::{Copies, Copy, places};
use crate::edits::{Others, written_otherwise};
use crate::mutate;
use crate::updates::{
    container_under_evidence, unreferenced, update_annotation, update_between, update_catalog, update_evidence,
    update_field, update_freed, update_page, update_signature, update_stream, update_token, update_trailer,
};

/// Makes a changed file.
pub(crate) type Change = fn(&Copies, &mut Chance) -> Option<Vec<u8>>;

/// The class that cannot repeat: its signature is made anew.
pub(crate) const STRANGER: &str = "time-stamp of a stranger behind";

/// Every class with its name.
pub(crate) const CLASSES: &[(&str, Change)] = &[
    ("bit, signed ranges", bit_signed),
    ("bit, CMS", bit_cms),
    ("bit, anywhere", bit_anywhere),
    ("bit, objects", bit_objects),
    ("byte, cross-reference and trailer", byte_xref),
    ("bytes set", bytes_set),
    ("bytes dropped or doubled", bytes_moved),
    ("words and numbers", words),
    ("digit in an object", digit_in_object),
    ("digit in the cross-reference", digit_in_xref),
    ("hexadecimal case", hex_case),
    ("padding of /Contents", padding),
    ("ByteRange moved", byte_range),
    ("ByteRange written anew", byte_range_text),
    ("CMS elements", cms_elements),
    ("CMS written otherwise", cms_otherwise),
    ("CMS of another signature", cms_swapped),
    ("CMS of another copy", cms_foreign),
    ("field names swapped", names_swapped),
    ("cut", cut),
    ("cut inside a revision's end", cut_at_end),
    ("spliced with another copy", spliced),
    ("revision of another copy behind", revision_behind),
    ("object doubled", doubled),
    ("in front", in_front),
    ("behind", behind),
    (STRANGER, stranger_behind),
    ("container under evidence", container_under_evidence),
    ("update: token of an object", update_token),
    ("update: page", update_page),
    ("update: annotation", update_annotation),
    ("update: field", update_field),
    ("update: catalog", update_catalog),
    ("update: evidence", update_evidence),
    ("update: signature", update_signature),
    ("update: appearance, font, content", update_stream),
    ("update: freed object", update_freed),
    ("update: trailer", update_trailer),
    ("update between revisions", update_between),
    ("second definition, no reference", unreferenced),
];

fn flip(file: &mut [u8], place: usize, chance: &mut Chance) -> Option<()> {
    *file.get_mut(place)? ^= 1 << chance.below(8);
    Some(())
}

pub(crate) fn pick<'a, T>(all: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    all.get(chance.below(all.len()))
}

fn within(range: &Range<usize>, chance: &mut Chance) -> usize {
    range.start + chance.below(range.len())
}

/// Any of the copies, so that no class sees one file only.
pub(crate) fn a_copy<'a>(copies: &'a Copies, chance: &mut Chance) -> &'a Copy {
    match chance.below(5) {
        0 => &copies.composed,
        1 | 2 => &copies.other,
        _ => &copies.one,
    }
}

fn outside_gaps(copy: &Copy, chance: &mut Chance) -> usize {
    loop {
        let place = chance.below(copy.bytes.len());
        if !copy.gaps.iter().any(|gap| gap.contains(&place)) {
            return place;
        }
    }
}

/// The digits of a gap that are a structure, without the padding.
fn structure(copy: &Copy, gap: &Range<usize>) -> Range<usize> {
    let digits = copy.bytes.get(gap.start..gap.start + 8).map(String::from_utf8_lossy).unwrap_or_default();
    // A SEQUENCE whose length has two octets: what is padded with zeros may end with one of its own.
    let length = digits.strip_prefix("3082").and_then(|length| usize::from_str_radix(length, 16).ok());
    gap.start..gap.start + 2 * (4 + length.expect("a CMS structure"))
}

pub(crate) fn put(file: &[u8], range: Range<usize>, with: &[u8]) -> Option<Vec<u8>> {
    Some([file.get(..range.start)?, with, file.get(range.end..)?].concat())
}

fn bit_signed(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let mut file = copy.bytes.clone();
    flip(&mut file, outside_gaps(copy, chance), chance)?;
    Some(file)
}

fn bit_cms(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let place = within(&structure(copy, pick(&copy.gaps, chance)?), chance);
    let mut file = copy.bytes.clone();
    let value = char::from(*file.get(place)?).to_digit(16)? ^ (1 << chance.below(4));
    *file.get_mut(place)? = u8::try_from(char::from_digit(value, 16)?).ok()?;
    Some(file)
}

fn bit_anywhere(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut file = a_copy(copies, chance).bytes.clone();
    let place = chance.below(file.len());
    flip(&mut file, place, chance)?;
    Some(file)
}

fn bit_objects(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let place = within(pick(&copy.written, chance)?, chance);
    let mut file = copy.bytes.clone();
    flip(&mut file, place, chance)?;
    Some(file)
}

/// From the last object of a revision to its end.
fn tables(copy: &Copy) -> Vec<Range<usize>> {
    let start = |end: &usize| copy.written.iter().map(|one| one.end).filter(|at| at < end).max();
    copy.ends.iter().filter_map(|end| Some(start(end)?..*end)).collect()
}

fn byte_xref(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let place = within(pick(&tables(copy), chance)?, chance);
    let mut file = copy.bytes.clone();
    let old = *file.get(place)?;
    *file.get_mut(place)? = if chance.below(2) == 0 { old ^ 1 } else { *pick(b" 0nf\n<>/%R", chance)? };
    Some(file)
}

fn bytes_set(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let start = outside_gaps(copy, chance);
    let noise: Vec<u8> = (0..=chance.below(40)).map(|_| (chance.next() & 0xff) as u8).collect();
    put(&copy.bytes, start..(start + noise.len()).min(copy.bytes.len()), &noise)
}

fn bytes_moved(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let start = outside_gaps(copy, chance);
    let range = start..(start + 1 + chance.below(64)).min(copy.bytes.len());
    let again = copy.bytes.get(range.clone())?;
    if chance.below(2) == 0 { put(&copy.bytes, range, b"") } else { put(&copy.bytes, start..start, again) }
}

fn words(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    Some(mutate::pdf(&copies.one.bytes, &copies.other.bytes, chance))
}

fn other_digit(file: &mut [u8], among: &[usize], chance: &mut Chance) -> Option<()> {
    let digit = file.get_mut(*pick(among, chance)?)?;
    *digit = b'0' + (*digit - b'0' + 1 + u8::try_from(chance.below(9)).ok()?) % 10;
    Some(())
}

fn digits(copy: &Copy, range: Range<usize>) -> Vec<usize> {
    let outside = |at: &usize| !copy.gaps.iter().any(|gap| gap.contains(at));
    range.filter(|at| copy.bytes.get(*at).is_some_and(u8::is_ascii_digit)).filter(outside).collect()
}

fn digit_in_object(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let among = digits(copy, pick(&copy.written, chance)?.clone());
    let mut file = copy.bytes.clone();
    other_digit(&mut file, &among, chance)?;
    Some(file)
}

fn digit_in_xref(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let among = digits(copy, pick(&tables(copy), chance)?.clone());
    let mut file = copy.bytes.clone();
    other_digit(&mut file, &among, chance)?;
    Some(file)
}

/// In the last signature only: the case of the others is within what a later one signs.
fn hex_case(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let within = copy.gaps.last()?.clone();
    let mut file = copy.bytes.clone();
    for byte in file.get_mut(within)? {
        if chance.below(2) == 0 {
            byte.make_ascii_uppercase();
        }
    }
    Some(file)
}

fn padding(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let gap = pick(&copy.gaps, chance)?;
    let zeros = structure(copy, gap).end..gap.end;
    let mut file = copy.bytes.clone();
    let place = within(&zeros, chance);
    match chance.below(4) {
        0 => *file.get_mut(place)? = *pick(b"123456789abcdefABCDEF", chance)?,
        1 => *file.get_mut(place)? = *pick(b" \n\t\0zG<>(", chance)?,
        2 => drop(file.drain(place..zeros.end.min(place + 2))),
        _ => drop(file.splice(place..place, b"00".iter().copied())),
    }
    Some(file)
}

fn byte_range(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let at = *pick(&places(&copy.bytes, b"/ByteRange ["), chance)? + b"/ByteRange [".len();
    let long = copy.bytes.get(at..)?.iter().position(|byte| *byte == b']')?;
    let mut file = copy.bytes.clone();
    for _ in 0..=chance.below(3) {
        other_digit(&mut file, &digits(copy, at..at + long), chance)?;
    }
    // Digits that changed back are no change.
    (file != copy.bytes).then_some(file)
}

/// Numbers of the forger's choice, the text as long as before so that nothing moves.
fn byte_range_text(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let at = *pick(&places(&copy.bytes, b"/ByteRange ["), chance)? + b"/ByteRange [".len();
    let long = copy.bytes.get(at..)?.iter().position(|byte| *byte == b'/')?;
    let (gap, total) = (pick(&copy.gaps, chance)?, copy.bytes.len());
    let (open, close) = (gap.start - 1, gap.end + 1);
    let text = match chance.below(6) {
        0 => format!("0 {open} {close} {}]", chance.below(total - close)),
        1 => format!("0 {open} {close} {}]", total - close),
        2 => format!("1 {open} {close} {}]", total - close),
        3 => format!("0 0 0 {total}]"),
        4 => format!("0 {} {} {}]", chance.below(total), chance.below(total), chance.below(total)),
        _ => format!("0 {open} {close} 10 {} 5]", chance.below(total)),
    };
    let file = put(&copy.bytes, at..at + long, format!("{text:<long$}").as_bytes())?;
    // The range of the right signature, differing in blanks only, still is a change of signed bytes.
    (file != copy.bytes && file.len() == total).then_some(file)
}

/// A CMS back into its gap, as long as before.
fn with_cms(copy: &Copy, gap: &Range<usize>, cms: &[u8]) -> Option<Vec<u8>> {
    let mut text: String = cms.iter().map(|byte| format!("{byte:02x}")).collect();
    text.extend(std::iter::repeat_n('0', gap.len().saturating_sub(text.len())));
    put(&copy.bytes, gap.clone(), text.get(..gap.len())?.as_bytes())
}

pub(crate) fn cms_of(copy: &Copy, gap: &Range<usize>) -> Vec<u8> {
    let digits = copy.bytes.get(structure(copy, gap)).unwrap_or_default();
    let value = |byte: Option<&u8>| char::from(*byte.unwrap_or(&b'0')).to_digit(16).unwrap_or_default();
    digits.chunks(2).map(|pair| (value(pair.first()) * 16 + value(pair.get(1))) as u8).collect()
}

fn cms_elements(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let gap = pick(&copy.gaps, chance)?;
    let file = with_cms(copy, gap, &mutate::der(&cms_of(copy, gap), chance))?;
    (file != copy.bytes).then_some(file)
}

/// What no signature covers, encoded in another way.
fn cms_otherwise(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let gap = pick(&copy.gaps, chance)?;
    let others = Others { foreign: copies.foreign.der(), root: copies.root.der() };
    let ways = written_otherwise(&cms_of(copy, gap), &others);
    let (_, cms) = pick(&ways, chance)?;
    with_cms(copy, gap, cms)
}

fn cms_swapped(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let (into, from) = (pick(&copy.gaps, chance)?, pick(&copy.gaps, chance)?);
    (into != from).then(|| with_cms(copy, into, &cms_of(copy, from)))?
}

fn cms_foreign(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let at = chance.below(copies.one.gaps.len());
    with_cms(&copies.one, copies.one.gaps.get(at)?, &cms_of(&copies.other, copies.other.gaps.get(at)?))
}

fn replaced(file: &[u8], old: &[u8], new: &[u8], chance: &mut Chance) -> Option<Vec<u8>> {
    let at = *pick(&places(file, old), chance)?;
    put(file, at..at + old.len(), new)
}

fn names_swapped(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let pairs: [(&str, &str); 8] = [
        ("(Leader)", "(Seal)"),
        ("(Seal)", "(Leader)"),
        ("(Leader)", "(Laeder)"),
        ("/V 9 0 R", "/V 12 0 R"),
        ("/V 12 0 R", "/V 9 0 R"),
        ("/Fields [7 0 R 8 0 R", "/Fields [8 0 R 7 0 R"),
        ("/ETSI.CAdES.detached", "/adbe.pkcs7.detached"),
        ("/Type /DocTimeStamp", "/Type /Sig         "),
    ];
    let (old, new) = pick(&pairs, chance)?;
    replaced(&copy.bytes, old.as_bytes(), new.as_bytes(), chance)
}

fn cut(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let at = outside_gaps(copy, chance);
    // The end of a revision is a file that existed.
    (!copy.ends.contains(&at)).then(|| copy.bytes.get(..at).map(<[u8]>::to_vec))?
}

fn cut_at_end(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let at = *pick(&copy.ends, chance)? - 2 - chance.below(12);
    copy.bytes.get(..at).map(<[u8]>::to_vec)
}

fn spliced(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let (head, tail) = (pick(&copies.one.ends, chance)?, pick(&copies.other.ends, chance)?);
    let file = [copies.one.bytes.get(..*head)?, copies.other.bytes.get(*tail..)?].concat();
    // Without a tail this is a file that existed.
    (*tail < copies.other.bytes.len() && !copies.other.bytes.get(*tail..)?.is_empty()).then_some(file)
}

fn revision_behind(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let at = chance.below(copies.other.ends.len());
    let start = at.checked_sub(1).and_then(|before| copies.other.ends.get(before)).copied().unwrap_or_default();
    Some([&copies.one.bytes, copies.other.bytes.get(start..*copies.other.ends.get(at)?)?].concat())
}

fn doubled(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let object = copy.bytes.get(pick(&copy.written, chance)?.clone())?;
    let at = if chance.below(2) == 0 { *pick(&copy.ends, chance)? } else { pick(&copy.written, chance)?.start };
    put(&copy.bytes, at..at, object)
}

fn in_front(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let before: [&[u8]; 6] = [b"\n", b" ", b"%PDF-1.4\n", b"%!PS\n", b"\xef\xbb\xbf", b"GIF89a"];
    Some([*pick(&before, chance)?, &copy.bytes].concat())
}

fn behind(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let last: [&[u8]; 8] = [
        b"\n\n",
        b"%%EOF\n",
        b"\0",
        b"% lost\n",
        b"4 0 obj\nnull\nendobj\n",
        b"trailer\n<</Root 4 0 R>>\n",
        b" ",
        b"startxref\n702\n%%EOF\n",
    ];
    let again = (0..=chance.below(3)).map(|_| pick(&last, chance).copied().unwrap_or_default()).collect::<Vec<_>>();
    Some([copy.bytes.as_slice(), &again.concat()].concat())
}

/// A revision as the house writes it, stamped by an authority that nobody trusts.
fn stranger_behind(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let prepared = pades::prepare_archive(&copy.bytes, &pades::LongTerm::default()).ok()?;
    let tsa = testkit::trees().strangers.tsa(copies.at);
    let spec = TimestampSpec {
        policy: "1.3.6.1.4.1.99999.1".to_owned(),
        serial: vec![1],
        gen_time: copies.at - i64::try_from(chance.below(1000)).ok()?,
        imprint_algorithm: pki::DigestAlgorithm::Sha256,
        imprint: pades::signed_digest(&prepared.file, prepared.contents.clone()).to_vec(),
        nonce: None,
        accuracy_seconds: Some(1),
    };
    let sign = |tbs: &[u8]| tsa.key.sign(&Sha256::digest(tbs).into(), 0);
    let token = timestamp_token(&spec, &tsa.chain, SignatureAlgorithm::EcdsaSha256, &sign).ok()?;
    pades::embed(&prepared.file, prepared.contents, &token).ok()
}
