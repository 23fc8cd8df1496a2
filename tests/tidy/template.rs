//! template.yaml and infra/state.yaml against each other and against the code: names, settings, event sources, times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_yaml_ng::Value;

use crate::sources::{functions, no, sources, text, workspace};

/// An HTTP API gives up after 30 seconds; the function must have answered before.
const API_SECONDS: u64 = 29;
/// Longest that Lambda runs at all.
const LAMBDA_SECONDS: u64 = 900;
/// Settings that no code of ours reads: the cryptographic library does.
const READ_BY_LIBRARIES: &[&str] = &["AWS_LC_SYS_NO_JITTER_ENTROPY"];
/// Pseudo parameters of CloudFormation.
const PSEUDO: &[&str] =
    &["AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"];

fn yaml(path: &str) -> Value {
    serde_yaml_ng::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| yaml("template.yaml"));
static STATE: LazyLock<Value> = LazyLock::new(|| yaml("infra/state.yaml"));

/// The stateless stack.
pub(crate) fn template() -> &'static Value {
    &TEMPLATE
}

/// A text, whatever its tag.
pub(crate) fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned)
}

/// The entries of a mapping.
pub(crate) fn pairs(value: &Value) -> Vec<(String, &Value)> {
    let map = match value {
        Value::Tagged(tagged) => tagged.value.as_mapping(),
        other => other.as_mapping(),
    };
    map.into_iter().flatten().map(|(name, value)| (words(name), value)).collect()
}

/// The items of a list; one thing is a list of one.
pub(crate) fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Sequence(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// Resources of a type by logical name.
pub(crate) fn resources(kind: &str) -> BTreeMap<String, &'static Value> {
    let all = pairs(&template()["Resources"]);
    all.into_iter().filter(|(_, value)| value["Type"].as_str() == Some(kind)).collect()
}

/// Folder of a function → its logical name and properties.
pub(crate) fn deployed() -> BTreeMap<String, (String, &'static Value)> {
    let all = resources("AWS::Serverless::Function").into_iter();
    all.map(|(logical, value)| {
        let binary = words(&value["Metadata"]["BuildProperties"]["Binary"]);
        (binary, (logical, &value["Properties"]))
    })
    .collect()
}

/// Events of a type of a function.
pub(crate) fn events(properties: &'static Value, kind: &str) -> Vec<&'static Value> {
    let all = pairs(&properties["Events"]).into_iter();
    all.filter(|(_, event)| event["Type"].as_str() == Some(kind)).map(|(_, event)| &event["Properties"]).collect()
}

#[test]
fn one_resource_per_folder() {
    let deployed = deployed();
    let mut findings = Vec::new();
    for function in functions() {
        match deployed.get(&function) {
            None => findings.push(format!("functions/{function} has no resource in template.yaml")),
            Some((logical, properties)) => {
                if logical.to_lowercase() != function.replace('-', "") {
                    findings.push(format!("{logical}: the resource of {function} has its name in camel case"));
                }
                if words(&properties["CodeUri"]) != format!("functions/{function}") {
                    findings.push(format!("{logical}: CodeUri is not its folder"));
                }
                if words(&properties["FunctionName"]) != format!("ctdt-${{Stage}}-{function}") {
                    findings.push(format!("{logical}: FunctionName is not ctdt-${{Stage}}-{function}"));
                }
            }
        }
    }
    findings.extend(deployed.keys().filter(|name| !functions().contains(name)).map(|n| format!("{n} has no folder")));
    no(findings);
}

#[test]
fn settings_that_are_read_are_set_and_the_other_way_round() {
    let read = Regex::new(r#"(?:required|optional|seconds)\(\s*"([A-Z0-9_]+)""#).expect("a pattern");
    let names = |source: &str| -> BTreeSet<String> { read.captures_iter(source).map(|m| m[1].to_owned()).collect() };
    let global: BTreeSet<String> = pairs(&template()["Globals"]["Function"]["Environment"]["Variables"])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let edge = names(&text("shared/api/src/clock.rs"));
    let mut findings = Vec::new();
    for (function, (logical, properties)) in deployed() {
        let source = sources(&format!("functions/{function}"));
        let mut wanted = names(&source);
        wanted.extend(edge.clone());
        if source.contains("Keys::new(") {
            wanted.extend(names(&text("shared/api/src/auth.rs")));
        }
        let own = pairs(&properties["Environment"]["Variables"]).into_iter().map(|(name, _)| name);
        let set: BTreeSet<String> = own.chain(global.clone()).collect();
        findings.extend(wanted.difference(&set).map(|name| format!("{logical}: {name} is read and not set")));
        let idle = set.difference(&wanted).filter(|name| !READ_BY_LIBRARIES.contains(&name.as_str()));
        findings.extend(idle.map(|name| format!("{logical}: {name} is set and never read")));
    }
    no(findings);
}

#[test]
fn every_function_has_its_event_sources_and_code_for_them() {
    let routed: BTreeSet<String> = crate::routes::routes().into_iter().map(|route| route.function).collect();
    let mut findings = Vec::new();
    for (function, (logical, properties)) in deployed() {
        let source = sources(&format!("functions/{function}"));
        let pairs = [
            ("routes", routed.contains(&function), "async fn http("),
            ("a stream", !events(properties, "DynamoDB").is_empty(), "async fn work("),
            ("a schedule", !events(properties, "Schedule").is_empty(), "async fn tick("),
        ];
        if pairs.iter().all(|(_, there, _)| !there) {
            findings.push(format!("{logical} has no event source"));
        }
        for (what, there, code) in pairs {
            if there != source.contains(code) {
                let has = if there { "has" } else { "lacks" };
                findings.push(format!("{logical} {has} {what} but `{code}` says otherwise"));
            }
        }
    }
    no(findings);
}

#[test]
fn every_topic_goes_to_the_function_that_does_it() {
    let wanted = Regex::new(r#""topic":\{"S":\["([a-z_]+)"\]\}"#).expect("a pattern");
    let named = Regex::new(r"Topic::([A-Z][A-Za-z]+)").expect("a pattern");
    let model = text("shared/domain/src/model/work.rs");
    let name = Regex::new(r#"Topic::([A-Z][A-Za-z]+) => "([a-z_]+)""#).expect("a pattern");
    let names: BTreeMap<String, String> =
        name.captures_iter(&model).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
    assert_eq!(names.len(), 10, "the topics of domain::model::Topic");
    let mut taken: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    for (function, (logical, properties)) in deployed() {
        let mut here: Vec<String> = Vec::new();
        for stream in events(properties, "DynamoDB") {
            for filter in list(&stream["FilterCriteria"]["Filters"]) {
                let pattern = words(&filter["Pattern"]);
                let json: Result<serde_json::Value, _> = serde_json::from_str(&pattern);
                if !json.is_ok_and(|json| json["eventName"][0] == "INSERT") {
                    findings.push(format!("{logical}: the filter {pattern} is not one of inserted outbox items"));
                }
                here.extend(wanted.captures_iter(&pattern).map(|found| found[1].to_owned()));
            }
            if words(&stream["FunctionResponseTypes"][0]) != "ReportBatchItemFailures" {
                findings.push(format!("{logical}: a stream without ReportBatchItemFailures repeats whole batches"));
            }
            if stream["DestinationConfig"]["OnFailure"].is_null() {
                findings.push(format!("{logical}: a stream without a place for what fails for good"));
            }
        }
        let source = sources(&format!("functions/{function}"));
        for topic in &here {
            let variant = names.iter().find(|(_, text)| *text == topic).map(|(variant, _)| variant.clone());
            if !variant.is_some_and(|variant| named.captures_iter(&source).any(|found| found[1] == variant)) {
                findings.push(format!("{logical} takes `{topic}` from the stream and its code does not name it"));
            }
        }
        taken.extend(here);
    }
    taken.sort();
    let mut all: Vec<String> = names.into_values().collect();
    all.sort();
    assert_eq!(taken, all, "every topic has one function");
    no(findings);
}

#[test]
fn functions_answer_before_the_api_gives_up() {
    let default = template()["Globals"]["Function"]["Timeout"].as_u64().expect("a default time");
    let routed: BTreeSet<String> = crate::routes::routes().into_iter().map(|route| route.function).collect();
    let mut findings = Vec::new();
    for (function, (logical, properties)) in deployed() {
        let seconds = properties["Timeout"].as_u64().unwrap_or(default);
        let limit = if routed.contains(&function) { API_SECONDS } else { LAMBDA_SECONDS };
        if seconds > limit {
            findings.push(format!("{logical}: {seconds} s, at most {limit} s"));
        }
    }
    no(findings);
}

#[test]
fn every_reference_leads_somewhere() {
    for (path, value) in [("template.yaml", &*TEMPLATE), ("infra/state.yaml", &*STATE)] {
        let mut known: BTreeSet<String> = pairs(&value["Parameters"]).into_iter().map(|(name, _)| name).collect();
        known.extend(pairs(&value["Resources"]).into_iter().map(|(name, _)| name));
        known.extend(PSEUDO.iter().map(|name| (*name).to_owned()));
        let mut findings = Vec::new();
        references(value, &mut |name| {
            if !known.contains(name.split('.').next().unwrap_or(name)) || name.is_empty() {
                findings.push(format!("{path}: nothing is called {name}"));
            }
        });
        no(findings);
    }
}

/// Every name that `!Ref`, `!GetAtt` and `!Sub` use, local names of `Fn::Sub` left out.
fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Tagged(tagged) => match (tagged.tag.to_string().as_str(), &tagged.value) {
            ("!Ref" | "!GetAtt", name) => found(&words(name)),
            ("!Sub", Value::String(pattern)) => substituted(pattern, &[], found),
            (_, inner) => references(inner, found),
        },
        Value::Mapping(map) => {
            for (name, inner) in map {
                match name.as_str() {
                    Some("Fn::Sub") => joined(inner, found),
                    Some("Ref") => found(&words(inner)),
                    _ => references(inner, found),
                }
            }
        }
        Value::Sequence(all) => all.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

fn joined(value: &Value, found: &mut impl FnMut(&str)) {
    let parts = list(value);
    let Some(pattern) = parts.first() else { return };
    let locals: Vec<(String, &Value)> = parts.get(1).map(|map| pairs(map)).unwrap_or_default();
    let names: Vec<&str> = locals.iter().map(|(name, _)| name.as_str()).collect();
    substituted(&words(pattern), &names, found);
    locals.iter().for_each(|(_, inner)| references(inner, found));
}

fn substituted(pattern: &str, locals: &[&str], found: &mut impl FnMut(&str)) {
    let place = Regex::new(r"\$\{([A-Za-z0-9:.]+)\}").expect("a pattern");
    for name in place.captures_iter(pattern).filter_map(|matched| matched.get(1)) {
        if !locals.contains(&name.as_str()) {
            found(name.as_str());
        }
    }
}

#[test]
fn what_is_imported_is_exported_and_the_other_way_round() {
    let exported: BTreeSet<String> =
        pairs(&STATE["Outputs"]).into_iter().map(|(_, output)| words(&output["Export"]["Name"])).collect();
    let mut imported = BTreeSet::new();
    imports(&TEMPLATE, &mut imported);
    let missing: Vec<_> = imported.difference(&exported).map(|n| format!("{n} is imported, not exported")).collect();
    no(missing);
    for name in &exported {
        assert!(name.starts_with("ctdt-${Stage}-"), "{name}: two stages would share an export");
    }
}

fn imports(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Tagged(tagged) => imports(&tagged.value, found),
        Value::Mapping(map) => {
            for (name, inner) in map {
                if name.as_str() == Some("Fn::ImportValue") {
                    found.insert(words(inner));
                }
                imports(inner, found);
            }
        }
        Value::Sequence(all) => all.iter().for_each(|inner| imports(inner, found)),
        _ => {}
    }
}

#[test]
fn parameters_are_used() {
    let mut used = BTreeSet::new();
    references(&TEMPLATE, &mut |name| {
        used.insert(name.to_owned());
    });
    let idle = pairs(&template()["Parameters"]).into_iter().filter(|(name, _)| !used.contains(name));
    no(idle.map(|(name, _)| format!("the parameter {name} is used nowhere")).collect());
}

/// Everything that holds state survives its stack.
#[test]
fn what_is_kept_is_retained() {
    let mut findings = Vec::new();
    for (name, resource) in pairs(&STATE["Resources"]) {
        if resource["Type"].as_str() == Some("AWS::S3::BucketPolicy") {
            continue;
        }
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if resource[policy].as_str() != Some("Retain") {
                findings.push(format!("{name}: {policy} is not Retain"));
            }
        }
    }
    no(findings);
}

/// The table of infra/state.yaml and the names that `store` spells.
#[test]
fn the_table_has_the_keys_that_the_store_uses() {
    let keys = text("shared/store/src/keys.rs");
    let table = &STATE["Resources"]["Table"]["Properties"];
    let constant = |name: &str| {
        let pattern = Regex::new(&format!(r#"pub const {name}: &str = "([^"]+)""#)).expect("a pattern");
        pattern.captures(&keys).map(|found| found[1].to_owned()).unwrap_or_default()
    };
    let index = &table["GlobalSecondaryIndexes"][0];
    assert_eq!(words(&table["KeySchema"][0]["AttributeName"]), constant("PK"));
    assert_eq!(words(&table["KeySchema"][1]["AttributeName"]), constant("SK"));
    assert_eq!(words(&index["IndexName"]), constant("INDEX"));
    assert_eq!(words(&index["KeySchema"][0]["AttributeName"]), constant("INDEX_PK"));
    assert_eq!(words(&index["KeySchema"][1]["AttributeName"]), constant("INDEX_SK"));
    assert_eq!(words(&table["TimeToLiveSpecification"]["AttributeName"]), constant("TTL"));
}

/// The signer that a key's policy names is the role that SAM makes for its function in the stack `ctdt-<Stage>`.
#[test]
fn each_key_policy_names_its_one_signer() {
    let rsa = "RSASSA_PKCS1_V1_5_SHA_256";
    for (key, function, logical, algorithm) in [
        ("SealKey", "numbering", "Numbering", rsa),
        ("ReportKey", "verification", "Verification", rsa),
        ("QrKey", "numbering", "Numbering", "ED25519_SHA_512"),
    ] {
        let statements = &STATE["Resources"][key]["Properties"]["KeyPolicy"]["Statement"];
        let role = format!(":role/ctdt-${{Stage}}-{logical}Role-*");
        let named = |test: &str, effect: &str| -> Vec<String> {
            let all = list(statements).into_iter().filter(|one| one["Effect"].as_str() == Some(effect));
            let roles = all.map(|one| &one["Condition"][test]["aws:PrincipalArn"]).filter(|role| !role.is_null());
            roles.map(words).collect()
        };
        for (test, effect) in [("ArnLike", "Allow"), ("ArnNotLike", "Deny")] {
            let named = named(test, effect);
            assert!(matches!(named.as_slice(), [one] if one.contains(&role)), "{key}: {effect} {named:?}");
        }
        let policy = format!("{statements:?}");
        assert_eq!(policy.matches(algorithm).count(), 2, "{key}: allowed alone, and all others denied");
        assert!(deployed().get(function).is_some_and(|(name, _)| name == logical));
        assert!(workspace().closure(function).contains("seal"));
    }
}
