//! Every byte of a later revision belongs to an object, the cross-reference, or is white space or a comment (validation.md §2.4, model).

use std::ops::Range;

use pdf::{Location, XrefKind};

use super::Step;
use super::compare::Stop;

impl Step<'_, '_> {
    pub(super) fn bytes(&mut self, index: usize) -> Result<(), Stop> {
        let after = self.after;
        let Some(revision) = after.revisions().get(index) else { return Ok(()) };
        let mut spans: Vec<Range<usize>> = std::iter::once(revision.xref_offset..revision.end).collect();
        for entry in after.entries(index) {
            let Location::Offset(offset) = entry.location else { continue };
            if offset >= revision.start && offset < revision.end {
                match after.object_span(entry.id) {
                    Some(span) => spans.push(span),
                    None => self.forbid("object-unreadable", Some(entry.id)),
                }
            }
        }
        if revision.kind == XrefKind::Hybrid
            && let Some(offset) = revision.trailer.int(b"XRefStm").and_then(|at| usize::try_from(at).ok())
        {
            spans.push(self.hidden_section(offset, revision.end));
        }
        self.compare.spend(spans.len() as u64)?;
        spans.sort_by_key(|span| span.start);
        let mut at = revision.start;
        for span in spans {
            if span.start > at && !is_filler(after.bytes().get(at..span.start).unwrap_or_default()) {
                self.forbid("bytes-without-object", None);
                return Ok(());
            }
            at = at.max(span.end);
        }
        Ok(())
    }

    /// The cross-reference stream of a hybrid section is in no entry: from its offset to its `endobj`.
    fn hidden_section(&self, offset: usize, end: usize) -> Range<usize> {
        let text = self.after.bytes().get(offset..end).unwrap_or_default();
        let length = text.windows(6).position(|window| window == b"endobj").map_or(0, |at| at + 6);
        offset..offset + length
    }
}

/// White space and comments.
fn is_filler(mut bytes: &[u8]) -> bool {
    while let Some((&byte, rest)) = bytes.split_first() {
        match byte {
            // A second header: some readers begin there.
            b'%' if rest.starts_with(b"PDF-") => return false,
            b'%' => {
                let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
                bytes = rest.get(end..).unwrap_or_default();
            }
            0 | b'\t' | b'\n' | 12 | b'\r' | b' ' => bytes = rest,
            _ => return false,
        }
    }
    true
}
