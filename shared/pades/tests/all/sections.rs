//! Sections that our reader and viewers read differently: each led a viewer to an object that our reader did not see, behind a signature
//! that was called intact.

use pades::*;

use crate::common::{append, sign, *};
use crate::readers::PLAIN;
use crate::rules::{Signed, form, stream};

/// What the file's own last section says.
fn last(file: &[u8], word: &str) -> usize {
    let at = file.windows(word.len()).rposition(|window| window == word.as_bytes()).expect("a word") + word.len();
    let digits: Vec<u8> =
        file[at..].iter().copied().skip_while(u8::is_ascii_whitespace).take_while(u8::is_ascii_digit).collect();
    String::from_utf8_lossy(&digits).parse().expect("a number")
}

/// An update of objects and a section that is written by hand: its text by its own offset and the one before.
fn update(file: &[u8], body: &str, section: impl Fn(usize, usize) -> String) -> Vec<u8> {
    let grown = [file, body.as_bytes()].concat();
    let tail = format!("{}\nstartxref\n{}\n%%EOF\n", section(grown.len(), last(file, "startxref")), grown.len());
    [&grown[..], tail.as_bytes()].concat()
}

fn with_trailer(file: &[u8], trailer: &str) -> Vec<u8> {
    update(file, "", |_, before| format!("xref\n0 0\ntrailer\n<<{}>>", trailer.replace("PREV", &before.to_string())))
}

/// A9 and ISO 32000-2 §7.5.5: numbers that readers read otherwise, or that make them look for objects themselves.
#[test]
fn a9_a_trailer_says_plain_numbers() {
    let signed = PLAIN.signed();
    let size = last(&signed.file, "/Size");
    let plain = format!("/Size {size}/Root 1 0 R/Prev PREV");
    assert_eq!(signed.changes(&with_trailer(&signed.file, &plain)), Changes::Permitted);
    // What is not read as it is meant makes the file one that was put together: never valid.
    let clear = |file: &[u8]| {
        let report = signed.report(file);
        report.signatures[0].changes_after != Changes::NotPermitted && !codes(&report).contains(&"pdf-rebuilt")
    };
    assert!(clear(&with_trailer(&signed.file, &plain)));
    for (from, to) in [
        ("/Prev PREV", "/Prev PREV.0"),
        ("/Prev PREV", "/Prev PREV.9"),
        ("/Prev PREV", "/Prev PREV/XRefStm 20.0"),
        ("/Prev PREV", "/Prev PREV/XRefStm 5 0 R"),
        ("/Prev PREV", "/Prev PREV/XRefStm -20"),
    ] {
        let file = with_trailer(&signed.file, &plain.replace(from, to));
        assert!(!clear(&file), "{to}");
    }
    let sized = format!("/Size {size}");
    for other in ["", "/Size 0", "/Size -1", "/Size 8.0", "/Size 99999999", "/Size/x"] {
        let file = with_trailer(&signed.file, &plain.replace(&sized, other));
        assert_eq!(signed.changes(&file), Changes::NotPermitted, "{other}");
    }
}

/// A9: a place that is a few bytes beside its section is found by us, and may be something else for others.
#[test]
fn a9_a_section_is_where_it_is_said_to_be() {
    let signed = PLAIN.signed();
    let size = last(&signed.file, "/Size");
    for beside in [-3isize, 2] {
        let file = update(&signed.file, "", |_, before| {
            format!("xref\n0 0\ntrailer\n<</Size {size}/Root 1 0 R/Prev {}>>", before.saturating_add_signed(beside))
        });
        assert_eq!(signed.changes(&file), Changes::NotPermitted, "/Prev {beside}");
    }
    let file = with_trailer(&signed.file, &format!("/Size {size}/Root 1 0 R/Prev PREV"));
    let at = last(&file, "startxref");
    let moved =
        String::from_utf8_lossy(&file[at..]).replace(&format!("startxref\n{at}"), &format!("startxref\n{}", at + 3));
    let file = [&file[..at], moved.as_bytes()].concat();
    assert_eq!(signed.changes(&file), Changes::NotPermitted, "startxref");
}

/// ISO 32000-2 §7.5.4: who counts twenty bytes reads another offset than who reads words.
#[test]
fn a9_an_entry_has_twenty_bytes() {
    let signed = PLAIN.signed();
    let size = last(&signed.file, "/Size") + 2;
    let with = |table: &str| {
        let body = "80 0 obj\n(x)\nendobj\n81 0 obj\n(y)\nendobj\n";
        let file = update(&signed.file, body, |own, before| {
            let (first, second) = (format!("{:010}", own - body.len()), format!("{:010}", own - body.len() / 2));
            let table = table.replace("FIRST", &first).replace("SECOND", &second);
            format!("{table}trailer\n<</Size {}/Root 1 0 R/Prev {before}>>", size.max(82))
        });
        signed.changes(&file)
    };
    assert_eq!(with("xref\n80 2\nFIRST 00000 n \nSECOND 00000 n \n"), Changes::Permitted);
    assert_eq!(with("xref\n80 2\nFIRST 00000 n\r\nSECOND 00000 n \r"), Changes::Permitted);
    for table in [
        "xref\n80 2\nFIRST 00000 n\nSECOND 00000 n\n",
        "xref\n80 2\nFIRST 00000 n  \nSECOND 00000 n \n",
        "xref\n80 2\nFIRST 00000 n \n SECOND 00000 n \n",
        "xref\n80 2\nFIRST  0000 n \nSECOND 00000 n \n",
        "xref\n%\n80 2\nFIRST 00000 n \nSECOND 00000 n \n",
        "xref\n80 1\nFIRST 00000 n \n%\n81 1\nSECOND 00000 n \n",
        "xref\n80 2\nFIRST 00000 n \nSECOND 00000 n \n%\n",
        "xref80 2\nFIRST 00000 n \nSECOND 00000 n \n",
    ] {
        assert_eq!(with(table), Changes::NotPermitted, "{table}");
    }
}

/// A row of a cross-reference stream with `/W[1 4 1]`, in hexadecimal.
fn row(kind: u8, second: usize, third: u8) -> String {
    format!("{kind:02x}{second:08x}{third:02x}")
}

fn section(num: u32, index: &str, size: usize, before: usize, rows: &[String]) -> String {
    let dict = format!("/Type/XRef/Size {size}/Index[{index}]/W[1 4 1]/Root 1 0 R/Prev {before}/Filter/ASCIIHexDecode");
    format!("{num} 0 obj\n{}\nendobj", stream(&dict, &format!("{}>", rows.concat())))
}

/// ISO 32000-2 §7.5.8.3: an entry of an unknown type is null for some and what it was for others.
#[test]
fn a9_entries_of_a_stream_have_known_types() {
    let signed = PLAIN.signed();
    let with = |kind: u8| {
        let entries = |own| [row(kind, 0, 1), row(1, own, 0)];
        update(&signed.file, "", |own, before| section(90, "70 1 90 1", 91, before, &entries(own)))
    };
    assert_eq!(signed.changes(&with(0)), Changes::Permitted);
    for kind in [3, 255] {
        assert_eq!(signed.changes(&with(kind)), Changes::NotPermitted, "{kind}");
    }
}

/// A9: one number twice in one container: readers go by the index or by the number.
#[test]
fn a9_a_container_holds_a_number_once() {
    let signed = PLAIN.signed();
    let with = |second: u32| {
        let header = format!("80 0 {second} 4 ");
        let data = format!("{header}(x) (y) ");
        let container = stream(&format!("/Type/ObjStm/N 2/First {}", header.len()), &data);
        let body = format!("82 0 obj\n{container}\nendobj\n");
        let file = update(&signed.file, &body, |own, before| {
            let mut rows = vec![row(2, 82, 1), row(1, own - body.len(), 0), row(1, own, 0)];
            let index = if second == 80 { "80 1 82 2" } else { "80 2 82 2" };
            if second != 80 {
                rows.insert(0, row(2, 82, 0));
            }
            section(83, index, 84, before, &rows)
        });
        signed.changes(&file)
    };
    assert_eq!(with(81), Changes::Permitted);
    assert_eq!(with(80), Changes::NotPermitted);
}

/// A9: no byte before the header, or offsets that can only be meant in one way. We sign no such file; others may have.
#[test]
fn a9_offsets_have_one_base() {
    let file = [&[b'x'; 200][..], &form("")].concat();
    let at = last(&file, "startxref") + 200;
    let text = String::from_utf8_lossy(&file[at..]);
    let moved: String = text
        .split_inclusive('\n')
        .map(|line| match line.split_once(" 00000 n") {
            Some((offset, rest)) => format!("{:010} 00000 n{rest}", offset.parse::<usize>().expect("an offset") + 200),
            None => line.replace(&(at - 200).to_string(), &at.to_string()),
        })
        .collect();
    let file = [&file[..at], moved.as_bytes()].concat();
    let told = |file: &[u8]| {
        let document = pdf::Document::open(file, &pdf::Limits::default()).expect("a file");
        document.catalog().expect("a catalog");
        document
            .findings()
            .into_iter()
            .filter(|one| one.kind == pdf::FindingKind::TwoBases)
            .map(|one| one.offset)
            .next()
    };
    let size = last(&file, "/Size");
    assert_eq!(told(&with_trailer(&file, &format!("/Size {size}/Root 1 0 R/Prev PREV"))), None);
    let two = update(&file, "", |_, before| {
        let other = "xref\n0 0\ntrailer\n<</Size 9/Root 1 0 R>>";
        let fill = " ".repeat(200 - "xref\n0 0\ntrailer\n<</A(".len());
        format!("xref\n0 0\ntrailer\n<</A({fill}{other})/Size {size}/Root 1 0 R/Prev {before}>>")
    });
    assert_eq!(told(&two), Some(two.len() - 1), "behind every signature that does not reach the end");
}

/// Annex F: the dictionary of a linearized file counts for viewers while `/L` is the length of the file.
#[test]
fn a9_a_linearization_does_not_begin_to_count_later() {
    let linear = |length: usize, page: usize| {
        let text = String::from_utf8_lossy(&form("")).replace('\u{fffd}', "x");
        let first = format!("60 0 obj\n<</Linearized 1/L {length:06}/O {page}/E 1/N 1/T 1/H[1 1]>>\nendobj\n");
        let at = text.find("1 0 obj").expect("an object");
        let file = format!("{}{first}{}", &text[..at], &text[at..]);
        // The offsets move; the object itself is listed by nobody, as in `a9_two_readers_see_the_same`.
        let table = file.find("xref\n0 ").expect("a table");
        let moved: String = file[table..]
            .split_inclusive('\n')
            .map(|line| match line.split_once(" 00000 n") {
                Some((offset, rest)) => {
                    let offset: usize = offset.parse().expect("an offset");
                    format!("{:010} 00000 n{rest}", offset + first.len())
                }
                None => line.to_owned(),
            })
            .collect();
        let end = moved.rfind("startxref").expect("a word");
        format!("{}{}startxref\n{table}\n%%EOF\n", &file[..table], &moved[..end]).into_bytes()
    };
    let signed = |length: usize, page: usize| {
        let pki = Pki::new();
        let file = sign(&pki, &linear(length, page), &pki.leader, "A", None, false, NOW);
        Signed { pki, file }
    };
    let grown = |signed: &Signed| {
        let size = last(&signed.file, "/Size");
        with_trailer(&signed.file, &format!("/Size {size}/Root 1 0 R/Prev PREV"))
    };
    let honest = signed(900, 3);
    let clear = |signed: &Signed| !codes(&signed.report(&grown(signed))).contains(&"later-change-unclear");
    assert!(clear(&honest), "{:?}", honest.report(&grown(&honest)).reasons);
    // Certificates signed with ECDSA are of different lengths, and so is the room that a file keeps for them.
    let one_whose = |length: usize, is: &dyn Fn(&Signed) -> usize| {
        let found = (0..100).map(|_| signed(length, 3)).find(|one| is(one) == length);
        found.expect("a file of that length")
    };
    let length = grown(&honest).len();
    assert!(!clear(&one_whose(length, &|one| grown(one).len())), "the update makes it count");
    assert!(!clear(&one_whose(honest.file.len(), &|one| one.file.len())), "the update ends it");
}

/// C3: in a file that the empty password opens, the key of RC4 and AES-128 depends on the object.
#[test]
fn c3_the_same_octets_in_two_encrypted_objects_are_not_the_same() {
    // Nobody knows the password of this one; the rule is the same.
    let key = |name: char| format!("<{}>", name.to_string().repeat(64));
    let encrypt =
        format!("/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O{}/U{}>>/ID[<00><00>]", key('1'), key('2'));
    let content = stream("", "BT /F1 14 Tf 60 760 Td (Don) Tj ET");
    let text = String::from_utf8_lossy(&form(""))
        .replace('\u{fffd}', "x")
        .replace("/Root 1 0 R>>", &format!("/Root 1 0 R{encrypt}>>"));
    let document = pdf::Document::open(text.as_bytes(), &pdf::Limits::default()).expect("a file");
    let grown = append(text.as_bytes(), &[(80, &content)]);
    let after = pdf::Document::open(&grown, &pdf::Limits::default()).expect("a file");
    let get =
        |document: &pdf::Document<'_>, num: u32| match document.object(pdf::ObjId::new(num, 0)).expect("an object") {
            pdf::Object::Stream(stream) => stream.clone(),
            other => panic!("{other:?}"),
        };
    let (own, copy) = (get(&after, 4), get(&after, 80));
    assert!(after.same_raw(&own, &document, &get(&document, 4)).expect("comparable"));
    assert!(!after.same_raw(&own, &after, &copy).expect("comparable"), "another number, another key");
}
