//! One value for the same octets: what a judgement reads it reads once.
//!
//! A signed file brings the same X.509 certificates, OCSP responses and CRLs again and again: in `/DSS`, in every CMS, in
//! every time-stamp, inside responses. Read through one [`Interner`] they are the same value, and what that value found out
//! about itself — by which key it was signed, see [`Maker`] — holds wherever it comes up again.
//!
//! Checking costs, and a file may bring a thousand keys for a thousand signatures: what was read through one [`Interner`] also
//! shares one [`Fuel`], and when that is used up nothing more is checked and [`Interner::is_spent`] says so.
//!
//! It decides nothing and knows no time. Reading is a function of the octets alone, so they are the whole key: their
//! SHA-256, under which the report names evidence too. A signature is remembered with the very key that made it, inside
//! the value whose octets it covers; what failed is not remembered. Made for one judgement and dropped with it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::crl::Crl;
use crate::digest::sha256;
use crate::ocsp::Response;
use crate::verify::PublicKey;
use crate::{Certificate, Error};

/// What was read, by the SHA-256 of the octets it was read from.
type Kept<T> = RefCell<BTreeMap<[u8; 32], Result<T, Error>>>;

/// What checking may cost in one judgement, in microseconds of the machine of `docs/PERFORMANCE.md`. A file with twenty-five archived
/// signatures and RSA-4096 keys takes a hundredth of it.
const FUEL: u64 = 1_500_000;

/// What is left of [`FUEL`], shared by all that was read for one judgement.
#[derive(Clone, Debug)]
pub(crate) struct Fuel(Arc<AtomicU64>);

impl Default for Fuel {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(FUEL)))
    }
}

impl Fuel {
    /// Takes what something is about to cost. Once it did not suffice, nothing does.
    fn spend(&self, cost: u64) -> Result<(), Error> {
        let less = |left: u64| Some(left.saturating_sub(cost.max(1)));
        // The closure never refuses.
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).unwrap_or_default();
        if left > cost { Ok(()) } else { Err(Error::Limit { what: "cost of checking", limit: FUEL as usize }) }
    }
}

/// Values that were read, by their octets. Not shared between judgements.
#[derive(Debug, Default)]
pub struct Interner {
    forgets: bool,
    fuel: Fuel,
    certificates: Kept<Certificate>,
    responses: Kept<Rc<Response>>,
    crls: Kept<Rc<Crl>>,
}

impl Interner {
    /// One that keeps nothing: every call reads again. Only to compare with; the answers are the same.
    #[must_use]
    pub fn forgetful() -> Self {
        Self { forgets: true, ..Self::default() }
    }

    /// Whether something was not checked any more because of what checking had cost: then whatever was concluded is unfinished.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.fuel.0.load(Ordering::Relaxed) == 0
    }

    /// Something was left out: as if all was spent.
    pub(crate) fn leave_unfinished(&self) {
        self.fuel.0.store(0, Ordering::Relaxed);
    }

    pub(crate) fn maker(&self) -> Maker {
        Maker { made: OnceLock::new(), fuel: Some(self.fuel.clone()) }
    }

    /// As [`Certificate::from_der`].
    ///
    /// # Errors
    /// As [`Certificate::from_der`].
    pub fn certificate(&self, der: &[u8]) -> Result<Certificate, Error> {
        self.keep(&self.certificates, der, || Certificate::read(der, self.maker()))
    }

    /// As [`Response::parse`].
    ///
    /// # Errors
    /// As [`Response::parse`].
    pub fn response(&self, der: &[u8]) -> Result<Rc<Response>, Error> {
        self.keep(&self.responses, der, || Response::parse_in(der, self).map(Rc::new))
    }

    /// As [`Crl::parse`].
    ///
    /// # Errors
    /// As [`Crl::parse`].
    pub fn crl(&self, der: &[u8]) -> Result<Rc<Crl>, Error> {
        self.keep(&self.crls, der, || Crl::read(der, self.maker()).map(Rc::new))
    }

    fn keep<T: Clone>(&self, kept: &Kept<T>, der: &[u8], read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        if self.forgets {
            return read();
        }
        let key = sha256(der);
        if let Some(known) = kept.borrow().get(&key) {
            return known.clone();
        }
        // Not borrowed while it reads: a response reads certificates.
        let value = read();
        kept.borrow_mut().insert(key, value.clone());
        value
    }
}

/// The key that was first found to have made the signature of the value in which this stands. The octets, the signature and the
/// scheme of that value never change, so the key is all that the answer can depend on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maker {
    made: OnceLock<PublicKey>,
    /// `None` for what was read for no judgement.
    fuel: Option<Fuel>,
}

impl Maker {
    /// Whether `key` made the signature over so many octets: known, or found out by `check`. A refusal is found out anew each time.
    pub(crate) fn is(
        &self,
        key: &PublicKey,
        octets: usize,
        check: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.made.get() == Some(key) {
            return Ok(());
        }
        self.spend(key.cost() + octets as u64 / HASHED)?;
        check()?;
        // Another thread, or another key, may have been first; that answer is right as well.
        let _ = self.made.set(key.clone());
        Ok(())
    }

    /// Takes what looking at the value is about to cost, microseconds.
    ///
    /// # Errors
    /// [`Error::Limit`]: nothing is left.
    pub(crate) fn spend(&self, cost: u64) -> Result<(), Error> {
        self.fuel.as_ref().map_or(Ok(()), |fuel| fuel.spend(cost))
    }
}

/// Octets that are hashed in a microsecond, at the least.
const HASHED: u64 = 400;

#[cfg(test)]
mod tests {
    use super::*;

    /// What was read for one judgement pays from one purse, and an empty one stays empty.
    #[test]
    fn checks_end_when_their_cost_is_used_up() {
        let interner = Interner::default();
        let (one, other) = (interner.maker(), interner.maker());
        assert_eq!(one.spend(FUEL / 2), Ok(()));
        assert_eq!(other.spend(FUEL / 4), Ok(()));
        assert!(!interner.is_spent());
        assert!(matches!(one.spend(FUEL / 2), Err(Error::Limit { .. })));
        assert!(interner.is_spent());
        assert!(matches!(other.spend(0), Err(Error::Limit { .. })), "too little was left once");
        assert_eq!(Maker::default().spend(u64::MAX), Ok(()), "read for no judgement");
        assert!(!Interner::default().is_spent(), "another judgement");
    }

    /// Every check is paid for, by what it costs, and a known answer is free.
    #[test]
    fn checks_are_paid_for() {
        let spki = hex::decode(format!("3059301306072a8648ce3d020106082a8648ce3d03010703420004{}", "11".repeat(64)));
        let spki = spki.expect("a constant");
        let key = PublicKey::from_spki(&crate::asn1::only(&spki, crate::asn1::SEQUENCE, "key").expect("one value"));
        let key = key.expect("a key");
        let checks = |octets: usize| {
            let interner = Interner::default();
            let refused = || interner.maker().is(&key, octets, || Err(Error::SignatureInvalid));
            (0..).take_while(|_| refused() == Err(Error::SignatureInvalid)).count() as u64
        };
        assert!((FUEL / key.cost() - 1..=FUEL / key.cost()).contains(&checks(0)), "{}", checks(0));
        assert!(checks(1 << 20) < checks(0) / 20, "long messages cost more");
        let interner = Interner::default();
        let maker = interner.maker();
        assert_eq!(maker.is(&key, 0, || Ok(())), Ok(()));
        interner.leave_unfinished();
        assert_eq!(maker.is(&key, 0, || Err(Error::SignatureInvalid)), Ok(()));
    }
}
