//! Switches that make the responders answer wrongly, for tests of what relies on them.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// How the TSA answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TsaFault {
    /// As it should.
    #[default]
    None,
    /// Another nonce than was sent.
    WrongNonce,
    /// The imprint of something else.
    WrongImprint,
    /// Signed by a certificate that may not stamp.
    WrongCertificate,
    /// Bytes that are no ASN.1.
    Garbage,
    /// Never.
    Silence,
    /// HTTP 500.
    #[serde(rename = "http-500")]
    Http500,
    /// A `TimeStampResp` that refuses.
    Rejection,
}

/// How the OCSP responders answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OcspFault {
    /// As they should.
    #[default]
    None,
    /// Bytes that are no ASN.1.
    Garbage,
    /// Another nonce than was sent, as an answer to somebody else has.
    WrongNonce,
    /// Signed over the hash of other bytes than it shows.
    WrongHash,
    /// About another certificate.
    WrongCertId,
    /// An answer whose time is over.
    Expired,
    /// "Unknown" about everything.
    Unknown,
    /// "Revoked" about everything, since a day.
    Revoked,
    /// Signed by somebody of no tree.
    Stranger,
    /// `tryLater`.
    TryLater,
    /// Never.
    Silence,
    /// HTTP 500.
    #[serde(rename = "http-500")]
    Http500,
}

/// How the CRL and AIA files are served.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFault {
    /// As they should.
    #[default]
    None,
    /// Bytes that are no ASN.1.
    Garbage,
    /// A list whose time is over (CRLs only).
    Expired,
    /// Signed by somebody of no tree (CRLs); the stranger's certificate (AIA).
    Stranger,
    /// Never.
    Silence,
    /// HTTP 500.
    #[serde(rename = "http-500")]
    Http500,
}

/// All switches.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FaultSet {
    /// Time stamps.
    pub tsa: TsaFault,
    /// Whether the second TSA is there; it answers as it should.
    pub tsa_behind: bool,
    /// OCSP.
    pub ocsp: OcspFault,
    /// CRLs.
    pub crl: FileFault,
    /// Issuers' certificates.
    pub aia: FileFault,
    /// Delay of every answer in milliseconds, at most [`MAX_DELAY_MS`].
    pub delay_ms: u64,
}

/// Longest delay: a real TSA took up to 131 s (domain.md §4.1).
pub const MAX_DELAY_MS: u64 = 150_000;

/// A change of some switches; what is absent stays.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FaultChange {
    /// Time stamps.
    pub tsa: Option<TsaFault>,
    /// Whether the second TSA is there.
    pub tsa_behind: Option<bool>,
    /// OCSP.
    pub ocsp: Option<OcspFault>,
    /// CRLs.
    pub crl: Option<FileFault>,
    /// Issuers' certificates.
    pub aia: Option<FileFault>,
    /// Delay of every answer in milliseconds.
    pub delay_ms: Option<u64>,
}

/// How many requests were answered wrongly, or not at all, since the start: a test that waits for a number knows that
/// somebody has asked and was misled.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct WrongAnswers {
    /// Time stamps.
    pub tsa: u64,
    /// OCSP.
    pub ocsp: u64,
    /// CRLs.
    pub crl: u64,
    /// Issuers' certificates.
    pub aia: u64,
}

/// The switches of a running stack. All off at the start.
#[derive(Debug, Default)]
pub struct Faults {
    set: Mutex<FaultSet>,
    wrong: Mutex<WrongAnswers>,
}

impl Faults {
    /// How the switches stand.
    #[must_use]
    pub fn get(&self) -> FaultSet {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered wrongly.
    #[must_use]
    pub fn wrong_answers(&self) -> WrongAnswers {
        *self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes one more wrong answer.
    pub(super) fn misled(&self, add: impl FnOnce(&mut WrongAnswers)) {
        add(&mut self.wrong.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Changes switches and gives how they stand now.
    pub fn change(&self, change: FaultChange) -> FaultSet {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        set.tsa = change.tsa.unwrap_or(set.tsa);
        set.tsa_behind = change.tsa_behind.unwrap_or(set.tsa_behind);
        set.ocsp = change.ocsp.unwrap_or(set.ocsp);
        set.crl = change.crl.unwrap_or(set.crl);
        set.aia = change.aia.unwrap_or(set.aia);
        set.delay_ms = change.delay_ms.unwrap_or(set.delay_ms).min(MAX_DELAY_MS);
        *set
    }

    /// Turns every switch off.
    pub fn off(&self) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = FaultSet::default();
    }
}
