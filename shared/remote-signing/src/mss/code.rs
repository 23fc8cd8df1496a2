//! What the codes of TS 102 204 mean for a session (FiCom appendix C, Laverca and Swisscom: the table of remote-signing.md §1a).
//!
//! A code of four digits says more about one of three; what it is not known to say is what the three say. Of what no table
//! names nothing is concluded: the deadline decides.

use crate::refusal::Refusal;

/// What a code means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Meaning {
    /// The person is being asked.
    Open,
    /// There is a signature.
    Signed,
    /// There will be none.
    Refused(Refusal),
    /// The gateway did not work, and what became of the prompt is not known.
    Failed,
}

/// What a code means.
pub(crate) fn meaning(code: u16) -> Meaning {
    use Refusal::*;
    match code {
        // Expired because of a server, postponed by the person.
        2081 => return Meaning::Failed,
        4013 => return Meaning::Refused(UserTimeout),
        _ => {}
    }
    match if code >= 1000 { code / 10 } else { code } {
        100 | 504 => Meaning::Open,
        500 | 502 => Meaning::Signed,
        101..=103 | 107..=109 => Meaning::Refused(BadRequest),
        104 => Meaning::Refused(Unauthorized),
        105 | 404 | 405 | 422 => Meaning::Refused(NotEnrolled),
        208 => Meaning::Refused(UserTimeout),
        209 => Meaning::Refused(Unreachable),
        401 | 450 => Meaning::Refused(UserRejected),
        402 | 403 => Meaning::Refused(PinBlocked),
        406 => Meaning::Refused(Busy),
        425 | 501 => Meaning::Refused(CertRevoked),
        503 => Meaning::Refused(Invalid),
        // 407, 423, 424, 505, 700 to 780, 900, and whatever else there may be.
        _ => Meaning::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_word() {
        use Refusal::*;
        for (codes, expected) in [
            (&[100, 504][..], Meaning::Open),
            (&[500, 502], Meaning::Signed),
            (&[501, 425], Meaning::Refused(CertRevoked)),
            (&[503], Meaning::Refused(Invalid)),
            (&[101, 102, 103, 107, 108, 109, 1011, 1017, 1021], Meaning::Refused(BadRequest)),
            (&[104, 1041, 1045], Meaning::Refused(Unauthorized)),
            (&[105, 1054, 404, 4041, 405, 422], Meaning::Refused(NotEnrolled)),
            (&[208, 2082, 4013], Meaning::Refused(UserTimeout)),
            (&[209, 2091, 2094], Meaning::Refused(Unreachable)),
            (&[401, 4011, 4012, 450], Meaning::Refused(UserRejected)),
            (&[402, 4021, 403, 4031, 4032], Meaning::Refused(PinBlocked)),
            (&[406], Meaning::Refused(Busy)),
            (&[2081, 407, 423, 424, 505, 700, 720, 780, 900, 9001, 9008, 0, 999, 65_535], Meaning::Failed),
        ] {
            for code in codes {
                assert_eq!(meaning(*code), expected, "{code}");
            }
        }
    }
}
