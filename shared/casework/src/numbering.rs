//! Number and seal (docs/ISSUING.md lines 5–7): the one module whose function holds a key, and it has no way out of the
//! house (decision 11).
//!
//! Does not timestamp or embed (`augment` does). Every step is taken from wherever the copy stands, so two sealers, a
//! tenth attempt and a first one walk the same lines.

use compose::Facsimile;
use domain::copy::CopyState;
use domain::decide::{Command, decide};
use domain::ids::*;
use domain::model::*;
use domain::ports::*;
use domain::refusal::{Reason, Refusal};
use domain::series::Written;
use domain::{paths, register, time};
use jiff::{SignedDuration, Timestamp};
use pades::{Held, LEADER_FIELD, Revision};
use pki::Certificate;

use crate::facsimile::picture;
use crate::leader::check_batch;
use crate::qr::Press;
use crate::support::{
    self, Commit, ROUNDS, commit, contention, ended, finished, leave_waiting, outbox, sha256, state_of, writes,
};
use crate::workshop::{Expectation, SealMark, chain_of};
use crate::{Halt, Outcome, Workshop, aftercare};

/// Problem of a session's item whose number was made void.
const VOIDED: &str = "session-closed";

/// What a seal-keeper asks for.
#[derive(Clone, Copy, Debug)]
pub struct RequestSeal<'a> {
    /// What the session is called; a session of this name that exists is met before anybody comes here.
    pub id: &'a SessionId,
    /// Who.
    pub user: &'a User,
    /// What, in the order of the numbers.
    pub copies: &'a [CopyId],
    /// `agency_key`; the other methods of decision 23a come with their connectors.
    pub method: &'a str,
}

/// Records the intent: session, copies and work in one transaction (decision 23). The present moment becomes the legal
/// moment of the number.
///
/// # Errors
/// [`Refusal`] `not-found`, `wrong-state`, `copy-changed`, `certificate-not-usable`, `method-not-available`,
/// `validation-failed`; faults of the ports.
pub async fn request(
    records: &impl Records,
    chance: &impl Chance,
    ask: RequestSeal<'_>,
    now: Timestamp,
) -> Result<Session, Halt> {
    check_batch(ask.copies)?;
    if ask.method != "agency_key" {
        return Err(Reason::MethodNotAvailable.into());
    }
    let id = ask.id.clone();
    let mut all = Vec::new();
    let mut items = Vec::new();
    let mut unit: Option<Unit> = None;
    for copy in ask.copies {
        let copy = support::copy(records, copy).await?;
        let unit = match &mut unit {
            Some(unit) => unit,
            none => none.insert(support::unit(records, &copy.unit).await?),
        };
        if unit.id != copy.unit {
            return Err(Refusal::NotFound.into());
        }
        let leaf = unit.seal_chain.first().and_then(|der| Certificate::from_der(der).ok());
        if !leaf.is_some_and(|leaf| leaf.valid_at(now.as_second())) {
            return Err(Reason::CertificateNotUsable.into());
        }
        let command = Command::RequestSeal { session: id.clone(), decided_at: now };
        all.extend(writes(decide(&copy, command, &ask.user.id, now)?));
        items.push(SessionItem::waiting(copy.id, None));
    }
    let unit = unit.ok_or(Refusal::NotFound)?;
    let session = Session {
        id,
        purpose: Purpose::Seal,
        method: ask.method.to_owned(),
        shape: Shape::Raw,
        user: ask.user.id.clone(),
        unit: unit.id,
        items,
        state: SessionState::Sending,
        verification_code: String::new(),
        display_text: String::new(),
        handle: None,
        created_at: now,
        // Nobody's answer is waited for and a spent number never lapses: the end is only shown.
        expires_at: now.checked_add(SignedDuration::from_mins(15)).unwrap_or(now),
        late: None,
        version: 1,
    };
    all.push(Write::Session(session.clone()));
    all.push(outbox(chance, Topic::Seal, session.id.as_str(), now));
    match records.commit(all).await {
        Ok(()) => Ok(session),
        Err(CommitError::Conflict) => Err(Reason::CopyChanged.into()),
        Err(CommitError::Unknown(fault)) => match records.session(&session.id).await? {
            Some(session) => Ok(session),
            None => Err(fault.into()),
        },
    }
}

/// What `numbering` signs with.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a, S, Q> {
    /// The agencies' keys.
    pub seal: &'a S,
    /// What makes the QR codes in the seals.
    pub qr: Press<'a, Q>,
}

/// Numbers and seals every copy of a session, as far as a key without a way out can: number spent, revision stored,
/// signed by the agency key. The rest is `augment::finish_seal`.
///
/// # Errors
/// Faults of the ports; the item then stays due.
pub async fn number_and_seal(
    records: &impl Records,
    objects: &impl Objects,
    keys: &Keys<'_, impl SealKey, impl QrKey>,
    workshop: &impl Workshop,
    chance: &impl Chance,
    item: &Outbox,
    now: Timestamp,
) -> Result<Outcome, Halt> {
    let desk = Desk { records, objects, keys, workshop, chance, now };
    let Some(session) = subject(records, item).await? else { return finished(records, item, now).await };
    let (mut gone, mut failed) = (Vec::new(), Vec::new());
    for entry in &session.items {
        match desk.advance(&session.id, &session.user, &entry.copy).await {
            Ok(Stand::Here) => {}
            Ok(Stand::Gone) => gone.push(entry.copy.clone()),
            // One copy's file is not that of the others; but where keys or the table fail, nothing more is spent.
            Err(Trouble::File(halt)) if failed.len() < SPARED => failed.push(halt),
            Err(Trouble::File(halt) | Trouble::Run(halt)) => {
                failed.push(halt);
                break;
            }
            // The order stays due: many offices' numbers meet at one table, and whoever lost is the next.
            Err(Trouble::Lost) => return Err(contention()),
        }
    }
    match failed.into_iter().next() {
        None => close(records, &session.id, &gone, item).await,
        // An office whose key fails does not stand before the others at every sweep, and whoever looks sees what is missing.
        Some(halt) => leave_waiting(records, item, WaitsFor::Repair, now).await.and(Err(halt)),
    }
}

/// So many files of a session may be out of reach before the rest is left for the next run: each is waited for.
const SPARED: usize = 3;

/// Why a copy does not go on now.
enum Trouble {
    /// Its own file or what belongs to it cannot be had.
    File(Halt),
    /// Anything else: it would be the same with the next copy.
    Run(Halt),
    /// Others wrote first, too often.
    Lost,
}

impl<E: Into<Halt>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::Run(error.into())
    }
}

/// Where a copy stands when nothing is left to do for it.
enum Stand {
    /// In this session, or its part of it has ended.
    Here,
    /// In no session, or another one.
    Gone,
}

async fn subject(records: &impl Records, item: &Outbox) -> Result<Option<Session>, Halt> {
    let Ok(id) = SessionId::parse(&item.subject) else { return Ok(None) };
    Ok(records.session(&id).await?)
}

/// Moves the session on and takes the item away, together. What has left the session has ended its part of it when it left; where an earlier
/// version did not write that, it is written now.
async fn close(records: &impl Records, id: &SessionId, gone: &[CopyId], item: &Outbox) -> Result<Outcome, Halt> {
    for _ in 0..ROUNDS {
        let session = support::session(records, id).await?;
        let next = after(session.clone(), gone);
        let mut all = vec![Write::OutboxDone(item.id.clone())];
        if next != session {
            all.push(Write::Session(Session { version: session.version + 1, ..next }));
        }
        if commit(records, all).await == Commit::Written {
            return Ok(Outcome::Done);
        }
    }
    Err(contention())
}

fn after(mut session: Session, gone: &[CopyId]) -> Session {
    for item in session.items.iter_mut().filter(|item| !item.done && gone.contains(&item.copy)) {
        item.done = true;
        item.problem = Some(Reason::SessionClosed.code().to_owned());
    }
    if !session.state.is_terminal() {
        session.state = state_of(&session.items);
    }
    session
}

/// Ports and moment of one run.
struct Desk<'a, R, O, S, Q, W, C> {
    records: &'a R,
    objects: &'a O,
    keys: &'a Keys<'a, S, Q>,
    workshop: &'a W,
    chance: &'a C,
    now: Timestamp,
}

/// The seal's revision as it was made before the number was spent, with the facts that it was made of.
struct Made {
    unit: Unit,
    number: Number,
    written: Option<Written>,
    revision: Revision,
}

impl Made {
    /// Whether it was made of these facts. Those of the copy are the same for as long as its number is.
    fn of(&self, unit: &Unit, number: &Number, written: Option<&Written>) -> bool {
        self.unit == *unit && self.number == *number && self.written.as_ref() == written
    }
}

/// What one step said.
enum Step {
    /// Load again and take the next step.
    Again,
    /// Nothing more to do here.
    Ready,
}

impl<R: Records, O: Objects, S: SealKey, Q: QrKey, W: Workshop, C: Chance> Desk<'_, R, O, S, Q, W, C> {
    /// Takes steps until nothing is left to do.
    async fn advance(&self, session: &SessionId, by: &UserId, id: &CopyId) -> Result<Stand, Trouble> {
        let (mut kept, mut made) = (None, None);
        for _ in 0..ROUNDS {
            let copy = support::copy(self.records, id).await?;
            let step = match &copy.state {
                CopyState::SealRequested { signed, session: ours, .. } if ours == session => {
                    let end = self.end(&mut kept, signed).await?;
                    self.number(&copy, end, by, &mut made).await?
                }
                CopyState::Numbered { signed, session: ours, decided_at, number, prepared: None, .. }
                    if ours == session =>
                {
                    let end = self.end(&mut kept, signed).await?;
                    self.seal(&copy, end, (number, *decided_at), by, made.take()).await?
                }
                CopyState::Numbered { session: ours, .. } | CopyState::Sealed { session: ours, .. }
                    if ours == session =>
                {
                    Step::Ready
                }
                // Whoever made it so has ended its part of the session.
                CopyState::Annulled { .. } | CopyState::Void { .. } => Step::Ready,
                _ => return Ok(Stand::Gone),
            };
            match step {
                Step::Again => {}
                Step::Ready => return Ok(Stand::Here),
            }
        }
        Err(Trouble::Lost)
    }

    /// The signed file as far as it is needed, read once. Under a number that is spent nothing else can ever be stored, so what the seal is
    /// put on has to be whole: the body that was verified to its end, by its ETag, or else all of it once more.
    async fn end<'k>(
        &self,
        kept: &'k mut Option<(Sha256, Held<'static>)>,
        signed: &Stored,
    ) -> Result<&'k Held<'static>, Trouble> {
        let held = match kept.take().filter(|(sha256, _)| *sha256 == signed.sha256) {
            Some((_, held)) => held,
            None => support::held_whole(self.objects, signed).await.map_err(|fault| Trouble::File(fault.into()))?,
        };
        Ok(&kept.insert((signed.sha256, held)).1)
    }

    /// One transaction: counter, number, copy, history. The number is spent here, and only here.
    async fn number(&self, copy: &Copy, end: &Held<'_>, by: &UserId, made: &mut Option<Made>) -> Result<Step, Trouble> {
        let CopyState::SealRequested { signed, signed_at, decided_at, .. } = &copy.state else {
            return Ok(Step::Again);
        };
        if !self.leader_signed(copy, end, (signed, *signed_at)).await? {
            return self.reject(copy, by, Reason::SignatureDoesNotVerify).await;
        }
        let unit = support::unit(self.records, &copy.unit).await?;
        let year = register::legal_year(*decided_at);
        let series = unit.series_on(time::day(*decided_at));
        let head = self.records.counter(&unit.id, &series.suffix, year).await?;
        let allocation = register::allocate(copy, &unit, head.as_ref(), by, self.now)?;
        // What cannot be made behind it spends no number: the revision is made, with code and drawing. It is for the seal when the number
        // is ours; whoever else seals makes it again.
        let Entry { number, written, .. } = allocation.entry.clone();
        let revision = self.revision(copy, end, &unit, (&number, written.as_ref()), *decided_at).await?;
        // The bench says the same of the same facts for ever: waiting would not help, what the office has settled must change.
        let Ok(revision) = revision else { return self.reject(copy, by, Reason::SealNotMade).await };
        *made = Some(Made { unit, number, written, revision });
        let mut all = vec![Write::Counter(allocation.counter), Write::Entry(allocation.entry)];
        all.extend(writes(allocation.decision));
        commit(self.records, all).await;
        Ok(Step::Again)
    }

    /// Back to the desk, without a number; the session is told why in the same transaction.
    async fn reject(&self, copy: &Copy, by: &UserId, reason: Reason) -> Result<Step, Trouble> {
        let CopyState::SealRequested { session, .. } = &copy.state else { return Ok(Step::Again) };
        let told = support::session(self.records, session).await?;
        let mut all: Vec<Write> = writes(decide(copy, Command::RejectSeal { session }, by, self.now)?).into();
        all.push(Write::Session(ended(&told, &copy.id, Some(reason.code()))));
        Ok(match commit(self.records, all).await {
            Commit::Written => Step::Ready,
            Commit::LoadAgain => Step::Again,
        })
    }

    /// R46: the leader's signature is verified again, from the stored bytes, immediately before the number is spent.
    async fn leader_signed(
        &self,
        copy: &Copy,
        end: &Held<'_>,
        (signed, signed_at): (&Stored, Timestamp),
    ) -> Result<bool, Halt> {
        let Some(leader) = &copy.leader else { return Ok(false) };
        let leader = support::user(self.records, leader).await?;
        let Some(signer) = leader.credential.as_ref().and_then(|credential| credential.chain.first()) else {
            return Ok(false);
        };
        // An authority whose clock is ahead of ours has not signed in the future: its time was looked at when the token came.
        let at = self.now.max(signed_at);
        let expected = Expectation { field: LEADER_FIELD, signer, base: support::beginning(signed), at };
        Ok(self.workshop.recheck(end, &expected).is_ok())
    }

    /// Store exactly what is to be signed, sign it, verify, record. Two sealers prepare the same bytes.
    async fn seal(
        &self,
        copy: &Copy,
        end: &Held<'_>,
        (number, decided_at): (&Number, Timestamp),
        by: &UserId,
        made: Option<Made>,
    ) -> Result<Step, Trouble> {
        let unit = support::unit(self.records, &copy.unit).await?;
        let chain = chain_of(&unit.seal_chain)?;
        let leaf = chain.first().ok_or_else(|| Fault("the unit has no seal certificate".into()))?;
        let entry = self.records.entry(&unit.id, &number.suffix, number.year, number.number).await?;
        let written = entry.and_then(|entry| entry.written);
        let prepared = match made.filter(|made| made.of(&unit, number, written.as_ref())) {
            Some(made) => made.revision,
            None => self.revision(copy, end, &unit, (number, written.as_ref()), decided_at).await??,
        };
        let path = paths::seal_prepared(&copy.id, &sha256(&[&prepared.tail]));
        let revision = PreparedRevision {
            tail: support::create_exactly(self.objects, path, prepared.tail).await?,
            contents_start: prepared.contents.start as u64,
            contents_end: prepared.contents.end as u64,
            signed_attributes: prepared.signed_attributes,
        };
        let signature = self.keys.seal.sign(&unit.id, &revision.signed_attributes).await?;
        pki::cms::verify_raw(&revision.signed_attributes, &signature, leaf)
            .map_err(|error| Fault(format!("the agency key gave a wrong signature: {error}")))?;
        let command = Command::RecordSealPrepared { prepared: revision, signature };
        let mut all: Vec<Write> = writes(decide(copy, command, by, self.now)?).into();
        all.push(outbox(self.chance, Topic::FinishSeal, copy.id.as_str(), self.now));
        commit(self.records, all).await;
        Ok(Step::Again)
    }

    /// The seal's revision behind the signed file, of stored facts only; the inner fault is the bench's.
    async fn revision(
        &self,
        copy: &Copy,
        end: &Held<'_>,
        unit: &Unit,
        (number, written): (&Number, Option<&Written>),
        decided_at: Timestamp,
    ) -> Result<Result<Revision, Fault>, Trouble> {
        // What was given before forms were kept is shown as the office's settings have it.
        let written = written.cloned().unwrap_or_else(|| unit.series_on(time::day(decided_at)).written);
        let scans = self.scans(copy).await.map_err(Trouble::File)?;
        let qr = self.keys.qr.text(&unit.code, number, decided_at, &scans).await?;
        let picture = match copy.look.as_ref().and_then(|look| look.seal_picture) {
            Some(digest) => {
                let path = paths::seal_picture(&unit.id, &digest);
                picture(self.objects, (path, digest), Facsimile::Seal)
                    .await
                    .map_err(|fault| Trouble::File(fault.into()))?
            }
            None => None,
        };
        let mark = SealMark {
            unit,
            number,
            written: &written,
            unit_name: Look::unit_name(copy.look.as_ref(), unit),
            picture: picture.as_deref(),
            copy: &copy.id,
            token_room: copy.token_room(),
            decided_at,
            qr: &qr,
        };
        Ok(self.workshop.prepare_seal(end, &mark))
    }

    /// Digest over the digests of the scans, in order.
    async fn scans(&self, copy: &Copy) -> Result<Sha256, Halt> {
        let mut list = Vec::new();
        for id in &copy.uploads {
            let upload = self.records.upload(id).await?.ok_or_else(|| Fault(format!("upload {id} is gone")))?;
            list.extend_from_slice(&upload.sha256);
        }
        Ok(sha256(&[&list]))
    }
}

/// Takes a sealed copy's value away (R111). The number stays spent; the public answer says so at once.
///
/// # Errors
/// [`Refusal`] `not-found`, `wrong-state`, `already-annulled`, `validation-failed` for a decision of another time; faults of the
/// ports.
pub async fn annul(
    records: &impl Records,
    copy: &CopyId,
    by: &UserId,
    annulment: &Annulment,
    now: Timestamp,
) -> Result<Copy, Halt> {
    for _ in 0..ROUNDS {
        let before = support::copy(records, copy).await?;
        let decision = decide(&before, Command::Annul { annulment: annulment.clone() }, by, now)?;
        let after = decision.copy.clone();
        let mut all: Vec<Write> = writes(decision).into();
        let public =
            records.public_copy(copy).await?.ok_or_else(|| Fault("a sealed copy has no public facts".into()))?;
        let annulled_by = Some(annulment.decision.clone());
        let version = public.version + 1;
        all.push(Write::PublicCopy(PublicCopy { annulled_at: Some(now), annulled_by, version, ..public }));
        all.push(aftercare::order(copy, now)?);
        if commit(records, all).await == Commit::Written {
            return Ok(after);
        }
    }
    Err(contention())
}

/// Marks a number that was spent and never sealed (decision 21). Possible only before the agency key has signed.
///
/// # Errors
/// [`Refusal`] `not-found`, `wrong-state`; faults of the ports.
pub async fn void(
    records: &impl Records,
    copy: &CopyId,
    by: &UserId,
    reason: &str,
    now: Timestamp,
) -> Result<Copy, Halt> {
    for _ in 0..ROUNDS {
        let before = support::copy(records, copy).await?;
        let decision = decide(&before, Command::Void { reason: reason.to_owned() }, by, now)?;
        let after = decision.copy.clone();
        let mut all: Vec<Write> = writes(decision).into();
        if let CopyState::Numbered { session, .. } = &before.state {
            let session = records.session(session).await?;
            all.extend(session.map(|session| Write::Session(ended(&session, copy, Some(VOIDED)))));
        }
        if commit(records, all).await == Commit::Written {
            return Ok(after);
        }
    }
    Err(contention())
}
