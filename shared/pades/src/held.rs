//! A file of which only the beginning and the end are at hand, with the state of SHA-256 in between.
//!
//! What is appended to a file depends on its structure, which stands at its end, and on the digest of all before: so a scan of any size
//! is signed without being read (limits.md §3.4). A wrong state gives a wrong digest, and a signature over that verifies nowhere.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use pdf::{Document, Limits, Location, ObjId, Source, Unread};
use pki::Hasher;
use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// Bytes of a block of SHA-256 (FIPS 180-4 §1).
const BLOCK: usize = 64;
/// Bytes of a file's beginning that are held: its header, and what a reader takes with it at one look.
pub const HEAD: usize = 4096;
/// Held before the first thing that is looked at: a reader takes a little of what stands before with it, the more the longer an object is. For
/// a signature dictionary of 256 KiB, the longest that is made, that is 32 KiB.
const BEFORE: usize = 32 << 10;
/// What is read at once where something small is looked for.
const WINDOW: usize = 1024;

/// SHA-256 of the first `at` bytes of a file, as it goes on: a multiple of 64.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Midstate {
    /// How many bytes went in.
    pub at: u64,
    /// The eight words, big-endian (FIPS 180-4 §6.2).
    pub words: [u8; 32],
}

impl Midstate {
    /// Before the first byte.
    #[must_use]
    pub fn start() -> Midstate {
        Midstate::of(&Sha256::new(), 0)
    }

    fn of(state: &Sha256, at: usize) -> Midstate {
        let mut words = [0; 32];
        for (to, from) in words.chunks_exact_mut(4).zip(state.serialize().chunks_exact(4)) {
            to.iter_mut().zip(from.iter().rev()).for_each(|(to, from)| *to = *from);
        }
        Midstate { at: at as u64, words }
    }

    /// A state that takes the next bytes; `None` in the middle of a block.
    fn resumed(&self) -> Option<Sha256> {
        if !self.at.is_multiple_of(BLOCK as u64) {
            return None;
        }
        // The library's own form: words, then blocks, little-endian, then an empty block.
        let mut form = SerializedState::<Sha256>::default();
        for (to, from) in form.chunks_exact_mut(4).zip(self.words.chunks_exact(4)) {
            to.iter_mut().zip(from.iter().rev()).for_each(|(to, from)| *to = *from);
        }
        form.get_mut(32..40)?.copy_from_slice(&(self.at / BLOCK as u64).to_le_bytes());
        Sha256::deserialize(&form).ok()
    }
}

/// A file: its length, its first bytes, its last bytes, and the digest's state where the last ones begin. What was hashed once is not hashed
/// again, also not as the beginning of what is made of it.
#[derive(Clone)]
pub struct Held<'a> {
    head: Cow<'a, [u8]>,
    from: usize,
    state: Sha256,
    end: Cow<'a, [u8]>,
    /// What it extends ends here, and has this state there.
    extends: Option<(usize, Reached)>,
    reached: Reached,
}

/// The state behind the last byte, once somebody has asked for it.
type Reached = Arc<OnceLock<Sha256>>;

impl<'a> Held<'a> {
    /// All of a file.
    #[must_use]
    pub fn whole(bytes: &'a [u8]) -> Held<'a> {
        let (extends, reached) = (None, Reached::default());
        Held { head: Cow::Borrowed(&[]), from: 0, state: Sha256::new(), end: Cow::Borrowed(bytes), extends, reached }
    }

    /// A file that begins with `head` and ends with `end`, which follows on what `midstate` is of.
    ///
    /// # Errors
    /// A state that is none, a beginning that is neither [`HEAD`] bytes nor all before the end.
    pub fn new(midstate: &Midstate, head: Vec<u8>, end: Vec<u8>) -> Result<Held<'static>, Error> {
        let from = usize::try_from(midstate.at).map_err(|_| Error::Unsuitable("a file beyond memory"))?;
        let state = midstate.resumed().ok_or(Error::Unsuitable("a state in the middle of a block"))?;
        if head.len() != from.min(HEAD) {
            return Err(Error::Unsuitable("the beginning is not whole"));
        }
        let (extends, reached) = (None, Reached::default());
        Ok(Held { head: Cow::Owned(head), from, state, end: Cow::Owned(end), extends, reached })
    }

    /// Length of the whole file.
    #[must_use]
    pub fn size(&self) -> usize {
        self.from + self.end.len()
    }

    /// SHA-256 of the whole file.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.reached
            .get_or_init(|| {
                let (at, state) = self.nearest(self.size());
                state.chain_update(self.part(at..self.size()).unwrap_or_default())
            })
            .clone()
            .finalize()
            .into()
    }

    /// The last known state at or before `place`, which is not before what is held, and where it is.
    fn nearest(&self, place: usize) -> (usize, Sha256) {
        match &self.extends {
            Some((at, reached)) if *at <= place => {
                let begun = || self.state.clone().chain_update(self.part(self.from..*at).unwrap_or_default());
                (*at, reached.get_or_init(begun).clone())
            }
            _ => (self.from, self.state.clone()),
        }
    }

    /// SHA-256 of the file's first bytes; `None` where they end before what is held.
    #[must_use]
    pub fn sha256_to(&self, end: usize) -> Option<[u8; 32]> {
        Some(self.state.clone().chain_update(self.end.get(..end.checked_sub(self.from)?)?).finalize().into())
    }

    /// SHA-256 over everything but `contents` (ISO 32000-2 §12.8.1), which lies in what is held; else of nothing that anybody signed.
    #[must_use]
    pub fn signed_digest(&self, contents: Range<usize>) -> [u8; 32] {
        let part = |range: Range<usize>| self.part(range).unwrap_or_default();
        let (at, state) = self.nearest(contents.start);
        let state = state.chain_update(part(at..contents.start));
        state.chain_update(part(contents.end..self.size())).finalize().into()
    }

    /// The file with more behind it.
    #[must_use]
    pub fn extended(&self, tail: &[u8]) -> Held<'static> {
        let (head, state) = (Cow::Owned(self.head.to_vec()), self.state.clone());
        let (extends, reached) = (Some((self.size(), self.reached.clone())), Reached::default());
        Held { head, from: self.from, state, end: Cow::Owned([&self.end, tail].concat()), extends, reached }
    }

    /// Bytes of the end that is held; `None` for others.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Option<&[u8]> {
        self.end.get(range.start.checked_sub(self.from)?..range.end.checked_sub(self.from)?)
    }

    /// What was appended behind the first `base` bytes; nothing where those do not end in what is held.
    #[must_use]
    pub fn tail(&self, base: usize) -> &[u8] {
        self.part(base..self.size()).unwrap_or_default()
    }

    /// Opens it. What is asked for and not held cannot be had.
    ///
    /// # Errors
    /// As [`Document::open_source`].
    pub(crate) fn open(&self) -> Result<Document<'_>, pdf::Error> {
        match self.from {
            0 => Document::open(&self.end, &Limits::default()),
            _ => Document::open_source(self, &Limits::default()),
        }
    }

    /// A place at or before `place` from which the file can be hashed to its end: where it is, the state there, and the bytes that follow.
    pub(crate) fn hashed_to(&self, place: usize) -> (usize, Hasher, &[u8]) {
        let (at, state) = self.nearest(place.max(self.from));
        (at, state.into(), self.part(at..self.size()).unwrap_or_default())
    }
}

impl std::fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, held from {}", self.size(), self.from)
    }
}

impl Source for Held<'_> {
    fn len(&self) -> usize {
        self.size()
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        let held = match offset.checked_sub(self.from) {
            Some(at) => self.end.get(at..),
            None => self.head.get(offset..),
        };
        let held = held.filter(|held| !held.is_empty()).ok_or_else(|| Unread(format!("byte {offset} is not held")))?;
        let count = held.len().min(into.len());
        into[..count].copy_from_slice(&held[..count]);
        Ok(count)
    }
}

/// From where a file has to be held so that revisions can be appended: behind the last thing that is large and never looked at. The state
/// there is tried before it is given; what cannot be held in part is held whole.
#[must_use]
pub fn freeze(file: &[u8]) -> Midstate {
    let at = cut(file).unwrap_or(0).saturating_sub(BEFORE) / BLOCK * BLOCK;
    let state = Sha256::new_with_prefix(file.get(..at).unwrap_or_default());
    let midstate = Midstate::of(&state, at);
    let head = file.get(..at.min(HEAD)).unwrap_or_default().to_vec();
    let end = file.get(at..).unwrap_or_default().to_vec();
    let held = Held::new(&midstate, head, end);
    let same = held.is_ok_and(|held| looked_at(&held).is_ok() && looked_at(&held) == looked_at(&Held::whole(file)));
    if same { midstate } else { Midstate::start() }
}

/// The first offset among the objects that whoever appends looks at.
fn cut(file: &[u8]) -> Result<usize, pdf::Error> {
    let document = Document::open(file, &Limits::default())?;
    let mut wanted: Vec<ObjId> = vec![document.catalog_id()?];
    wanted.extend(["AcroForm", "Pages"].iter().filter_map(|key| document.catalog().ok()?.reference(key.as_bytes())));
    wanted.extend(document.pages()?.iter().map(|page| page.id));
    for field in document.fields()? {
        wanted.push(field.id);
        wanted.extend(field.widgets);
    }
    let stands = |id: ObjId| match document.location(id) {
        Some(Location::Offset(place)) => place,
        // In an object stream, or nowhere: then all of the file is held.
        _ => 0,
    };
    Ok(wanted.into_iter().map(stands).min().unwrap_or(0))
}

/// What whoever appends looks at.
fn looked_at(held: &Held<'_>) -> Result<String, pdf::Error> {
    let document = held.open()?;
    let seen = (document.pages()?, document.fields()?, document.catalog()?, document.trailer(), document.revisions());
    Ok(format!("{seen:?} {:?} {:?}", document.next_number(), document.bytes(document.trailing_bytes())?))
}
