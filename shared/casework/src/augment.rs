//! Makes the issued files (docs/ISSUING.md): a time-stamp for each signature, embedding, verification, one object each;
//! then `/DSS` and a document time-stamp (decision 11).
//!
//! Has no key and signs nothing. Nothing from outside is used before it was checked: a wrong answer of an authority leaves
//! no file and loses no case, it only costs time ([`Outcome::Later`]). Every run looks first whether the object is there,
//! because an object is created once and never replaced.

mod archive;
mod evidence;
mod lease;
mod renew;
mod stamp;

use domain::copy::CopyState;
use domain::decide::{Command, Decision, decide};
use domain::ids::*;
use domain::model::*;
use domain::paths;
use domain::ports::*;
use domain::refusal::Reason;
use jiff::{SignedDuration, Timestamp};
use pades::{Held, LEADER_FIELD, SEAL_FIELD, Verified};
use pki::Certificate;
use pki::cms::Apart;

use self::stamp::Stamp;
use crate::answer;
use crate::beside::beside;
use crate::support::{
    self, Commit, FILE_LIMIT, ROUNDS, beginning, commit, contention, ended, extend_object, extended, finished, held,
    outbox, outbox_due, read, writes,
};
use crate::workshop::{Expectation, Parts, chain_of};
use crate::{Halt, Outcome, Workshop};

pub use archive::archive;
pub use lease::{ASKING, LEASE, give_back};
pub use renew::renew;

/// The most octets of files that copies of one session bring into memory beside each other; one copy always has its turn.
const BESIDE_LIMIT: u64 = 64 * 1024 * 1024;

/// How long a sealed copy waits for its archive before it is delivered as it is (decision 11).
pub const ARCHIVE_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// Ports and moment of one run.
struct Run<'a, R, O, S, W, C> {
    records: &'a R,
    objects: &'a O,
    services: &'a S,
    workshop: &'a W,
    chance: &'a C,
    now: Timestamp,
}

/// One signature to be finished.
struct Job<'a> {
    /// Where the file belongs.
    path: String,
    field: &'static str,
    /// In which shape it was signed.
    shape: Shape,
    prepared: &'a PreparedRevision,
    /// What the signer gave back.
    signature: &'a [u8],
    /// X.509 chain of the signer, DER, leaf first.
    chain: &'a [Vec<u8>],
    /// What was there before: the file begins with it.
    base: &'a Stored,
    /// When that was signed: no time-stamp is from before.
    since: Timestamp,
}

/// What became of a job.
enum Made {
    /// The file is stored and verified.
    File(Box<Finished>),
    /// No usable time-stamp came.
    NotYet,
    /// Every usable time-stamp was longer than the room that the revision keeps; the longest had so many octets.
    TooLong(usize),
    /// This signature will never make a good file.
    Never(Reason),
}

/// A stored file with its proof.
struct Finished {
    verified: Verified,
    /// SHA-256 of the signer's X.509 certificate.
    signer: Sha256,
    file: Stored,
}

/// Finishes the leader's signature on the copies of a session (subject: the session), as many beside each other as memory holds; when more are
/// left, the item is due at once. A copy whose signature turns out worthless goes back to the leader with a problem; a copy without a
/// time-stamp waits, and holds up no other.
///
/// # Errors
/// Faults of table and bucket; the item then stays due.
pub async fn finish_leader(
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
        let Some(session) = leader_session(records, item).await? else { return finished(records, item, now).await };
        if round == 0 && !run.takes(item).await {
            return Ok(Outcome::Later(run.alone_until()));
        }
        let (entries, more) = turn(&session, item);
        let ended = beside(entries.iter().map(|entry| run.leader(&session, entry))).await;
        // What became of the others is recorded before anybody hears that one of them failed.
        let mut fault = None;
        let ended = ended.into_iter().map(|one| {
            one.unwrap_or_else(|failed| {
                fault.get_or_insert(failed);
                Leader::NotYet
            })
        });
        let over = run.recorded_leader(&session, entries.into_iter().zip(ended), item);
        let written = match &over {
            Some((_, all)) => commit(records, all.clone()).await == Commit::Written,
            None => true,
        };
        if let Some(fault) = fault.filter(|_| written) {
            return Err(fault);
        }
        match (over, more) {
            _ if !written => {}
            (Some((true, _)), _) => return Ok(Outcome::Done),
            (Some(_), true) => return again(records, item, now).await,
            (Some(_), false) | (None, _) => return run.waits(item, WaitsFor::Timestamp).await,
        }
    }
    Err(contention())
}

/// The copies of a session that have their turn, and whether others wait for theirs. Whoever cannot be helped now does not keep the first
/// place for ever: the turn moves on with the time.
fn turn<'s>(session: &'s Session, item: &Outbox) -> (Vec<&'s SessionItem>, bool) {
    let mut open: Vec<&SessionItem> = session.items.iter().filter(|entry| !entry.done).collect();
    // The whole file, or a little more: it is read when it has been made.
    let whole = |prepared: &PreparedRevision| prepared.contents_end.saturating_add(prepared.tail.size);
    let size = |entry: &&SessionItem| entry.prepared.as_ref().map_or(0, whole);
    let all = open.len();
    if open.iter().map(size).sum::<u64>() > BESIDE_LIMIT {
        // Its nanoseconds, for the minute's sweep would turn them by whole minutes.
        let moment = usize::try_from(item.due_at.as_nanosecond().unsigned_abs()).unwrap_or(0);
        open.rotate_left(moment.checked_rem(all).unwrap_or(0));
        let mut room = BESIDE_LIMIT;
        let fits = |entry: &&&SessionItem| room.checked_sub(size(entry)).map(|left| room = left).is_some();
        let count = open.iter().take_while(fits).count();
        open.truncate(count.max(1));
    }
    let more = open.len() < all;
    (open, more)
}

/// Makes an item due at once, for whoever still has time.
async fn again(records: &impl Records, item: &Outbox, now: Timestamp) -> Result<Outcome, Halt> {
    commit(records, vec![Write::OutboxLater(item.id.clone(), now)]).await;
    Ok(Outcome::Later(now))
}

/// The session, while its signatures wait to be finished.
async fn leader_session(records: &impl Records, item: &Outbox) -> Result<Option<Session>, Fault> {
    let Ok(id) = SessionId::parse(&item.subject) else { return Ok(None) };
    let waits =
        |session: &Session| session.purpose == Purpose::LeaderSign && session.state == SessionState::Timestamping;
    Ok(records.session(&id).await?.filter(waits))
}

/// What became of a copy in a leader's session.
enum Leader {
    /// It has ended for this session: how the copy moves, and what was wrong.
    Ended(Option<Box<Decision>>, Option<&'static str>),
    /// Its time-stamp did not come.
    NotYet,
}

/// Finishes a seal (subject: the copy): the sealed file, the public facts, the order to archive, together. When the agency's
/// X.509 certificate was renewed since the key signed, the revision goes back to `numbering`; the number stays.
///
/// # Errors
/// Faults of table and bucket; the item then stays due.
pub async fn finish_seal(
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
        let CopyState::Numbered { signed, signed_at, session, number, prepared: Some((prepared, signature)), .. } =
            &copy.state
        else {
            return finished(records, item, now).await;
        };
        if round == 0 && !run.takes(item).await {
            return Ok(Outcome::Later(run.alone_until()));
        }
        let unit = support::unit(records, &copy.unit).await?;
        let job = Job {
            path: paths::sealed(&unit.id, number),
            field: SEAL_FIELD,
            shape: Shape::Raw,
            prepared,
            signature,
            chain: &unit.seal_chain,
            base: signed,
            since: *signed_at,
        };
        let all = match run.make(&job).await? {
            Made::File(made) => run.sealed(&copy, &unit, &made, item).await?,
            Made::Never(Reason::WrongCertificate) => run.renewed(&copy, session, item, 0)?,
            // A revision with no more room than this one would be this one again.
            Made::TooLong(length) if pades::room_for(length) > copy.token_room() => {
                run.renewed(&copy, session, item, length)?
            }
            Made::TooLong(_) => return run.waits(item, WaitsFor::Timestamp).await,
            // The number is spent, so there is no way back: whatever is wrong has to be put right, and is tried again.
            Made::Never(_) => return run.waits(item, WaitsFor::Repair).await,
            Made::NotYet => return run.waits(item, WaitsFor::Timestamp).await,
        };
        if commit(records, all).await == Commit::Written {
            return Ok(Outcome::Done);
        }
    }
    Err(contention())
}

/// The copy that an item is about.
async fn subject(records: &impl Records, item: &Outbox) -> Result<Option<Copy>, Fault> {
    let Ok(id) = CopyId::parse(&item.subject) else { return Ok(None) };
    records.copy(&id).await
}

impl<R: Records, O: Objects, S: TrustServices, W: Workshop, C: Chance> Run<'_, R, O, S, W, C> {
    /// What is written of the copies that have ended, in one transaction, and whether the session is over with it; `None`: of none.
    fn recorded_leader<'e>(
        &self,
        session: &Session,
        copies: impl Iterator<Item = (&'e SessionItem, Leader)>,
        item: &Outbox,
    ) -> Option<(bool, Vec<Write>)> {
        let (mut after, mut all) = (session.clone(), Vec::new());
        for (entry, outcome) in copies {
            let Leader::Ended(decision, problem) = outcome else { continue };
            after = Session { version: session.version, ..ended(&after, &entry.copy, problem) };
            all.extend(decision.into_iter().flat_map(|decision| writes(*decision)));
        }
        if after == *session {
            return None;
        }
        after.version += 1;
        let over = after.state.is_terminal();
        all.push(Write::Session(after));
        all.extend(over.then(|| Write::OutboxDone(item.id.clone())));
        Some((over, all))
    }

    async fn leader(&self, session: &Session, entry: &SessionItem) -> Result<Leader, Halt> {
        let copy = support::copy(self.records, &entry.copy).await?;
        let base = match &copy.state {
            CopyState::AwaitingSignature { base, session: ours } if *ours == session.id => base,
            // Signature and item are recorded together, so a copy that stands elsewhere has gone its way without us.
            _ => return Ok(Leader::Ended(None, Some(Reason::CopyChanged.code()))),
        };
        let lapsed = |problem: &'static str, token: usize| {
            let decision = decide(&copy, Command::LapseLeader { session: &session.id }, &session.user, self.now)?;
            Ok(Leader::Ended(Some(Box::new(with_room(decision, token))), Some(problem)))
        };
        let lapse = |problem| lapsed(problem, 0);
        let user = support::user(self.records, &session.user).await?;
        let (Some(prepared), Some(signature)) = (&entry.prepared, &entry.signature) else {
            return lapse(Reason::SignatureDoesNotVerify.code());
        };
        let job = Job {
            path: paths::signed(&copy.id, &session.id),
            field: LEADER_FIELD,
            shape: session.shape,
            prepared,
            signature,
            chain: user.credential.as_ref().map(|credential| credential.chain.as_slice()).unwrap_or_default(),
            base,
            // Nothing in it has a time.
            since: Timestamp::UNIX_EPOCH,
        };
        let made = match self.make(&job).await? {
            Made::File(made) => made,
            Made::NotYet => return Ok(Leader::NotYet),
            // What was signed cannot grow: the leader is asked again, for a revision with more room.
            Made::TooLong(length) => return lapsed(Reason::TimestampTooLong.code(), length),
            Made::Never(reason) => return lapse(reason.code()),
        };
        let command = Command::RecordSignature {
            session: &session.id,
            verified: &made.verified,
            signer: made.signer,
            signed: made.file.clone(),
        };
        match decide(&copy, command, &session.user, self.now) {
            Ok(decision) => Ok(Leader::Ended(Some(Box::new(decision)), None)),
            Err(refusal) => lapse(refusal.code()),
        }
    }

    /// Looks first. Else: time-stamp, embed, look at the signature, create once. Then what is there is read to its end and verified,
    /// whoever created it: nothing else is recorded.
    async fn make(&self, job: &Job<'_>) -> Result<Made, Halt> {
        let chain = chain_of(job.chain)?;
        let Some(leaf) = chain.first() else { return Ok(Made::Never(Reason::CertificateNotUsable)) };
        if let Some(made) = self.there(job, leaf).await? {
            return Ok(made);
        }
        let base = held(self.objects, job.base).await?;
        let revision = read(self.objects, &job.prepared.tail).await?;
        let Some(Apart { attributes, signature }) = signed_by(&base.extended(&revision), job, leaf) else {
            return Ok(Made::Never(Reason::WrongCertificate));
        };
        let imprint = pades::timestamp_imprint(&pki::cms::signature_value(&signature, leaf));
        // Everything but the token was checked above: what does not fit is a token beyond the reserved space.
        let embedded = |token: &[u8]| {
            let parts = Parts { attributes: &attributes, signature: &signature, chain: job.chain, token };
            self.workshop.finish(&base, &revision, contents(job.prepared), &parts).ok()
        };
        let tail = match self.stamp(&imprint, job.since, embedded).await {
            Stamp::Made(tail) => tail,
            Stamp::TooLong(length) => return Ok(Made::TooLong(length)),
            Stamp::NotYet => return Ok(Made::NotYet),
        };
        let file = base.extended(&tail);
        match self.workshop.recheck(&file, &self.expected(job, leaf)) {
            Ok(()) => {}
            Err(rejection) if rejection.code == "timestamp-missing" => return Ok(Made::NotYet),
            Err(_) => return Ok(Made::Never(Reason::SignatureDoesNotVerify)),
        }
        let told = extend_object(self.objects, job.base, tail, &extended(job.path.clone(), job.base, &file)).await;
        match self.there(job, leaf).await? {
            Some(made) => Ok(made),
            None => Err(told.into()),
        }
    }

    fn expected<'j>(&self, job: &Job<'j>, leaf: &'j Certificate) -> Expectation<'j> {
        Expectation { field: job.field, signer: leaf.der(), base: beginning(job.base), at: self.verified_for() }
    }

    /// What is stored under the name, read to its end and verified; `None`: nothing. A seal that was finished under the agency's earlier
    /// X.509 certificate is a seal: the object can never be replaced, so the certificate in it counts, when it is the same agency's.
    async fn there(&self, job: &Job<'_>, leaf: &Certificate) -> Result<Option<Made>, Halt> {
        let (bench, signer, field) = (self.workshop.clone(), leaf.clone(), job.field);
        let (base, at) = (beginning(job.base), self.verified_for());
        let look = Box::new(move |file: File<'_>| {
            let by = |signer: &Certificate| {
                let expected = Expectation { field, signer: signer.der(), base, at };
                bench.verify(file, &expected).map(|verified| (verified, signer.sha256()))
            };
            by(&signer).or_else(|rejection| {
                // Another session has another path, so a leader may be asked again.
                let earlier = (field == SEAL_FIELD).then(|| pades::signer_named(file, field)).flatten();
                let earlier = earlier.filter(|earlier| earlier.subject() == signer.subject());
                earlier.and_then(|earlier| by(&earlier).ok()).ok_or(rejection)
            })
        });
        let Some(Looked { found, etag }) = self.objects.with_source(&job.path, FILE_LIMIT, look).await? else {
            return Ok(None);
        };
        match found {
            Ok((verified, signer)) => {
                let file = Stored {
                    path: job.path.clone(),
                    sha256: verified.file_sha256(),
                    size: verified.size(),
                    // It begins with the base, as was just verified.
                    midstate: job.base.midstate,
                    etag: Some(etag),
                };
                Ok(Some(Made::File(Box::new(Finished { verified, signer, file }))))
            }
            Err(_) if field == LEADER_FIELD => Ok(Some(Made::Never(Reason::SignatureDoesNotVerify))),
            Err(rejection) => Err(Fault(format!("object {} is no seal: {rejection}", job.path)).into()),
        }
    }

    /// What is written with a seal: one transaction.
    async fn sealed(&self, copy: &Copy, unit: &Unit, made: &Finished, item: &Outbox) -> Result<Vec<Write>, Halt> {
        let command = Command::RecordSeal { verified: &made.verified, signer: made.signer, sealed: made.file.clone() };
        let decision = decide(copy, command, &copy.changed_by, self.now)?;
        let CopyState::Sealed { number, sealed_at, session, .. } = &decision.copy.state else {
            return Err(Fault(format!("{} was sealed and is not", copy.id)).into());
        };
        let public = PublicCopy {
            copy: copy.id.clone(),
            unit: copy.unit.clone(),
            unit_code: unit.code.clone(),
            number: number.clone(),
            sealed_at: *sealed_at,
            digests: vec![made.file.sha256],
            annulled_at: None,
            annulled_by: None,
            version: 1,
        };
        let session = self.records.session(session).await?;
        let until = self.now.checked_add(ARCHIVE_WAIT).unwrap_or(self.now);
        let paper = Paper { copy: copy.id.clone(), type_id: copy.type_id.clone(), title: copy.title.clone() };
        let mut all = vec![
            Write::PublicCopy(public),
            Write::Paper(paper),
            outbox(self.chance, Topic::Archive, copy.id.as_str(), self.now),
            outbox_due(late_delivery(&copy.id)?, Topic::Deliver, copy.id.as_str(), self.now, until),
            Write::OutboxDone(item.id.clone()),
        ];
        all.extend(session.map(|session| Write::Session(ended(&session, &copy.id, None))));
        all.extend(writes(decision));
        Ok(all)
    }

    /// Back to whoever holds the key, with the same number, and with room for a token of so many octets.
    fn renewed(&self, copy: &Copy, session: &SessionId, item: &Outbox, token: usize) -> Result<Vec<Write>, Halt> {
        let again = outbox(self.chance, Topic::Seal, session.as_str(), self.now);
        let mut all = vec![again, Write::OutboxDone(item.id.clone())];
        all.extend(writes(with_room(decide(copy, Command::RenewSeal, &copy.changed_by, self.now)?, token)));
        Ok(all)
    }
}

/// The copy's next revision has room for a token of so many octets.
fn with_room(decision: Decision, token: usize) -> Decision {
    let token_length = u32::try_from(token).unwrap_or(u32::MAX).max(decision.copy.token_length);
    Decision { copy: Copy { token_length, ..decision.copy }, ..decision }
}

fn contents(prepared: &PreparedRevision) -> std::ops::Range<usize> {
    // A range that no memory can hold is empty, which no placeholder is.
    let offset = |at: u64| usize::try_from(at).unwrap_or(0);
    offset(prepared.contents_start)..offset(prepared.contents_end)
}

/// The signature, if it is over this revision, for and by this X.509 certificate: the attributes name it (ESS), so a renewed
/// one over the same key is another one.
fn signed_by(prepared: &Held<'_>, job: &Job<'_>, leaf: &Certificate) -> Option<Apart> {
    let digest = prepared.signed_digest(contents(job.prepared));
    let wanted = pki::cms::signed_attributes(&digest, leaf).ok()?;
    let ours = wanted == job.prepared.signed_attributes;
    ours.then(|| answer::signed(job.shape, job.prepared, job.signature, leaf)).flatten()
}

/// The order to deliver without an archive has the copy's own number, so that whoever archives can take it back without
/// having read it.
fn late_delivery(copy: &CopyId) -> Result<EventId, Fault> {
    let uuid = copy.as_str().trim_start_matches(CopyId::PREFIX);
    EventId::parse(&format!("{}{uuid}", EventId::PREFIX)).map_err(|error| Fault(format!("{copy}: {error}")))
}
