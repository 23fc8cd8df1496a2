//! The leader's signature: preview and prompt (docs/ISSUING.md lines 2–5); what becomes of it is [`following`].
//!
//! Does not ask for rights (the caller has), does not timestamp (`augment` does), and never sends a prompt twice: the
//! committed session *is* the mark "may have been sent", and only the run that committed it calls the gateway.

use compose::Facsimile;
use domain::breaker::{self, May};
use domain::decide::{Command, decide};
use domain::ids::*;
use domain::model::*;
use domain::paths;
use domain::ports::*;
use domain::refusal::{Reason, Refusal};
use domain::session::{Happening, Step, prompt, reduce};
use domain::{identity, time};
use jiff::{SignedDuration, Timestamp};
use pades::{Held, Revision};
use pki::Certificate;

use crate::answer;
use crate::facsimile::picture;
use crate::support::{self, Commit, ROUNDS, commit, contention, held, read, sha256, writes};
use crate::workshop::{LeaderMark, chain_of};
use crate::{Halt, Workshop};

mod following;

pub use domain::session::GRACE;
pub use following::{DeskAnswer, answer, cancel, follow_hint, hint, hinted, step};

/// Copies under one prompt (api.md row 42).
pub const BATCH_LIMIT: usize = 20;
/// How long a prompt lives (remote-signing.md §3, timers).
pub const LIFETIME: SignedDuration = SignedDuration::from_secs(120);
/// The same for a token, which asks for its PIN for each copy: the longest that remote-signing.md §3 allows.
pub const LIFETIME_AT_THE_DESK: SignedDuration = SignedDuration::from_secs(300);

/// What a leader asks for.
#[derive(Clone, Copy, Debug)]
pub struct OpenSession<'a> {
    /// What the session is called; a session of this name that exists is met before anybody comes here.
    pub id: &'a SessionId,
    /// Who signs, with credential.
    pub user: &'a User,
    /// What, in the order shown.
    pub copies: &'a [CopyId],
    /// `sim`, `remote` or `usb`.
    pub method: &'a str,
    /// How often in a quarter of an hour a phone may be asked in vain ([`domain::pause::MOST`]).
    pub in_vain: usize,
}

/// What the leader opens: a file, and what is appended to it for whoever may sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Preview {
    /// The file as it is stored.
    pub file: Stored,
    /// What follows on it.
    pub tail: Vec<u8>,
    /// Digest of both.
    pub sha256: Sha256,
    /// Version of the copy after the opening was recorded.
    pub version: Version,
}

impl Preview {
    fn as_it_is(file: Stored, version: Version) -> Self {
        Self { sha256: file.sha256, file, tail: Vec::new(), version }
    }
}

/// The file as it stands. For the leader of a submitted copy: the base plus exactly what will be appended (decision 41),
/// and the opening is recorded; what was opened is, byte by byte, what will be signed.
///
/// # Errors
/// [`Refusal`] `not-found`, `attestation-missing` (nothing frozen yet); faults of the ports.
pub async fn preview(
    records: &impl Records,
    objects: &impl Objects,
    workshop: &impl Workshop,
    copy: &CopyId,
    viewer: &User,
    now: Timestamp,
) -> Result<Preview, Halt> {
    for _ in 0..ROUNDS {
        let copy = support::copy(records, copy).await?;
        let Some(file) = copy.state.file().cloned() else { return Err(Reason::AttestationMissing.into()) };
        if let Some(waiting) = waiting(records, &copy).await? {
            let (held, tail) = (held(objects, &file).await?, read(objects, &waiting.tail).await?);
            return Ok(Preview { sha256: held.extended(&tail).sha256(), file, tail, version: copy.version });
        }
        let leads = copy.leader.as_ref() == Some(&viewer.id) && viewer.credential.is_some();
        let submitted = matches!(copy.state, domain::copy::CopyState::Submitted { .. });
        if !(leads && submitted) {
            return Ok(Preview::as_it_is(file, copy.version));
        }
        let unit = support::unit(records, &copy.unit).await?;
        let at = copy.opened.map(|(_, at)| at).filter(|at| time::day(*at) == time::day(now)).unwrap_or(now);
        let held = held(objects, &file).await?;
        let tail = prepared(objects, workshop, (&held, &copy), (viewer, &unit), at).await?.tail;
        let sha256 = held.extended(&tail).sha256();
        if copy.opened == Some((sha256, at)) {
            return Ok(Preview { file, tail, sha256, version: copy.version });
        }
        // A changed credential or unit makes other bytes than were opened before: open anew, under the present time.
        if at != now {
            forget(records, &copy, viewer, now).await?;
            continue;
        }
        let decision = decide(&copy, Command::Open { preview: sha256 }, &viewer.id, now)?;
        let version = decision.copy.version;
        if commit(records, writes(decision).into()).await == Commit::Written {
            return Ok(Preview { file, tail, sha256, version });
        }
    }
    Err(contention())
}

/// The description of a base, of which later only the end is read.
pub fn frozen(path: String, base: &[u8]) -> Stored {
    let midstate = Some(pades::freeze(base));
    Stored { path, sha256: sha256(&[base]), size: base.len() as u64, midstate, etag: None }
}

/// An opening with a digest that no file has, at the present time: the next round prepares for this moment.
async fn forget(records: &impl Records, copy: &Copy, viewer: &User, now: Timestamp) -> Result<(), Halt> {
    let decision = decide(copy, Command::Open { preview: [0; 32] }, &viewer.id, now)?;
    commit(records, writes(decision).into()).await;
    Ok(())
}

/// The revision that waits for the leader's signature.
async fn waiting(records: &impl Records, copy: &Copy) -> Result<Option<PreparedRevision>, Halt> {
    let domain::copy::CopyState::AwaitingSignature { session, .. } = &copy.state else { return Ok(None) };
    let session = records.session(session).await?;
    let item = session.and_then(|session| session.items.into_iter().find(|item| item.copy == copy.id));
    Ok(item.and_then(|item| item.prepared))
}

/// Opens a session: prepares and stores each revision, commits the intent, then asks the phone once.
///
/// # Errors
/// [`Refusal`] `not-found`, `wrong-state`, `copy-not-opened`, `copy-changed`, `signer-busy`, `certificate-not-usable`,
/// `mandate-expired`, `method-not-available`, `prompts-paused`, `gateway-unavailable`, `validation-failed`; faults of the ports.
pub async fn open_session(
    records: &impl Records,
    objects: &impl Objects,
    gateway: &impl RemoteSigning,
    workshop: &impl Workshop,
    ask: OpenSession<'_>,
    now: Timestamp,
) -> Result<Session, Halt> {
    check_batch(ask.copies)?;
    if !matches!(ask.method, "sim" | "remote" | "usb") {
        return Err(Reason::MethodNotAvailable.into());
    }
    usable(workshop, ask.user, now)?;
    let mandate = ask.user.mandate.as_ref().filter(|mandate| mandate.holds_on(time::day(now)));
    let mandate = mandate.ok_or(Reason::MandateExpired)?;
    // A token at the desk asks no phone.
    let (failing, trying) = match ask.method {
        "usb" => (false, None),
        _ => may_prompt(records, gateway, &ask, now).await?,
    };
    let id = ask.id.clone();
    let mut items = Vec::new();
    let mut decisions = Vec::new();
    let mut pages = 0;
    let mut unit: Option<Unit> = None;
    for copy in ask.copies {
        let copy = support::copy(records, copy).await?;
        if copy.leader.as_ref() != Some(&ask.user.id) || unit.as_ref().is_some_and(|unit| unit.id != copy.unit) {
            return Err(Refusal::NotFound.into());
        }
        // What the copy shows was fixed when it was submitted. Nobody signs over an office that is not theirs any more.
        if copy.look.as_ref().is_some_and(|look| look.title != mandate.title || look.name != ask.user.name) {
            return Err(Reason::MandateExpired.into());
        }
        let decision = decide(&copy, Command::RequestLeader { session: id.clone() }, &ask.user.id, now)?;
        let unit = match &mut unit {
            Some(unit) => unit,
            none => none.insert(support::unit(records, &copy.unit).await?),
        };
        let prepared = prepare(objects, workshop, &copy, (ask.user, unit), &id, now).await?;
        items.push(SessionItem::waiting(copy.id.clone(), Some(prepared)));
        decisions.push(decision);
        pages += copy.pages;
    }
    let unit = unit.ok_or(Refusal::NotFound)?;
    // A token signs what we have prepared.
    let shape = if ask.method == "usb" { Shape::Raw } else { gateway.shape() };
    let session = session(id, &ask, (&unit, shape), items, pages, now);
    let mut all = vec![Write::Session(session.clone())];
    all.extend(trying);
    all.extend(prompt(&session).map(|prompt| Write::PromptTaken(prompt, now)));
    all.extend(decisions.into_iter().flat_map(writes));
    match records.commit(all).await {
        Ok(()) => drive(records, gateway, (ask.user, failing), session, now).await,
        Err(CommitError::Conflict) => {
            if session.is_on_a_phone() {
                may_prompt(records, gateway, &ask, now).await?;
            }
            Err(Reason::CopyChanged.into())
        }
        // It may have happened. Whoever asks for the session sees; the prompt goes out only when it certainly happened.
        Err(CommitError::Unknown(fault)) => match records.session(&session.id).await? {
            Some(session) => drive(records, gateway, (ask.user, failing), session, now).await,
            None => Err(fault.into()),
        },
    }
}

/// 1 to 20 distinct copies.
pub(crate) fn check_batch(copies: &[CopyId]) -> Result<(), Refusal> {
    let distinct: std::collections::BTreeSet<_> = copies.iter().collect();
    if copies.is_empty() || copies.len() > BATCH_LIMIT || distinct.len() != copies.len() {
        return Err(Refusal::Invalid {
            pointer: "/copy_ids".into(),
            code: "out-of-range",
            detail: ("Chọn từ 1 đến 20 bản sao khác nhau.".into(), "Choose 1 to 20 distinct copies.".into()),
        });
    }
    Ok(())
}

/// A gateway may ask for fewer documents with one prompt than we would.
fn fits(gateway: &impl RemoteSigning, copies: &[CopyId]) -> Result<(), Refusal> {
    let most = gateway.most();
    if copies.len() <= most {
        return Ok(());
    }
    Err(Refusal::Invalid {
        pointer: "/copy_ids".into(),
        code: "out-of-range",
        detail: (
            format!("Dịch vụ ký số này ký nhiều nhất {most} bản sao mỗi lần."),
            format!("This signing service signs at most {most} of them at a time."),
        ),
    })
}

/// The enrolled certificate is valid now and chains to a configured root. Revocation is the archive's and the report's
/// question: whoever prepares has no way out of the house.
fn usable(workshop: &impl Workshop, user: &User, now: Timestamp) -> Result<(), Refusal> {
    if credential_usable(workshop, user, now) { Ok(()) } else { Err(Reason::CertificateNotUsable.into()) }
}

/// Whether somebody has a signing credential that could sign now.
pub fn credential_usable(workshop: &impl Workshop, user: &User, now: Timestamp) -> bool {
    let chain = user.credential.as_ref().and_then(|credential| chain_of(&credential.chain).ok()).unwrap_or_default();
    is_usable(workshop, &chain, now)
}

/// Whether a chain (leaf first) may sign now.
pub(crate) fn is_usable(workshop: &impl Workshop, chain: &[Certificate], now: Timestamp) -> bool {
    let Some((leaf, pool)) = chain.split_first() else { return false };
    let at = now.as_second();
    pki::path::build(leaf, pool, workshop.anchors(), at, pki::path::Purpose::Signing).is_trusted()
}

/// Whether the phone may be asked for these copies now. Gives what [`may_ask`] gives.
async fn may_prompt(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    ask: &OpenSession<'_>,
    now: Timestamp,
) -> Result<(bool, Option<Write>), Halt> {
    fits(gateway, ask.copies)?;
    free(records, &ask.user.id, ask.id, now).await?;
    wanted(records, &ask.user.id, ask.in_vain, now).await?;
    may_ask(records, gateway, now).await
}

/// One prompt per SIM. The transaction asks again.
async fn free(records: &impl Records, user: &UserId, session: &SessionId, now: Timestamp) -> Result<(), Halt> {
    let shown = records.prompt(user).await?;
    let busy = shown.is_some_and(|shown| shown.session != *session && shown.until.as_second() >= now.as_second());
    if busy { Err(Reason::SignerBusy.into()) } else { Ok(()) }
}

/// A gateway that fails again and again is not asked for a while. Gives whether it has failed lately; where one session may try, it writes that
/// down with itself.
async fn may_ask(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    now: Timestamp,
) -> Result<(bool, Option<Write>), Halt> {
    let known = records.breaker(gateway.name()).await?;
    match breaker::may(known.as_ref(), now) {
        May::Ask => Ok((known.is_some_and(|known| known.failures > 0), None)),
        May::Try(trying) => Ok((true, Some(Write::Breaker(trying)))),
        May::Rest => Err(Reason::GatewayUnavailable.into()),
    }
}

/// Writes down whether a gateway worked. What is lost here is counted the next time: no session waits for it.
async fn note(records: &impl Records, gateway: &impl RemoteSigning, works: bool, now: Timestamp) {
    for _ in 0..ROUNDS {
        let Ok(known) = records.breaker(gateway.name()).await else { return };
        let after = if works { breaker::worked(known) } else { Some(breaker::failed(known, gateway.name(), now)) };
        let Some(after) = after else { return };
        if commit(records, vec![Write::Breaker(after)]).await == Commit::Written {
            return;
        }
    }
}

/// A phone on which nobody wants to be asked is left alone, once the gateway has said so often enough that nobody does: of a session that ran out
/// it is asked a minute later, so one prompt more may have gone out by then.
async fn wanted(records: &impl Records, user: &UserId, in_vain: usize, now: Timestamp) -> Result<(), Halt> {
    let paused = records.unwanted(user).await?.and_then(|unwanted| unwanted.paused_until(in_vain, now));
    let Some(until) = paused else { return Ok(()) };
    let wait_s = u32::try_from(until.duration_since(now).as_secs().max(1)).unwrap_or(u32::MAX);
    Err(Refusal::Paused { until, wait_s }.into())
}

/// The leader's revision: it shows what was fixed at submission, also when name, office or picture are others by now.
async fn prepared(
    objects: &impl Objects,
    workshop: &impl Workshop,
    (base, copy): (&Held<'_>, &Copy),
    (leader, unit): (&User, &Unit),
    at: Timestamp,
) -> Result<Revision, Halt> {
    // Copies that were submitted before looks were kept have none.
    let look = copy.look.clone().or_else(|| Look::of(leader, unit)).ok_or(Reason::MandateExpired)?;
    let picture = match look.signature_picture {
        Some(digest) => {
            picture(objects, (paths::signature_picture(&leader.id, &digest), digest), Facsimile::Signature).await?
        }
        None => None,
    };
    let picture = picture.as_deref();
    let mark = LeaderMark { leader, look: &look, picture, unit, token_room: copy.token_room(), at };
    Ok(workshop.prepare_leader(base, &mark)?)
}

/// Prepares for the moment of opening, so the bytes are the opened ones; stores them.
async fn prepare(
    objects: &impl Objects,
    workshop: &impl Workshop,
    copy: &Copy,
    (leader, unit): (&User, &Unit),
    session: &SessionId,
    now: Timestamp,
) -> Result<PreparedRevision, Halt> {
    let Some(base) = copy.state.file() else { return Err(Reason::CopyChanged.into()) };
    let Some((opened, at)) = copy.opened.filter(|(_, at)| time::day(*at) == time::day(now)) else {
        return Err(Reason::CopyNotOpened.into());
    };
    let base = held(objects, base).await?;
    let prepared = prepared(objects, workshop, (&base, copy), (leader, unit), at).await?;
    if base.extended(&prepared.tail).sha256() != opened {
        return Err(Reason::CopyChanged.into());
    }
    let tail = support::create_exactly(objects, paths::leader_prepared(&copy.id, session), prepared.tail).await?;
    Ok(PreparedRevision {
        tail,
        contents_start: prepared.contents.start as u64,
        contents_end: prepared.contents.end as u64,
        signed_attributes: prepared.signed_attributes,
    })
}

fn session(
    id: SessionId,
    ask: &OpenSession<'_>,
    (unit, shape): (&Unit, Shape),
    items: Vec<SessionItem>,
    pages: u32,
    now: Timestamp,
) -> Session {
    let code = verification_code(&id, &items);
    // A token is asked by the page: nothing is sent, so there is nothing to mark as sent.
    let (state, lifetime) = match ask.method {
        "usb" => (SessionState::Waiting, LIFETIME_AT_THE_DESK),
        _ => (SessionState::Sending, LIFETIME),
    };
    Session {
        purpose: Purpose::LeaderSign,
        method: ask.method.to_owned(),
        shape,
        user: ask.user.id.clone(),
        unit: unit.id.clone(),
        state,
        display_text: display_text(&code, items.len(), pages, &unit.name),
        verification_code: code,
        handle: None,
        created_at: now,
        expires_at: now.checked_add(lifetime).unwrap_or(now),
        late: None,
        version: 1,
        id,
        items,
    }
}

/// Four digits over the ordered, length-prefixed list of what is signed. They bind screen and phone to one session; they
/// do not bind content (remote-signing.md §4).
fn verification_code(id: &SessionId, items: &[SessionItem]) -> String {
    let mut list = id.as_str().as_bytes().to_vec();
    for attributes in items.iter().filter_map(|item| item.prepared.as_ref()).map(|p| &p.signed_attributes) {
        list.extend_from_slice(&(attributes.len() as u64).to_be_bytes());
        list.extend_from_slice(attributes);
    }
    let [a, b, ..] = sha256(&[&list]);
    format!("{:04}", u16::from_be_bytes([a, b]) % 10_000)
}

/// ASCII, code first, so that no cut takes it (remote-signing.md §4); no name of a person, no title of a document.
fn display_text(code: &str, copies: usize, pages: u32, unit: &str) -> String {
    let unit: String = identity::folded(unit).chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(60).collect();
    format!("MA {code}. Ky chung thuc {copies} ban sao, {pages} trang, {unit}")
}

fn order(session: &Session, user: &User) -> Result<SignOrder, Fault> {
    let credential = user.credential.as_ref().ok_or_else(|| Fault("no credential".into()))?;
    let prepared = session.items.iter().filter_map(|item| item.prepared.as_ref());
    let hashes = prepared.map(|prepared| answer::to_sign(session.shape, prepared));
    Ok(SignOrder {
        session: session.id.clone(),
        credential_id: credential.id.clone(),
        display_text: session.display_text.clone(),
        hashes: hashes.collect::<Result<_, _>>()?,
    })
}

/// Called once, by the run that has just committed the session, and by nobody else. A token at the desk is asked by the page.
async fn drive(
    records: &impl Records,
    gateway: &impl RemoteSigning,
    (user, failing): (&User, bool),
    session: Session,
    now: Timestamp,
) -> Result<Session, Halt> {
    if !session.is_on_a_phone() {
        return Ok(session);
    }
    let started = gateway.start(&order(&session, user)?).await;
    let works = started.as_ref().is_ok_and(|handle| gateway.refused_at_once(handle) != Some("backend"));
    // Nothing is written where nothing has changed.
    if failing || !works {
        note(records, gateway, works, now).await;
    }
    let happening = match &started {
        Ok(handle) => Happening::Accepted(handle),
        Err(_) => Happening::Lost,
    };
    let id = session.id.clone();
    let mut session = session;
    for _ in 0..ROUNDS {
        // Of what may be heard here, nothing gives back, finishes or frees anything.
        let Some(Step { after, .. }) = reduce(&session, happening, now) else { return Ok(session) };
        if commit(records, vec![Write::Session(after.clone())]).await == Commit::Written {
            return Ok(after);
        }
        session = support::session(records, &id).await?;
    }
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// remote-signing.md §4: ASCII only, and no cut takes the code away.
    #[test]
    fn the_code_comes_first_on_the_phone() {
        let text = display_text("4298", 2, 5, "Ủy ban nhân dân xã Đồng Mẫu");
        assert_eq!(text, "MA 4298. Ky chung thuc 2 ban sao, 5 trang, Uy ban nhan dan xa Dong Mau");
        assert!(text.is_ascii() && text.starts_with("MA 4298. "));
    }

    #[test]
    fn the_code_depends_on_order_and_session() {
        let item = |n: u8| SessionItem {
            copy: CopyId::new([n; 16]),
            prepared: Some(PreparedRevision {
                tail: Stored { path: String::new(), sha256: [0; 32], size: 0, midstate: None, etag: None },
                contents_start: 0,
                contents_end: 0,
                signed_attributes: vec![n; 40],
            }),
            signature: None,
            done: false,
            problem: None,
        };
        let id = SessionId::new([1; 16]);
        let code = verification_code(&id, &[item(1), item(2)]);
        assert_eq!(code.len(), 4);
        assert_ne!(code, verification_code(&id, &[item(2), item(1)]));
        assert_ne!(code, verification_code(&SessionId::new([2; 16]), &[item(1), item(2)]));
    }
}
