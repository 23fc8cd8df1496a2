//! A file that is read through windows is the same file: whatever can be asked about it has the same answer as in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use pdf::{Document, Error, Limits, ObjId, Object, Source, Unread};
use proptest::prelude::*;

use crate::files::{append, classic, one_page, packed};

/// Gives at most `piece` bytes at once, asks for windows of `window` bytes, and fails from its `fails_at`-th answer on.
struct Piecemeal<'f> {
    file: &'f [u8],
    window: usize,
    piece: usize,
    fails_at: usize,
    answers: AtomicUsize,
}

impl<'f> Piecemeal<'f> {
    fn new(file: &'f [u8], window: usize, piece: usize) -> Self {
        Piecemeal { file, window, piece, fails_at: usize::MAX, answers: AtomicUsize::new(0) }
    }
}

impl Source for Piecemeal<'_> {
    fn len(&self) -> usize {
        self.file.len()
    }

    fn window(&self) -> usize {
        self.window
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        if self.answers.fetch_add(1, Ordering::Relaxed) >= self.fails_at {
            return Err(Unread("on purpose".to_owned()));
        }
        let rest = self.file.get(offset..).filter(|rest| !rest.is_empty()).expect("nothing is asked behind the end");
        let size = into.len().min(rest.len()).min(self.piece);
        into[..size].copy_from_slice(&rest[..size]);
        Ok(size)
    }
}

/// Everything there is to see, as text. What was tolerated comes last, since looking adds to it.
fn all(document: &Document<'_>) -> String {
    let mut seen = vec![format!("{:?}", (document.version(), document.file_len(), document.trailing_bytes()))];
    seen.push(format!("{:?} {:?}", document.header_offset(), document.is_linearized()));
    let pages = document.pages();
    let content = |page| document.page_content(page);
    seen.push(format!("{pages:?} {:?}", pages.as_deref().unwrap_or_default().iter().map(content).collect::<Vec<_>>()));
    seen.push(format!("{:?}", document.fields()));
    for signature in document.signatures().unwrap_or_default() {
        seen.push(format!("{signature:?} {:?}", document.signature_text(&signature)));
    }
    for (n, revision) in document.revisions().iter().enumerate() {
        seen.push(format!("{revision:?} {:?}", document.changed_objects(n)));
        let view = document.at_revision(n).expect("a revision");
        for entry in document.entries(n) {
            let object = view.object(entry.id);
            seen.push(format!("{entry:?} {object:?} {:?}", document.object_span(entry.id)));
            if let Ok(Object::Stream(stream)) = object {
                seen.push(format!("{:?} {:?}", view.stream_raw(stream), view.decode(stream)));
                seen.push(format!("{:?}", view.same_raw(stream, document, stream)));
            }
        }
    }
    let catalog = document.catalog().map(|catalog| document.reachable(&Object::Dict(catalog.clone())));
    seen.push(format!("{catalog:?} {:?} {:?}", document.readings(), document.unaccounted()));
    seen.push(format!("{:?}", document.findings()));
    seen.join("\n")
}

fn opened(document: Result<Document<'_>, Error>) -> String {
    document.map_or_else(|error| format!("{error:?}"), |document| all(&document))
}

fn assert_same(file: &[u8], window: usize, piece: usize) {
    let source = Piecemeal::new(file, window, piece);
    let limits = Limits::default();
    let (whole, parts) = (opened(Document::open(file, &limits)), opened(Document::open_source(&source, &limits)));
    assert_eq!(parts, whole, "window {window}, piece {piece}");
    let (whole, parts) = (opened(Document::rebuild(file, &limits)), opened(Document::rebuild_source(&source, &limits)));
    assert_eq!(parts, whole, "window {window}, piece {piece}, rebuilt");
}

fn files() -> Vec<Vec<u8>> {
    let packed = packed(
        &["<</Type/Catalog/Pages 4 0 R>>"],
        &[(4, "<</Type/Pages/Kids[5 0 R]/Count 1>>"), (5, "<</Type/Page/Parent 4 0 R>>")],
    );
    let updated = append(
        &one_page(),
        &[
            (4, "<</Length 1>>\nstream\nx\nendstream"),
            (1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>"),
            (5, "<</T(a)/FT/Sig/V<</Type/Sig/ByteRange[0 1 2 3]/Contents<00ff>>>>>"),
        ],
    );
    let long = format!("({}) % {}", "long ".repeat(900), "comment ".repeat(300));
    let stray = [&one_page()[..], b"4 0 obj (elsewhere) endobj\ntrailer <</Root 9 0 R>> \n"].concat();
    vec![
        one_page(),
        packed,
        updated,
        classic(&["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>", &long, "[1 0 R 2 0 R"]),
        classic(&["<</Type/Catalog/Pages 2 0 R>>", "<</Length 99>>\nstream\n1 0 obj 7 endobj\nendstream"]),
        stray,
        [b"junk before\n", &one_page()[..]].concat(),
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj".to_vec(),
        b"no PDF".to_vec(),
        Vec::new(),
    ]
}

#[test]
fn windows_show_what_memory_shows() {
    for file in files() {
        for (window, piece) in [(1, 1), (2, usize::MAX), (3, 2), (7, 5), (20, 20), (64, 64), (300, 99), (8192, 1)] {
            assert_same(&file, window, piece);
        }
    }
}

#[test]
fn windows_show_what_memory_shows_of_long_streams() {
    let file = crate::readings::scan(400_000, "\n5 0 obj\n(forged)\nendobj\n");
    let later = append(&file, &[(5, &String::from_utf8_lossy(&file[60_000..300_000]))]);
    for (window, piece) in [(300, 99), (8192, 4096), (65536, usize::MAX)] {
        assert_same(&file, window, piece);
        assert_same(&later, window, piece);
    }
}

proptest! {
    /// Damaged, cut, and read in pieces of any size.
    #[test]
    fn windows_show_what_memory_shows_of_damaged_files(
        file in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        window in 1usize..200,
        piece in 1usize..200,
    ) {
        let files = files();
        let mut file = file.get(&files).clone();
        for (place, byte) in damage {
            if !file.is_empty() {
                let at = place.index(file.len());
                file[at] = byte;
            }
        }
        if let Some(cut) = cut.filter(|_| !file.is_empty()) {
            file.truncate(cut.index(file.len()));
        }
        assert_same(&file, window, piece);
    }
}

/// Whatever is read after a failure is missing, and told as an error where the caller can see it; nothing panics.
#[test]
fn failures_at_any_read_end_the_reading() {
    for file in files() {
        let source = Piecemeal::new(&file, 50, 50);
        opened(Document::open_source(&source, &Limits::default()));
        for fails_at in 0..source.answers.into_inner() {
            let source = Piecemeal { fails_at, ..Piecemeal::new(&file, 50, 50) };
            opened(Document::open_source(&source, &Limits::default()));
        }
        let source = Piecemeal { fails_at: 0, ..Piecemeal::new(&file, 50, 50) };
        if !file.is_empty() {
            assert!(matches!(Document::open_source(&source, &Limits::default()), Err(Error::Unread(_))));
        }
    }
}

/// What is appended is the same whether the file is in memory or not.
#[test]
fn increments_need_no_file_in_memory() {
    let file = one_page();
    let source = Piecemeal::new(&file, 100, 100);
    let finished = |document: &Document<'_>| {
        let mut increment = pdf::Increment::new(document).expect("the newest revision");
        increment.set(ObjId::new(4, 0), Object::Null);
        increment.finish(document, None)
    };
    let in_memory = finished(&Document::open(&file, &Limits::default()).expect("a file")).expect("a revision");
    let document = Document::open_source(&source, &Limits::default()).expect("a file");
    let opened = source.answers.load(Ordering::Relaxed);
    assert_eq!(finished(&document).expect("a revision"), in_memory);
    let source = Piecemeal { fails_at: opened, ..Piecemeal::new(&file, 100, 100) };
    let document = Document::open_source(&source, &Limits::default()).expect("a file");
    assert!(matches!(finished(&document), Err(Error::Unread(_))), "whether it ends with a line is not guessed");
}
