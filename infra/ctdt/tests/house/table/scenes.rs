//! The scenes in which the promised problems come up.

use std::io::{Cursor, Write as _};

use reqwest::Method;
use serde_json::{Value, json};

use super::codes::Cases;
use crate::client::{Call, Client};
use crate::desk as usb;
use crate::job::*;

const BOOK: &str = "POST /v1/appointments";
const MOVE: &str = "PATCH /v1/appointments/{id}";
const CANCEL_VISIT: &str = "POST /v1/appointments/{id}/cancel";
const RECEIVE: &str = "POST /v1/cases";
const DECLARE: &str = "POST /v1/uploads";
const COMPLETE: &str = "POST /v1/uploads/{id}/complete";
const CHECKLIST: &str = "PUT /v1/cases/{id}/checklist";
const ADD: &str = "POST /v1/cases/{id}/copies";
const FEE: &str = "POST /v1/cases/{id}/fee";
const SUBMIT: &str = "POST /v1/cases/{id}/submit";
const RECALL: &str = "POST /v1/cases/{id}/recall";
const RETURN: &str = "POST /v1/cases/{id}/return";
const REFUSE: &str = "POST /v1/cases/{id}/refuse";
const CANCEL: &str = "POST /v1/cases/{id}/cancel";
const WORD: &str = "PUT /v1/copies/{id}/attestation";
const PREVIEW: &str = "GET /v1/copies/{id}/preview.pdf";
const FILE: &str = "GET /v1/copies/{id}/file";
const ANNUL: &str = "POST /v1/copies/{id}/annul";
const VOID: &str = "POST /v1/copies/{id}/void";
const SIGN: &str = "POST /v1/sign-sessions";
const END: &str = "POST /v1/sign-sessions/{id}/cancel";
const ANSWER: &str = "POST /v1/sign-sessions/{id}/answers";
const CODE: &str = "POST /v1/downloads/{token}/code";
const OPEN: &str = "POST /v1/downloads/{token}/open";
const REISSUE: &str = "POST /v1/downloads/{token}/reissue";
const LINK: &str = "GET /d/{token}";
const VERIFY: &str = "POST /v1/verifications";

/// A member of a persona.
async fn persona(client: &Client, key: &str, member: &str) -> String {
    let all = client.send(Call::get("/v1/sandbox/personas")).await.is(200).json();
    let found = all["data"].as_array().and_then(|all| all.iter().find(|one| one["key"] == key)).expect("a persona");
    found[member].as_str().expect("a text").to_owned()
}

/// Free slots of the first unit: the unit, and each slot's begin and places.
async fn free(client: &Client) -> (String, Vec<(String, u64)>) {
    let unit = client.send(Call::get("/v1/units?q=x%C3%A3%20m%E1%BA%ABu")).await.is(200).text("/data/0/id");
    let slots = client.send(Call::get(format!("/v1/units/{unit}/slots"))).await.is(200).json();
    let slots = slots["data"].as_array().expect("slots").iter();
    let slots =
        slots.map(|slot| (slot["start"].as_str().expect("a time").to_owned(), slot["free"].as_u64().unwrap_or(0)));
    (unit, slots.filter(|(_, free)| *free > 0).collect())
}

/// Slots that are full, over, or none; an office that is closed; visits that were used or cancelled; no directory.
pub(super) async fn visits(cases: &Cases) {
    let client = &cases.client;
    let (unit, slots) = free(client).await;
    let (full, places) = slots[0].clone();
    let (other, third) = (&slots[1].0, &slots[2].0);
    let night = format!("{}22:00:00+07:00", &full[..11]);
    let closed = persona(client, "officer", "unit_id").await;
    let account = client.persona("citizen").account.clone();
    let book = |unit: &str, start: &str| {
        let originals = json!([{"type_id": "diploma", "title": "Bằng tốt nghiệp", "pages": 1}]);
        let account = json!({"kind": "person", "id": account});
        let body = json!({"unit_id": unit, "start": start, "account": account, "originals": originals});
        Call::post("/v1/appointments", &body)
    };
    cases
        .refuses("GET /v1/units/{id}/slots", "", Call::get(format!("/v1/units/{closed}/slots")), "unit-not-enabled")
        .await;
    cases.refuses(BOOK, "portal", book(&closed, &full), "unit-not-enabled").await;
    cases.refuses(BOOK, "portal", book(&unit, "2020-01-06T08:00:00+07:00"), "slot-in-past").await;
    cases.refuses(BOOK, "portal", book(&unit, &night), "slot-not-working-day").await;
    for _ in 0..places {
        client.by("portal", book(&unit, &full)).await.is(201);
    }
    let told = cases.refuses(BOOK, "portal", book(&unit, &full), "slot-full").await;
    assert!(told["alternatives"].as_array().is_some_and(|near| !near.is_empty()), "{told}");

    let used = client.by("portal", book(&unit, other)).await.is(201).text("/id");
    let change = async |visit: &str, body: Value| {
        let etag = client.by("portal", Call::get(format!("/v1/appointments/{visit}"))).await.is(200).etag();
        let call = Call::post(format!("/v1/appointments/{visit}"), &body).on(&etag);
        Call { method: Method::PATCH, ..call }
    };
    let end = async |visit: &str| {
        let Call { headers, .. } = change(visit, json!({})).await;
        Call { headers, ..Call::post(format!("/v1/appointments/{visit}/cancel"), &json!({"reason": "bận"})) }
    };
    for (start, code) in
        [(full.as_str(), "slot-full"), ("2020-01-06T08:00:00+07:00", "slot-in-past"), (&night, "slot-not-working-day")]
    {
        cases.refuses(MOVE, "portal", change(&used, json!({"start": start})).await, code).await;
    }
    let receive = |visit: &str| Call::post("/v1/cases", &json!({"appointment_id": visit, "basis": "paper_original"}));
    cases.directory("unavailable").await;
    cases.refuses(RECEIVE, "clerk", receive(&used), "directory-unavailable").await;
    let lookup = Call::post("/v1/accounts/lookup", &json!({"account_id": account}));
    cases.refuses("POST /v1/accounts/lookup", "clerk", lookup, "directory-unavailable").await;
    cases.directory("none").await;
    client.by("clerk", receive(&used)).await.is(201);

    let gone = client.by("portal", book(&unit, third)).await.is(201).text("/id");
    client.by("portal", end(&gone).await).await.is(200);
    for (visit, code) in [(used, "appointment-used"), (gone, "wrong-state")] {
        cases.refuses(RECEIVE, "clerk", receive(&visit), code).await;
        cases.refuses(MOVE, "portal", change(&visit, json!({"start": third})).await, code).await;
        cases.refuses(CANCEL_VISIT, "portal", end(&visit).await, code).await;
    }
}

/// A PDF of so many empty pages.
fn pages(count: usize) -> Vec<u8> {
    let kids: String = (0..count).map(|n| format!("{} 0 R ", n + 3)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Count {count}/Kids[{kids}]/MediaBox[0 0 595 842]>>"),
    ];
    objects.extend((0..count).map(|_| "<</Type/Page/Parent 2 0 R/Resources<<>>>>".to_owned()));
    let (mut file, mut table) = (String::from("%PDF-1.7\n"), String::from("0000000000 65535 f \n"));
    for (n, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let (size, at) = (objects.len() + 1, file.len());
    file.push_str(&format!("xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n"));
    file.into_bytes()
}

/// Declared, sent, and not fit to be a scan.
pub(super) async fn uploads(cases: &Cases) {
    let client = &cases.client;
    let declare = |body: &Value| Call::post("/v1/uploads", body);
    cases.refuses(DECLARE, "clerk", declare(&declared("text/plain", b"x")), "type-not-accepted").await;
    cases.refuses(DECLARE, "clerk", declare(&declared("image/png", b"")), "empty-file").await;
    let mut large = declared("image/png", b"x");
    large["size"] = json!(100 * 1024 * 1024 + 1);
    cases.refuses(DECLARE, "clerk", declare(&large), "file-too-large").await;

    let test = |name: &str| {
        let path = format!("{}/../../tests/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let complete = |upload: &str| Call::post(format!("/v1/uploads/{upload}/complete"), &json!({}));
    for (bytes, media_type, code) in [
        (test("scans/bieu-mau.pdf"), "application/pdf", "pdf-active-content"),
        (test("scans/da-ky.pdf"), "application/pdf", "pdf-already-signed"),
        (test("vectors/scans/mat-khau.pdf"), "application/pdf", "pdf-encrypted"),
        (test("vectors/scans/cut-duoi.pdf"), "application/pdf", "pdf-broken"),
        (test("vectors/scans/lab.tif"), "image/tiff", "image-broken"),
        (test("scans/cairo.pdf"), "image/png", "type-not-accepted"),
        (pages(301), "application/pdf", "too-many-pages"),
    ] {
        let open = client.by("clerk", declare(&declared(media_type, &bytes))).await.is(201);
        cases.refuses(COMPLETE, "clerk", complete(&open.text("/id")), "upload-not-ready").await;
        put(client, &open, bytes).await.is(200);
        cases.refuses(COMPLETE, "clerk", complete(&open.text("/id")), code).await;
    }
}

/// Files that nobody judges.
pub(super) async fn files(cases: &Cases) {
    let send = |media_type: &str, body: Vec<u8>| {
        Call::new(Method::POST, "/v1/verifications").header("content-type", media_type).bytes(body)
    };
    let zip = |name: &str, bytes: &[u8]| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        if name.ends_with('/') {
            writer.add_directory(name, options).expect("a folder");
        } else {
            writer.start_file(name, options).expect("a file");
            writer.write_all(bytes).expect("bytes");
        }
        send("application/zip", writer.finish().expect("an archive").into_inner())
    };
    cases.refuses(VERIFY, "", send("application/pdf", Vec::new()), "empty-file").await;
    cases.refuses(VERIFY, "", send("application/pdf", vec![b'%'; 4 * 1024 * 1024 + 1]), "use-upload").await;
    cases.refuses(VERIFY, "", send("application/zip", b"PK\x03\x04".to_vec()), "zip-broken").await;
    cases.refuses(VERIFY, "", zip("a.pdf", &vec![0; 11 << 20]), "zip-bomb").await;
    cases.refuses(VERIFY, "", zip("ho-so/", b""), "zip-has-no-pdf").await;
    let code = Call::post("/v1/qr/decode", &json!({"payload": "https://example.vn/Q/ABC"}));
    cases.refuses("POST /v1/qr/decode", "", code, "qr-not-ours").await;
    cases.page_refuses("GET /Q/{payload}", "/Q/ABC", "qr-not-ours").await;
    let open = Call::post("/v1/uploads", &declared("application/pdf", b"%PDF-1.7"));
    let open = json!({"upload_id": cases.client.by("officer", open).await.is(201).text("/id")});
    cases.refuses(VERIFY, "officer", Call::post("/v1/verifications", &open), "upload-not-ready").await;
    // What is to be kept must fit into one item of the table.
    let mut crowded = send("application/pdf", crowded());
    crowded.path.push_str("?retain=report");
    cases.refuses(VERIFY, "officer", crowded, "pdf-too-complex").await;
}

/// A PDF with so many fields of signatures that the report has no end.
fn crowded() -> Vec<u8> {
    let count = 250;
    let mut file = String::from("%PDF-1.7\n");
    let mut at = Vec::new();
    let fields: String = (0..count).map(|n| format!("{} 0 R ", 4 + 2 * n)).collect();
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[{fields}]>>>>"),
        "<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 595 842]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/Resources<<>>>>".to_owned(),
    ];
    for n in 0..count {
        objects.push(format!("<</FT/Sig/T(S{n})/V {} 0 R>>", 5 + 2 * n));
        let signature =
            "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 9 20 30]/Contents<3000>>>";
        objects.push(signature.to_owned());
    }
    for (n, object) in objects.iter().enumerate() {
        at.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let table: String = at.iter().map(|at| format!("{at:010} 00000 n \n")).collect();
    let (size, at) = (objects.len() + 1, file.len());
    let table = format!("0000000000 65535 f \n{table}");
    file.push_str(&format!("xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n"));
    file.into_bytes()
}

/// Calls on one dossier and its copy, each with the version that is true now.
struct Dossier<'a> {
    client: &'a Client,
    case: String,
    copy: String,
}

impl Dossier<'_> {
    async fn on_case(&self, path: &str, body: &Value) -> Call {
        Call::post(format!("/v1/cases/{}/{path}", self.case), body).on(&version(self.client, &self.case).await)
    }

    async fn on_copy(&self, path: &str, body: &Value) -> Call {
        let etag = self.client.by("clerk", self.get("")).await.is(200).etag();
        Call::post(format!("/v1/copies/{}/{path}", self.copy), body).on(&etag)
    }

    fn get(&self, path: &str) -> Call {
        Call::get(format!("/v1/copies/{}{path}", self.copy))
    }

    async fn checklist(&self, body: &Value) -> Call {
        Call { method: Method::PUT, ..self.on_case("checklist", body).await }
    }

    async fn worded(&self, template: &str, placement: Value) -> Call {
        let body = json!({"template_id": template, "placement": placement});
        Call { method: Method::PUT, ..self.on_copy("attestation", &body).await }
    }

    async fn submit(&self) -> Call {
        self.on_case("submit", &json!({})).await
    }

    async fn add(&self, upload: &str) -> Call {
        self.on_case("copies", &original(upload)).await
    }

    async fn refuse(&self) -> Call {
        self.on_case("refuse", &json!({"ground": "22.1", "explanation": "Bản chính bị tẩy xóa"})).await
    }

    async fn cancel(&self) -> Call {
        self.on_case("cancel", &json!({"reason": "rút hồ sơ"})).await
    }

    async fn back(&self) -> Call {
        self.on_case("return", &json!({"reason_code": "scan", "note": "Trang 1 mờ"})).await
    }

    async fn annul(&self) -> Call {
        let today = today(self.client).await;
        let body = json!({"decision_no": "12/QĐ", "decision_date": today, "reason": "sai bản chính"});
        self.on_copy("annul", &body).await
    }

    fn sign(&self, method: &str) -> Call {
        let body = json!({"purpose": "leader_sign", "copy_ids": [self.copy], "method": method});
        Call::post("/v1/sign-sessions", &body)
    }

    fn seal(&self) -> Call {
        seal(std::slice::from_ref(&self.copy))
    }
}

/// A dossier with a draft copy that has no wording.
async fn with_a_copy(client: &Client) -> Dossier<'_> {
    let case = receive(client, &walk_in("mau@example.com")).await;
    let mut dossier = Dossier { client, case, copy: String::new() };
    client.by("clerk", dossier.checklist(&no_grounds()).await).await.is(200);
    let scanned = upload(client, "clerk", "image/png", scan(1)).await;
    dossier.copy = client.by("clerk", dossier.add(&scanned).await).await.is(201).text("/id");
    dossier
}

/// The desk in the wrong order, then everything that comes too late or too early for a dossier that is with the leader.
/// Gives that dossier's copy.
pub(super) async fn desk(cases: &Cases) -> String {
    let client = &cases.client;
    let mut nobody = walk_in("");
    nobody["requester"].as_object_mut().expect("a requester").remove("email");
    cases.refuses(RECEIVE, "clerk", Call::post("/v1/cases", &nobody), "email-required").await;
    let mut shown = walk_in("mau@example.com");
    shown["basis"] = json!("vneid_shown");
    cases.refuses(RECEIVE, "clerk", Call::post("/v1/cases", &shown), "basis-gives-no-copy").await;

    let case = receive(client, &walk_in("mau@example.com")).await;
    let mut dossier = Dossier { client, case, copy: String::new() };
    cases.refuses(SUBMIT, "clerk", dossier.submit().await, "checklist-missing").await;
    client.by("clerk", dossier.checklist(&no_grounds()).await).await.is(200);
    cases.refuses(SUBMIT, "clerk", dossier.submit().await, "no-copy").await;
    let open = Call::post("/v1/uploads", &declared("image/png", &scan(2)));
    let open = client.by("clerk", open).await.is(201).text("/id");
    cases.refuses(ADD, "clerk", dossier.add(&open).await, "upload-not-ready").await;
    let scanned = upload(client, "clerk", "image/png", scan(2)).await;
    dossier.copy = client.by("clerk", dossier.add(&scanned).await).await.is(201).text("/id");
    cases.refuses(ADD, "clerk", dossier.add(&scanned).await, "upload-in-use").await;
    cases.refuses(SUBMIT, "clerk", dossier.submit().await, "attestation-missing").await;
    cases.refuses(PREVIEW, "leader", dossier.get("/preview.pdf"), "attestation-missing").await;
    cases.refuses(WORD, "clerk", dossier.worded("khong-co", json!("auto")).await, "template-expired").await;
    let over = json!({"page": 1, "x": 50.0, "y": 450.0, "w": 480.0, "h": 200.0});
    cases.refuses(WORD, "clerk", dossier.worded("default", over).await, "placement-covers-content").await;
    client.by("clerk", dossier.worded("default", json!("auto")).await).await.is(200);
    cases.refuses(SUBMIT, "clerk", dossier.submit().await, "fee-missing").await;
    let wrong = dossier.on_case("fee", &fee(2)).await;
    assert_eq!(cases.refuses(FEE, "clerk", wrong, "fee-differs").await["expected_vnd"], 2000);
    client.by("clerk", dossier.on_case("fee", &fee(1)).await).await.is(200);
    let clerk = json!({"leader_id": persona(client, "clerk", "user_id").await});
    cases.refuses(SUBMIT, "clerk", dossier.on_case("submit", &clerk).await, "no-leader-available").await;
    client.by("clerk", dossier.submit().await).await.is(200);

    let spare = upload(client, "clerk", "image/png", scan(3)).await;
    for (key, call) in [
        (CHECKLIST, dossier.checklist(&no_grounds()).await),
        (ADD, dossier.add(&spare).await),
        (FEE, dossier.on_case("fee", &fee(1)).await),
        (SUBMIT, dossier.submit().await),
        (REFUSE, dossier.refuse().await),
    ] {
        cases.refuses(key, "clerk", call, "case-frozen").await;
    }
    cases.refuses(WORD, "clerk", dossier.worded("default", json!("auto")).await, "copy-frozen").await;
    cases.refuses(SIGN, "seal_keeper", dossier.seal(), "wrong-state").await;
    cases.refuses(SIGN, "leader", dossier.sign("fax"), "method-not-available").await;
    cases.refuses(SIGN, "leader", dossier.sign("sim"), "copy-not-opened").await;
    cases.refuses(FILE, "clerk", dossier.get("/file"), "copy-not-ready").await;
    cases.refuses(ANNUL, "seal_keeper", dossier.annul().await, "wrong-state").await;
    let void = dossier.on_copy("void", &json!({"reason": "thử"})).await;
    cases.refuses(VOID, "seal_keeper", void, "wrong-state").await;
    dossier.copy
}

/// A ground of Article 22: the dossier can only be refused, and then nothing more.
pub(super) async fn grounds(cases: &Cases) {
    let client = &cases.client;
    let dossier = with_a_copy(client).await;
    let mut grounds = no_grounds();
    grounds["grounds"]["22.1"] = json!(true);
    let spare = upload(client, "clerk", "image/png", scan(4)).await;
    cases.refuses(CHECKLIST, "clerk", dossier.checklist(&grounds).await, "ground-applies").await;
    for (key, call) in [
        (ADD, dossier.add(&spare).await),
        (FEE, dossier.on_case("fee", &fee(1)).await),
        (WORD, dossier.worded("default", json!("auto")).await),
        (SUBMIT, dossier.submit().await),
        (CANCEL, dossier.cancel().await),
    ] {
        cases.refuses(key, "clerk", call, "ground-applies").await;
    }
    client.by("clerk", dossier.refuse().await).await.is(200);
    for (key, call) in [
        (CHECKLIST, dossier.checklist(&no_grounds()).await),
        (ADD, dossier.add(&spare).await),
        (FEE, dossier.on_case("fee", &fee(1)).await),
        (SUBMIT, dossier.submit().await),
        (RECALL, dossier.on_case("recall", &json!({})).await),
        (REFUSE, dossier.refuse().await),
        (CANCEL, dossier.cancel().await),
    ] {
        cases.refuses(key, "clerk", call, "wrong-state").await;
    }
    cases.refuses(RETURN, "leader", dossier.back().await, "wrong-state").await;
    let ended = with_a_copy(client).await;
    client.by("clerk", ended.cancel().await).await.is(200);
    cases.refuses(CANCEL, "clerk", ended.cancel().await, "wrong-state").await;
}

/// Many ask for the seal of one copy at once: one is first, and who looked before that hears that the copy changed.
pub(super) async fn a_race_for_the_seal(cases: &Cases) {
    for _ in 0..10 {
        let (_, copies) = submitted(&cases.client, "mau@example.com", 1).await;
        signed(&cases.client, &copies).await;
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let (client, call) = (cases.client.clone(), seal(&copies));
                tokio::spawn(async move { client.by("seal_keeper", call).await })
            })
            .collect();
        let mut lost = 0;
        let mut first = Vec::new();
        for answer in asked {
            let answer = answer.await.expect("an answer");
            match answer.json()["code"].as_str() {
                None => first.push(answer.is(202).text("/id")),
                Some("copy-changed") => lost += usize::from(cases.refused(SIGN, answer, "copy-changed")),
                Some(_) => drop(answer.problem(409, "wrong-state")),
            }
        }
        assert_eq!(first.len(), 1, "one number for one copy");
        assert_eq!(ended(&cases.client, "seal_keeper", &first[0]).await["state"], "done");
        if lost > 0 {
            return;
        }
    }
    panic!("nobody lost the race");
}

/// A token that is somebody else's, or signs something else; and a session that is over.
pub(super) async fn at_the_desk(cases: &Cases) {
    let client = &cases.client;
    let (_, copies) = usb::submitted(client, 1).await;
    let session = usb::opened(client, &copies).await.json();
    let path = format!("/v1/sign-sessions/{}", session["id"].as_str().expect("an identifier"));
    let good = usb::answers(client, &session).await;
    let with = |member: &str, value: &Value| {
        let mut body = good.clone();
        body["items"][0][member] = value.clone();
        Call::post(format!("{path}/answers"), &body)
    };
    let certificate = &good["items"][0]["certificate"];
    let genuine = Call::post(format!("{path}/answers"), &usb::answers_of(client, "leader_usb_b", &session).await);
    cases.refuses(ANSWER, "leader_usb", genuine, "wrong-certificate").await;
    cases.refuses(ANSWER, "leader_usb", with("signature", &json!("AAAA")), "signature-does-not-verify").await;
    client.by("leader_usb", Call::post(format!("{path}/cancel"), &json!({}))).await.is(200);
    cases.refuses(ANSWER, "leader_usb", with("certificate", certificate), "session-closed").await;
}

/// What a prompt on the phone, a number and an annulment forbid.
pub(super) async fn signing(cases: &Cases) {
    let client = &cases.client;
    let unsigned = Call::post("/v1/gateway-callbacks/simpki", &json!({}));
    cases.refuses("POST /v1/gateway-callbacks/{backend}", "clerk", unsigned, "callback-signature").await;
    let (case, copies) = submitted(client, "lien-ket@example.com", 1).await;
    let dossier = Dossier { client, case, copy: copies[0].clone() };
    let session = ask_leader(client, &copies).await.text("/id");
    cases.refuses(SIGN, "leader", dossier.sign("sim"), "signer-busy").await;
    gone_too_far(cases, &dossier, "signing-started").await;
    confirm(client).await;
    assert_eq!(ended(client, "leader", &session).await["state"], "done");
    let end = Call::post(format!("/v1/sign-sessions/{session}/cancel"), &json!({}));
    cases.refuses(END, "leader", end, "session-closed").await;

    let session = client.by("seal_keeper", dossier.seal()).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    archived(client, &dossier.copy).await;
    gone_too_far(cases, &dossier, "already-numbered").await;
    let secret = a_letter(cases, &dossier).await;

    client.by("seal_keeper", dossier.annul().await).await.is(200);
    cases.refuses(ANNUL, "seal_keeper", dossier.annul().await, "already-annulled").await;
    cases.refuses(FILE, "clerk", dossier.get("/file"), "copy-annulled").await;
    let of_link = |act: &str, body: &Value| Call::post(format!("/v1/downloads/{secret}/{act}"), body);
    cases.refuses(CODE, "", of_link("code", &json!({})), "link-revoked").await;
    cases.refuses(OPEN, "", of_link("open", &json!({"code": "000000"})), "link-revoked").await;
    cases.refuses(REISSUE, "", of_link("reissue", &json!({})), "link-revoked").await;
    cases.page_refuses(LINK, &format!("/d/{secret}"), "link-revoked").await;
}

async fn gone_too_far(cases: &Cases, dossier: &Dossier<'_>, code: &str) {
    cases.refuses(RECALL, "clerk", dossier.on_case("recall", &json!({})).await, code).await;
    cases.refuses(RETURN, "leader", dossier.back().await, code).await;
    cases.refuses(CANCEL, "clerk", dossier.cancel().await, code).await;
}

/// The letters to an address so far, when there are `count`.
async fn letters(client: &Client, to: &str, count: usize) -> Vec<Value> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let all = client.send(Call::get("/v1/sandbox/mailbox")).await.is(200).json();
        let all = all["data"].as_array().expect("letters").iter().filter(|letter| letter["to"] == to);
        let all: Vec<Value> = all.cloned().collect();
        if all.len() >= count {
            return all;
        }
        assert!(std::time::Instant::now() < until, "{all:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn secret_of(letter: &Value) -> String {
    let link = letter["links"][0].as_str().expect("a link");
    link.rsplit('/').next().expect("a secret").to_owned()
}

/// The link of a letter: no code yet, asking twice sends one code, a used code is followed by a rest. Gives the secret.
async fn a_letter(cases: &Cases, dossier: &Dossier<'_>) -> String {
    let (client, to) = (&cases.client, "lien-ket@example.com");
    let secret = secret_of(&letters(client, to, 1).await[0]);
    let of_link =
        |act: &str, body: &Value| Call::post(format!("/v1/downloads/{secret}/{act}"), body).without("idempotency-key");
    cases.refuses(OPEN, "", of_link("open", &json!({"code": "000000"})), "code-wrong").await;
    cases.refuses(REISSUE, "", of_link("reissue", &json!({})), "wrong-state").await;
    // Without a key, and still once: the second answer is the first, and so is the code.
    let first = client.send(of_link("code", &json!({}))).await.is(202).json();
    assert_eq!(client.send(of_link("code", &json!({}))).await.is(202).json(), first);
    let all = letters(client, to, 2).await;
    assert_eq!(all.len(), 2, "one letter with a code: {all:?}");
    let text = all[1]["text"].as_str().expect("a text").to_owned();
    let code = text.split(|sign: char| !sign.is_ascii_digit()).find(|part| part.len() == 6).expect("a code").to_owned();
    client.send(of_link("open", &json!({"code": code}))).await.is(303);
    cases.refuses(CODE, "", of_link("code", &json!({})), "quota-exceeded").await;
    assert_eq!(client.by("clerk", dossier.get("")).await.is(200).json()["status"], "sealed");
    secret
}

/// What grows old: the secret of a link, and a report that nobody owns.
pub(super) struct Old {
    secret: String,
    report: String,
    /// The second page of the list of annulments.
    page: String,
    /// An officer's batch, and the second page of its items.
    batch: (String, String),
}

/// The forms in which a verification is not told.
async fn forms(cases: &Cases) {
    let ask = |query: &str, accept: &str| {
        let call = Call::new(Method::POST, format!("/v1/verifications{query}")).header("accept", accept);
        call.header("content-type", "application/pdf").bytes(b"%PDF-1.7".to_vec())
    };
    cases.refuses("POST /v1/verifications", "", ask("", "application/xml"), "not-acceptable").await;
    let chosen = ask("?policy=general", "application/pdf");
    cases.refuses("POST /v1/verifications", "", chosen, "record-not-signed").await;
}

/// A list of two annulments, one on a page. Gives the address of the second page.
async fn annulments(cases: &Cases) -> String {
    let client = &cases.client;
    let (_, copies) = submitted(client, "huy@example.com", 2).await;
    signed(client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    for copy in &copies {
        crate::published::annul(client, &archived(client, copy).await).await;
    }
    crate::published::settled(client).await;
    let page = client.send(Call::get("/v1/annulments?limit=1")).await.is(200).text("/next");
    page.strip_prefix(&client.url).expect("an address of this house").to_owned()
}

/// So many prompts as the sandbox allows are refused in a row: the phone is left alone, and whoever asks hears until when.
pub(super) async fn a_tired_leader(cases: &Cases) {
    let client = &cases.client;
    let (case, copies) = submitted(client, "tam-ngung@example.com", 1).await;
    for _ in 0..local::PROMPTS_IN_VAIN.parse().expect("a number") {
        let session = ask_leader(client, &copies).await.text("/id");
        reject(client).await;
        assert_eq!(ended(client, "leader", &session).await["state"], "failed");
    }
    let dossier = Dossier { client, case, copy: copies[0].clone() };
    let paused = cases.refuses(SIGN, "leader", dossier.sign("sim"), "prompts-paused").await;
    assert!(
        paused["retry_at"].is_string() && paused["detail"].as_str().is_some_and(|text| text.contains("từ")),
        "{paused}"
    );
}

pub(super) async fn a_link_and_a_report(cases: &Cases) -> Old {
    let (client, to) = (&cases.client, "qua-han@example.com");
    let (_, copies) = submitted(client, to, 1).await;
    signed(client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    archived(client, &copies[0]).await;
    let secret = secret_of(&letters(client, to, 1).await[0]);
    let keep = Call::new(Method::POST, "/v1/verifications?retain=report").header("content-type", "application/pdf");
    let bytes = file(client, &copies[0]).await;
    let report = client.send(keep.bytes(bytes.clone())).await.is(200).text("/id");
    let other = Call::new(Method::POST, "/v1/verifications?retain=report&policy=general");
    let other = other.header("content-type", "application/pdf").bytes(bytes);
    let other = format!("/v1/verifications/{}", client.send(other).await.is(200).text("/id"));
    let as_pdf = Call::get(&other).header("accept", "application/pdf");
    cases.refuses("GET /v1/verifications/{id}", "", as_pdf, "record-not-signed").await;
    let record = Call::get(format!("{other}/report.pdf"));
    cases.refuses("GET /v1/verifications/{id}/report.pdf", "", record, "record-not-signed").await;
    forms(cases).await;
    Old { secret, report, page: annulments(cases).await, batch: super::batches::refused(cases).await }
}

pub(super) async fn too_late(cases: &Cases, old: &Old) {
    let Old { secret, report, page, batch } = old;
    super::batches::too_late(cases, batch).await;
    cases.refuses("GET /v1/annulments", "", Call::get(page), "cursor-expired").await;
    let of_link = |act: &str, body: &Value| Call::post(format!("/v1/downloads/{secret}/{act}"), body);
    cases.refuses(CODE, "", of_link("code", &json!({})), "link-expired").await;
    cases.refuses(OPEN, "", of_link("open", &json!({"code": "000000"})), "link-expired").await;
    cases.page_refuses(LINK, &format!("/d/{secret}"), "link-expired").await;
    let kept = |rest: &str| Call::get(format!("/v1/verifications/{report}{rest}"));
    cases.refuses("GET /v1/verifications/{id}", "", kept(""), "report-expired").await;
    cases.refuses("GET /v1/verifications/{id}/report.pdf", "", kept("/report.pdf"), "report-expired").await;
}

/// Every leader's X.509 certificate is over: nothing is worded for anybody, and nobody signs what waits.
pub(super) async fn without_a_leader(cases: &Cases, waits: &str) {
    let client = &cases.client;
    let draft = with_a_copy(client).await;
    cases.refuses(WORD, "clerk", draft.worded("default", json!("auto")).await, "no-leader-available").await;
    let waits = Dossier { client, case: String::new(), copy: waits.to_owned() };
    cases.refuses(SIGN, "leader", waits.sign("sim"), "certificate-not-usable").await;
}
