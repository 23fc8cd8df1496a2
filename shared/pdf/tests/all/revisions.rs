//! Revisions: what each brought, what stands between them, and files that two readers could see differently.

use pdf::{ChangeKind, Document, Error, FindingKind, Limits, Location, ObjId, XrefKind};

use crate::files::{append, classic, one_page, open, packed, startxref};

fn kinds(document: &Document<'_>) -> Vec<FindingKind> {
    document.findings().iter().map(|finding| finding.kind).collect()
}

/// Each revision is seen as it was when it was the newest.
#[test]
fn each_revision_is_its_own_view() {
    let first = one_page();
    let second = append(&first, &[(4, "<</Length 1>>\nstream\nx\nendstream"), (5, "(new)")]);
    let third = append(&second, &[(5, "(newer)")]);
    let document = open(&third);
    assert_eq!(document.revisions().len(), 3);
    assert_eq!(
        document.revisions().iter().map(|one| one.end).collect::<Vec<_>>(),
        [first.len(), second.len(), third.len()]
    );
    let text =
        |view: usize| document.at_revision(view).expect("a view").object(ObjId::new(5, 0)).expect("an object").clone();
    assert!(text(0).is_null());
    assert_eq!((text(1).as_string(), text(2).as_string()), (Some(&b"new"[..]), Some(&b"newer"[..])));
    assert!(document.at_revision(3).is_err());
    let changed =
        |n: usize| document.changed_objects(n).expect("changes").iter().map(|c| (c.id.num, c.kind)).collect::<Vec<_>>();
    assert_eq!(changed(1), [(4, ChangeKind::Modified), (5, ChangeKind::Added)]);
    assert_eq!(changed(2), [(5, ChangeKind::Modified)]);
    assert!(document.unaccounted().expect("spans").is_empty());
    assert!(document.findings().is_empty(), "{:?}", document.findings());
    assert_eq!(document.trailing_bytes(), third.len()..third.len());
}

/// Listing again what was there, or writing the same value again, is no change.
#[test]
fn the_same_again_is_no_change() {
    let first = one_page();
    let file = append(&first, &[(1, "<</Pages 2 0 R /Type/Catalog>>")]);
    assert!(open(&file).changed_objects(1).expect("changes").is_empty());
}

/// C3: what a reader might take otherwise is a change, even where this one sees the same.
#[test]
fn another_way_to_write_it_may_be_a_change() {
    let first = classic(&[
        "<</Type/Catalog/Pages 2 0 R/Turn 90/Text(x)/Nothing null/To 3 0 R>>",
        "<</Type/Pages/Kids[]/Count 0>>",
        "<</Length 4/Filter/ASCIIHexDecode>>\nstream\n4142\nendstream",
    ]);
    let stream = |dict: &str, data: &str| format!("<<{dict}>>\nstream\n{data}\nendstream");
    for (number, text, changed) in [
        (1, "<</Text<78>/Turn 90/To 3 0 R/Type/Catalog/Pages 2 0 R>>".to_owned(), false),
        (1, "<</Text(x)/Turn 90.0/To 3 0 R/Type/Catalog/Pages 2 0 R>>".to_owned(), true),
        (1, "<</Text(x)/Turn 90/To 4 0 R/Type/Catalog/Pages 2 0 R>>".to_owned(), true),
        (3, stream("/Filter/ASCIIHexDecode/Length 4", "4142"), false),
        (3, stream("/Filter/ASCIIHexDecode/Length 5", "41 42"), true),
        (3, stream("/Length 2", "AB"), true),
        (3, stream("/Filter[/ASCIIHexDecode]/Length 4", "4142"), true),
        (3, stream("/Filter/ASCIIHexDecode/Length 4/DecodeParms<</Predictor 5 0 R>>", "4142"), true),
        // A length that is not true: a reader that believes it sees less.
        (3, stream("/Filter/ASCIIHexDecode/Length 2", "4142"), true),
    ] {
        let file = append(&first, &[(number, &text)]);
        assert_eq!(!open(&file).changed_objects(1).expect("changes").is_empty(), changed, "{text}");
    }
}

/// Every byte that belongs to nothing is found.
#[test]
fn bytes_of_nobody_are_found() {
    let file = append(&one_page(), &[(5, "(x)\nendobj\n9 9 obj (hidden)")]);
    let gaps = open(&file).unaccounted().expect("spans");
    let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
    assert!(String::from_utf8_lossy(&file[gap.clone()]).trim_start().starts_with("9 9 obj"));
}

/// Objects in streams, plain ones beside them, and the section as a stream.
#[test]
fn object_streams_are_read() {
    let file = packed(
        &["<</Type/Catalog/Pages 3 0 R>>"],
        &[(3, "<</Type/Pages/Kids[4 0 R]/Count 1>>"), (4, "<</Type/Page>>"), (9, "[1 2]")],
    );
    let document = open(&file);
    assert_eq!(document.revisions()[0].kind, XrefKind::Stream);
    assert_eq!(document.location(ObjId::new(9, 0)), Some(Location::Compressed { container: 2, index: 2 }));
    assert_eq!(document.object(ObjId::new(9, 0)).expect("read").as_array().map(<[_]>::len), Some(2));
    assert_eq!(document.object(ObjId::new(9, 1)), Ok(&pdf::Object::Null), "another generation is another object");
}

/// Departures are tolerated and remembered.
#[test]
fn departures_are_remembered() {
    let page = one_page();
    let text = |file: &[u8]| String::from_utf8_lossy(file).into_owned();
    let moved = [b"junk\n".as_slice(), &page].concat();
    let document = open(&moved);
    assert_eq!(document.header_offset(), 5);
    assert!(
        kinds(&document).contains(&FindingKind::JunkBeforeHeader)
            && kinds(&document).contains(&FindingKind::OffsetsFromHeader)
    );

    let at = startxref(&page);
    let off = page.clone();
    let off = [&off[..off.len() - 6 - at.to_string().len() - 1], format!("{}\n%%EOF\n", at + 3).as_bytes()].concat();
    assert!(kinds(&open(&off)).contains(&FindingKind::StartxrefOff), "{}", text(&off));

    let unmarked = &page[..page.len() - 6];
    assert!(kinds(&open(unmarked)).contains(&FindingKind::MissingEof));

    let wrong = classic(&["<</Type/Catalog>>", "<</Length 3>>\nstream\n123456789\nendstream"]);
    let document = open(&wrong);
    let stream = document.object(ObjId::new(2, 0)).expect("read").as_stream().expect("a stream");
    assert_eq!(document.stream_raw(stream).as_deref(), Ok(&b"123456789"[..]));
    assert!(kinds(&document).contains(&FindingKind::WrongLength));

    let twice = classic(&["<</Type/Catalog/A 1/A 2>>"]);
    let document = open(&twice);
    assert_eq!(document.catalog().expect("read").int(b"A"), Some(2));
    assert!(kinds(&document).contains(&FindingKind::DuplicateKey));
}

/// Appends a section of any text, whose objects stand before it.
fn section(file: &[u8], objects: &str, table: &str, trailer: &str) -> Vec<u8> {
    let mut grown = file.to_vec();
    grown.extend(objects.as_bytes());
    let xref = grown.len();
    grown.extend(format!("xref\n{table}trailer\n<<{trailer}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n").into_bytes());
    grown
}

/// A number twice in one section, a wrong generation, another object at the offset.
#[test]
fn contradictions_are_remembered_or_refused() {
    let page = one_page();
    let (prev, at) = (startxref(&page), page.len());
    let entry = format!("{at:010} 00000 n \n");
    let trailer = format!("/Size 9/Prev {prev}");
    let object = "5 0 obj\n(x)\nendobj\n";
    let twice = section(&page, object, &format!("5 1\n{entry}5 1\n{entry}"), &trailer);
    assert!(kinds(&open(&twice)).contains(&FindingKind::DuplicateXrefEntry));

    let other = section(&page, object, &format!("6 1\n{entry}"), &trailer);
    let document = open(&other);
    assert_eq!(document.object(ObjId::new(6, 0)), Ok(&pdf::Object::Null), "nothing of that number is there");
    assert!(kinds(&document).contains(&FindingKind::MissingObject));

    let older = section(&page, object, &format!("5 1\n{at:010} 00002 n \n"), &trailer);
    let document = open(&older);
    assert!(document.object(ObjId::new(5, 0)).expect("read").is_null());
    assert!(document.object(ObjId::new(5, 2)).is_ok());
    assert!(kinds(&document).contains(&FindingKind::GenerationMismatch));
}

/// Chains that lead nowhere are refused.
#[test]
fn broken_chains_are_refused() {
    let page = one_page();
    let refused = |trailer: &str| {
        Document::open(&section(&page, "", "0 1\n0000000000 65535 f \n", trailer), &Limits::default()).is_err()
    };
    let itself = page.len();
    for prev in [itself, page.len() * 2, 5] {
        assert!(refused(&format!("/Size 9/Prev {prev}")), "/Prev {prev}");
    }
    assert!(matches!(Document::open(b"", &Limits::default()), Err(Error::NoHeader)));
    assert!(matches!(Document::open(b"%PDF-1.7\n", &Limits::default()), Err(Error::NoStartxref)));
    assert!(Document::open(b"%PDF-1.7\nstartxref\n0\n%%EOF", &Limits::default()).is_err());
}

/// A hybrid file is two files: with and without what only its stream lists (ISO 32000-2 §7.5.8.4).
#[test]
fn hybrid_files_have_two_faces() {
    let page = one_page();
    let (prev, start) = (startxref(&page), page.len());
    let mut objects = String::from("4 0 obj\n(hidden)\nendobj\n");
    let stream = start + objects.len();
    let row = format!("01{start:08x}00");
    objects.push_str(&format!(
        "8 0 obj\n<</Type/XRef/Size 9/W[1 4 1]/Index[4 1]/Root 1 0 R/Filter/ASCIIHexDecode/Length {}>>\nstream\n{row}>\nendstream\nendobj\n",
        row.len() + 1
    ));
    let file = section(&page, &objects, "0 0\n", &format!("/Size 9/Prev {prev}/XRefStm {stream}"));
    let document = open(&file);
    assert_eq!(document.revisions()[1].kind, XrefKind::Hybrid);
    assert_eq!(document.object(ObjId::new(4, 0)).expect("read").as_string(), Some(&b"hidden"[..]));
    let shown = document.without_hidden().expect("another face");
    assert!(shown.object(ObjId::new(4, 0)).expect("read").as_stream().is_some());
    assert!(shown.entries(1).iter().all(|entry| entry.id.num != 4));
    assert!(kinds(&document).contains(&FindingKind::HybridConflict));
    assert!(open(&page).without_hidden().is_none());
}

/// An object stream written anew changes what it holds, listed or not.
#[test]
fn a_new_object_stream_changes_its_members() {
    let first = packed(&["<</Type/Catalog/Pages 4 0 R>>"], &[(4, "(old)")]);
    let head = "4 0 ";
    let body = "(new)";
    let container = format!(
        "<</Type/ObjStm/N 1/First {}/Length {}>>\nstream\n{head}{body}\nendstream",
        head.len(),
        head.len() + body.len()
    );
    let file = append(&first, &[(2, &container)]);
    let document = open(&file);
    assert_eq!(document.object(ObjId::new(4, 0)).expect("read").as_string(), Some(&b"new"[..]));
    let changed = document.changed_objects(1).expect("changes");
    assert!(changed.iter().any(|change| change.id.num == 4 && change.kind == ChangeKind::Modified), "{changed:?}");
    assert!(kinds(&document).contains(&FindingKind::ImplicitRedefinition));
}
