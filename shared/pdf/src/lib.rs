//! PDF objects, reader and incremental writer; of cryptography it knows only how to open what the empty password opens.
//!
//! What this crate does NOT do: it asks for no password, does not render, does not judge signatures. It reads the file as its
//! cross-reference says (ISO 32000-2 clause 7.5), remembers in [`Finding`]s where it had to be tolerant, tells in [`Reading`]s where a reader
//! that scans for objects sees something else, and leaves the verdict to the caller. Everything read from outside is bounded by [`Limits`].

mod crypt;
mod diff;
mod error;
mod filters;
mod form;
mod increment;
mod lexer;
mod limits;
mod load;
mod lzw;
mod object;
mod objstm;
mod parser;
mod reader;
mod revision;
mod scan;
mod source;
mod survey;
mod text;
mod walk;
mod write;
mod xref;

pub use diff::{Change, ChangeKind, references_of};
pub use error::{Error, Finding, FindingKind, LimitKind};
pub use filters::encode_flate;
pub use form::{Field, Signature, SignatureText};
pub use increment::{Finished, Increment};
pub use limits::Limits;
pub use object::{Dict, ObjId, Object, PdfString, Stream, StreamData};
pub use parser::parse_object;
pub use reader::Document;
pub use revision::{Location, Revision, XrefEntry, XrefKind};
pub use scan::Reading;
pub use source::{Source, Unread};
pub use text::{decode_text, encode_text};
pub use walk::{Page, Rect};
pub use write::serialize;
