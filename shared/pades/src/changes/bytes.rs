//! Every byte of a later revision belongs to an object, the cross-reference, or is white space or a comment (validation.md §2.4, model).

use std::ops::Range;

use pdf::{Location, XrefKind};

use super::compare::Stop;
use super::{Class, Step};

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
            spans.push(self.hidden_section(offset, revision.end)?);
        }
        self.compare.spend(spans.len() as u64)?;
        spans.sort_by_key(|span| span.start);
        let mut at = revision.start;
        let mut commented = false;
        for span in spans {
            if span.start > at && !after.is_filler(at..span.start)? {
                self.forbid("bytes-without-object", None);
                return Ok(());
            }
            commented |= span.start > at && !after.is_blank(at..span.start)?;
            at = at.max(span.end);
        }
        if commented {
            self.push(Class::Metadata, "comment", None, None);
        }
        Ok(())
    }

    /// The cross-reference stream of a hybrid section is in no entry: from its offset to its `endobj`.
    fn hidden_section(&self, offset: usize, end: usize) -> Result<Range<usize>, Stop> {
        let word = self.after.find_bytes(b"endobj", offset..end)?;
        Ok(offset..word.map_or(offset, |at| at + 6))
    }
}
