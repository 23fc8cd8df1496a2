//! The long-term level, B-LTA (ETSI EN 319 142-1 §6): evidence into `/DSS`, a document time-stamp over everything.

use domain::copy::CopyState;
use domain::decide::{Command, decide};
use domain::ids::{CopyId, EventId};
use domain::model::*;
use domain::paths;
use domain::ports::*;
use domain::renewal;
use jiff::Timestamp;
use pades::{Chain, ChainPurpose, Held, LEADER_FIELD, SEAL_FIELD, VerifiedArchive};

use super::evidence::Gathered;
use super::stamp::Stamp;
use super::{Run, late_delivery, subject};
use crate::support::{
    Commit, FILE_LIMIT, ROUNDS, beginning, commit, contention, extend_object, extended, finished, held, outbox,
    outbox_due, writes,
};
use crate::workshop::ArchiveExpectation;
use crate::{Halt, Outcome, Workshop};

/// A file with its next document time-stamp, or whose answer it waits for.
pub(super) type Stamped = Result<(VerifiedArchive, Stored), WaitsFor>;

/// Tries to prepare a file for a token that did not fit.
const ROOMS: usize = 3;

/// A file that gets its next document time-stamp.
pub(super) struct Stamping<'a> {
    /// Where the new file belongs.
    pub(super) path: String,
    /// What was there before: the new file begins with it.
    pub(super) base: &'a Stored,
    /// As much of it as is needed.
    pub(super) held: &'a Held<'a>,
    /// Everybody who signed or stamped in it.
    pub(super) chains: &'a [Chain],
    /// Those of them whose evidence the file still lacks.
    pub(super) wanted: &'a [Chain],
    /// For a renewal: the new file is of use only when it proves itself for longer than this, Unix seconds.
    pub(super) beyond: Option<i64>,
}

/// Archives a sealed copy (subject: the copy): the archived file, its public digest, the order to deliver, together. Until
/// every piece of evidence is there and good, the copy stays as it is and is tried again.
///
/// # Errors
/// Faults of table and bucket; the item then stays due.
pub async fn archive(
    records: &impl Records,
    objects: &impl Objects,
    services: &impl TrustServices,
    workshop: &impl Workshop,
    chance: &impl Chance,
    item: &Outbox,
    now: Timestamp,
) -> Result<Outcome, Halt> {
    let run = Run { records, objects, services, workshop, chance, now };
    for round in 0..ROUNDS {
        let Some(copy) = subject(records, item).await? else { return finished(records, item, now).await };
        let CopyState::Sealed { number, sealed, archived: None, .. } = &copy.state else {
            return finished(records, item, now).await;
        };
        if round == 0 && !run.takes(item).await {
            return Ok(Outcome::Later(run.alone_until()));
        }
        let path = paths::archived(&copy.unit, number);
        let (verified, archived) = match run.archived(path, sealed).await? {
            Ok(made) => made,
            Err(waits) => return run.waits(item, waits).await,
        };
        let all = run.recorded(&copy, &verified, archived, item).await?;
        if commit(records, all).await == Commit::Written {
            return Ok(Outcome::Done);
        }
    }
    Err(contention())
}

impl<R: Records, O: Objects, S: TrustServices, W: Workshop, C: Chance> Run<'_, R, O, S, W, C> {
    /// Looks first. Else: evidence, `/DSS`, time-stamp, a look, create once; what is there then is verified.
    async fn archived(&self, path: String, sealed: &Stored) -> Result<Stamped, Halt> {
        let held = held(self.objects, sealed).await?;
        let chains = pades::evidence_wanted(&held).map_err(|error| Fault(format!("a sealed file: {error}")))?;
        let job = Stamping { path, base: sealed, held: &held, chains: &chains, wanted: &chains, beyond: None };
        self.stamped(job).await
    }

    /// The same for any file that gets its next document time-stamp.
    pub(super) async fn stamped(&self, job: Stamping<'_>) -> Result<Stamped, Halt> {
        let (renews, beyond) = (job.beyond.is_some(), job.beyond.unwrap_or(i64::MIN));
        if let Some(there) = self.archive_there(&job).await? {
            return Ok(Ok(there));
        }
        let mut wanted = job.wanted.to_vec();
        if let Some(last) = wanted.last().filter(|_| renews) {
            let Some(next) = self.next_authority(last, job.held).await else { return Ok(Err(WaitsFor::Timestamp)) };
            wanted.push(next);
        }
        let Some(gathered) = self.evidence(&wanted).await else { return Ok(Err(WaitsFor::Revocation)) };
        let Some(tail) = self.embedded(job.held, &gathered).await? else { return Ok(Err(WaitsFor::Timestamp)) };
        let file = job.held.extended(&tail);
        // Evidence that does not reach the level leaves no file, and neither does a time-stamp that wins no time.
        let Ok(until) = self.proves_itself(&job, &file) else { return Ok(Err(WaitsFor::Revocation)) };
        if until <= beyond {
            return Ok(Err(WaitsFor::Timestamp));
        }
        let told = extend_object(self.objects, job.base, tail, &extended(job.path.clone(), job.base, &file)).await;
        match self.archive_there(&job).await? {
            Some(there) => Ok(Ok(there)),
            None => Err(told.into()),
        }
    }

    /// The revisions with evidence and the next document time-stamp; prepared again with more room when the token did not fit.
    async fn embedded(&self, base: &Held<'_>, gathered: &Gathered) -> Result<Option<Vec<u8>>, Halt> {
        let mut room = 0;
        for _ in 0..ROOMS {
            let prepared = self.workshop.prepare_archive(base, &gathered.material(), room)?;
            let imprint = base.extended(&prepared.tail).signed_digest(prepared.contents.clone());
            let embedded =
                |token: &[u8]| pades::embed_revision(base, &prepared.tail, prepared.contents.clone(), token).ok();
            match self.stamp(&imprint, embedded).await {
                Stamp::Made(tail) => return Ok(Some(tail)),
                Stamp::TooLong(length) => room = pades::room_for(length),
                Stamp::NotYet => return Ok(None),
            }
        }
        Ok(None)
    }

    /// What is stored under the name, read to its end and verified; `None`: nothing.
    async fn archive_there(&self, job: &Stamping<'_>) -> Result<Option<(VerifiedArchive, Stored)>, Halt> {
        let (bench, sealed, at) = (self.workshop.clone(), beginning(job.base), self.verified_for());
        let signers = signers(job.chains).map(|(field, signer)| (field, signer.to_vec()));
        let look = Box::new(move |file: File<'_>| {
            let signers = signers.each_ref().map(|(field, signer)| (*field, signer.as_slice()));
            bench.verify_archive(file, &ArchiveExpectation { sealed, signers: &signers, at })
        });
        let Some(Looked { found, etag }) = self.objects.with_source(&job.path, FILE_LIMIT, look).await? else {
            return Ok(None);
        };
        let verified = found.map_err(|rejection| Fault(format!("object {} is no archive: {rejection}", job.path)))?;
        let stored = Stored {
            path: job.path.clone(),
            sha256: verified.file_sha256(),
            size: verified.size(),
            // It begins with the base, as was just verified.
            midstate: job.base.midstate,
            etag: Some(etag),
        };
        Ok(Some((verified, stored)))
    }

    /// Until when the signatures of a file prove themselves, Unix seconds.
    pub(super) fn proves_itself(&self, job: &Stamping<'_>, file: &Held<'_>) -> Result<i64, pades::Rejection> {
        self.workshop.recheck_archive(file, &self.expectation(job.base, &signers(job.chains)))
    }

    fn expectation<'e>(&self, base: &Stored, signers: &'e [(&'static str, &'e [u8])]) -> ArchiveExpectation<'e> {
        ArchiveExpectation { sealed: beginning(base), signers, at: self.verified_for() }
    }

    async fn recorded(
        &self,
        copy: &Copy,
        verified: &VerifiedArchive,
        archived: Stored,
        item: &Outbox,
    ) -> Result<Vec<Write>, Halt> {
        let public = self.records.public_copy(&copy.id).await?;
        let mut public = public.ok_or_else(|| Fault(format!("{} has no public facts", copy.id)))?;
        public.digests.push(archived.sha256);
        public.version += 1;
        let renewal = renewal::due(self.now, verified.until());
        let command = Command::RecordArchive { verified, archived };
        let mut all = vec![
            Write::PublicCopy(public),
            outbox(self.chance, Topic::Deliver, copy.id.as_str(), self.now),
            self.renewal(&copy.id, renewal),
            Write::OutboxDone(late_delivery(&copy.id)?),
            Write::OutboxDone(item.id.clone()),
        ];
        all.extend(writes(decide(copy, command, &copy.changed_by, self.now)?));
        Ok(all)
    }
    /// The order to renew, when it is time.
    pub(super) fn renewal(&self, copy: &CopyId, due_at: Timestamp) -> Write {
        outbox_due(EventId::new(self.chance.uuid(self.now)), Topic::Renew, copy.as_str(), self.now, due_at)
    }
}

/// The signers are those of the sealed file, whose digest was recorded when its signatures were verified.
fn signers(chains: &[Chain]) -> [(&'static str, &[u8]); 2] {
    [LEADER_FIELD, SEAL_FIELD].map(|field| {
        let chain = chains.iter().find(|chain| chain.field == field && chain.purpose == ChainPurpose::Signer);
        // Without a signer the door stays closed: no certificate has empty DER.
        (field, chain.and_then(|chain| chain.certificates.first()).map_or(&[][..], |leaf| leaf.der()))
    })
}
