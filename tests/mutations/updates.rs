//! Changes that come as updates of a file: objects, places and tables as a forger writes them.

use crate::chance::Chance;
use crate::changes::{a_copy, pick, put};
use crate::copies::{Copies, Copy, places};

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
pub(crate) fn update_token(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_page(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_annotation(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_field(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_catalog(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_evidence(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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
pub(crate) fn container_under_evidence(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut file = update_evidence(copies, chance)?;
    let copy = [&copies.one, &copies.other, &copies.composed].into_iter().find(|copy| file.starts_with(&copy.bytes))?;
    let gap = copy.gaps.last()?;
    let place = gap.start + chance.below(gap.len());
    *file.get_mut(place)? = *pick(b"0123456789abcdef", chance)?;
    (!file[gap.clone()].eq_ignore_ascii_case(&copy.bytes[gap.clone()])).then_some(file)
}

pub(crate) fn update_signature(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_stream(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_freed(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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

pub(crate) fn update_trailer(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
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
pub(crate) fn update_between(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let longer = update_page(copies, chance)?;
    let more = longer.get(copy.bytes.len()..)?;
    let at = *pick(copy.ends.split_last()?.1, chance)?;
    put(&copy.bytes, at..at, more)
}

/// An object that no cross-reference knows, for readers that scan.
pub(crate) fn unreferenced(copies: &Copies, chance: &mut Chance) -> Option<Vec<u8>> {
    let copy = a_copy(copies, chance);
    let id = 1 + chance.below(copy.size());
    let text = format!("{id} 0 obj\n<</Length 3>>\nstream\nq Q\nendstream\nendobj\n");
    let ending = *pick(&["", "%%EOF\n", "startxref\n0\n%%EOF\n", "xref\n0 0\ntrailer\n<<>>\n"], chance)?;
    Some([copy.bytes.as_slice(), text.as_bytes(), ending.as_bytes()].concat())
}
