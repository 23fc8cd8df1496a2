//! Attacks on a copy of our own (R64, R68): whatever is done to its bytes, it is not valid any more, and every signature that the change
//! concerns says so.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use pades::*;

use crate::common::{judge, *};
use crate::rules::{PAGE, Signed, TEXT};

/// contract.md §2: what the corpora call ACCEPT.
fn accepted(report: &Report) -> bool {
    report.kind != ReportKind::Unreadable
        && !report.signatures.is_empty()
        && report.signatures.iter().all(|one| {
            one.integrity == Integrity::Intact
                && one.covers != Covers::Partial
                && one.changes_after != Changes::NotPermitted
        })
}

/// Neither accepted nor valid.
fn rejected(file: &[u8], pki: &Pki, what: &str) -> Report {
    let report = judge(file, pki);
    assert!(!accepted(&report), "{what}: {:?}", report.reasons);
    assert_ne!(report.verdict, Verdict::Valid, "{what}");
    report
}

fn stream(dict: &str, data: &str) -> String {
    format!("<<{dict}/Length {}>>\nstream\n{data}\nendstream", data.len())
}

fn forged_page() -> String {
    stream("", "BT /F1 14 Tf 60 760 Td (Ban sao gia) Tj ET")
}

/// Where a piece of text stands.
fn places(file: &[u8], text: &[u8]) -> Vec<usize> {
    file.windows(text.len()).enumerate().filter(|(_, window)| *window == text).map(|(at, _)| at).collect()
}

/// The ranges that the signatures cover, read from the bytes and not by the judge.
fn signed_ranges(file: &[u8]) -> Vec<[usize; 4]> {
    let one = |at: usize| {
        let text = String::from_utf8_lossy(&file[at..file.len().min(at + 100)]).into_owned();
        let inside = text.split_once('[')?.1.split_once(']')?.0;
        let numbers: Vec<usize> = inside.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        <[usize; 4]>::try_from(numbers).ok()
    };
    places(file, b"/ByteRange").into_iter().filter_map(one).collect()
}

/// Runs of at least 64 zeros: the padding of `/Contents`.
fn padding(file: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (at, byte) in file.iter().chain([&0]).enumerate() {
        if *byte != b'0' {
            if at - start >= 64 {
                runs.push(start..at);
            }
            start = at + 1;
        }
    }
    runs
}

/// R64: a flip of any single byte that a signature covers is rejected. Every byte is tried but for the zeros that pad the leader's
/// `/Contents`: of them every 61st. `tests/mutations` turns all of them, in an archived copy.
#[test]
fn every_flipped_byte_is_rejected() {
    const STRIDE: usize = 61;
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let ranges = signed_ranges(&sealed);
    assert_eq!(ranges.len(), 2);
    let covered = |at: &usize| ranges.iter().any(|[a, b, c, d]| (*a..a + b).contains(at) || (*c..c + d).contains(at));
    let runs = padding(&sealed);
    let wanted = |at: &usize| at.is_multiple_of(STRIDE) || !runs.iter().any(|run| run.contains(at));
    let tried: Vec<usize> = (0..sealed.len()).filter(covered).filter(wanted).collect();
    assert!(tried.len() > 9_000, "{}", tried.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get) {
            scope.spawn(|| {
                let mut file = sealed.clone();
                while let Some(&at) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let bit = 1 << (at % 8);
                    file[at] ^= bit;
                    rejected(&file, &pki, &format!("byte {at}"));
                    file[at] ^= bit;
                }
            });
        }
    });
    assert!(accepted(&judge(&sealed, &pki)), "the untouched copy is in order");
}

/// A revision on top: objects by number.
type Revision = Vec<(u32, String)>;

fn grown(file: &[u8], objects: &Revision) -> Vec<u8> {
    let objects: Vec<(u32, &str)> = objects.iter().map(|(number, text)| (*number, text.as_str())).collect();
    append(file, &objects)
}

/// The only page of the copy, with its contents, annotations and further entries as given.
fn page(contents: &str, annotations: &str, more: &str) -> String {
    format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {contents}/Resources<</Font<</F1 5 0 R>>>>/Annots[{annotations}]{more}>>"
    )
}

const WIDGETS: &str = "7 0 R 8 0 R";

/// Ways to change what a page shows.
fn forgeries() -> Vec<(&'static str, Revision)> {
    let text = |text: &str| text.to_owned();
    let own = |contents: &str, more: &str| (3, page(contents, WIDGETS, more));
    let forged = || (90, forged_page());
    let tree = |number: u32, kids: &str, count: u32| (number, format!("<</Type/Pages/Count {count}/Kids[{kids}]>>"));
    let new_page = || (91, page("90 0 R", "", ""));
    let catalog = |more: &str| (1, format!("<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R{more}>>"));
    vec![
        ("content stream replaced", vec![(4, forged_page())]),
        ("page with other content", vec![own("90 0 R", ""), forged()]),
        ("content appended", vec![own("[4 0 R 90 0 R]", ""), forged()]),
        ("page added", vec![tree(2, "3 0 R 91 0 R", 2), new_page(), forged()]),
        ("page replaced", vec![tree(2, "91 0 R", 1), new_page(), forged()]),
        (
            "other page tree",
            vec![
                (1, text("<</Type/Catalog/Pages 92 0 R/AcroForm 6 0 R>>")),
                tree(92, "91 0 R", 1),
                new_page(),
                forged(),
            ],
        ),
        ("font replaced", vec![(5, text("<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"))]),
        ("page turned", vec![own("4 0 R", "/Rotate 180")]),
        ("page cropped", vec![own("4 0 R", "/CropBox[0 0 10 10]")]),
        ("user unit", vec![own("4 0 R", "/UserUnit 2")]),
        ("action on opening the page", vec![own("4 0 R", "/AA<</O<</S/JavaScript/JS(app.alert\\(1\\))>>>>")]),
        ("script on opening", vec![catalog("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>")]),
        ("names of scripts", vec![catalog("/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>")]),
        ("layers", vec![catalog("/OCProperties<</OCGs[]/D<<>>>>")]),
        ("a file inside", vec![catalog("/AF[93 0 R]"), (93, text("<</Type/Filespec/F(a)>>"))]),
    ]
}

/// R64: a page forged after the seal is rejected, in each of the ways a page can be changed.
#[test]
fn a_page_forged_after_the_seal_is_rejected() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let archived = archive(&pki, &sealed, NOW + 120);
    for (what, objects) in forgeries() {
        for (level, file) in [("sealed", &sealed), ("archived", &archived)] {
            let report = rejected(&grown(file, &objects), &pki, &format!("{what} after {level}"));
            assert_eq!(report.verdict, Verdict::Invalid, "{what} after {level}");
            let all = report.signatures.iter().all(|one| one.changes_after == Changes::NotPermitted);
            assert!(all, "{what} after {level}: every signature is older than the change");
        }
    }
}

/// R64: a page forged between the leader's signature and the seal is rejected, although the seal itself is in order.
#[test]
fn a_page_forged_before_the_seal_is_rejected() {
    let pki = Pki::new();
    let signed = make(&pki).signed;
    for (what, objects) in forgeries() {
        let forged = grown(&signed, &objects);
        // Some of these make a file that cannot be sealed any more; then there is nothing to judge.
        let catalog_gone = what == "other page tree";
        let sealed = sign(&pki, &forged, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
        let report = rejected(&sealed, &pki, what);
        let [leader, seal] = report.signatures.as_slice() else { panic!("{what}: {:?}", report.signatures) };
        assert_eq!((leader.integrity, leader.changes_after), (Integrity::Intact, Changes::NotPermitted), "{what}");
        assert_eq!((seal.integrity, seal.changes_after), (Integrity::Intact, Changes::None), "{what}");
        assert!(!catalog_gone || report.verdict == Verdict::Invalid);
    }
}

/// R64: annotations that draw over the page, and appearances that are exchanged.
#[test]
fn what_is_drawn_over_a_page_is_rejected() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let cover = stream("/Type/XObject/Subtype/Form/BBox[0 0 595 842]", "1 1 1 rg 0 0 595 842 re f");
    let annotation = |subtype: &str, more: &str| {
        format!("<</Type/Annot/Subtype/{subtype}/Rect[0 0 595 842]/P 3 0 R/F 4/AP<</N 95 0 R>>{more}>>")
    };
    let with =
        |annotation: String| vec![(3, page("4 0 R", "7 0 R 8 0 R 94 0 R", "")), (94, annotation), (95, cover.clone())];
    let leader = "<</Type/Annot/Subtype/Widget/FT/Sig/T(Leader)/F 132/P 3 0 R/Rect[60 100 260 180]/AP<</N 95 0 R>>";
    let changes: Vec<(&str, Revision)> = vec![
        ("free text", with(annotation("FreeText", "/DA(/F1 12 Tf)/Contents(x)"))),
        ("stamp", with(annotation("Stamp", ""))),
        ("redaction", with(annotation("Redact", ""))),
        ("link", with(annotation("Link", "/A<</S/URI/URI(http://example.invalid)>>"))),
        ("widget of no field", with(annotation("Widget", ""))),
        ("widget of a text field", {
            let mut objects = with(annotation("Widget", "/FT/Tx/T(a)/V(b)"));
            objects.push((6, "<</Fields[7 0 R 8 0 R 94 0 R]/SigFlags 3>>".to_owned()));
            objects
        }),
        ("empty visible signature field", {
            let mut objects = with(annotation("Widget", "/FT/Sig/T(More)"));
            objects.push((6, "<</Fields[7 0 R 8 0 R 94 0 R]/SigFlags 3>>".to_owned()));
            objects
        }),
        ("leader's appearance", vec![(7, format!("{leader}/V 9 0 R>>")), (95, cover.clone())]),
        ("leader's signature removed", vec![(7, format!("{leader}>>")), (95, cover.clone())]),
        ("widgets hidden", vec![(3, page("4 0 R", "", ""))]),
        ("one widget hidden", vec![(3, page("4 0 R", "7 0 R", ""))]),
    ];
    for (what, objects) in &changes {
        for (level, file) in [("sealed", &made.sealed), ("archived", &archived)] {
            let report = rejected(&grown(file, objects), &pki, &format!("{what} after {level}"));
            assert_eq!(report.verdict, Verdict::Invalid, "{what} after {level}");
        }
    }
}

/// Every object of the copy, given another value by a later revision: none passes. (The same value again would.)
#[test]
fn every_object_is_guarded() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let size: u32 = {
        let text = String::from_utf8_lossy(&archived);
        let last = text.rsplit("/Size ").next().expect("a trailer");
        last.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
    };
    assert!(size > 20);
    for number in 1..size {
        for value in ["null", "<<>>", "(x)", "[7 0 R]", "<</Type/Annot/Subtype/Widget/FT/Sig/T(Leader)>>"] {
            rejected(
                &grown(&archived, &vec![(number, value.to_owned())]),
                &pki,
                &format!("object {number} becomes {value}"),
            );
        }
        let stream = stream("", "0 0 595 842 re f");
        rejected(&grown(&archived, &vec![(number, stream)]), &pki, &format!("object {number} becomes a stream"));
    }
}

fn startxref(file: &[u8]) -> usize {
    let text = String::from_utf8_lossy(file);
    let number = text.rsplit("startxref").next().expect("a startxref");
    number.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

/// Appends objects and a table of our own making.
fn with_table(file: &[u8], objects: &str, table: impl Fn(usize) -> String, trailer: &str) -> Vec<u8> {
    let mut grown = file.to_vec();
    let at = grown.len();
    grown.extend(objects.as_bytes());
    let xref = grown.len();
    grown.extend(format!("xref\n{}trailer\n<<{trailer}>>\nstartxref\n{xref}\n%%EOF\n", table(at)).into_bytes());
    grown
}

/// R64: two readers must not see two files: shadowed objects, generations, duplicate entries, hybrid sections, doubled keys.
#[test]
fn shadowed_objects_are_rejected() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let (prev, forged) = (startxref(&sealed), forged_page());
    let trailer = format!("/Size 20/Root 1 0 R/Prev {prev}");
    let object = format!("4 0 obj\n{forged}\nendobj\n");
    let entry = |at: usize| format!("{at:010} 00000 n \n");
    let genuine = places(&sealed, b"\n4 0 obj").first().map(|at| at + 1).expect("object 4");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "listed twice, the forged one first",
            with_table(&sealed, &object, |at| format!("4 1\n{}4 1\n{}", entry(at), entry(genuine)), &trailer),
        ),
        (
            "listed twice, the forged one last",
            with_table(&sealed, &object, |at| format!("4 1\n{}4 1\n{}", entry(genuine), entry(at)), &trailer),
        ),
        ("not listed at all", with_table(&sealed, &object, |_| "0 1\n0000000000 65535 f \n".to_owned(), &trailer)),
        (
            "another generation",
            with_table(
                &sealed,
                &object.replace("4 0 obj", "4 1 obj"),
                |at| format!("4 1\n{at:010} 00001 n \n"),
                &trailer,
            ),
        ),
        ("freed", with_table(&sealed, "", |_| "4 1\n0000000000 00001 f \n".to_owned(), &trailer)),
        (
            "a key twice",
            with_table(
                &sealed,
                "1 0 obj\n<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/AcroForm 6 0 R>>\nendobj\n",
                |at| format!("1 1\n{}", entry(at)),
                &trailer,
            ),
        ),
        (
            "another object at the offset",
            with_table(&sealed, &object.replace("4 0 obj", "44 0 obj"), |at| format!("4 1\n{}", entry(at)), &trailer),
        ),
    ];
    for (what, file) in cases {
        rejected(&file, &pki, what);
    }
}

/// A hybrid section shows the genuine page to those who know hybrid sections, and a forged one to those who do not.
#[test]
fn a_hybrid_section_with_two_faces_is_rejected() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let (prev, start) = (startxref(&sealed), sealed.len());
    let genuine = "BT /F1 14 Tf 60 760 Td (Ban sao chung thuc) Tj ET";
    let mut objects = String::new();
    let mut place = |text: String| {
        let at = start + objects.len();
        objects.push_str(&text);
        at
    };
    let forged = place(format!("4 0 obj\n{}\nendobj\n", forged_page()));
    let copy = place(format!("80 0 obj\n{}\nendobj\n", stream("", genuine)));
    let hidden_page = place(format!("3 0 obj\n{}\nendobj\n", page("80 0 R", WIDGETS, "")));
    // W [1 4 1]: objects 3 and 80 only in the stream.
    let row = |at: usize| format!("01{at:08x}00");
    let rows = format!("{}{}", row(hidden_page), row(copy));
    let section = place(format!(
        "81 0 obj\n<</Type/XRef/Size 82/W[1 4 1]/Index[3 1 80 1]/Root 1 0 R/Filter/ASCIIHexDecode/Length {}>>\nstream\n{rows}>\nendstream\nendobj\n",
        rows.len() + 1
    ));
    let trailer = format!("/Size 82/Root 1 0 R/Prev {prev}/XRefStm {section}");
    let file = with_table(&sealed, &objects, |_| format!("4 1\n{forged:010} 00000 n \n"), &trailer);
    let report = rejected(&file, &pki, "two faces");
    assert_eq!(report.signatures.len(), 2, "{:?}", report.reasons);
}

/// R64: the chain of sections: signatures that are stepped over, loops, older states brought back.
#[test]
fn tricks_with_prev_are_rejected() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let base = startxref(&made.base);
    let empty = |_: usize| "0 1\n0000000000 65535 f \n".to_owned();
    let onto = |file: &[u8], prev: usize| with_table(file, "", empty, &format!("/Size 40/Root 1 0 R/Prev {prev}"));
    rejected(&onto(&archived, base), &pki, "the signatures stepped over");
    rejected(&onto(&archived, startxref(&made.signed)), &pki, "the seal stepped over");
    rejected(&onto(&made.sealed, made.sealed.len()), &pki, "a section that follows itself");
    rejected(&onto(&made.sealed, 0), &pki, "/Prev at the header");
    rejected(&onto(&made.sealed, usize::MAX / 2), &pki, "/Prev beyond the file");
    rejected(&with_table(&made.sealed, "", empty, "/Size 40/Root 1 0 R"), &pki, "no /Prev");
    let mut back = archived.clone();
    back.extend(format!("startxref\n{base}\n%%EOF\n").into_bytes());
    rejected(&back, &pki, "a last word that names the base");
    let mut cut = archived.clone();
    cut.truncate(archived.len() - "%%EOF\n".len());
    cut.extend(b"\n");
    rejected(&cut, &pki, "no end mark");
}

/// A time-stamp whose own bytes do not hold together leaves no valid copy, even where only its signer is in doubt: the serial number
/// by which it names its signer, changed in its last digit.
#[test]
fn a_broken_document_timestamp_is_not_passed_over() {
    let pki = Pki::new();
    let mut file = archive(&pki, &make(&pki).sealed, NOW + 120);
    let digits: Vec<u8> = file.iter().map(u8::to_ascii_lowercase).collect();
    // SHA-256 as the digest algorithm, then the signed attributes: the serial number stands before.
    let behind = places(&digits, b"300b0609608648016503040201a0").pop().expect("a SignerInfo");
    file[behind - 1] = if file[behind - 1] == b'0' { b'1' } else { b'0' };
    let report = judge(&file, &pki);
    let stamp = report.signatures.iter().rfind(|one| one.kind == SignatureKind::DocTimestamp).expect("a time-stamp");
    assert_eq!(stamp.integrity, Integrity::Broken);
    assert_ne!(report.verdict, Verdict::Valid, "{:?}", report.reasons);
}

/// R64: bytes after the end, of whatever kind.
#[test]
fn bytes_after_the_end_are_rejected() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let reconstructed = format!("4 0 obj\n{}\nendobj\n", forged_page());
    let tails: [&[u8]; 14] = [
        b"x",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\n",
        &[0],
        b"%comment\n",
        b"%%EOF\n",
        reconstructed.as_bytes(),
        b"xref\n0 0\ntrailer\n<</Root 1 0 R>>\n",
        &made.base,
        &[0, 0, 0, 1],
    ];
    for tail in tails {
        for file in [&made.sealed, &archived] {
            rejected(
                &[file.as_slice(), tail].concat(),
                &pki,
                &format!("{:?}", String::from_utf8_lossy(&tail[..tail.len().min(20)])),
            );
        }
    }
    for head in [&b"x\n"[..], b"%!PS-Adobe-3.0\n", &made.base] {
        rejected(&[head, &archived].concat(), &pki, "bytes before the header");
    }
}

/// R64: a file cut anywhere is not a valid copy.
#[test]
fn a_file_that_was_cut_is_rejected() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    // An archive cut back to the seal is a sealed copy: intact, and without evidence not yet valid.
    let known = [made.sealed.len(), made.sealed.len() - 1, archived.len() - 1];
    for length in (0..archived.len()).step_by(211).filter(|length| !known.contains(length)) {
        rejected(&archived[..length], &pki, &format!("cut at {length}"));
    }
    assert_ne!(judge(&made.sealed, &pki).verdict, Verdict::Valid);
    assert_eq!(judge(&made.signed, &pki).verdict, Verdict::Invalid, "one signature is no copy");
}

/// R64: a range or a signature value that says something else than it covers (wrapping, universal forgery, exchange).
#[test]
fn forged_containers_are_rejected() {
    let pki = Pki::new();
    let made = make(&pki);
    let sealed = &made.sealed;
    let [first, second] = signed_ranges(sealed)[..] else { panic!("two ranges") };
    let gap = |[_, before, after, _]: [usize; 4]| before..after;
    let with = |at: usize, bytes: &[u8]| {
        let mut file = sealed.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    // The values of the two signatures exchanged.
    // A value in the other's room, with as much padding as there is room for.
    let fitted = |from: [usize; 4], room: [usize; 4]| {
        let digits = sealed[gap(from)].iter().filter(|byte| byte.is_ascii_hexdigit());
        let padded = digits.copied().chain(std::iter::repeat(b'0')).take(gap(room).len() - 2);
        [b"<", padded.collect::<Vec<_>>().as_slice(), b">"].concat()
    };
    let mut exchanged = sealed.clone();
    exchanged[gap(first)].copy_from_slice(&fitted(second, first));
    exchanged[gap(second)].copy_from_slice(&fitted(first, second));
    rejected(&exchanged, &pki, "exchanged values");
    let mut twice = sealed.clone();
    twice[gap(second)].copy_from_slice(&fitted(first, second));
    rejected(&twice, &pki, "the leader's value as the seal's");
    rejected(&with(gap(second).start + 1, &b"0".repeat(gap(second).len() - 2)), &pki, "no value");
    let ranges =
        ["[0 0 0 0]", "[0 1 2 3]", "[0 10 20 4000000000000]", "[-1 10 20 30]", "[0 10]", "null", "[0 10 20 30 40 50]"];
    for at in places(sealed, b"/ByteRange ") {
        let at = at + "/ByteRange ".len();
        let room = sealed[at..].iter().position(|byte| *byte == b']').expect("the end of the range") + 1;
        for range in ranges.iter().filter(|range| range.len() <= room) {
            rejected(&with(at, format!("{range:room$}").as_bytes()), &pki, range);
        }
    }
    let exchanges: [(&[u8], &[u8]); 3] = [
        (b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detacheX"),
        (b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 "),
        (b"/Type /Sig ", b"/Type /Sog "),
    ];
    for (from, to) in exchanges {
        let at = *places(sealed, from).last().expect("a signature dictionary");
        rejected(&with(at, to), &pki, &String::from_utf8_lossy(to));
    }
}

/// R64: revisions in another order, or one of them left out.
#[test]
fn revisions_in_another_order_are_rejected() {
    let pki = Pki::new();
    let made = make(&pki);
    let archived = archive(&pki, &made.sealed, NOW + 120);
    let (base, leader, seal, archive) = (
        &made.base[..],
        &made.signed[made.base.len()..],
        &made.sealed[made.signed.len()..],
        &archived[made.sealed.len()..],
    );
    let orders: [(&str, Vec<&[u8]>); 6] = [
        ("seal before leader", vec![base, seal, leader]),
        ("seal before leader, archived", vec![base, seal, leader, archive]),
        ("no leader", vec![base, seal]),
        ("no leader, archived", vec![base, seal, archive]),
        ("no seal, archived", vec![base, leader, archive]),
        ("leader twice", vec![base, leader, leader, seal]),
    ];
    for (what, parts) in orders {
        rejected(&parts.concat(), &pki, what);
    }
}

/// R68: a signature by somebody else, in place of the leader's, beside it, or over a forged page.
#[test]
fn other_signers_do_not_make_a_copy() {
    let (pki, stranger) = (Pki::new(), Pki::new());
    let made = make(&pki);
    let foreign = make(&stranger);
    let archived = archive(&stranger, &foreign.sealed, NOW + 120);
    assert_ne!(judge(&archived, &pki).verdict, Verdict::Valid, "roots of somebody else");
    let mixed = sign(&stranger, &made.signed, &stranger.agency, "Seal", Some(facts()), true, NOW + 60);
    assert_ne!(judge(&mixed, &pki).verdict, Verdict::Valid, "a seal of somebody else");
    let only_seal = sign(&pki, &made.base, &pki.agency, "Seal", Some(facts()), true, NOW + 60);
    let report = judge(&only_seal, &pki);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Invalid, "only-one-signature"), "no leader");
    let unsigned = judge(&made.base, &pki);
    assert_eq!((unsigned.verdict, unsigned.kind), (Verdict::Invalid, ReportKind::Unsigned));
    assert_eq!(codes(&unsigned), ["no-signature"]);
}

/// R68: the number in the seal is signed with it; another one in the file is another file.
#[test]
fn another_number_is_rejected() {
    let pki = Pki::new();
    let archived = archive(&pki, &make(&pki).sealed, NOW + 120);
    let at = *places(&archived, b"/Number 152").first().expect("the number in the seal");
    let mut other = archived.clone();
    other[at + 8..at + 11].copy_from_slice(b"153");
    let report = rejected(&other, &pki, "another number");
    assert!(codes(&report).contains(&"content-changed"), "{:?}", report.reasons);
}

/// validation.md §2: the published attacks, each by its name.
#[test]
fn published_attacks_are_rejected() {
    let pki = Pki::new();
    let sealed = make(&pki).sealed;
    let white = stream("/Type/XObject/Subtype/Form/BBox[0 0 595 842]", "1 g 0 0 595 842 re f");
    let cover = |kind: &str| {
        let more = page("4 0 R", "7 0 R 8 0 R 94 0 R", "");
        let note = format!("<</Type/Annot/Subtype/{kind}/F 4/P 3 0 R/Rect[0 0 595 842]/AP<</N 95 0 R>>>>");
        vec![(3, more), (94, note), (95, white.clone())]
    };
    let field = (6, "<</Fields[7 0 R 8 0 R 94 0 R]/SigFlags 3>>".to_owned());
    let open = [cover("Widget/FT/Sig/T(More)"), vec![field]].concat();
    let sneaky = sign(&Pki::new(), &grown(&sealed, &open), &pki.leader, "More", None, false, NOW + 90);
    let hidden = vec![(1, "<</Type/Catalog/Pages 92 0 R/AcroForm 6 0 R>>".to_owned())];
    let swapped = [hidden, vec![(92, "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned())]].concat();
    let unlisted = [&sealed[..], format!("4 0 obj\n{}\nendobj\n", forged_page()).as_bytes()].concat();
    let mut universal = sealed.clone();
    let range = *places(&sealed, b"/ByteRange ").last().expect("a range");
    universal[range..range + 10].copy_from_slice(b"/BiteRange");
    for (name, file) in [
        ("SSA: a later signature covers the page", sneaky),
        ("EAA: a note covers the page", grown(&sealed, &cover("Stamp"))),
        ("ISA: an update that no cross-reference lists", unlisted),
        ("ISA: an update that writes the page anew", grown(&sealed, &vec![(4, forged_page())])),
        ("USF: no range at all", universal),
        ("shadow hide-and-replace: another page tree", grown(&sealed, &swapped)),
    ] {
        assert_eq!(rejected(&file, &pki, name).verdict, Verdict::Invalid, "{name}");
    }
    // What our copies have no place for, in a form of somebody else: a text field, and a page that refers to an object that is not there.
    let form = Signed::new("");
    let shown = stream("/Type/XObject/Subtype/Form/BBox[0 0 99 20]/Resources<<>>", "BT /F1 9 Tf (9000) Tj ET");
    let filled = format!("<<{TEXT}/V(1000)/AP<</N 20 0 R>>>>");
    form.refuses("shadow replace: a value that is not what is drawn", &[(9, &filled), (20, &shown)]);
    form.refuses("shadow replace: a font", &[(5, "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>")]);
    let bare = format!("<<{PAGE}/Annots[7 0 R 8 0 R]>>");
    form.refuses("shadow hide: what lay over the page is gone", &[(3, &bare)]);
    form.refuses("dangling reference", &[(90, &forged_page())]);
}
