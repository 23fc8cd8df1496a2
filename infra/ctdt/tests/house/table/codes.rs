//! Every problem that the table promises is provoked on a running house: wrong order, wrong state, a service that is down.
//! A promise without a case, and without a reason why there can be none, fails.

use std::collections::BTreeSet;
use std::sync::Mutex;

use reqwest::Method;
use serde_json::{Value, json};

use super::{limits, scenes};
use crate::client::{Answer, Call, Client};
use crate::stack::Stack;

/// A promise that no call keeps in a test, and why not.
struct Reason {
    key: &'static str,
    code: &'static str,
    why: &'static str,
    /// Where else something is tested of it: a file and the test's name.
    test: Option<(&'static str, &'static str)>,
}

const REASONS: &[Reason] = &[
    Reason {
        key: "POST /v1/uploads/{id}/complete",
        code: "hash-mismatch",
        why: "the store takes only the declared bytes, once; this is the second look",
        test: Some(("infra/ctdt/tests/house/refusals.rs", "uploads_refuse_what_is_no_scan")),
    },
    Reason {
        key: "POST /v1/sign-sessions",
        code: "gateway-unavailable",
        why: "the sandbox's gateway does not fail five times in a row",
        test: Some(("tests/flow/leader.rs", "a_gateway_that_does_not_work_is_left_alone")),
    },
    Reason {
        key: "POST /v1/cases",
        code: "unit-not-enabled",
        why: "nobody of the sandbox receives in a closed office, and no route closes one",
        test: None,
    },
    Reason {
        key: "POST /v1/cases/{id}/submit",
        code: "placement-covers-content",
        why: "the wording was placed by the same rule, which refused there; only another leader's name can change it",
        test: Some(("shared/compose/tests/all/look.rs", "the_wording_never_covers_content")),
    },
    Reason {
        key: "POST /v1/cases/{id}/submit",
        code: "template-expired",
        why: "the forms of a name follow each other without a gap; an unknown name is refused at the wording",
        test: Some(("shared/compose/src/template.rs", "the_day_chooses_the_form")),
    },
    Reason {
        key: "PUT /v1/copies/{id}/attestation",
        code: "case-frozen",
        why: "a frozen dossier has no draft copy: only between reading the copy and its dossier",
        test: None,
    },
    Reason {
        key: "PUT /v1/copies/{id}/attestation",
        code: "wrong-state",
        why: "an ended dossier has no draft copy: only between reading the copy and its dossier",
        test: None,
    },
    Reason {
        key: "POST /v1/verifications",
        code: "copy-not-ready",
        why: "a copy is public only with its sealed file in the store, which nothing takes away",
        test: None,
    },
];

/// What was provoked.
pub(super) struct Cases {
    pub(super) client: Client,
    heard: Mutex<BTreeSet<(String, &'static str)>>,
}

impl Cases {
    /// The call, of this route, as this persona (nobody: `""`), gets this promised problem.
    pub(super) async fn refuses(&self, key: &str, by: &str, call: Call, code: &str) -> Value {
        let status = self.promised(key, &call, code);
        let answer = if by.is_empty() { self.client.send(call).await } else { self.client.by(by, call).await };
        answer.problem(status, code)
    }

    /// As [`Cases::refuses`], for a page: it shows the problem's title.
    pub(super) async fn page_refuses(&self, key: &str, path: &str, code: &str) {
        let call = Call::get(path);
        let page = self.client.send(call.clone()).await.is(self.promised(key, &call, code));
        let (text, known) = (String::from_utf8_lossy(&page.body), api::code(code).expect("in the catalogue"));
        assert!(text.contains(known.title.0), "{code}: {text}");
    }

    /// An answer that came is this promised problem. Gives `true`, to be counted.
    pub(super) fn refused(&self, key: &str, answer: Answer, code: &str) -> bool {
        let (method, path) = answer.what.split_once(' ').expect("method and path");
        let call = Call::new(Method::from_bytes(method.as_bytes()).expect("a method"), path);
        answer.problem(self.promised(key, &call, code), code);
        true
    }

    /// Notes a case; gives the status of its code.
    fn promised(&self, key: &str, call: &Call, code: &str) -> u16 {
        let route = api::routes().find(|route| route.key() == key).unwrap_or_else(|| panic!("no route {key}"));
        let code = route.codes.iter().find(|promised| **promised == code);
        let code = *code.unwrap_or_else(|| panic!("{key} does not promise it: {} {}", call.method, call.path));
        assert!(leads_to(route, call), "{} {} is no call of {key}", call.method, call.path);
        self.heard.lock().expect("a list").insert((key.to_owned(), code));
        api::code(code).expect("in the catalogue").status
    }

    /// Turns the directory's switch.
    pub(super) async fn directory(&self, fault: &str) {
        self.client.send(Call::post("/v1/sandbox/faults", &json!({"directory": fault}))).await.is(200);
    }

    /// Moves the sandbox clock.
    pub(super) async fn later(&self, days: i64) {
        self.client.send(Call::post("/v1/sandbox/clock", &json!({"advance_s": days * 86_400}))).await.is(200);
    }
}

/// Whether a call is one of this route.
fn leads_to(route: &api::Route, call: &Call) -> bool {
    let (promised, path) = (route.path.split('/'), call.path.split('?').next().unwrap_or_default().split('/'));
    let same = |(promised, part): (&str, &str)| promised == part || (promised.starts_with('{') && !part.is_empty());
    call.method == Method::from_bytes(route.method.as_bytes()).expect("a method")
        && promised.clone().count() == path.clone().count()
        && promised.zip(path).all(same)
}

/// All of them, on one house. The clock goes forward only at the end.
#[tokio::test]
async fn every_promised_problem_has_a_case() {
    let stack = Stack::in_memory();
    let cases = Cases { client: stack.client().await, heard: Mutex::default() };
    scenes::visits(&cases).await;
    scenes::uploads(&cases).await;
    scenes::files(&cases).await;
    let waits = scenes::desk(&cases).await;
    scenes::grounds(&cases).await;
    scenes::a_race_for_the_seal(&cases).await;
    scenes::at_the_desk(&cases).await;
    scenes::signing(&cases).await;
    let old = scenes::a_link_and_a_report(&cases).await;
    scenes::a_tired_leader(&cases).await;
    cases.later(31).await;
    scenes::too_late(&cases, &old).await;
    // The sandbox's X.509 certificates live for three years, tokens for less.
    cases.later(4 * 366).await;
    let cases = Cases { client: stack.client().await, ..cases };
    scenes::without_a_leader(&cases, &waits).await;
    // Only a house with the template's quotas refuses for them.
    let strict = Stack::with_quotas();
    let cases = Cases { client: strict.client().await, ..cases };
    limits::too_many(&cases).await;

    let promised: BTreeSet<(String, &str)> =
        api::routes().flat_map(|route| route.codes.iter().map(|code| (route.key(), *code))).collect();
    let heard = cases.heard.into_inner().expect("a list");
    let excused: BTreeSet<(String, &str)> = REASONS.iter().map(|reason| (reason.key.to_owned(), reason.code)).collect();
    let without: Vec<_> = promised.iter().filter(|it| !heard.contains(it) && !excused.contains(it)).collect();
    assert!(without.is_empty(), "promised, and neither a case nor a reason: {without:#?}");
    let idle: Vec<_> = excused.iter().filter(|it| heard.contains(it) || !promised.contains(it)).collect();
    assert!(idle.is_empty(), "reasons for what has a case or is not promised: {idle:#?}");
}

/// A test that a reason names is there.
#[test]
fn reasons_are_true_as_far_as_that_can_be_told() {
    for Reason { key, code, why, test } in REASONS {
        assert!(!why.is_empty(), "{key} {code}");
        let Some((file, name)) = test else { continue };
        let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(source.contains(&format!("fn {name}(")), "{key} {code}: {file} has no {name}");
    }
}
