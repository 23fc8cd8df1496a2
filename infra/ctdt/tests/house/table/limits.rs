//! What one address may ask without a token: the figures of the template, over HTTP, on the sandbox clock (api.md §5.6, §5.9).

use reqwest::Method;
use serde_json::json;

use super::codes::Cases;
use crate::client::{Answer, Call, Client};
use crate::stack::Stack;

const LOOKUP: &str = "/v1/copies/by-number?unit_code=000.00.01.H99&year=2026&number=1";
const MINUTE: u32 = 60;
const DAY: u32 = 1000;

async fn advance(client: &Client, seconds: i64) {
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": seconds}))).await.is(200);
}

/// The next time that the clock of the house reads this, Vietnamese time; `hour` `None`: the next full minute.
async fn until(client: &Client, hour: Option<i64>) {
    let now = client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now");
    let part = |from: usize| now[from..from + 2].parse::<i64>().expect("digits");
    let second = part(11) * 3600 + part(14) * 60 + part(17);
    let wait = match hour {
        Some(hour) => 86_400 - second + hour * 3600,
        None => 60 - part(17),
    };
    advance(client, wait).await;
}

fn look_up() -> Call {
    Call::get(LOOKUP)
}

fn judge() -> Call {
    Call::new(Method::POST, "/v1/verifications").header("content-type", "application/pdf").bytes(b"%PDF-1.7".to_vec())
}

/// Remaining calls of a window, and the seconds until it begins anew.
fn left(answer: &Answer, window: &str) -> (u32, u32) {
    let told = answer.header("ratelimit");
    let rest = told.split(&format!("\"{window}\";r=")).nth(1).unwrap_or_else(|| panic!("no {window} in {told:?}"));
    let (remaining, rest) = rest.split_once(";t=").expect("both");
    let reset = rest.split(',').next().expect("a number");
    (remaining.parse().expect("a number"), reset.parse().expect("a number"))
}

/// Asks until the minute's quota is used up; each answer says how much is left.
async fn use_up(client: &Client, call: impl Fn() -> Call, window: &str) {
    for call_no in 1..=MINUTE {
        let answer = client.send(call()).await.is(200);
        assert_eq!(left(&answer, window).0, MINUTE - call_no, "{}", answer.what);
    }
}

/// Every route that promises it, once the quota is used up.
pub(super) async fn too_many(cases: &Cases) {
    let client = &cases.client;
    let kept = Call::new(Method::POST, "/v1/verifications?retain=report").header("content-type", "application/pdf");
    until(client, None).await;
    use_up(client, judge, "verify").await;
    use_up(client, look_up, "lookup").await;
    cases.refuses("POST /v1/verifications", "", kept.bytes(b"%PDF-1.7".to_vec()), "quota-exceeded").await;
    let at = |rest: &str| Call::get(format!("/v1/verifications/vrf_00000000000000000000000000{rest}"));
    cases.refuses("GET /v1/verifications/{id}/report.pdf", "", at("/report.pdf"), "quota-exceeded").await;
    let as_pdf = at("").header("accept", "application/pdf");
    cases.refuses("GET /v1/verifications/{id}", "", as_pdf, "quota-exceeded").await;
    client.send(at("")).await.problem(404, "not-found");
    cases.refuses("GET /v1/copies/by-number", "", look_up(), "quota-exceeded").await;
}

#[tokio::test]
async fn sixty_in_a_minute_and_a_thousand_in_a_day() {
    let stack = Stack::with_quotas();
    let client = stack.client().await;
    until(&client, Some(8)).await;
    let first = client.send(look_up()).await.is(200);
    assert_eq!(first.header("ratelimit-policy"), "\"lookup\";q=60;w=60, \"lookup-day\";q=1000;w=86400");
    assert_eq!((left(&first, "lookup").0, left(&first, "lookup-day").0), (MINUTE - 1, DAY - 1));
    until(&client, None).await;
    use_up(&client, look_up, "lookup").await;
    refused_whoever_it_says_it_is(&client).await;
    others_are_not_meant(&client).await;

    until(&client, None).await;
    let again = client.send(look_up()).await.is(200);
    assert_eq!((left(&again, "lookup").0, left(&again, "lookup-day").0), (MINUTE - 1, DAY - MINUTE - 2));
    // A question that is no good is counted as well, and says so.
    let bad = client.send(Call::get("/v1/copies/by-number")).await;
    assert_eq!(left(&bad, "lookup").0, MINUTE - 2);
    bad.problem(422, "validation-failed");
    a_day_ends(&client, DAY - MINUTE - 3).await;
    assert_eq!(stack.stop(), 0);
}

/// No header makes another address of it, and no false token a client.
async fn refused_whoever_it_says_it_is(client: &Client) {
    let forged = [
        ("x-forwarded-for", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
        ("cf-connecting-ip", "198.51.100.7"),
        ("authorization", "Bearer abc.def.ghi"),
        ("user-agent", "somebody else"),
    ];
    for (name, value) in forged {
        let answer = client.send(look_up().header(name, value)).await;
        let (remaining, reset) = left(&answer, "lookup");
        assert!(remaining == 0 && (1..=60).contains(&reset), "{name}: {reset}");
        assert_eq!(answer.header("retry-after"), reset.to_string(), "{name}");
        assert_eq!(left(&answer, "lookup-day").0, DAY - MINUTE - 1, "what is refused is not counted");
        assert_eq!(answer.problem(429, "quota-exceeded")["violated-policies"], json!(["lookup"]), "{name}");
    }
    let page = client.send(look_up().header("accept", "text/html")).await.is(429);
    assert!(page.header("content-type").starts_with("text/html") && !page.header("retry-after").is_empty());
    assert_eq!(left(&page, "lookup").0, 0);
}

/// Whoever has a token, what has another quota, and what has none.
async fn others_are_not_meant(client: &Client) {
    let known = client.by("officer", look_up()).await.is(200);
    assert_eq!(known.header("ratelimit"), "", "whoever has a token is not counted by address");
    let judged = client.send(judge()).await.is(200);
    assert_eq!(left(&judged, "verify").0, MINUTE - 1);
    for path in ["/v1/annulments", "/v1/trust-lists/current", "/v1/explanations/no-signature"] {
        assert_eq!(client.send(Call::get(path)).await.is(200).header("ratelimit"), "", "{path}");
    }
}

/// The day is used up minute by minute; the next one is new.
async fn a_day_ends(client: &Client, mut remaining: u32) {
    while remaining > 0 {
        until(client, None).await;
        for _ in 0..remaining.min(MINUTE) {
            client.send(look_up()).await.is(200);
            remaining -= 1;
        }
    }
    until(client, None).await;
    let answer = client.send(look_up()).await;
    let (minute, day) = (left(&answer, "lookup"), left(&answer, "lookup-day"));
    assert!(minute.0 == MINUTE && day.0 == 0 && day.1 > 3600, "{minute:?} {day:?}");
    assert_eq!(answer.header("retry-after"), day.1.to_string());
    assert_eq!(answer.problem(429, "quota-exceeded")["violated-policies"], json!(["lookup-day"]));
    advance(client, i64::from(day.1)).await;
    let tomorrow = client.send(look_up()).await.is(200);
    assert_eq!(left(&tomorrow, "lookup-day").0, DAY - 1);
}
