//! What becomes of a leader's session after it was opened (docs/ISSUING.md line 6): polls, hints, cancellations, the answer of a token.
//!
//! Decides nothing by itself: it hears, has [`domain::session::reduce`] say what follows, and commits that.

use std::collections::BTreeSet;

use domain::decide::{Command, decide};
use domain::ids::*;
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::*;
use domain::refusal::{Reason, Refusal};
use domain::session::{EVIDENCE, Happening, SKEW, Step, asks_next, fetches, is_over, reduce};
use jiff::{SignedDuration, Timestamp};
use pki::Certificate;

use super::order;
use crate::answer;
use crate::support::{self, Commit, ROUNDS, commit, contention, finished, outbox, outbox_due, sha256, writes};
use crate::{Halt, Outcome};

/// How long it is remembered that a gateway has said something (remote-signing.md §4: dedupe 24 h).
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Takes the next step from wherever the session stands. Called by polls and the sweeper, as often as they like; one of them wins. Seal sessions
/// come back as they are. `clock` is read again whenever somebody has answered.
///
/// # Errors
/// `not-found`; faults of the ports. A fault of the gateway is no error: the session stands where it stood.
pub async fn step(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    chance: &impl Chance,
    session: &SessionId,
    clock: &(impl Fn() -> Timestamp + Sync),
) -> Result<Session, Halt> {
    follow(records, gateway, chance, session, clock, Because::Time).await
}

/// The same after a hint that the gateway has an answer: it is asked about sessions, too, that are over. What it brings of them is kept in the
/// session and in its history, and never applied (R44, F4).
///
/// # Errors
/// As [`step`].
pub async fn hinted(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    chance: &impl Chance,
    session: &SessionId,
    clock: &(impl Fn() -> Timestamp + Sync),
) -> Result<Session, Halt> {
    follow(records, gateway, chance, session, clock, Because::Hint).await
}

/// Writes down that a gateway says something about a session, whatever it says: whoever asks it then asks by our own call (remote-signing.md
/// §4). `delivery` is what the gateway calls this one saying; said again within 24 hours it is no second order, whatever became of the first.
///
/// # Errors
/// A fault of the port.
pub async fn hint(
    records: &impl Records,
    (delivery, session): (&Sha256, &SessionId),
    now: Timestamp,
) -> Result<(), Fault> {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *delivery;
    let until = now.checked_add(REMEMBERED).unwrap_or(now);
    for _ in 0..2 {
        let order = outbox_due(EventId::new(id), Topic::FollowLeader, session.as_str(), now, now);
        let known = Write::Delivered(Delivered { id: *delivery, until }, now);
        match records.commit(vec![known, order]).await {
            Ok(()) => return Ok(()),
            // It is known, or two of them have met and neither was written: only the second time is it certain.
            Err(CommitError::Conflict) => {}
            Err(CommitError::Unknown(fault)) => return Err(fault),
        }
    }
    Ok(())
}

/// The order to ask what became of a session that is over. There is one for each session.
fn asked_later(session: &Session, now: Timestamp) -> Option<Write> {
    let due_at = asks_next(session, now)?;
    Some(outbox_due(named_late(&session.id), Topic::FollowLeader, session.id.as_str(), now, due_at))
}

/// What that order is called.
fn named_late(session: &SessionId) -> EventId {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = sha256(&[b"late\n", session.as_str().as_bytes()]);
    EventId::new(id)
}

/// Carries out such an order. A gateway that is silent then is asked by the minute's sweep, as long as the session is open; about one that is over
/// one order comes again, however many hints there were, until the gateway has said what became of it, or its day is over.
///
/// # Errors
/// Faults of the ports.
pub async fn follow_hint(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    chance: &impl Chance,
    order: &Outbox,
    clock: &(impl Fn() -> Timestamp + Sync),
) -> Result<Outcome, Halt> {
    let now = clock();
    // The stream shows an order when it is written, and this one may be for later. Two clocks of ours are no reason to wait.
    if order.due_at.duration_since(now) > SKEW {
        return Ok(Outcome::Later(order.due_at));
    }
    let mut again = None;
    if let Ok(session) = SessionId::parse(&order.subject) {
        match hinted(records, gateway, chance, &session, clock).await {
            Ok(session) => again = asked_later(&session, clock()),
            // Of a session that is not there, nothing can be kept.
            Err(Halt::Refused(_)) => {}
            Err(halt) => return Err(halt),
        }
    }
    match again {
        Some(Write::Outbox(Outbox { id, due_at, .. })) if id == order.id => {
            commit(records, vec![Write::OutboxLater(id, due_at)]).await;
            Ok(Outcome::Later(due_at))
        }
        Some(late) => match commit(records, vec![late, Write::OutboxDone(order.id.clone())]).await {
            Commit::Written => Ok(Outcome::Done),
            // It is there already, and this hint has nothing to add.
            Commit::LoadAgain => finished(records, order, now).await,
        },
        None => finished(records, order, now).await,
    }
}

/// Why a session is looked at.
#[derive(Clone, Copy)]
enum Because {
    /// Somebody waits, or the minute is over.
    Time,
    /// The gateway says that something has happened.
    Hint,
}

impl Because {
    /// Whether there is anything to be done about the session.
    fn follows(self, session: &Session) -> bool {
        let open = !matches!(session.state, SessionState::Timestamping | SessionState::Done);
        open && match self {
            Because::Time => !session.state.is_terminal(),
            Because::Hint => true,
        }
    }

    /// Whether the gateway is asked about it.
    fn asks(self, session: &Session, now: Timestamp) -> bool {
        match self {
            Because::Time => !is_over(session, now),
            Because::Hint => now.duration_since(session.expires_at) <= EVIDENCE,
        }
    }
}

async fn follow(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    chance: &impl Chance,
    session: &SessionId,
    clock: &(impl Fn() -> Timestamp + Sync),
    because: Because,
) -> Result<Session, Halt> {
    let mut heard = Heard::Nothing;
    for _ in 0..ROUNDS {
        let session = support::session(records, session).await?;
        if session.purpose != Purpose::LeaderSign || !because.follows(&session) {
            return Ok(session);
        }
        // What was heard before somebody else was first stays heard: a signature that was fetched is evidence now, if it is nothing more.
        if matches!(heard, Heard::Nothing) && because.asks(&session, clock()) {
            heard = look(records, gateway, &session, clock).await?;
        }
        // A gateway may take its time: what counts is when it has answered.
        let now = clock();
        let happening = match &heard {
            Heard::Nothing => Happening::Tick,
            Heard::Consented => Happening::Consented,
            Heard::Wrong => Happening::Wrong,
            Heard::Refused(code) => Happening::Refused(code),
            Heard::Answered(signatures) => Happening::Answered(signatures),
        };
        let Some(step) = reduce(&session, happening, now) else { return Ok(session) };
        let order = step.finishes.then(|| outbox(chance, Topic::FinishLeader, session.id.as_str(), now));
        if let Some(after) = committed(records, step, order, now).await? {
            return Ok(after);
        }
    }
    Err(contention())
}

/// What the gateway was heard to say.
enum Heard {
    Nothing,
    Consented,
    Wrong,
    Refused(String),
    Answered(Vec<Vec<u8>>),
}

/// Asks the gateway once, if it is known how it calls the session; of one that is over or cancelled by then it has nothing signed.
async fn look(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    session: &Session,
    clock: &(impl Fn() -> Timestamp + Sync),
) -> Result<Heard, Halt> {
    let Some(handle) = session.handle.as_deref() else { return Ok(Heard::Nothing) };
    let user = support::user(records, &session.user).await?;
    let order = order(session, &user)?;
    let answer = match gateway.ask(&order, handle).await {
        Ok(GatewayAnswer::Consented(grant)) if fetches(session, clock()) => gateway.fetch(&order, handle, &grant).await,
        answer => answer,
    };
    Ok(match answer {
        Err(_) | Ok(GatewayAnswer::Pending) => Heard::Nothing,
        Ok(GatewayAnswer::Consented(_)) => Heard::Consented,
        Ok(GatewayAnswer::Refused(code)) => Heard::Refused(code),
        Ok(GatewayAnswer::Signed(signatures)) => {
            let good = leaf(&user).is_some_and(|leaf| all_verify(session, &signatures, &leaf));
            if good { Heard::Answered(signatures) } else { Heard::Wrong }
        }
    })
}

/// Commits a step, with the order to finish it. `None`: somebody else was first, load again.
async fn committed(
    records: &impl Records,
    step: Step,
    order: Option<Write>,
    now: Timestamp,
) -> Result<Option<Session>, Halt> {
    let Step { after, gives_back, frees, asks_later, unwanted, line, .. } = step;
    let mut all: Vec<Write> = [Write::Session(after.clone())].into_iter().chain(order).collect();
    if asks_later {
        all.extend(asked_later(&after, now));
    }
    if unwanted {
        let before = records.unwanted(&after.user).await?;
        all.push(Write::Unwanted(Unwanted::with(before, &after.user, now)));
    }
    if gives_back {
        for item in after.items.iter().filter(|item| !item.done) {
            let copy = support::copy(records, &item.copy).await?;
            // A copy that is not waiting for this session has nothing to be given back.
            if let Ok(decision) = decide(&copy, Command::LapseLeader { session: &after.id }, &after.user, now) {
                all.extend(writes(decision));
            }
        }
    }
    if frees {
        all.push(Write::PromptGone(after.user.clone(), after.id.clone()));
    }
    all.extend(line.map(|action| {
        let subject = after.id.to_string();
        // The answer is the gateway's, whatever the leader has pressed or not.
        let (seq, actor, action) = (after.version, Actor::Gateway, action.to_owned());
        Write::Event(Event { subject, seq, actor, action, at: now })
    }));
    Ok((commit(records, all).await == Commit::Written).then_some(after))
}

fn leaf(user: &User) -> Option<Certificate> {
    Certificate::from_der(user.credential.as_ref()?.chain.first()?).ok()
}

/// Every answer is a signature over what its item has prepared, by the enrolled certificate: whatever the gateway says about itself, a wrong
/// answer goes no further (F5).
fn all_verify(session: &Session, answers: &[Vec<u8>], leaf: &Certificate) -> bool {
    session.items.len() == answers.len()
        && session.items.iter().zip(answers).all(|(item, answer)| {
            let prepared = item.prepared.as_ref();
            prepared.is_some_and(|prepared| answer::signed(session.shape, prepared, answer, leaf).is_some())
        })
}

/// Ends a session on request. An answer that still arrives is never applied.
///
/// # Errors
/// `not-found`, `session-closed`; faults of the ports.
pub async fn cancel(records: &impl Records, session: &SessionId, now: Timestamp) -> Result<Session, Halt> {
    for _ in 0..ROUNDS {
        let session = support::session(records, session).await?;
        let step = reduce(&session, Happening::Cancel, now).filter(|_| session.purpose == Purpose::LeaderSign);
        let step = step.ok_or(Reason::SessionClosed)?;
        if let Some(session) = committed(records, step, None, now).await? {
            return Ok(session);
        }
    }
    Err(contention())
}

/// What the page of the desk flow brings back from a token.
#[derive(Clone, Debug)]
pub struct DeskAnswer {
    /// Which copy.
    pub copy: CopyId,
    /// The raw signature value.
    pub signature: Vec<u8>,
    /// DER of the X.509 certificate on the token.
    pub certificate: Vec<u8>,
}

/// Takes the answer of a token at the desk (method `usb`).
///
/// # Errors
/// `not-found`, `session-closed`, `validation-failed` (not one answer for each copy), `wrong-certificate`,
/// `signature-does-not-verify`; faults of the ports. After a refusal the session goes on waiting.
pub async fn answer(
    records: &impl Records,
    chance: &impl Chance,
    session: &SessionId,
    answers: &[DeskAnswer],
    now: Timestamp,
) -> Result<Session, Halt> {
    for _ in 0..ROUNDS {
        let session = support::session(records, session).await?;
        if session.method != "usb" || session.state != SessionState::Waiting || is_over(&session, now) {
            return Err(Reason::SessionClosed.into());
        }
        one_for_each(&session, answers)?;
        let user = support::user(records, &session.user).await?;
        let leaf = leaf(&user).ok_or(Reason::CertificateNotUsable)?;
        if answers.iter().any(|answer| answer.certificate != leaf.der()) {
            return Err(Reason::WrongCertificate.into());
        }
        let signature = |item: &SessionItem| answers.iter().find(|a| a.copy == item.copy).map(|a| a.signature.clone());
        let signatures: Option<Vec<Vec<u8>>> = session.items.iter().map(signature).collect();
        let signatures = signatures.filter(|signatures| all_verify(&session, signatures, &leaf));
        let Some(signatures) = signatures else { return Err(Reason::SignatureDoesNotVerify.into()) };
        let step = reduce(&session, Happening::Answered(&signatures), now).ok_or(Reason::SessionClosed)?;
        let order = step.finishes.then(|| outbox(chance, Topic::FinishLeader, session.id.as_str(), now));
        if let Some(session) = committed(records, step, order, now).await? {
            return Ok(session);
        }
    }
    Err(contention())
}

/// A page that lost an answer, or brings that of another session, has a fault: no signature is judged for it.
fn one_for_each(session: &Session, answers: &[DeskAnswer]) -> Result<(), Refusal> {
    let here: BTreeSet<_> = session.items.iter().map(|item| &item.copy).collect();
    let answered: BTreeSet<_> = answers.iter().map(|answer| &answer.copy).collect();
    if here == answered && answers.len() == here.len() {
        return Ok(());
    }
    Err(Refusal::Invalid {
        pointer: "/items".into(),
        code: "one-for-each-copy",
        detail: (
            "Cần đúng một chữ ký cho mỗi bản sao của phiên ký.".into(),
            "There must be exactly one signature for each copy of the session.".into(),
        ),
    })
}
