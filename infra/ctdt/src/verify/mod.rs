//! `ctdt verify`: judges PDF files on the command line (contract.md §2, api.md §2.6).
//!
//! Does not fetch anything: revocation and issuers come from the file, with and without `--offline`; what a file does not embed stays
//! unknown, and unknown is never valid (decision 20). Asks no register. Keeps nothing.

mod args;
mod judging;
mod matter;
mod printing;
mod records;
mod roots;
#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::process::ExitCode;

use jiff::Timestamp;
use pades::{Profile, Verdict};
use serde_json::{Value, json};

use self::args::Rules;
pub(crate) use self::args::VerifyArgs;
use self::judging::{Answer, Question, TIME_LIMIT};
pub(crate) use self::printing::short_time;
use self::roots::Roots;

/// What is said of records that are written here.
const UNSIGNED: &str =
    "biên bản này không ký số, vì lệnh không có khóa / the record is not signed: this command has no key";

/// Judges the files, prints, and gives the exit status: 0 all valid, 1 some invalid, 2 some cannot be told, 3 usage (a file, an anchor or
/// a trust list that cannot be used counts as usage).
pub(crate) fn run(args: &VerifyArgs) -> ExitCode {
    let usage = |why: &str| {
        eprintln!("ctdt verify: {why}");
        ExitCode::from(3)
    };
    let now = Timestamp::now().as_second();
    let roots = match &args.trust_list {
        Some(path) => Roots::of_list(path, &args.pin, now),
        None => Roots::of_files(&args.trust),
    };
    let roots = match roots {
        Ok(roots) => roots,
        Err(error) => return usage(&error),
    };
    let question = Question {
        roots,
        at: args.at.map_or(now, Timestamp::as_second),
        profile: match args.profile {
            None => Profile::Auto,
            Some(Rules::Ecopy) => Profile::Ecopy,
            Some(Rules::General) => Profile::General,
        },
    };
    let answers: Vec<Answer> =
        args.files.iter().flat_map(|path| judging::answers(path, &question, TIME_LIMIT)).collect();
    if let Some(out) = &args.report {
        if let Err(error) = records::write_records(out, &args.given(), &answers) {
            return usage(&format!("--report {}: {error}", out.display()));
        }
        // Whoever has a signed record of the service must not take this one for it.
        eprintln!("ctdt verify: {UNSIGNED}");
    }
    let text = if args.json { format!("{:#}\n", document(&answers)) } else { printing::table(&answers, args.offline) };
    // A closed pipe is the reader's choice; the exit status still tells.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(status(&answers))
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
