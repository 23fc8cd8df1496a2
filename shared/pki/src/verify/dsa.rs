//! DSA verification (FIPS 186-4 §4.7; parameters as RFC 3279 §2.3.2 writes them). Only read, and always reported as weak: FIPS 186-5 withdrew it.

use dsa::signature::hazmat::PrehashVerifier as _;
use dsa::{BoxedUint, Components, Signature, VerifyingKey};

use crate::Error;
use crate::asn1::{self, INTEGER, Reader, SEQUENCE};

const WHAT: &str = "DSA key";

/// Bits of p and q (FIPS 186-4 §4.2). Others only make the check slow.
const SIZES: [(usize, usize); 4] = [(1024, 160), (2048, 224), (2048, 256), (3072, 256)];

/// Dss-Parms, without leading zeros.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Group {
    p: Vec<u8>,
    q: Vec<u8>,
    g: Vec<u8>,
}

impl Group {
    /// From what follows the identifier; `None` where the issuer's are inherited.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        if matches!(reader.peek(), None | Some(asn1::NULL)) {
            return Ok(None);
        }
        let mut fields = reader.expect(SEQUENCE, WHAT)?.reader();
        let group = Self { p: number(&mut fields)?, q: number(&mut fields)?, g: number(&mut fields)? };
        fields.finish(WHAT)?;
        if !SIZES.contains(&(bits(&group.p), bits(&group.q))) {
            return Err(Error::Malformed { what: WHAT });
        }
        Ok(Some(group))
    }

    /// Bits of p.
    pub(super) fn bits(&self) -> usize {
        bits(&self.p)
    }

    /// Checks a signature over a digest; `key` is a DSAPublicKey, the INTEGER y.
    pub(super) fn verify(&self, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        let signature = self.signature(signature).map_err(|_| Error::SignatureInvalid)?;
        let key = self.key(key)?;
        key.verify_prehash(digest, &signature).map_err(|_| Error::SignatureInvalid)
    }

    fn key(&self, key: &[u8]) -> Result<VerifyingKey, Error> {
        let malformed = |_| Error::Malformed { what: WHAT };
        let y = number(&mut Reader::new(key))?;
        let (p, q, g) = (uint(&self.p, self.p.len())?, uint(&self.q, self.q.len())?, uint(&self.g, self.p.len())?);
        let y = uint(&y, self.p.len())?;
        if y >= p {
            return Err(Error::Malformed { what: WHAT });
        }
        let components = Components::from_components(p, q, g).map_err(malformed)?;
        VerifyingKey::from_components(components, y).map_err(malformed)
    }

    /// Dss-Sig-Value (RFC 3279 §2.2.2).
    fn signature(&self, signature: &[u8]) -> Result<Signature, Error> {
        let mut fields = asn1::only(signature, SEQUENCE, WHAT)?.reader();
        let (r, s) = (number(&mut fields)?, number(&mut fields)?);
        fields.finish(WHAT)?;
        let (r, s) = (uint(&r, self.q.len())?, uint(&s, self.q.len())?);
        Signature::from_components(r, s).ok_or(Error::SignatureInvalid)
    }
}

/// A positive number without leading zeros.
fn number(reader: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let content = reader.expect(INTEGER, WHAT)?.content;
    match content.first() {
        Some(first) if first & 0x80 == 0 => Ok(asn1::unsigned(content).to_vec()),
        _ => Err(Error::Malformed { what: WHAT }),
    }
}

/// As wide as the number that it is reckoned with; a wider one is no such number.
fn uint(octets: &[u8], width: usize) -> Result<BoxedUint, Error> {
    let malformed = Error::Malformed { what: WHAT };
    let width = u32::try_from(width * 8).map_err(|_| malformed.clone())?;
    BoxedUint::from_be_slice(octets, width).map_err(|_| malformed)
}

fn bits(octets: &[u8]) -> usize {
    let first = octets.first().map_or(0, |octet| octet.leading_zeros() as usize);
    (octets.len() * 8).saturating_sub(first)
}
