//! One value for the same octets: what a judgement reads it reads once.
//!
//! A signed file brings the same X.509 certificates, OCSP responses and CRLs again and again: in `/DSS`, in every CMS, in
//! every time-stamp, inside responses. Read through one [`Interner`] they are the same value, and what that value found out
//! about itself — by which key it was signed, see [`Maker`] — holds wherever it comes up again.
//!
//! It decides nothing and knows no time. Reading is a function of the octets alone, so they are the whole key: their
//! SHA-256, under which the report names evidence too. A signature is remembered with the very key that made it, inside
//! the value whose octets it covers; what failed is not remembered. Made for one judgement and dropped with it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::OnceLock;

use crate::crl::Crl;
use crate::digest::sha256;
use crate::ocsp::Response;
use crate::verify::PublicKey;
use crate::{Certificate, Error};

/// What was read, by the SHA-256 of the octets it was read from.
type Kept<T> = RefCell<BTreeMap<[u8; 32], Result<T, Error>>>;

/// Values that were read, by their octets. Not shared between judgements.
#[derive(Debug, Default)]
pub struct Interner {
    forgets: bool,
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

    /// As [`Certificate::from_der`].
    ///
    /// # Errors
    /// As [`Certificate::from_der`].
    pub fn certificate(&self, der: &[u8]) -> Result<Certificate, Error> {
        self.keep(&self.certificates, der, || Certificate::from_der(der))
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
        self.keep(&self.crls, der, || Crl::parse(der).map(Rc::new))
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
pub(crate) struct Maker(OnceLock<PublicKey>);

impl Maker {
    /// Whether `key` made the signature: known, or found out by `check`. A refusal is found out anew each time.
    pub(crate) fn is(&self, key: &PublicKey, check: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        if self.0.get() == Some(key) {
            return Ok(());
        }
        check()?;
        // Another thread, or another key, may have been first; that answer is right as well.
        let _ = self.0.set(key.clone());
        Ok(())
    }
}
