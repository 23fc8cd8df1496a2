//! What `template.yaml` declares about the functions: environment, timeout, routes, stream sources and schedules.
//! It is the one source of them (decision 6); what is not understood stops the start.
//!
//! Not here: permissions, throttling, tracing, log groups and alarms, for nothing stands behind them locally.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cfn::{Resource, Template, Values};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::pump::Pattern;

/// The text of `template.yaml`.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");
const NAME: &str = "template.yaml";

/// Lambda's limit of one synchronous invocation's event and answer, in bytes.
pub const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;
/// Lambda's default when neither Globals nor the function names a timeout.
const DEFAULT_TIMEOUT_S: u64 = 3;
/// Lambda's default memory in MB.
const DEFAULT_MEMORY_MB: u32 = 128;

/// A function as a value: JSON event in, JSON answer out. The error is the message of a failed invocation.
pub type Handler = Arc<dyn Fn(Value) -> Answer + Send + Sync>;
/// What a [`Handler`] gives back.
pub type Answer = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// One function of the template.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The binary's name, from `Metadata.BuildProperties.Binary`.
    pub name: String,
    /// The environment, Globals merged, every value resolved.
    pub environment: BTreeMap<String, String>,
    /// After this Lambda ends the invocation.
    pub timeout: Duration,
    /// Configured memory in MB; told to the function, not enforced.
    pub memory_mb: u32,
    /// The routes of the HTTP API that end here.
    pub routes: Vec<Route>,
    /// The table streams it reads.
    pub streams: Vec<StreamSource>,
    /// The rates at which it is called.
    pub schedules: Vec<Duration>,
}

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `GET`, …, or `ANY`.
    pub method: String,
    /// `/v1/cases/{id}`, `/files/{proxy+}`, or `$default`.
    pub path_pattern: String,
}

impl Route {
    /// The route key as API Gateway writes it.
    #[must_use]
    pub fn key(&self) -> String {
        if self.path_pattern == DEFAULT_ROUTE {
            return DEFAULT_ROUTE.to_owned();
        }
        format!("{} {}", self.method, self.path_pattern)
    }

    fn parse(key: &str) -> Option<Self> {
        if key == DEFAULT_ROUTE {
            return Some(Self { method: "ANY".to_owned(), path_pattern: key.to_owned() });
        }
        let (method, path) = key.split_once(' ')?;
        let known = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].contains(&method);
        (known && path.starts_with('/')).then(|| Self { method: method.to_owned(), path_pattern: path.to_owned() })
    }
}

/// The key of the route that takes what no other route takes.
pub const DEFAULT_ROUTE: &str = "$default";

/// One DynamoDB event source.
#[derive(Debug, Clone)]
pub struct StreamSource {
    /// The stream's ARN.
    pub arn: String,
    /// The filter patterns; a record passes when one of them matches, or when there is none.
    pub filters: Vec<Value>,
    /// The most records of one invocation.
    pub batch_size: usize,
    /// How often a failed batch is tried again before it is given up.
    pub max_retries: u32,
    /// Whether a failed batch is split in two.
    pub bisect: bool,
}

/// Why an invocation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The function's timeout passed.
    TimedOut(Duration),
    /// The function failed; its message.
    Failed(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimedOut(after) => write!(f, "Task timed out after {:.2} seconds", after.as_secs_f64()),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

/// Invokes a function. It runs on a task of its own, so that it goes on when the caller does not wait any longer, as a
/// Lambda does; a panic is a failure.
///
/// # Errors
/// [`Failure`].
pub async fn invoke(handler: &Handler, event: Value, timeout: Duration) -> Result<Value, Failure> {
    let handler = Arc::clone(handler);
    let task = tokio::spawn(async move { tokio::time::timeout(timeout, handler(event)).await });
    match task.await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(message))) => Err(Failure::Failed(message)),
        Ok(Err(_)) => Err(Failure::TimedOut(timeout)),
        Err(error) => Err(Failure::Failed(error.to_string())),
    }
}

/// Reads the functions of `template.yaml`.
///
/// # Errors
/// [`Error::Template`] for everything that is not understood: an intrinsic, a kind of resource, event or property.
pub fn read(
    parameters: &BTreeMap<String, String>,
    exports: &BTreeMap<String, String>,
    credentials: &Credentials,
) -> Result<Vec<FunctionSpec>> {
    read_text(TEMPLATE, parameters, exports, credentials)
}

/// Reads the functions of a template's text.
///
/// # Errors
/// As [`read`].
pub fn read_text(
    text: &str,
    parameters: &BTreeMap<String, String>,
    exports: &BTreeMap<String, String>,
    credentials: &Credentials,
) -> Result<Vec<FunctionSpec>> {
    let template = Template::parse(NAME, text)?;
    let stage = parameters.get("Stage").map_or("dev", String::as_str);
    let mut values = Values::pseudo(&credentials.region, &credentials.account, &format!("ctdt-{stage}"));
    values.imports.clone_from(exports);
    template.parameters(parameters, &mut values)?;
    let arns = name_resources(&template, credentials, &mut values)?;
    let reader = Reader { template: &template, values: &values };
    let mut routes = reader.routes(&arns)?;
    let mut functions = Vec::new();
    for resource in template.resources().filter(|resource| resource.kind == FUNCTION) {
        let routes = routes.remove(resource.id).unwrap_or_default();
        functions.push(reader.function(resource, routes)?);
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = functions.iter().find(|function| !names.insert(&function.name)) {
        return Err(Error::template(NAME, format!("two functions have the binary {}", twice.name)));
    }
    Ok(functions)
}

const FUNCTION: &str = "AWS::Serverless::Function";
const ROUTE: &str = "AWS::ApiGatewayV2::Route";
const INTEGRATION: &str = "AWS::ApiGatewayV2::Integration";
const QUEUE: &str = "AWS::SQS::Queue";
/// Known, and nothing is done about them: they deliver no event.
const SILENT: [&str; 6] = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
];

/// Gives every resource its physical name, and returns the functions' logical ids by ARN. A kind that is not known
/// could be an event source, so it is an error.
fn name_resources(
    template: &Template,
    credentials: &Credentials,
    values: &mut Values,
) -> Result<BTreeMap<String, String>> {
    let mut arns = BTreeMap::new();
    for resource in template.resources() {
        let place = format!("{}:{}", credentials.region, credentials.account);
        let named = |property: &str| match resource.properties.get(property) {
            Some(name) => template.text(name, values),
            None => Ok(resource.id.to_owned()),
        };
        let (name, arn) = match resource.kind {
            FUNCTION => {
                let name = named("FunctionName")?;
                let arn = format!("arn:aws:lambda:{place}:function:{name}");
                arns.insert(arn.clone(), resource.id.to_owned());
                (name, Some(arn))
            }
            QUEUE => {
                let name = named("QueueName")?;
                let url = format!("https://sqs.{}.amazonaws.com/{}/{name}", credentials.region, credentials.account);
                (url, Some(format!("arn:aws:sqs:{place}:{name}")))
            }
            ROUTE | INTEGRATION => (resource.id.to_owned(), None),
            kind if SILENT.contains(&kind) => (resource.id.to_owned(), None),
            kind => return Err(wrong(resource.id, format!("{kind} is not understood"))),
        };
        values.set(resource.id, name);
        if let Some(arn) = arn {
            values.attributes.insert(format!("{}.Arn", resource.id), arn);
        }
    }
    Ok(arns)
}

fn wrong(id: &str, message: impl std::fmt::Display) -> Error {
    Error::template(NAME, format!("{id}: {message}"))
}

struct Reader<'a> {
    template: &'a Template,
    values: &'a Values,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RouteProperties {
    #[serde(rename = "ApiId")]
    _api: String,
    route_key: String,
    target: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct IntegrationProperties {
    #[serde(rename = "ApiId")]
    _api: String,
    integration_type: String,
    integration_uri: String,
    payload_format_version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StreamProperties {
    stream: String,
    starting_position: String,
    batch_size: usize,
    /// Batches of one shard that Lambda has in flight; the local pump has one.
    #[serde(default = "one")]
    parallelization_factor: u32,
    maximum_retry_attempts: u32,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    function_response_types: Vec<String>,
    #[serde(rename = "DestinationConfig")]
    _destination: Destination,
    filter_criteria: Option<Filters>,
}

/// Lambda's default.
fn one() -> u32 {
    1
}

/// The local on-failure destination is the pump's own; that there is one is demanded here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Destination {
    #[serde(rename = "OnFailure")]
    _on_failure: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Filters {
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Filter {
    pattern: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ScheduleProperties {
    schedule: String,
    #[serde(rename = "Description")]
    _description: Option<String>,
}

impl Reader<'_> {
    /// Routes by the logical id of their function.
    fn routes(&self, arns: &BTreeMap<String, String>) -> Result<BTreeMap<String, Vec<Route>>> {
        let integrations = self.integrations(arns)?;
        let mut keys = BTreeSet::new();
        let mut routes: BTreeMap<String, Vec<Route>> = BTreeMap::new();
        for resource in self.template.resources().filter(|resource| resource.kind == ROUTE) {
            let properties: RouteProperties = self.properties(resource.id, resource.properties)?;
            let route = Route::parse(&properties.route_key)
                .ok_or_else(|| wrong(resource.id, format!("{} is no route key", properties.route_key)))?;
            let integration = properties.target.strip_prefix("integrations/");
            let function = integration
                .and_then(|integration| integrations.get(integration))
                .ok_or_else(|| wrong(resource.id, format!("{} is no target", properties.target)))?;
            if !keys.insert(route.key()) {
                return Err(wrong(resource.id, format!("the route {} stands twice", route.key())));
            }
            routes.entry(function.clone()).or_default().push(route);
        }
        Ok(routes)
    }

    /// The functions' logical ids by integration.
    fn integrations(&self, arns: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
        let mut integrations = BTreeMap::new();
        for resource in self.template.resources().filter(|resource| resource.kind == INTEGRATION) {
            let properties: IntegrationProperties = self.properties(resource.id, resource.properties)?;
            if properties.integration_type != "AWS_PROXY" || properties.payload_format_version != "2.0" {
                return Err(wrong(resource.id, "only AWS_PROXY with payload format 2.0 is understood"));
            }
            let function = arns.get(&properties.integration_uri);
            let function = function.ok_or_else(|| wrong(resource.id, "the URI is no function of this template"))?;
            integrations.insert(resource.id.to_owned(), function.clone());
        }
        Ok(integrations)
    }

    fn function(&self, resource: Resource<'_>, routes: Vec<Route>) -> Result<FunctionSpec> {
        let name = resource.metadata.pointer("/BuildProperties/Binary").and_then(Value::as_str);
        let name = name.ok_or_else(|| wrong(resource.id, "Metadata.BuildProperties.Binary is missing"))?;
        let (streams, schedules) = self.events(resource)?;
        Ok(FunctionSpec {
            name: name.to_owned(),
            environment: self.environment(resource)?,
            timeout: Duration::from_secs(self.number(resource, "Timeout", DEFAULT_TIMEOUT_S)?),
            memory_mb: self.number(resource, "MemorySize", DEFAULT_MEMORY_MB)?,
            routes,
            streams,
            schedules,
        })
    }

    fn environment(&self, resource: Resource<'_>) -> Result<BTreeMap<String, String>> {
        let globals = self.template.get("/Globals/Function/Environment/Variables");
        let own = resource.properties.pointer("/Environment/Variables").unwrap_or(&Value::Null);
        let mut environment = BTreeMap::new();
        for (name, value) in [globals, own].into_iter().filter_map(Value::as_object).flatten() {
            environment.insert(name.clone(), self.template.text(value, self.values)?);
        }
        Ok(environment)
    }

    fn number<T: std::str::FromStr>(&self, resource: Resource<'_>, property: &str, default: T) -> Result<T> {
        let global = self.template.get("/Globals/Function").get(property);
        let Some(value) = resource.properties.get(property).or(global) else { return Ok(default) };
        let text = self.template.text(value, self.values)?;
        text.parse().map_err(|_| wrong(resource.id, format!("{property} is {text}")))
    }

    fn events(&self, resource: Resource<'_>) -> Result<(Vec<StreamSource>, Vec<Duration>)> {
        let mut streams = Vec::new();
        let mut schedules = Vec::new();
        for (event, body) in resource.properties.get("Events").and_then(Value::as_object).into_iter().flatten() {
            let id = format!("{}.{event}", resource.id);
            let properties = body.get("Properties").unwrap_or(&Value::Null);
            match body.get("Type").and_then(Value::as_str) {
                Some("DynamoDB") => streams.push(self.stream(&id, properties)?),
                Some("Schedule") => {
                    let properties: ScheduleProperties = self.properties(&id, properties)?;
                    let rate = rate(&properties.schedule);
                    schedules.push(rate.ok_or_else(|| wrong(&id, format!("{} is no rate", properties.schedule)))?);
                }
                kind => return Err(wrong(&id, format!("an event of type {kind:?} is not understood"))),
            }
        }
        Ok((streams, schedules))
    }

    fn stream(&self, id: &str, properties: &Value) -> Result<StreamSource> {
        let properties: StreamProperties = self.properties(id, properties)?;
        if properties.starting_position != "TRIM_HORIZON" {
            return Err(wrong(id, "only StartingPosition TRIM_HORIZON is understood: work must not be lost"));
        }
        if properties.function_response_types != ["ReportBatchItemFailures"] {
            return Err(wrong(id, "FunctionResponseTypes must be [ReportBatchItemFailures]"));
        }
        if !(1..=10_000).contains(&properties.batch_size) {
            return Err(wrong(id, "BatchSize must be 1 to 10000"));
        }
        if !(1..=10).contains(&properties.parallelization_factor) {
            return Err(wrong(id, "ParallelizationFactor must be 1 to 10"));
        }
        let filters = properties.filter_criteria.map(|criteria| criteria.filters).unwrap_or_default();
        let filter = |filter: Filter| {
            let pattern: Value = serde_json::from_str(&filter.pattern).map_err(|error| wrong(id, error))?;
            Pattern::parse(&pattern).map_err(|message| wrong(id, message))?;
            Ok(pattern)
        };
        Ok(StreamSource {
            arn: properties.stream,
            filters: filters.into_iter().map(filter).collect::<Result<_>>()?,
            batch_size: properties.batch_size,
            max_retries: properties.maximum_retry_attempts,
            bisect: properties.bisect_batch_on_function_error,
        })
    }

    fn properties<T: DeserializeOwned>(&self, id: &str, properties: &Value) -> Result<T> {
        let resolved = self.template.resolve(properties, self.values)?;
        serde_json::from_value(resolved).map_err(|error| wrong(id, error))
    }
}

/// `rate(5 minutes)`; cron expressions are not understood.
fn rate(text: &str) -> Option<Duration> {
    let (value, unit) = text.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    let value: u64 = value.parse().ok().filter(|value| *value > 0)?;
    value.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rates_are_schedules() {
        assert_eq!(rate("rate(1 minute)"), Some(Duration::from_secs(60)));
        assert_eq!(rate("rate(3 hours)"), Some(Duration::from_secs(10_800)));
        assert_eq!(rate("rate(2 days)"), Some(Duration::from_secs(172_800)));
        for wrong in ["rate(0 minutes)", "rate(1 week)", "rate(1minute)", "cron(0 1 * * ? *)", ""] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn route_keys() {
        let route = Route::parse("GET /v1/cases/{id}").expect("a key");
        assert_eq!((route.method.as_str(), route.path_pattern.as_str()), ("GET", "/v1/cases/{id}"));
        assert_eq!(route.key(), "GET /v1/cases/{id}");
        assert_eq!(Route::parse("$default").expect("a key").key(), "$default");
        for wrong in ["get /a", "GET a", "GET", "TRACE /a", ""] {
            assert_eq!(Route::parse(wrong), None, "{wrong}");
        }
    }
}
