//! Every parameter of a query: what it does not know is refused by name, never overlooked (api.md §5.6).

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::stack::Stack;

/// What becomes of a value that a parameter does not know.
enum Unknown {
    /// This query is refused, with what is said of the parameter.
    Refused(&'static str, &'static str),
    /// Every text is a value, for a reason.
    None(&'static str),
}
use Unknown::Refused;

/// Route and parameter.
const WRONG: &[(&str, &str, Unknown)] = &[
    ("GET /v1/units", "q", Refused("q=ab", "at_least_3_characters")),
    ("GET /v1/units/{id}/slots", "from", Refused("from=hom-qua", "date")),
    ("GET /v1/units/{id}/slots", "to", Refused("from=2026-12-02&to=2026-12-01", "before_from")),
    ("GET /v1/calendar", "from", Refused("from=2026-13-01", "date")),
    ("GET /v1/calendar", "to", Refused("from=2026-12-01&to=2027-12-01", "at_most_31_days")),
    ("GET /v1/fees", "pages", Refused("pages=0", "1_to_300")),
    ("GET /v1/fees", "copies", Refused("copies=hai", "1_to_300")),
    ("GET /v1/queues/{queue}", "unit", Refused("unit=xyz", "wrong_id_type")),
    ("POST /v1/verifications", "at", Refused("at=hom-qua", "rfc3339")),
    ("POST /v1/verifications", "policy", Refused("policy=nope", "unknown_value")),
    ("POST /v1/verifications", "retain", Refused("retain=all", "unknown_value")),
    ("GET /v1/copies/by-number", "unit_code", Refused("year=2026&number=1", "required")),
    ("GET /v1/copies/by-number", "year", Refused("unit_code=a&year=99999&number=1", "year")),
    ("GET /v1/copies/by-number", "number", Refused("unit_code=a&year=2026&number=-1", "number")),
    ("GET /v1/copies/by-number", "book", Refused("unit_code=a&year=2026&number=1&book=", "required")),
    ("GET /v1/copies/by-number", "suffix", Refused("unit_code=a&year=2026&number=1&suffix=", "required")),
    ("GET /v1/copies/by-number", "sha256", Refused("unit_code=a&year=2026&number=1&sha256=abc", "64_hex_digits")),
    ("GET /v1/verification-batches/{id}/items", "limit", Refused("limit=0", "1_to_100")),
    ("GET /v1/verification-batches/{id}/items", "after", Refused("after=abc", "cursor")),
    ("GET /v1/annulments", "since", Refused("since=hom-qua", "date_or_rfc3339")),
    ("GET /v1/annulments", "unit_code", Refused("unit_code=", "required")),
    ("GET /v1/annulments", "limit", Refused("limit=101", "1_to_100")),
    ("GET /v1/annulments", "after", Refused("after=abc", "cursor")),
    ("GET /", "lang", Unknown::None("every language but English is Vietnamese")),
    ("GET /verify", "lang", Unknown::None("every language but English is Vietnamese")),
    ("GET /docs", "lang", Unknown::None("every language but English is Vietnamese")),
    ("GET /Q/{payload}", "lang", Unknown::None("every language but English is Vietnamese")),
    ("GET /d/{token}", "lang", Unknown::None("every language but English is Vietnamese")),
];

#[tokio::test]
async fn a_value_that_is_not_known_is_refused_by_its_name() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let unit = client.send(Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200).text("/data/0/id");
    for route in api::routes() {
        for name in route.query {
            let row = WRONG.iter().find(|(key, parameter, _)| *key == route.key() && parameter == name);
            let (_, _, wrong) = row.unwrap_or_else(|| panic!("{} reads ?{name}=, and no case refuses it", route.key()));
            let (query, what) = match wrong {
                Refused(query, what) => (query, what),
                Unknown::None(why) => {
                    assert!(!why.is_empty(), "{}: why not?", route.key());
                    continue;
                }
            };
            let path = route.path.replace("{id}", &unit).replace("{queue}", "sign");
            let call =
                Call::new(Method::from_bytes(route.method.as_bytes()).expect("a method"), format!("{path}?{query}"));
            let call = call.header("content-type", "application/pdf").bytes(b"%PDF-1.7".to_vec());
            let code = if *what == "wrong_id_type" { "wrong-id-type" } else { "validation-failed" };
            let problem = client.by("leader", call).await.problem(422, code);
            assert_eq!(problem["errors"], json!([{"query": name, "code": what}]), "{}", route.key());
            assert!(!problem["instance"].to_string().contains('?'), "{problem}");
        }
    }
    wishes(&client).await;
    days(&client, &unit).await;
}

/// What is wished of a verification stands in one place: the query beside a file, the body of JSON.
async fn wishes(client: &Client) {
    let both = Call::post("/v1/verifications?policy=general", &json!({"copy_id": "copy_00000000000000000000000000"}));
    let problem = client.by("officer", both).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"], json!([{"query": "policy", "code": "belongs_into_the_body"}]));
    for (member, value) in [("policy", "nope"), ("retain", "all"), ("at", "hom-qua")] {
        let mut body = json!({"copy_id": "copy_00000000000000000000000000"});
        body[member] = Value::from(value);
        let told = client.by("officer", Call::post("/v1/verifications", &body)).await.problem(422, "validation-failed");
        assert_eq!(told["errors"][0]["pointer"], format!("/{member}"), "{told}");
    }
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\r\n--x--\r\n";
    let form = Call::new(Method::POST, "/v1/verifications?policy=nope")
        .header("content-type", "multipart/form-data; boundary=x")
        .bytes(form.as_bytes().to_vec());
    let problem = client.send(form).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"][0]["query"], "policy");
}

/// Days are Vietnamese days; a range has an end behind its begin.
async fn days(client: &Client, unit: &str) {
    for path in [format!("/v1/units/{unit}/slots"), "/v1/calendar".to_owned()] {
        let one = client.send(Call::get(format!("{path}?from=2027-01-04&to=2027-01-04"))).await.is(200).json();
        assert!(one["data"].as_array().is_some_and(|days| !days.is_empty()), "{one}");
        // 23:30 in London is the next day here.
        let moved = format!("{path}?from=2027-01-03T23:30:00Z&to=2027-01-04");
        assert_eq!(client.send(Call::get(moved)).await.is(200).json()["data"], one["data"]);
        for (query, name, what) in [
            ("from=2027-01-05&to=2027-01-04", "to", "before_from"),
            ("from=2027-01-01&to=2027-02-01", "to", "at_most_31_days"),
            ("to=2020-01-01", "to", "before_from"),
            ("from=2027-1-4", "from", "date"),
        ] {
            let problem = client.send(Call::get(format!("{path}?{query}"))).await.problem(422, "validation-failed");
            assert_eq!(problem["errors"], json!([{"query": name, "code": what}]), "{path}?{query}");
        }
    }
}
