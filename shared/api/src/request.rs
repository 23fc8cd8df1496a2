//! A request as functions see it: method, path segments, query, headers, body.

use std::collections::BTreeMap;

use domain::identity::{self, WrongText};
use domain::ids::WrongId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Problem;
use crate::unique::{TWICE, Unique};

/// The most bytes of a JSON body (an API Gateway body is at most 10 MB; our JSON is small).
const JSON_LIMIT: usize = 256 * 1024;
/// The most characters of an idempotency key (api.md §5.4).
const KEY_LIMIT: usize = 255;

/// Behind these stands the secret of a link, or the number of a phone.
const SECRETS: [&str; 4] = ["d", "downloads", "shares", "phones"];
/// What a problem shows instead.
const HIDDEN: &str = "***";
/// A segment of so many digits may be the number of a person or of a phone.
const NUMBER: usize = 9;

/// Whether a segment of a path is a word or an identifier of ours, as far as its signs tell.
fn is_plain(segment: &str) -> bool {
    let signs = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
    let number = segment.len() >= NUMBER && segment.bytes().all(|byte| byte.is_ascii_digit());
    segment.len() <= 64 && segment.chars().all(signs) && !number
}

/// The language a person reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lang {
    /// Vietnamese, the default.
    Vi,
    /// English.
    En,
}

impl Lang {
    /// From `Accept-Language`: English only when it is preferred to Vietnamese.
    pub fn negotiate(header: Option<&str>) -> Self {
        let Some(header) = header else { return Lang::Vi };
        let weight = |wanted: &str| {
            header
                .split(',')
                .filter_map(|part| {
                    let mut bits = part.trim().split(';');
                    let tag = bits.next()?.trim().to_ascii_lowercase();
                    let q = bits.find_map(|bit| bit.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
                    (tag == wanted || tag.starts_with(&format!("{wanted}-"))).then_some(q)
                })
                .fold(0.0_f32, f32::max)
        };
        if weight("en") > weight("vi") { Lang::En } else { Lang::Vi }
    }

    /// The tag in `Content-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }
}

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path as it came, percent-encoded.
    pub path: String,
    /// Decoded segments of the path, e.g. `["v1", "cases", "case_…"]`.
    pub segments: Vec<String>,
    /// Decoded query, first value wins.
    pub query: BTreeMap<String, String>,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The caller's address, for quotas only.
    pub source_ip: String,
    /// Request identity, echoed.
    pub request_id: String,
}

impl Request {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The language of the answer.
    pub fn lang(&self) -> Lang {
        Lang::negotiate(self.header("accept-language"))
    }

    /// Method and segments, for matching.
    pub fn route(&self) -> (&str, Vec<&str>) {
        (&self.method, self.segments.iter().map(String::as_str).collect())
    }

    /// The path as a problem may repeat it: without what opens something (the secret of a link), and without what could be a
    /// person's number or address (api.md §5.1).
    pub fn shown_path(&self) -> String {
        let mut shown = String::new();
        let mut before = "";
        for segment in self.path.split('/').filter(|segment| !segment.is_empty()) {
            let secret = SECRETS.contains(&before) || !is_plain(segment);
            shown.push('/');
            shown.push_str(if secret { HIDDEN } else { segment });
            before = segment;
        }
        if shown.is_empty() { "/".to_owned() } else { shown }
    }

    /// The media type of the body without parameters, in lower case.
    pub fn media_type(&self) -> String {
        self.header("content-type").unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }

    /// The JSON body as a value.
    ///
    /// # Errors
    /// `unsupported-media-type`, `malformed-request`, 413.
    pub fn value(&self) -> Result<Value, Problem> {
        if self.media_type() != "application/json" {
            return Err(Problem::new("unsupported-media-type"));
        }
        if self.body.len() > JSON_LIMIT {
            return Err(Problem::new("body-too-large"));
        }
        let read = serde_json::from_slice::<Unique>(&self.body).and_then(|Unique| serde_json::from_slice(&self.body));
        read.map_err(|error| {
            let (line, column) = (error.line(), error.column());
            if error.to_string().starts_with(TWICE) {
                return Problem::new("malformed-request").detail(
                    format!("Một trường xuất hiện hai lần trong cùng một đối tượng JSON (dòng {line}, cột {column})."),
                    format!("A member stands twice in one JSON object (line {line}, column {column})."),
                );
            }
            Problem::new("malformed-request").detail(
                format!("Nội dung không phải JSON hợp lệ (dòng {line}, cột {column})."),
                format!("The body is not valid JSON (line {line}, column {column})."),
            )
        })
    }

    /// The JSON body in a DTO that denies unknown fields.
    ///
    /// # Errors
    /// Those of [`Request::value`], `unknown-field`, `validation-failed`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        from_value(self.value()?)
    }

    /// The body of a call that takes nothing: none, or an empty JSON object.
    ///
    /// # Errors
    /// Those of [`Request::json`].
    pub fn nothing(&self) -> Result<(), Problem> {
        if self.body.is_empty() { Ok(()) } else { self.json::<Nothing>().map(|Nothing {}| ()) }
    }

    /// An identifier in the path.
    ///
    /// # Errors
    /// `wrong-id-type`.
    pub fn id<T>(&self, text: &str, parse: impl Fn(&str) -> Result<T, WrongId>) -> Result<T, Problem> {
        parse(text).map_err(wrong_id)
    }

    /// The version that the caller saw (rows marked M).
    ///
    /// # Errors
    /// `if-match-missing`, `malformed-request`.
    pub fn if_match(&self) -> Result<u64, Problem> {
        let text = self.header("if-match").ok_or_else(|| Problem::new("if-match-missing"))?;
        text.trim().trim_matches('"').parse().map_err(|_| {
            Problem::new("malformed-request")
                .detail(
                    "If-Match phải là ETag đã nhận, ví dụ \"3\".",
                    "If-Match must be an ETag you got, such as \"3\".",
                )
                .header("If-Match", "etag")
        })
    }

    /// Checks [`Request::if_match`] against the stored version.
    ///
    /// # Errors
    /// `stale` with who changed it and when.
    pub fn match_version(&self, version: u64, changed_by: &str, changed_at: &str) -> Result<(), Problem> {
        if self.if_match()? == version {
            return Ok(());
        }
        let stale = Problem::new("stale").with("current_etag", format!("\"{version}\""));
        // Nobody has changed it since it was put here.
        Err(if changed_by.is_empty() {
            stale
        } else {
            stale.with("changed_by", changed_by).with("changed_at", changed_at)
        })
    }

    /// The idempotency key (rows marked K), quoted or bare.
    ///
    /// # Errors
    /// `idempotency-key-missing`, `malformed-request`.
    pub fn idempotency_key(&self) -> Result<&str, Problem> {
        let text = self.header("idempotency-key").ok_or_else(|| Problem::new("idempotency-key-missing"))?.trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        if bare.is_empty() || bare.chars().count() > KEY_LIMIT {
            return Err(Problem::new("malformed-request")
                .detail("Idempotency-Key phải có từ 1 đến 255 ký tự.", "Idempotency-Key must have 1 to 255 characters.")
                .header("Idempotency-Key", "length"));
        }
        Ok(bare)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A JSON value in a DTO; the error says where.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    if !value.is_object() {
        return Err(Problem::new("malformed-request")
            .detail("Nội dung phải là một đối tượng JSON.", "The body must be a JSON object."));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place: Vec<String> = error.path().iter().filter_map(step).collect();
        explain(&error.inner().to_string(), place)
    })
}

/// One step of a JSON Pointer; what an enum's variant is called is no part of the document.
fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        _ => None,
    }
}

/// A JSON Pointer (RFC 6901) from its unescaped steps.
pub fn pointer<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    steps.into_iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

/// serde's sentences become codes and pointers; its wording never reaches the client.
fn explain(message: &str, mut place: Vec<String>) -> Problem {
    let quoted = message.split('`').nth(1).unwrap_or("");
    let (code, what) = match () {
        () if message.starts_with("unknown field") => ("unknown-field", "unknown"),
        () if message.starts_with("missing field") => ("validation-failed", "required"),
        () => ("validation-failed", "type"),
    };
    // The path ends at the unknown member itself, but at the object that lacks one.
    let named = what == "unknown" && place.last().is_some_and(|last| last == quoted);
    if what != "type" && !named {
        place.push(quoted.to_owned());
    }
    Problem::new(code).pointer(&pointer(place.iter().map(String::as_str)), what)
}

/// A text that people read, in its one written form; `limit` counts characters.
///
/// # Errors
/// `validation-failed` at `pointer`: empty, too long, or with a character that steers ([`identity::text`]).
pub fn text(pointer: &str, text: &str, limit: usize) -> Result<String, Problem> {
    identity::text(text, limit).map_err(|wrong| match wrong {
        WrongText::Missing | WrongText::TooLong => Problem::invalid(pointer, &format!("1_to_{limit}_characters")),
        WrongText::Sign(sign) => unreadable(pointer, sign),
    })
}

/// A text of several lines, each as [`text`] has them; `limit` counts characters of the whole.
///
/// # Errors
/// `validation-failed` at `pointer`, as [`text`].
pub fn prose(pointer: &str, text: &str, limit: usize) -> Result<String, Problem> {
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        lines.push(if line.trim().is_empty() { String::new() } else { self::text(pointer, line, limit)? });
    }
    let whole = lines.join("\n");
    // Counted as a whole; a single line answers for "none" and "too long" with the same words.
    if (1..=limit).contains(&whole.chars().count()) { Ok(whole) } else { self::text(pointer, "", limit) }
}

/// The problem of a character that a text cannot have.
pub fn unreadable(pointer: &str, sign: char) -> Problem {
    let point = format!("U+{:04X}", u32::from(sign));
    Problem::invalid(pointer, "character_not_allowed").detail(
        format!("Có ký tự không dùng được trong văn bản: {point}."),
        format!("There is a character that no text can have: {point}."),
    )
}

/// What an identifier of that kind looks like: whoever typed the right prefix learns what is wrong behind it.
pub(crate) fn wrong_id(error: WrongId) -> Problem {
    let prefix = error.expected;
    Problem::new("wrong-id-type").detail(
        format!("Mã định danh phải gồm {prefix}_ và 26 ký tự 0–9, a–z, không có i, l, o, u."),
        format!("The identifier must be {prefix}_ and 26 signs of 0–9 and a–z without i, l, o, u."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_unless_english_is_preferred() {
        for (header, lang) in [
            (None, Lang::Vi),
            (Some("en"), Lang::En),
            (Some("en-GB,en;q=0.9"), Lang::En),
            (Some("vi,en;q=0.9"), Lang::Vi),
            (Some("en;q=0.5, vi;q=0.8"), Lang::Vi),
            (Some("fr"), Lang::Vi),
            (Some("*"), Lang::Vi),
        ] {
            assert_eq!(Lang::negotiate(header), lang, "{header:?}");
        }
    }

    #[test]
    fn the_place_of_a_mistake_is_told() {
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Body {
            name: String,
        }
        let read = |text: &str| from_value::<Body>(serde_json::from_str(text).expect("json")).expect_err("refused");
        assert_eq!(read(r#"{"name":"a","nmae":"b"}"#).code(), "unknown-field");
        assert_eq!(read("{}").code(), "validation-failed");
        assert_eq!(read(r#"{"name":1}"#).code(), "validation-failed");
        assert_eq!(read("[]").code(), "malformed-request");
    }

    /// Also inside nested objects and lists, as a JSON Pointer.
    #[test]
    fn pointers_lead_to_the_very_member() {
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Outer {
            requester: Option<Inner>,
            list: Option<Vec<Inner>>,
        }
        #[derive(serde::Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only the shape matters")]
        struct Inner {
            id_type: String,
        }
        for (body, at) in [
            (r#"{"requester":{}}"#, r#""pointer":"/requester/id_type""#),
            (r#"{"requester":{"id_type":"a","extra":1}}"#, r#""pointer":"/requester/extra""#),
            (r#"{"requester":{"id_type":7}}"#, r#""pointer":"/requester/id_type""#),
            (r#"{"list":[{"id_type":"a"},{}]}"#, r#""pointer":"/list/1/id_type""#),
            (r#"{"a/b":1}"#, r#""pointer":"/a~1b""#),
        ] {
            let problem = from_value::<Outer>(serde_json::from_str(body).expect("json")).expect_err("refused");
            let told = serde_json::to_string(&problem.errors()).expect("json");
            assert!(told.contains(at), "{body}: {told}");
        }
    }

    #[test]
    fn a_path_is_shown_without_secrets() {
        let shown = |path: &str| {
            let request = Request {
                method: "GET".into(),
                path: path.into(),
                segments: Vec::new(),
                query: BTreeMap::new(),
                headers: BTreeMap::new(),
                body: Vec::new(),
                source_ip: String::new(),
                request_id: String::new(),
            };
            request.shown_path()
        };
        for (path, wanted) in [
            ("/v1/cases/case_06fz3kq8w5t06fz3kq8w5t06fz/submit", "/v1/cases/case_06fz3kq8w5t06fz3kq8w5t06fz/submit"),
            ("/v1/downloads/0123456789abcdef0123456789abcdef/code", "/v1/downloads/***/code"),
            ("/d/0123456789abcdef0123456789abcdef", "/d/***"),
            ("/v1/accounts/079085001234/copies", "/v1/accounts/***/copies"),
            ("/v1/accounts/an@example.vn/copies", "/v1/accounts/***/copies"),
            ("/v1/sandbox/phones/+84900000001/confirm", "/v1/sandbox/phones/***/confirm"),
            ("/", "/"),
        ] {
            assert_eq!(shown(path), wanted);
        }
    }

    #[test]
    fn several_lines_are_a_text_line_by_line() {
        assert_eq!(prose("/note", " Trang 1 mờ.\r\n\n Quét  lại. ", 40).expect("a text"), "Trang 1 mờ.\n\nQuét lại.");
        for (bad, what) in [
            ("", "1_to_9_characters"),
            ("\n\n", "1_to_9_characters"),
            ("một dòng\nhai", "1_to_9_characters"),
            ("a\n\u{202e}b", "character_not_allowed"),
            ("a\tb", "character_not_allowed"),
        ] {
            let problem = prose("/note", bad, 9).expect_err("refused");
            assert_eq!(problem.errors(), [serde_json::json!({"pointer": "/note", "code": what})], "{bad:?}");
        }
    }

    #[test]
    fn texts_are_refused_with_the_sign() {
        assert_eq!(text("/title", " Bằng  số 1 ", 20).expect("a text"), "Bằng số 1");
        for (bad, what) in
            [("", "1_to_20_characters"), ("a\nb", "character_not_allowed"), ("\u{202e}gnằB", "character_not_allowed")]
        {
            let problem = text("/title", bad, 20).expect_err("refused");
            assert_eq!(problem.errors(), [serde_json::json!({"pointer": "/title", "code": what})], "{bad:?}");
        }
    }
}
