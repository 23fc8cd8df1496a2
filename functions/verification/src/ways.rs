//! What is to be judged: the body, a form, an upload, a copy by its identifier, or the link by which a copy was delivered.

use api::{Problem, Request};
use domain::ids::{CopyId, UploadId, UserId};
use domain::model::PublicCopy;
use domain::paths;
use domain::ports::Records as _;
use jiff::Timestamp;
use pades::Profile;
use serde::Deserialize;
use sha2::Digest as _;

use crate::body::Body;
use crate::{FILE_NAME, Verification, page};

/// Bodies above this go by upload (decision 44).
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// Longest address (RFC 5321 §4.5.3.1.3).
const ADDRESS_LIMIT: usize = 254;

/// The file, or the copy of ours that stands for it.
pub(crate) enum Matter {
    /// A file.
    File(Body),
    /// A copy of ours.
    Copy(Box<PublicCopy>),
}

/// What somebody asks.
pub(crate) struct Asked {
    /// Of what.
    pub(crate) matter: Matter,
    /// What the file is called.
    pub(crate) name: String,
    /// The instant to judge at, when it is not now.
    pub(crate) at: Option<Timestamp>,
    /// The rules.
    pub(crate) profile: Profile,
    /// Whether the report is to be kept.
    pub(crate) retain: bool,
    /// Whether a client wants to hear nothing later.
    pub(crate) forget: bool,
    /// Where a visitor wants to hear of a later annulment.
    pub(crate) notify: Option<String>,
    /// Who asks, when it says so.
    pub(crate) caller: Option<UserId>,
}

impl Asked {
    /// Whether the service would sign what it finds, said before anything is judged or kept.
    ///
    /// # Errors
    /// `record-not-signed` for a question of the asker's own rules or time, `not-acceptable` for a dossier, which has no record.
    pub(crate) fn may_be_recorded(&self) -> Result<(), Problem> {
        if self.at.is_some() || self.profile != Profile::Auto {
            return Err(Problem::new("record-not-signed"));
        }
        match &self.matter {
            Matter::File(body) if body.is_zip() => Err(page::no_record_of_a_dossier()),
            Matter::File(_) | Matter::Copy(_) => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    upload_id: Option<String>,
    copy_id: Option<String>,
    share_token: Option<String>,
    at: Option<String>,
    policy: Option<String>,
    retain: Option<String>,
    notify_email: Option<String>,
}

impl Verification {
    /// Reads a request for a verification.
    ///
    /// # Errors
    /// What is wrong with it; `not-found` for a thing that is not there or belongs to somebody else.
    pub(crate) async fn asked(&self, request: &Request, now: Timestamp) -> Result<Asked, Problem> {
        let caller = match request.header("authorization") {
            Some(_) => Some(self.keys.subject(request, now)?),
            None => None,
        };
        match request.media_type().as_str() {
            "application/pdf" | "application/octet-stream" | "application/zip" => {
                let (wishes, file) = (Wishes::of_query(request)?, bounded(request.body.clone())?);
                Ok(wishes.about(Matter::File(Body::Held(file)), FILE_NAME.to_owned(), None, caller))
            }
            "multipart/form-data" => {
                let (wishes, sent) = (Wishes::of_query(request)?, page::sent(request).await?);
                let (file, notify) = (bounded(sent.bytes)?, sent.notify.map(address).transpose()?);
                Ok(wishes.about(Matter::File(Body::Held(file)), sent.name, notify, caller))
            }
            "application/json" => {
                // One place for each wish: what stands in the query of a JSON request must not be overlooked.
                if let Some(name) = WISHES.iter().find(|name| request.query.contains_key(**name)) {
                    return Err(Problem::new("validation-failed").query(name, "belongs_into_the_body"));
                }
                self.referred(request.json()?, caller).await
            }
            _ => Err(Problem::new("unsupported-media-type")),
        }
    }

    async fn referred(&self, ask: Ask, caller: Option<UserId>) -> Result<Asked, Problem> {
        let told = [ask.at.as_deref(), ask.policy.as_deref(), ask.retain.as_deref()];
        let wrong = |name: &str, what: &str| Problem::invalid(&format!("/{name}"), what);
        let (wishes, notify) = (Wishes::read(told, wrong)?, ask.notify_email.map(address).transpose()?);
        let matter = match (&ask.upload_id, &ask.copy_id, &ask.share_token) {
            (Some(id), None, None) => Matter::File(self.uploaded(id, caller.as_ref()).await?),
            (None, Some(id), None) => Matter::Copy(Box::new(self.by_id(id, caller.as_ref()).await?)),
            (None, None, Some(token)) => Matter::Copy(Box::new(self.by_link(token).await?)),
            _ => return Err(Problem::invalid("", "exactly_one_of_upload_id_copy_id_and_share_token")),
        };
        Ok(wishes.about(matter, FILE_NAME.to_owned(), notify, caller))
    }

    /// The caller's own upload. Somebody else's is not there (decision 37).
    async fn uploaded(&self, id: &str, caller: Option<&UserId>) -> Result<Body, Problem> {
        let caller = caller.ok_or_else(|| Problem::new("unauthenticated"))?;
        let id = UploadId::parse(id).map_err(|_| Problem::invalid("/upload_id", "wrong_id_type"))?;
        let upload = self.records.upload(&id).await?.filter(|upload| upload.owner == *caller);
        let upload = upload.ok_or_else(|| Problem::new("not-found"))?;
        let file = self.stored(paths::upload(&upload.id)).await?;
        file.ok_or_else(|| Problem::new("upload-not-ready"))
    }

    /// A copy by its identifier, for whoever has a token: the report names officials and no requester.
    async fn by_id(&self, id: &str, caller: Option<&UserId>) -> Result<PublicCopy, Problem> {
        caller.ok_or_else(|| Problem::new("unauthenticated"))?;
        let id = CopyId::parse(id).map_err(|_| Problem::invalid("/copy_id", "wrong_id_type"))?;
        self.records.public_copy(&id).await?.ok_or_else(|| Problem::new("not-found"))
    }

    /// The copy that the link of a delivery leads to. Whoever has the link needs no name.
    async fn by_link(&self, token: &str) -> Result<PublicCopy, Problem> {
        let token = token.rsplit('/').next().unwrap_or_default();
        let digest = sha2::Sha256::digest(token.as_bytes()).into();
        self.records.public_by_link(&digest).await?.ok_or_else(|| Problem::new("not-found"))
    }
}

fn bounded(body: Vec<u8>) -> Result<Vec<u8>, Problem> {
    match body.len() {
        0 => Err(Problem::new("empty-file")),
        1..=BODY_LIMIT => Ok(body),
        _ => Err(Problem::new("use-upload")),
    }
}

/// How a verification may be wished for, in the order of [`Wishes::read`].
const WISHES: [&str; 3] = ["at", "policy", "retain"];

/// How somebody wants the file to be judged, and what is to be kept.
#[derive(Debug, Eq, PartialEq)]
struct Wishes {
    at: Option<Timestamp>,
    profile: Profile,
    retain: bool,
    forget: bool,
}

impl Wishes {
    /// Those of a request whose body is the file.
    fn of_query(request: &Request) -> Result<Self, Problem> {
        let told = WISHES.map(|name| request.query.get(name).map(String::as_str));
        Self::read(told, |name, what| Problem::new("validation-failed").query(name, what))
    }

    /// From the texts of [`WISHES`]; a value that is not known is refused by name.
    fn read(told: [Option<&str>; 3], wrong: impl Fn(&str, &str) -> Problem) -> Result<Self, Problem> {
        let [at, policy, retain] = told;
        let at = at.map(|text| text.parse().map_err(|_| wrong("at", "rfc3339"))).transpose()?;
        let profile = match policy {
            None | Some("auto") => Profile::Auto,
            Some("ecopy") => Profile::Ecopy,
            Some("general") => Profile::General,
            Some(_) => return Err(wrong("policy", "unknown_value")),
        };
        let (retain, forget) = match retain {
            None => (false, false),
            Some("report") => (true, false),
            Some("none") => (false, true),
            Some(_) => return Err(wrong("retain", "unknown_value")),
        };
        Ok(Self { at, profile, retain, forget })
    }

    fn about(self, matter: Matter, name: String, notify: Option<String>, caller: Option<UserId>) -> Asked {
        let Self { at, profile, retain, forget } = self;
        Asked { matter, name, at, profile, retain, forget, notify, caller }
    }
}

/// An address as far as it can be told without writing to it.
fn address(text: String) -> Result<String, Problem> {
    let text = text.trim().to_owned();
    let shaped =
        text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'));
    let plain =
        !text.chars().any(|sign| sign.is_whitespace() || sign.is_control() || matches!(sign, ',' | ';' | '<' | '>'));
    if shaped && plain && text.len() <= ADDRESS_LIMIT {
        Ok(text)
    } else {
        Err(Problem::invalid("/notify_email", "email"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_looked_at_and_never_quoted() {
        assert_eq!(address(" a@b.vn ".into()).expect("good"), "a@b.vn");
        for bad in [
            "",
            "a",
            "@b.vn",
            "a@b",
            "a@b.vn, c@d.vn",
            "a@b@c.vn",
            "a@b.vn\r\nBcc: x@y.vn",
            &format!("{}@b.vn", "a".repeat(260)),
        ] {
            assert_eq!(address(bad.to_owned()).expect_err(bad).code(), "validation-failed");
        }
    }

    #[test]
    fn wishes_are_known_or_refused() {
        let read = |told| Wishes::read(told, |name, what| Problem::new("validation-failed").query(name, what));
        let kept = |told| read(told).map(|wishes| (wishes.retain, wishes.forget)).ok();
        assert_eq!(kept([None, None, None]), Some((false, false)));
        assert_eq!(kept([None, None, Some("report")]), Some((true, false)));
        assert_eq!(kept([None, None, Some("none")]), Some((false, true)));
        assert_eq!(read([None, Some("general"), None]).map(|wishes| wishes.profile).ok(), Some(Profile::General));
        for (told, name) in [
            ([Some("gestern"), None, None], "at"),
            ([None, Some("strict"), None], "policy"),
            ([None, None, Some("all")], "retain"),
        ] {
            assert_eq!(read(told).expect_err(name).errors()[0]["query"], name);
        }
    }

    #[test]
    fn an_empty_body_and_a_large_one_are_refused() {
        assert_eq!(bounded(Vec::new()).expect_err("empty").code(), "empty-file");
        assert_eq!(bounded(vec![0; BODY_LIMIT + 1]).expect_err("large").code(), "use-upload");
        assert!(bounded(vec![0; BODY_LIMIT]).is_ok());
    }
}
