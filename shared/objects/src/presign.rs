//! Links that carry one permission each.
//!
//! Does not hold a clock: the signature's time is the SDK's, which the sandbox does not shift (decision 42).

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::model::Sha256;
use domain::ports::{Fault, Presigned};

use crate::{disposition, fault};

/// How long bytes may be sent.
const PUT: Duration = Duration::from_secs(15 * 60);
/// How long a file may be fetched.
const GET: Duration = Duration::from_secs(60);
/// The headers that bind a PUT to its body. Each is part of the signature.
const BOUND: [&str; 4] = ["content-length", "content-type", "if-none-match", "x-amz-checksum-sha256"];

/// On Lambda the SDK adds this to every request. It is never signed, and who follows a link need not send it.
const TRACE: &str = "x-amzn-trace-id";

/// What a PUT must bring.
pub(crate) struct Body<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) size: u64,
    pub(crate) sha256: &'a Sha256,
}

/// A link that takes exactly `body`, once.
pub(crate) async fn put(client: &Client, bucket: &str, path: &str, body: &Body<'_>) -> Result<Presigned, Fault> {
    let size = i64::try_from(body.size).map_err(|_| Fault("presign an upload: too large".into()))?;
    let request = client
        .put_object()
        .bucket(bucket)
        .key(path)
        .content_type(body.content_type)
        .content_length(size)
        .checksum_sha256(STANDARD.encode(body.sha256))
        .if_none_match("*")
        .presigned(lifetime(PUT)?)
        .await
        .map_err(|error| fault("presign an upload", &error))?;
    let link = link(&request);
    // What is not signed is not bound: a link of another version of the SDK must not go out.
    if link.headers.iter().map(|(name, _)| name.as_str()).ne(BOUND) || !signs(&link.url, &BOUND) {
        return Err(Fault("presign an upload: the signature does not bind the body".into()));
    }
    Ok(link)
}

/// A link that gives the object as a PDF with a name.
pub(crate) async fn get(client: &Client, bucket: &str, path: &str, filename: &str) -> Result<Presigned, Fault> {
    let request = client
        .get_object()
        .bucket(bucket)
        .key(path)
        .response_content_type("application/pdf")
        .response_content_disposition(disposition::attachment(filename))
        .presigned(lifetime(GET)?)
        .await
        .map_err(|error| fault("presign a download", &error))?;
    Ok(link(&request))
}

fn lifetime(time: Duration) -> Result<PresigningConfig, Fault> {
    PresigningConfig::expires_in(time).map_err(|error| Fault(format!("presign: {error}")))
}

/// Where, and with which headers, by name.
fn link(request: &PresignedRequest) -> Presigned {
    let sent = request.headers().filter(|(name, _)| !name.eq_ignore_ascii_case(TRACE));
    let mut headers: Vec<_> = sent.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    headers.sort();
    Presigned { url: request.uri().to_owned(), headers }
}

/// Whether the signature covers these headers and the host (`X-Amz-SignedHeaders`).
fn signs(url: &str, headers: &[&str]) -> bool {
    let signed = url.split(['?', '&']).find_map(|part| part.strip_prefix("X-Amz-SignedHeaders="));
    let signed: Vec<_> = signed.map(|list| list.split("%3B").collect()).unwrap_or_default();
    headers.iter().chain(&["host"]).all(|header| signed.contains(header))
}

#[cfg(test)]
mod tests {
    use super::signs;

    #[test]
    fn a_header_outside_the_signature_is_noticed() {
        let url = "https://b/k?X-Amz-Expires=900&X-Amz-SignedHeaders=content-length%3Bhost&X-Amz-Signature=1";
        assert!(signs(url, &["content-length"]));
        assert!(!signs(url, &["content-length", "content-type"]));
        assert!(!signs("https://b/k", &[]));
    }
}
