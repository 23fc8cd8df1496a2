//! What is read of the template, and what is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use local::functions::{self, FunctionSpec};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{client, credentials, gateway, handler, next, serve};

fn parameters() -> BTreeMap<String, String> {
    let needed = [
        "TokenJwks",
        "DirectoryUrl",
        "DirectoryToken",
        "GatewayUrl",
        "GatewayToken",
        "TsaUrls",
        "TrustListPins",
        "TrustHosts",
        "PublicUrl",
        "Sender",
        "EdgeKey",
    ];
    needed.into_iter().map(|name| (name.to_owned(), format!("<{name}>"))).collect()
}

fn exports() -> BTreeMap<String, String> {
    let names = [
        "TableName",
        "TableArn",
        "TableStreamArn",
        "DocumentsBucket",
        "DocumentsBucketArn",
        "DataKeyArn",
        "SealKeyId",
        "SealKeyArn",
        "SealKeyAlias",
        "ReportKeyArn",
        "ReportKeyAlias",
        "QrKeyArn",
        "QrKeyAlias",
    ];
    names.into_iter().map(|name| (format!("ctdt-dev-{name}"), format!("({name})"))).collect()
}

fn template() -> Vec<FunctionSpec> {
    functions::read(&parameters(), &exports(), &credentials()).expect("template.yaml is understood")
}

#[test]
fn the_template_is_read() {
    let functions = template();
    let names: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let all = [
        "accounts",
        "appointment",
        "augmentation",
        "console",
        "delivery",
        "examiner",
        "intake",
        "numbering",
        "register",
        "signing-callback",
        "signing-request",
        "verification",
    ];
    assert_eq!(sorted, all, "decision 4");
    let of = |name: &str| functions.iter().find(|function| function.name == name).expect("a function");
    let numbering = of("numbering");
    assert_eq!(numbering.environment["TABLE_NAME"], "(TableName)");
    assert_eq!(numbering.environment["SEAL_KEY_ALIAS_PREFIX"], "alias/ctdt-seal-");
    assert_eq!(numbering.environment["AWS_LC_SYS_NO_JITTER_ENTROPY"], "1", "from Globals");
    assert_eq!((numbering.timeout, numbering.memory_mb), (Duration::from_secs(180), 1024), "its own");
    assert_eq!((of("register").timeout, of("register").memory_mb), (Duration::from_secs(29), 512), "from Globals");
    assert!(numbering.routes.is_empty(), "decision 23");
    assert_eq!(numbering.schedules, [Duration::from_secs(60)]);
    assert_eq!(of("examiner").schedules, [Duration::from_secs(86_400)]);
    let [source] = numbering.streams.as_slice() else { panic!("one stream") };
    assert_eq!(
        (source.arn.as_str(), source.batch_size, source.max_retries, source.bisect),
        ("(TableStreamArn)", 10, 20, true)
    );
    assert_eq!(
        source.filters,
        [
            json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}, "topic": {"S": ["seal"]}}}})
        ]
    );
    assert_eq!(of("augmentation").streams.iter().map(|source| source.filters.len()).collect::<Vec<_>>(), [4, 1]);
    for function in &functions {
        assert!(function.environment.values().all(|value| !value.contains("${")), "{}", function.name);
        let sources = function.routes.len() + function.streams.len() + function.schedules.len();
        assert!(sources > 0, "{} has no event source (decision 30)", function.name);
    }
}

/// Each route of the template leads to its function, whatever stands in its variables.
#[tokio::test]
async fn every_route_of_the_template_is_reached() {
    let functions = template();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let named = |function: &FunctionSpec| {
        let (name, sender) = (function.name.clone(), sender.clone());
        let handler = handler(move |event: Value| {
            let _ = sender.send((name.clone(), event["routeKey"].clone()));
            async { Ok(json!({"statusCode": 204})) }
        });
        (function.name.clone(), handler)
    };
    let server = serve(gateway::router(&functions, functions.iter().map(named).collect()).expect("a router"));
    let client = client();
    let mut count = 0;
    for function in &functions {
        for route in &function.routes {
            let segment =
                |segment: &str| if segment.starts_with('{') { "case_0%C4%91".to_owned() } else { segment.to_owned() };
            let pattern = if route.path_pattern == "$default" { "/to/nowhere" } else { &route.path_pattern };
            let path: Vec<String> = pattern.split('/').map(segment).collect();
            let request = client.request(
                route.method.replace("ANY", "PUT").parse().expect("a method"),
                format!("{}{}", server.url, path.join("/")),
            );
            assert_eq!(request.send().await.expect("an answer").status(), 204, "{}", route.key());
            assert_eq!(next(&mut seen).await, (function.name.clone(), json!(route.key())));
            count += 1;
        }
    }
    assert_eq!(count, functions::TEMPLATE.matches("RouteKey:").count());
}

/// What is not understood stops the start, with the place.
#[test]
fn a_template_that_is_not_understood_is_refused() {
    let read = |text: &str| functions::read_text(text, &parameters(), &exports(), &credentials());
    let whole = functions::TEMPLATE;
    assert!(read(whole).is_ok());
    let changes = [
        ("rate(1 minute)", "cron(0 1 * * ? *)", "is no rate"),
        (
            "            BatchSize: 10",
            "            BatchSize: 10\n            MaximumBatchingWindowInSeconds: 2",
            "MaximumBatchingWindowInSeconds",
        ),
        ("ParallelizationFactor: 10", "ParallelizationFactor: 11", "ParallelizationFactor"),
        ("            MaximumRetryAttempts: 20\n", "", "MaximumRetryAttempts"),
        ("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST", "TRIM_HORIZON"),
        ("[ReportBatchItemFailures]", "[]", "ReportBatchItemFailures"),
        (r#"{"S":["seal"]}"#, r#"{"S":[{"prefix":"se"}]}"#, "prefix"),
        ("Type: AWS::SQS::Queue", "Type: AWS::SNS::Topic", "AWS::SNS::Topic"),
        ("          Type: DynamoDB", "          Type: Kinesis", "Kinesis"),
        ("TOKEN_JWKS: !Ref TokenJwks", "TOKEN_JWKS: !Ref Tokens", "Tokens"),
        ("TOKEN_JWKS: !Ref TokenJwks", "TOKEN_JWKS: !FindInMap [A, B, C]", "FindInMap"),
        ("RouteKey: GET /v1/units\n", "RouteKey: /v1/units\n", "is no route key"),
        ("RouteKey: GET /v1/units\n", "RouteKey: GET /v1/fees\n", "stands twice"),
        ("PayloadFormatVersion: \"2.0\"", "PayloadFormatVersion: \"1.0\"", "2.0"),
        ("integrations/${AppointmentIntegration}", "integrations/${Api}", "is no target"),
        ("{Binary: intake}", "{Binary: appointment}", "appointment"),
        ("{Binary: intake}", "{}", "Binary"),
    ];
    for (from, to, message) in changes {
        assert!(whole.contains(from), "{from}");
        let error = read(&whole.replacen(from, to, 1)).expect_err(from).to_string();
        assert!(error.contains(message), "{from}: {error}");
    }
    let error = functions::read(&BTreeMap::new(), &exports(), &credentials()).expect_err("parameters are missing");
    assert!(error.to_string().contains("TokenJwks"), "{error}");
    let error = functions::read(&parameters(), &BTreeMap::new(), &credentials()).expect_err("exports are missing");
    assert!(error.to_string().contains("ctdt-dev-Table"), "{error}");
}
