//! Creates what `infra/state.yaml` declares, through the ordinary SDK, in the embedded endpoints. Every step may be
//! repeated: what exists is left, so a restart with the same data directory changes nothing.
//!
//! Not created here because nothing stands behind them locally: point-in-time recovery, encryption of the table, bucket
//! policy, lifecycle and ownership rules.

mod bucket;
mod table;

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cfn::{Resource, Template, Values};
use crate::credentials::Credentials;
use crate::endpoints::kms::{KeyRules, KeySpec, Keys};
use crate::error::{Error, Result};

/// The text of `infra/state.yaml`.
pub const STATE_TEMPLATE: &str = include_str!("../../state.yaml");
const NAME: &str = "infra/state.yaml";

/// What exists after [`create`].
#[derive(Debug, Clone)]
pub struct State {
    /// The stack's exports: export name to value. `template.yaml` imports them.
    pub exports: BTreeMap<String, String>,
    /// The outputs by their short names (`TableName`, `DocumentsBucket`, `SealKeyId`, …).
    pub outputs: BTreeMap<String, String>,
    /// What the seal key's policy pins; give further units' keys the same.
    pub seal_rules: KeyRules,
}

impl State {
    /// An output by name.
    ///
    /// # Errors
    /// [`Error::Template`] when the template has no such output.
    pub fn output(&self, name: &str) -> Result<&str> {
        let value = self.outputs.get(name);
        value.map(String::as_str).ok_or_else(|| Error::template(NAME, format!("there is no output {name}")))
    }

    /// The SubjectPublicKeyInfo of the key that signs records of verifications, for the test PKI to certify.
    ///
    /// # Errors
    /// [`Error::Template`] and [`Error::Key`] when `state.yaml` declares no such key.
    pub fn report_key(&self, keys: &Keys) -> Result<Vec<u8>> {
        let key = keys.find(self.output("ReportKeyAlias")?).and_then(|key| key.public_der());
        key.ok_or_else(|| Error::Key("there is no key for records".to_owned()))
    }

    /// The SubjectPublicKeyInfo of the key for QR codes, to be published.
    ///
    /// # Errors
    /// As for [`State::report_key`].
    pub fn qr_key(&self, keys: &Keys) -> Result<Vec<u8>> {
        let key = keys.find(self.output("QrKeyAlias")?).and_then(|key| key.public_der());
        key.ok_or_else(|| Error::Key("there is no key for QR codes".to_owned()))
    }

    /// Makes a further unit's seal key, or finds it: RSA-3072, the policy of the first, alias `{prefix}{unit}`.
    /// Gives back the key's SubjectPublicKeyInfo, for the test PKI to certify.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::Io`].
    pub fn unit_seal_key(&self, keys: &Keys, prefix: &str, unit: &str) -> Result<Vec<u8>> {
        let alias = format!("{prefix}{unit}");
        let key = match keys.find(&alias) {
            Some(key) => key,
            None => {
                let description = format!("The sealing key of unit {unit}");
                keys.create(&key_id(&alias), KeySpec::Rsa3072, &description, self.seal_rules.clone())?
            }
        };
        keys.set_alias(&alias, &key)?;
        key.public_der().ok_or_else(|| Error::Key("the seal key has no public half".to_owned()))
    }
}

/// A key id that is the same at every start: a UUID made of a name.
fn key_id(name: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Creates everything that `state.yaml` declares.
///
/// # Errors
/// [`Error::Template`] for a resource that this program does not know or a value it cannot resolve, and the endpoints'
/// errors.
pub async fn create(
    sdk: &SdkConfig,
    keys: &Keys,
    credentials: &Credentials,
    parameters: &BTreeMap<String, String>,
) -> Result<State> {
    let template = Template::parse(NAME, STATE_TEMPLATE)?;
    let stage = parameters.get("Stage").map_or("dev", String::as_str);
    let mut values = Values::pseudo(&credentials.region, &credentials.account, &format!("ctdt-{stage}-state"));
    template.parameters(parameters, &mut values)?;
    let mut seal_rules = KeyRules::default();
    for kind in ["AWS::KMS::Key", "AWS::KMS::Alias", "AWS::DynamoDB::Table", "AWS::S3::Bucket"] {
        for resource in template.resources().filter(|resource| resource.kind == kind) {
            let properties = template.resolve(resource.properties, &values)?;
            match kind {
                "AWS::KMS::Key" => {
                    let rules = key(keys, resource, &properties, stage, &mut values)?;
                    if resource.id == "SealKey" {
                        seal_rules = rules;
                    }
                }
                "AWS::KMS::Alias" => alias(keys, resource, &properties, &mut values)?,
                "AWS::DynamoDB::Table" => table::create(sdk, resource, &properties, &mut values).await?,
                _ => bucket::create(sdk, resource, &properties, &mut values).await?,
            }
        }
    }
    let (exports, outputs) = outputs(&template, &values)?;
    Ok(State { exports, outputs, seal_rules })
}

fn outputs(template: &Template, values: &Values) -> Result<(BTreeMap<String, String>, BTreeMap<String, String>)> {
    let mut exports = BTreeMap::new();
    let mut outputs = BTreeMap::new();
    for (name, output) in template.get("/Outputs").as_object().into_iter().flatten() {
        let value = template.text(output.get("Value").unwrap_or(&Value::Null), values)?;
        if let Some(export) = output.pointer("/Export/Name") {
            exports.insert(template.text(export, values)?, value.clone());
        }
        outputs.insert(name.clone(), value);
    }
    Ok((exports, outputs))
}

fn text<'a>(properties: &'a Value, pointer: &str) -> Option<&'a str> {
    properties.pointer(pointer).and_then(Value::as_str)
}

fn needed<'a>(resource: Resource<'_>, properties: &'a Value, pointer: &str) -> Result<&'a str> {
    text(properties, pointer).ok_or_else(|| Error::template(NAME, format!("{}: {pointer} is missing", resource.id)))
}

fn key(keys: &Keys, resource: Resource<'_>, properties: &Value, stage: &str, values: &mut Values) -> Result<KeyRules> {
    let name = text(properties, "/KeySpec").unwrap_or("SYMMETRIC_DEFAULT");
    let spec = KeySpec::parse(name)
        .ok_or_else(|| Error::template(NAME, format!("{}: KeySpec {name} is not supported", resource.id)))?;
    let rules = pinned(properties);
    let description = text(properties, "/Description").unwrap_or_default();
    let key = keys.create(&key_id(&format!("{stage}/{}", resource.id)), spec, description, rules.clone())?;
    values.set(resource.id, key.id());
    values.attributes.insert(format!("{}.Arn", resource.id), keys.arn(&key));
    values.attributes.insert(format!("{}.KeyId", resource.id), key.id().to_owned());
    Ok(rules)
}

/// What the key policy's Allow statement for `kms:Sign` pins.
fn pinned(properties: &Value) -> KeyRules {
    let statements = properties.pointer("/KeyPolicy/Statement").and_then(Value::as_array);
    let signs = |statement: &&Value| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && match statement.get("Action") {
                Some(Value::Array(actions)) => actions.iter().any(|action| action == "kms:Sign"),
                Some(action) => action == "kms:Sign",
                None => false,
            }
    };
    let Some(statement) = statements.into_iter().flatten().find(signs) else { return KeyRules::default() };
    let condition = |name: &str| {
        let equals = statement.pointer("/Condition/StringEquals")?;
        equals.get(name)?.as_str().map(str::to_owned)
    };
    KeyRules { signing_algorithm: condition("kms:SigningAlgorithm"), message_type: condition("kms:MessageType") }
}

fn alias(keys: &Keys, resource: Resource<'_>, properties: &Value, values: &mut Values) -> Result<()> {
    let name = needed(resource, properties, "/AliasName")?;
    let target = needed(resource, properties, "/TargetKeyId")?;
    let key = keys.find(target).ok_or_else(|| Error::template(NAME, format!("{name}: there is no key {target}")))?;
    keys.set_alias(name, &key)?;
    values.set(resource.id, name);
    Ok(())
}
