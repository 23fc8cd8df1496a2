//! A range of an object, for whoever does not want to hold all of it.
//!
//! Does not put parts together and keeps none: who asks for several names the ETag of the first, so that all are of one body.

use std::ops::Range;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use domain::ports::Fault;

use crate::{Bucket, bounded, fault};

/// Bytes of an object, and of which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// The bytes that were asked for, as far as the object has them.
    pub bytes: Vec<u8>,
    /// Length of the object.
    pub whole: u64,
    /// What changes when the object does, as the store spells it.
    pub etag: String,
}

impl Bucket {
    /// Reads a range that is not empty. With `etag` only of the object that has it. Gives no byte of an empty object.
    ///
    /// # Errors
    /// No answer, another object than that of `etag`, an answer that is not the range.
    pub async fn part(&self, path: &str, range: Range<u64>, etag: Option<&str>) -> Result<Option<Part>, Fault> {
        let asked = self.client.get_object().bucket(&self.name).key(path).set_if_match(etag.map(str::to_owned));
        match asked.range(format!("bytes={}-{}", range.start, range.end.saturating_sub(1))).send().await {
            Ok(found) => checked(found, &range).await.map(Some),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            // No first byte can be asked for where there is none (RFC 9110 §14.1.2).
            Err(error) if range.start == 0 && etag.is_none() && error.code() == Some("InvalidRange") => {
                Ok(Some(Part { bytes: Vec::new(), whole: 0, etag: String::new() }))
            }
            Err(error) => Err(fault("read a part of an object", &error)),
        }
    }
}

/// The body, if it is the range. A server that knows no ranges sends everything, of which nothing is read.
async fn checked(found: GetObjectOutput, range: &Range<u64>) -> Result<Part, Fault> {
    let told = found.content_range().and_then(content_range);
    let (Some((given, whole)), Some(etag)) = (told, found.e_tag().map(str::to_owned)) else {
        return Err(Fault("read a part of an object: the answer is no part".into()));
    };
    if given != (range.start..range.end.min(whole)) {
        return Err(Fault("read a part of an object: the answer is another part".into()));
    }
    let bytes = bounded(found, given.end - given.start).await?;
    if bytes.len() as u64 != given.end - given.start {
        return Err(Fault("read a part of an object: the answer ends early".into()));
    }
    Ok(Part { bytes, whole, etag })
}

/// `bytes 0-9/100` (RFC 9110 §14.4): the range and the length of the whole.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, whole): (u64, u64, u64) = (first.parse().ok()?, last.parse().ok()?, whole.parse().ok()?);
    // Lazily: behind the last number of all there is none.
    (first <= last && last < whole).then(|| (first..last + 1, whole))
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn a_content_range_is_one_or_nothing() {
        assert_eq!(content_range("bytes 0-9/100"), Some((0..10, 100)));
        assert_eq!(content_range("bytes 99-99/100"), Some((99..100, 100)));
        for bad in [
            "",
            "bytes */100",
            "bytes 0-9/*",
            "bytes 9-0/100",
            "bytes 0-100/100",
            "items 0-9/100",
            "bytes 0-/1",
            "0-9/9",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
        assert_eq!(content_range(&format!("bytes 0-{0}/{0}", u64::MAX)), None);
    }
}
