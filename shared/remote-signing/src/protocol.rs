//! What a gateway speaks, as it is configured.

use std::fmt;

use domain::ports::{Fault, SignOrder};

/// The version of the API.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Version {
    /// 1.0.4: nobody can be waited for (no 202).
    V1,
    /// 2.0.0.2.
    #[default]
    V2,
}

impl Version {
    /// Where it begins below the gateway's URL.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::V1 => "csc/v1",
            Self::V2 => "csc/v2",
        }
    }
}

/// How RSA signatures are padded. Who prepares the SignerInfo must know it too: [`domain::ports::SignOrder`] names no
/// algorithm.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Padding {
    /// PKCS#1 v1.5: what our signatures say.
    #[default]
    Pkcs1,
    /// PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    Pss,
}

/// Says, for a gateway that asks no person, that an order was approved.
pub trait Approver: Send + Sync {
    /// What goes as `clientData` of `credentials/authorize`.
    ///
    /// # Errors
    /// When the order cannot be approved now; nothing is sent then.
    fn approve(&self, order: &SignOrder) -> Result<String, Fault>;
}

/// Who decides that a digest is signed.
#[derive(Default)]
pub enum Consent {
    /// The person, on a device of their own: `authorize` answers 202, and is asked until there is a SAD.
    #[default]
    OutOfBand,
    /// Somebody before us: `authorize` answers 200 with a SAD at once. The approver says so to a gateway that wants to be
    /// told; without one, `clientData` is the session. For seals (CSC 2.0.0.2 §8.5), never for a person's key.
    AtOnce(Option<Box<dyn Approver>>),
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfBand => "OutOfBand",
            Self::AtOnce(_) => "AtOnce",
        })
    }
}

/// What a gateway speaks.
#[derive(Debug, Default)]
pub struct Protocol {
    /// The version.
    pub version: Version,
    /// Who decides.
    pub consent: Consent,
    /// How RSA is padded.
    pub padding: Padding,
}

/// TLS beyond the system's roots, all in PEM.
#[derive(Clone, Copy)]
pub struct Tls<'a> {
    /// The only roots that the gateway's chain may end at.
    pub roots: &'a [u8],
    /// Our private key and the chain of its X.509 certificate, for gateways that want to see it.
    pub identity: &'a [u8],
}
