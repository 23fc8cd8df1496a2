//! The second reader: what scanning sees otherwise, files without a cross-reference, and files that the empty password opens.

use pdf::{Document, Error, FindingKind, Limits, ObjId, Object};

use crate::files::{ONE_PAGE, append, classic, one_page, open, packed, startxref};

fn stream(text: &str) -> String {
    format!("<</Length {}>>\nstream\n{text}\nendstream", text.len())
}

fn numbers(file: &[u8]) -> Vec<(u32, usize, bool, bool)> {
    let readings = open(file).readings().expect("readings");
    readings.iter().map(|one| (one.id.num, one.from, one.seen, one.enclosed)).collect()
}

/// Text put before the last cross-reference, whose own offset moves with it.
fn before_the_table(file: &[u8], text: &str) -> Vec<u8> {
    let at = startxref(file);
    let tail = String::from_utf8_lossy(&file[at..]).into_owned();
    let tail = tail.replace(&format!("startxref\n{at}"), &format!("startxref\n{}", at + text.len()));
    [&file[..at], text.as_bytes(), tail.as_bytes()].concat()
}

#[test]
fn an_honest_file_has_one_reading() {
    let first = one_page();
    let second = append(&first, &[(4, &stream("x")), (5, "(new)")]);
    let streamed = packed(
        &["<</Type/Catalog/Pages 3 0 R>>"],
        &[(3, "<</Type/Pages/Kids[4 0 R]/Count 1>>"), (4, "<</Type/Page>>")],
    );
    let attached = append(&first, &[(5, &stream("7 0 obj (no object of this file) endobj"))]);
    for file in [&first, &second, &streamed, &attached] {
        assert!(numbers(file).is_empty(), "{:?}", numbers(file));
    }
}

#[test]
fn an_object_off_the_list_is_another_reading() {
    let first = one_page();
    let stray = |text: &str| before_the_table(&first, &format!("4 0 obj\n{text}\nendobj\n"));
    assert_eq!(numbers(&stray(&stream("forged"))), [(4, 0, true, false)]);
    let unused = before_the_table(&first, "40 0 obj\n(x)\nendobj\n");
    assert_eq!(numbers(&unused), [(40, 0, false, false)], "nothing leads to it");
    // A later definition that the list names overrules it.
    let later = append(&stray(&stream("forged")), &[(4, &stream("newer"))]);
    let readings = open(&later).readings().expect("readings");
    assert_eq!(readings.iter().map(|one| (one.id.num, one.from, one.until)).collect::<Vec<_>>(), [(4, 0, 1)]);
    // Behind the end it belongs to no revision.
    let behind = [&first[..], b"4 0 obj\n(forged)\nendobj\n"].concat();
    assert_eq!(numbers(&behind), [(4, 1, true, false)]);
}

#[test]
fn what_stands_inside_a_later_object_is_told_apart() {
    let file = append(&one_page(), &[(50, &stream("\n4 0 obj\n(forged)\nendobj\n"))]);
    assert_eq!(numbers(&file), [(4, 1, true, true)]);
}

/// A file whose page has a stream with `inside` in the midst of so much data.
pub(crate) fn scan(data: usize, inside: &str) -> Vec<u8> {
    let half = "image data ".repeat(data / 22);
    let content = stream(&format!("{half}{inside}{half}"));
    classic(&[ONE_PAGE[0], ONE_PAGE[1], ONE_PAGE[2], &content, "(after it)"])
}

/// A revision that lists a number at a place.
fn listed_at(file: &[u8], number: u32, place: usize) -> Vec<u8> {
    let (at, prev) = (file.len(), startxref(file));
    let section = format!(
        "xref\n{number} 1\n{place:010} 00000 n \ntrailer\n<</Size 99/Root 1 0 R/Prev {prev}>>\nstartxref\n{at}\n%%EOF\n"
    );
    [file, section.as_bytes()].concat()
}

/// A file with so many octets of data.
type Way<'w> = &'w dyn Fn(usize) -> Vec<u8>;

/// The data of a long stream of the first revision are not looked through; nothing may follow from that.
#[test]
fn however_long_a_stream_is_the_same_is_seen() {
    let forged = "\n5 0 obj\n(forged)\nendobj\n";
    let place =
        |file: &[u8], word: &str| file.windows(word.len()).position(|one| one == word.as_bytes()).expect("the word");
    let ways: [(&str, Way<'_>, bool); 9] = [
        ("enclosed in the first revision", &|data| scan(data, forged), false),
        ("a trailer in it", &|data| scan(data, "\ntrailer\n<</Root 3 0 R>>\n"), false),
        ("before the page is told", &|data| append(&scan(data, forged), &[(5, "(later)")]), false),
        (
            "enclosed in a later revision",
            &|data| {
                let half = "image data ".repeat(data / 22);
                append(&one_page(), &[(50, &stream(&format!("{half}\n4 0 obj\n(forged)\nendobj\n{half}")))])
            },
            true,
        ),
        (
            "listed within it",
            &|data| {
                let file = scan(data, forged);
                let at = place(&file, "5 0 obj\n(forged");
                listed_at(&file, 5, at)
            },
            true,
        ),
        (
            "a new number listed within it",
            &|data| {
                let file = scan(data, "\n50 0 obj\n(new)\nendobj\n");
                let at = place(&file, "50 0 obj");
                listed_at(&file, 50, at)
            },
            false,
        ),
        (
            "listed within it, and followed by another",
            &|data| {
                let file = scan(data, &format!("{forged}{forged}"));
                let at = place(&file, "5 0 obj\n(forged");
                listed_at(&file, 5, at)
            },
            true,
        ),
        (
            "listed again over a blank by a later revision",
            &|data| {
                let file = scan(data, "\n3 0 obj\n(forged)\nendobj\n");
                let at = place(&file, "\n4 0 obj");
                listed_at(&file, 4, at)
            },
            true,
        ),
        ("off the list behind it", &|data| before_the_table(&scan(data, forged), "5 0 obj\n(stray)\nendobj\n"), true),
    ];
    for (way, made, seen) in ways {
        let (short, long) = (made(400), made(400_000));
        assert_eq!(numbers(&short), numbers(&long), "{way}");
        assert_eq!(!numbers(&short).is_empty(), seen, "{way}: {:?}", numbers(&short));
    }
}

#[test]
fn an_older_place_named_again_is_another_reading() {
    let first = one_page();
    let old = first.windows(8).position(|window| window == b"\n4 0 obj").expect("object 4") + 1;
    let mut file = append(&first, &[(4, &stream("newer"))]);
    let (at, prev) = (file.len(), startxref(&file));
    file.extend(
        format!("xref\n4 1\n{old:010} 00000 n \ntrailer\n<</Size 9/Root 1 0 R/Prev {prev}>>\nstartxref\n{at}\n%%EOF\n")
            .into_bytes(),
    );
    assert_eq!(numbers(&file), [(4, 2, true, false)]);
}

#[test]
fn containers_and_trailers_off_the_list_are_readings() {
    let first = one_page();
    let container = "60 0 obj\n<</Type/ObjStm/N 1/First 4/Length 12>>\nstream\n4 0 (forged)\nendstream\nendobj\n";
    assert!(numbers(&before_the_table(&first, container)).contains(&(4, 0, true, false)));
    let listed = "<</Type/ObjStm/N 1/First 4/Length 12>>\nstream\n4 0 (forged)\nendstream";
    assert_eq!(numbers(&append(&first, &[(60, listed)])), [(4, 1, true, false)], "a member that no list names");
    let trailer = before_the_table(&first, "trailer\n<</Root 3 0 R>>\n");
    assert_eq!(numbers(&trailer), [(3, 0, true, false)]);
    assert!(numbers(&before_the_table(&first, "trailer\n<</Root 1 0 R>>\n")).is_empty());
}

#[test]
fn a_file_without_cross_reference_is_put_together() {
    let first = append(&one_page(), &[(5, "(old)"), (5, "(new)")]);
    let text = String::from_utf8_lossy(&first).replace("startxref", "lost.word");
    assert!(Document::open(text.as_bytes(), &Limits::default()).is_err());
    let document = Document::rebuild(text.as_bytes(), &Limits::default()).expect("put together");
    assert_eq!(document.rebuilt(), Some(true), "5 is defined twice");
    assert_eq!(document.object(ObjId::new(5, 0)).expect("read").as_string(), Some(&b"new"[..]));
    assert_eq!((document.pages().expect("pages").len(), document.revisions().len()), (1, 1));
    assert!(document.findings().iter().any(|finding| finding.kind == FindingKind::Rebuilt));
    let plain = String::from_utf8_lossy(&one_page()).replace("startxref", "lost.word");
    let document = Document::rebuild(plain.as_bytes(), &Limits::default()).expect("put together");
    assert_eq!(document.rebuilt(), Some(false));
    assert_eq!(open(&one_page()).rebuilt(), None);
    let nothing = Document::rebuild(b"%PDF-1.7\n1 0 obj\n(x)\nendobj\n", &Limits::default());
    assert_eq!(nothing.err(), Some(Error::Structure("no /Root")));
}

/// What the empty password opens reads like any other file.
#[test]
fn the_empty_password_opens() {
    let files: [(&str, &[u8]); 6] = [
        ("RC4, 40 bits", include_bytes!("../vectors/rc4-40.pdf")),
        ("RC4, 128 bits", include_bytes!("../vectors/rc4-128.pdf")),
        ("AESV2", include_bytes!("../vectors/aesv2.pdf")),
        ("AESV2, object streams", include_bytes!("../vectors/aesv2-packed.pdf")),
        ("AESV3, revision 5", include_bytes!("../vectors/aesv3-r5.pdf")),
        ("AESV3, revision 6", include_bytes!("../vectors/aesv3-r6.pdf")),
    ];
    for (what, bytes) in files {
        let document = open(bytes);
        assert!(document.is_encrypted() && !document.is_locked(), "{what}");
        let page = document.pages().expect(what).remove(0);
        let content = document.page_content(&page).expect(what);
        assert_eq!(String::from_utf8_lossy(&content).trim(), "0 0 9 9 re f", "{what}");
        let info = document.get(document.trailer(), b"Info").expect(what).as_dict().expect(what);
        assert_eq!(info.string(b"Title"), Some(&b"Thu nghiem"[..]), "{what}");
        assert!(document.readings().expect(what).is_empty(), "{what}");
    }
}

#[test]
fn another_password_is_not_guessed() {
    let document = open(include_bytes!("../vectors/locked.pdf"));
    assert!(document.is_locked());
    let page = document.pages().expect("plain structure").remove(0);
    assert_eq!(document.page_content(&page).err(), Some(Error::Encrypted));
    let broken = classic(&["<</Type/Catalog>>", "<</Filter/Standard/V 5/R 6/U(x)>>"]);
    let text = String::from_utf8_lossy(&broken).replace("/Root 1 0 R", "/Root 1 0 R/Encrypt 2 0 R");
    let document = open(text.as_bytes());
    assert!(document.is_locked(), "a dictionary that says nothing opens nothing");
    assert_eq!(document.object(ObjId::new(9, 0)), Ok(&Object::Null));
}
