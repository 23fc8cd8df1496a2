//! General names and where they stand: alternative names, name constraints, distribution points (RFC 5280 §4.2.1.6, .10, .13).

use crate::Error;
use crate::asn1::{self, Reader, SEQUENCE, Tlv};

/// The most names in one list. The largest honest X.509 certificates name some hundred hosts.
const MAX_NAMES: usize = 4_096;
/// The most distribution points of one X.509 certificate.
const MAX_POINTS: usize = 64;

pub(crate) const OTHER: u8 = 0xa0;
pub(crate) const MAILBOX: u8 = 0x81;
pub(crate) const HOST: u8 = 0x82;
pub(crate) const DIRECTORY: u8 = 0xa4;
pub(crate) const LOCATION: u8 = 0x86;
pub(crate) const ADDRESS: u8 = 0x87;

/// One GeneralName: its tag and its content (of a directory name the DER of the Name).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct General {
    pub(crate) form: u8,
    pub(crate) value: Vec<u8>,
}

impl General {
    fn read(name: &Tlv<'_>, what: &'static str) -> Result<Self, Error> {
        let known = matches!(name.tag, OTHER | 0xa3 | DIRECTORY | 0xa5 | MAILBOX | HOST | LOCATION | ADDRESS | 0x88);
        if !known {
            return Err(Error::Malformed { what });
        }
        if name.tag == DIRECTORY {
            asn1::only(name.content, SEQUENCE, what)?;
        }
        Ok(Self { form: name.tag, value: name.content.to_vec() })
    }

    /// Whether both are the same name; only directory names are compared by meaning.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let equal = self.value == other.value;
        self.form == other.form && (equal || self.form == DIRECTORY && crate::name::same(&self.value, &other.value))
    }
}

/// The members of a GeneralNames, under whatever tag.
pub(crate) fn read_all(names: &Tlv<'_>, what: &'static str) -> Result<Vec<General>, Error> {
    names.members(what, MAX_NAMES)?.iter().map(|name| General::read(name, what)).collect()
}

/// subjectAltName: at least one name.
pub(crate) fn read_alternative(value: &[u8]) -> Result<Vec<General>, Error> {
    let what = "subjectAltName";
    let names = read_all(&asn1::only(value, SEQUENCE, what)?, what)?;
    if names.is_empty() { Err(Error::Malformed { what }) } else { Ok(names) }
}

/// NameConstraints.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Subtrees {
    pub(crate) permitted: Vec<General>,
    pub(crate) excluded: Vec<General>,
}

/// NameConstraints: one of the lists must be there and hold something; minimum is 0 and maximum absent (§4.2.1.10).
pub(crate) fn read_subtrees(value: &[u8]) -> Result<Subtrees, Error> {
    let what = "nameConstraints";
    let mut reader = asn1::only(value, SEQUENCE, what)?.reader();
    let mut list = |tag: u8| -> Result<Vec<General>, Error> {
        match reader.optional(tag, what)? {
            Some(list) => read_subtree_list(&list),
            None => Ok(Vec::new()),
        }
    };
    let subtrees = Subtrees { permitted: list(0xa0)?, excluded: list(0xa1)? };
    reader.finish(what)?;
    if subtrees == Subtrees::default() { Err(Error::Malformed { what }) } else { Ok(subtrees) }
}

fn read_subtree_list(list: &Tlv<'_>) -> Result<Vec<General>, Error> {
    let what = "nameConstraints";
    let mut bases = Vec::new();
    for subtree in list.members(what, MAX_NAMES)? {
        let mut reader = subtree.reader();
        bases.push(General::read(&reader.any(what)?, what)?);
        if reader.optional(0x80, what)?.is_some_and(|minimum| minimum.content != [0]) {
            return Err(Error::Malformed { what });
        }
        reader.finish(what)?;
    }
    if bases.is_empty() { Err(Error::Malformed { what }) } else { Ok(bases) }
}

/// DistributionPointName.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum PointName {
    Full(Vec<General>),
    /// The DER members of one RDN, to be appended to the name of the CRL issuer.
    Relative(Vec<u8>),
}

impl PointName {
    pub(crate) fn read(field: &Tlv<'_>, what: &'static str) -> Result<Self, Error> {
        let choice = field.reader().any(what)?;
        match choice.tag {
            0xa0 => Ok(Self::Full(read_all(&choice, what)?)),
            0xa1 => Ok(Self::Relative(choice.content.to_vec())),
            _ => Err(Error::Malformed { what }),
        }
    }

    /// The full names; a relative name is completed with the DER name of the CRL issuer.
    pub(crate) fn complete(&self, issuer: &[u8]) -> Vec<General> {
        match self {
            Self::Full(names) => names.clone(),
            Self::Relative(rdn) => {
                let base = asn1::only(issuer, SEQUENCE, "name").map_or(&[][..], |name| name.content);
                let value = asn1::sequence(&[base, &asn1::tlv(asn1::SET, &[rdn])]);
                vec![General { form: DIRECTORY, value }]
            }
        }
    }
}

/// One DistributionPoint.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Point {
    pub(crate) name: Option<PointName>,
    pub(crate) reasons: Option<Reasons>,
    /// DER names of the CRL issuer, where it is not the issuer of the X.509 certificate.
    pub(crate) issuers: Vec<Vec<u8>>,
}

/// ReasonFlags as a set: bit n of the BIT STRING is bit n here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Reasons(u16);

impl Reasons {
    /// keyCompromise (1) to aACompromise (8): "all reasons" of §6.3.3.
    pub(crate) const ALL: Self = Self(0b1_1111_1110);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn read(bits: &[u8]) -> Result<Self, Error> {
        let (unused, octets) = bits.split_first().ok_or(Error::Malformed { what: "ReasonFlags" })?;
        if *unused > 7 || octets.len() > 2 {
            return Err(Error::Malformed { what: "ReasonFlags" });
        }
        let set = |bit: usize| octets.get(bit / 8).is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0);
        Ok(Self((1..9).filter(|bit| set(*bit)).fold(0, |all, bit| all | 1 << bit)))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every reason of `other` is among these.
    pub(crate) fn cover(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// cRLDistributionPoints or freshestCRL.
pub(crate) fn read_points(value: &[u8]) -> Result<Vec<Point>, Error> {
    let what = "cRLDistributionPoints";
    let list = asn1::only(value, SEQUENCE, what)?.members(what, MAX_POINTS)?;
    list.iter().map(|point| read_point(&mut point.reader(), what)).collect()
}

fn read_point(reader: &mut Reader<'_>, what: &'static str) -> Result<Point, Error> {
    let name = reader.optional(0xa0, what)?.map(|field| PointName::read(&field, what)).transpose()?;
    let reasons = reader.optional(0x81, what)?.map(|field| Reasons::read(field.content)).transpose()?;
    let issuers = match reader.optional(0xa2, what)? {
        Some(names) => read_all(&names, what)?,
        None => Vec::new(),
    };
    reader.finish(what)?;
    let issuers = issuers.into_iter().filter(|name| name.form == DIRECTORY).map(|name| name.value).collect();
    Ok(Point { name, reasons, issuers })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit 0 is "unused" and no reason; all the others together are all.
    #[test]
    fn reasons_are_sets() {
        let read = |bits: &[u8]| Reasons::read(bits).expect("flags");
        let (first, rest) = (read(&[5, 0x60]), read(&[7, 0x1f, 0x80]));
        assert_eq!((first.or(rest), first.and(rest)), (Reasons::ALL, Reasons::NONE));
        assert!(Reasons::ALL.cover(first) && !first.cover(rest) && read(&[7, 0x80]) == Reasons::NONE);
        assert!(Reasons::read(&[]).is_err() && Reasons::read(&[8, 0]).is_err());
    }

    /// A relative name stands below the CRL issuer's.
    #[test]
    fn relative_names_are_completed() {
        let attribute = |text: &[u8]| {
            asn1::sequence(&[&asn1::oid(&crate::oids::AT_COMMON_NAME), &asn1::tlv(asn1::UTF8_STRING, &[text])])
        };
        let rdn = |text: &[u8]| asn1::tlv(asn1::SET, &[&attribute(text)]);
        let issuer = asn1::sequence(&[&rdn(b"CA")]);
        let full = asn1::sequence(&[&rdn(b"CA"), &rdn(b"CRL 1")]);
        let completed = PointName::Relative(attribute(b"CRL 1")).complete(&issuer);
        assert_eq!(completed, [General { form: DIRECTORY, value: full }]);
    }

    /// Nothing at all, an empty list and a distance are refused.
    #[test]
    fn constraints_must_say_something() {
        let host = asn1::tlv(HOST, &[b"a.vn"]);
        let with = |members: &[&[u8]]| {
            read_subtrees(&asn1::sequence(&[&asn1::tlv(0xa0, &[&asn1::sequence(members)])])).is_ok()
        };
        assert!(with(&[&host]) && with(&[&host, &asn1::tlv(0x80, &[&[0]])]));
        assert!(!with(&[&host, &asn1::tlv(0x80, &[&[1]])]) && !with(&[&host, &asn1::tlv(0x81, &[&[0]])]));
        assert!(read_subtrees(&asn1::sequence(&[])).is_err());
        assert!(read_subtrees(&asn1::sequence(&[&asn1::tlv(0xa0, &[])])).is_err());
    }
}
