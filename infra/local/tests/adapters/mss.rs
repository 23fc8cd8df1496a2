//! The MSS adapter against the simulator's MSS face, which checks every request by FiCom's table, in both bindings. Touches
//! R25 to R27 and remote-signing.md §1a.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::model::Shape;
use domain::ports::{GatewayAnswer, RemoteSigning as _, SignOrder};
use jiff::Timestamp;
use remote_signing::{Binding, Mss, MssSetup};
use serde_json::json;

use crate::cloud::NOBODY;
use crate::phone::{MSISDN, PATIENCE, PIN, Phone, TOKEN, refused};
use crate::script::{Script, line};

const BINDINGS: [Binding; 2] = [Binding::Soap, Binding::Json];
/// Not what the simulator calls itself.
const CONFIGURED: &str = "http://localhost/the-configured-ae";
/// `URI=http://localhost/ae`, as it stands in a handle.
const GATEWAY: &str = "VVJJPWh0dHA6Ly9sb2NhbGhvc3QvYWU";
const PROFILE: &str = "http://alauda.mobi/nonRepudiation";

/// A phone, whose clock and ours are moved together.
struct Desk {
    phone: Phone,
    offset: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    began: i64,
    binding: Binding,
}

impl Desk {
    async fn open(binding: Binding) -> Desk {
        let folder = tempfile::tempdir().expect("a folder");
        let phone = Phone::with_clock(Some(folder.path().join("offset"))).await.with_certificate().await;
        // Between two calls a second may pass: the clock stands still where it matters, half-way between the pauses.
        Desk { phone, offset: Arc::default(), folder, began: Timestamp::now().as_second(), binding }
    }

    /// So many seconds after the beginning, and not much more.
    fn at(&self, seconds: i64) {
        let offset = self.began + seconds - Timestamp::now().as_second();
        std::fs::write(self.folder.path().join("offset"), offset.to_string()).expect("written");
        self.offset.store(offset, Ordering::SeqCst);
    }

    fn mss(&self) -> Mss {
        self.speaking(TOKEN)
    }

    fn speaking(&self, password: &str) -> Mss {
        self.asking_for(Shape::Raw, password)
    }

    fn asking_for(&self, shape: Shape, password: &str) -> Mss {
        let offset = Arc::clone(&self.offset);
        let now = move || Timestamp::now() + jiff::SignedDuration::from_secs(offset.load(Ordering::SeqCst));
        let url = match self.binding {
            Binding::Soap => format!("{}/mss/soap", self.phone.base),
            Binding::Json => format!("{}/mss/json", self.phone.base),
        };
        Mss::new(MssSetup { shape, ..setup(&url, self.binding, password) }, None, now).expect("a client")
    }

    fn order(&self, session: u8) -> SignOrder {
        SignOrder { credential_id: MSISDN.to_owned(), ..self.phone.order(session, &[b"x"]) }
    }

    /// Asked when the pauses allow it.
    async fn poll(
        &self,
        mss: &Mss,
        order: &SignOrder,
        handle: &str,
        at: i64,
    ) -> Result<GatewayAnswer, domain::ports::Fault> {
        self.at(at);
        mss.poll(order, handle).await
    }
}

fn setup<'a>(url: &'a str, binding: Binding, password: &'a str) -> MssSetup<'a> {
    MssSetup {
        shape: Shape::Raw,
        url,
        binding,
        gateway: CONFIGURED,
        provider: "http://localhost/ctdt",
        password,
        profile: PROFILE,
        patience: PATIENCE,
    }
}

/// Prompt, pauses, PIN, and a bare signature over exactly what was prepared.
#[tokio::test]
async fn a_confirmed_prompt_gives_the_signature() {
    for binding in BINDINGS {
        let desk = Desk::open(binding).await;
        let (mss, order) = (desk.mss(), desk.order(1));
        let handle = mss.start(&order).await.expect("a handle");
        let prompts = desk.phone.prompts().await;
        assert_eq!(
            (prompts.len(), &prompts[0]["code"], &prompts[0]["text"]),
            (1, &json!("4298"), &json!(order.display_text))
        );
        assert_eq!(mss.poll(&order, &handle).await, Ok(GatewayAnswer::Pending), "nobody is asked yet");
        assert_eq!(desk.poll(&mss, &order, &handle, 25).await, Ok(GatewayAnswer::Pending));
        desk.phone.confirm(PIN).await;
        assert_eq!(mss.poll(&order, &handle).await, Ok(GatewayAnswer::Pending), "asked a moment ago");
        let answer = desk.poll(&mss, &order, &handle, 35).await;
        let Ok(GatewayAnswer::Signed(signatures)) = answer else { panic!("{binding:?}: {answer:?}") };
        assert!(signatures.len() == 1 && desk.phone.verifies(b"x", &signatures[0]), "{binding:?}");
        // Another process, which does not know what this one has asked: the gateway's "too soon" is no answer.
        assert!(desk.poll(&desk.mss(), &order, &handle, 36).await.is_err(), "{binding:?}");
        let again = desk.poll(&desk.mss(), &order, &handle, 45).await;
        assert!(matches!(again, Ok(GatewayAnswer::Signed(_))), "{binding:?}: {again:?}");
    }
}

/// Scenarios 019 and 020: a gateway that makes the CMS structure itself. What it signed is taken out of it; without the ESS attribute it is no
/// PAdES signature, and a nonce of the gateway's is signed with the rest.
#[tokio::test]
async fn a_gateway_may_make_the_structure() {
    for binding in BINDINGS {
        for (scenario, good) in
            [("ok", true), ("cms-with-nonce", true), ("cms-without-ess", false), ("other-hash", false)]
        {
            let desk = Desk::open(binding).await;
            desk.phone.scenario(scenario).await;
            let (mss, order) = (desk.asking_for(Shape::Cms, TOKEN), desk.order(1));
            assert_eq!(mss.shape(), Shape::Cms);
            let handle = mss.start(&order).await.expect("a handle");
            desk.phone.confirm(PIN).await;
            let answer = desk.poll(&mss, &order, &handle, 25).await;
            let Ok(GatewayAnswer::Signed(answers)) = answer else { panic!("{binding:?} {scenario}: {answer:?}") };
            let structure = pki::cms::SignedData::parse(&answers[0]).expect("a CMS structure");
            let apart = structure.apart(&order.hashes[0], desk.phone.leaf());
            assert_eq!(apart.is_ok(), good, "{binding:?} {scenario}: {apart:?}");
            // Whoever asked for a bare signature gets a fault, and no structure for one.
            let bare = desk.poll(&desk.mss(), &order, &handle, 35).await;
            assert!(bare.is_err(), "{binding:?} {scenario}: {bare:?}");
        }
    }
}

/// FiCom's codes as the words of remote-signing.md §1a, at the start and while the person is asked.
#[tokio::test]
async fn codes_become_neutral_words() {
    for binding in BINDINGS {
        for (scenario, confirms, at, word) in [
            ("reject", false, 25, "user-rejected"),
            ("timeout", true, 130, "user-timeout"),
            ("unreachable", false, 25, "unreachable"),
            ("pin-blocked", false, 25, "pin-blocked"),
            ("certificate-revoked", true, 25, "cert-revoked"),
            ("certificate-expired", true, 25, "signature-invalid"),
        ] {
            let desk = Desk::open(binding).await;
            desk.phone.scenario(scenario).await;
            let (mss, order) = (desk.mss(), desk.order(1));
            let handle = mss.start(&order).await.expect("a handle");
            if confirms {
                desk.phone.confirm(PIN).await;
            }
            assert_eq!(desk.poll(&mss, &order, &handle, at).await, refused(word), "{binding:?} {scenario}");
        }
    }
}

/// What is refused before anybody was asked ends the session at its first poll, and shows nothing.
#[tokio::test]
async fn what_is_refused_at_once_is_told() {
    for binding in BINDINGS {
        let desk = Desk::open(binding).await;
        let (mss, first) = (desk.mss(), desk.order(1));
        mss.start(&first).await.expect("a handle");
        let elsewhere = SignOrder { credential_id: "+84900000099".into(), ..desk.order(3) };
        let no_phone = SignOrder { credential_id: "sim-1".into(), ..desk.order(4) };
        let two = SignOrder { hashes: vec![[1; 32], [2; 32]], ..desk.order(5) };
        let none = SignOrder { hashes: vec![], ..desk.order(6) };
        for (order, word) in [
            (desk.order(2), "busy"),
            (first.clone(), "bad-request"),
            (elsewhere, "not-enrolled"),
            (no_phone, "not-enrolled"),
            (two, "credential-unfit"),
            (none, "bad-request"),
        ] {
            let handle = mss.start(&order).await.expect("a handle");
            assert_eq!(mss.poll(&order, &handle).await, refused(word), "{binding:?}");
        }
        let stranger = desk.speaking("another-password");
        let handle = stranger.start(&desk.order(7)).await.expect("a handle");
        assert_eq!(stranger.poll(&first, &handle).await, refused("unauthorized"));
        assert_eq!(desk.phone.prompts().await.len(), 1, "the first prompt only");
    }
}

/// A lost answer is a fault and never a second prompt; a gateway that fails is asked again.
#[tokio::test]
async fn no_answer_is_not_no() {
    for binding in BINDINGS {
        let desk = Desk::open(binding).await;
        let mss = desk.mss();
        desk.phone.scenario("lost-start").await;
        assert!(mss.start(&desk.order(1)).await.is_err());
        assert_eq!(desk.phone.prompts().await.len(), 1);
        desk.phone.post(&format!("/phones/{MSISDN}/reject"), json!({})).await;
        desk.phone.scenario("ok").await;
        let order = desk.order(2);
        let handle = mss.start(&order).await.expect("a handle");
        desk.phone.confirm(PIN).await;
        for (scenario, at) in [("server-error", 25), ("garbage", 35)] {
            desk.phone.scenario(scenario).await;
            assert!(desk.poll(&mss, &order, &handle, at).await.is_err(), "{binding:?} {scenario}");
        }
        desk.phone.scenario("ok").await;
        let answer = desk.poll(&mss, &order, &handle, 45).await;
        assert!(matches!(answer, Ok(GatewayAnswer::Signed(_))), "{binding:?}: {answer:?}");
        assert!(mss.poll(&order, "csc:x").await.is_err(), "not a handle of ours");
        let (known, _) = handle.rsplit_once(':').expect("a handle");
        let lost = format!("{known}:unknown");
        assert!(desk.poll(&mss, &order, &lost, 55).await.is_err(), "a handle that the gateway lost");
    }
    let nobody = Mss::new(setup(NOBODY, Binding::Json, TOKEN), None, Timestamp::now).expect("a client");
    let order = SignOrder { credential_id: MSISDN.to_owned(), ..Phone::nobody().order(1, &[b"x"]) };
    assert!(nobody.start(&order).await.is_err());
}

/// remote-signing.md §1a: a question about a prompt names the gateway as its first answer has it, whatever was configured; and as configured when
/// that answer does not say.
#[tokio::test]
async fn a_question_names_whoever_answered() {
    for (said, named) in [
        (r#","MSSP_Info":{"MSSP_ID":{"DNSName":"ae2.example.vn"}}"#, json!({"DNSName": "ae2.example.vn"})),
        ("", json!({"URI": CONFIGURED})),
    ] {
        let answer = |name: &str, code: &str| {
            let body =
                format!(r#"{{"{name}":{{"MSSP_TransID":"t"{said},"Status":{{"StatusCode":{{"Value":"{code}"}}}}}}}}"#);
            line(200, "application/json", body)
        };
        let script = Script::new(vec![answer("MSS_SignatureResp", "100"), answer("MSS_StatusResp", "504")]);
        let now = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&now);
        let clock = move || Timestamp::from_second(clock.load(Ordering::SeqCst)).expect("a time");
        let mss = Mss::new(setup(&script.url(), Binding::Json, TOKEN), None, clock).expect("a client");
        let order = SignOrder { credential_id: MSISDN.to_owned(), ..Phone::nobody().order(1, &[b"x"]) };
        let handle = mss.start(&order).await.expect("a handle");
        now.store(60, Ordering::SeqCst);
        assert_eq!(mss.poll(&order, &handle).await, Ok(GatewayAnswer::Pending));
        let asked: Vec<serde_json::Value> =
            script.asked().iter().map(|(_, body)| serde_json::from_slice(body).expect("JSON")).collect();
        assert_eq!(asked[0]["MSS_SignatureReq"]["MSSP_Info"]["MSSP_ID"], json!({"URI": CONFIGURED}));
        assert_eq!(asked[1]["MSS_StatusReq"]["MSSP_Info"]["MSSP_ID"], named);
    }
}

/// What a gateway answers is not believed to be what MSS says.
#[tokio::test]
async fn an_answer_about_something_else_is_none() {
    let order = SignOrder { credential_id: MSISDN.to_owned(), ..Phone::nobody().order(1, &[b"x"]) };
    let said = |transaction: &str, code: &str, more: &str| {
        let body = format!(
            r#"{{"MSS_StatusResp":{{"MSSP_TransID":"{transaction}","Status":{{"StatusCode":{{"Value":"{code}"}}}}{more}}}}}"#
        );
        line(200, "application/json", body)
    };
    let cms = r#","MSS_Signature":{"Base64Signature":"MIIB"}"#;
    let empty = r#","MSS_Signature":{"PKCS1":{"SignatureValue":""}}"#;
    for answer in [
        said("other", "502", ""),
        said("t", "502", ""),
        said("t", "502", cms),
        said("t", "502", empty),
        said("t", "900", ""),
        said("t", "101", ""),
        line(500, "application/json", r#"{"Fault":{"Code":{"SubCode":{"Value":"_900"}}}}"#),
        line(500, "text/html", "<html>"),
    ] {
        let script = Script::new(vec![answer.clone()]);
        let mss = Mss::new(setup(&script.url(), Binding::Json, TOKEN), None, Timestamp::now).expect("a client");
        assert!(
            mss.poll(&order, &format!("mss:0:{GATEWAY}:t")).await.is_err(),
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        assert_eq!(script.asked().len(), 1, "it was asked");
    }
}
