//! A judge of batches that reads no file: a copy of ours is valid, an upload is no PDF, a link leads nowhere.

use casework::batch::{Judged, Judging};
use domain::batch::*;
use domain::ids::*;
use domain::ports::Fault;

use super::{Inner, World};

impl Judging for World {
    async fn judge(&self, batch: &Batch, plan: &BatchPlan, report: &VerificationId) -> Result<Judged, Fault> {
        let unjudged = |why: &str| Judged::unjudged(self.name(batch, plan), why);
        let BatchSource::List(list) = &plan.source else { return Ok(unjudged("file-unreadable")) };
        let with = |answer, kind: &str, copy: Option<CopyId>, w: &Inner| Judged {
            answer: Some(answer),
            kind: Some(kind.to_owned()),
            problem: None,
            report: Some(format!("{{\"id\":\"{report}\"}}")),
            paper: copy.as_ref().and_then(|copy| w.table.papers.get(copy).cloned()),
            copy,
            ..unjudged("")
        };
        let look = |w: &Inner| match list.get(usize::try_from(batch.done).unwrap_or(usize::MAX)) {
            Some(Reference::Copy(copy)) => with(Answer::Valid, "certified_copy", Some(copy.clone()), w),
            Some(Reference::Upload(_)) => with(Answer::Invalid, "unreadable", None, w),
            Some(Reference::Link(_)) | None => unjudged("not-found"),
        };
        self.ask("judge", look).await
    }

    fn name(&self, batch: &Batch, _: &BatchPlan) -> String {
        format!("{}.pdf", batch.done)
    }
}
