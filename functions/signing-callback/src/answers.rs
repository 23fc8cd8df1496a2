//! The desk flow (ký bằng USB Token): a page brings what a token signed. No PIN comes here, and no document.

use api::{Problem, Reply, Request, idempotent, needs, session_view};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casework::leader::{self, DeskAnswer};
use domain::ids::{CopyId, SessionId};
use domain::model::{Purpose, Right, Session, User};
use domain::ports::Records as _;
use serde::Deserialize;

use crate::SigningCallback;

/// Documents of one session (api.md row 42).
const DOCUMENTS: usize = 20;
/// Octets of a signature value: RSA-4096 has 512, an ECDSA value of P-521 at most 139.
const SIGNATURE: usize = 512;
/// Octets of an X.509 certificate: those of the government tree have 2 KB.
const SIGNER_X509: usize = 8 * 1_024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    items: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    copy_id: String,
    signature: String,
    certificate: String,
}

impl SigningCallback {
    /// Takes what the token signed (api.md row 44).
    pub(crate) async fn answered(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let id = request.id(id, SessionId::parse)?;
            let session = own(self.records.session(&id).await?, &caller)?;
            let answers = read(&request.json()?)?;
            let session = leader::answer(&self.records, &self.edge.chance, &session.id, &answers, now).await?;
            let reply = Reply::json(202, &session_view(&session, &caller.id, now)).etag(session.version);
            Ok(reply.header("location", &format!("/v1/sign-sessions/{}", session.id)).header("retry-after", "1"))
        })
        .await
    }
}

/// Only whoever opened the session brings its answers, and only while they may still sign there: a colleague with the same right signs in
/// a session of their own, and a right that was withdrawn a minute ago completes no signature.
fn own(session: Option<Session>, caller: &User) -> Result<Session, Problem> {
    let session = session.filter(|session| session.user == caller.id).ok_or_else(|| Problem::new("not-found"))?;
    let right = if session.purpose == Purpose::Seal { Right::Seal } else { Right::Sign };
    needs(caller, right, &session.unit)?;
    Ok(session)
}

fn read(body: &Answers) -> Result<Vec<DeskAnswer>, Problem> {
    if body.items.is_empty() || body.items.len() > DOCUMENTS {
        return Err(Problem::invalid("/items", "1_to_20"));
    }
    let one = |(i, answer): (usize, &Answer)| {
        let at = |member: &str| format!("/items/{i}/{member}");
        Ok(DeskAnswer {
            copy: CopyId::parse(&answer.copy_id).map_err(|_| Problem::invalid(&at("copy_id"), "wrong_id_type"))?,
            signature: octets(&answer.signature, SIGNATURE, &at("signature"))?,
            certificate: octets(&answer.certificate, SIGNER_X509, &at("certificate"))?,
        })
    };
    body.items.iter().enumerate().map(one).collect()
}

/// Base64 (RFC 4648 §4) of 1 to `most` octets.
fn octets(text: &str, most: usize, pointer: &str) -> Result<Vec<u8>, Problem> {
    let octets = STANDARD.decode(text).map_err(|_| Problem::invalid(pointer, "base64"))?;
    if octets.is_empty() {
        return Err(Problem::invalid(pointer, "empty"));
    }
    if octets.len() > most {
        return Err(Problem::invalid(pointer, "too_long"));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use domain::ids::{UnitId, UserId};
    use domain::model::{Changed, SessionState};
    use jiff::Timestamp;

    use super::*;

    fn session(purpose: Purpose) -> Session {
        Session {
            id: SessionId::new([1; 16]),
            purpose,
            method: "usb".into(),
            shape: domain::model::Shape::Raw,
            user: UserId::new([7; 16]),
            unit: UnitId::new([2; 16]),
            items: Vec::new(),
            state: SessionState::Waiting,
            verification_code: "4298".into(),
            display_text: "MA 4298".into(),
            handle: None,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            late: None,
            version: 1,
        }
    }

    fn caller(id: u8, grants: &[(Right, u8)]) -> User {
        User {
            id: UserId::new([id; 16]),
            name: "Mai Thị Thẻ".into(),
            mandate: None,
            signature_picture: None,
            active: true,
            grants: grants.iter().map(|(right, unit)| (*right, Some(UnitId::new([*unit; 16])))).collect(),
            phone: None,
            credential: None,
            account: None,
            changed: Changed::first(),
        }
    }

    /// R42: a right that was withdrawn while the session was open brings no signature, nor does anybody else's.
    #[test]
    fn only_its_owner_with_the_right_answers_a_session() {
        use Purpose::{LeaderSign, Seal};
        for (purpose, id, grants, code) in [
            (LeaderSign, 7, &[(Right::Sign, 2)][..], None),
            (Seal, 7, &[(Right::Seal, 2)], None),
            (LeaderSign, 8, &[(Right::Sign, 2)], Some("not-found")),
            (LeaderSign, 7, &[(Right::Create, 2)], Some("forbidden")),
            (LeaderSign, 7, &[(Right::Seal, 2)], Some("forbidden")),
            (Seal, 7, &[(Right::Sign, 2)], Some("forbidden")),
            (LeaderSign, 7, &[(Right::Sign, 3)], Some("not-found")),
            (LeaderSign, 7, &[], Some("not-found")),
        ] {
            let refused = own(Some(session(purpose)), &caller(id, grants)).err();
            assert_eq!(refused.as_ref().map(Problem::code), code, "{purpose:?} {id} {grants:?}");
        }
        assert_eq!(own(None, &caller(7, &[(Right::Sign, 2)])).err().as_ref().map(Problem::code), Some("not-found"));
    }

    #[test]
    fn octets_are_base64_of_some_and_not_too_many() {
        let why = |text: &str| {
            let refused = octets(text, 3, "/items/0/signature").err()?;
            Some(refused.errors()[0]["code"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(octets("AQID", 3, "").ok(), Some(vec![1, 2, 3]));
        for (text, code) in [("", "empty"), ("AQIDBA==", "too_long"), ("AQ", "base64"), ("**", "base64")] {
            assert_eq!(why(text).as_deref(), Some(code), "{text}");
        }
    }
}
