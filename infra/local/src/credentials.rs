//! The credentials that the local cloud accepts. They open nothing but loopback ports and are no secret.

/// Access key, secret, region and account of the local cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_key: String,
    /// `AWS_REGION`
    pub region: String,
    /// The account in ARNs and bucket names.
    pub account: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            access_key: "AKIDLOCALCLOUD".to_owned(),
            secret_key: "local-cloud-on-loopback".to_owned(),
            region: "ap-southeast-1".to_owned(),
            account: "000000000000".to_owned(),
        }
    }
}
