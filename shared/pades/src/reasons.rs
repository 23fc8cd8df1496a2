//! The catalogue of reasons: code → sentence and action in Vietnamese and English (R69, pages.md §3.5).
//!
//! A sentence says what a clerk can act on; facts go into `{name}` places. Severity decides the verdict, the check says which of the five
//! questions the reason answers.

mod certificates;
mod document;
mod integrity;
mod register;
mod rules;
mod services;
mod timestamps;

pub use rules::rule;

use std::collections::BTreeMap;

use crate::report::{CheckId, Reason, Text};
use crate::said::{self, Words};

/// How a reason weighs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Makes the file invalid.
    Fatal,
    /// Makes it impossible to tell.
    Unknown,
    /// Worth knowing, changes nothing.
    Note,
}

/// Who can do something about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// Người nộp.
    Requester,
    /// Cơ quan cấp.
    Issuer,
    /// Kỹ thuật.
    Technician,
    /// Không ai.
    Nobody,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// Stable code.
    pub code: &'static str,
    /// Weight.
    pub severity: Severity,
    /// The check that it belongs to.
    pub check: CheckId,
    /// Who must act.
    pub owner: Owner,
    /// Why, in Vietnamese.
    pub vi: &'static str,
    /// Why, in English.
    pub en: &'static str,
    /// What to do, in Vietnamese.
    pub action_vi: &'static str,
    /// What to do, in English.
    pub action_en: &'static str,
}

/// The row of a code.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    ROWS.iter().find(|row| row.code == code)
}

/// All rows.
pub fn explanations() -> &'static [Explanation] {
    &ROWS
}

/// Codes that only this crate makes always have a row; a foreign code is treated as a failure of the analysis.
pub(crate) fn severity(code: &str) -> Severity {
    explain(code).map_or(Severity::Unknown, |row| row.severity)
}

/// Facts whose value is a name that the file chose.
const NAMES: &[&str] = &["field", "leader", "seal", "wording"];

pub(crate) fn reason(code: &str, facts: &[(&str, Words)]) -> Reason {
    let (vi, en) = sentence(code, facts);
    let shown = |name: &str, value: &str| match NAMES.contains(&name) {
        true => said::quoted(value),
        false => said::fact(value),
    };
    let fact = |wanted: &str| facts.iter().find(|(name, _)| *name == wanted);
    let text = Text {
        vi: fill(vi, &|wanted| fact(wanted).map(|(name, words)| shown(name, &words.vi))),
        en: fill(en, &|wanted| fact(wanted).map(|(name, words)| shown(name, &words.en))),
    };
    let mut params = BTreeMap::new();
    for (name, words) in facts {
        let plain = |value: &str| if NAMES.contains(name) { said::name(value) } else { said::fact(value) };
        params.insert((*name).to_owned(), plain(&words.vi));
        if words.en != words.vi {
            params.insert(format!("{name}_en"), plain(&words.en));
        }
    }
    // Of a later change the rule is known more exactly than by its code.
    params.entry("rule".to_owned()).or_insert_with(|| rule(code).to_owned());
    Reason { code: code.to_owned(), text, params }
}

/// What a code says, by the facts that are known.
fn sentence(code: &str, facts: &[(&str, Words)]) -> (&'static str, &'static str) {
    let known = |wanted: &str| facts.iter().any(|(name, _)| *name == wanted);
    if code == "annulled" && !known("decision") {
        return UNDECIDED;
    }
    if code == "weak-algorithm" && known("evidence") {
        return WEAK_EVIDENCE;
    }
    let placed = integrity::PLACED.iter().find(|(placed, ..)| *placed == code && known("where"));
    match (placed, explain(code)) {
        (Some((_, vi, en)), _) => (vi, en),
        (None, Some(row)) => (row.vi, row.en),
        (None, None) => ("", ""),
    }
}

/// Fills the places of a sentence in one pass: what fills one place is not searched for others.
fn fill(template: &str, fact: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, place)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = place.split_once('}') else { break };
        text.push_str(&fact(name).unwrap_or_default());
        rest = after;
    }
    text.push_str(rest);
    text
}

/// What `annulled` says where the register knows no decision: some copies were annulled before decisions were kept.
const UNDECIDED: (&str, &str) = (
    "Bản chứng thực này đã bị huỷ, ghi sổ ngày {entered}.",
    "This certified copy was annulled, entered in the register on {entered}.",
);

/// What `weak-algorithm` says where the revocation evidence was signed so, not the signature.
const WEAK_EVIDENCE: (&str, &str) = (
    "Chứng cứ thu hồi được ký bằng thuật toán quá yếu ({algorithm}) ({field}).",
    "The revocation evidence was signed with an algorithm that is too weak ({algorithm}) ({field}).",
);

const NO_ACCEPT: (&str, &str) = ("Không tiếp nhận.", "Do not accept it.");
const STILL_VALID: (&str, &str) = ("Vẫn hợp lệ.", "It stays valid.");
const ASK_ISSUER: (&str, &str) = ("Không tiếp nhận; báo cơ quan cấp.", "Do not accept it; tell the issuing agency.");
const EXPERT: (&str, &str) = ("Chuyển người có chuyên môn xem.", "Let an expert look at it.");
const ORIGINAL: (&str, &str) = (
    "Đề nghị người nộp gửi đúng tệp gốc nhận từ Cổng hoặc thư điện tử.",
    "Ask for the original file as received from the portal or by e-mail.",
);
const LATER: (&str, &str) =
    ("Thử lại sau ít phút; không kết luận là sai.", "Try again in some minutes; do not call it wrong.");
const EVIDENCE: (&str, &str) = (
    "Chưa kết luận, không có nghĩa là sai; cần chứng cứ thu hồi (OCSP hoặc CRL) của tổ chức cấp chứng thư.",
    "No conclusion, which does not mean that it is wrong; revocation evidence of the issuer (OCSP or CRL) is needed.",
);
const RESPONDER: (&str, &str) = (
    "Chưa kết luận; kiểm tra lại khi có CRL của CA, và báo CA về máy trả lời OCSP này.",
    "No conclusion; judge again with the CA's CRL, and tell the CA about this OCSP responder.",
);
const TRUST_LIST: (&str, &str) =
    ("Chưa kết luận; cập nhật danh sách tin cậy.", "No conclusion; update the trusted list.");

const fn row(
    code: &'static str,
    severity: Severity,
    check: CheckId,
    owner: Owner,
    text: (&'static str, &'static str),
    action: (&'static str, &'static str),
) -> Explanation {
    Explanation { code, severity, check, owner, vi: text.0, en: text.1, action_vi: action.0, action_en: action.1 }
}

/// The catalogue, by topic. Within a topic the gravest come first.
const TOPICS: [&[Explanation]; 6] =
    [document::ROWS, integrity::ROWS, certificates::ROWS, timestamps::ROWS, services::ROWS, register::ROWS];

const COUNT: usize = {
    let (mut count, mut topic) = (0, 0);
    while topic < TOPICS.len() {
        count += TOPICS[topic].len();
        topic += 1;
    }
    count
};

static ROWS: [Explanation; COUNT] = {
    let mut rows = [TOPICS[0][0]; COUNT];
    let (mut at, mut topic) = (0, 0);
    while topic < TOPICS.len() {
        let mut row = 0;
        while row < TOPICS[topic].len() {
            rows[at] = TOPICS[topic][row];
            at += 1;
            row += 1;
        }
        topic += 1;
    }
    rows
};
