//! The MSS face in both bindings: the way to a signature, the codes, the pauses between questions. Touches R25 to R27.

use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use x509_cert::Certificate;

use super::scenarios::Sim;
use super::*;

const NS: &str = "http://uri.etsi.org/TS102204/v1.1.2#";
const PKCS1: &str = "http://mss.ficom.fi/TS102204/v1.0.0#PKCS1";

fn envelope(inner: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" xmlns=\"{NS}\"><e:Body>{inner}</e:Body></e:Envelope>"
    )
}

fn common(reference: &str) -> Value {
    json!({"MajorVersion": "1", "MinorVersion": "1", "MSSP_Info": {"MSSP_ID": {"URI": "http://localhost"}},
        "AP_Info": {"AP_ID": "http://localhost/ctdt", "AP_TransID": reference, "AP_PWD": TOKEN, "Instant": "2026-01-05T08:00:00Z"}})
}

fn signature(msisdn: &str, reference: &str) -> Value {
    let mut body = common(reference);
    body["MessagingMode"] = json!("asynchClientServer");
    body["MobileUser"] = json!({"MSISDN": msisdn});
    body["DataToBeSigned"] = json!({"MimeType": "application/x-sha256", "Encoding": "base64", "Data": hash(b"x")});
    body["DataToBeDisplayed"] = json!({"MimeType": "text/plain", "Encoding": "UTF-8", "Data": "MA 4298. Ky BS"});
    body["SignatureProfile"] = json!("http://alauda.mobi/nonRepudiation");
    body["MSS_Format"] = json!(PKCS1);
    body
}

async fn ask(sim: &Sim, name: &str, body: Value) -> Value {
    sim.gateway.post("/mss/json", json!({ name: body })).await.1
}

/// The subcode of a fault.
fn code(out: &Value) -> &str {
    out["Fault"]["Code"]["SubCode"]["Value"].as_str().unwrap_or("none")
}

async fn begun(sim: &Sim, change: impl FnOnce(&mut Value)) -> String {
    let mut body = signature(&sim.msisdn, "T1");
    change(&mut body);
    let out = ask(sim, "MSS_SignatureReq", body).await;
    assert_eq!(out["MSS_SignatureResp"]["Status"]["StatusCode"]["Value"], "100", "{out}");
    text(&out["MSS_SignatureResp"], "MSSP_TransID")
}

/// What every answer says of who gives it.
const MSSP_ID: &str = "http://localhost/simpki/ae";

/// The common members with a transaction, as its first answer had them.
fn about(reference: &str, transaction: &str) -> Value {
    let mut body = common(reference);
    body["MSSP_TransID"] = json!(transaction);
    body["MSSP_Info"] = json!({"MSSP_ID": {"URI": MSSP_ID}});
    body
}

async fn status(sim: &Sim, transaction: &str) -> Value {
    ask(sim, "MSS_StatusReq", about("S1", transaction)).await
}

fn value(out: &Value) -> &str {
    out["MSS_StatusResp"]["Status"]["StatusCode"]["Value"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn json_first_after_20_seconds_then_every_5() {
    let sim = Sim::start("001", None).await;
    let transaction = begun(&sim, |_| {}).await;
    sim.at(15);
    assert_eq!(code(&status(&sim, &transaction).await), "_101", "too early");
    sim.at(21);
    assert_eq!(value(&status(&sim, &transaction).await), "504");
    assert_eq!(code(&status(&sim, &transaction).await), "_101", "too soon again");
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    sim.at(27);
    let out = status(&sim, &transaction).await;
    assert_eq!(value(&out), "502", "{out}");
    let pkcs1 = &out["MSS_StatusResp"]["MSS_Signature"]["PKCS1"];
    assert!(verifies(&sim.spki, b"x", &pkcs1["SignatureValue"]));
    let leaf = STANDARD.decode(text(pkcs1, "X509Certificate")).expect("base64");
    assert_eq!(leaf, dummy_certificate(&sim.spki));
    assert_eq!(out["MSS_StatusResp"]["MSSP_Info"]["MSSP_ID"]["URI"], MSSP_ID);
    let out = ask(&sim, "MSS_ReceiptReq", about("R1", &transaction)).await;
    assert_eq!(out["MSS_ReceiptResp"]["Status"]["StatusCode"]["Value"], "100");
}

/// FiCom: an `AP_TransID` is used once. Of sixteen at the same time, one is shown.
#[tokio::test]
async fn a_reference_is_used_once_however_many_ask() {
    let sim = std::sync::Arc::new(Sim::start("001", None).await);
    let all: Vec<_> = (0..16)
        .map(|_| {
            let sim = std::sync::Arc::clone(&sim);
            tokio::spawn(async move { ask(&sim, "MSS_SignatureReq", signature(&sim.msisdn, "T1")).await })
        })
        .collect();
    let (mut shown, mut refused) = (0, 0);
    for one in all {
        let out = one.await.expect("no panic");
        shown += usize::from(out["MSS_SignatureResp"]["Status"]["StatusCode"]["Value"] == "100");
        refused += usize::from(code(&out) == "_101");
    }
    assert_eq!((shown, refused), (1, 15));
}

#[tokio::test]
async fn soap_carries_the_same() {
    let sim = Sim::start("001", None).await;
    let post = async |inner: &str| {
        let url = format!("{}/mss/soap", sim.gateway.base);
        let request = sim.gateway.http.post(url).header("content-type", "application/soap+xml").body(inner.to_owned());
        let said = request.send().await.expect("an answer");
        (said.status(), said.text().await.expect("text"))
    };
    let info = |reference: &str| {
        format!(
            "<AP_Info AP_ID=\"http://localhost/ctdt\" AP_TransID=\"{reference}\" AP_PWD=\"{TOKEN}\" Instant=\"2026-01-05T08:00:00Z\"/>\
             <MSSP_Info><MSSP_ID><URI>http://localhost</URI></MSSP_ID></MSSP_Info><x:Unknown xmlns:x=\"urn:other\"/>"
        )
    };
    let start = envelope(&format!(
        "<MSS_Signature><MSS_SignatureReq MajorVersion=\"1\" MinorVersion=\"1\" MessagingMode=\"asynchClientServer\" TimeOut=\"120\">{}\
         <MobileUser><MSISDN>{}</MSISDN></MobileUser><DataToBeSigned MimeType=\"text/plain\" Encoding=\"UTF-8\">MA 4298. Ky BS</DataToBeSigned>\
         <MSS_Format><mssURI>{PKCS1}</mssURI></MSS_Format></MSS_SignatureReq></MSS_Signature>",
        info("T1"),
        sim.msisdn
    ));
    let (code, said) = post(&start).await;
    assert_eq!(code, StatusCode::OK, "{said}");
    let transaction =
        said.split("MSSP_TransID=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a reference");
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    sim.at(21);
    let status = format!(
        "<MSS_StatusReq MajorVersion=\"1\" MinorVersion=\"1\" MSSP_TransID=\"{transaction}\">{}</MSS_StatusReq>",
        info("T2")
    );
    let (code, out) = post(&envelope(&status)).await;
    assert!(code == StatusCode::BAD_REQUEST && out.contains("fi:_101"), "not whoever answered: {out}");
    let status = status.replace("<URI>http://localhost</URI>", &format!("<URI>{MSSP_ID}</URI>"));
    let (_, out) = post(&envelope(&status)).await;
    assert!(out.contains("StatusCode Value=\"502\""), "{out}");
    let signed = out.split("<fi:SignatureValue>").nth(1).and_then(|rest| rest.split('<').next()).expect("a value");
    assert!(verifies(&sim.spki, b"MA 4298. Ky BS", &json!(signed)), "the text itself is signed");

    let (code, out) = post(&start).await;
    assert!(code == StatusCode::BAD_REQUEST && out.contains("fi:_101"), "the same AP_TransID again: {out}");
    // A reference that was not used: what is let through would be answered with 100.
    let start = start.replace("\"T1\"", "\"T9\"");
    let deep = format!("{}{}", "<URI>".repeat(40), "</URI>".repeat(40));
    for wrong in [
        start.replace(NS, "http://uri.etsi.org/TS102204/v1.1.3#"),
        format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{start}"),
        start.replace("<URI>http://localhost</URI>", &deep),
        "no XML".to_owned(),
    ] {
        let (code, out) = post(&wrong).await;
        assert!(code == StatusCode::BAD_REQUEST && out.contains("fi:_101"), "{out}");
    }
}

/// The table of remote-signing.md §1a, as far as a request alone decides.
#[tokio::test]
async fn wrong_requests_have_their_codes() {
    let sim = Sim::start("001", None).await;
    for (pointer, value, expected) in [
        ("/AP_Info/AP_PWD", json!("other"), "_104"),
        ("/AP_Info/AP_TransID", json!("1-starts-with-a-digit"), "_101"),
        ("/AP_Info/Instant", json!(""), "_102"),
        ("/MajorVersion", json!("3"), "_108"),
        ("/MessagingMode", json!("synch"), "_108"),
        ("/SignatureProfile", json!("http://localhost/other"), "_109"),
        ("/MobileUser/MSISDN", json!("+84900990999"), "_105"),
        ("/DataToBeSigned/Data", json!(STANDARD.encode([0_u8; 20])), "_103"),
        ("/DataToBeSigned/MimeType", json!("image/png"), "_107"),
        ("/DataToBeDisplayed/Data", json!("a".repeat(111)), "_103"),
        ("/DataToBeDisplayed/Data", json!("Ký"), "_107"),
    ] {
        let mut body = signature(&sim.msisdn, "T1");
        *body.pointer_mut(pointer).expect("a member") = value;
        assert_eq!(code(&ask(&sim, "MSS_SignatureReq", body).await), expected, "{pointer}");
    }
    for (name, value) in [("TimeOut", "14"), ("TimeOut", "301"), ("ValidityDate", "2020-01-01T00:00:00Z")] {
        let mut body = signature(&sim.msisdn, "T1");
        body[name] = json!(value);
        assert_eq!(code(&ask(&sim, "MSS_SignatureReq", body).await), "_101", "{name}");
    }
    begun(&sim, |_| {}).await;
    let second = ask(&sim, "MSS_SignatureReq", signature(&sim.msisdn, "T2")).await;
    assert_eq!(code(&second), "_406", "one prompt for each SIM");
}

/// TS 102 204: what is asked about a prompt names the gateway that answered its start, word for word.
#[tokio::test]
async fn a_question_repeats_who_answered() {
    let sim = Sim::start("001", None).await;
    let transaction = begun(&sim, |_| {}).await;
    sim.at(21);
    for (id, expected) in [
        (json!({"URI": "http://localhost"}), "_101"),
        (json!({"DNSName": "localhost"}), "_102"),
        (json!({"URI": MSSP_ID}), "none"),
    ] {
        for name in ["MSS_StatusReq", "MSS_ReceiptReq"] {
            let mut body = about("S1", &transaction);
            body["MSSP_Info"]["MSSP_ID"] = id.clone();
            assert_eq!(code(&ask(&sim, name, body).await), expected, "{name} {id}");
        }
    }
}

/// Faults of phones, and the states of X.509 certificates, by the suffix of the number.
#[tokio::test]
async fn scenarios_have_their_codes() {
    for (suffix, expected) in [("004", "_402"), ("006", "_209")] {
        let sim = Sim::start(suffix, None).await;
        assert_eq!(code(&ask(&sim, "MSS_SignatureReq", signature(&sim.msisdn, "T1")).await), expected);
    }
    for (suffix, at, expected) in [("002", 21, "_401"), ("005", 121, "_208"), ("007", 21, "503"), ("008", 21, "501")] {
        let sim = Sim::start(suffix, None).await;
        let transaction = begun(&sim, |body| body["TimeOut"] = json!("120")).await;
        sim.press(PIN).await;
        sim.at(at);
        let out = status(&sim, &transaction).await;
        let seen = if expected.starts_with('_') { code(&out) } else { value(&out) };
        assert_eq!(seen, expected, "{suffix}: {out}");
    }
}

async fn answered(suffix: &str) -> (Sim, Vec<u8>) {
    let sim = Sim::start(suffix, None).await;
    let transaction = begun(&sim, |body| body["MSS_Format"] = json!(format!("{NS}CMS-Signature"))).await;
    assert_eq!(sim.press(PIN).await, StatusCode::OK);
    sim.at(21);
    let out = status(&sim, &transaction).await;
    let cms = text(&out["MSS_StatusResp"]["MSS_Signature"], "Base64Signature");
    (sim, STANDARD.decode(cms).expect("base64"))
}

fn has(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// 019 and 020: the attributes that the CMS of a gateway may lack or have too many of.
#[tokio::test]
async fn a_cms_has_the_attributes_of_its_scenario() {
    const ESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
    const NONCE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 25, 3];
    for (suffix, ess, nonce) in [("001", true, false), ("019", false, false), ("020", true, true)] {
        let (sim, cms) = answered(suffix).await;
        assert_eq!((has(&cms, ESS), has(&cms, NONCE)), (ess, nonce), "{suffix}");
        assert!(has(&cms, digest(&SHA256, b"x").as_ref()) && has(&cms, &dummy_certificate(&sim.spki)));
        let (attributes, signature) = signed_part(&cms);
        assert!(verifies(&sim.spki, &attributes, &json!(STANDARD.encode(signature))), "{suffix}");
    }
}

/// The signed attributes with the tag of a SET (RFC 5652 §5.4) and the signature over them, read by a library.
fn signed_part(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let outer = ContentInfo::from_der(der).expect("a ContentInfo");
    let signed = outer.content.decode_as::<SignedData>().expect("a SignedData");
    assert!(signed.encap_content_info.econtent.is_none(), "detached");
    let signer = signed.signer_infos.0.as_slice().first().expect("a signer");
    let attributes = der::Encode::to_der(signer.signed_attrs.as_ref().expect("attributes")).expect("DER");
    (attributes, signer.signature.as_bytes().to_vec())
}

/// 015: the X.509 certificate in the answer is that of the new key.
#[tokio::test]
async fn a_rotated_key_brings_its_certificate() {
    let sim = Sim::start("015", None).await;
    let transaction = begun(&sim, |_| {}).await;
    sim.press(PIN).await;
    sim.at(21);
    let out = status(&sim, &transaction).await;
    let pkcs1 = &out["MSS_StatusResp"]["MSS_Signature"]["PKCS1"];
    let leaf = Certificate::from_der(&STANDARD.decode(text(pkcs1, "X509Certificate")).expect("base64")).expect("DER");
    let spki = der::Encode::to_der(leaf.tbs_certificate().subject_public_key_info()).expect("DER");
    assert_ne!(spki, sim.spki);
    assert!(verifies(&spki, b"x", &pkcs1["SignatureValue"]));
}
