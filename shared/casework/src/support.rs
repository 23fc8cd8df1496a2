//! What every module needs: stored bytes read back and compared, commits that are asked about again, names of things.

use std::ops::Range;

use domain::decide::Decision;
use domain::ids::*;
use domain::model::*;
use domain::ports::{Chance, CommitError, Created, Fault, File, Looked, Objects, Records, Write};
use domain::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};
use pades::{Beginning, HEAD, Held};
use pki::{DigestAlgorithm, digest};

use crate::{Halt, Outcome};

/// The largest file that is read back: a scan of 100 MB (decision 32) with pages, signatures and evidence around it.
pub(crate) const FILE_LIMIT: u64 = 128 * 1024 * 1024;

/// Rounds of "somebody else was first, load again" before the work is given back to the sweeper. Every round that is lost
/// means that somebody else got further, so few are needed.
pub(crate) const ROUNDS: usize = 16;

/// SHA-256.
pub(crate) fn sha256(parts: &[&[u8]]) -> Sha256 {
    // Unwrap safety: SHA-256 gives 32 bytes; anything else would be a broken library, and zeros match no file.
    digest(DigestAlgorithm::Sha256, parts).try_into().unwrap_or([0; 32])
}

/// A digest as lower-case hexadecimal.
pub(crate) fn hex(digest: &Sha256) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest from hexadecimal.
pub(crate) fn unhex(text: &str) -> Option<Sha256> {
    let mut out = [0; 32];
    if text.len() != 2 * out.len() || !text.is_ascii() {
        return None;
    }
    for (at, octet) in out.iter_mut().enumerate() {
        *octet = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(out)
}

/// The description of bytes at a path, all of which have to be read again.
pub(crate) fn stored(path: String, bytes: &[u8]) -> Stored {
    Stored { path, sha256: sha256(&[bytes]), size: bytes.len() as u64, midstate: None, etag: None }
}

/// The description of `base` with more behind it.
pub(crate) fn extended(path: String, base: &Stored, file: &Held<'_>) -> Stored {
    Stored { path, sha256: file.sha256(), size: file.size() as u64, midstate: base.midstate, etag: None }
}

/// What a file begins with.
pub(crate) fn beginning(file: &Stored) -> Beginning {
    Beginning { size: file.size, sha256: file.sha256 }
}

/// Reads as much of a file as has to be read to append to it, and compares it with what was stored (F18): its end, on which the digest
/// goes on from the recorded state, and its header. Bytes whose ETag is another one by now, as after a fail-over, are read whole first.
pub(crate) async fn held(objects: &impl Objects, file: &Stored) -> Result<Held<'static>, Fault> {
    match held_as_named(objects, file).await {
        Err(_) if file.etag.is_some() => held_as_named(objects, &named(objects, file).await?).await,
        held => held,
    }
}

/// The same of a file that has to be whole: of the body that was verified to its end, or else after all of it was read once more.
pub(crate) async fn held_whole(objects: &impl Objects, file: &Stored) -> Result<Held<'static>, Fault> {
    match file.etag {
        Some(_) => held(objects, file).await,
        None => held_as_named(objects, &named(objects, file).await?).await,
    }
}

/// The file with the ETag of today: its bytes, all of them, are the ones that were stored (F18).
async fn named(objects: &impl Objects, file: &Stored) -> Result<Stored, Fault> {
    let look = Box::new(|file: File<'_>| file.sha256());
    let looked = objects.with_source(&file.path, FILE_LIMIT, look).await?;
    let Looked { found, etag } = looked.ok_or_else(|| Fault(format!("object {} is gone", file.path)))?;
    match found {
        Ok(sha256) if sha256 == file.sha256 => Ok(Stored { etag: Some(etag), ..file.clone() }),
        _ => Err(Fault(format!("object {} is not what was stored", file.path))),
    }
}

/// As [`Objects::extend`]; a base that is the same bytes under another ETag serves as well.
async fn extended_by(objects: &impl Objects, base: &Stored, tail: Vec<u8>, file: &Stored) -> Result<Created, Fault> {
    let told = objects.extend(base, tail.clone(), file, "application/pdf").await;
    if base.etag.is_none() || told.is_ok() {
        return told;
    }
    objects.extend(&named(objects, base).await?, tail, file, "application/pdf").await
}

async fn held_as_named(objects: &impl Objects, file: &Stored) -> Result<Held<'static>, Fault> {
    let midstate = file.midstate.unwrap_or_else(Midstate::start);
    let head = match midstate.at.min(HEAD as u64) {
        0 => Vec::new(),
        head => part(objects, file, 0..head).await?,
    };
    let end = part(objects, file, midstate.at..file.size).await?;
    let held = Held::new(&midstate, head, end).map_err(|error| Fault(format!("object {}: {error}", file.path)))?;
    if held.size() as u64 != file.size || held.sha256() != file.sha256 {
        return Err(Fault(format!("object {} is not what was stored", file.path)));
    }
    Ok(held)
}

async fn part(objects: &impl Objects, file: &Stored, range: Range<u64>) -> Result<Vec<u8>, Fault> {
    if range.end.saturating_sub(range.start) > FILE_LIMIT {
        return Err(Fault(format!("object {} is too long", file.path)));
    }
    objects.part(file, range).await?.ok_or_else(|| Fault(format!("object {} is gone", file.path)))
}

/// Reads bytes that must be there and must be the ones that were stored (F18).
pub(crate) async fn read(objects: &impl Objects, file: &Stored) -> Result<Vec<u8>, Fault> {
    let bytes = objects.read(&file.path, FILE_LIMIT).await?;
    let bytes = bytes.ok_or_else(|| Fault(format!("object {} is gone", file.path)))?;
    if bytes.len() as u64 != file.size || sha256(&[&bytes]) != file.sha256 {
        return Err(Fault(format!("object {} is not what was stored", file.path)));
    }
    Ok(bytes)
}

/// Creates an object; when something is there already, or nobody knows, what is there is the truth and comes back.
pub(crate) async fn create(
    objects: &impl Objects,
    path: &str,
    bytes: Vec<u8>,
    media_type: &str,
) -> Result<Option<Vec<u8>>, Fault> {
    match objects.create(path, bytes, media_type).await {
        Ok(Created::New) => Ok(None),
        Ok(Created::Existed) | Err(_) => {
            let theirs = objects.read(path, FILE_LIMIT).await?;
            theirs.map(Some).ok_or_else(|| Fault(format!("object {path} was not created")))
        }
    }
}

/// Creates `file` of the bytes of `base` and a tail. Whether that happened is not asked of the answer: look at what is there then, ours or of
/// whoever was first. What comes back is the fault if nothing is.
pub(crate) async fn extend_object(objects: &impl Objects, base: &Stored, tail: Vec<u8>, file: &Stored) -> Fault {
    let told = extended_by(objects, base, tail, file).await;
    told.err().unwrap_or_else(|| Fault(format!("object {} was not created", file.path)))
}

/// Creates a revision that waits to be signed; its path can hold only these bytes.
pub(crate) async fn create_exactly(objects: &impl Objects, path: String, bytes: Vec<u8>) -> Result<Stored, Fault> {
    let file = stored(path, &bytes);
    match create(objects, &file.path, bytes, "application/octet-stream").await? {
        Some(theirs) if stored(file.path.clone(), &theirs) != file => {
            Err(Fault(format!("object {} holds other bytes", file.path)))
        }
        _ => Ok(file),
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Commit {
    /// Certainly written.
    Written,
    /// Somebody else was first, or nobody knows: load again.
    LoadAgain,
}

/// Commits. No answer is not "no" (house rule 5): both ways of not knowing lead back to loading.
pub(crate) async fn commit(records: &impl Records, writes: Vec<Write>) -> Commit {
    match records.commit(writes).await {
        Ok(()) => Commit::Written,
        Err(CommitError::Conflict | CommitError::Unknown(_)) => Commit::LoadAgain,
    }
}

/// The two writes of a decision.
pub(crate) fn writes(decision: Decision) -> [Write; 2] {
    [Write::Copy(decision.copy), Write::Event(decision.event)]
}

/// Somebody else was first too often.
pub(crate) fn contention() -> Halt {
    Halt::Failed(Fault("somebody else was first too often".into()))
}

/// Work for a function.
pub(crate) fn outbox(chance: &impl Chance, topic: Topic, subject: &str, now: Timestamp) -> Write {
    outbox_due(EventId::new(chance.uuid(now)), topic, subject, now, now)
}

/// Work for a function, for later.
pub(crate) fn outbox_due(id: EventId, topic: Topic, subject: &str, at: Timestamp, due_at: Timestamp) -> Write {
    Write::Outbox(Outbox {
        id,
        topic,
        subject: subject.to_owned(),
        at,
        due_at,
        waits: None,
        learned: Learned::default(),
    })
}

/// Takes an item away when nothing else is to be written with it.
pub(crate) async fn finished(records: &impl Records, item: &Outbox, now: Timestamp) -> Result<Outcome, Halt> {
    match commit(records, vec![Write::OutboxDone(item.id.clone())]).await {
        Commit::Written => Ok(Outcome::Done),
        Commit::LoadAgain => Ok(Outcome::Later(backoff(item, now))),
    }
}

/// Leaves an item to the sweeper. Whether the new time was written makes no difference to what is right, only to when.
pub(crate) async fn later(records: &impl Records, item: &Outbox, now: Timestamp) -> Result<Outcome, Halt> {
    let due_at = backoff(item, now);
    commit(records, vec![Write::OutboxLater(item.id.clone(), due_at)]).await;
    Ok(Outcome::Later(due_at))
}

/// Leaves an item to the sweeper, and says for whose answer it waits. Whether that was written makes no difference to what is right.
pub(crate) async fn leave_waiting(
    records: &impl Records,
    item: &Outbox,
    waits: WaitsFor,
    now: Timestamp,
) -> Result<Outcome, Halt> {
    let due_at = backoff(item, now);
    let later = Write::OutboxWaits { id: item.id.clone(), due_at, waits };
    commit(records, vec![later, Write::PutOff(PutOff::of(item, now))]).await;
    Ok(Outcome::Later(due_at))
}

/// The session after one of its copies has ended, well or with a problem.
pub(crate) fn ended(session: &Session, copy: &CopyId, problem: Option<&str>) -> Session {
    let mut after = Session { version: session.version + 1, ..session.clone() };
    for item in after.items.iter_mut().filter(|item| item.copy == *copy && !item.done) {
        item.done = true;
        item.problem = problem.map(str::to_owned);
    }
    if !after.state.is_terminal() {
        after.state = state_of(&after.items);
    }
    after
}

/// A session of which every item has ended is done, or failed when nothing came of it.
pub(crate) fn state_of(items: &[SessionItem]) -> SessionState {
    if !items.iter().all(|item| item.done) {
        SessionState::Timestamping
    } else if items.iter().all(|item| item.problem.is_some()) {
        SessionState::Failed
    } else {
        SessionState::Done
    }
}

/// When to try again: the wait grows with the age of the item, from 2 seconds to 2 minutes, so that a service that comes
/// back is not met by everybody at once and the last try is far below the quarter of an hour of I16.
pub(crate) fn backoff(item: &Outbox, now: Timestamp) -> Timestamp {
    let age = now.duration_since(item.at).as_secs().clamp(2, 120);
    now.checked_add(SignedDuration::from_secs(age)).unwrap_or(now)
}

/// Loads a copy that must be there.
pub(crate) async fn copy(records: &impl Records, id: &CopyId) -> Result<Copy, Halt> {
    records.copy(id).await?.ok_or(Halt::Refused(Refusal::NotFound))
}

/// Loads a session that must be there.
pub(crate) async fn session(records: &impl Records, id: &SessionId) -> Result<Session, Halt> {
    records.session(id).await?.ok_or(Halt::Refused(Refusal::NotFound))
}

/// Loads a unit that must be there.
pub(crate) async fn unit(records: &impl Records, id: &UnitId) -> Result<Unit, Halt> {
    records.unit(id).await?.ok_or(Halt::Refused(Refusal::NotFound))
}

/// Loads a user that must be there.
pub(crate) async fn user(records: &impl Records, id: &UserId) -> Result<User, Halt> {
    records.user(id).await?.ok_or(Halt::Refused(Refusal::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(copy: u8, problem: Option<&str>, done: bool) -> SessionItem {
        let (copy, problem) = (CopyId::new([copy; 16]), problem.map(str::to_owned));
        SessionItem { copy, prepared: None, signature: None, done, problem }
    }

    /// api.md row 43: a session is over when its last copy is, and it failed only when nothing came of it.
    #[test]
    fn a_session_is_as_far_as_its_items() {
        use SessionState::{Done, Failed, Timestamping};
        let (good, bad, open) = (item(1, None, true), item(2, Some("x"), true), item(3, None, false));
        assert_eq!(state_of(&[good.clone(), open.clone()]), Timestamping);
        assert_eq!(state_of(&[good.clone(), bad.clone()]), Done);
        assert_eq!(state_of(&[bad.clone(), bad.clone()]), Failed);
        assert_eq!(state_of(&[good]), Done);
    }

    /// I16: whatever the age of an item, the next try comes within two minutes.
    #[test]
    fn the_wait_is_bounded() {
        let at = Timestamp::UNIX_EPOCH;
        let item = Outbox {
            id: EventId::new([1; 16]),
            topic: Topic::Seal,
            subject: String::new(),
            at,
            due_at: at,
            waits: None,
            learned: Learned::default(),
        };
        let wait = |age| backoff(&item, at + SignedDuration::from_secs(age)).as_second() - age;
        assert_eq!((wait(0), wait(10), wait(100_000)), (2, 10, 120));
    }
}
