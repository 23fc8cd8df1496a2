//! What a signature to be made consists of.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Name of the field of the leader's signature in a certified copy.
pub const LEADER_FIELD: &str = "Leader";
/// Name of the field of the agency seal in a certified copy; its `/Lock` locks all fields.
pub const SEAL_FIELD: &str = "Seal";

/// The number in the register that the seal carries, in a form for machines: `/CTDT` inside the seal's signature dictionary, signed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct EcopyFacts {
    /// Certification number (số chứng thực).
    pub number: u64,
    /// Book (quyển số), as printed: `01`.
    pub book: String,
    /// Year of the book.
    pub year: u32,
    /// Suffix of the series: `SCT/BS`.
    pub suffix: String,
    /// Code of the unit that keeps the register.
    pub unit_code: String,
    /// Identifier of the copy in the issuing system (`copy_…`).
    pub copy_id: String,
}

/// One approval signature in a field that already exists and is empty (decision 8, 41).
#[derive(Clone, Debug)]
pub struct SignaturePlan<'a> {
    /// Fully qualified name of the field.
    pub field: &'a str,
    /// X.509 chain, leaf first; embedded in the CMS.
    pub chain: &'a [pki::Certificate],
    /// `/Name`: the signer as shown by viewers.
    pub name: &'a str,
    /// `/Reason`; left out when empty.
    pub reason: &'a str,
    /// `/Location`; left out when empty.
    pub location: &'a str,
    /// `/M` as a PDF date, `D:YYYYMMDDHHmmSS+07'00'`: the claimed time, never a proof.
    pub signed_at: &'a str,
    /// What is drawn in the field's rectangle; none keeps the field as it is drawn.
    pub appearance: Option<Appearance<'a>>,
    /// Octets to keep for the time-stamp token, when [`crate::TOKEN_ROOM`] is known to be too few.
    pub token_room: usize,
    /// The number; only for the seal.
    pub ecopy: Option<EcopyFacts>,
}

/// What a field shows: a form XObject (ISO 32000-1, 8.10) over typefaces that stand in the file already.
#[derive(Clone, Copy, Debug)]
pub struct Appearance<'a> {
    /// Width and height in points; its lower left corner is the origin.
    pub size: (f64, f64),
    /// The content stream, as it is.
    pub content: &'a [u8],
    /// The typefaces that it names, by their names in /AcroForm /DR /Font.
    pub typefaces: &'a [&'a str],
    /// The picture that it names.
    pub picture: Option<Pixels<'a>>,
}

/// A picture with its mask, 8 bits a component.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    /// What the content calls it.
    pub name: &'a str,
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// DeviceRGB, three octets a pixel.
    pub rgb: &'a [u8],
    /// Opacity, one octet a pixel.
    pub alpha: &'a [u8],
}

/// A file with a place for the signature, and what has to be signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prepared {
    /// The whole file with a `/Contents` of zeros.
    pub file: Vec<u8>,
    /// Where the hex string of `/Contents` stands in `file`, both angle brackets included.
    pub contents: Range<usize>,
    /// DER of the CMS SignedAttributes (tag SET) to be signed; empty for a document time-stamp.
    pub signed_attributes: Vec<u8>,
}

/// A revision with a place for the signature, and what has to be signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revision {
    /// What is appended, with a `/Contents` of zeros.
    pub tail: Vec<u8>,
    /// Where the hex string of `/Contents` stands in the whole file, both angle brackets included.
    pub contents: Range<usize>,
    /// DER of the CMS SignedAttributes (tag SET) to be signed; empty for a document time-stamp.
    pub signed_attributes: Vec<u8>,
}

impl Revision {
    /// The whole file, when `base` is what the revision was made for.
    #[must_use]
    pub fn behind(self, base: &[u8]) -> Prepared {
        let Revision { tail, contents, signed_attributes } = self;
        Prepared { file: [base, &tail].concat(), contents, signed_attributes }
    }
}
