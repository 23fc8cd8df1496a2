//! The classes of changes. Each makes a changed file from a genuine copy, or nothing where it finds no place.

use std::ops::Range;

use pki::issue::{SignatureAlgorithm, TimestampSpec, timestamp_token};
use sha2::{Digest as _, Sha256};

use crate::chance::Chance;
use crate::copies::{Copies, Copy, places};
use crate::edits::{Others, written_otherwise};
use crate::mutate;

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

fn pick<'a, T>(all: &'a [T], chance: &mut Chance) -> Option<&'a T> {
    all.get(chance.below(all.len()))
}

fn within(range: &Range<usize>, chance: &mut Chance) -> usize {
    range.start + chance.below(range.len())
}

/// Any of the copies, so that no class sees one file only.
fn a_copy<'a>(copies: &'a Copies, chance: &mut Chance) -> &'a Copy {
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
    let digits = copy.bytes.get(gap.clone()).unwrap_or_default();
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    gap.start..gap.end - zeros / 2 * 2
}

fn put(file: &[u8], range: Range<usize>, with: &[u8]) -> Option<Vec<u8>> {
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
    let tsa = &testkit::trees().strangers.tsa;
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

/// Objects of an update.
type Objects = Vec<(usize, String)>;

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// An update with its own cross-reference: table, stream, hybrid, or with the objects in an object stream.
fn appended(copy: &Copy, objects: &Objects, chance: &mut Chance) -> Vec<u8> {
    let mut file = copy.bytes.clone();
    let size = objects.iter().map(|(id, _)| id + 1).fold(copy.size() + 2, usize::max);
    let shape = chance.below(4);
    let previous = last_startxref(&file);
    let mut entries: Vec<(usize, [usize; 3])> = Vec::new();
    let packed = shape == 3 && objects.iter().all(|(_, body)| !body.contains("stream\n"));
    if packed {
        let mut index = String::new();
        let mut bodies = String::new();
        for (at, (id, body)) in objects.iter().enumerate() {
            index.push_str(&format!("{id} {} ", bodies.chars().count()));
            bodies.push_str(&format!("{body} "));
            entries.push((*id, [2, size, at]));
        }
        let long = (index.len() + bodies.chars().count()).to_string();
        entries.push((size, [1, file.len(), 0]));
        file.extend(latin(&format!(
            "{size} 0 obj\n<</Type/ObjStm/N {}/First {}/Length {long}>>\nstream\n{index}{bodies}\nendstream\nendobj\n",
            objects.len(),
            index.len()
        )));
    } else {
        for (id, body) in objects {
            entries.push((*id, [1, file.len(), 0]));
            file.extend(latin(&format!("{id} 0 obj\n{body}\nendobj\n")));
        }
    }
    let dictionary = format!("/Root 1 0 R/Prev {previous}");
    let own = size + 1;
    let table = |entries: &[(usize, [usize; 3])]| -> String {
        let row = |(id, [_, at, _]): &(usize, [usize; 3])| format!("{id} 1\n{at:010} 00000 n \n");
        entries.iter().map(row).collect()
    };
    let start = file.len();
    match (shape, packed) {
        (0, _) => file.extend(latin(&format!(
            "xref\n{}trailer\n<</Size {size}{dictionary}>>\nstartxref\n{start}\n%%EOF\n",
            table(&entries)
        ))),
        (1, false) => {
            // Hybrid: the table shows nothing new, the stream beside it does.
            let stream = xref_stream(own, &entries, "", size + 2);
            file.extend(&stream);
            let at = file.len();
            file.extend(latin(&format!(
                "xref\n0 0\ntrailer\n<</Size {}/XRefStm {start}{dictionary}>>\nstartxref\n{at}\n%%EOF\n",
                size + 2
            )));
        }
        _ => {
            entries.push((own, [1, start, 0]));
            file.extend(xref_stream(own, &entries, &dictionary, size + 2));
            file.extend(latin(&format!("startxref\n{start}\n%%EOF\n")));
        }
    }
    file
}

fn xref_stream(own: usize, entries: &[(usize, [usize; 3])], dictionary: &str, size: usize) -> Vec<u8> {
    let index: String = entries.iter().map(|(id, _)| format!("{id} 1 ")).collect();
    let row = |(_, [kind, at, third]): &(usize, [usize; 3])| {
        let wide = u32::try_from(*at).unwrap_or_default().to_be_bytes();
        [&[*kind as u8], wide.as_slice(), &[*third as u8]].concat()
    };
    let rows: Vec<u8> = entries.iter().flat_map(row).collect();
    let head = format!(
        "{own} 0 obj\n<</Type/XRef/W[1 4 1]/Index[{index}]/Size {size}/Length {}{dictionary}>>\nstream\n",
        rows.len()
    );
    [head.as_bytes(), &rows, b"\nendstream\nendobj\n"].concat()
}

fn last_startxref(file: &[u8]) -> String {
    let at = places(file, b"startxref\n").last().copied().unwrap_or_default() + b"startxref\n".len();
    let digits = file.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit());
    digits.map(|byte| char::from(*byte)).collect()
}

fn update(
    copies: &Copies,
    chance: &mut Chance,
    make: impl Fn(&Copy, &mut Chance) -> Option<Objects>,
) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let objects = make(copy, chance)?;
    // A new object that nothing refers to changes nothing that a reader sees (rule C4): what was there must change.
    let changes = objects.iter().any(|(id, body)| copy.objects.contains_key(id) && *body != copy.body(*id));
    changes.then(|| appended(copy, &objects, chance))
}

/// A dictionary with more in it.
fn and(body: &str, more: &str) -> String {
    body.replacen("<<", &format!("<<{more} "), 1)
}

/// Any number, name or word of any object that is no signature's evidence.
fn update_token(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let ids: Vec<usize> = copy
            .objects
            .keys()
            .copied()
            .filter(|id| !copy.body(*id).contains("stream\n") && !copy.body(*id).contains("/OCSP"))
            .collect();
        let id = *pick(&ids, chance)?;
        let body = copy.body(id);
        let tokens: Vec<&str> = body.split([' ', '[', ']', '<', '>', '/']).filter(|one| one.len() < 40).collect();
        let old = *pick(&tokens, chance)?;
        let new = pick(&["0", "1", "-1", "99", "null", "true", "Other", "4", "12"], chance)?;
        (!old.is_empty() && old != *new).then(|| vec![(id, body.replacen(old, new, 1))])
    })
}

fn page_of(copy: &Copy) -> Option<usize> {
    copy.with("/MediaBox").first().copied()
}

fn update_page(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let (page, new) = (page_of(copy)?, copy.size());
        let body = copy.body(page);
        let text = format!("BT /F1 {} Tf 80 {} Td (so khac) Tj ET", 8 + chance.below(30), chance.below(800));
        let drawn = format!("<</Length {}>>\nstream\n{text}\nendstream", text.len());
        let more = [
            "/Rotate 90",
            "/UserUnit 2",
            "/CropBox[0 0 300 300]",
            "/Tabs/S",
            "/Group<</S/Transparency>>",
            "/AA<</O<</S/JavaScript/JS(1)>>>>",
            "/Metadata 4 0 R",
            "/PieceInfo<</A<</LastModified(D:2026)>>>>",
            "/Dur 1",
            "/Trans<</S/Wipe>>",
            "/B[4 0 R]",
            "/Hidden true",
        ];
        Some(match chance.below(6) {
            0 => vec![(page, body.replacen("/Contents 4 0 R", &format!("/Contents {new} 0 R"), 1)), (new, drawn)],
            1 => {
                vec![(page, body.replacen("/Contents 4 0 R", &format!("/Contents[4 0 R {new} 0 R]"), 1)), (new, drawn)]
            }
            2 => vec![(4, drawn)],
            3 => vec![(page, and(&body, pick(&more, chance)?))],
            4 => vec![
                (2, format!("<</Type/Pages/Count 2/Kids[{page} 0 R {new} 0 R]>>")),
                (new, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>".to_owned()),
            ],
            _ => vec![(page, body.replacen("595", &chance.below(594).to_string(), 1))],
        })
    })
}

fn update_annotation(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let (page, new) = (page_of(copy)?, copy.size());
        let kinds = [
            "Text",
            "FreeText",
            "Link",
            "Stamp",
            "Highlight",
            "Square",
            "Ink",
            "Popup",
            "Redact",
            "FileAttachment",
            "Screen",
            "Watermark",
            "Widget",
        ];
        let (kind, left) = (pick(&kinds, chance)?, chance.below(400));
        let action = if chance.below(3) == 0 { "/A<</S/URI/URI(http://example.invalid)>>" } else { "" };
        let flags = chance.below(256);
        let added =
            format!("<</Type/Annot/Subtype/{kind}/Rect[{left} 10 {} 90]/F {flags}/Contents(khac){action}>>", left + 90);
        let body = copy.body(page);
        let annots = match chance.below(3) {
            0 => body.replacen("/Annots [", &format!("/Annots [{new} 0 R "), 1),
            1 => body.replacen("] /", &format!(" {new} 0 R] /"), 1),
            _ => body.rfind(']').map(|at| [&body[..at], &format!(" {new} 0 R"), &body[at..]].concat())?,
        };
        Some(vec![(page, annots), (new, added)])
    })
}

fn update_field(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let new = copy.size();
        let form = *copy.with("/SigFlags").first()?;
        let field = *pick(&copy.with("/Subtype /Widget"), chance)?;
        let body = copy.body(field);
        let kind = pick(&["Tx", "Btn", "Ch", "Sig"], chance)?;
        let more = [
            "/A<</S/JavaScript/JS(1)>>",
            "/AA<</E<</S/Hide/T(Seal)>>>>",
            "/TU(khac)",
            "/DV 9 0 R",
            "/Ff 1",
            "/MK<</CA(x)>>",
            "/H/N",
            "/OC<</Type/OCG/Name(x)>>",
        ];
        Some(match chance.below(8) {
            0 => vec![
                (form, copy.body(form).replacen("/Fields [", &format!("/Fields [{new} 0 R "), 1)),
                (new, format!("<</Type/Annot/Subtype/Widget/FT/{kind}/T(Khac)/Rect[0 0 99 99]/V(x)>>")),
            ],
            1 => vec![(form, "<</Fields [] /SigFlags 3>>".to_owned())],
            2 => vec![(field, body.replacen("/T (", "/T (X", 1))],
            3 => vec![(field, body.replacen("/F 132", &format!("/F {}", chance.below(131)), 1))],
            4 => vec![(field, body.replacen("/Rect [", "/Rect [1", 1))],
            5 => vec![(field, body.replacen("/V ", "/OldV ", 1))],
            6 => {
                vec![(form, and(&copy.body(form), pick(&["/XFA(x)", "/CO[7 0 R]"], chance)?))]
            }
            _ => vec![(field, and(&body, pick(&more, chance)?))],
        })
    })
}

fn update_catalog(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let more = [
            "/OpenAction<</S/JavaScript/JS(1)>>",
            "/OpenAction[3 0 R/Fit]",
            "/AA<</WC<</S/JavaScript/JS(1)>>>>",
            "/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>",
            "/Names<</EmbeddedFiles<</Names[]>>>>",
            "/OCProperties<</OCGs[]/D<<>>>>",
            "/Perms<</DocMDP 9 0 R>>",
            "/Outlines 4 0 R",
            "/URI<</Base(http://example.invalid)>>",
            "/StructTreeRoot<<>>",
            "/PageLabels<</Nums[0<</S/r>>]>>",
            "/PageMode/FullScreen",
            "/PageLayout/TwoPageLeft",
            "/ViewerPreferences<</HideToolbar true>>",
            "/Lang(vi)",
            "/Collection<<>>",
            "/Requirements[]",
            "/AF[4 0 R]",
            "/OutputIntents[]",
            "/PieceInfo<<>>",
            "/Threads[]",
            "/NeedsRendering true",
            "/Legal<<>>",
            "/SpiderInfo<<>>",
            "/DPartRoot<<>>",
        ];
        let body = copy.body(1);
        Some(vec![(
            1,
            match chance.below(4) {
                0 => body.replacen("/AcroForm 6 0 R", "", 1),
                1 => body.replacen("/Pages 2 0 R", &format!("/Pages {} 0 R", 3 + chance.below(9)), 1),
                _ => and(&body, pick(&more, chance)?),
            },
        )])
    })
}

fn update_evidence(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let digits: String = copies.foreign.der().iter().map(|octet| format!("{octet:02x}")).collect();
    let genuine = format!("<</Filter/ASCIIHexDecode/Length {}>>\nstream\n{digits}>\nendstream", digits.len() + 1);
    update(copies, chance, |copy, chance| {
        let (store, new) = (*copy.with("/Certs").first()?, copy.size());
        let (body, catalog) = (copy.body(store), copy.body(1));
        let text = format!("khac {}", chance.next());
        let junk = format!("<</Length {}>>\nstream\n{text}\nendstream", text.len());
        let list = *pick(&["/Certs [", "/OCSPs [", "/CRLs ["], chance)?;
        let more = *pick(&["/XYZ 4 0 R", "/VRI2<<>>", "/Contents 4 0 R", "/Type/Other", "/VRI 4 0 R"], chance)?;
        Some(match chance.below(7) {
            6 => vec![(store, body.replacen("/Certs [", &format!("/Certs [{new} 0 R "), 1)), (new, genuine.clone())],
            0 => vec![(store, body.replacen(list, &format!("{list}{new} 0 R "), 1)), (new, junk)],
            1 => vec![(store, body.replacen(list, &format!("{list}{} 0 R ", 1 + chance.below(14)), 1))],
            2 => vec![(1, catalog.replacen("/DSS", "/Dss", 1))],
            3 => vec![(store, and(&body, more))],
            4 => vec![(store, body.replacen("/VRI <<", &format!("/VRI <</{:040X} 4 0 R ", chance.next()), 1))],
            _ => vec![(store, "<</Type /DSS>>".to_owned())],
        })
    })
}

/// What is done to the last container, with a revision behind it that only adds evidence.
fn container_under_evidence(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut file = update_evidence(copies, chance)?;
    let copy = [&copies.one, &copies.other, &copies.composed].into_iter().find(|copy| file.starts_with(&copy.bytes))?;
    let gap = copy.gaps.last()?;
    let place = gap.start + chance.below(gap.len());
    *file.get_mut(place)? = *pick(b"0123456789abcdef", chance)?;
    (!file[gap.clone()].eq_ignore_ascii_case(&copy.bytes[gap.clone()])).then_some(file)
}

fn update_signature(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let signatures = copy.with("/ByteRange");
        let id = *pick(&signatures, chance)?;
        let body = copy.body(id);
        let other = *pick(&signatures, chance)?;
        Some(match chance.below(5) {
            0 => vec![(id, copy.body(other))],
            1 => vec![(id, "null".to_owned())],
            2 => vec![(id, and(&body, "/Prop_Build<</App<</Name/X>>>>"))],
            3 => vec![(id, body.replacen("/M (D:2026", "/M (D:2025", 1))],
            _ => vec![(id, body.replacen("/Number ", "/Number 1", 1))],
        })
    })
}

fn update_stream(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    update(copies, chance, |copy, chance| {
        let streams: Vec<usize> =
            copy.objects.keys().copied().filter(|id| copy.body(*id).contains("stream\n")).collect();
        let fonts = copy.with("/BaseFont");
        let text = format!("q {} 0 0 1 0 0 cm Q", chance.below(1000));
        let whole =
            format!("<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length {}>>\nstream\n{text}\nendstream", text.len());
        if chance.below(3) == 0 {
            let id = *pick(&fonts, chance)?;
            return Some(vec![(id, "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>".to_owned())]);
        }
        Some(vec![(*pick(&streams, chance)?, whole)])
    })
}

fn update_freed(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let ids: Vec<usize> = copy.objects.keys().copied().collect();
    let (id, at, previous) = (pick(&ids, chance)?, copy.bytes.len(), last_startxref(&copy.bytes));
    let generation = chance.below(2);
    let table = format!(
        "xref\n{id} 1\n0000000000 {generation:05} f \ntrailer\n<</Size {}/Root 1 0 R/Prev {previous}>>\nstartxref\n{at}\n%%EOF\n",
        copy.size()
    );
    Some([copy.bytes.as_slice(), table.as_bytes()].concat())
}

fn update_trailer(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let (new, at, previous) = (copy.size(), copy.bytes.len(), last_startxref(&copy.bytes));
    let object = format!("{new} 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n");
    let root = if chance.below(2) == 0 { new } else { 1 + chance.below(new) };
    let more = pick(&["", "/Encrypt<<>>", "/Info 4 0 R", "/ID[<00><00>]", "/XRefStm 15", "/AuthCode<<>>"], chance)?;
    let prev = match chance.below(3) {
        0 => String::new(),
        1 => format!("/Prev {}", chance.below(at)),
        _ => format!("/Prev {previous}"),
    };
    let table = at + object.len();
    // The whole trailer as a forger without knowledge of /ID writes it.
    let text = format!(
        "{object}xref\n{new} 1\n{at:010} 00000 n \ntrailer\n<</Size {}/Root {root} 0 R{prev}{more}>>\nstartxref\n{table}\n%%EOF\n",
        new + 1
    );
    Some([copy.bytes.as_slice(), text.as_bytes()].concat())
}

/// What was an update at the end, at the end of an earlier revision instead.
fn update_between(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let longer = update_page(copies, chance)?;
    let more = longer.get(copy.bytes.len()..)?;
    let at = *pick(copy.ends.split_last()?.1, chance)?;
    put(&copy.bytes, at..at, more)
}

/// An object that no cross-reference knows, for readers that scan.
fn unreferenced(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let id = 1 + chance.below(copy.size());
    let text = format!("{id} 0 obj\n<</Length 3>>\nstream\nq Q\nendstream\nendobj\n");
    let ending = *pick(&["", "%%EOF\n", "startxref\n0\n%%EOF\n", "xref\n0 0\ntrailer\n<<>>\n"], chance)?;
    Some([copy.bytes.as_slice(), text.as_bytes(), ending.as_bytes()].concat())
}
