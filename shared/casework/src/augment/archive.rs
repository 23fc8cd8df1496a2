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

use super::evidence::{Gathered, hoped};
use super::stamp::Stamp;
use super::{Run, late_delivery, subject};
use crate::support::{
    Commit, FILE_LIMIT, ROUNDS, beginning, commit, contention, extend_object, extended, finished, held, outbox,
    outbox_due, writes,
};
use crate::workshop::ArchiveExpectation;
use crate::{Halt, Outcome, Workshop};

/// A file with its next document time-stamp, or why there is none yet.
pub(super) type Stamped = Result<(VerifiedArchive, Stored), NotYet>;

/// Why a file has no further document time-stamp yet.
pub(super) enum NotYet {
    /// Somebody's answer is missing.
    Waits(WaitsFor),
    /// A time-stamp came that cannot be used, and shows what the next try needs.
    Learned(Learned),
}

/// What asking for the token of a prepared file has brought.
enum Embedding {
    /// The revisions with the token, and the token.
    Made(Vec<u8>, Vec<u8>),
    /// Not that.
    NotYet(NotYet),
}

/// A file that gets its next document time-stamp.
pub(super) struct Stamping<'a> {
    /// Where the new file belongs.
    pub(super) path: String,
    /// What was there before: the new file begins with it.
    pub(super) base: &'a Stored,
    /// When that was sealed: no time-stamp is from before.
    pub(super) since: Timestamp,
    /// As much of it as is needed.
    pub(super) held: &'a Held<'a>,
    /// Everybody who signed or stamped in it.
    pub(super) chains: &'a [Chain],
    /// Those of them whose evidence the file still lacks.
    pub(super) wanted: &'a [Chain],
    /// What earlier tries have shown.
    pub(super) learned: &'a Learned,
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
        let CopyState::Sealed { number, sealed, sealed_at, archived: None, .. } = &copy.state else {
            return finished(records, item, now).await;
        };
        if round == 0 && !run.takes(item).await {
            return Ok(Outcome::Later(run.alone_until()));
        }
        let path = paths::archived(&copy.unit, number);
        let (verified, archived) = match run.archived(path, (sealed, *sealed_at), &item.learned).await? {
            Ok(made) => made,
            Err(NotYet::Waits(waits)) => return run.waits(item, waits).await,
            Err(NotYet::Learned(learned)) => return run.learns(item, learned).await,
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
    async fn archived(
        &self,
        path: String,
        (sealed, since): (&Stored, Timestamp),
        learned: &Learned,
    ) -> Result<Stamped, Halt> {
        let held = held(self.objects, sealed).await?;
        let chains = pades::evidence_wanted(&held).map_err(|error| Fault(format!("a sealed file: {error}")))?;
        let (wanted, beyond) = (&chains, None);
        self.stamped(Stamping { path, base: sealed, since, held: &held, chains: &chains, wanted, learned, beyond })
            .await
    }

    /// The same for any file that gets its next document time-stamp. Asks for one time-stamp at most: what cannot be used of it is news for the
    /// next try, which has all of its time again.
    pub(super) async fn stamped(&self, job: Stamping<'_>) -> Result<Stamped, Halt> {
        let not_yet = |waits| Ok(Err(NotYet::Waits(waits)));
        if let Some(there) = self.archive_there(&job).await? {
            return Ok(Ok(there));
        }
        let hoped = hoped(job.learned, job.wanted, self.now);
        let Some(gathered) = self.evidence(job.wanted, &hoped).await else { return not_yet(WaitsFor::Revocation) };
        let (tail, token) = match self.embedded(&job, &gathered).await? {
            Embedding::Made(tail, token) => (tail, token),
            Embedding::NotYet(why) => return Ok(Err(why)),
        };
        let file = job.held.extended(&tail);
        // Evidence that does not reach the level leaves no file, and neither does a time-stamp that wins no time.
        let until = self.proves_itself(&job, &file);
        if !until.as_ref().is_ok_and(|until| job.beyond.is_none_or(|beyond| *until > beyond)) {
            if let Some(chain) = stamped_by(&token, &job, &gathered) {
                return Ok(Err(NotYet::Learned(job.learned.clone().with_authority(chain))));
            }
            return not_yet(if until.is_ok() { WaitsFor::Timestamp } else { WaitsFor::Revocation });
        }
        let told = extend_object(self.objects, job.base, tail, &extended(job.path.clone(), job.base, &file)).await;
        match self.archive_there(&job).await? {
            Some(there) => Ok(Ok(there)),
            None => Err(told.into()),
        }
    }

    /// The revisions with evidence and the next document time-stamp. A token that does not fit says how much room the next try prepares.
    async fn embedded(&self, job: &Stamping<'_>, gathered: &Gathered) -> Result<Embedding, Halt> {
        let (base, length) = (job.held, job.learned.token_length);
        let room = usize::try_from(length).ok().filter(|length| *length > 0).map_or(0, pades::room_for);
        let prepared = self.workshop.prepare_archive(base, &gathered.material(), room)?;
        let imprint = base.extended(&prepared.tail).signed_digest(prepared.contents.clone());
        let embedded = |token: &[u8]| {
            let tail = pades::embed_revision(base, &prepared.tail, prepared.contents.clone(), token).ok()?;
            Some(Embedding::Made(tail, token.to_vec()))
        };
        Ok(match self.stamp(&imprint, job.since, embedded).await {
            Stamp::Made(made) => made,
            Stamp::TooLong(length) if length > job.learned.token_length as usize => {
                Embedding::NotYet(NotYet::Learned(job.learned.clone().with_token(length)))
            }
            Stamp::TooLong(_) | Stamp::NotYet => Embedding::NotYet(NotYet::Waits(WaitsFor::Timestamp)),
        })
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

/// The chain of whoever made a token, DER and leaf first, when no evidence was gathered for it: then the verifier cannot know that it was not
/// revoked, and does not believe the time-stamp.
fn stamped_by(token: &[u8], job: &Stamping<'_>, gathered: &Gathered) -> Option<Vec<Vec<u8>>> {
    let token = pki::tsp::Token::parse(token).ok()?;
    let leaf = token.signer_certificate().filter(|leaf| !gathered.knows(leaf))?;
    let others = token.certificates().iter().filter(|one| *one != leaf);
    // What the file knows of the authority above may complete the path.
    let known = job.wanted.last().into_iter().flat_map(|last| last.certificates.iter().skip(1));
    Some(std::iter::once(leaf).chain(others).chain(known).map(|one| one.der().to_vec()).collect())
}

/// The signers are those of the sealed file, whose digest was recorded when its signatures were verified.
fn signers(chains: &[Chain]) -> [(&'static str, &[u8]); 2] {
    [LEADER_FIELD, SEAL_FIELD].map(|field| {
        let chain = chains.iter().find(|chain| chain.field == field && chain.purpose == ChainPurpose::Signer);
        // Without a signer the door stays closed: no certificate has empty DER.
        (field, chain.and_then(|chain| chain.certificates.first()).map_or(&[][..], |leaf| leaf.der()))
    })
}
