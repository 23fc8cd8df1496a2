//! The record of a verification (biên bản kiểm tra) as a PDF: Vietnamese first, English beside it, made from the JSON report.
//!
//! Does not judge: it shows what the report says, and names the report by its SHA-256. Does not sign: a record that is going to be
//! signed gets an empty field, a line that says by whom, and the report itself as an attachment.
//! Texts that come from files are shown, never obeyed: what has no glyph becomes a sign of its own.

mod batch;
mod said;
mod sheet;
mod signable;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::sheet::{Mark, Sheet};
pub use self::signable::REPORT_FIELD;
use crate::Unusable;
use crate::text::{BLACK, Cut, Fonts, GREY, Ink};

const GREEN: Ink = (18, 110, 56);
const DARK_RED: Ink = (176, 18, 28);
const AMBER: Ink = (158, 98, 0);
/// Reasons and pieces of evidence that are printed; the JSON report has all.
const REASONS: usize = 24;
const EVIDENCE: usize = 40;

/// Makes the record of one file: one element of `files` of the report of contract.md §2; or of a batch (`"kind":"batch"`, with
/// `items`). Equal reports give equal bytes.
///
/// # Errors
/// [`Unusable::TextUnusable`] where the report has no verdict; [`Unusable::Compose`] when the PDF cannot be made.
pub fn report(report: &Value) -> Result<Vec<u8>, Unusable> {
    crate::write::save(record(report, &json(report)?, None)?)
}

/// By whom a record is going to be signed, and when.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The signer, as the X.509 certificate names it.
    pub signer: &'a str,
    /// The claimed time, RFC 3339 with offset.
    pub at: &'a str,
}

/// As [`report`], with one invisible empty signature field, [`REPORT_FIELD`], a line that says who signs what, and
/// [`attached_report`] as an attachment: the digest at the foot of each page is that of the attachment.
///
/// # Errors
/// As [`report`]; [`Unusable::TextUnusable`] when the time is none.
pub fn report_to_sign(report: &Value, signing: &Signing<'_>) -> Result<Vec<u8>, Unusable> {
    let attachment = attached_report(report)?;
    let pages = record(report, &attachment, Some(signing))?;
    signable::finish(pages, &attachment, &crate::moment::read(signing.at)?)
}

/// What a record that is signed carries for machines: the report with long numbers in its texts as the pages show them, for
/// such are the numbers of persons. A record goes from hand to hand and must not say more than can be read on it (R69).
///
/// # Errors
/// [`Unusable::Compose`] when it cannot be written.
pub fn attached_report(report: &Value) -> Result<Vec<u8>, Unusable> {
    json(&without_numbers_of_persons(report))
}

fn json(report: &Value) -> Result<Vec<u8>, Unusable> {
    serde_json::to_vec(report).map_err(|error| Unusable::Compose(error.to_string()))
}

/// Members whose digits are no person's: digests, identifiers, and what the asker called the file.
const EXACT: [&str; 5] = ["file", "id", "copy_id", "serial", "sha256"];

fn without_numbers_of_persons(value: &Value) -> Value {
    let member = |(name, value): (&String, &Value)| match value {
        Value::String(_) if EXACT.contains(&name.as_str()) => (name.clone(), value.clone()),
        value => (name.clone(), without_numbers_of_persons(value)),
    };
    match value {
        Value::Object(map) => Value::Object(map.iter().map(member).collect()),
        Value::Array(all) => Value::Array(all.iter().map(without_numbers_of_persons).collect()),
        Value::String(text) => Value::String(discreet(text)),
        other => other.clone(),
    }
}

/// The pages; `named` is the report whose digest stands at their foot.
fn record(report: &Value, named: &[u8], signing: Option<&Signing<'_>>) -> Result<lopdf::Document, Unusable> {
    let tone = Tone::of(text(report, "verdict")).ok_or_else(|| Unusable::TextUnusable("verdict".into()))?;
    let mut sheet = Sheet::new(Fonts::get()?);
    if batch::is_one(report) {
        batch::pages(&mut sheet, report, &tone, signing);
    } else {
        pages(&mut sheet, report, &tone, signing);
    }
    let digest: String = Sha256::digest(named).iter().map(|octet| format!("{octet:02x}")).collect();
    sheet.finish("Biên bản kiểm tra chữ ký số", &format!("Báo cáo JSON / JSON report: SHA-256 {digest}"))
}

/// The pages about one file.
fn pages(sheet: &mut Sheet<'_>, report: &Value, tone: &Tone, signing: Option<&Signing<'_>>) {
    head(sheet, report, tone);
    facts(sheet, report);
    if let Some(signing) = signing {
        signed_by(sheet, report, signing);
    }
    checks(sheet, report);
    signatures(sheet, report);
    reasons(sheet, report);
    provable(sheet, report);
    evidence(sheet, report);
}

/// Colour and sign of a verdict; never colour alone.
struct Tone {
    ink: Ink,
    ground: Ink,
    mark: Mark,
}

impl Tone {
    fn of(verdict: &str) -> Option<Tone> {
        Some(match verdict {
            "valid" => Tone { ink: GREEN, ground: (232, 244, 236), mark: Mark::Check },
            "invalid" => Tone { ink: DARK_RED, ground: (252, 234, 234), mark: Mark::Cross },
            "indeterminate" => Tone { ink: AMBER, ground: (253, 244, 226), mark: Mark::Question },
            _ => return None,
        })
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `2026-11-23T14:05:31+07:00` as `23/11/2026 14:05:31`, a day as `23/11/2026`.
fn moment(rfc3339: &str) -> String {
    let part = |from: usize, to: usize| rfc3339.get(from..to);
    let day = || Some(format!("{}/{}/{}", part(8, 10)?, part(5, 7)?, part(0, 4)?));
    let shown = || Some(day()? + &part(11, 19).map_or_else(String::new, |time| format!(" {time}")));
    shown().unwrap_or_else(|| rfc3339.to_owned())
}

fn head(sheet: &mut Sheet<'_>, report: &Value, tone: &Tone) {
    sheet.centred(Cut::Bold, 16.0, BLACK, "BIÊN BẢN KIỂM TRA CHỮ KÝ SỐ");
    sheet.centred(Cut::Italic, 10.5, GREY, "Record of verification of digital signatures");
    sheet.space(8.0);
    let said = |vi: &str, en: &str| (text(report, vi).to_owned(), text(report, en).to_owned());
    let (summary, action) = (said("summary", "summary_en"), said("action", "action_en"));
    sheet.banner(tone.ink, tone.ground, tone.mark, |area| {
        let verdict = text(report, "verdict_text").to_owned();
        area.pair((Cut::Bold, 20.0, tone.ink), &verdict, &format!("  {}", text(report, "verdict_text_en")), 12.0);
        area.line(Cut::Regular, 10.5, BLACK, &summary.0);
        area.line(Cut::Italic, 9.0, GREY, &summary.1);
        area.line(Cut::Bold, 10.5, tone.ink, &format!("→ {}", action.0));
        area.line(Cut::Italic, 9.0, GREY, &action.1);
    });
}

fn facts(sheet: &mut Sheet<'_>, report: &Value) {
    sheet.row("Tệp", "File", text(report, "file"));
    let registered =
        list(report, "checks").iter().any(|check| text(check, "id") == "register" && text(check, "result") == "pass");
    let kind = match text(report, "kind") {
        "certified_copy" if registered => "bản sao điện tử có chứng thực / certified electronic copy",
        // Two X.509 certificates of anybody make the form of one; only the register knows the rest (R68).
        "certified_copy" => "có hình thức bản sao điện tử có chứng thực / has the form of a certified electronic copy",
        "signed_pdf" => "PDF đã ký số / signed PDF",
        "unsigned" => "PDF không có chữ ký / unsigned PDF",
        _ => "không đọc được / unreadable",
    };
    sheet.row("Loại", "Kind", kind);
    if let Some(number) = report.get("number").filter(|number| number.is_object()) {
        let count = number.get("number").and_then(Value::as_u64).unwrap_or_default();
        let year = number.get("year").and_then(Value::as_u64).unwrap_or_default();
        let (book, suffix) = (text(number, "book"), text(number, "suffix"));
        sheet.row("Số chứng thực", "Attestation no.", &format!("{count}, quyển số {book}/{year} - {suffix}"));
    }
    // A file that was not read has neither.
    let size = report.get("size").and_then(Value::as_u64);
    sheet.row("Dung lượng", "Size", &size.map_or_else(|| UNKNOWN.to_owned(), |bytes| format!("{bytes} byte")));
    let sha256 = report.get("sha256").and_then(Value::as_str);
    sheet.row("SHA-256", "of the file", sha256.unwrap_or(UNKNOWN));
    sheet.row("Kiểm tra lúc", "Checked at", &moment(text(report, "checked_at")));
}

/// Who says so, and what this is not. What the register says of an annulment is said here
/// too: a signature under "valid" must not hide it.
fn signed_by(sheet: &mut Sheet<'_>, report: &Value, signing: &Signing<'_>) {
    let (signer, at) = (signing.signer, moment(signing.at));
    // A report that was not kept has no identifier: nobody could look it up.
    let id = Some(text(report, "id")).filter(|id| !id.is_empty()).map_or_else(String::new, |id| format!(" {id}"));
    let list = report.get("policy").and_then(|policy| policy.get("trust_list")).and_then(Value::as_u64);
    let list = list.map_or_else(|| UNKNOWN.to_owned(), |number| number.to_string());
    sheet.space(5.0);
    sheet.line(
        Cut::Regular,
        9.0,
        BLACK,
        &format!(
            "Biên bản{id} do {signer} ký số lúc {at} theo giờ của dịch vụ, không có dấu thời gian, theo danh sách tin cậy số {list}; \
             báo cáo JSON đính kèm. Đây là biên bản kiểm tra, không phải bản sao có chứng thực."
        ),
    );
    sheet.line(
        Cut::Italic,
        8.0,
        GREY,
        &format!(
            "Report{id}, signed by the verification service at its own time, without a time-stamp, under trust list no. {list}; the \
             JSON report is attached. This is a record of verification and not a certified copy."
        ),
    );
    withdrawn(sheet, report, 9.5);
}

/// What the register says of an annulment since: a signature under "valid" must not hide it.
fn withdrawn(sheet: &mut Sheet<'_>, report: &Value, size: f32) {
    let Some(register) = report.get("register").filter(|register| !text(register, "annulled_at").is_empty()) else {
        return;
    };
    let at = moment(text(register, "annulled_at"));
    let by = match (text(register, "decision_no"), text(register, "decision_date")) {
        ("", _) | (_, "") => String::new(),
        (number, date) => format!(" theo quyết định {} ngày {}", discreet(number), moment(date)),
    };
    let said = format!("Theo sổ, bản sao đã bị hủy lúc {at}{by} / The register says that the copy was annulled");
    sheet.line(Cut::Bold, size, DARK_RED, &said);
}

/// Of a file that could not be read.
const UNKNOWN: &str = "không rõ / not known";

/// Names of the five checks, as the seed asks them (R64–R68).
const CHECKS: [(&str, &str, &str); 5] = [
    ("integrity", "Tính toàn vẹn của tệp", "Integrity"),
    (
        "signer_certificates",
        "Chứng thư của lãnh đạo và cơ quan có hiệu lực lúc ký",
        "Certificates of leader and agency when signing",
    ),
    ("timestamps", "Dấu thời gian", "Time-stamps"),
    ("trust_service", "Tính hợp pháp của tổ chức cấp chứng thư", "Legality of the certification authority"),
    ("register", "Đúng là bản sao chứng thực, khớp với sổ", "A certified copy that agrees with the register"),
];

fn checks(sheet: &mut Sheet<'_>, report: &Value) {
    sheet.heading("Năm nội dung kiểm tra", "Five checks");
    for check in list(report, "checks") {
        let Some((_, vi, en)) = CHECKS.iter().find(|(id, _, _)| *id == text(check, "id")) else { continue };
        let (mark, ink, word) = match text(check, "result") {
            "pass" => (Mark::Check, GREEN, "đạt / passed"),
            "fail" => (Mark::Cross, DARK_RED, "không đạt / failed"),
            "unknown" => (Mark::Question, AMBER, "chưa rõ / not known"),
            _ => (Mark::Dash, GREY, "không kiểm tra / not checked"),
        };
        sheet.check(mark, ink, (vi, en), word);
    }
}

fn signatures(sheet: &mut Sheet<'_>, report: &Value) {
    let all = list(report, "signatures");
    if all.is_empty() {
        return;
    }
    sheet.heading("Chữ ký và dấu thời gian", "Signatures and time-stamps");
    for one in all {
        signature(sheet, one);
    }
    revisions(sheet, report);
}

/// Later revisions that changed what they may not, with the pages where these are known.
fn revisions(sheet: &mut Sheet<'_>, report: &Value) {
    let of_note = |one: &&Value| text(one, "judgement") != "allowed";
    let all: Vec<&Value> = list(report, "revisions").iter().filter(of_note).collect();
    if all.is_empty() {
        return;
    }
    sheet.heading("Thay đổi sau khi ký", "Changes after signing");
    for one in all.iter().take(REASONS) {
        let words = |lang: &str| one.get("text").map_or("", |words| text(words, lang));
        sheet.line(Cut::Bold, 9.5, DARK_RED, words("vi"));
        sheet.line(Cut::Italic, 8.0, GREY, words("en"));
        sheet.space(1.5);
    }
    more(sheet, all.len(), REASONS);
}

fn signature(sheet: &mut Sheet<'_>, one: &Value) {
    let role = match (text(one, "kind"), text(one, "role")) {
        ("doc_timestamp", _) => "Dấu thời gian tài liệu / Document time-stamp",
        (_, "leader") => "Chữ ký của lãnh đạo / Leader's signature",
        (_, "seal") => "Dấu của cơ quan / Agency seal",
        _ => "Chữ ký / Signature",
    };
    let sub = one.get("sub_indication").and_then(Value::as_str).map_or_else(String::new, |sub| format!(" · {sub}"));
    let ink = match text(one, "indication") {
        "TOTAL-PASSED" => GREEN,
        "TOTAL-FAILED" => DARK_RED,
        _ => AMBER,
    };
    let field = text(one, "field");
    sheet.entry((&format!("{role} ({field})"), BLACK), (&format!("{}{sub}", text(one, "indication")), ink));
    if let Some(signer) = one.get("signer").filter(|signer| signer.is_object()) {
        sheet.small(&discreet(text(signer, "subject")));
        let (from, to) = (moment(text(signer, "valid_from")), moment(text(signer, "valid_to")));
        let (serial, issuer) = (text(signer, "serial"), text(signer, "issuer"));
        sheet.small(&format!("Số / serial {serial} · cấp bởi / issued by {issuer} · hiệu lực / valid {from} – {to}"));
    }
    said::of(one).iter().for_each(|line| sheet.small(line));
    sheet.space(3.0);
}

/// Identity numbers of persons are no matter of a record that goes from hand to hand (R69): long runs of digits keep the last three.
fn discreet(subject: &str) -> String {
    let signs: Vec<char> = subject.chars().collect();
    let mut shown = String::new();
    for run in signs.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        let hidden = if run.first().is_some_and(char::is_ascii_digit) && run.len() >= 9 { run.len() - 3 } else { 0 };
        shown.extend(run.iter().enumerate().map(|(at, sign)| if at < hidden { '•' } else { *sign }));
    }
    shown
}

fn reasons(sheet: &mut Sheet<'_>, report: &Value) {
    let all = list(report, "reasons");
    if all.is_empty() {
        return;
    }
    sheet.heading("Lý do", "Reasons");
    for reason in all.iter().take(REASONS) {
        let words = |lang: &str| reason.get("text").map_or("", |words| text(words, lang)).to_owned();
        sheet.line(Cut::Regular, 9.5, BLACK, &format!("• {}", words("vi")));
        let rule = reason.get("params").map_or("", |params| text(params, "rule"));
        let code = text(reason, "code");
        sheet.line(Cut::Italic, 8.0, GREY, &format!("{} [{code}; {rule}]", words("en")));
        sheet.space(1.5);
    }
    more(sheet, all.len(), REASONS);
}

fn more(sheet: &mut Sheet<'_>, all: usize, shown: usize) {
    if let Some(left) = all.checked_sub(shown).filter(|left| *left > 0) {
        sheet.small(&format!("và {left} mục khác trong báo cáo JSON / and {left} more in the JSON report"));
    }
}

fn provable(sheet: &mut Sheet<'_>, report: &Value) {
    let Some(provable) = report.get("provable").filter(|provable| provable.is_object()) else { return };
    sheet.heading("Kết luận này còn chứng minh được đến", "This conclusion stays provable until");
    sheet.line(Cut::Bold, 10.5, BLACK, &moment(text(provable, "until")));
    if let Some(because) = provable.get("because") {
        sheet.small(&format!("{} / {}", text(because, "vi"), text(because, "en")));
    }
    let renew = moment(text(provable, "renew_by"));
    sheet.small(&format!("Nên gia hạn dấu thời gian trước / renew the time-stamp before {renew}"));
}

fn evidence(sheet: &mut Sheet<'_>, report: &Value) {
    let all = list(report, "evidence");
    if all.is_empty() {
        return;
    }
    sheet.heading(
        "Chứng cứ đã dùng (SHA-256) và thời điểm được chứng minh là đã có",
        "Evidence and when it is proven to have existed",
    );
    for one in all.iter().take(EVIDENCE) {
        let kind = match text(one, "kind") {
            "signature" => "chữ ký / CMS",
            "timestamp" => "dấu thời gian / token",
            "certificate" => "chứng thư / X.509",
            "ocsp" => "OCSP",
            _ => "CRL",
        };
        let proven = match (text(one, "proven_at"), text(one, "proven_by")) {
            ("", _) => "chỉ biết là có lúc kiểm tra / known only now".to_owned(),
            (at, by) => format!("{} ({by})", moment(at)),
        };
        sheet.evidence(kind, &discreet(text(one, "about")), text(one, "sha256"), &proven);
    }
    more(sheet, all.len(), EVIDENCE);
}
