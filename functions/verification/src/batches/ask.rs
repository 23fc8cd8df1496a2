//! What somebody asks of a batch: which files, and which papers are expected to be among them.

use api::{Problem, Request};
use domain::batch::{BatchSource, Expected, MOST_EXPECTED, MOST_ITEMS, Reference};
use domain::document_type;
use domain::ids::{CopyId, UploadId};
use serde::Deserialize;
use sha2::Digest as _;

/// The longest title, in characters: that of an original at the desk.
const TITLE_LIMIT: usize = 300;

/// A request that was read.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Asked {
    /// The upload, as it was named, when all files are in one.
    pub(crate) archive: Option<String>,
    /// Where the files are.
    pub(crate) source: BatchSource,
    /// What is expected.
    pub(crate) expected: Vec<Expected>,
}

impl Asked {
    /// How many files a list has.
    pub(crate) fn count(&self) -> usize {
        match &self.source {
            BatchSource::Archive(_) => 0,
            BatchSource::List(list) => list.len(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    upload_id: Option<String>,
    items: Option<Vec<One>>,
    expected: Option<Vec<Wanted>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    upload_id: Option<String>,
    copy_id: Option<String>,
    share_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    title: Option<String>,
    #[serde(rename = "type")]
    type_id: Option<String>,
}

/// Reads a request. Looks at no file: what a list names is looked for when its turn comes.
///
/// # Errors
/// What is wrong, by place.
pub(crate) fn read(request: &Request) -> Result<Asked, Problem> {
    let ask: Ask = request.json()?;
    let expected = ask.expected.unwrap_or_default();
    if expected.len() > MOST_EXPECTED {
        return Err(Problem::invalid("/expected", &format!("at_most_{MOST_EXPECTED}")));
    }
    let expected = (0..).zip(expected).map(|(at, wanted)| wish(at, wanted)).collect::<Result<_, _>>()?;
    let (archive, source) = match (ask.upload_id, ask.items) {
        (Some(id), None) => (Some(id.clone()), BatchSource::Archive(upload("/upload_id", &id)?)),
        (None, Some(items)) if (1..=MOST_ITEMS).contains(&items.len()) => {
            let list = (0..).zip(&items).map(|(at, one)| reference(at, one)).collect::<Result<_, _>>()?;
            (None, BatchSource::List(list))
        }
        (None, Some(_)) => return Err(Problem::invalid("/items", &format!("1_to_{MOST_ITEMS}"))),
        _ => return Err(Problem::invalid("", "exactly_one_of_upload_id_and_items")),
    };
    Ok(Asked { archive, source, expected })
}

fn wish(at: usize, wanted: Wanted) -> Result<Expected, Problem> {
    let place = |name: &str| format!("/expected/{at}/{name}");
    let title = wanted.title.map(|title| api::text(&place("title"), &title, TITLE_LIMIT)).transpose()?;
    if wanted.type_id.as_deref().is_some_and(|id| !document_type::is_known(id)) {
        return Err(Problem::invalid(&place("type"), "unknown_value"));
    }
    if title.is_none() && wanted.type_id.is_none() {
        return Err(Problem::invalid(&format!("/expected/{at}"), "title_or_type"));
    }
    Ok(Expected { title, type_id: wanted.type_id })
}

fn reference(at: usize, one: &One) -> Result<Reference, Problem> {
    let place = |name: &str| format!("/items/{at}/{name}");
    match (&one.upload_id, &one.copy_id, &one.share_token) {
        (Some(id), None, None) => Ok(Reference::Upload(upload(&place("upload_id"), id)?)),
        (None, Some(id), None) => match CopyId::parse(id) {
            Ok(id) => Ok(Reference::Copy(id)),
            Err(_) => Err(Problem::invalid(&place("copy_id"), "wrong_id_type")),
        },
        (None, None, Some(token)) => {
            let token = token.rsplit('/').next().unwrap_or_default();
            Ok(Reference::Link(sha2::Sha256::digest(token.as_bytes()).into()))
        }
        _ => Err(Problem::invalid(&format!("/items/{at}"), "exactly_one_of_upload_id_copy_id_and_share_token")),
    }
}

fn upload(place: &str, id: &str) -> Result<UploadId, Problem> {
    UploadId::parse(id).map_err(|_| Problem::invalid(place, "wrong_id_type"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(body: &Value) -> Result<Asked, Problem> {
        read(&Request {
            method: "POST".into(),
            path: "/v1/verification-batches".into(),
            segments: Vec::new(),
            query: std::collections::BTreeMap::new(),
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            body: body.to_string().into_bytes(),
            source_ip: String::new(),
            request_id: String::new(),
        })
    }

    fn copy() -> Value {
        json!({"copy_id": CopyId::new([1; 16]).as_str()})
    }

    #[test]
    fn files_are_an_archive_or_a_list() {
        let id = UploadId::new([2; 16]);
        let archive = asked(&json!({"upload_id": id.as_str()})).expect("an archive");
        assert_eq!(archive.source, BatchSource::Archive(id));
        let list =
            json!({"items": [copy(), {"share_token": "https://x.vn/d/abc"}], "expected": [{"title": " Bằng  A "}]});
        let list = asked(&list).expect("a list");
        let link = Reference::Link(sha2::Sha256::digest(b"abc").into());
        assert_eq!(list.source, BatchSource::List(vec![Reference::Copy(CopyId::new([1; 16])), link]));
        assert_eq!(list.expected, [Expected { title: Some("Bằng A".into()), type_id: None }]);
    }

    #[test]
    fn what_is_wrong_is_told_by_place() {
        let many = |one: Value, count: usize| Value::Array(vec![one; count]);
        for (body, place, what) in [
            (json!({}), "", "exactly_one_of_upload_id_and_items"),
            (json!({"upload_id": "upl_1", "items": []}), "", "exactly_one_of_upload_id_and_items"),
            (json!({"upload_id": "copy_1"}), "/upload_id", "wrong_id_type"),
            (json!({"items": []}), "/items", "1_to_1000"),
            (json!({"items": many(copy(), 1001)}), "/items", "1_to_1000"),
            (json!({"items": [copy(), {}]}), "/items/1", "exactly_one_of_upload_id_copy_id_and_share_token"),
            (json!({"items": [{"copy_id": "upl_1"}]}), "/items/0/copy_id", "wrong_id_type"),
            (json!({"items": [copy()], "expected": [{}]}), "/expected/0", "title_or_type"),
            (json!({"items": [copy()], "expected": [{"type": "nope"}]}), "/expected/0/type", "unknown_value"),
            (json!({"items": [copy()], "expected": [{"title": ""}]}), "/expected/0/title", "1_to_300_characters"),
            (json!({"items": [copy()], "expected": many(json!({"type": "land"}), 51)}), "/expected", "at_most_50"),
        ] {
            let problem = asked(&body).expect_err(what);
            assert_eq!(problem.errors(), [json!({"pointer": place, "code": what})], "{body}");
        }
        let unknown = asked(&json!({"items": [{"copy_id": "copy_1", "at": "x"}]})).expect_err("unknown");
        assert_eq!((unknown.code(), &unknown.errors()[0]["pointer"]), ("unknown-field", &json!("/items/0/at")));
    }
}
