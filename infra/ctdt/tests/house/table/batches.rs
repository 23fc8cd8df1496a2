//! What is refused of batches.

use serde_json::json;

use super::codes::Cases;
use crate::batches::{ask, judged, uploaded, zipped};
use crate::client::{Call, Client};
use crate::job::declared;

const BATCH: &str = "POST /v1/verification-batches";

/// Archives that are no batch, and a batch that has no record yet. Gives one that grows old.
pub(super) async fn refused(cases: &Cases) -> (String, String) {
    let client = &cases.client;
    for (bytes, code) in [
        (b"PK\x03\x04 and nothing".to_vec(), "zip-broken"),
        (zipped(&[("a.pdf", &vec![0; 11 << 20])]), "zip-bomb"),
        (zipped(&[("ho-so/", b"")]), "zip-has-no-pdf"),
    ] {
        let upload = uploaded(client, "officer", "application/zip", &bytes).await;
        cases.refuses(BATCH, "officer", ask(&json!({"upload_id": upload})), code).await;
    }
    let open = Call::post("/v1/uploads", &declared("application/pdf", b"%PDF-1.7"));
    let open = json!({"upload_id": client.by("officer", open).await.is(201).text("/id")});
    cases.refuses(BATCH, "officer", ask(&open), "upload-not-ready").await;
    let one = json!({"copy_id": "copy_00000000000000000000000000"});
    let long = client.by("officer", ask(&json!({"items": vec![one.clone(); 1000]}))).await.is(202).text("/id");
    let record = Call::get(format!("/v1/verification-batches/{long}/report.pdf"));
    cases.refuses("GET /v1/verification-batches/{id}/report.pdf", "officer", record, "wrong-state").await;
    let short = judged(client, "officer", &json!({"items": [one.clone(), one]})).await.text("/id");
    let page = Call::get(format!("/v1/verification-batches/{short}/items?limit=1"));
    let page = client.by("officer", page).await.is(200).text("/next");
    (short, page.strip_prefix(&client.url).expect("an address of this house").to_owned())
}

/// What an old batch answers, and to whom: tokens live for a month, so the officer has a new one.
pub(super) async fn too_late(cases: &Cases, (id, page): &(String, String)) {
    let officer = Client::new(&cases.client.url).await;
    let at = |rest: &str| Call::get(format!("/v1/verification-batches/{id}{rest}"));
    let key = |rest: &str| format!("GET /v1/verification-batches/{{id}}{rest}");
    for rest in ["", "/items", "/report.pdf"] {
        cases.refused(&key(rest), officer.by("officer", at(rest)).await, "report-expired");
    }
    cases.refused(&key("/items"), officer.by("officer", Call::get(page)).await, "cursor-expired");
}
