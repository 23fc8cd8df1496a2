//! The X.509 extensions that this crate decides by. Undecodable ones are not treated as absent: they are errors.

pub(crate) mod names;
pub(crate) mod policies;

use const_oid::ObjectIdentifier;
use der::Decode as _;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, ExtendedKeyUsage, KeyUsage};

use crate::asn1::{self, BOOLEAN, INTEGER, OCTET_STRING, Reader, SEQUENCE, Tlv};
use crate::{Error, oids};
use names::{General, LOCATION, Point, PointName, Subtrees};
use policies::PolicyConstraints;

/// More extensions than any real structure has.
const MAX_EXTENSIONS: usize = 64;
/// More locations than any real X.509 certificate names.
const MAX_URLS: usize = 16;
/// The longest location that is handed on, octets.
const MAX_URL_LENGTH: usize = 2_048;

/// One extension as it stands in the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

/// Reads Extensions (the SEQUENCE OF); a repeated identifier is an error (RFC 5280 §4.2).
pub(crate) fn read<'a>(extensions: &Tlv<'a>) -> Result<Vec<Extension<'a>>, Error> {
    let what = "extensions";
    let mut found: Vec<Extension<'a>> = Vec::new();
    for member in extensions.members(what, MAX_EXTENSIONS)? {
        let mut reader = Reader::new(member.content);
        let oid = reader.any(what)?.oid().ok_or(Error::Malformed { what })?;
        let critical = reader.optional(BOOLEAN, what)?.is_some_and(|value| value.content != [0]);
        let value = reader.expect(OCTET_STRING, what)?.content;
        reader.finish(what)?;
        if found.iter().any(|earlier| earlier.oid == oid) {
            return Err(Error::Malformed { what: "repeated extension" });
        }
        found.push(Extension { oid, critical, value });
    }
    Ok(found)
}

/// What the extensions of an X.509 certificate say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Facts {
    /// basicConstraints are there at all.
    pub(crate) has_basic_constraints: bool,
    pub(crate) is_ca: bool,
    pub(crate) path_length: Option<usize>,
    pub(crate) key_usage: Option<Usage>,
    pub(crate) extended: Option<Extended>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) ocsp_urls: Vec<String>,
    pub(crate) issuer_urls: Vec<String>,
    pub(crate) access_is_unreadable: bool,
    pub(crate) crl_urls: Vec<String>,
    pub(crate) delta_urls: Vec<String>,
    pub(crate) ocsp_nocheck: bool,
    /// `None`: no such extension.
    pub(crate) policies: Option<Vec<ObjectIdentifier>>,
    pub(crate) mappings: Vec<(ObjectIdentifier, ObjectIdentifier)>,
    pub(crate) policy_constraints: PolicyConstraints,
    pub(crate) inhibit_any: Option<usize>,
    pub(crate) subtrees: Option<Subtrees>,
    pub(crate) alternative: Vec<General>,
    pub(crate) points: Vec<Point>,
    /// Every statement of qcStatements is one that is known.
    pub(crate) qualified: bool,
    /// The identifier and the critical flag of every extension, in order.
    pub(crate) present: Vec<(ObjectIdentifier, bool)>,
    /// Why a path over this X.509 certificate cannot be judged: an extension that limits the path cannot be read.
    /// The rest is shown all the same.
    pub(crate) unreadable: Option<Error>,
}

/// KeyUsage, as far as it decides something here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Usage {
    pub(crate) digital_signature: bool,
    pub(crate) non_repudiation: bool,
    pub(crate) key_cert_sign: bool,
    pub(crate) crl_sign: bool,
}

/// ExtendedKeyUsage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Extended {
    pub(crate) critical: bool,
    pub(crate) purposes: Vec<ObjectIdentifier>,
}

/// Statements that say what a certificate is, and limit no path: kinds of subject and issuer names (RFC 3739 §3.2.6.1), and compliance, value
/// of transactions, retention, device, disclosure, type and country (ETSI EN 319 412-5 §4).
const STATEMENTS: [&str; 9] = [
    "1.3.6.1.5.5.7.11.1",
    "1.3.6.1.5.5.7.11.2",
    "0.4.0.1862.1.1",
    "0.4.0.1862.1.2",
    "0.4.0.1862.1.3",
    "0.4.0.1862.1.4",
    "0.4.0.1862.1.5",
    "0.4.0.1862.1.6",
    "0.4.0.1862.1.7",
];

/// Where the extension is critical, all its statements are (RFC 3739 §3.2.6).
fn statements_are_known(value: &[u8]) -> Result<bool, Error> {
    let what = "qcStatements";
    let mut known = true;
    for statement in asn1::only(value, SEQUENCE, what)?.members(what, MAX_EXTENSIONS)? {
        let oid = statement.reader().any(what)?.oid().ok_or(Error::Malformed { what })?;
        known &= STATEMENTS.contains(&oid.to_string().as_str());
    }
    Ok(known)
}

fn decode<'a, T: der::Decode<'a>>(value: &'a [u8], what: &'static str) -> Result<T, Error> {
    T::from_der(value).map_err(|_| Error::Malformed { what })
}

impl Facts {
    /// From the Extensions of an X.509 certificate.
    pub(crate) fn read(extensions: Option<&Tlv<'_>>) -> Result<Self, Error> {
        let mut facts = Self::default();
        let Some(extensions) = extensions else { return Ok(facts) };
        for extension in read(extensions)? {
            facts.present.push((extension.oid, extension.critical));
            facts.take(&extension)?;
            if let Err(error) = facts.take_limits(&extension) {
                facts.unreadable = Some(error);
            }
        }
        Ok(facts)
    }

    /// Whether the extension is there, and critical.
    pub(crate) fn is_critical(&self, oid: &ObjectIdentifier) -> Option<bool> {
        self.present.iter().find(|(present, _)| present == oid).map(|(_, critical)| *critical)
    }

    /// What a path is limited by.
    fn take_limits(&mut self, extension: &Extension<'_>) -> Result<(), Error> {
        let value = extension.value;
        match extension.oid {
            oids::CERTIFICATE_POLICIES => self.policies = Some(policies::read(value)?),
            oids::POLICY_MAPPINGS => self.mappings = policies::read_mappings(value)?,
            oids::POLICY_CONSTRAINTS => self.policy_constraints = policies::read_constraints(value)?,
            oids::INHIBIT_ANY_POLICY => self.inhibit_any = Some(policies::read_inhibit_any(value)?),
            oids::NAME_CONSTRAINTS => self.subtrees = Some(names::read_subtrees(value)?),
            oids::SUBJECT_ALT_NAME => self.alternative = names::read_alternative(value)?,
            // One that cannot be read is one with unknown statements.
            oids::QC_STATEMENTS => self.qualified = statements_are_known(value).unwrap_or(false),
            oids::CRL_DISTRIBUTION_POINTS => self.take_distribution_points(names::read_points(value)?),
            _ => {}
        }
        Ok(())
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<(), Error> {
        let value = extension.value;
        match extension.oid {
            oids::BASIC_CONSTRAINTS => {
                let what = "basicConstraints";
                let mut reader = asn1::only(value, SEQUENCE, what)?.reader();
                self.has_basic_constraints = true;
                self.is_ca = reader.optional(BOOLEAN, what)?.is_some_and(|ca| ca.content != [0]);
                let length = reader.optional(INTEGER, what)?;
                self.path_length = length.map(|length| policies::skip(&length, what)).transpose()?;
                reader.finish(what)?;
            }
            oids::KEY_USAGE => {
                let usage: KeyUsage = decode(value, "keyUsage")?;
                self.key_usage = Some(Usage {
                    digital_signature: usage.digital_signature(),
                    non_repudiation: usage.non_repudiation(),
                    key_cert_sign: usage.key_cert_sign(),
                    crl_sign: usage.crl_sign(),
                });
            }
            oids::EXTENDED_KEY_USAGE => {
                let purposes = decode::<ExtendedKeyUsage>(value, "extKeyUsage")?.0;
                self.extended = Some(Extended { critical: extension.critical, purposes });
            }
            oids::SUBJECT_KEY_ID => {
                self.subject_key_id = Some(asn1::only(value, OCTET_STRING, "subjectKeyIdentifier")?.content.to_vec());
            }
            oids::AUTHORITY_KEY_ID => {
                let sequence = asn1::only(value, SEQUENCE, "authorityKeyIdentifier")?;
                let key = sequence.reader().optional(0x80, "authorityKeyIdentifier")?;
                self.authority_key_id = key.map(|key| key.content.to_vec());
            }
            oids::AUTHORITY_INFO_ACCESS => self.take_access(value),
            // A hint, so an undecodable one is none.
            oids::FRESHEST_CRL => {
                self.delta_urls = names::read_points(value).map_or_else(|_| Vec::new(), |points| locations(&points))
            }
            oids::OCSP_NOCHECK => self.ocsp_nocheck = true,
            _ => {}
        }
        Ok(())
    }

    /// Locations are hints, so an undecodable list is an empty one.
    fn take_access(&mut self, value: &[u8]) {
        let Ok(access) = AuthorityInfoAccessSyntax::from_der(value) else {
            self.access_is_unreadable = true;
            return;
        };
        for description in access.0 {
            match description.access_method {
                oids::AD_OCSP => push_url(&mut self.ocsp_urls, &description.access_location),
                oids::AD_CA_ISSUERS => push_url(&mut self.issuer_urls, &description.access_location),
                _ => {}
            }
        }
    }

    fn take_distribution_points(&mut self, points: Vec<Point>) {
        self.crl_urls = locations(&points);
        self.points = points;
    }

    /// Whether the extended key usage names a purpose (absent: no).
    pub(crate) fn has_purpose(&self, purpose: &ObjectIdentifier) -> bool {
        self.extended.as_ref().is_some_and(|extended| extended.purposes.contains(purpose))
    }
}

/// The locations among the full names of distribution points.
pub(crate) fn locations(points: &[Point]) -> Vec<String> {
    let mut urls = Vec::new();
    for point in points {
        let Some(PointName::Full(names)) = &point.name else { continue };
        for name in names.iter().filter(|name| name.form == LOCATION) {
            push_location(&mut urls, &String::from_utf8_lossy(&name.value));
        }
    }
    urls
}

fn push_url(urls: &mut Vec<String>, name: &GeneralName) {
    if let GeneralName::UniformResourceIdentifier(url) = name {
        push_location(urls, url.as_str());
    }
}

fn push_location(urls: &mut Vec<String>, url: &str) {
    if urls.len() < MAX_URLS && url.len() <= MAX_URL_LENGTH {
        urls.push(url.to_owned());
    }
}
