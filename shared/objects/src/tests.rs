use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::error::ErrorMetadata;

use aws_sdk_s3::operation::put_object::PutObjectError;

use super::*;

fn aws(endpoint: Option<&str>) -> SdkConfig {
    let credentials = Credentials::new("AKIDTEST", "secret", None, None, "test");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-southeast-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config.build()
}

/// A failed condition is an answer; two writers at once, and anything else, is not (house rule 5).
#[test]
fn only_a_failed_condition_says_that_it_existed() {
    let refused = |code: &str| {
        let error = PutObjectError::generic(ErrorMetadata::builder().code(code).build());
        existed(&SdkError::service_error(error, ()))
    };
    assert!(refused("PreconditionFailed"));
    assert!(!refused("ConditionalRequestConflict"));
    assert!(!refused("InternalError"));
    assert!(!existed::<PutObjectError, ()>(&SdkError::timeout_error("late")));
    assert!(!existed::<PutObjectError, _>(&SdkError::response_error("odd", ())));
}

#[tokio::test]
async fn a_put_link_signs_what_binds_the_body_and_nothing_of_the_sdks_choice() {
    let bucket = Bucket::new(&aws(None), "papers".into());
    let link = bucket.presign_put("uploads/a b", "image/png", 123, &[0xab; 32]).await.expect("a link");
    let expected = [
        ("content-length", "123".to_owned()),
        ("content-type", "image/png".to_owned()),
        ("if-none-match", "*".to_owned()),
        ("x-amz-checksum-sha256", STANDARD.encode([0xab; 32])),
    ];
    assert_eq!(link.headers, expected.map(|(name, value)| (name.to_owned(), value)));
    assert!(link.url.starts_with("https://papers.s3.ap-southeast-1.amazonaws.com/uploads/a%20b?"), "{}", link.url);
    let signed = "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256";
    assert!(link.url.contains(signed), "{}", link.url);
    assert!(link.url.contains("X-Amz-Expires=900"), "{}", link.url);
    assert!(!link.url.to_lowercase().contains("crc"), "{}", link.url);
}

#[tokio::test]
async fn a_get_link_needs_no_header_and_lives_a_minute() {
    let bucket = Bucket::new(&aws(Some("http://127.0.0.1:9")), "papers".into());
    let link = bucket.presign_get("numbers/1.pdf", "bản sao.pdf").await.expect("a link");
    assert_eq!(link.headers, []);
    assert!(link.url.starts_with("http://127.0.0.1:9/papers/numbers/1.pdf?"), "{}", link.url);
    for part in
        ["X-Amz-Expires=60", "response-content-type=application%2Fpdf", "response-content-disposition=attachment"]
    {
        assert!(link.url.contains(part), "{part}: {}", link.url);
    }
}
