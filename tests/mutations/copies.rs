//! The genuine copies, as bytes: where their signatures, objects and revisions are. Reads nothing but what this house wrote.
//!
//! They are committed, with the root of the test PKI that signed them; `MUTATIONS_MAKE` puts new ones in their place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pki::Certificate;
use testkit::{World, base, office, receive, request_seal, sign_until, submit, sweep};

/// A copy as it was archived.
pub(crate) struct Copy {
    pub(crate) bytes: Vec<u8>,
    /// The hexadecimal digits of each `/Contents`, by place.
    pub(crate) gaps: Vec<Range<usize>>,
    /// Where each revision ends, behind its end-of-line.
    pub(crate) ends: Vec<usize>,
    /// What each object is at last.
    pub(crate) objects: BTreeMap<usize, Range<usize>>,
    /// Every object as it was written, with number and `endobj`.
    pub(crate) written: Vec<Range<usize>>,
    /// What the last time-stamp signs.
    last_signed: Vec<Vec<u8>>,
}

/// Two copies of one office: parts of one can be put into the other. Their pages are a few objects; a third has a page that `compose` made.
pub(crate) struct Copies {
    pub(crate) one: Copy,
    pub(crate) other: Copy,
    pub(crate) composed: Copy,
    /// The root of the test PKI that signed them.
    pub(crate) root: Certificate,
    /// A genuine certificate of the same PKI that no time-stamp needs.
    pub(crate) foreign: Certificate,
    /// The time at which they are judged, Unix seconds.
    pub(crate) at: i64,
}

/// Where they are committed, so that a seed means the same change of the same bytes everywhere: no signature is made twice alike.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mutations/copies")
}

impl Copies {
    /// Those that are committed.
    pub(crate) fn committed() -> Copies {
        let file = |name: &str| std::fs::read(folder().join(name)).expect("a committed copy");
        let at = String::from_utf8(file("at.txt")).expect("digits");
        Copies {
            one: Copy::read(file("one.pdf")),
            other: Copy::read(file("other.pdf")),
            composed: Copy::read(file("composed.pdf")),
            root: Certificate::from_der(&file("root.der")).expect("a root"),
            foreign: Certificate::from_der(&file("foreign.der")).expect("a certificate"),
            at: at.trim().parse().expect("Unix seconds"),
        }
    }

    /// New ones, as the house makes them today.
    pub(crate) fn made() -> Copies {
        let (one, at) = archived(base("ban sao thu nhat"));
        let (other, _) = archived(base("ban sao thu hai"));
        let (composed, _) = archived(composed());
        let ours = &testkit::trees().ours;
        let (root, foreign) = (ours.root.leaf().clone(), ours.agency.leaf().clone());
        Copies { one: Copy::read(one), other: Copy::read(other), composed: Copy::read(composed), root, foreign, at }
    }

    /// Puts new ones in the place of the committed ones.
    pub(crate) fn commit() {
        let made = Copies::made();
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder().join(name), bytes).expect("a folder of copies");
        put("one.pdf", &made.one.bytes);
        put("other.pdf", &made.other.bytes);
        put("composed.pdf", &made.composed.bytes);
        put("root.der", made.root.der());
        put("foreign.der", made.foreign.der());
        put("at.txt", format!("{}\n", made.at).as_bytes());
    }

    fn all(&self) -> [&Copy; 3] {
        [&self.one, &self.other, &self.composed]
    }

    /// Whether a file is one of ours but for the case of hexadecimal digits in the last signature.
    pub(crate) fn is_genuine(&self, file: &[u8]) -> bool {
        self.all().iter().any(|copy| copy.is_same(file))
    }

    /// Whether a file is one of ours but for what no signature covers.
    pub(crate) fn is_outside(&self, file: &[u8]) -> bool {
        self.all().iter().any(|copy| copy.is_outside(file))
    }

    /// Genuine files, and whether each is valid.
    pub(crate) fn states(&self) -> Vec<(&[u8], bool)> {
        let first = self.one.ends.first().copied().unwrap_or_default();
        let mut states: Vec<(&[u8], bool)> = self.all().map(|copy| (copy.bytes.as_slice(), true)).to_vec();
        states.push((self.one.bytes.get(..first).unwrap_or_default(), false));
        states
    }
}

/// What intake makes of a scan of one page: real wording in a real font.
fn composed() -> Vec<u8> {
    let scan = testkit::scan("Ban chinh");
    let spec = compose::BaseSpec {
        scans: vec![&scan],
        wording: compose::Wording {
            template_id: "default".into(),
            unit_name: "ỦY BAN NHÂN DÂN XÃ MẪU".into(),
            place: "Xã Mẫu".into(),
            leader_title_line: "CHỦ TỊCH".into(),
            leader_name: "Nguyễn Văn Mẫu".into(),
            document_title: "Bằng tốt nghiệp trung học phổ thông".into(),
            document_pages: 1,
            room: compose::Room::default(),
        },
        placement: compose::Placement::Auto,
        sandbox_mark: false,
        created: "2026-11-23T14:05:31+07:00".into(),
        document_id: [7; 16],
    };
    compose::base(&spec).expect("a base").pdf
}

/// Leader's signature, seal, store and document time-stamp around a base, by the house's own steps.
fn archived(base: Vec<u8>) -> (Vec<u8>, i64) {
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base);
    sign_until(&world, &copy);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a seal");
    sweep(&world);
    (largest(&world), world.now().as_second())
}

fn largest(world: &World) -> Vec<u8> {
    let paths = world.paths("numbers/");
    let files = paths.iter().filter_map(|path| world.object(path));
    files.max_by_key(|file| file.len()).map(|file| file.to_vec()).expect("an archived copy")
}

impl Copy {
    fn read(bytes: Vec<u8>) -> Copy {
        let gaps: Vec<Range<usize>> = places(&bytes, b"/Contents <")
            .into_iter()
            .filter_map(|at| {
                let open = at + b"/Contents <".len();
                let long = bytes.get(open..)?.iter().position(|byte| *byte == b'>')?;
                (long > 1_000).then_some(open..open + long)
            })
            .collect();
        let ends = places(&bytes, b"%%EOF\n").into_iter().map(|at| at + b"%%EOF\n".len()).collect();
        let mut objects = BTreeMap::new();
        let mut written = Vec::new();
        for at in places(&bytes, b" 0 obj\n") {
            let digits =
                bytes.get(..at).unwrap_or_default().iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let id = String::from_utf8_lossy(bytes.get(at - digits..at).unwrap_or_default()).parse().expect("a number");
            let start = at + b" 0 obj\n".len();
            let end = start + places(bytes.get(start..).unwrap_or_default(), b"\nendobj").first().expect("an end");
            objects.insert(id, start..end);
            written.push(at - digits..end + b"\nendobj\n".len());
        }
        assert!(gaps.len() >= 3 && objects.len() > 20, "a copy that this test cannot read");
        let last_signed = signed_parts(bytes.get(gaps.last().cloned().unwrap_or_default()).unwrap_or_default());
        Copy { bytes, gaps, ends, objects, written, last_signed }
    }

    /// Only the digits of the last signature may change their case: those of the others are among the bytes that a later one signs.
    fn is_same(&self, file: &[u8]) -> bool {
        let Some(gap) = self.gaps.last().filter(|_| file.len() == self.bytes.len()) else { return false };
        file[..gap.start] == self.bytes[..gap.start]
            && file[gap.end..] == self.bytes[gap.end..]
            && file[gap.clone()].eq_ignore_ascii_case(&self.bytes[gap.clone()])
    }

    /// Whether a file differs only in what no signature covers: blanks behind the end, and in the last time-stamp whatever is
    /// neither its statement nor signed by it. In a file that is no copy of ours nobody asks how those are written.
    fn is_outside(&self, file: &[u8]) -> bool {
        let Some(gap) = self.gaps.last() else { return false };
        let long = self.bytes.len();
        let (Some(head), Some(inside)) = (file.get(..gap.start), file.get(gap.clone())) else { return false };
        let blank = |byte: &u8| matches!(byte, b'\0' | b'\t' | b'\n' | 0x0c | b'\r' | b' ');
        let (Some(rest), Some(more)) = (file.get(gap.end..long), file.get(long..)) else { return false };
        let cms: Vec<u8> = inside.chunks_exact(2).map_while(octet).collect();
        head == &self.bytes[..gap.start]
            && rest == &self.bytes[gap.end..]
            && more.iter().all(blank)
            && inside.iter().all(u8::is_ascii_hexdigit)
            && self.last_signed.iter().all(|part| !places(&cms, part).is_empty())
    }

    /// What an object is at last.
    pub(crate) fn body(&self, id: usize) -> String {
        let range = self.objects.get(&id).cloned().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default().iter().map(|byte| char::from(*byte)).collect()
    }

    /// Objects whose text holds a word, streams left out.
    pub(crate) fn with(&self, word: &str) -> Vec<usize> {
        let has = |id: &&usize| self.body(**id).contains(word) && !self.body(**id).contains("stream\n");
        self.objects.keys().filter(has).copied().collect()
    }

    pub(crate) fn size(&self) -> usize {
        self.objects.keys().last().map_or(1, |last| last + 1)
    }
}

fn octet(pair: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Statement and signed attributes of a time-stamp token in hexadecimal digits.
fn signed_parts(digits: &[u8]) -> Vec<Vec<u8>> {
    let padded: Vec<u8> = digits.chunks_exact(2).map_while(octet).collect();
    let elements = crate::mutate::elements(&padded);
    let whole = elements.iter().find(|one| one.start == 0).cloned().expect("a CMS structure");
    let tag = |one: &&Range<usize>| padded.get(one.start).copied();
    let signers = elements.iter().find(|one| one.end == whole.end && tag(one) == Some(0x31)).expect("signers");
    let attributes = elements.iter().find(|one| one.start > signers.start && tag(one) == Some(0xa0));
    let statement = places(&padded, TST_INFO).first().copied().expect("a statement");
    let content =
        elements.iter().filter(|one| one.start < statement && one.end > statement).max_by_key(|one| one.start);
    let parts = [attributes, content].into_iter().flatten();
    let parts: Vec<Vec<u8>> = parts.filter_map(|range| Some(padded.get(range.clone())?.to_vec())).collect();
    assert!(parts.len() == 2 && parts.iter().all(|part| part.len() > 60), "a time-stamp that this test cannot read");
    parts
}

/// id-ct-TSTInfo, RFC 3161 §2.4.2.
const TST_INFO: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// Where a word stands.
pub(crate) fn places(bytes: &[u8], word: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let first = word.first().copied().unwrap_or_default();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == first && bytes.get(at..at + word.len()) == Some(word) {
            found.push(at);
        }
    }
    found
}
