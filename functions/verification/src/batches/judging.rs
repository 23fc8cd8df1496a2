//! One file of a batch, judged as it would be judged alone.
//!
//! Does not decide what is kept and does not know how far the batch is. Of an archive one file is in memory; everything else is read
//! in blocks.

use std::sync::Arc;
use std::time::Duration;

use api::Problem;
use casework::batch::{Judged, Judging, STEP};
use domain::batch::{Answer, Batch, BatchPlan, BatchSource, Reference};
use domain::ids::{UploadId, UserId, VerificationId};
use domain::model::{Paper, PublicCopy};
use domain::paths;
use domain::ports::{Fault, Records as _};
use pades::{Profile, Report, ReportKind, Source as _, Verdict};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::archive::Archive;
use crate::body::Body;
use crate::dossier::{File, shown};
use crate::evidence::Subject;
use crate::kept::told;
use crate::{FILE_NAME, Found, Judge, Verification, unopened};
use objects::ranged::{Object, Ranged, Reader};

/// How long one file is waited for: as long as a step has for all, so that both end before the function does.
const FILE_TIME: Duration = STEP.unsigned_abs();

/// An archive that is away while it is read.
struct Opened {
    object: Arc<Ranged<Object>>,
    archive: Option<Archive<Reader<Object>>>,
}

/// What there is to judge.
enum Matter {
    File(Body),
    Copy(Box<PublicCopy>),
    /// An entry of an archive that does not unpack.
    Unpackable,
}

/// One step of a batch: the trust list and the archive are opened once.
pub(crate) struct Step<'a> {
    service: &'a Verification,
    judge: Judge,
    archive: Mutex<Option<Opened>>,
}

impl<'a> Step<'a> {
    /// With the trust list in use.
    pub(crate) async fn begin(service: &'a Verification) -> Self {
        let now = service.edge.clock.now();
        let trust = service.trust.now(&service.objects, now).await;
        let judge = Judge::new(trust, now, None, Profile::Auto);
        Self { service, judge, archive: Mutex::new(None) }
    }

    async fn present(&self, batch: &Batch, plan: &BatchPlan) -> Result<(String, Matter), Problem> {
        let n = usize::try_from(batch.done).unwrap_or(usize::MAX);
        match &plan.source {
            BatchSource::Archive(upload) => {
                let file = self.unpacked(upload, &batch.owner, n).await?;
                Ok((file.name, file.bytes.map_or(Matter::Unpackable, |bytes| Matter::File(Body::Held(bytes)))))
            }
            BatchSource::List(list) => {
                let one = list.get(n).ok_or_else(|| Problem::new("not-found"))?;
                self.listed(one, &batch.owner).await
            }
        }
    }

    async fn listed(&self, one: &Reference, owner: &UserId) -> Result<(String, Matter), Problem> {
        let records = &self.service.records;
        let copy = match one {
            Reference::Upload(id) => {
                let (name, file) = self.service.upload_of(id, owner).await?;
                return Ok((name, Matter::File(file)));
            }
            Reference::Copy(id) => records.public_copy(id).await?,
            Reference::Link(digest) => records.public_by_link(digest).await?,
        };
        let copy = copy.ok_or_else(|| Problem::new("not-found"))?;
        Ok((FILE_NAME.to_owned(), Matter::Copy(Box::new(copy))))
    }

    /// A file of the archive, which is opened when it is not.
    async fn unpacked(&self, upload: &UploadId, owner: &UserId, n: usize) -> Result<File, Problem> {
        let mut opened = self.archive.lock().await;
        let mut there = match opened.take() {
            Some(there) => there,
            None => self.service.open_archive(upload, owner).await?,
        };
        let Some(mut archive) = there.archive.take() else {
            return Err(Fault("an archive was not given back".into()).into());
        };
        let unpack = move |_: &Arc<Ranged<Object>>| {
            let file = archive.file(n);
            Ok((archive, file))
        };
        let (archive, file) = there.object.ask(unpack).await?;
        *opened = Some(Opened { archive: Some(archive), ..there });
        Ok(file)
    }

    async fn found(&self, name: &str, matter: Matter) -> Result<Found, Problem> {
        // Nobody waits for this answer but the batch, and the next sweep is a minute away: two seconds are the shorter wait.
        let asker = self.service.asker(None);
        let mut found = match matter {
            Matter::File(body) => self.service.judged(Subject::File(&body), &self.judge, &asker).await?,
            Matter::Copy(copy) => self.service.judged(Subject::Copy(&copy), &self.judge, &asker).await?,
            Matter::Unpackable => {
                Found::of_a_stranger(self.judge.refuse("file-unreadable", "zip"), self.judge.sequence())
            }
        };
        name.clone_into(&mut found.report.file);
        Ok(found)
    }

    /// The copy of ours that a file is: to the byte, or, of a valid certified copy, by its number (one with newer time-stamps).
    async fn copy_of(&self, found: &Found) -> Result<Option<PublicCopy>, Fault> {
        let number = found.report.number.as_ref().filter(|_| is_copy(&found.report));
        match (&found.copy, number) {
            (None, Some(number)) => {
                let (year, n) = (i16::try_from(number.year), u32::try_from(number.number));
                let (Ok(year), Ok(n)) = (year, n) else { return Ok(None) };
                self.service.records.public_by_number(&number.unit_code, &number.suffix, year, n).await
            }
            (copy, _) => Ok(copy.clone()),
        }
    }

    async fn paper_of(&self, found: &Found, copy: Option<&PublicCopy>) -> Result<Option<Paper>, Fault> {
        match copy.filter(|_| is_copy(&found.report)) {
            Some(copy) => self.service.records.paper(&copy.copy).await,
            None => Ok(None),
        }
    }

    async fn answered(&self, batch: &Batch, plan: &BatchPlan, id: &VerificationId) -> Result<Judged, Problem> {
        let (name, matter) = self.present(batch, plan).await?;
        let found = match self.found(&name, matter).await {
            Ok(found) => found,
            Err(problem) => return Ok(Judged::unjudged(name, of_the_file(problem)?)),
        };
        let copy = self.copy_of(&found).await?;
        let paper = self.paper_of(&found, copy.as_ref()).await?;
        Ok(judged(name, &found, copy, paper, id))
    }
}

impl Judging for Step<'_> {
    async fn judge(&self, batch: &Batch, plan: &BatchPlan, report: &VerificationId) -> Result<Judged, Fault> {
        let answered = timeout(FILE_TIME, self.answered(batch, plan, report)).await;
        let late = |_| Fault("it takes too long".into());
        let answered = answered.map_err(late).and_then(|answered| match answered {
            Ok(judged) => Ok(judged),
            Err(problem) => match of_the_file(problem) {
                Ok(why) => Ok(Judged::unjudged(self.name(batch, plan), why)),
                Err(problem) => Err(Fault(problem.code().to_owned())),
            },
        });
        if let Err(fault) = &answered {
            tracing::warn!(batch = batch.id.as_str(), n = batch.done, %fault, "a file of a batch was not judged; a sweep tries again");
        }
        answered
    }

    fn name(&self, batch: &Batch, _: &BatchPlan) -> String {
        format!("#{}", batch.done + 1)
    }
}

/// Why a file cannot be judged; a problem of ours is none of the file's.
fn of_the_file(problem: Problem) -> Result<&'static str, Problem> {
    match problem.code() {
        "service-unavailable" | "internal" => Err(problem),
        code => Ok(code),
    }
}

fn is_copy(report: &Report) -> bool {
    report.verdict == Verdict::Valid && report.kind == ReportKind::CertifiedCopy
}

fn judged(name: String, found: &Found, copy: Option<PublicCopy>, paper: Option<Paper>, id: &VerificationId) -> Judged {
    let report = &found.report;
    let mut told = told(found, Profile::Auto, None);
    told["id"] = json!(id.as_str());
    let kind = told["kind"].as_str().map(str::to_owned);
    let text = told.to_string();
    if text.len() > store::REPORT_LIMIT {
        return Judged::unjudged(name, "pdf-too-complex");
    }
    let number = report.number.as_ref();
    let problem = report.reasons.first().filter(|_| report.kind == ReportKind::Unreadable);
    Judged {
        name,
        answer: Some(match report.verdict {
            Verdict::Valid => Answer::Valid,
            Verdict::Invalid => Answer::Invalid,
            Verdict::Indeterminate => Answer::Indeterminate,
        }),
        kind,
        sha256: hex::decode(&report.sha256).ok().and_then(|digest| digest.try_into().ok()),
        problem: problem.map(|reason| reason.code.clone()),
        report: Some(text),
        annulled: copy.as_ref().is_some_and(|copy| copy.annulled_at.is_some()),
        copy: copy.map(|copy| copy.copy),
        number_text: number.map(|it| format!("{}, quyển số {}/{} - {}", it.number, it.book, it.year, it.suffix)),
        paper,
    }
}

impl Verification {
    /// How many files the owner's archive has.
    ///
    /// # Errors
    /// `not-found`, `upload-not-ready`, and why it is not opened.
    pub(super) async fn files_of(&self, upload: &str, owner: &UserId) -> Result<usize, Problem> {
        let upload = UploadId::parse(upload).map_err(|_| Problem::invalid("/upload_id", "wrong_id_type"))?;
        let opened = self.open_archive(&upload, owner).await?;
        Ok(opened.archive.map_or(0, |archive| archive.count()))
    }

    async fn open_archive(&self, upload: &UploadId, owner: &UserId) -> Result<Opened, Problem> {
        let (_, body) = self.upload_of(upload, owner).await?;
        let Body::Stored(object) = body else { return Err(Problem::new("zip-broken")) };
        let open =
            |source: &Arc<Ranged<Object>>| Ok(Archive::read(Reader::new(Arc::clone(source)), source.len() as u64));
        let archive = object.ask(open).await?.map_err(unopened)?;
        Ok(Opened { object, archive: Some(archive) })
    }

    /// An upload of the owner's, and what it is called. Somebody else's is not there (decision 37).
    async fn upload_of(&self, id: &UploadId, owner: &UserId) -> Result<(String, Body), Problem> {
        let upload = self.records.upload(id).await?.filter(|upload| upload.owner == *owner);
        let upload = upload.ok_or_else(|| Problem::new("not-found"))?;
        let file = self.stored(paths::upload(&upload.id)).await?;
        Ok((shown(&upload.filename), file.ok_or_else(|| Problem::new("upload-not-ready"))?))
    }
}
