//! The genuine copies, as bytes: where their signatures, objects and revisions are. Reads nothing but what this house wrote.

use std::collections::BTreeMap;
use std::ops::Range;

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
    /// What the last time-stamp signs, and its signature value.
    last_signed: Vec<Vec<u8>>,
}

/// Two copies of one office: parts of one can be put into the other.
pub(crate) struct Copies {
    pub(crate) one: Copy,
    pub(crate) other: Copy,
}

impl Copies {
    /// Both, and the time at which they are judged.
    pub(crate) fn make() -> (Copies, i64) {
        let (one, at) = archived("ban sao thu nhat", 1);
        let (other, _) = archived("ban sao thu hai", 1);
        (Copies { one: Copy::read(one), other: Copy::read(other) }, at)
    }

    /// Whether a file is one of ours but for the case of hexadecimal digits in a signature.
    pub(crate) fn is_genuine(&self, file: &[u8]) -> bool {
        [&self.one, &self.other].iter().any(|copy| copy.is_same(file))
    }

    /// Whether a file is one of ours but for what no signature covers.
    pub(crate) fn is_outside(&self, file: &[u8]) -> bool {
        [&self.one, &self.other].iter().any(|copy| copy.is_outside(file))
    }

    /// Genuine files, and whether each is valid.
    pub(crate) fn states(&self) -> Vec<(&[u8], bool)> {
        let first = self.one.ends.first().copied().unwrap_or_default();
        vec![
            (&self.one.bytes, true),
            (&self.other.bytes, true),
            (self.one.bytes.get(..first).unwrap_or_default(), false),
        ]
    }
}

fn archived(text: &str, n: u8) -> (Vec<u8>, i64) {
    let world = office();
    let copy = receive(&world, n);
    submit(&world, &copy, base(text));
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
        let folded = |at: usize, byte: u8| {
            if self.gaps.last().is_some_and(|gap| gap.contains(&at)) { byte.to_ascii_lowercase() } else { byte }
        };
        file.len() == self.bytes.len()
            && file.iter().zip(&self.bytes).enumerate().all(|(at, (a, b))| a == b || folded(at, *a) == folded(at, *b))
    }

    /// Whether a file differs only in what no signature covers: blanks behind the end, and in the last time-stamp whatever is
    /// neither its statement nor signed by it (certificates, the list of digests, who signed, padding). Nobody can sign those.
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

/// Statement, signed attributes and signature value of a time-stamp token in hexadecimal digits.
fn signed_parts(digits: &[u8]) -> Vec<Vec<u8>> {
    let padded: Vec<u8> = digits.chunks_exact(2).map_while(octet).collect();
    let elements = crate::mutate::elements(&padded);
    let whole = elements.iter().find(|one| one.start == 0).cloned().expect("a CMS structure");
    let tag = |one: &&Range<usize>| padded.get(one.start).copied();
    let signers = elements.iter().find(|one| one.end == whole.end && tag(one) == Some(0x31)).expect("signers");
    let signature = elements.iter().find(|one| one.end == whole.end && tag(one) == Some(0x04));
    let attributes = elements.iter().find(|one| one.start > signers.start && tag(one) == Some(0xa0));
    let statement = places(&padded, TST_INFO).first().copied().expect("a statement");
    let content =
        elements.iter().filter(|one| one.start < statement && one.end > statement).max_by_key(|one| one.start);
    let parts = [signature, attributes, content].into_iter().flatten();
    let parts: Vec<Vec<u8>> = parts.filter_map(|range| Some(padded.get(range.clone())?.to_vec())).collect();
    assert!(parts.len() == 3 && parts.iter().all(|part| part.len() > 60), "a time-stamp that this test cannot read");
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
