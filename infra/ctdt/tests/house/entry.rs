//! What is checked where it enters: texts that people read, kinds of documents, times, identifiers (R32, R36, api.md §5.1).

use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// A mark of direction, a control character, a mark of width zero, a private sign.
const SIGNS: [&str; 4] = ["gnằB\u{202e}", "a\u{7}b", "a\u{200b}b", "a\u{e000}b"];

/// Every text of every body, wherever it goes.
#[tokio::test]
async fn no_text_steers() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let case = receive(&client, &walk_in("mau@example.com")).await;
    let at = |path: &str| format!("/v1/cases/{case}/{path}");
    let etag = version(&client, &case).await;
    let visit = visit(&client).await;
    let booked = client.by("portal", Call::post("/v1/appointments", &visit)).await.is(201);
    let upload = upload(&client, "clerk", "image/png", scan(1)).await;
    let checked = client.by("clerk", Call::put(at("checklist"), &no_grounds()).on(&etag)).await.is(200).etag();
    let on_case = |path: &str, body: Value| Call::post(at(path), &body).on(&checked);
    let cancel = format!("/v1/appointments/{}/cancel", booked.text("/id"));
    for sign in SIGNS {
        let with = |mut body: Value, pointer: &str| {
            *body.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = json!(sign);
            body
        };
        for (by, call, pointer) in [
            ("portal", Call::post("/v1/appointments", &with(visit.clone(), "/note")), "/note"),
            (
                "portal",
                Call::post("/v1/appointments", &with(visit.clone(), "/originals/0/title")),
                "/originals/0/title",
            ),
            ("portal", Call::post(&cancel, &json!({"reason": sign})).on(&booked.etag()), "/reason"),
            ("clerk", Call::post("/v1/uploads", &with(declared("image/png", b"x"), "/filename")), "/filename"),
            ("clerk", Call::post("/v1/cases", &with(walk_in("a@example.com"), "/requester/name")), "/requester/name"),
            ("clerk", on_case("copies", with(original(&upload), "/title")), "/title"),
            ("clerk", on_case("copies", with(original(&upload), "/issuer")), "/issuer"),
            ("clerk", on_case("fee", with(fee(1), "/receipt_no")), "/receipt_no"),
            ("clerk", on_case("fee", json!({"waived_reason": sign})), "/waived_reason"),
            ("clerk", on_case("refuse", json!({"ground": "22.1", "explanation": sign})), "/explanation"),
            ("clerk", on_case("cancel", json!({"reason": sign})), "/reason"),
        ] {
            let problem = client.by(by, call).await.problem(422, "validation-failed");
            let wanted = json!([{"pointer": pointer, "code": "character_not_allowed"}]);
            assert_eq!(problem["errors"], wanted, "{pointer}: {sign:?}");
            assert!(problem["detail"].as_str().is_some_and(|told| told.contains("U+")), "{problem}");
        }
    }
    assert_eq!(version(&client, &case).await, checked, "nothing has changed");
}

/// A visit that can be booked.
async fn visit(client: &Client) -> Value {
    let unit = client.send(Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200).text("/data/0/id");
    let slots = client.send(Call::get(format!("/v1/units/{unit}/slots"))).await.is(200);
    json!({
        "unit_id": unit, "start": slots.text("/data/3/start"), "note": "Đến sớm\n10 phút",
        "account": {"kind": "person", "id": client.persona("citizen").account},
        "originals": [{"type_id": "diploma", "title": "Bằng tốt nghiệp", "pages": 1}],
    })
}

/// Kinds of documents are those of the list, at the counter as in an appointment.
#[tokio::test]
async fn kinds_of_documents_are_those_of_the_list() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let wanted = |pointer: &str| json!([{"pointer": pointer, "code": "not_in_document_types"}]);
    let mut body = visit(&client).await;
    body["originals"][0]["type_id"] = json!("khong-co");
    let problem = client.by("portal", Call::post("/v1/appointments", &body)).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"], wanted("/originals/0/type_id"));

    let case = receive(&client, &walk_in("mau@example.com")).await;
    let etag = version(&client, &case).await;
    let mut body = original(&upload(&client, "clerk", "image/png", scan(1)).await);
    let known = client.send(Call::get("/v1/document-types")).await.is(200).json();
    for wrong in [json!("khong-co"), json!(""), json!("Diploma")] {
        body["type_id"] = wrong;
        let add = Call::post(format!("/v1/cases/{case}/copies"), &body).on(&etag);
        assert_eq!(client.by("clerk", add).await.problem(422, "validation-failed")["errors"], wanted("/type_id"));
    }
    body["type_id"] = known["data"][0]["id"].clone();
    let add = Call::post(format!("/v1/cases/{case}/copies"), &body).on(&etag);
    client.by("clerk", add).await.is(201);
}

/// The time of a payment: with an offset, not to come.
#[tokio::test]
async fn a_payment_has_happened() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let case = receive(&client, &walk_in("mau@example.com")).await;
    let etag = version(&client, &case).await;
    client.by("clerk", Call::put(format!("/v1/cases/{case}/checklist"), &no_grounds()).on(&etag)).await.is(200);
    let etag = version(&client, &case).await;
    let scanned = upload(&client, "clerk", "image/png", scan(1)).await;
    client.by("clerk", Call::post(format!("/v1/cases/{case}/copies"), &original(&scanned)).on(&etag)).await.is(201);
    let etag = version(&client, &case).await;
    let pay = |paid_at: Value| {
        let body = json!({"receipt_no": "BL-1", "amount_vnd": 2000, "paid_at": paid_at});
        Call::post(format!("/v1/cases/{case}/fee"), &body).on(&etag)
    };
    for (wrong, what) in [
        (json!("2026-01-05T09:00:00"), "rfc3339"),
        (json!("05/01/2026"), "rfc3339"),
        (json!("2126-01-05T09:00:00+07:00"), "in_the_future"),
        (json!(null), "required"),
    ] {
        let problem = client.by("clerk", pay(wrong)).await.problem(422, "validation-failed");
        assert_eq!(problem["errors"], json!([{"pointer": "/paid_at", "code": what}]));
    }
    let problem = client.by("clerk", pay(json!(5))).await.problem(422, "validation-failed");
    assert_eq!(problem["errors"], json!([{"pointer": "/paid_at", "code": "type"}]));
    let paid = client.by("clerk", pay(json!("2026-01-05T02:00:00Z"))).await.is(200);
    assert_eq!(paid.text("/fee/paid_at"), "2026-01-05T09:00:00+07:00", "told with our offset");
}

/// An office that is not there, and an identifier that is none, each in a sentence of both languages.
#[tokio::test]
async fn an_office_that_is_not_there() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    for (id, status, code, vi, en) in [
        (
            "unit_00000000000000000000000000",
            404,
            "not-found",
            "Không có đơn vị nào mang mã này",
            "No office has this identifier",
        ),
        ("unit_zzzzzzzzzzzzzzzzzzzzzzzzzz", 422, "wrong-id-type", "26 ký tự", "26 signs"),
        ("unit_zz", 422, "wrong-id-type", "26 ký tự", "26 signs"),
    ] {
        for path in [format!("/v1/units/{id}"), format!("/v1/units/{id}/slots")] {
            let vietnamese = client.send(Call::get(&path)).await.problem(status, code);
            assert!(vietnamese["detail"].as_str().is_some_and(|told| told.contains(vi)), "{vietnamese}");
            let english =
                client.send(Call::get(&path).header("accept-language", "en")).await.told_in("en", status, code);
            assert!(english["detail"].as_str().is_some_and(|told| told.contains(en)), "{english}");
        }
    }
}
