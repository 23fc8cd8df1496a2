//! The five situations that a clerk meets: valid, altered, only one signature, expired today but valid then, revocation unknown.

use pades::*;

use crate::common::*;
use crate::past::{DAY, good, root_crl, short_lived, stored};
use crate::wording::worded;

/// Name of the file, its bytes, when it is judged, and what comes out.
struct Situation {
    name: &'static str,
    file: Vec<u8>,
    at: i64,
    verdict: Verdict,
    code: &'static str,
}

/// One PKI and one copy; what happened to it makes the difference.
fn situations() -> (Pki, Vec<Situation>) {
    let pki = short_lived();
    let made = worded(&pki);
    let material = [good(&pki, &pki.leader, NOW + 90), good(&pki, &pki.agency, NOW + 90)];
    let archived = stored(&pki, &made.sealed, &material, &[root_crl(&pki, NOW + 70, &[])], NOW + 120);
    let at = archived.windows(7).position(|part| part == b"Ban sao").expect("the text of the page");
    let mut altered = archived.clone();
    altered[at..at + 7].copy_from_slice(b"Ban sai");
    let soon = NOW + 3600;
    let one = |name, file: &[u8], at, verdict, code| Situation { name, file: file.to_vec(), at, verdict, code };
    let all = vec![
        one("hop-le", &archived, soon, Verdict::Valid, "later-change-allowed"),
        one("bi-sua", &altered, soon, Verdict::Invalid, "content-changed"),
        one("mot-chu-ky", &made.signed, soon, Verdict::Invalid, "only-one-signature"),
        one("het-han", &archived, NOW + 200 * DAY, Verdict::Valid, "certificate-expired-now"),
        one("chua-ro-thu-hoi", &made.sealed, soon, Verdict::Indeterminate, "revocation-unknown"),
    ];
    (pki, all)
}

/// Each has its verdict and its reason, in words that name what to do.
#[test]
fn a_clerk_is_told_what_to_do() {
    let (pki, all) = situations();
    for one in &all {
        let report = judge_as(&one.file, &pki.anchors(), one.at, Profile::Ecopy);
        assert_eq!(report.verdict, one.verdict, "{}: {:?}", one.name, report.reasons);
        assert!(codes(&report).contains(&one.code), "{}: {:?}", one.name, report.reasons);
        let words = [&report.summary, &report.action, &report.summary_en, &report.action_en];
        assert!(words.iter().all(|words| !words.is_empty()), "{}", one.name);
        assert_eq!(report.checks.len(), 5);
        assert_eq!(report.provable.is_some(), one.verdict == Verdict::Valid, "{}", one.name);
    }
    hand_out(&pki, &all);
}

/// Writes the copies where `SITUATIONS_OUT` says: the program's own tests keep one set with what is printed about it.
#[expect(clippy::disallowed_methods, reason = "a setting of the person who runs the tests, not of the program")]
fn hand_out(pki: &Pki, all: &[Situation]) {
    let Ok(folder) = std::env::var("SITUATIONS_OUT") else { return };
    std::fs::write(format!("{folder}/trust.pem"), pki.root.chain[0].to_pem()).expect("written");
    // What has expired is the valid copy, looked at later.
    for one in all.iter().filter(|one| one.name != "het-han") {
        std::fs::write(format!("{folder}/{}.pdf", one.name), &one.file).expect("written");
    }
}
