//! Buckets.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::types::{
    BucketVersioningStatus, CorsConfiguration, CorsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};
use serde_json::Value;

use super::{NAME, needed, text};
use crate::cfn::{Resource, Values};
use crate::error::{Error, Result};

const SERVICE: &str = "s3";

fn failed(error: impl std::error::Error) -> Error {
    Error::service(SERVICE, DisplayErrorContext(error))
}

pub(super) async fn create(
    sdk: &SdkConfig,
    resource: Resource<'_>,
    properties: &Value,
    values: &mut Values,
) -> Result<()> {
    let client = Client::new(sdk);
    let name = needed(resource, properties, "/BucketName")?;
    let lock = properties.get("ObjectLockEnabled").and_then(Value::as_bool);
    let made = client.create_bucket().bucket(name).set_object_lock_enabled_for_bucket(lock).send().await;
    match made {
        Ok(_) => {}
        Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists")) => {}
        Err(error) => return Err(failed(error)),
    }
    versions(&client, name, properties).await?;
    encryption(&client, name, properties).await?;
    public_access(&client, name, properties).await?;
    cors(&client, name, properties).await?;
    values.set(resource.id, name);
    values.attributes.insert(format!("{}.Arn", resource.id), format!("arn:aws:s3:::{name}"));
    Ok(())
}

async fn versions(client: &Client, name: &str, properties: &Value) -> Result<()> {
    let Some(status) = text(properties, "/VersioningConfiguration/Status") else { return Ok(()) };
    let wanted = VersioningConfiguration::builder().status(BucketVersioningStatus::from(status)).build();
    let put = client.put_bucket_versioning().bucket(name).versioning_configuration(wanted);
    put.send().await.map(drop).map_err(failed)
}

async fn encryption(client: &Client, name: &str, properties: &Value) -> Result<()> {
    let rule = properties.pointer("/BucketEncryption/ServerSideEncryptionConfiguration/0");
    let Some(default) = rule.and_then(|rule| rule.get("ServerSideEncryptionByDefault")) else { return Ok(()) };
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(text(default, "/SSEAlgorithm").unwrap_or("AES256")))
        .set_kms_master_key_id(text(default, "/KMSMasterKeyID").map(str::to_owned))
        .build()
        .map_err(|error| Error::template(NAME, error))?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default).build();
    let wanted = ServerSideEncryptionConfiguration::builder().rules(rule).build();
    let wanted = wanted.map_err(|error| Error::template(NAME, error))?;
    let put = client.put_bucket_encryption().bucket(name).server_side_encryption_configuration(wanted);
    put.send().await.map(drop).map_err(failed)
}

async fn public_access(client: &Client, name: &str, properties: &Value) -> Result<()> {
    let Some(block) = properties.get("PublicAccessBlockConfiguration") else { return Ok(()) };
    let flag = |name: &str| block.get(name).and_then(Value::as_bool);
    let wanted = PublicAccessBlockConfiguration::builder()
        .set_block_public_acls(flag("BlockPublicAcls"))
        .set_block_public_policy(flag("BlockPublicPolicy"))
        .set_ignore_public_acls(flag("IgnorePublicAcls"))
        .set_restrict_public_buckets(flag("RestrictPublicBuckets"))
        .build();
    let put = client.put_public_access_block().bucket(name).public_access_block_configuration(wanted);
    put.send().await.map(drop).map_err(failed)
}

async fn cors(client: &Client, name: &str, properties: &Value) -> Result<()> {
    let Some(rules) = properties.pointer("/CorsConfiguration/CorsRules").and_then(Value::as_array) else {
        return Ok(());
    };
    let texts = |rule: &Value, name: &str| -> Option<Vec<String>> {
        let items = rule.get(name)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let rule = |rule: &Value| {
        let age = rule.get("MaxAge").and_then(Value::as_i64).and_then(|age| i32::try_from(age).ok());
        CorsRule::builder()
            .set_allowed_origins(texts(rule, "AllowedOrigins"))
            .set_allowed_methods(texts(rule, "AllowedMethods"))
            .set_allowed_headers(texts(rule, "AllowedHeaders"))
            .set_expose_headers(texts(rule, "ExposedHeaders"))
            .set_max_age_seconds(age)
            .build()
            .map_err(|error| Error::template(NAME, error))
    };
    let rules = rules.iter().map(rule).collect::<Result<Vec<_>>>()?;
    let wanted = CorsConfiguration::builder().set_cors_rules(Some(rules)).build();
    let wanted = wanted.map_err(|error| Error::template(NAME, error))?;
    client.put_bucket_cors().bucket(name).cors_configuration(wanted).send().await.map(drop).map_err(failed)
}
