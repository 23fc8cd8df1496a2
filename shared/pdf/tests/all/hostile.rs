//! Files that want a reader to take gigabytes, minutes or the stack.

use std::time::{Duration, Instant};

use pdf::{Document, Error, LimitKind, Limits, ObjId};
use proptest::prelude::*;

use crate::files::{append, classic, one_page, open, packed};

/// Looks at everything there is; errors are answers.
fn look_at_all(document: &Document<'_>) {
    let _ = document.pages().map(|pages| pages.iter().map(|page| document.page_content(page)).collect::<Vec<_>>());
    let _ = document.fields();
    let _ = document.signatures();
    let _ = document.unaccounted();
    for n in 0..document.revisions().len() {
        let _ = document.changed_objects(n);
        for entry in document.entries(n) {
            if let Ok(Some(stream)) = document.object(entry.id).map(|object| object.as_stream()) {
                let _ = document.decode(stream);
            }
        }
    }
    let _ = document.catalog().map(|catalog| document.reachable(&pdf::Object::Dict(catalog.clone())));
    let _ = document.findings();
}

proptest! {
    /// A file with some bytes exchanged, or cut, is read or refused.
    #[test]
    fn damaged_files_end(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut in any::<prop::sample::Index>(), cuts in any::<bool>(), streamed in any::<bool>()) {
        let mut file = if streamed {
            packed(&["<</Type/Catalog/Pages 4 0 R>>"], &[(4, "<</Type/Pages/Kids[5 0 R]/Count 1>>"), (5, "<</Type/Page/Parent 4 0 R>>")])
        } else {
            append(&one_page(), &[(4, "<</Length 1>>\nstream\nx\nendstream"), (1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]>>>>")])
        };
        for (place, byte) in damage {
            let at = place.index(file.len());
            file[at] = byte;
        }
        if cuts {
            file.truncate(cut.index(file.len()));
        }
        if let Ok(document) = Document::open(&file, &Limits::default()) {
            look_at_all(&document);
        }
    }
}

fn quickly<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:?}", start.elapsed());
    done
}

/// Every view walks the form, so many fields in many revisions are a product: the file as a whole pays for it.
#[test]
fn fields_times_revisions_have_an_end() {
    let names = 10..3_010;
    let fields: String = names.clone().map(|number| format!("{number} 0 R ")).collect();
    let mut objects = vec![(1, format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{fields}]>>>>"))];
    objects.extend(names.map(|number| (number, format!("<</T(f{number})/FT/Tx>>"))));
    let objects: Vec<(u32, &str)> = objects.iter().map(|(number, text)| (*number, text.as_str())).collect();
    let few = append(&one_page(), &objects);
    assert_eq!(open(&few).fields().map(|fields| fields.len()), Ok(3_000));
    let many = (0..900).fold(few, |file, _| append(&file, &[(5, "(x)")]));
    let document = open(&many);
    let views = (0..document.revisions().len()).map(|n| document.at_revision(n).and_then(|view| view.signatures()));
    let outcome = quickly("fields of many revisions", || views.collect::<Result<Vec<_>, _>>());
    assert_eq!(outcome.err(), Some(Error::Limit(LimitKind::Values)));
}

/// One deflated megabyte of zeros is a kilobyte; forty of them in a row would be forty times that, and so on.
#[test]
fn bombs_stop_at_their_limit() {
    let zeros = pdf::encode_flate(&vec![0u8; 40 << 20]);
    let hex: String = zeros.iter().map(|byte| format!("{byte:02x}")).collect();
    let stream =
        format!("<</Filter[/ASCIIHexDecode/FlateDecode]/Length {}>>\nstream\n{hex}>\nendstream", hex.len() + 1);
    let file = classic(&["<</Type/Catalog>>", &stream]);
    let document = open(&file);
    let bomb = document.object(ObjId::new(2, 0)).expect("read").as_stream().expect("a stream");
    let decoded = quickly("a bomb", || document.decode(bomb));
    assert_eq!(decoded, Err(Error::Limit(LimitKind::DecodedStream)));
    let small = Limits { decoded_total: 1 << 20, ..Limits::default() };
    let document = Document::open(&file, &small).expect("open");
    let bomb = document.object(ObjId::new(2, 0)).expect("read").as_stream().expect("a stream");
    assert!(matches!(document.decode(bomb), Err(Error::Limit(_))));
}

/// Sections that promise more than the file can hold; sections without end; objects that lean on themselves.
#[test]
fn promises_are_not_believed() {
    let refused = |text: String| quickly(&text, || Document::open(text.as_bytes(), &Limits::default()).err());
    let table = |table: &str, trailer: &str| {
        let head = "%PDF-1.7\n";
        format!("{head}xref\n{table}trailer\n<<{trailer}>>\nstartxref\n{}\n%%EOF\n", head.len())
    };
    assert_eq!(refused(table("0 99999999\n", "/Size 1")), Some(Error::Limit(LimitKind::Objects)));
    assert!(refused(table("0 5\n0000000000 65535 f \n", "/Size 1")).is_some());
    assert!(refused(table("4294967295 2\n0000000009 00000 n \n0000000009 00000 n \n", "/Size 1")).is_some());
    let stream = |index: &str, widths: &str| {
        let head = "%PDF-1.7\n";
        format!(
            "{head}1 0 obj\n<</Type/XRef/Size 9999999/W[{widths}]{index}/Root 1 0 R/Length 0>>\nstream\n\nendstream\nendobj\nstartxref\n{}\n%%EOF\n",
            head.len()
        )
    };
    for (index, widths) in [
        ("", "1 4 2"),
        ("/Index[0 4294967295]", "1 4 2"),
        ("/Index[0]", "1 1 1"),
        ("", "9 1 1"),
        ("", "0 0 0"),
        ("", "-1 1 1"),
    ] {
        assert!(refused(stream(index, widths)).is_some(), "{index} {widths}");
    }
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let file = classic(&["<</Type/Catalog>>", &deep]);
    assert_eq!(open(&file).object(ObjId::new(2, 0)), Err(Error::Limit(LimitKind::Depth)));
}

/// References in circles, lengths that are streams, containers in themselves.
#[test]
fn circles_end() {
    let file = classic(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R>>",
        "3 0 R",
        "2 0 R",
        "<</Length 4 0 R>>\nstream\nx\nendstream",
        "<</Type/ObjStm/N 1/First 4/Length 6>>\nstream\n5 0 55\nendstream",
    ]);
    let document = open(&file);
    quickly("circles", || look_at_all(&document));
    assert!(document.pages().is_err());
    let inside = packed(&["<</Type/Catalog>>"], &[(2, "<</Type/ObjStm/N 1/First 4/Length 6>>"), (7, "(x)")]);
    quickly("a container in itself", || {
        if let Ok(document) = Document::open(&inside, &Limits::default()) {
            look_at_all(&document);
        }
    });
}

/// A thousand revisions are read in a line, not in a square; more than allowed are refused.
#[test]
fn many_revisions_are_read_in_time() {
    let mut file = one_page();
    for _ in 0..1500 {
        file = append(&file, &[(5, "(x)")]);
    }
    let document = quickly("many revisions", || open(&file));
    assert_eq!(document.revisions().len(), 1501);
    let few = Limits { revisions: 100, ..Limits::default() };
    assert_eq!(Document::open(&file, &few).err(), Some(Error::Limit(LimitKind::Revisions)));
    let short = Limits { file_bytes: 10, ..Limits::default() };
    assert_eq!(Document::open(&file, &short).err(), Some(Error::Limit(LimitKind::FileBytes)));
}
