//! Errors, and findings: what was read although it is not quite as ISO 32000 wants it.

use crate::object::ObjId;
use crate::source::Unread;

/// Which limit was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitKind {
    /// `Limits::file_bytes`
    FileBytes,
    /// `Limits::objects`
    Objects,
    /// `Limits::depth`
    Depth,
    /// `Limits::decoded_total`
    DecodedTotal,
    /// `Limits::decoded_stream`
    DecodedStream,
    /// `Limits::revisions`
    Revisions,
    /// `Limits::filters`
    Filters,
    /// `Limits::pages`
    Pages,
    /// `Limits::fields`
    Fields,
    /// `Limits::values_base`
    Values,
    /// `Limits::steps`
    Steps,
    /// The text of one object, without the data of a stream, in a file that is not in memory: 32 MiB.
    Window,
    /// Bytes searched for a lost `endstream`; bounded by a small multiple of the file.
    Search,
}

/// Why a file, or a part of it, cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A limit was exceeded: nothing is known about the rest.
    #[error("limit exceeded: {0:?}")]
    Limit(LimitKind),
    /// There is no `%PDF-` in the first 1,024 bytes.
    #[error("no PDF header")]
    NoHeader,
    /// There is no usable `startxref`.
    #[error("no startxref")]
    NoStartxref,
    /// A cross-reference section cannot be read (a reconstructing reader might still guess).
    #[error("cross-reference at {offset}: {reason}")]
    BadXref {
        /// Where, from the start of the file.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Text that is no PDF syntax. The offset counts within the file, or within the decoded object stream.
    #[error("syntax at {offset}: {reason}")]
    Syntax {
        /// Where.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The cross-reference points to something that is not this object.
    #[error("object {id} is not at {offset}")]
    WrongObject {
        /// The object asked for.
        id: ObjId,
        /// Where the cross-reference says it is (or the number of its object stream).
        offset: usize,
    },
    /// A stream uses a filter that is not decoded here (images, encryption, unknown ones).
    #[error("filter {0} is not supported")]
    UnsupportedFilter(String),
    /// Data that the named filter cannot decode.
    #[error("{filter}: {reason}")]
    Decode {
        /// The filter.
        filter: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The document's structure (catalog, page tree, form) is not as ISO 32000 wants it.
    #[error("structure: {0}")]
    Structure(&'static str),
    /// The document is encrypted, and this needs it not to be.
    #[error("the document is encrypted")]
    Encrypted,
    /// No increment can be written on this file.
    #[error("cannot be updated: {0}")]
    NotUpdatable(&'static str),
    /// The source could not give some of the file's bytes: nothing is known.
    #[error("cannot be read: {0}")]
    Unread(#[from] Unread),
}

/// What kind of departure from the standard was tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// Bytes before `%PDF-`.
    JunkBeforeHeader,
    /// Offsets count from `%PDF-`, not from the start of the file.
    OffsetsFromHeader,
    /// The newest section can be looked for from the start of the file or from `%PDF-`, and something is in both places.
    TwoBases,
    /// A linearized file (annex F) whose `/L` is reached by a later revision: only from then on, or until then, `/O` counts for viewers.
    LinearizedLength,
    /// A linearized file whose `/O` is not its first page.
    LinearizedPage,
    /// `startxref`, `/Prev` or `/XRefStm` points a few bytes beside the section. The place is where that is said: the section with the key, or
    /// the last byte of the file.
    StartxrefOff,
    /// A revision has no `%%EOF` behind its `startxref`.
    MissingEof,
    /// A revision's own `startxref` does not name its section.
    StartxrefDiffers,
    /// Between the trailer and `startxref` stands something else.
    BytesBeforeStartxref,
    /// A subsection counts from 1 although its first entry is object 0.
    XrefShifted,
    /// One number twice in one cross-reference section.
    DuplicateXrefEntry,
    /// A table is not written as clause 7.5.4 wants it, to the byte: who counts the 20 bytes of an entry, or takes comments for something, reads
    /// other offsets than who reads words.
    XrefForm,
    /// A cross-reference stream has an entry of a type that does not exist (clause 7.5.8.3).
    XrefEntryType,
    /// One number twice in one object stream.
    DuplicateMember,
    /// Table and stream of a hybrid section disagree about an object.
    HybridConflict,
    /// A section points forward to an older one although the file is not linearized.
    ForwardPrev,
    /// `/Prev` or `/XRefStm` is not a direct, whole, usable offset, or `/Size` no such number.
    BadPrev,
    /// Duplicate key in a dictionary; the last one counts here.
    DuplicateKey,
    /// `/Length` was wrong; the data was ended by searching `endstream`.
    WrongLength,
    /// No `endobj`.
    MissingEndobj,
    /// Generation in the cross-reference and at the object differ.
    GenerationMismatch,
    /// The object stream holds the object at another index than the cross-reference says.
    ObjectStreamIndex,
    /// A deflate stream ended without its end mark.
    TruncatedData,
    /// An entry `n` with offset 0, read as free.
    ZeroOffset,
    /// An object stream was written anew, and with it objects that the section does not list.
    ImplicitRedefinition,
    /// The cross-reference names a place where the object is not: it reads as null.
    MissingObject,
    /// There is no usable cross-reference: the file was put together from its objects.
    Rebuilt,
    /// More departures than are remembered: nobody knows what the others are.
    TooMany,
}

/// One tolerated departure. Strict callers treat some kinds as errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Where in the file (0 where there is no place).
    pub offset: usize,
    /// Which object, where one is concerned.
    pub object: Option<ObjId>,
}
