//! One file after the other before the judge, on a thread of its own and within a time.

use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use pades::{Policy, Profile, Report, Source as _, Unread};
use pki::path::Evidence;
use serde_json::{Value, json};
use verification::dossier::{Dossier, Refused, is_zip};

use super::matter::{Matter, read};
use super::roots::Roots;
use crate::disk::Disk;

/// Bytes of one file: the judge's own limit. A longer file is refused unread.
pub(super) const FILE_LIMIT: u64 = 1 << 30;
/// Bytes of one archive, which is held while it is unpacked: as much as may come out of it. A longer one is refused unread.
const ARCHIVE_LIMIT: u64 = 200 << 20;
/// Longest time that one file may take; the reader's own limits end it long before.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Stack of the judging thread. Its parsers count their depth; this is the second fence.
const STACK: usize = 64 << 20;

/// What every file is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) roots: Roots,
    /// Unix seconds.
    pub(super) at: i64,
    pub(super) profile: Profile,
}

impl Question {
    pub(super) fn judge(&self, file: &Matter, name: &str) -> Result<Report, Unread> {
        let list = self.roots.list.as_ref();
        self.with_policy(|policy| file.unchanged(|| pades::judge_source(file, name, policy, list)))
    }

    /// With the digest of the file.
    fn refuse(&self, file: &Matter, name: &str, code: &str, detail: &str) -> Result<Report, Unread> {
        self.with_policy(|policy| file.unchanged(|| pades::refuse_source(file, name, policy, code, detail)))
    }

    pub(super) fn refuse_unread(&self, name: &str, code: &str, detail: &str) -> Report {
        self.with_policy(|policy| pades::refuse(&[], name, policy, code, detail))
    }

    fn with_policy<T>(&self, act: impl FnOnce(&Policy<'_>) -> T) -> T {
        let extra = Evidence { certificates: self.roots.issuers.clone(), ..Evidence::default() };
        let (anchors, at, profile) = (&self.roots.anchors, self.at, self.profile);
        let test_anchors = self.roots.test;
        act(&Policy { anchors, at, profile, extra: &extra, register: None, test_anchors })
    }
}

/// The report of one file, and what of it was read.
pub(super) struct Answer {
    pub(super) report: Report,
    pub(super) read: Extent,
}

/// How far a file is known: a report must not tell the digest of bytes that nobody read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    /// Every byte.
    Whole,
    /// Its length in bytes only: it is over the limit, or cannot be read to its end.
    Length(u64),
    /// It stands in an archive that does not give it out. What the archive says of its length is not believed.
    Withheld,
    /// It could not be opened.
    Nothing,
}

impl Answer {
    pub(super) fn opened(&self) -> bool {
        self.read != Extent::Nothing
    }

    /// The object of contract.md §2: `number` is null where there is none, `sha256` and `size` where they are not known.
    pub(super) fn json(&self) -> Value {
        let mut object = self.report.to_json();
        if self.report.number.is_none() {
            object["number"] = Value::Null;
        }
        let size = match self.read {
            Extent::Whole => return object,
            Extent::Length(bytes) => json!(bytes),
            Extent::Withheld | Extent::Nothing => Value::Null,
        };
        object["sha256"] = Value::Null;
        object["size"] = size;
        object
    }
}

/// The answers about one path: one, or one per file of an archive.
pub(super) fn answers(path: &Path, question: &Question, limit: Duration) -> Vec<Answer> {
    let name = path.to_string_lossy().into_owned();
    match Disk::open(path) {
        Ok(file) if begins_as_archive(&file) => dossier(path, &name, question, limit),
        Ok(file) if file.bytes() > FILE_LIMIT => vec![too_long(&name, question, file.bytes(), FILE_LIMIT)],
        Ok(file) => vec![within(Matter::Disk(file), name, question.clone(), limit)],
        Err(error) => vec![unopened(&name, question, &error)],
    }
}

fn too_long(name: &str, question: &Question, bytes: u64, limit: u64) -> Answer {
    let report = question.refuse_unread(name, "pdf-too-complex", &format!("> {} MiB", limit >> 20));
    Answer { report, read: Extent::Length(bytes) }
}

fn unopened(name: &str, question: &Question, why: &io::Error) -> Answer {
    Answer { report: question.refuse_unread(name, "file-unreadable", &why.to_string()), read: Extent::Nothing }
}

/// Not misuse: the archive that the caller named was opened.
fn withheld(name: &str, question: &Question) -> Answer {
    Answer { report: question.refuse_unread(name, "file-unreadable", "zip"), read: Extent::Withheld }
}

fn begins_as_archive(file: &Disk) -> bool {
    let mut first = [0; 4];
    file.read_at(0, &mut first).is_ok_and(|count| count == first.len()) && is_zip(&first)
}

/// Each file of a dossier, named `ARCHIVE/FILE`, within the bounds of `POST /v1/verifications`: 100 files, 110 MiB each, 200 MiB
/// together, no more than a hundred times the archive. What cannot be unpacked is told; so is an archive that goes beyond.
fn dossier(path: &Path, name: &str, question: &Question, limit: Duration) -> Vec<Answer> {
    let archive = match read(path, ARCHIVE_LIMIT) {
        Ok(Some(archive)) => archive,
        Ok(None) => {
            let bytes = std::fs::metadata(path).map_or(ARCHIVE_LIMIT, |known| known.len());
            return vec![too_long(name, question, bytes, ARCHIVE_LIMIT)];
        }
        Err(error) => return vec![unopened(name, question, &error)],
    };
    let mut answers = Vec::new();
    let unpacked = unpack(&archive, |file_name, bytes| {
        let name = format!("{name}/{file_name}");
        answers.push(match bytes {
            Some(bytes) => within(Matter::Unpacked(bytes), name, question.clone(), limit),
            None => withheld(&name, question),
        });
    });
    if let Err(why) = unpacked {
        let (vi, en) = Refused::AMBIGUOUS;
        let (code, detail) = match why {
            Refused::Broken => ("file-unreadable", "zip".to_owned()),
            Refused::Ambiguous => ("file-unreadable", format!("zip: {vi} / {en}")),
            Refused::Bomb => ("pdf-too-complex", "zip: > 100 tệp / files, > 110 MiB, > 200 MiB, > × 100".to_owned()),
            Refused::Empty => ("file-unreadable", "zip: không có tệp nào / no file in it".to_owned()),
        };
        let matter = Matter::Unpacked(archive);
        answers.push(match question.refuse(&matter, name, code, &detail) {
            Ok(report) => Answer { report, read: Extent::Whole },
            Err(unread) => unopened(name, question, &io::Error::other(unread.to_string())),
        });
    }
    answers
}

/// One file at a time, so that only one is in memory besides the archive.
fn unpack(archive: &[u8], mut each: impl FnMut(&str, Option<Vec<u8>>)) -> Result<(), Refused> {
    let mut dossier = Dossier::open(archive)?;
    while let Some(file) = dossier.next_file()? {
        each(&file.name, file.bytes);
    }
    Ok(())
}

/// Judges on a thread of its own, so that a fault of ours or a file that takes too long is an answer and not the end of the run.
pub(super) fn within(file: Matter, name: String, question: Question, limit: Duration) -> Answer {
    let judged = question.clone();
    judging(file, name, question, limit, move |file, name| judged.judge(file, name))
}

/// As [`within`], with the judge as an argument. Whatever becomes of it, the report tells digest and length of the file as far as it can be
/// read.
pub(super) fn judging(
    file: Matter,
    name: String,
    question: Question,
    limit: Duration,
    judge: impl FnOnce(&Matter, &str) -> Result<Report, Unread> + Send + 'static,
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
pub(super) enum Fault {
    Slow,
    Broken,
}

pub(super) fn guarded<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
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
