//! Distinguished names: show, look up, compare. It does not parse names that people type.

use const_oid::ObjectIdentifier;

use crate::Error;
use crate::asn1::{Reader, SEQUENCE, SET, Tlv};
use crate::oids;

/// More attributes than any real name has.
const MAX_ATTRIBUTES: usize = 128;

/// One attribute of a name and the number of the RDN it stands in.
struct Attribute<'a> {
    rdn: usize,
    oid: ObjectIdentifier,
    value: Tlv<'a>,
}

fn attributes(name: &[u8]) -> Result<Vec<Attribute<'_>>, Error> {
    let what = "name";
    let sequence = crate::asn1::only(name, SEQUENCE, what)?;
    let mut found = Vec::new();
    for (rdn, set) in sequence.members(what, MAX_ATTRIBUTES)?.into_iter().enumerate() {
        if set.tag != SET {
            return Err(Error::Malformed { what });
        }
        for attribute in set.members(what, MAX_ATTRIBUTES)? {
            if found.len() >= MAX_ATTRIBUTES {
                return Err(Error::Limit { what, limit: MAX_ATTRIBUTES });
            }
            let mut reader = Reader::new(attribute.content);
            let oid = reader.any(what)?.oid().ok_or(Error::Malformed { what })?;
            found.push(Attribute { rdn, oid, value: reader.any(what)? });
        }
    }
    Ok(found)
}

/// The text of a string value; `None` for what is no string.
fn text(value: &Tlv<'_>) -> Option<String> {
    match value.tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => Some(String::from_utf8_lossy(value.content).into_owned()),
        // TeletexString is in practice Latin-1
        0x14 => Some(value.content.iter().map(|octet| char::from(*octet)).collect()),
        // BMPString
        0x1e => {
            let units = value.content.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
            Some(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect())
        }
        // UniversalString
        0x1c => {
            let points = value.content.as_chunks::<4>().0.iter().map(|four| u32::from_be_bytes(*four));
            Some(points.map(|point| char::from_u32(point).unwrap_or('\u{fffd}')).collect())
        }
        _ => None,
    }
}

fn label(oid: &ObjectIdentifier) -> Option<&'static str> {
    Some(match *oid {
        oids::AT_COMMON_NAME => "CN",
        oids::AT_SURNAME => "SN",
        oids::AT_SERIAL_NUMBER => "serialNumber",
        oids::AT_COUNTRY => "C",
        oids::AT_LOCALITY => "L",
        oids::AT_STATE => "ST",
        oids::AT_STREET => "street",
        oids::AT_ORGANISATION => "O",
        oids::AT_ORGANISATIONAL_UNIT => "OU",
        oids::AT_TITLE => "title",
        oids::AT_GIVEN_NAME => "GN",
        oids::AT_ORGANISATION_IDENTIFIER => "organizationIdentifier",
        oids::AT_USER_ID => "UID",
        oids::AT_DOMAIN_COMPONENT => "DC",
        oids::AT_EMAIL => "emailAddress",
        _ => return None,
    })
}

/// Characters that could make a shown name lie: controls, and what Unicode draws as nothing (marks of direction, joiners, fillers,
/// separators of lines, signs of variation, tags). The one list of the house. Letters that look like others are not in it.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    let ranges = [
        '\u{ad}'..='\u{ad}',
        '\u{34f}'..='\u{34f}',
        '\u{61c}'..='\u{61c}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{2800}'..='\u{2800}',
        '\u{3164}'..='\u{3164}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{feff}'..='\u{feff}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{fff0}'..='\u{fffb}',
        '\u{fffe}'..='\u{ffff}',
        '\u{1bca0}'..='\u{1bca3}',
        '\u{1d173}'..='\u{1d17a}',
        '\u{e0000}'..='\u{e0fff}',
    ];
    c.is_control() || ranges.iter().any(|range| range.contains(&c))
}

fn escape(value: &str, out: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        if is_deceptive(c) {
            let mut buffer = [0u8; 4];
            for octet in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("\\{octet:02X}"));
            }
            continue;
        }
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (c == '#' && at == 0)
            || (c == ' ' && (at == 0 || at == last));
        if special {
            out.push('\\');
        }
        out.push(c);
    }
}

/// RFC 4514 text of a DER name, most special RDN first; letters of every script are kept as they are.
pub(crate) fn display(name: &[u8]) -> Result<String, Error> {
    let mut rdns: Vec<String> = Vec::new();
    let mut current = None;
    for attribute in attributes(name)? {
        let mut shown = label(&attribute.oid).map_or_else(|| attribute.oid.to_string(), str::to_owned);
        shown.push('=');
        match text(&attribute.value) {
            Some(value) => escape(&value, &mut shown),
            None => {
                shown.push('#');
                shown.push_str(&hex::encode(attribute.value.full));
            }
        }
        match rdns.last_mut() {
            Some(last) if current == Some(attribute.rdn) => {
                last.push('+');
                last.push_str(&shown);
            }
            _ => rdns.push(shown),
        }
        current = Some(attribute.rdn);
    }
    rdns.reverse();
    Ok(rdns.join(","))
}

/// All values of one attribute type, in the order of the name.
pub(crate) fn values(name: &[u8], oid: &ObjectIdentifier) -> Vec<String> {
    let Ok(found) = attributes(name) else { return Vec::new() };
    found.iter().filter(|attribute| attribute.oid == *oid).filter_map(|attribute| text(&attribute.value)).collect()
}

/// Case and inner white space do not count (RFC 5280 §7.1, without Unicode preparation).
fn prepared(value: &Tlv<'_>) -> (u8, String) {
    match text(value) {
        Some(text) => (0, text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()),
        None => (value.tag, hex::encode(value.content)),
    }
}

fn same_value(one: &Tlv<'_>, other: &Tlv<'_>) -> bool {
    one == other || prepared(one) == prepared(other)
}

/// Whether two DER names are the same name.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let (Ok(one), Ok(other)) = (attributes(one), attributes(other)) else { return false };
    if one.len() != other.len() {
        return false;
    }
    // One attribute in each RDN, as nearly all names have it: the order is given, and the last ones tell names apart.
    if [&one, &other].iter().all(|name| name.iter().map(|attribute| attribute.rdn).eq(0..name.len())) {
        return one
            .iter()
            .zip(&other)
            .rev()
            .all(|(one, other)| one.oid == other.oid && same_value(&one.value, &other.value));
    }
    let key = |found: &[Attribute<'_>]| {
        let mut keys: Vec<_> = found.iter().map(|a| (a.rdn, a.oid, prepared(&a.value))).collect();
        keys.sort();
        keys
    };
    key(&one) == key(&other)
}

/// Whether the name begins with all RDNs of `base` (RFC 5280 §4.2.1.10: a directory name as a subtree).
pub(crate) fn is_within(name: &[u8], base: &[u8]) -> bool {
    let what = "name";
    let rdns = |name| crate::asn1::only(name, SEQUENCE, what).and_then(|name| name.members(what, MAX_ATTRIBUTES));
    let (Ok(name), Ok(base)) = (rdns(name), rdns(base)) else { return false };
    let begin = |rdns: &[Tlv<'_>]| {
        let members: Vec<&[u8]> = rdns.iter().map(|rdn| rdn.full).collect();
        crate::asn1::sequence(&members)
    };
    name.get(..base.len()).is_some_and(|first| same(&begin(first), &begin(&base)))
}

/// Whether the name has no attribute at all.
pub(crate) fn is_empty(name: &[u8]) -> bool {
    attributes(name).is_ok_and(|found| found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{UTF8_STRING, sequence, tlv};

    const PRINTABLE_STRING: u8 = 0x13;

    /// A name of RDNs, each of (last octet of the attribute type, kind of string, text).
    fn name(rdns: &[&[(u8, u8, &str)]]) -> Vec<u8> {
        let attribute =
            |&(kind, tag, text): &(u8, u8, &str)| sequence(&[&[6, 3, 0x55, 4, kind], &tlv(tag, &[text.as_bytes()])]);
        let set = |attributes: &&[(u8, u8, &str)]| {
            let members: Vec<Vec<u8>> = attributes.iter().map(attribute).collect();
            tlv(SET, &[&members.concat()])
        };
        let members: Vec<Vec<u8>> = rdns.iter().map(set).collect();
        tlv(SEQUENCE, &[&members.concat()])
    }

    /// What steers, or is drawn as nothing, is shown by its octets; every letter is kept.
    #[test]
    fn a_name_shows_what_would_not_be_seen() {
        let signs = "\u{1b}\r\n\u{ad}\u{61c}\u{180e}\u{202e}\u{2800}\u{3164}\u{feff}\u{ffa0}\u{e0041}";
        let escaped: String = signs.bytes().map(|octet| format!("\\{octet:02X}")).collect();
        let shown = display(&name(&[&[(3, UTF8_STRING, &format!("Ủy ban{signs} عربي"))]]));
        assert_eq!(shown.ok(), Some(format!("CN=Ủy ban{escaped} عربي")));
    }

    /// RFC 5280 §7.1, and which attributes stand in one RDN counts.
    #[test]
    fn names_are_compared_by_what_they_say() {
        let (cn, o) = (3, 10);
        let plain = name(&[&[(o, UTF8_STRING, "Uỷ ban")], &[(cn, UTF8_STRING, "Chủ tịch")]]);
        for (other, is_same) in [
            (name(&[&[(o, UTF8_STRING, "UỶ  BAN ")], &[(cn, UTF8_STRING, "chủ tịch")]]), true),
            (name(&[&[(cn, UTF8_STRING, "Chủ tịch")], &[(o, UTF8_STRING, "Uỷ ban")]]), false),
            (name(&[&[(o, UTF8_STRING, "Uỷ ban"), (cn, UTF8_STRING, "Chủ tịch")]]), false),
            (name(&[&[(o, UTF8_STRING, "Uỷ ban")]]), false),
            (name(&[&[(o, UTF8_STRING, "Uỷ ban")], &[(o, UTF8_STRING, "Chủ tịch")]]), false),
            (name(&[&[(o, UTF8_STRING, "Chủ tịch")], &[(cn, UTF8_STRING, "Chủ tịch")]]), false),
            (name(&[&[(o, UTF8_STRING, "Uỷ ban")], &[], &[(cn, UTF8_STRING, "Chủ tịch")]]), false),
        ] {
            assert_eq!((same(&plain, &other), same(&other, &plain)), (is_same, is_same), "{}", hex::encode(other));
        }
        let printable = name(&[&[(o, PRINTABLE_STRING, "UBND")]]);
        assert!(same(&printable, &name(&[&[(o, UTF8_STRING, "ubnd")]])), "one text in two encodings");
        // Which attributes an RDN has counts, not their order in it.
        let both = name(&[&[(o, UTF8_STRING, "a"), (cn, UTF8_STRING, "b")]]);
        assert!(same(&both, &name(&[&[(cn, UTF8_STRING, "B"), (o, UTF8_STRING, "A")]])));
        let shifted = [
            name(&[&[(o, UTF8_STRING, "a"), (cn, UTF8_STRING, "b")], &[], &[(cn, UTF8_STRING, "c")]]),
            name(&[&[(o, UTF8_STRING, "a")], &[(cn, UTF8_STRING, "b")], &[(cn, UTF8_STRING, "c")]]),
        ];
        assert!(!same(&shifted[0], &shifted[1]));
    }
}
