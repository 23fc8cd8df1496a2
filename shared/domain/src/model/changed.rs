//! Who changed something that people administer, and when.

use jiff::Timestamp;

use super::Version;
use crate::ids::UserId;

/// The last change of an office or a person.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changed {
    /// Swap token.
    pub version: Version,
    /// Who; `None`: nobody since it was put here.
    pub by: Option<UserId>,
    /// When.
    pub at: Option<Timestamp>,
}

impl Changed {
    /// As something is put here.
    pub fn first() -> Changed {
        Changed { version: 1, by: None, at: None }
    }

    /// After one more change.
    #[must_use]
    pub fn next(&self, by: &UserId, now: Timestamp) -> Changed {
        Changed { version: self.version + 1, by: Some(by.clone()), at: Some(now) }
    }

    /// After a change of the machine's own, which nobody answers for.
    #[must_use]
    pub fn again(&self) -> Changed {
        Changed { version: self.version + 1, ..self.clone() }
    }
}
