//! Where the bytes of a file come from: memory, or a source that is read piece by piece and never as a whole.
//!
//! Structure is read through windows: a small piece where something is expected, a larger one where that was not enough. A few windows
//! are kept, and what else was read is forgotten. Does no input or output of its own: a [`Source`] does.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;

use crate::error::{Error, LimitKind};
use crate::lexer::{Window, is_space};
use crate::parser::Budget;

/// A file of known length, read wherever it is asked for.
///
/// Every byte must stay what it is while a [`crate::Document`] on it lives: an implementation whose file may change under it has to notice,
/// and fail.
pub trait Source: Sync {
    /// Length in bytes.
    fn len(&self) -> usize;

    /// Is there nothing?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of one window: what is read at once where something small is looked for. 128 windows are kept, and a pass over the whole file
    /// takes 32 at a time.
    fn window(&self) -> usize {
        8 << 10
    }

    /// Fills the beginning of `into` with what stands at `offset`, and tells how many bytes that were: at least one, perhaps fewer than asked
    /// for. Not called for what lies behind the end.
    ///
    /// # Errors
    /// The bytes cannot be had.
    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread>;
}

/// Bytes of a [`Source`] that could not be had: nothing can be said about the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unread(pub String);

/// What a look expects to need, in bytes.
const EXPECTED: usize = 512;
/// So many windows are kept.
const KEPT: usize = 128;
/// A pass over the file reads so many windows at once.
const CHUNK: usize = 32;
/// A pass over a file in memory goes on so many bytes at once.
const PIECE: usize = 128 << 10;
/// The largest window, and the most that is read at once for any other reason: no object of an honest file is longer without its data.
const MOST: usize = 32 << 20;
/// What stands before a place is looked at too: a keyword, an end of line.
const BEFORE: usize = 64;
/// A window that was not enough is made so many times larger.
const GROWTH: usize = 8;

/// The text of a file.
pub(crate) enum Text<'a> {
    Whole(&'a [u8]),
    Windows(Windows<'a>),
}

/// The text of a file that is not in memory.
pub(crate) struct Windows<'a> {
    source: &'a dyn Source,
    len: usize,
    /// [`Source::window`]
    size: usize,
    /// Newest last.
    held: Mutex<VecDeque<Arc<Held>>>,
}

struct Held {
    start: usize,
    bytes: Vec<u8>,
}

impl Held {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    fn holds(&self, range: &Range<usize>) -> bool {
        self.start <= range.start && range.end <= self.end()
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

impl<'a> Windows<'a> {
    fn new(source: &'a dyn Source) -> Self {
        let size = source.window().clamp(1, MOST / CHUNK);
        Windows { source, len: source.len(), size, held: Mutex::default() }
    }

    /// Reads exactly this range, which lies in the file.
    fn read(&self, range: &Range<usize>) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; range.len()];
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let most = rest.len();
            match self.source.read_at(range.start + done, rest)? {
                0 => return Err(Unread("the file is shorter than it was".to_owned()).into()),
                read => done += read.min(most),
            }
        }
        Ok(bytes)
    }

    /// A window that has this range: one that is kept, or a new one.
    fn window(&self, range: &Range<usize>) -> Result<Arc<Held>, Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = held.iter().rposition(|one| one.holds(range)) {
            // In use again: it goes to the end of the line.
            if let Some(one) = held.remove(at) {
                held.push_back(Arc::clone(&one));
                return Ok(one);
            }
        }
        let end = range.end.max(range.start.saturating_add(self.size).min(self.len));
        let one = Arc::new(Held { start: range.start, bytes: self.read(&(range.start..end))? });
        let mut kept: usize = held.iter().map(|one| one.bytes.len()).sum();
        while kept + one.bytes.len() > KEPT * self.size {
            let Some(oldest) = held.pop_front() else { break };
            kept -= oldest.bytes.len();
        }
        held.push_back(Arc::clone(&one));
        Ok(one)
    }

    fn look<T>(&self, budget: &Budget, from: usize, read: impl Fn(Window<'_>) -> T) -> Result<T, Error> {
        let from = from.min(self.len);
        let mut want = EXPECTED.min(self.size);
        loop {
            let start = from.saturating_sub(BEFORE.max(want / BEFORE));
            let held = self.window(&(start..from.saturating_add(want).min(self.len)))?;
            let (short, before) = (Cell::new(false), budget.mark());
            let seen = read(Window::part(&held.bytes, held.start, self.len, &short));
            if !short.get() {
                return Ok(seen);
            }
            budget.restore(before);
            if want >= MOST {
                return Err(Error::Limit(LimitKind::Window));
            }
            want = held.end().saturating_sub(from).max(want).saturating_mul(GROWTH).min(MOST);
        }
    }
}

impl<'a> Text<'a> {
    pub(crate) fn windows(source: &'a dyn Source) -> Self {
        Text::Windows(Windows::new(source))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Text::Whole(bytes) => bytes.len(),
            Text::Windows(windows) => windows.len,
        }
    }

    /// All of it, where it is in memory.
    pub(crate) fn whole(&self) -> Option<&'a [u8]> {
        match self {
            Text::Whole(bytes) => Some(bytes),
            Text::Windows(_) => None,
        }
    }

    /// Reads what stands at `from`, and a little before it. `read` may be called again with a larger window: it must not leave anything
    /// behind but what it took from the budget, which is given back.
    pub(crate) fn look<T>(&self, budget: &Budget, from: usize, read: impl Fn(Window<'_>) -> T) -> Result<T, Error> {
        match self {
            Text::Whole(bytes) => Ok(read(Window::whole(bytes))),
            Text::Windows(windows) => windows.look(budget, from, read),
        }
    }

    /// As [`Text::look`] for what can fail itself.
    pub(crate) fn read<T>(
        &self,
        budget: &Budget,
        from: usize,
        read: impl Fn(Window<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.look(budget, from, read)?
    }

    /// These bytes; those behind the end are left out.
    pub(crate) fn bytes(&self, range: Range<usize>) -> Result<Cow<'_, [u8]>, Error> {
        let range = range.start.min(self.len())..range.end.min(self.len());
        match self {
            Text::Whole(bytes) => Ok(Cow::Borrowed(bytes.get(range).unwrap_or_default())),
            Text::Windows(_) if range.len() > MOST => Err(Error::Limit(LimitKind::Window)),
            Text::Windows(_) if range.is_empty() => Ok(Cow::Borrowed(&[])),
            Text::Windows(windows) => Ok(Cow::Owned(windows.read(&range)?)),
        }
    }

    /// Goes over a range in order, piece by piece. Each piece comes with its place, and with up to `before` bytes of what was seen before it.
    pub(crate) fn pass(
        &self,
        range: Range<usize>,
        before: usize,
        mut each: impl FnMut(usize, &[u8], &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let windows = match self {
            Text::Whole(bytes) => {
                let range = range.start.min(bytes.len())..range.end.min(bytes.len());
                return pieces(bytes, range, before, each);
            }
            Text::Windows(windows) => windows,
        };
        let end = range.end.min(windows.len);
        let (mut at, mut tail) = (range.start, Vec::new());
        while at < end {
            let next = at.saturating_add(CHUNK * windows.size).min(end);
            let chunk = windows.read(&(at..next))?;
            if !each(at, &tail, &chunk)? {
                break;
            }
            tail.extend_from_slice(&chunk);
            tail.drain(..tail.len().saturating_sub(before));
            at = next;
        }
        Ok(())
    }

    /// All places of a word within a range, in order, until `each` says that it is enough.
    pub(crate) fn find_each(
        &self,
        word: &[u8],
        range: Range<usize>,
        mut each: impl FnMut(usize) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let overlap = word.len().saturating_sub(1);
        self.pass(range, overlap, |at, tail, chunk| {
            let seam: Vec<u8> = tail.iter().chain(chunk.iter().take(overlap)).copied().collect();
            for place in memmem::find_iter(&seam, word) {
                if !each(at - tail.len() + place)? {
                    return Ok(false);
                }
            }
            for place in memmem::find_iter(chunk, word) {
                if !each(at + place)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// The first place of a word that lies wholly within a range.
    pub(crate) fn find(&self, word: &[u8], range: Range<usize>) -> Result<Option<usize>, Error> {
        let mut found = None;
        self.find_each(word, range, |place| {
            found = Some(place);
            Ok(false)
        })?;
        Ok(found)
    }

    /// The last place of a word.
    pub(crate) fn find_last(&self, word: &[u8]) -> Result<Option<usize>, Error> {
        let windows = match self {
            Text::Whole(bytes) => return Ok(memmem::rfind(bytes, word)),
            Text::Windows(windows) => windows,
        };
        let mut end = windows.len;
        while end > 0 {
            let start = end.saturating_sub(windows.size);
            let reach = (end + word.len() - 1).min(windows.len);
            if let Some(place) = memmem::rfind(&windows.read(&(start..reach))?, word) {
                return Ok(Some(start + place));
            }
            end = start;
        }
        Ok(None)
    }

    /// Is there nothing but white space?
    pub(crate) fn is_blank(&self, range: Range<usize>) -> Result<bool, Error> {
        let mut blank = true;
        self.pass(range, 0, |_, _, chunk| {
            blank = chunk.iter().all(|&byte| is_space(byte));
            Ok(blank)
        })?;
        Ok(blank)
    }

    /// Is there nothing but white space and comments? With `headers` also no comment that begins as a file does.
    pub(crate) fn is_filler(&self, range: Range<usize>, headers: bool) -> Result<bool, Error> {
        let mut filler = Filler { in_comment: false, header: None, headers };
        let mut fine = true;
        self.pass(range, 0, |_, _, chunk| {
            fine = chunk.iter().all(|&byte| filler.takes(byte));
            Ok(fine)
        })?;
        Ok(fine)
    }

    /// Is it the same text in the same place?
    pub(crate) fn is(&self, other: &Text<'_>) -> bool {
        match (self, other) {
            (Text::Whole(bytes), Text::Whole(others)) => std::ptr::eq(*bytes, *others),
            _ => std::ptr::addr_eq(self, other),
        }
    }

    /// Are two ranges the same bytes? `other` may be another file.
    pub(crate) fn same(&self, range: &Range<usize>, other: &Text<'_>, with: &Range<usize>) -> Result<bool, Error> {
        if range.len() != with.len() {
            return Ok(false);
        }
        let mut same = true;
        self.pass(range.clone(), 0, |at, _, chunk| {
            let from = with.start + (at - range.start);
            // The other one comes in pieces of its own length.
            other.pass(from..from + chunk.len(), 0, |place, _, piece| {
                same = chunk.get(place - from..place - from + piece.len()) == Some(piece);
                Ok(same)
            })?;
            Ok(same)
        })?;
        Ok(same)
    }
}

/// A pass over what is in memory: a piece stays in the processor's cache while more than one thing is done with it.
fn pieces(
    bytes: &[u8],
    range: Range<usize>,
    before: usize,
    mut each: impl FnMut(usize, &[u8], &[u8]) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut at = range.start;
    while at < range.end {
        let next = at.saturating_add(PIECE).min(range.end);
        let tail = bytes.get(at.saturating_sub(before).max(range.start)..at).unwrap_or_default();
        if !each(at, tail, bytes.get(at..next).unwrap_or_default())? {
            break;
        }
        at = next;
    }
    Ok(())
}

/// Reads white space and comments byte by byte.
struct Filler {
    in_comment: bool,
    /// Letters of `PDF-` seen since the comment began.
    header: Option<usize>,
    headers: bool,
}

impl Filler {
    fn takes(&mut self, byte: u8) -> bool {
        const HEADER: &[u8] = b"PDF-";
        if self.in_comment {
            self.header = self.header.filter(|seen| HEADER.get(*seen) == Some(&byte)).map(|seen| seen + 1);
            self.in_comment = !matches!(byte, b'\r' | b'\n');
            return !(self.headers && self.header == Some(HEADER.len()));
        }
        if byte == b'%' {
            (self.in_comment, self.header) = (true, Some(0));
            return true;
        }
        is_space(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::Parser;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts the most that was read at once.
    struct Counted<'f> {
        file: &'f [u8],
        most: AtomicUsize,
    }

    impl Source for Counted<'_> {
        fn len(&self) -> usize {
            self.file.len()
        }

        fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
            self.most.fetch_max(into.len(), Ordering::Relaxed);
            let from = self.file.get(offset..offset + into.len()).ok_or(Unread("outside".to_owned()))?;
            into.copy_from_slice(from);
            Ok(into.len())
        }
    }

    fn budget() -> Budget {
        Budget::new(&crate::Limits::default(), 0)
    }

    /// However long the file is, a constant number of its bytes is held.
    #[test]
    fn a_constant_number_of_bytes_is_held() {
        let file: Vec<u8> = (0..40u32 << 20).map(|at| (at % 251) as u8).collect();
        let source = Counted { file: &file, most: AtomicUsize::new(0) };
        let text = Text::windows(&source);
        let Text::Windows(windows) = &text else { panic!("a source is read in windows") };
        let held = || windows.held.lock().expect("one thread").iter().map(|one| one.bytes.len()).sum::<usize>();
        for at in (0..file.len()).step_by(99_991) {
            assert_eq!(text.look(&budget(), at, |window| window.get(at)), Ok(Some((at % 251) as u8)));
            assert!(held() <= KEPT * windows.size, "{} bytes are held", held());
        }
        assert!(held() > KEPT * windows.size / 2, "and what was read is kept as far as that goes");
        text.pass(0..file.len(), 0, |_, _, _| Ok(true)).expect("a pass");
        assert_eq!(source.most.load(Ordering::Relaxed), CHUNK * windows.size);
    }

    /// What is parsed twice because a window was too small is charged once.
    #[test]
    fn a_second_attempt_costs_nothing() {
        let file = format!("[{}]", "12 ".repeat(2000)).into_bytes();
        let source = Small { file: &file, window: 1 };
        let left = |text: &Text<'_>| {
            let budget = budget();
            let parsed = text.read(&budget, 0, |window| Parser::new(window, 0, 100, &budget).value());
            assert!(parsed.is_ok_and(|array| array.as_array().is_some_and(|items| items.len() == 2000)));
            budget.mark()
        };
        assert_eq!(left(&Text::windows(&source)), left(&Text::Whole(&file)));
    }

    /// Words are found wherever pieces end, once each; the last one too.
    #[test]
    fn words_are_found_across_seams() {
        let file = b"endstream endstreamendstrea endstream\nendstream";
        for window in 1..20 {
            let source = Small { file, window };
            let text = Text::windows(&source);
            let mut found = Vec::new();
            let each = |at| {
                found.push(at);
                Ok(true)
            };
            text.find_each(b"endstream", 0..file.len(), each).expect("a pass");
            assert_eq!(found, [0, 10, 28, 38], "{window}");
            assert_eq!(text.find_last(b"endstream"), Ok(Some(38)));
            assert_eq!(text.find(b"endstream", 1..19), Ok(Some(10)));
            assert_eq!(text.find(b"endstream", 1..18), Ok(None));
            assert_eq!(text.same(&(0..9), &text, &(10..19)), Ok(true));
            assert_eq!(text.same(&(0..10), &text, &(10..20)), Ok(false));
        }
    }

    /// Windows of a chosen size, filled one byte at a time.
    pub(super) struct Small<'f> {
        pub(super) file: &'f [u8],
        pub(super) window: usize,
    }

    impl Source for Small<'_> {
        fn len(&self) -> usize {
            self.file.len()
        }

        fn window(&self) -> usize {
            self.window
        }

        fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
            let (Some(to), Some(byte)) = (into.first_mut(), self.file.get(offset)) else { return Ok(0) };
            *to = *byte;
            Ok(1)
        }
    }

    #[test]
    fn white_space_and_comments_are_told_from_text() {
        let cases: [(&[u8], bool, bool); 8] = [
            (b"", true, true),
            (b" \r\n\0\t\x0c", true, true),
            (b"% text\n %PDF", true, true),
            (b"%PDF-1.4\n", true, false),
            (b"% %PDF-1.4\n", true, true),
            (b"%\nPDF-", false, false),
            (b"%% x", true, true),
            (b" x", false, false),
        ];
        for (file, filler, without_header) in cases {
            let source = Small { file, window: 1 };
            for text in [Text::Whole(file), Text::windows(&source)] {
                assert_eq!(text.is_filler(0..file.len(), false), Ok(filler), "{file:?}");
                assert_eq!(text.is_filler(0..file.len(), true), Ok(without_header), "{file:?}");
            }
        }
    }

    /// A source that gives nothing is not asked for ever.
    #[test]
    fn a_file_that_became_shorter_is_not_read() {
        struct Empty;
        impl Source for Empty {
            fn len(&self) -> usize {
                1 << 40
            }
            fn read_at(&self, _: usize, _: &mut [u8]) -> Result<usize, Unread> {
                Ok(0)
            }
        }
        let text = Text::windows(&Empty);
        assert!(matches!(text.bytes(5..6), Err(Error::Unread(_))));
        assert!(matches!(text.find_last(b"x"), Err(Error::Unread(_))));
        assert_eq!(text.bytes(0..MOST + 1), Err(Error::Limit(LimitKind::Window)));
    }
}
