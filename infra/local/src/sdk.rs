//! How our own code reaches the embedded endpoints: the settings that a developer would put into the environment, as an
//! [`SdkConfig`] for functions in this process and as variables for functions in processes of their own.
//!
//! Nothing is read from this machine's environment, profile files or metadata service.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials as SdkCredentials, SharedCredentialsProvider};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::credentials::Credentials;

/// Base URLs of the embedded services.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// DynamoDB and its streams.
    pub dynamodb: String,
    /// S3.
    pub s3: String,
    /// KMS.
    pub kms: String,
    /// SESv2.
    pub sesv2: String,
}

impl Endpoints {
    /// By the service's id in the SDK.
    fn of(&self, service: &str) -> Option<&str> {
        match service {
            "DynamoDB" | "DynamoDB Streams" => Some(&self.dynamodb),
            "S3" => Some(&self.s3),
            "KMS" => Some(&self.kms),
            "SESv2" => Some(&self.sesv2),
            _ => None,
        }
    }

    /// The configuration that [`Endpoints::environment`] gives to a process, for clients in this one.
    #[must_use]
    pub fn config(&self, credentials: &Credentials) -> SdkConfig {
        let keys =
            SdkCredentials::new(credentials.access_key.clone(), credentials.secret_key.clone(), None, None, "local");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(credentials.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .service_config(self.clone())
            .build()
    }

    /// The variables for a process.
    #[must_use]
    pub fn environment(&self, credentials: &Credentials) -> BTreeMap<String, String> {
        let all = [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", &self.dynamodb),
            ("AWS_ENDPOINT_URL_S3", &self.s3),
            ("AWS_ENDPOINT_URL_KMS", &self.kms),
            ("AWS_ENDPOINT_URL_SESV2", &self.sesv2),
            ("AWS_ACCESS_KEY_ID", &credentials.access_key),
            ("AWS_SECRET_ACCESS_KEY", &credentials.secret_key),
            ("AWS_REGION", &credentials.region),
        ];
        let own = all.into_iter().map(|(name, value)| (name.to_owned(), value.clone()));
        own.chain([("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned())]).collect()
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() == "AWS_ENDPOINT_URL" { self.of(key.service_id()).map(str::to_owned) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_endpoint() {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let endpoints = Endpoints { dynamodb: url(1), s3: url(2), kms: url(3), sesv2: url(4) };
        let config = endpoints.config(&Credentials::default());
        let asked = |service, env| {
            let key = ServiceConfigKey::builder().service_id(service).env(env).profile("endpoint_url").build();
            config.service_config().and_then(|it| it.load_config(key.expect("a key")))
        };
        assert_eq!(asked("KMS", "AWS_ENDPOINT_URL"), Some(url(3)));
        assert_eq!(asked("SQS", "AWS_ENDPOINT_URL"), None);
        assert_eq!(asked("KMS", "AWS_REGION"), None);
        let variables = endpoints.environment(&Credentials::default());
        assert_eq!(variables.get("AWS_ENDPOINT_URL_S3"), Some(&url(2)));
    }
}
