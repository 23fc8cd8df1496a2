//! The desk flow (ký bằng USB Token): a page brings what a token signed. No PIN comes here, and no document.

use api::{Problem, Reply, Request, idempotent, session_view};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casework::leader::{self, DeskAnswer};
use domain::ids::{CopyId, SessionId};
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
    /// Only whoever opened the session brings its answers: a colleague with the same right signs in a session of their own.
    pub(crate) async fn answered(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        let now = self.edge.clock.now();
        let caller = self.keys.caller(request, now, &self.records).await?;
        idempotent(&self.records, request, caller.id.as_str(), (&self.edge.chance, now), |_| async {
            let id = request.id(id, SessionId::parse)?;
            let session = self.records.session(&id).await?.filter(|session| session.user == caller.id);
            let session = session.ok_or_else(|| Problem::new("not-found"))?;
            let answers = read(&request.json()?)?;
            let session = leader::answer(&self.records, &self.edge.chance, &session.id, &answers, now).await?;
            let reply = Reply::json(202, &session_view(&session, now)).etag(session.version);
            Ok(reply.header("location", &format!("/v1/sign-sessions/{}", session.id)).header("retry-after", "1"))
        })
        .await
    }
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
    if octets.is_empty() || octets.len() > most {
        return Err(Problem::invalid(pointer, "too_long"));
    }
    Ok(octets)
}
