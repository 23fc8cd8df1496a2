//! What stands on the terminal (api.md §2.6): one line per file, a summary, and of a single file all that was found.

use pades::{
    CheckId, CheckResult, Indication, Judgement, Report, ReportKind, Role, SignatureKind, SignatureReport,
    SignerReport, TimeSource, Verdict,
};

use super::judging::Answer;
use super::status;

/// What stands in one line of the terminal.
struct Row {
    mark: &'static str,
    file: String,
    verdict: String,
    /// Number and unit, time, time-stamp for a copy; otherwise what is wrong and what to do.
    cells: Vec<String>,
}

/// Lines with aligned columns and a summary (api.md §2.6). Valid files and others say different things, so each kind has columns of its own.
pub(super) fn table(answers: &[Answer], offline: bool) -> String {
    let rows: Vec<Row> = answers.iter().map(|one| row(&one.report)).collect();
    let widest = |cell: &dyn Fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (file, verdict) = (widest(&|row| width(&row.file)), widest(&|row| width(&row.verdict)));
    let mut text = String::new();
    for row in &rows {
        let mut line = format!(" {} {}  {}", row.mark, padded(&row.file, file), padded(&row.verdict, verdict));
        for (at, cell) in row.cells.iter().enumerate() {
            let like = rows.iter().filter(|other| other.cells.len() == row.cells.len());
            let widest = like.filter_map(|other| other.cells.get(at)).map(|cell| width(cell)).max().unwrap_or(0);
            line.push_str("  ");
            line.push_str(&padded(cell, widest));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if let [one] = answers {
        text.push_str(&details(&one.report));
    }
    text.push_str(&summary(answers));
    text.push_str(hint(answers, offline));
    text.push_str(unregistered(answers));
    text
}

/// Reasons told of one file, and later revisions that changed what they may not.
const TOLD: usize = 12;
/// Octets of a book or a suffix that are shown as they are.
const PART: usize = 20;

/// Of a single file also the five checks, every signature, what was changed later, why, and how long that stays provable.
fn details(report: &Report) -> String {
    let mut lines = Vec::new();
    // The line above names a valid file by its number and agency, any other by what is wrong and what to do.
    if report.verdict == Verdict::Valid {
        lines.push(format!("   {}  → {}", plain(&report.summary), plain(&report.action)));
    }
    lines.push(format!("   {} / {}", plain(&report.summary_en), plain(&report.action_en)));
    lines.extend(report.checks.iter().map(|check| {
        let (vi, en) = question_of(check.id);
        let (mark, word) = match check.result {
            CheckResult::Pass => ("✔", "đạt"),
            CheckResult::Fail => ("✖", "không đạt"),
            CheckResult::Unknown => ("?", "chưa rõ"),
            CheckResult::NotChecked => ("–", "không kiểm tra"),
        };
        format!("   {mark} {}  {}  {en}", padded(vi, 44), padded(word, 14))
    }));
    lines.extend(report.signatures.iter().map(|one| {
        let time = one.signed_at.as_deref().and_then(short_time).unwrap_or_default();
        let sub = one.sub_indication.as_deref().unwrap_or_default();
        format!("   · {}  {}  {} {sub}", padded(&framed(&one.field), 12), padded(&time, 16), indication(one))
            .trim_end()
            .to_owned()
    }));
    let changed = report.revisions.iter().filter(|one| one.judgement != Judgement::Allowed).take(TOLD);
    lines.extend(changed.map(|one| format!("   ≠ {} / {}", plain(&one.text.vi), plain(&one.text.en))));
    lines.extend(report.reasons.iter().take(TOLD).map(|reason| {
        let rule = reason.params.get("rule").map_or("", String::as_str);
        format!("   - {} [{}; {}]", plain(&reason.text.vi), reason.code, plain(rule))
    }));
    if let Some(provable) = &report.provable {
        let day = |rfc3339: &str| short_time(rfc3339).unwrap_or_default();
        let (until, renew) = (day(&provable.until), day(&provable.renew_by));
        lines.push(format!(
            "   ⏳ còn chứng minh được đến / provable until {until}; gia hạn trước / renew before {renew}"
        ));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The five checks as the seed asks them (R64–R68).
fn question_of(id: CheckId) -> (&'static str, &'static str) {
    match id {
        CheckId::Integrity => ("Tính toàn vẹn", "integrity"),
        CheckId::SignerCertificates => ("Chứng thư lãnh đạo và cơ quan lúc ký", "signers' certificates"),
        CheckId::Timestamps => ("Dấu thời gian", "time-stamps"),
        CheckId::TrustService => ("Tính hợp pháp của tổ chức cấp chứng thư", "legality of the CA"),
        CheckId::Register => ("Đúng là bản sao chứng thực, khớp sổ", "a certified copy of the register"),
    }
}

fn indication(one: &SignatureReport) -> &'static str {
    match one.indication {
        Indication::TotalPassed => "TOTAL-PASSED",
        Indication::TotalFailed => "TOTAL-FAILED",
        Indication::Indeterminate => "INDETERMINATE",
    }
}

fn summary(answers: &[Answer]) -> String {
    let count = |verdict: Verdict| answers.iter().filter(|one| one.report.verdict == verdict).count();
    let (valid, invalid, unknown) = (count(Verdict::Valid), count(Verdict::Invalid), count(Verdict::Indeterminate));
    let exit = status(answers);
    format!(" {} tệp · {valid} hợp lệ · {invalid} không · {unknown} chưa rõ  exit {exit}\n", answers.len())
}

/// Said only where fetching might have helped, to somebody who did not ask for the opposite.
fn hint(answers: &[Answer], offline: bool) -> &'static str {
    let lacking = |code: &str| {
        matches!(
            code,
            "revocation-unknown"
                | "tsa-revocation-unknown"
                | "responder-unvouched"
                | "tsa-responder-unvouched"
                | "chain-incomplete"
        )
    };
    let helps = answers.iter().flat_map(|one| &one.report.reasons).any(|reason| lacking(&reason.code));
    if helps && !offline {
        " Lệnh này chỉ dùng chứng cứ nằm trong tệp, không tra cứu qua mạng / evidence is taken from the files alone.\n"
    } else {
        ""
    }
}

/// Of a single copy the reasons say it.
fn unregistered(answers: &[Answer]) -> &'static str {
    let not_asked = |report: &Report| report.reasons.iter().any(|reason| reason.code == "register-not-asked");
    if answers.len() > 1 && answers.iter().any(|one| one.report.verdict == Verdict::Valid && not_asked(&one.report)) {
        " Lệnh này không hỏi sổ; đối chiếu số chứng thực với sổ của cơ quan cấp trước khi tiếp nhận / no register is asked: look the \
         numbers up before you accept the copies.\n"
    } else {
        ""
    }
}

fn row(report: &Report) -> Row {
    let mark = match report.verdict {
        Verdict::Valid => "✔",
        Verdict::Invalid => "✖",
        Verdict::Indeterminate => "?",
    };
    let cells = match (report.verdict, report.kind) {
        (Verdict::Valid, ReportKind::CertifiedCopy) => copy_cells(report),
        (Verdict::Valid, _) => signed_cells(report),
        _ => vec![plain(&report.summary), format!("→ {}", plain(&report.action))],
    };
    Row { mark, file: framed(&report.file), verdict: report.verdict_text.clone(), cells }
}

/// `152, quyển số 01/2026 - SCT/BS`, the agency, when it was sealed, whether the time is proven.
fn copy_cells(report: &Report) -> Vec<String> {
    let number = report.number.as_ref().map_or_else(String::new, |number| {
        format!("{}, quyển số {}/{} - {}", number.number, part(&number.book), number.year, part(&number.suffix))
    });
    let seal = report.signatures.iter().find(|one| one.role == Role::Seal);
    let mut cells = vec![number];
    cells.extend(seal.into_iter().flat_map(signer_cells));
    cells
}

fn signed_cells(report: &Report) -> Vec<String> {
    let people: Vec<&SignatureReport> =
        report.signatures.iter().filter(|one| one.kind == SignatureKind::Signature).collect();
    let mut cells = vec![format!("PDF đã ký số, {} chữ ký", people.len())];
    cells.extend(people.last().into_iter().flat_map(|last| signer_cells(last)));
    cells
}

fn signer_cells(one: &SignatureReport) -> Vec<String> {
    let who = one.signer.as_ref().map_or_else(String::new, |signer| pades::quoted(&named(one.role, signer)));
    let when = one.signed_at.as_deref().and_then(short_time).map_or_else(String::new, |time| format!("ký {time}"));
    let proven = matches!(one.time_source, TimeSource::Timestamp | TimeSource::DocTimestamp);
    vec![who, when, if proven { "dấu thời gian ✔".to_owned() } else { "không có dấu thời gian".to_owned() }]
}

/// The leader by the organisation. Everybody else by the own name: the organisation of a seal may be the province above the
/// office, and who signed another file is asked for, not where that person works.
fn named(role: Role, signer: &SignerReport) -> String {
    let own = pades::attribute(&signer.subject, "CN").filter(|_| role != Role::Leader);
    own.or_else(|| signer.organisation.clone()).unwrap_or_else(|| signer.subject.clone())
}

/// `2026-11-23T14:05:31+07:00` as `23/11/2026 14:05`.
pub(crate) fn short_time(rfc3339: &str) -> Option<String> {
    let part = |from: usize, to: usize| rfc3339.get(from..to);
    Some(format!("{}/{}/{} {}", part(8, 10)?, part(5, 7)?, part(0, 4)?, part(11, 16)?))
}

/// What files say about themselves may not steer the terminal.
pub(super) fn plain(text: &str) -> String {
    pades::cleaned(text, usize::MAX)
}

/// The name of a file or a field, in quotation marks where it could pass for several columns.
fn framed(text: &str) -> String {
    let wide = |sign: char| sign.is_whitespace() && sign != ' ';
    let name = plain(text);
    if name.contains("  ") || name.contains(wide) { format!("“{name}”") } else { name }
}

/// A part of a number as books have it; what looks otherwise is somebody's words.
fn part(text: &str) -> String {
    let usual = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '/' | '-' | '.' | 'Đ' | 'đ');
    if text.len() <= PART && text.chars().all(usual) { text.to_owned() } else { pades::quoted(text) }
}

/// Columns on the terminal: composed Vietnamese letters take one, combining marks none.
pub(super) fn width(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).count()
}

fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}
