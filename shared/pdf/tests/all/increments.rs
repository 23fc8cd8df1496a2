//! The writer: a revision on top, and every byte before it untouched.

use pdf::{Dict, Document, Error, Increment, Limits, ObjId, Object};

use crate::files::{ONE_PAGE, append, one_page, open, packed};

fn written(base: &[u8]) -> (Vec<u8>, pdf::Finished, ObjId) {
    let document = open(base);
    let mut increment = Increment::new(&document).expect("updatable");
    let text = increment.add(Dict::new().with("A", Object::Raw(b"        ".to_vec())).with("B", Object::string("x")));
    increment.set_stream(ObjId::new(4, 0), Dict::new(), b"0 0 10 10 re f".to_vec(), true);
    let mut finished = increment.finish(&document, Some(b"0123456789abcdef")).expect("written");
    let raw = finished.raws.get(&text).and_then(|raws| raws.first()).cloned().expect("a place");
    assert!(finished.patch(raw.start, b"42"));
    assert!(!finished.patch(0, b"x"), "what was there before is not ours");
    (finished.whole(base), finished, text)
}

/// On a table and on a stream alike.
#[test]
fn a_revision_is_appended() {
    let [_, _, page, content] = ONE_PAGE;
    let streamed =
        packed(&["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", page, content], &[(9, "(x)")]);
    for base in [one_page(), streamed] {
        let (whole, finished, text) = written(&base);
        assert!(whole.starts_with(&base) && whole.len() == finished.whole_len());
        let document = open(&whole);
        assert_eq!(document.revisions().len(), 2);
        assert_eq!(document.revisions()[1].kind, document.revisions()[0].kind, "the section is of the same kind");
        let dict = document.object(text).expect("read").as_dict().expect("a dictionary");
        assert_eq!((dict.int(b"A"), dict.string(b"B")), (Some(42), Some(&b"x"[..])));
        let span = document.object_span(text).expect("a plain object");
        assert_eq!(finished.offsets.get(&text), Some(&span));
        let stream = document.object(ObjId::new(4, 0)).expect("read").as_stream().expect("a stream");
        assert_eq!(document.decode(stream).as_deref(), Ok(&b"0 0 10 10 re f"[..]));
        assert!(document.findings().is_empty(), "{:?}", document.findings());
        assert!(document.unaccounted().expect("spans").is_empty());
        let ids = document.trailer().array(b"ID").expect("an /ID");
        assert_eq!(ids.get(1).and_then(Object::as_string), Some(&b"0123456789abcdef"[..]));
        assert_eq!(written(&base).0, whole, "writing is deterministic");
    }
}

/// A file without a line end at its end gets one first; the base stays as it is.
#[test]
fn a_missing_line_end_is_added() {
    let mut base = one_page();
    base.pop();
    let (whole, ..) = written(&base);
    assert!(whole.starts_with(&base) && whole.get(base.len()) == Some(&b'\n'));
    assert_eq!(open(&whole).revisions().len(), 2);
}

#[test]
fn unsuitable_files_are_refused() {
    let page = one_page();
    let grown = append(&page, &[(5, "(x)")]);
    let document = open(&grown);
    let older = document.at_revision(0).expect("a view");
    assert_eq!(Increment::new(&older).err(), Some(Error::NotUpdatable("not the newest revision")));
    let moved = [b"x\n".as_slice(), &page].concat();
    assert_eq!(Increment::new(&open(&moved)).err(), Some(Error::NotUpdatable("bytes before the header")));
    let locked = String::from_utf8_lossy(&page).replace("/Root 1 0 R", "/Root 1 0 R/Encrypt 9 0 R");
    // The header's mark grew by the replacement; the reader finds the section a few bytes beside.
    if let Ok(document) = Document::open(locked.as_bytes(), &Limits::default()) {
        assert!(document.is_encrypted());
        assert_eq!(Increment::new(&document).err(), Some(Error::Encrypted));
    }
}
