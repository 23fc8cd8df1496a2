//! A report for people, top to bottom: the answer, what to do, five checks, who signed, what changed since, and the
//! technical facts folded away.
//!
//! Says nothing that the report does not say.

use maud::{Markup, html};
use pades::{
    Changes, Check, CheckId, CheckResult, Covers, Indication, Integrity, Judgement, LEADER_FIELD, Level, PathStatus,
    Reason, Report, ReportKind, Revocation, Role, SEAL_FIELD, SignatureKind, SignatureReport, SignerReport, TimeSource,
    Verdict, explain,
};

use crate::Lang;
use crate::words::{day, moment, size};

/// Letters that are shown of words out of a file.
const SHOWN: usize = 300;

/// The five answers (pages.md §3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phrase {
    /// HỢP LỆ.
    Valid,
    /// KHÔNG HỢP LỆ.
    Invalid,
    /// CHƯA ĐỦ THÔNG TIN.
    Unsure,
    /// ĐÃ BỊ HUỶ.
    Annulled,
    /// KHÔNG PHẢI BẢN SAO CHỨNG THỰC.
    NotACopy,
}

impl Phrase {
    /// The answer of a report. "Cannot be told" is never one of the others (decision 20).
    pub fn of(report: &Report) -> Self {
        let says = |code: &str| report.reasons.iter().any(|reason| reason.code == code);
        match (report.verdict, report.kind) {
            _ if says("annulled") => Phrase::Annulled,
            (Verdict::Indeterminate, _) => Phrase::Unsure,
            (_, ReportKind::Unsigned) | (Verdict::Valid, ReportKind::SignedPdf) => Phrase::NotACopy,
            _ if says("not-a-pdf") => Phrase::NotACopy,
            (Verdict::Valid, _) => Phrase::Valid,
            (Verdict::Invalid, _) => Phrase::Invalid,
        }
    }

    /// The words.
    pub fn text(self, lang: Lang) -> &'static str {
        match self {
            Phrase::Valid => lang.pick("HỢP LỆ", "VALID"),
            Phrase::Invalid => lang.pick("KHÔNG HỢP LỆ", "NOT VALID"),
            Phrase::Unsure => lang.pick("CHƯA ĐỦ THÔNG TIN", "CANNOT BE TOLD"),
            Phrase::Annulled => lang.pick("ĐÃ BỊ HUỶ", "ANNULLED"),
            Phrase::NotACopy => lang.pick("KHÔNG PHẢI BẢN SAO CHỨNG THỰC", "NOT A CERTIFIED COPY"),
        }
    }

    fn class(self) -> &'static str {
        match self {
            Phrase::Valid => "verdict valid",
            Phrase::Invalid => "verdict invalid",
            Phrase::Unsure => "verdict unsure",
            Phrase::Annulled => "verdict annulled",
            Phrase::NotACopy => "verdict other",
        }
    }

    /// A drawing beside the words: never colour alone.
    fn icon(self) -> Markup {
        let path = match self {
            Phrase::Valid => "M5 12.5l4.5 4.5L19 7.5",
            Phrase::Invalid => "M6 6l12 12M18 6L6 18",
            Phrase::Unsure => "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.2-1.5 2.3M12 18.2v.3",
            Phrase::Annulled => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M5.6 5.6l12.8 12.8",
            Phrase::NotACopy => "M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5",
        };
        html! { svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(path) {} } }
    }
}

/// The bar on top: drawing, answer, why, what to do.
pub(crate) fn bar(phrase: Phrase, title: &str, why: &str, action: Option<&str>) -> Markup {
    html! {
        div class=(phrase.class()) {
            (phrase.icon())
            div {
                h2 tabindex="-1" autofocus data-testid="verdict" { (title) }
                p { (why) }
                @if let Some(action) = action { p.action data-testid="action" { (action) } }
            }
        }
    }
}

/// The whole report.
pub(crate) fn report(lang: Lang, report: &Report) -> Markup {
    let phrase = Phrase::of(report);
    let (why, action) = sentences(lang, report);
    let why = plain(lang, &why);
    let people: Vec<_> = report.signatures.iter().filter(|one| one.kind == SignatureKind::Signature).collect();
    html! {
        (bar(phrase, phrase.text(lang), &why, Some(&action)))
        (file_line(lang, report))
        h3 { (lang.pick("Năm điều đã kiểm tra", "Five checks")) }
        ul.checks { @for check in &report.checks { (check_line(lang, check)) } }
        @if !people.is_empty() {
            div.signers { @for one in &people { (signer_card(lang, one)) } }
            h3 { (lang.pick("Có gì thay đổi sau khi ký?", "What changed after signing?")) }
            ol.changes {
                @for one in &report.signatures { (change_line(lang, one)) }
                @for one in report.revisions.iter().filter(|one| one.judgement != Judgement::Allowed) {
                    li.fail data-testid="revision" { (lang.pick(&one.text.vi, &one.text.en)) }
                }
            }
        }
        (technical(lang, report))
        p { button.print type="button" data-print hidden { (lang.pick("In biên bản này", "Print this report")) } }
    }
}

/// Why and what to do, as the report says; reports of before have no English, which is then that of their first reason.
fn sentences(lang: Lang, report: &Report) -> (String, String) {
    if lang == Lang::Vi {
        return (report.summary.clone(), report.action.clone());
    }
    if !report.summary_en.is_empty() && !report.action_en.is_empty() {
        return (report.summary_en.clone(), report.action_en.clone());
    }
    let (why, action) = match (report.verdict, report.kind, report.reasons.first()) {
        (Verdict::Valid, ReportKind::CertifiedCopy, _) => (
            "Both signatures are intact and by the right signers; nothing was changed without permission.",
            "You may accept it.",
        ),
        (Verdict::Valid, _, _) => (
            "The file's digital signature is valid; it is not a certified copy.",
            "You may accept it as a signed file.",
        ),
        (_, _, Some(first)) => {
            let action = explain(&first.code).map_or("Let an expert look at it.", |row| row.action_en);
            (first.text.en.as_str(), action)
        }
        (_, _, None) => ("There is not enough information.", "Try again later."),
    };
    (why.to_owned(), action.to_owned())
}

fn file_line(lang: Lang, report: &Report) -> Markup {
    html! {
        @if let Some(number) = &report.number {
            p.number data-testid="number" {
                @if lang == Lang::Vi {
                    "Số chứng thực " (number.number) ", quyển số " (number.book) "/" (number.year) " - " (number.suffix)
                } @else {
                    "Attestation no. " (number.number) ", book " (number.book) "/" (number.year) " - " (number.suffix)
                }
            }
        }
        p.file { bdi { (said(&report.file)) } " · " (size(lang, report.size)) " · " (lang.pick("kiểm tra lúc ", "checked at ")) (moment(&report.checked_at)) }
        @if report.reasons.iter().any(|reason| reason.code == "test-certificate") {
            p.notice { (lang.pick("Ký bằng chứng thư thử nghiệm: không có giá trị ngoài môi trường thử nghiệm.", "Signed with test certificates: without value outside the test environment.")) }
        }
    }
}

/// Name of a check, and what it means when it passes.
fn question(lang: Lang, id: CheckId) -> (&'static str, &'static str) {
    match id {
        CheckId::Integrity => (
            lang.pick("Tệp còn nguyên vẹn", "The file is intact"),
            lang.pick(
                "Mã băm và giá trị chữ ký khớp với nội dung; không có gì bị sửa trái phép.",
                "Digests and signature values match the content; nothing was changed without permission.",
            ),
        ),
        CheckId::SignerCertificates => (
            lang.pick(
                "Chứng thư của người ký có hiệu lực lúc ký",
                "The signers' certificates were good when they signed",
            ),
            lang.pick("Còn hạn, chưa bị thu hồi lúc ký.", "In force and not revoked at the time of signing."),
        ),
        CheckId::Timestamps => (
            lang.pick("Có dấu thời gian tin cậy", "There are trusted time-stamps"),
            lang.pick(
                "Thời điểm ký do tổ chức cấp dấu thời gian xác nhận.",
                "The time of signing is confirmed by a time-stamping authority.",
            ),
        ),
        CheckId::TrustService => (
            lang.pick("Tổ chức cấp chứng thư được tin cậy", "The issuers of the certificates are trusted"),
            lang.pick("Chứng thư nối được tới gốc tin cậy.", "The certificates lead to a trusted root."),
        ),
        CheckId::Register => (
            lang.pick("Khớp với sổ chứng thực", "It agrees with the register"),
            lang.pick(
                "Số, thứ tự ký, cơ quan và mã băm khớp với sổ của cơ quan.",
                "Number, order, agency and digest agree with the agency's register.",
            ),
        ),
    }
}

fn check_line(lang: Lang, check: &Check) -> Markup {
    let (name, passed) = question(lang, check.id);
    let (class, sign, word) = match check.result {
        CheckResult::Pass => ("pass", "✔", lang.pick("Đạt", "Passed")),
        CheckResult::Fail => ("fail", "✖", lang.pick("Không đạt", "Failed")),
        CheckResult::Unknown => ("unknown", "?", lang.pick("Chưa rõ", "Not known")),
        CheckResult::NotChecked => ("skipped", "–", lang.pick("Không kiểm tra", "Not checked")),
    };
    let open = matches!(check.result, CheckResult::Fail | CheckResult::Unknown);
    html! {
        li class=(class) {
            details open[open] {
                summary { span.sign aria-hidden="true" { (sign) } span.name { (name) } span.word { (word) } }
                @if check.result == CheckResult::Pass { p { (passed) } }
                @if check.result == CheckResult::NotChecked && check.reasons.is_empty() {
                    p { (lang.pick("Tệp này không có gì để kiểm tra ở mục này, hoặc mục trước đã không đạt.", "The file has nothing to check here, or an earlier check failed.")) }
                }
                @for reason in &check.reasons { (reason_line(lang, reason)) }
            }
        }
    }
}

fn reason_line(lang: Lang, reason: &Reason) -> Markup {
    let action = explain(&reason.code).map(|row| lang.pick(row.action_vi, row.action_en));
    html! { p { (plain(lang, lang.pick(&reason.text.vi, &reason.text.en))) @if let Some(action) = action { " " em { (action) } } } }
}

/// A sentence of the catalogue names the field of a signature; people know whose signature it is.
fn plain(lang: Lang, text: &str) -> String {
    let (leader, seal) = match lang {
        Lang::Vi => ("chữ ký của lãnh đạo", "dấu của cơ quan"),
        Lang::En => ("the leader's signature", "the agency's seal"),
    };
    [(LEADER_FIELD, leader), (SEAL_FIELD, seal)].into_iter().fold(text.to_owned(), |text, (field, name)| {
        // Names from files stand in quotation marks; reports that were kept earlier have them without.
        [format!("“{field}”"), field.to_owned()].iter().fold(text, |text, field| {
            let text = text.replace(&format!("({field}"), &format!("({name}"));
            text.replace(&format!("chữ ký {field}"), name).replace(&format!("signature {field}"), name)
        })
    })
}

fn role(lang: Lang, one: &SignatureReport) -> &'static str {
    match (one.role, one.kind) {
        (Role::Leader, _) => lang.pick("Lãnh đạo ký", "Signed by the leader"),
        (Role::Seal, _) => lang.pick("Cơ quan đóng dấu", "Sealed by the agency"),
        (_, SignatureKind::DocTimestamp) => lang.pick("Dấu thời gian của tệp", "Time-stamp over the file"),
        (_, SignatureKind::Signature) => lang.pick("Chữ ký số", "Digital signature"),
    }
}

fn signer_card(lang: Lang, one: &SignatureReport) -> Markup {
    html! {
        section.signer {
            h3 { (role(lang, one)) }
            dl {
                @if let Some(signer) = &one.signer {
                    (fact(lang.pick("Người ký", "Signer"), &common_name(&signer.subject)))
                    @if let Some(organisation) = &signer.organisation { (fact(lang.pick("Tổ chức", "Organisation"), &said(organisation))) }
                }
                (fact(lang.pick("Thời điểm", "Time"), &when(lang, one)))
                @if let Some(signer) = &one.signer {
                    (fact(lang.pick("Chứng thư", "Certificate"), validity(lang, one, signer)))
                    (fact(lang.pick("Thời hạn", "Validity"), &term(signer)))
                    (fact(lang.pick("Nơi cấp", "Issued by"), &common_name(&signer.issuer)))
                }
            }
        }
    }
}

/// Words out of a file.
pub(crate) fn said(text: &str) -> String {
    pades::cleaned(text, SHOWN)
}

/// The common name in a name, else the whole name.
fn common_name(name: &str) -> String {
    said(&pades::attribute(name, "CN").unwrap_or_else(|| name.to_owned()))
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// When, and where that time comes from.
fn when(lang: Lang, one: &SignatureReport) -> String {
    let source = match one.time_source {
        TimeSource::Timestamp => lang.pick("theo dấu thời gian", "by the time-stamp"),
        TimeSource::DocTimestamp => {
            lang.pick("muộn nhất, theo dấu thời gian của tệp", "at the latest, by the file's time-stamp")
        }
        TimeSource::Claimed => lang
            .pick("theo đồng hồ của người ký, không có gì xác nhận", "by the signer's own clock, confirmed by nothing"),
        TimeSource::None => return lang.pick("không rõ", "not known").to_owned(),
    };
    let at = one.signed_at.as_deref().map(moment).unwrap_or_default();
    format!("{at} ({source})")
}

/// Whether the certificate was good as at signing, not as of today.
fn validity(lang: Lang, one: &SignatureReport, signer: &SignerReport) -> &'static str {
    // Times of one offset compare as texts.
    let inside = one.signed_at.as_ref().map(|at| *at >= signer.valid_from && *at <= signer.valid_to);
    match (inside, one.revocation) {
        (_, Revocation::Revoked) => lang.pick("đã bị thu hồi lúc ký", "revoked when signing"),
        (Some(false), _) => lang.pick("không có hiệu lực lúc ký", "not in force when signing"),
        (Some(true), Revocation::Good) => {
            lang.pick("có hiệu lực lúc ký, chưa bị thu hồi", "in force when signing, not revoked")
        }
        (Some(true), _) => {
            lang.pick("có hiệu lực lúc ký, chưa rõ việc thu hồi", "in force when signing, revocation not known")
        }
        (None, _) => lang.pick("chưa rõ hiệu lực lúc ký", "validity when signing not known"),
    }
}

fn term(signer: &SignerReport) -> String {
    let shown = |text: &str| day(text).unwrap_or_else(|| text.to_owned());
    format!("{} – {}", shown(&signer.valid_from), shown(&signer.valid_to))
}

fn change_line(lang: Lang, one: &SignatureReport) -> Markup {
    let (class, text) = match (one.changes_after, one.role) {
        _ if one.integrity == Integrity::Broken => (
            "fail",
            lang.pick(
                "chữ ký không còn nguyên vẹn, nên không xét phần thêm sau đó.",
                "the signature is not intact, so what came after it is not judged.",
            ),
        ),
        (Changes::None, _) => {
            ("pass", lang.pick("không có thay đổi nào sau đó.", "nothing was added or changed after it."))
        }
        (Changes::Permitted, Role::Leader) => (
            "pass",
            lang.pick(
                "sau đó chỉ có phần được phép: số chứng thực, dấu cơ quan, dữ liệu kiểm chứng.",
                "only what is permitted came after it: number, agency seal, validation data.",
            ),
        ),
        (Changes::Permitted, Role::Seal) => (
            "pass",
            lang.pick(
                "sau đó chỉ thêm dữ liệu kiểm chứng và dấu thời gian (được phép).",
                "only validation data and time-stamps were added after it (permitted).",
            ),
        ),
        (Changes::Permitted, _) => {
            ("pass", lang.pick("sau đó chỉ thêm phần được phép.", "only what is permitted was added after it."))
        }
        (Changes::NotPermitted, _) => {
            ("fail", lang.pick("sau đó có thay đổi không được phép.", "changes that are not permitted came after it."))
        }
    };
    html! { li class=(class) { strong { (role(lang, one)) } ": " (text) } }
}

/// The facts for experts, in the words of the standards.
fn technical(lang: Lang, report: &Report) -> Markup {
    html! {
        details.technical {
            summary { (lang.pick("Chi tiết kỹ thuật", "Technical details")) }
            dl {
                (fact("SHA-256", &report.sha256))
                @if let Some(number) = &report.number { (fact(lang.pick("Mã đơn vị", "Unit"), &number.unit_code)) (fact(lang.pick("Mã bản sao", "Copy"), &number.copy_id)) }
                (fact(lang.pick("Mã lý do", "Reason codes"), &report.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", ")))
            }
            @for one in &report.signatures { (technical_signature(lang, one)) }
        }
    }
}

fn technical_signature(lang: Lang, one: &SignatureReport) -> Markup {
    let revision = one.revision.map(|n| n.to_string()).unwrap_or_default();
    html! {
        h4 { (role(lang, one)) " (" (one.field) ")" }
        dl {
            (fact("ETSI EN 319 102-1", &format!("{} {}", indication(one.indication), one.sub_indication.as_deref().unwrap_or(""))))
            (fact("PAdES", level(one.level)))
            (fact(lang.pick("Phiên bản tệp", "Revision"), &format!("{revision} · {} · {}", covers(one.covers), integrity(one.integrity))))
            (fact(lang.pick("Đường dẫn chứng thư", "Certificate path"), path(one.certificate_path)))
            (fact(lang.pick("Thu hồi", "Revocation"), revocation(one.revocation)))
            @if let Some(signer) = &one.signer {
                (fact(lang.pick("Chủ thể", "Subject"), &signer.subject))
                (fact(lang.pick("Số sê-ri", "Serial number"), &signer.serial))
                (fact(lang.pick("Tổ chức cấp", "Issuer"), &signer.issuer))
            }
        }
    }
}

fn indication(of: Indication) -> &'static str {
    match of {
        Indication::TotalPassed => "TOTAL-PASSED",
        Indication::TotalFailed => "TOTAL-FAILED",
        Indication::Indeterminate => "INDETERMINATE",
    }
}

fn level(of: Level) -> &'static str {
    match of {
        Level::None => "–",
        Level::BB => "B-B",
        Level::BT => "B-T",
        Level::BLT => "B-LT",
        Level::BLTA => "B-LTA",
    }
}

fn covers(of: Covers) -> &'static str {
    match of {
        Covers::WholeFile => "whole file",
        Covers::WholeRevision => "whole revision",
        Covers::Partial => "partial",
    }
}

fn integrity(of: Integrity) -> &'static str {
    match of {
        Integrity::Intact => "intact",
        Integrity::Broken => "broken",
    }
}

fn path(of: PathStatus) -> &'static str {
    match of {
        PathStatus::Trusted => "trusted",
        PathStatus::Untrusted => "untrusted",
        PathStatus::Incomplete => "incomplete",
        PathStatus::Invalid => "invalid",
    }
}

fn revocation(of: Revocation) -> &'static str {
    match of {
        Revocation::Good => "good",
        Revocation::Revoked => "revoked",
        Revocation::Unknown => "unknown",
        Revocation::NotChecked => "not checked",
    }
}
