//! Wrong order, wrong person, wrong state, broken bodies: each gets its promised problem, and nothing changes.

use serde_json::{Value, json};

use crate::client::{Call, Client, fresh_key};
use crate::job::*;
use crate::stack::Stack;

/// A mutation of the main job on a dossier or copy that is at the desk.
struct Mutation {
    call: Call,
    /// Who may.
    by: &'static str,
    /// Somebody of the same unit who may not.
    not: &'static str,
    /// K of api.md.
    keyed: bool,
    /// M of api.md.
    versioned: bool,
    /// Whether it speaks of one dossier, so that another unit's people do not see it.
    owned: bool,
}

/// Everything that a refused call could have changed.
async fn snapshot(client: &Client, case: &str, copy: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [format!("/v1/cases/{case}"), format!("/v1/copies/{copy}"), format!("/v1/cases/{case}/events")] {
        let mut answer = client.by("clerk", Call::get(path)).await.is(200).json();
        if let Value::Object(map) = &mut answer {
            map.remove("as_of");
        }
        all.push(answer);
    }
    all
}

/// A dossier with one worded copy; gives dossier, copy, and an upload that is ready.
async fn at_the_desk(client: &Client) -> (String, String, String) {
    let case = receive(client, &walk_in("mau@example.com")).await;
    let etag = version(client, &case).await;
    client.by("clerk", Call::put(format!("/v1/cases/{case}/checklist"), &no_grounds()).on(&etag)).await.is(200);
    let first = upload(client, "clerk", "image/png", scan(1)).await;
    let etag = version(client, &case).await;
    let copy = Call::post(format!("/v1/cases/{case}/copies"), &original(&first)).on(&etag);
    let copy = client.by("clerk", copy).await.is(201).text("/id");
    let ready = upload(client, "clerk", "image/png", scan(2)).await;
    (case, copy, ready)
}

fn mutations(case: &str, copy: &str, upload: &str, etags: (&str, &str)) -> Vec<Mutation> {
    let case_at = |path: &str| format!("/v1/cases/{case}/{path}");
    let (case_etag, copy_etag) = etags;
    let worded = json!({"template_id": "default", "placement": "auto"});
    let desk = |call: Call, keyed: bool, versioned: bool, owned: bool| Mutation {
        call,
        by: "clerk",
        not: "seal_keeper",
        keyed,
        versioned,
        owned,
    };
    vec![
        desk(Call::post("/v1/uploads", &declared("image/png", b"x")), true, false, false),
        desk(Call::post("/v1/cases", &walk_in("a@example.com")), true, false, false),
        desk(Call::put(case_at("checklist"), &no_grounds()).on(case_etag), false, true, true),
        desk(Call::post(case_at("copies"), &original(upload)).on(case_etag), true, true, true),
        desk(Call::put(format!("/v1/copies/{copy}/attestation"), &worded).on(copy_etag), false, true, true),
        desk(Call::post(case_at("fee"), &fee(1)).on(case_etag), true, true, true),
        desk(Call::post(case_at("submit"), &json!({})).on(case_etag), true, true, true),
        desk(Call::post(case_at("cancel"), &json!({"reason": "thử"})).on(case_etag), true, true, true),
        desk(
            Call::post(case_at("refuse"), &json!({"ground": "22.1", "explanation": "thử"})).on(case_etag),
            true,
            true,
            true,
        ),
    ]
}

/// Rights, keys, versions and bodies of every mutation at the desk (R36, api.md §5).
#[tokio::test]
async fn every_mutation_refuses_what_it_must() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let (case, copy, ready) = at_the_desk(&client).await;
    let case_etag = version(&client, &case).await;
    let copy_etag = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).etag();
    let before = snapshot(&client, &case, &copy).await;
    for one in mutations(&case, &copy, &ready, (&case_etag, &copy_etag)) {
        persons(&client, &one).await;
        keys_and_versions(&client, &one).await;
        bodies(&client, &one).await;
        assert_eq!(snapshot(&client, &case, &copy).await, before, "after {} {}", one.call.method, one.call.path);
    }
}

async fn persons(client: &Client, one: &Mutation) {
    let anonymous = one.call.clone();
    client.send(anonymous.clone()).await.problem(401, "unauthenticated");
    client.send(anonymous.header("authorization", "Bearer abc.def.ghi")).await.problem(401, "unauthenticated");
    let needed = client.by(one.not, one.call.clone()).await.problem(403, "forbidden");
    assert!(needed["needed"]["right"].is_string(), "{needed}");
    if one.owned {
        client.by("clerk_b", one.call.clone()).await.problem(404, "not-found");
    }
    let english = one.call.clone().header("accept-language", "en").without("authorization");
    let english = client.send(english).await.is(401);
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.text("/title"), "You are not signed in");
}

async fn keys_and_versions(client: &Client, one: &Mutation) {
    if one.keyed {
        let bare = one.call.clone().without("idempotency-key");
        client.by(one.by, bare).await.problem(400, "idempotency-key-missing");
        let long = one.call.clone().header("idempotency-key", &"k".repeat(300));
        client.by(one.by, long).await.problem(400, "malformed-request");
    }
    if one.versioned {
        let blind = one.call.clone().without("if-match");
        client.by(one.by, blind).await.problem(428, "if-match-missing");
        let stale = one.call.clone().header("idempotency-key", &fresh_key()).on("\"999\"");
        let stale = client.by(one.by, stale).await.problem(412, "stale");
        assert!(stale["current_etag"].is_string() && stale["changed_by"].is_string(), "{stale}");
        let garbage = one.call.clone().header("idempotency-key", &fresh_key()).on("W/xyz");
        client.by(one.by, garbage).await.problem(400, "malformed-request");
    }
}

async fn bodies(client: &Client, one: &Mutation) {
    let with = |body: &str| one.call.clone().header("idempotency-key", &fresh_key()).bytes(body.as_bytes().to_vec());
    client.by(one.by, with("{\"a\":")).await.problem(400, "malformed-request");
    client.by(one.by, with("[1]")).await.problem(400, "malformed-request");
    client.by(one.by, with("{\"khong_co\":1}")).await.problem(422, "unknown-field");
    let text = with("{}").header("content-type", "text/plain");
    client.by(one.by, text).await.problem(415, "unsupported-media-type");
    let huge = with(&format!("{{\"note\":\"{}\"}}", "x".repeat(300_000)));
    client.by(one.by, huge).await.problem(413, "body-too-large");
}

/// Every step before its turn (R37–R39).
#[tokio::test]
async fn the_order_of_the_desk_is_kept() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let case = receive(&client, &walk_in("mau@example.com")).await;
    let at = |path: &str| format!("/v1/cases/{case}/{path}");
    let submit = async |code: &str| {
        let etag = version(&client, &case).await;
        client.by("clerk", Call::post(at("submit"), &json!({})).on(&etag)).await.problem(409, code);
    };
    submit("checklist-missing").await;
    let etag = version(&client, &case).await;
    client.by("clerk", Call::put(at("checklist"), &no_grounds()).on(&etag)).await.is(200);
    submit("no-copy").await;

    let bytes = scan(3);
    let open = client.by("clerk", Call::post("/v1/uploads", &declared("image/png", &bytes))).await.is(201);
    let early = Call::post(format!("/v1/uploads/{}/complete", open.text("/id")), &json!({}));
    client.by("clerk", early.clone()).await.problem(409, "upload-not-ready");
    let etag = version(&client, &case).await;
    let premature = Call::post(at("copies"), &original(&open.text("/id"))).on(&etag);
    client.by("clerk", premature).await.problem(409, "upload-not-ready");
    put(&client, &open, bytes).await.is(200);
    client.by("clerk", early.header("idempotency-key", &fresh_key())).await.is(200);

    let copy = Call::post(at("copies"), &original(&open.text("/id"))).on(&version(&client, &case).await);
    let copy = client.by("clerk", copy).await.is(201);
    let again = Call::post(at("copies"), &original(&open.text("/id"))).on(&version(&client, &case).await);
    client.by("clerk", again).await.problem(409, "upload-in-use");
    submit("attestation-missing").await;
    client
        .by("leader", Call::get(format!("/v1/copies/{}/preview.pdf", copy.text("/id"))))
        .await
        .problem(409, "attestation-missing");
    let worded = json!({"template_id": "default", "placement": "auto"});
    let path = format!("/v1/copies/{}/attestation", copy.text("/id"));
    client.by("clerk", Call::put(path.as_str(), &worded).on(&copy.etag())).await.is(200);
    submit("fee-missing").await;
    let wrong = json!({"receipt_no": "BL-1", "amount_vnd": 1, "paid_at": "2026-01-05T09:00:00+07:00"});
    let wrong = Call::post(at("fee"), &wrong).on(&version(&client, &case).await);
    assert!(client.by("clerk", wrong).await.problem(422, "fee-differs")["expected_vnd"].is_u64());
    client.by("clerk", Call::post(at("fee"), &fee(1)).on(&version(&client, &case).await)).await.is(200);
    client.by("clerk", Call::post(at("submit"), &json!({})).on(&version(&client, &case).await)).await.is(200);

    frozen(&client, &case, &copy.text("/id")).await;
}

/// After submission the desk changes nothing, and nobody signs or seals before the turn.
async fn frozen(client: &Client, case: &str, copy: &str) {
    let before = snapshot(client, case, copy).await;
    let at = |path: &str| format!("/v1/cases/{case}/{path}");
    let etag = version(client, case).await;
    let copy_etag = client.by("clerk", Call::get(format!("/v1/copies/{copy}"))).await.is(200).etag();
    client.by("clerk", Call::put(at("checklist"), &no_grounds()).on(&etag)).await.problem(409, "case-frozen");
    client.by("clerk", Call::post(at("fee"), &fee(1)).on(&etag)).await.problem(409, "case-frozen");
    client.by("clerk", Call::post(at("submit"), &json!({})).on(&etag)).await.problem(409, "case-frozen");
    let worded = json!({"template_id": "default", "placement": "auto"});
    let worded = Call::put(format!("/v1/copies/{copy}/attestation"), &worded).on(&copy_etag);
    client.by("clerk", worded).await.problem(409, "copy-frozen");

    let copies = [copy.to_owned()];
    let wrong = client.by("seal_keeper", seal(&copies)).await.problem(409, "wrong-state");
    assert_eq!(wrong["state"], "submitted");
    assert!(wrong["allowed"].as_array().is_some_and(|allowed| !allowed.is_empty()), "{wrong}");
    let sign = |method: &str| json!({"purpose": "leader_sign", "copy_ids": copies, "method": method});
    client.by("leader", Call::post("/v1/sign-sessions", &sign("sim"))).await.problem(409, "copy-not-opened");
    client.by("leader", Call::post("/v1/sign-sessions", &sign("fax"))).await.problem(409, "method-not-available");
    client.by("clerk", Call::post("/v1/sign-sessions", &sign("sim"))).await.problem(403, "forbidden");
    client.by("clerk_b", Call::post("/v1/sign-sessions", &sign("sim"))).await.problem(404, "not-found");
    client.by("leader", seal(&copies)).await.problem(403, "forbidden");
    client.by("clerk", Call::get(format!("/v1/copies/{copy}/file"))).await.problem(409, "copy-not-ready");
    let annul = json!({"decision_no": "1/QĐ", "decision_date": "2026-11-26", "reason": "thử"});
    let annul = Call::post(format!("/v1/copies/{copy}/annul"), &annul).on(&copy_etag);
    client.by("seal_keeper", annul).await.problem(409, "wrong-state");
    assert_eq!(snapshot(client, case, copy).await, before);
}

/// The phone says no, is silent, or mistypes: the copy goes back, nothing is signed, and it can be asked for again.
#[tokio::test]
async fn a_phone_that_says_no_leaves_the_copy_unsigned() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let (_, copies) = submitted(&client, "mau@example.com", 1).await;
    let phone = client.persona("leader").phone.clone();
    let status = async || {
        let copy = client.by("clerk", Call::get(format!("/v1/copies/{}", copies[0]))).await.is(200).json();
        copy["status"].as_str().unwrap_or_default().to_owned()
    };

    let session = ask_leader(&client, &copies).await.text("/id");
    assert_eq!(status().await, "awaiting_signature");
    let again = json!({"purpose": "leader_sign", "copy_ids": copies, "method": "sim"});
    client.by("leader", Call::post("/v1/sign-sessions", &again)).await.problem(409, "signer-busy");
    client.send(Call::post(format!("/v1/sandbox/phones/{phone}/reject"), &json!({}))).await.is(200);
    assert_eq!(ended(&client, "leader", &session).await["state"], "failed");
    assert_eq!(status().await, "submitted");

    let session = ask_leader(&client, &copies).await.text("/id");
    let pin: String = client.persona("leader").pin.chars().map(|c| if c == '7' { '3' } else { '7' }).collect();
    let wrong = Call::post(format!("/v1/sandbox/phones/{phone}/confirm"), &json!({"pin": pin}));
    assert_eq!(client.send(wrong).await.is(422).text("/errors/0/code"), "wrong-pin");
    client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": 3600}))).await.is(200);
    assert_eq!(ended(&client, "leader", &session).await["state"], "expired");
    assert_eq!(status().await, "submitted");

    let session = ask_leader(&client, &copies).await.text("/id");
    let cancel = Call::post(format!("/v1/sign-sessions/{session}/cancel"), &json!({}));
    assert_eq!(client.by("leader", cancel).await.is(200).text("/state"), "cancelled");
    assert_eq!(status().await, "submitted");
}

/// The same key: same answer, other body, double click (R36, I11).
#[tokio::test]
async fn one_key_is_one_case() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let key = fresh_key();
    let call = Call::post("/v1/cases", &walk_in("mau@example.com")).header("idempotency-key", &key);
    let (one, two) = tokio::join!(client.by("clerk", call.clone()), client.by("clerk", call.clone()));
    let created: Vec<_> = [&one, &two].iter().filter(|answer| answer.status == 201).map(|a| a.text("/id")).collect();
    assert!(!created.is_empty() && created.windows(2).all(|pair| pair[0] == pair[1]), "{one:?} {two:?}");
    for answer in [one, two] {
        if answer.status != 201 {
            answer.problem(409, "request-in-progress");
        }
    }
    let replay = client.by("clerk", call.clone()).await.is(201);
    assert_eq!(replay.header("idempotency-replayed"), "true");
    assert_eq!(replay.text("/id"), created[0]);
    assert!(!replay.etag().is_empty());
    let other = Call::post("/v1/cases", &walk_in("khac@example.com")).header("idempotency-key", &key);
    client.by("clerk", other).await.problem(422, "idempotency-key-reused");
}

/// Files that cannot be attested, and links that take only what was declared (R35).
#[tokio::test]
async fn uploads_refuse_what_is_no_scan() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    let start = async |body: Value| client.by("clerk", Call::post("/v1/uploads", &body)).await;
    start(declared("text/plain", b"x")).await.problem(415, "type-not-accepted");
    start(declared("image/png", b"")).await.problem(422, "empty-file");
    let mut large = declared("image/png", b"x");
    large["size"] = json!(100 * 1024 * 1024 + 1);
    start(large).await.problem(413, "file-too-large");
    let mut digest = declared("image/png", b"x");
    digest["sha256"] = json!("12");
    start(digest).await.problem(422, "validation-failed");

    let bytes = scan(4);
    let open = start(declared("image/png", &bytes)).await.is(201);
    let mut other = bytes.clone();
    other[100] ^= 1;
    assert!(put(&client, &open, other).await.status >= 400, "other bytes than declared");
    assert!(put(&client, &open, bytes[1..].to_vec()).await.status >= 400, "another size than declared");
    put(&client, &open, bytes.clone()).await.is(200);
    assert!(put(&client, &open, bytes).await.status >= 400, "a second time");

    for (name, media_type, code) in [
        ("scans/bieu-mau.pdf", "application/pdf", "pdf-active-content"),
        ("scans/da-ky.pdf", "application/pdf", "pdf-already-signed"),
        ("vectors/scans/mat-khau.pdf", "application/pdf", "pdf-encrypted"),
        ("vectors/scans/cut-duoi.pdf", "application/pdf", "pdf-broken"),
    ] {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/");
        let bytes = std::fs::read(format!("{path}{name}")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let open = start(declared(media_type, &bytes)).await.is(201);
        put(&client, &open, bytes).await.is(200);
        let done = Call::post(format!("/v1/uploads/{}/complete", open.text("/id")), &json!({}));
        client.by("clerk", done).await.problem(422, code);
    }
}

/// Unknown places, identifiers of the wrong kind, methods that do not exist.
#[tokio::test]
async fn unknown_places_are_problems_too() {
    let stack = Stack::in_memory();
    let client = stack.client().await;
    client.by("clerk", Call::get("/v1/khong-co")).await.problem(404, "not-found");
    client.by("clerk", Call::get("/v1/sandbox/khong-co")).await.problem(404, "not-found");
    let wrong = client.by("clerk", Call::get("/v1/cases/copy_06fz3kq8w5t06fz3kq8w5t06f")).await;
    wrong.problem(422, "wrong-id-type");
    client.by("officer", Call::get("/v1/queues/sign")).await.problem(403, "forbidden");
    let empty = Call::new(reqwest::Method::POST, "/v1/verifications").header("content-type", "application/pdf");
    client.send(empty.clone()).await.problem(422, "empty-file");
    client
        .send(empty.header("content-type", "text/html").bytes(b"x".to_vec()))
        .await
        .problem(415, "unsupported-media-type");
}
