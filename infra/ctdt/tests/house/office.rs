//! What an office sets of what its copies show, from the request to the copy (R43, R47, R49, decision 18).

use serde_json::{Value, json};

use crate::client::{Answer, Call, Client};
use crate::job::*;
use crate::stack::Stack;

const SEAL: &[u8] = include_bytes!("../../../../tests/looks/con-dau.png");
const SIGNATURE: &[u8] = include_bytes!("../../../../tests/looks/chu-ky.png");

/// Seals one copy and gives its facts with its file.
async fn copied(client: &Client) -> (Value, Vec<u8>) {
    let (_, copies) = submitted(client, "mau@example.com", 1).await;
    signed(client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    (archived(client, &copies[0]).await, file(client, &copies[0]).await)
}

/// How many pictures with something transparent stand in a file.
fn masks(file: &[u8]) -> usize {
    file.windows(6).filter(|window| window == b"/SMask").count()
}

/// An office with its administrator.
struct Office<'a> {
    client: &'a Client,
    path: String,
}

impl Office<'_> {
    async fn settings(&self) -> Answer {
        self.client.by("unit_admin", Call::get(format!("{}/settings", self.path))).await.is(200)
    }

    /// Sends a plan as whoever has just looked.
    async fn plan(&self, later: &Value) -> Answer {
        let etag = self.settings().await.etag();
        let call = Call::put(format!("{}/series", self.path), &json!({"later": later})).on(&etag);
        self.client.by("unit_admin", call).await
    }
}

/// R43, R47, R49: pictures and a series that were set over HTTP stand in the copies, each from its day on.
#[tokio::test]
async fn what_an_office_sets_stands_in_its_copies() {
    let stack = Stack::in_memory();
    let client = &stack.client().await;
    let found = client.send(Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200).text("/data/0/id");
    let office = Office { client, path: format!("/v1/units/{found}") };
    let (copy, bare) = copied(client).await;
    assert_eq!((copy["number"].as_u64(), masks(&bare)), (Some(1), 0));

    let png = |path: String, png: &[u8], etag: &str| {
        let call = Call::new(reqwest::Method::PUT, path).header("content-type", "image/png");
        call.bytes(png.to_vec()).on(etag)
    };
    let etag = office.settings().await.etag();
    let brought = png(format!("{}/seal-picture", office.path), SEAL, &etag);
    client.by("unit_admin", brought).await.is(200);
    let etag = client.by("leader", Call::get("/v1/me")).await.is(200).etag();
    client.by("leader", png("/v1/me/signature-picture".into(), SIGNATURE, &etag)).await.is(200);
    let shown = office.settings().await.json();
    assert_eq!(shown["leaders"][0]["has_signature_picture"], true, "{shown}");
    let seen = client.by("unit_admin", Call::get(shown["seal_picture"]["url"].as_str().expect("a path"))).await;
    assert_eq!((seen.is(200).body.as_slice(), shown["changed_by"].is_string()), (SEAL, true));

    let today = today(client).await;
    let year: i32 = today[..4].parse().expect("a year");
    let new_year = format!("{}-01-01", year + 1);
    for (row, pointer, code) in [
        (json!({"from": today, "suffix": "SCT/BS", "book": "02"}), "/later/0/from", "after_today"),
        (json!({"from": "2026-13-01", "suffix": "SCT/BS", "book": "02"}), "/later/0/from", "date"),
        (
            json!({"from": format!("{}-02-01", year + 1), "suffix": "SCTĐT/BS", "book": "02"}),
            "/later/0/suffix",
            "new_suffix_on_1_january",
        ),
        (json!({"from": new_year, "suffix": "SCT BS", "book": "02"}), "/later/0/suffix", "letters_digits_16"),
        (json!({"from": new_year, "suffix": "SCT/BS", "book": "#"}), "/later/0/book", "letters_digits_16"),
        (
            json!({"from": new_year, "suffix": "SCT/BS", "book": "02", "number_form": "số"}),
            "/later/0/number_form",
            "unreadable",
        ),
    ] {
        let problem = office.plan(&json!([row])).await.problem(422, "validation-failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(pointer), &json!(code)),
            "{problem}"
        );
    }
    let row = json!({"from": new_year, "suffix": "SCTĐT/BS", "book": "01", "number_form": "{nn}/ĐT"});
    let planned = office.plan(&json!([row])).await.is(200).json();
    assert_eq!(
        (&planned["series"][1]["from"], &planned["series_today"]["suffix"]),
        (&json!(new_year), &json!("SCT/BS"))
    );

    let (copy, pictured) = copied(client).await;
    assert_eq!((&copy["number_text"], masks(&pictured)), (&json!(format!("2, quyển số 01/{year} - SCT/BS")), 2));
    let days = days_until(&today, year);
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": days * 86_400}))).await.is(200);
    let client = &stack.client().await;
    let (copy, next) = copied(client).await;
    assert_eq!(copy["number_text"], format!("1, quyển số 01/{} - SCTĐT/BS", year + 1));
    let judged = report(client, next).await;
    assert_eq!((&judged["verdict"], &judged["number"]["suffix"]), (&json!("valid"), &json!("SCTĐT/BS")), "{judged}");
}

/// Days from a day to the 4th of January of the next year, when every office is open again.
fn days_until(today: &str, year: i32) -> i64 {
    let from: jiff::civil::Date = today.parse().expect("a day");
    let to = jiff::civil::Date::new(i16::try_from(year + 1).expect("small"), 1, 4).expect("a day");
    from.until(to).map(|span| i64::from(span.get_days())).expect("days")
}
