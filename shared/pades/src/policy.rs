//! What a verification assumes: anchors, the instant, the profile, evidence from outside.

use crate::plan::EcopyFacts;

/// Which rules apply beside cryptography.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// `Ecopy` when fields `Leader` and `Seal` exist, else `General` (decision 43).
    #[default]
    Auto,
    /// Any signed PDF by ISO 32000 permissions, plus the rules of a certified copy.
    Ecopy,
    /// Any signed PDF by ISO 32000 permissions.
    General,
}

impl Profile {
    /// As callers name it: `auto`, `ecopy`, `general`.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Auto => "auto",
            Profile::Ecopy => "ecopy",
            Profile::General => "general",
        }
    }
}

/// What the register says about a copy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RegisterStatus {
    /// The number is in force.
    Active,
    /// The copy was annulled.
    Annulled {
        /// Number and date of the decision, as shown; a register may know of the annulment alone.
        decision: Option<(String, String)>,
        /// The day on which the register was told, as shown.
        entered: String,
    },
    /// The register was asked and does not know the number.
    Unknown,
}

/// The register's answer, for the check `register`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegisterFacts {
    /// The state of the number.
    pub status: RegisterStatus,
    /// What stands under the number; compared field by field when present.
    pub facts: Option<EcopyFacts>,
    /// Digests of the levels that were stored (sealed, archived); a match of the file or of one of its revisions is enough.
    /// Empty: not compared.
    pub sha256: Vec<[u8; 32]>,
}

/// How a file is judged.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    /// Trust anchors (roots) in force.
    pub anchors: &'a [pki::Certificate],
    /// The instant of the verification, Unix seconds.
    pub at: i64,
    /// The rules.
    pub profile: Profile,
    /// Certificates, OCSP responses and CRLs from outside the file.
    pub extra: &'a pki::path::Evidence,
    /// What the register says, when it was asked.
    pub register: Option<RegisterFacts>,
    /// The anchors are those of a test PKI: adds the informational reason `test-certificate` (decision 29).
    pub test_anchors: bool,
}
