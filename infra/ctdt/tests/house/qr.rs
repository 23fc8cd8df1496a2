//! The signed QR code of a print, over HTTP (decision 16). That a reader of QR codes finds it on the page is the judges' test
//! (`tests/judges/test_qr.py`); here the code of a sealed copy is made again with the key of the data folder, which signs the same
//! twice.

use std::path::Path;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::model::Number;
use domain::qr::{Code, Statement};
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::job::*;
use crate::stack::Stack;

/// A code of a key that no house has: that of RFC 8037, appendix A.
pub(crate) const VECTOR: &str = include_str!("../../../../shared/domain/src/qr/vector.txt");

/// Where a data folder keeps the key for QR codes.
fn key_of_codes(folder: &Path) -> Ed25519KeyPair {
    let mut files = std::fs::read_dir(folder.join("kms")).expect("keys").map(|entry| entry.expect("an entry").path());
    let kept = files.find_map(|path| {
        let kept: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (kept["spec"] == "ECC_NIST_EDWARDS25519").then(|| kept["pkcs8"].as_str().unwrap_or_default().to_owned())
    });
    let der = STANDARD.decode(kept.expect("the key")).expect("base64");
    Ed25519KeyPair::from_pkcs8(&der).expect("a key")
}

/// The code of a copy of the first unit.
async fn code(client: &Client, pair: &Ed25519KeyPair, copy: &Value, number: u64) -> Code {
    let keys = client.send(Call::get("/v1/qr/keys")).await.is(200);
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    assert_eq!(keys.header("cache-control"), "public, max-age=3600");
    let keys = casework::qr::Published::read(&keys.body).expect("a set");
    let first = keys.keys()[0];
    let now = client.send(Call::get("/v1/sandbox/clock")).await.is(200).text("/now");
    let number = Number {
        number: u32::try_from(number).expect("a number"),
        book: copy["book"].as_str().expect("a book").to_owned(),
        year: now[..4].parse().expect("a year"),
        suffix: "SCT/BS".to_owned(),
    };
    let said = Statement::new("000.00.01.H99", &number, now.parse().expect("a time"), &[0xab; 32]).expect("sayable");
    let message = said.to_be_signed(first.id).expect("sayable");
    let signature = pair.sign(&message).as_ref().try_into().expect("64 bytes");
    said.signed(first.id, signature).expect("sayable")
}

async fn page(client: &Client, payload: &str, lang: &str) -> String {
    let page = client.send(Call::get(format!("/Q/{payload}{lang}"))).await.is(200);
    assert!(page.header("content-type").starts_with("text/html"), "whoever asks");
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    String::from_utf8(page.body).expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_print_is_looked_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = Stack::with_power_cut(folder.path(), None);
    let client = &stack.client().await;
    let (_, copies) = submitted(client, "mau@example.com", 1).await;
    signed(client, &copies).await;
    let session = client.by("seal_keeper", seal(&copies)).await.is(202).text("/id");
    assert_eq!(ended(client, "seal_keeper", &session).await["state"], "done");
    let copy = archived(client, &copies[0]).await;
    let pair = key_of_codes(folder.path());
    let number = copy["number"].as_u64().expect("a number");
    let code_of_it = code(client, &pair, &copy, number).await;

    as_a_program(client, &code_of_it).await;
    as_a_person(client, &code_of_it, &code(client, &pair, &copy, number + 1).await).await;

    let etag = client.by("clerk", Call::get(format!("/v1/copies/{}", copies[0]))).await.is(200).etag();
    let decision =
        json!({"decision_no": "12/QĐ-UBND", "decision_date": today(client).await, "reason": "sai bản chính"});
    client.by("seal_keeper", Call::post(format!("/v1/copies/{}/annul", copies[0]), &decision).on(&etag)).await.is(200);
    let shown = page(client, &code_of_it.payload(), "").await;
    assert!(
        shown.contains("ĐÃ BỊ HUỶ") && shown.contains("12/QĐ-UBND") && shown.contains("Không tiếp nhận"),
        "{shown}"
    );
    assert!(!shown.contains("sai bản chính"), "{shown}");
    assert_eq!(stack.stop(), 0);
}

async fn as_a_program(client: &Client, code: &Code) {
    let decode = async |payload: &str| client.send(Call::post("/v1/qr/decode", &json!({"payload": payload}))).await;
    let text = code.text("HTTPS://CHUNGTHUC.EXAMPLE.VN/Q/");
    for text in [&text, &text.to_lowercase(), &code.payload()] {
        let said = decode(text).await.is(200).json();
        assert_eq!((&said["valid"], &said["reason"]), (&json!(true), &Value::Null), "{said}");
        assert_eq!(said["number_text"], code.statement.number.text());
        assert_eq!(said["sealed_on"], code.statement.day.to_string());
        assert_eq!(
            (&said["unit"]["code"], &said["scan_sha256_prefix"]),
            (&json!("000.00.01.H99"), &json!("ab".repeat(8)))
        );
        assert_eq!(said["key_id"], code.key.to_string());
    }
    // The last letter of a payload of 172 holds four bits of the signature.
    let mut forged = code.payload();
    let last = if forged.ends_with('A') { "Q" } else { "A" };
    forged.replace_range(forged.len() - 1.., last);
    let said = decode(&forged).await.is(200).json();
    assert_eq!((&said["valid"], &said["reason"]), (&json!(false), &json!("wrong-signature")), "{said}");
    let said = decode(VECTOR.trim_end()).await.is(200).json();
    assert_eq!((&said["valid"], &said["reason"]), (&json!(false), &json!("unknown-key")), "{said}");
    for text in ["", "x", "https://example.vn/verify?u=1", &"A".repeat(600)] {
        decode(text).await.problem(422, "qr-not-ours");
    }
    let more = client.send(Call::post("/v1/qr/decode", &json!({"payload": text, "more": 1}))).await;
    more.problem(422, "unknown-field");
}

async fn as_a_person(client: &Client, code: &Code, never: &Code) {
    let shown = page(client, &code.payload(), "").await;
    assert!(shown.contains("CHỮ KÝ CỦA MÃ ĐÚNG") && shown.contains("Số này có trong sổ chứng thực"), "{shown}");
    assert!(shown.contains("Mã không chứng minh tờ giấy trên tay") && shown.contains("/verify?u=000%2E00%2E01%2EH99"));
    assert!(!shown.contains("mau@example.com") && !shown.contains("/v1/copies/"), "no name and no file: {shown}");
    let shown = page(client, &code.payload().to_lowercase(), "?lang=en").await;
    assert!(shown.contains("THE SIGNATURE OF THE CODE IS RIGHT") && shown.contains("&amp;lang=en"), "{shown}");
    let shown = page(client, &never.payload(), "").await;
    assert!(shown.contains("CHỮ KÝ CỦA MÃ ĐÚNG") && shown.contains("chưa có bản sao nào mang số này"), "{shown}");
    let mut forged = code.payload();
    forged.replace_range(forged.len() - 1.., if forged.ends_with('A') { "Q" } else { "A" });
    let shown = page(client, &forged, "").await;
    assert!(shown.contains("CHỮ KÝ CỦA MÃ KHÔNG ĐÚNG") && !shown.contains("có trong sổ"), "{shown}");
    let other = VECTOR.trim_end().rsplit('/').next().expect("a payload");
    let shown = page(client, other, "").await;
    assert!(shown.contains("KHÔNG KIỂM TRA ĐƯỢC CHỮ KÝ CỦA MÃ"), "{shown}");
}
