//! Evidence about X.509 certificates in files of others (docs/decisions/0015): asked for by whoever judges, fetched by whoever has a
//! way out.
//!
//! Judges no file. Who asks trusts its own trust list, and so does who fetches: the path is built again there, the addresses are those
//! that stand in the certificate, and what a stranger wrote into the table makes nobody ask anything else. One inquiry for a certificate
//! at a time; it settles with the first try, for whoever needs it again asks again, after a while.

use std::future::Future;

use domain::ids::EventId;
use domain::inquiry::*;
use domain::model::*;
use domain::paths;
use domain::ports::*;
use jiff::{SignedDuration, Timestamp};
use pades::Wanted;
use pki::Certificate;
use pki::path::{self, Purpose};

use crate::statement::{Asking, Dated, Statement};
use crate::support::{Commit, ROUNDS, commit, contention, create, finished, hex, outbox_due, read, sha256, unhex};
use crate::{Halt, Outcome};

/// The longest path that is written down, in octets of DER: an item of the table has at most 400 KB.
const PATH_LIMIT: usize = 200 * 1024;
/// When the sweep looks for it: later than the stream needs, so that the two do not ask side by side.
const SWEPT_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// After so long no further address is asked: with the wait for one answer (at most 40 s) a run ends well before its function does.
const ASKING: SignedDuration = SignedDuration::from_secs(20);
/// The pauses between two looks of whoever waits, in milliseconds: two seconds together (api.md row 58).
const PAUSES: [u64; 10] = [50, 50, 100, 100, 200, 200, 300, 300, 350, 350];

/// What became of a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asked {
    /// It is asked, or was within its time.
    Known(Inquiry),
    /// Not asked now: enough others were begun.
    Postponed,
    /// Not asked: the path is longer than can be written down.
    TooLong,
}

/// The inquiry's identifier: the issuer's key and the serial number, which is what OCSP asks by; `None` without an issuer.
pub fn id(path: &[Certificate]) -> Option<Sha256> {
    let [certificate, issuer, ..] = path else { return None };
    Some(sha256(&[&sha256(&[&issuer.spki_der()]), &certificate.serial()]))
}

/// Asks, unless that was done within its time. The question and the order to fetch are written together.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn ask(
    records: &(impl Records + Inquiries),
    meter: &impl Meter,
    chance: &impl Chance,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Asked, Fault> {
    let path: Vec<Vec<u8>> = wanted.path.iter().map(|one| one.der().to_vec()).collect();
    let fits = path.iter().map(Vec::len).sum::<usize>() <= PATH_LIMIT;
    let Some(id) = id(&wanted.path).filter(|_| fits) else { return Ok(Asked::TooLong) };
    let mut counted = false;
    for _ in 0..ROUNDS {
        let before = records.inquiry(&id).await?;
        let before = match before {
            Some(known) if !known.is_over(now) => return Ok(Asked::Known(known)),
            before => before,
        };
        if !counted && !meter.another().await? {
            return Ok(Asked::Postponed);
        }
        counted = true;
        let question = Question { path: path.clone(), valid_at: wanted.at };
        let inquiry = Inquiry::begun(id, before.as_ref(), question, now);
        let swept = now.saturating_add(SWEPT_AFTER).unwrap_or(now);
        let order = EventId::new(chance.uuid(now));
        let work = outbox_due(order, Topic::FetchEvidence, &hex(&id), now, swept);
        if commit(records, vec![Write::Inquiry(inquiry.clone()), work]).await == Commit::Written {
            return Ok(Asked::Known(inquiry));
        }
    }
    Err(Fault("somebody else asked first too often".into()))
}

/// Looks at inquiries until none waits for its answer, two seconds at most and not beyond `until`. Gives them as they are then.
///
/// # Errors
/// [`Fault`] of the table.
pub async fn wait<P: Future<Output = ()> + Send>(
    records: &impl Inquiries,
    mut inquiries: Vec<Inquiry>,
    until: Timestamp,
    clock: impl Fn() -> Timestamp + Send + Sync,
    pause: impl Fn(std::time::Duration) -> P + Send + Sync,
) -> Result<Vec<Inquiry>, Fault> {
    for milliseconds in PAUSES {
        if inquiries.iter().all(|one| one.question(clock()).is_none()) || clock() >= until {
            break;
        }
        pause(std::time::Duration::from_millis(milliseconds)).await;
        for one in &mut inquiries {
            if one.question(clock()).is_some()
                && let Some(now) = records.inquiry(&one.id).await?
            {
                *one = now;
            }
        }
    }
    Ok(inquiries)
}

/// Asks the CA's services (subject: the inquiry) and keeps what they say, or why there is nothing. One try: the inquiry says until when
/// that is believed.
///
/// # Errors
/// Faults of table and bucket; the item then stays due. A service that is silent is no error.
pub async fn fetch(
    records: &(impl Records + Inquiries),
    objects: &impl Objects,
    services: &impl TrustServices,
    anchors: &[Certificate],
    chance: &impl Chance,
    clock: impl Fn() -> Timestamp + Send + Sync,
    item: &Outbox,
) -> Result<Outcome, Halt> {
    let Some(id) = unhex(&item.subject) else { return finished(records, item, clock()).await };
    let Some((mut inquiry, question)) = waiting(records, &id, clock()).await? else {
        return finished(records, item, clock()).await;
    };
    let said = heard(objects, services, anchors, chance, &clock, &id, &question).await?;
    for _ in 0..ROUNDS {
        let after = match &said {
            Ok(pieces) => inquiry.answered(pieces.clone(), clock()),
            Err(cause) => inquiry.failed(*cause, clock()),
        };
        if commit(records, vec![Write::Inquiry(after), Write::OutboxDone(item.id.clone())]).await == Commit::Written {
            return Ok(Outcome::Done);
        }
        match waiting(records, &id, clock()).await? {
            Some((still, _)) => inquiry = still,
            None => return finished(records, item, clock()).await,
        }
    }
    Err(contention())
}

/// The inquiry with its question, while it waits for an answer.
async fn waiting(records: &impl Inquiries, id: &Sha256, now: Timestamp) -> Result<Option<(Inquiry, Question)>, Fault> {
    let inquiry = records.inquiry(id).await?;
    Ok(inquiry.and_then(|inquiry| inquiry.question(now).cloned().map(|question| (inquiry, question))))
}

/// What the services say, kept in the bucket; why there is nothing.
async fn heard(
    objects: &impl Objects,
    services: &impl TrustServices,
    anchors: &[Certificate],
    chance: &impl Chance,
    clock: &(impl Fn() -> Timestamp + Send + Sync),
    id: &Sha256,
    question: &Question,
) -> Result<Result<Vec<Piece>, Cause>, Fault> {
    let Some(path) = trusted(id, question, anchors) else { return Ok(Err(Cause::Untrusted)) };
    let [member, issuer, ..] = path.as_slice() else { return Ok(Err(Cause::Untrusted)) };
    let now = clock();
    let until = now.saturating_add(ASKING).unwrap_or(now);
    let asking = Asking { services, chance, now, kept_since: None, may_go_on: &|| clock() < until };
    match asking.statement(member, issuer).await {
        Ok(statement) => Ok(Ok(kept(objects, statement).await?)),
        Err(cause) => Ok(Err(cause)),
    }
}

/// The path to a root that is trusted here, of the very certificate that the inquiry is about. Whoever wrote the question is not believed.
fn trusted(id: &Sha256, question: &Question, anchors: &[Certificate]) -> Option<Vec<Certificate>> {
    let given: Vec<Certificate> =
        question.path.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>().ok()?;
    let (leaf, pool) = given.split_first()?;
    let found = path::build(leaf, pool, anchors, question.valid_at, Purpose::Any);
    (found.is_trusted() && self::id(&found.chain).as_ref() == Some(id)).then_some(found.chain)
}

/// Puts a statement into the bucket, each piece under its digest. A piece that is there already is the same one.
async fn kept(objects: &impl Objects, statement: Statement) -> Result<Vec<Piece>, Fault> {
    let ocsps = statement.ocsp.into_iter().map(|one| (PieceKind::Ocsp, one));
    let crls = statement.crls.into_iter().map(|one| (PieceKind::Crl, one));
    let mut pieces = Vec::new();
    for (kind, dated) in ocsps.chain(crls) {
        let piece = piece(kind, &dated)?;
        let path = paths::evidence(kind, &piece.sha256);
        let theirs = create(objects, &path, dated.der, kind.media_type()).await?;
        if theirs.is_some_and(|theirs| sha256(&[&theirs]) != piece.sha256) {
            return Err(Fault(format!("object {path} holds other bytes")));
        }
        pieces.push(piece);
    }
    Ok(pieces)
}

fn piece(kind: PieceKind, dated: &Dated) -> Result<Piece, Fault> {
    let time = |second: i64| Timestamp::from_second(second).map_err(|error| Fault(format!("evidence: {error}")));
    let (this_update, next_update) = (time(dated.this_update)?, dated.next_update.map(time).transpose()?);
    Ok(Piece { kind, sha256: sha256(&[&dated.der]), size: dated.der.len() as u64, this_update, next_update })
}

/// The pieces of evidence of inquiries that were answered, as many as fit into `limit` octets, each once.
///
/// # Errors
/// [`Fault`] of the bucket, or of an object that is not what was stored.
pub async fn evidence(objects: &impl Objects, inquiries: &[Inquiry], limit: u64) -> Result<pki::path::Evidence, Fault> {
    let mut found = pki::path::Evidence::default();
    let (mut taken, mut size) = (Vec::new(), 0u64);
    for piece in inquiries.iter().flat_map(pieces) {
        if taken.contains(&piece.sha256) || size.saturating_add(piece.size) > limit {
            continue;
        }
        let path = paths::evidence(piece.kind, &piece.sha256);
        let file = Stored { path, sha256: piece.sha256, size: piece.size, midstate: None, etag: None };
        let der = read(objects, &file).await?;
        match piece.kind {
            PieceKind::Ocsp => found.ocsps.push(der),
            PieceKind::Crl => found.crls.push(der),
        }
        taken.push(piece.sha256);
        size += piece.size;
    }
    Ok(found)
}

fn pieces(inquiry: &Inquiry) -> &[Piece] {
    match &inquiry.state {
        InquiryState::Answered(pieces) => pieces,
        InquiryState::Asked(_) | InquiryState::Failed(_) => &[],
    }
}
