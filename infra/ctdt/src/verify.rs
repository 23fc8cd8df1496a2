//! `ctdt verify`: judges PDF files on the command line (contract.md §2, api.md §2.6).
//!
//! Does not fetch anything: revocation and issuers come from the file, with and without `--offline`; what a file does not embed stays
//! unknown, and unknown is never valid (decision 20). Asks no register. Keeps nothing.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use pades::{
    CheckId, CheckResult, Indication, Policy, Profile, Report, ReportKind, Role, SignatureKind, SignatureReport,
    TimeSource, Unread, Verdict,
};
use pki::Certificate;
use pki::path::Evidence;
use serde_json::{Value, json};

use crate::disk::Disk;

/// Bytes of one file: the judge's own limit. A longer file is refused unread.
const FILE_LIMIT: u64 = 1 << 30;
/// Bytes of one file of trust anchors.
const TRUST_LIMIT: u64 = 4 << 20;
/// Longest time that one file may take; the reader's own limits end it long before.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Stack of the judging thread. Its parsers count their depth; this is the second fence.
const STACK: usize = 64 << 20;

/// What `ctdt verify` is asked.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// In một đối tượng JSON / print one JSON object
    #[arg(long)]
    json: bool,
    /// Chứng thư gốc tin cậy: tệp PEM hoặc thư mục, dùng được nhiều lần / trusted roots: a PEM file or a folder, repeatable
    #[arg(long, value_name = "PEM_OR_DIR")]
    trust: Vec<PathBuf>,
    /// Kiểm tra tại thời điểm này thay vì bây giờ / judge at this instant instead of now
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    /// Chỉ dùng chứng cứ nằm trong tệp / use only the evidence that the files hold
    #[arg(long)]
    offline: bool,
    /// Quy tắc áp dụng; mặc định chọn theo các ô chữ ký của tệp / the rules; by default told from the file's fields
    #[arg(long, value_enum)]
    profile: Option<Rules>,
    /// Ghi biên bản kiểm tra dạng PDF (một tệp; nhiều tệp thì là thư mục) / write the record as a PDF (a folder for several files)
    #[arg(long, value_name = "OUT")]
    report: Option<PathBuf>,
    /// Các tệp cần kiểm tra / the files to judge
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The rules that apply beside cryptography.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rules {
    /// Quy tắc của bản sao chứng thực / the rules of a certified copy
    Ecopy,
    /// Mọi PDF đã ký, theo ISO 32000 / any signed PDF, by ISO 32000
    General,
}

/// Judges the files, prints, and gives the exit status: 0 all valid, 1 some invalid, 2 some cannot be told, 3 usage (a file or an anchor
/// that cannot be opened counts as usage).
pub(crate) fn run(args: &VerifyArgs) -> ExitCode {
    let anchors = match args.trust.iter().map(|path| read_anchors(path)).collect::<Result<Vec<_>, _>>() {
        Ok(lists) => lists.concat(),
        Err(error) => {
            eprintln!("ctdt verify: {error}");
            return ExitCode::from(3);
        }
    };
    let question = Question {
        anchors,
        at: args.at.unwrap_or_else(Timestamp::now).as_second(),
        profile: match args.profile {
            None => Profile::Auto,
            Some(Rules::Ecopy) => Profile::Ecopy,
            Some(Rules::General) => Profile::General,
        },
    };
    let answers: Vec<Answer> = args.files.iter().map(|path| answer(path, &question, TIME_LIMIT)).collect();
    if let Some(out) = &args.report
        && let Err(error) = write_records(out, &answers)
    {
        eprintln!("ctdt verify: --report {}: {error}", out.display());
        return ExitCode::from(3);
    }
    let text = if args.json { format!("{:#}\n", document(&answers)) } else { table(&answers, args.offline) };
    // A closed pipe is the reader's choice; the exit status still tells.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(status(&answers))
}

/// What every file is asked.
#[derive(Clone, Debug)]
struct Question {
    anchors: Vec<Certificate>,
    /// Unix seconds.
    at: i64,
    profile: Profile,
}

impl Question {
    fn judge(&self, file: &Disk, name: &str) -> Result<Report, Unread> {
        self.with_policy(|policy| file.unchanged(|| pades::judge_source(file, name, policy, None)))
    }

    /// With the digest of the file.
    fn refuse(&self, file: &Disk, name: &str, code: &str, detail: &str) -> Result<Report, Unread> {
        self.with_policy(|policy| file.unchanged(|| pades::refuse_source(file, name, policy, code, detail)))
    }

    fn refuse_unread(&self, name: &str, code: &str, detail: &str) -> Report {
        self.with_policy(|policy| pades::refuse(&[], name, policy, code, detail))
    }

    fn with_policy<T>(&self, act: impl FnOnce(&Policy<'_>) -> T) -> T {
        let extra = Evidence::default();
        let (anchors, at, profile) = (&self.anchors, self.at, self.profile);
        let test_anchors = anchors.iter().any(is_test_root);
        act(&Policy { anchors, at, profile, extra: &extra, register: None, test_anchors })
    }
}

/// A root of the sandbox's own test PKI, which says so in its organisation: what it vouches for is marked, never refused (decision 29).
fn is_test_root(anchor: &Certificate) -> bool {
    anchor.organisation().is_some_and(|name| name.starts_with("CTDT Test"))
}

/// The report of one file, and what of it was read.
struct Answer {
    report: Report,
    read: Extent,
}

/// How far a file is known: a report must not tell the digest of bytes that nobody read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Extent {
    /// Every byte.
    Whole,
    /// Its length in bytes only: it is over the limit, or cannot be read to its end.
    Length(u64),
    /// It could not be opened.
    Nothing,
}

impl Answer {
    fn opened(&self) -> bool {
        self.read != Extent::Nothing
    }

    /// The object of contract.md §2; `sha256` and `size` are null where they are not known.
    fn json(&self) -> Value {
        let mut object = self.report.to_json();
        let size = match self.read {
            Extent::Whole => return object,
            Extent::Length(bytes) => json!(bytes),
            Extent::Nothing => Value::Null,
        };
        object["sha256"] = Value::Null;
        object["size"] = size;
        object
    }
}

fn answer(path: &Path, question: &Question, limit: Duration) -> Answer {
    let name = path.to_string_lossy().into_owned();
    match Disk::open(path) {
        Ok(file) if file.bytes() > FILE_LIMIT => {
            let detail = format!("> {} MiB", FILE_LIMIT >> 20);
            let report = question.refuse_unread(&name, "pdf-too-complex", &detail);
            Answer { report, read: Extent::Length(file.bytes()) }
        }
        Ok(file) => within(file, name, question.clone(), limit),
        Err(error) => {
            let report = question.refuse_unread(&name, "file-unreadable", &error.to_string());
            Answer { report, read: Extent::Nothing }
        }
    }
}

/// The bytes of a regular file; `None` where it is longer than `limit`. A pipe or a device could keep us waiting for ever.
fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let known = std::fs::metadata(path)?;
    if !known.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Judges on a thread of its own, so that a fault of ours or a file that takes too long is an answer and not the end of the run.
fn within(file: Disk, name: String, question: Question, limit: Duration) -> Answer {
    let judged = question.clone();
    judging(file, name, question, limit, move |file, name| judged.judge(file, name))
}

/// As [`within`], with the judge as an argument. Whatever becomes of it, the report tells digest and length of the file as far as it can be
/// read.
fn judging(
    file: Disk,
    name: String,
    question: Question,
    limit: Duration,
    judge: impl FnOnce(&Disk, &str) -> Result<Report, Unread> + Send + 'static,
) -> Answer {
    let file = Arc::new(file);
    let (shared, label) = (Arc::clone(&file), name.clone());
    let judged = guarded(limit, move || judge(&shared, &label)).unwrap_or_else(|fault| {
        let (code, detail) = match fault {
            Fault::Slow => ("pdf-too-complex", format!("> {} s", limit.as_secs())),
            Fault::Broken => ("reader-failed", String::new()),
        };
        question.refuse(&file, &name, code, &detail)
    });
    match judged {
        Ok(report) => Answer { report, read: Extent::Whole },
        Err(unread) => {
            let report = question.refuse_unread(&name, "file-unreadable", &unread.to_string());
            Answer { report, read: Extent::Length(file.bytes()) }
        }
    }
}

/// Why a guarded piece of work gave nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    Slow,
    Broken,
}

fn guarded<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let worker = std::thread::Builder::new().name("judge".to_owned()).stack_size(STACK);
    // The sender is dropped when the work panics, which the receiver sees as a disconnection.
    let started = worker.spawn(move || sender.send(work()).is_ok());
    if started.is_err() {
        return Err(Fault::Broken);
    }
    receiver.recv_timeout(limit).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => Fault::Slow,
        mpsc::RecvTimeoutError::Disconnected => Fault::Broken,
    })
}

/// One record per file: `out` itself for one file, `OUT/NNN-NAME.bien-ban.pdf` for several. A record is never written over a file that was
/// judged.
fn write_records(out: &Path, answers: &[Answer]) -> Result<(), String> {
    let record = |one: &Answer| compose::report(&one.json()).map_err(|error| error.to_string());
    let write = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).map_err(|error| error.to_string());
    let judged = |path: &Path| {
        let same = |one: &Answer| std::fs::canonicalize(&one.report.file).ok() == std::fs::canonicalize(path).ok();
        path.exists() && answers.iter().any(same)
    };
    if let [one] = answers {
        return match judged(out) {
            true => Err("đó là tệp được kiểm tra / that is the judged file".to_owned()),
            false => write(out, &record(one)?),
        };
    }
    std::fs::create_dir_all(out).map_err(|error| error.to_string())?;
    for (one, number) in answers.iter().zip(1..) {
        let stem = Path::new(&one.report.file)
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        write(&out.join(format!("{number:03}-{stem}.bien-ban.pdf")), &record(one)?)?;
    }
    Ok(())
}

/// 1 before 3: an invalid file is the graver news.
fn status(answers: &[Answer]) -> u8 {
    let any = |verdict: Verdict| answers.iter().any(|one| one.opened() && one.report.verdict == verdict);
    match () {
        () if any(Verdict::Invalid) => 1,
        () if answers.iter().any(|one| !one.opened()) => 3,
        () if any(Verdict::Indeterminate) => 2,
        () => 0,
    }
}

/// The object of contract.md §2.
fn document(answers: &[Answer]) -> Value {
    json!({ "files": answers.iter().map(Answer::json).collect::<Vec<_>>() })
}

/// Anchors of a PEM or DER file, or of the files of a folder that end in pem, crt or cer.
fn read_anchors(path: &Path) -> Result<Vec<Certificate>, String> {
    let fail = |why: &str| format!("--trust {}: {why}", path.display());
    let mut files = vec![path.to_path_buf()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| fail(&error.to_string()))?;
        files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| names_anchors(file)).collect();
        files.sort();
    }
    let mut anchors = Vec::new();
    for file in &files {
        let bytes = read(file, TRUST_LIMIT).map_err(|error| fail(&error.to_string()))?;
        let Some(bytes) = bytes else { return Err(fail("quá lớn / too large")) };
        anchors.extend(anchors_in(&bytes).map_err(|error| fail(&error.to_string()))?);
    }
    if anchors.is_empty() { Err(fail("không có chứng thư nào / no X.509 certificate")) } else { Ok(anchors) }
}

fn names_anchors(file: &Path) -> bool {
    let extension = file.extension().and_then(|text| text.to_str()).unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "pem" | "crt" | "cer") && file.is_file()
}

fn anchors_in(bytes: &[u8]) -> Result<Vec<Certificate>, pki::Error> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Certificate::from_der(bytes)?]);
    }
    Certificate::from_pem_many(&String::from_utf8_lossy(bytes))
}

/// What stands in one line of the terminal.
struct Row {
    mark: &'static str,
    file: String,
    verdict: String,
    /// Number and unit, time, time-stamp for a copy; otherwise what is wrong and what to do.
    cells: Vec<String>,
}

/// Lines with aligned columns and a summary (api.md §2.6). Valid files and others say different things, so each kind has columns of its own.
fn table(answers: &[Answer], offline: bool) -> String {
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
    text
}

/// Reasons told of one file.
const TOLD: usize = 12;

/// Of a single file also the five checks, every signature, why, and how long that stays provable.
fn details(report: &Report) -> String {
    let mut lines = vec![format!("   {} / {}", plain(&report.summary_en), plain(&report.action_en))];
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
        format!("   · {}  {}  {} {sub}", padded(&plain(&one.field), 12), padded(&time, 16), indication(one))
            .trim_end()
            .to_owned()
    }));
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
    Row { mark, file: plain(&report.file), verdict: report.verdict_text.clone(), cells }
}

/// `152, quyển số 01/2026 - SCT/BS`, the agency, when it was sealed, whether the time is proven.
fn copy_cells(report: &Report) -> Vec<String> {
    let number = report.number.as_ref().map_or_else(String::new, |number| {
        format!("{}, quyển số {}/{} - {}", number.number, plain(&number.book), number.year, plain(&number.suffix))
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
    let who = one
        .signer
        .as_ref()
        .map_or_else(String::new, |signer| plain(signer.organisation.as_deref().unwrap_or(&signer.subject)));
    let when = one.signed_at.as_deref().and_then(short_time).map_or_else(String::new, |time| format!("ký {time}"));
    let proven = matches!(one.time_source, TimeSource::Timestamp | TimeSource::DocTimestamp);
    vec![who, when, if proven { "dấu thời gian ✔".to_owned() } else { "không có dấu thời gian".to_owned() }]
}

/// `2026-11-23T14:05:31+07:00` as `23/11/2026 14:05`.
fn short_time(rfc3339: &str) -> Option<String> {
    let part = |from: usize, to: usize| rfc3339.get(from..to);
    Some(format!("{}/{}/{} {}", part(8, 10)?, part(5, 7)?, part(0, 4)?, part(11, 16)?))
}

/// What files say about themselves may not steer the terminal: control characters and direction marks are shown as a sign of their own.
fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Columns on the terminal: composed Vietnamese letters take one, combining marks none.
fn width(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).count()
}

fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn question() -> Question {
        Question { anchors: Vec::new(), at: 1_795_417_531, profile: Profile::Auto }
    }

    fn scan(name: &str) -> Answer {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scans").join(name);
        answer(&path, &question(), TIME_LIMIT)
    }

    /// Decision 43: unsigned is invalid with its reason, an untrusted chain cannot be told.
    #[test]
    fn verdicts_become_exit_statuses() {
        let (unsigned, untrusted) = (scan("libreoffice.pdf"), scan("da-ky.pdf"));
        assert_eq!(unsigned.report.reasons.first().map(|reason| reason.code.as_str()), Some("no-signature"));
        assert_eq!(untrusted.report.verdict, Verdict::Indeterminate);
        assert_eq!(status(&[scan("da-ky.pdf")]), 2);
        assert_eq!(status(&[untrusted, unsigned]), 1);
        assert_eq!(status(&[scan("da-ky.pdf"), scan("missing.pdf")]), 3);
        assert_eq!(status(&[scan("libreoffice.pdf"), scan("missing.pdf")]), 1, "an invalid file is the graver news");
        assert_eq!(status(&[scan("README.md")]), 1, "what is no PDF is refused with a reason");
    }

    /// Contract §2: one object, every key in its place, also for a file that cannot be opened.
    #[test]
    fn the_object_has_the_shape_of_the_contract() {
        let object = document(&[scan("da-ky.pdf"), scan("missing.pdf")]);
        let signed = &object["files"][0];
        for key in ["file", "verdict", "kind", "sha256", "size", "reasons", "signatures"] {
            assert!(!signed[key].is_null(), "{key}");
        }
        let one = &signed["signatures"][0];
        for (key, value) in
            [("kind", "signature"), ("integrity", "intact"), ("covers", "whole_file"), ("changes_after", "none")]
        {
            assert_eq!(one[key], value, "{key}");
        }
        assert_eq!(object["files"][1]["kind"], "unreadable");
        assert_eq!(object["files"][1]["reasons"][0]["code"], "file-unreadable");
        assert!(
            object["files"][1]["reasons"][0]["text"]["vi"]
                .as_str()
                .is_some_and(|text| text.starts_with("Không mở được"))
        );
    }

    /// Digest and length are those of the file, or null: never those of no bytes.
    #[test]
    fn what_was_not_read_is_not_told() {
        let empty = hex::encode(Sha256::digest(b""));
        let missing = scan("missing.pdf").json();
        assert!(missing["sha256"].is_null() && missing["size"].is_null(), "{missing}");
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("long.pdf");
        let made = File::create(&long).and_then(|file| file.set_len(FILE_LIMIT + 7));
        made.expect("a sparse file");
        let long = answer(&long, &question(), TIME_LIMIT).json();
        assert!(long["sha256"].is_null(), "{long}");
        assert_eq!(long["size"], FILE_LIMIT + 7);
        let none = || Ok(question().refuse_unread("", "reader-failed", ""));
        let slow = move |_: &Disk, _: &str| {
            std::thread::sleep(Duration::from_secs(3));
            none()
        };
        let broken = move |_: &Disk, _: &str| if std::hint::black_box(true) { panic!("on purpose") } else { none() };
        let file = b"%PDF-1.7 of nobody";
        let path = folder.path().join("nobody.pdf");
        std::fs::write(&path, file).expect("written");
        let (disk, limit) = (|| Disk::open(&path).expect("a file"), Duration::from_millis(20));
        let answers = [
            judging(disk(), "a.pdf".into(), question(), limit, slow),
            judging(disk(), "a.pdf".into(), question(), TIME_LIMIT, broken),
        ];
        for object in answers.map(|answer| answer.json()) {
            assert_eq!(object["sha256"], hex::encode(Sha256::digest(file)));
            assert_ne!(object["sha256"], empty);
            assert_eq!(object["size"], file.len());
        }
        let unread = |_: &Disk, _: &str| Err(Unread("on purpose".to_owned()));
        let unread = judging(disk(), "a.pdf".into(), question(), TIME_LIMIT, unread);
        assert_eq!((unread.report.verdict, status(&[unread])), (Verdict::Indeterminate, 2));
        let unread = judging(disk(), "a.pdf".into(), question(), TIME_LIMIT, |_, _| Err(Unread(String::new()))).json();
        assert!(unread["sha256"].is_null() && unread["reasons"][0]["code"] == "file-unreadable", "{unread}");
        assert_eq!(unread["size"], file.len());
        let nothing = folder.path().join("empty.pdf");
        std::fs::write(&nothing, b"").expect("written");
        assert_eq!(answer(&nothing, &question(), TIME_LIMIT).json()["sha256"], empty, "an empty file has that digest");
    }

    /// A fault of ours, or a file that takes for ever, is an answer.
    #[test]
    fn faults_and_slowness_are_answers() {
        assert_eq!(guarded(TIME_LIMIT, || 7), Ok(7));
        assert_eq!(
            guarded(TIME_LIMIT, || if std::hint::black_box(true) {
                panic!("on purpose")
            }),
            Err(Fault::Broken)
        );
        let wait = || std::thread::sleep(Duration::from_secs(3));
        assert_eq!(guarded(Duration::from_millis(20), wait), Err(Fault::Slow));
        let report = question().refuse_unread("a.pdf", "reader-failed", "");
        assert_eq!((report.verdict, report.kind), (Verdict::Indeterminate, ReportKind::Unreadable));
    }

    /// The five situations of a clerk, to the byte: what the terminal shows, the JSON object and the record. The copies were made by
    /// the tests of `pades` (`SITUATIONS_OUT`); `SITUATIONS_WRITE=1` writes what is expected here anew, to be looked at.
    #[test]
    fn the_five_situations() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations");
        let anchors = read_anchors(&folder.join("trust.pem")).expect("a root");
        let soon = 1_795_421_131;
        let cases = [
            ("hop-le", "hop-le", soon, 0),
            ("bi-sua", "bi-sua", soon, 1),
            ("mot-chu-ky", "mot-chu-ky", soon, 1),
            ("het-han", "hop-le", soon + 200 * 86_400, 0),
            ("chua-ro-thu-hoi", "chua-ro-thu-hoi", soon, 2),
        ];
        for (name, file, at, exit) in cases {
            let copy = Disk::open(&folder.join(format!("{file}.pdf"))).expect("a copy");
            let question = Question { anchors: anchors.clone(), at, profile: Profile::Auto };
            let report = question.judge(&copy, &format!("{file}.pdf")).expect("readable");
            let answers = [Answer { report, read: Extent::Whole }];
            assert_eq!(status(&answers), exit, "{name}");
            let made = [
                ("txt", table(&answers, false).into_bytes()),
                ("json", format!("{:#}\n", document(&answers)).into_bytes()),
                ("bien-ban.pdf", compose::report(&answers[0].json()).expect("a record")),
            ];
            for (kind, made) in made {
                let path = folder.join(format!("{name}.{kind}"));
                if std::env::var_os("SITUATIONS_WRITE").is_some() {
                    std::fs::write(&path, &made).expect("written");
                }
                assert!(std::fs::read(&path).expect("what is expected") == made, "{} differs", path.display());
            }
        }
    }

    /// The record is written where it is wanted, and never over the judged file.
    #[test]
    fn records_are_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("a.pdf");
        std::fs::write(&copy, b"no PDF").expect("written");
        let one = || answer(&copy, &question(), TIME_LIMIT);
        assert!(write_records(&copy, &[one()]).is_err());
        let out = folder.path().join("out.pdf");
        write_records(&out, &[one()]).expect("written");
        assert!(std::fs::read(&out).expect("a record").starts_with(b"%PDF-"));
        let many = folder.path().join("many");
        write_records(&many, &[one(), one()]).expect("written");
        assert_eq!(std::fs::read_dir(&many).expect("a folder").count(), 2);
    }

    /// Pipes, folders and endless devices are not read; a file over the limit is refused unread.
    #[test]
    fn only_regular_files_of_bounded_length_are_read() {
        for path in ["/dev/zero", env!("CARGO_MANIFEST_DIR")].map(Path::new) {
            assert!(read(path, TRUST_LIMIT).is_err() && Disk::open(path).is_err(), "{}", path.display());
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(matches!(read(&manifest, 10), Ok(None)));
        assert!(matches!(read(&manifest, TRUST_LIMIT), Ok(Some(_))));
    }

    /// What files say about themselves does not steer the terminal, and letters with marks do not shift the columns.
    #[test]
    fn lines_are_aligned_and_harmless() {
        assert_eq!(plain("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
        assert_eq!((width("Nguyễn"), width("Nguye\u{302}\u{303}n")), (6, 6));
        assert_eq!(short_time("2026-11-23T14:05:31+07:00").as_deref(), Some("23/11/2026 14:05"));
        let text = table(&[scan("libreoffice.pdf"), scan("da-ky.pdf")], true);
        let arrows: Vec<usize> = text.lines().filter_map(|line| line.find('→').map(|at| width(&line[..at]))).collect();
        assert!(matches!(arrows.as_slice(), [one, other] if one == other), "{text}");
        assert!(text.ends_with("2 tệp · 0 hợp lệ · 1 không · 1 chưa rõ  exit 1\n"), "{text}");
    }

    /// A folder gives what its files hold; a file without an X.509 certificate is a mistake of the caller.
    #[test]
    fn anchors_come_from_files_and_folders() {
        let missing = read_anchors(Path::new("/nowhere.pem"));
        assert!(missing.is_err_and(|error| error.contains("/nowhere.pem")));
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(read_anchors(&manifest).is_err());
        assert!(read_anchors(Path::new(env!("CARGO_MANIFEST_DIR"))).is_err());
        assert!(anchors_in(&[0x30, 0x82]).is_err());
    }
}
