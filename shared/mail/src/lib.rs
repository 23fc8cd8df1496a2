//! Notices to people through SES (API v2).
//!
//! Does not write letters: `casework` does.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use domain::ports::{Fault, Letter, Mail};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(2);
/// Time for one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Time for an operation with the SDK's retries.
const OPERATION: Duration = Duration::from_secs(15);

/// SES with a sender.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
    sender: String,
}

impl Ses {
    /// A client that sends as `sender`. Does not connect.
    #[must_use]
    pub fn new(aws: &SdkConfig, sender: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let config = aws_sdk_sesv2::config::Builder::from(aws).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config), sender }
    }
}

/// Text in UTF-8.
fn content(text: &str) -> Result<Content, Fault> {
    Content::builder().data(text).charset("UTF-8").build().map_err(|error| Fault(format!("letter: {error}")))
}

impl Mail for Ses {
    async fn send(&self, letter: &Letter) -> Result<(), Fault> {
        let message = Message::builder()
            .subject(content(&letter.subject)?)
            .body(Body::builder().text(content(&letter.text)?).build())
            .build();
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(&letter.to).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        // The SDK's text may repeat the address: only the kind of failure is told.
        sent.map(|_| ()).map_err(|error| {
            Fault(format!(
                "SES did not take letter {}: {}",
                letter.id,
                error.into_service_error().meta().code().unwrap_or("no answer")
            ))
        })
    }
}
