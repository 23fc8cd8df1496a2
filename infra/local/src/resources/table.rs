//! Tables.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TableDescription, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use serde_json::Value;

use super::{NAME, needed, text};
use crate::cfn::{Resource, Values};
use crate::error::{Error, Result};

const SERVICE: &str = "dynamodb";

fn failed(error: impl std::error::Error) -> Error {
    Error::service(SERVICE, DisplayErrorContext(error))
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn keys(value: &Value) -> Result<Vec<KeySchemaElement>> {
    let element = |key: &Value| {
        KeySchemaElement::builder()
            .attribute_name(text(key, "/AttributeName").unwrap_or_default())
            .key_type(KeyType::from(text(key, "/KeyType").unwrap_or_default()))
            .build()
            .map_err(|error| Error::template(NAME, error))
    };
    list(value, "/KeySchema").map(element).collect()
}

fn index(value: &Value) -> Result<GlobalSecondaryIndex> {
    let projection = ProjectionType::from(text(value, "/Projection/ProjectionType").unwrap_or("ALL"));
    let extra = list(value, "/Projection/NonKeyAttributes").filter_map(Value::as_str).map(str::to_owned);
    let extra: Vec<String> = extra.collect();
    let projection = Projection::builder()
        .projection_type(projection)
        .set_non_key_attributes((!extra.is_empty()).then_some(extra))
        .build();
    GlobalSecondaryIndex::builder()
        .index_name(text(value, "/IndexName").unwrap_or_default())
        .set_key_schema(Some(keys(value)?))
        .projection(projection)
        .build()
        .map_err(|error| Error::template(NAME, error))
}

pub(super) async fn create(
    sdk: &SdkConfig,
    resource: Resource<'_>,
    properties: &Value,
    values: &mut Values,
) -> Result<()> {
    let client = Client::new(sdk);
    let name = needed(resource, properties, "/TableName")?;
    let table = match describe(&client, name).await? {
        Some(table) => table,
        None => {
            make(&client, name, properties).await?;
            describe(&client, name).await?.ok_or_else(|| Error::service(SERVICE, format!("{name} was not created")))?
        }
    };
    expire(&client, name, properties).await?;
    values.set(resource.id, name);
    let attributes = [("Arn", table.table_arn()), ("StreamArn", table.latest_stream_arn())];
    for (attribute, value) in attributes {
        if let Some(value) = value {
            values.attributes.insert(format!("{}.{attribute}", resource.id), value.to_owned());
        }
    }
    Ok(())
}

async fn describe(client: &Client, name: &str) -> Result<Option<TableDescription>> {
    match client.describe_table().table_name(name).send().await {
        Ok(output) => Ok(output.table),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

async fn make(client: &Client, name: &str, properties: &Value) -> Result<()> {
    let mut definitions = Vec::new();
    for definition in list(properties, "/AttributeDefinitions") {
        let built = AttributeDefinition::builder()
            .attribute_name(text(definition, "/AttributeName").unwrap_or_default())
            .attribute_type(ScalarAttributeType::from(text(definition, "/AttributeType").unwrap_or("S")))
            .build();
        definitions.push(built.map_err(|error| Error::template(NAME, error))?);
    }
    let indexes = list(properties, "/GlobalSecondaryIndexes").map(index).collect::<Result<Vec<_>>>()?;
    let stream = match text(properties, "/StreamSpecification/StreamViewType") {
        Some(view) => StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::from(view)),
        None => StreamSpecification::builder().stream_enabled(false),
    };
    let protected = properties.get("DeletionProtectionEnabled").and_then(Value::as_bool);
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::from(text(properties, "/BillingMode").unwrap_or("PAY_PER_REQUEST")))
        .set_attribute_definitions(Some(definitions))
        .set_key_schema(Some(keys(properties)?))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .stream_specification(stream.build().map_err(|error| Error::template(NAME, error))?)
        .set_deletion_protection_enabled(protected)
        .send()
        .await
        .map_err(failed)?;
    Ok(())
}

async fn expire(client: &Client, name: &str, properties: &Value) -> Result<()> {
    let Some(attribute) = text(properties, "/TimeToLiveSpecification/AttributeName") else { return Ok(()) };
    let now = client.describe_time_to_live().table_name(name).send().await.map_err(failed)?;
    let status = now.time_to_live_description().and_then(|it| it.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let wanted = TimeToLiveSpecification::builder().enabled(true).attribute_name(attribute).build();
    let wanted = wanted.map_err(|error| Error::template(NAME, error))?;
    let update = client.update_time_to_live().table_name(name).time_to_live_specification(wanted);
    update.send().await.map_err(failed)?;
    Ok(())
}
