//! An answer as functions give it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// One HTTP answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Whether the body is binary.
    pub binary: bool,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![
            ("content-type".into(), "application/json; charset=utf-8".into()),
            ("cache-control".into(), "no-store".into()),
        ];
        Self { status, headers, body: body.to_string().into_bytes(), binary: false }
    }

    /// Bytes of a media type.
    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers =
            vec![("content-type".into(), content_type.into()), ("cache-control".into(), "private, no-store".into())];
        Self { status, headers, body, binary: true }
    }

    /// A page for people.
    pub fn html(status: u16, body: String) -> Self {
        let headers = vec![("content-type".into(), "text/html; charset=utf-8".into())];
        Self { status, headers, body: body.into_bytes(), binary: false }
    }

    /// 304: the client has the answer with this entity tag already.
    pub fn not_modified(etag: &str, cache_control: &str) -> Self {
        Self::empty(304).header("etag", etag).header("cache-control", cache_control)
    }

    /// Nothing but a status.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// 303 to another place.
    pub fn see_other(location: &str) -> Self {
        Self::empty(303).header("location", location).header("cache-control", "no-store")
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// With the version as ETag.
    #[must_use]
    pub fn etag(self, version: u64) -> Self {
        self.header("etag", &format!("\"{version}\""))
    }

    /// The value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// With what the answer depends on, for caches. Every one does: at any address there may be a problem instead, in the
    /// reader's language, or a page.
    #[must_use]
    pub(crate) fn varies(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "vary");
        self.header("vary", "Accept, Accept-Language")
    }

    /// The answer of a Lambda behind an HTTP API (payload 2.0).
    pub(crate) fn into_event(self) -> Value {
        let text = if self.binary { None } else { String::from_utf8(self.body.clone()).ok() };
        let headers: Map<String, Value> = self.headers.into_iter().map(|(n, v)| (n, Value::String(v))).collect();
        match text {
            Some(body) => {
                json!({"statusCode": self.status, "headers": headers, "body": body, "isBase64Encoded": false})
            }
            None => {
                json!({"statusCode": self.status, "headers": headers, "body": STANDARD.encode(&self.body), "isBase64Encoded": true})
            }
        }
    }
}

/// One page of a list in the shape of api.md §5.3.
pub fn page(data: Vec<Value>, as_of: &str) -> Value {
    json!({"data": data, "has_more": false, "next": null, "as_of": as_of})
}
