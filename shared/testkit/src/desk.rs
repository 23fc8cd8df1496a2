//! The office: a world with people in it, a dossier at any stage, and the sweepers.
//!
//! Stages are reached through the real rules and the real verifier; what a function does over HTTP (rights, forms) is left
//! out.

use casework::qr::Press;
use casework::workshop::{Expectation, LeaderMark, Parts};
use casework::{Halt, Outcome, Workshop, aftercare, augment, batch, delivery, inquiry, leader, numbering};
use domain::copy::CopyState;
use domain::decide::{Command, Decision, decide};
use domain::ids::*;
use domain::model::*;
use domain::paths;
use domain::ports::*;
use domain::refusal::Reason;
use jiff::{SignedDuration, Timestamp};
use pades::LEADER_FIELD;

use crate::bench::bench;
use crate::keys::Identity;
use crate::paper;
use crate::polling::run;
use crate::trees::trees;
use crate::world::{Table, World, qr_keys, sha256};

/// 2026-11-23 14:05:31 +07:00.
pub const NOW: Timestamp = Timestamp::constant(1_795_417_531, 0);
/// Where anybody verifies.
pub const PUBLIC_URL: &str = "https://ctdt.test";
/// What stands before the payload of a QR code.
pub const QR_BASE: &str = "HTTPS://CTDT.TEST/Q/";
/// Looks of the sweepers before a test is called endless: more than the quarter of an hour of I16 has minutes.
const SWEEPS: usize = 600;
/// I16: after the last fault everything ends within a quarter of an hour.
const BOUND: SignedDuration = SignedDuration::from_mins(15);

/// The people of the office, by what they do.
pub mod people {
    use super::*;

    /// The office.
    pub fn unit() -> UnitId {
        UnitId::new([0x11; 16])
    }
    /// Receives.
    pub fn clerk() -> UserId {
        UserId::new([0x21; 16])
    }
    /// Signs.
    pub fn leader() -> UserId {
        UserId::new([0x22; 16])
    }
    /// Seals.
    pub fn keeper() -> UserId {
        UserId::new([0x23; 16])
    }
    /// The citizen's account.
    pub fn account() -> AccountId {
        AccountId::new([0x31; 16])
    }
    /// A decision of today that annuls a copy.
    pub fn annulment(now: Timestamp) -> Annulment {
        let decision = AnnulmentDecision { number: "12/QĐ-UBND".to_owned(), date: domain::time::day(now) };
        Annulment { decision, reason: "Bản chính bị thu hồi".to_owned() }
    }
    /// To sign under these lines, always.
    ///
    /// # Panics
    /// When they are no title.
    pub fn mandate(lines: &str) -> Mandate {
        Mandate { title: domain::title::Title::parse(lines).expect("a title"), from: None, until: None }
    }
    /// The n-th dossier.
    pub fn case(n: u8) -> CaseId {
        CaseId::new([n; 16])
    }
    /// The copy of the n-th dossier.
    pub fn copy(n: u8) -> CopyId {
        CopyId::new([0x80 | n; 16])
    }
    /// The scan of the n-th dossier.
    pub fn upload(n: u8) -> UploadId {
        UploadId::new([0x40 | n; 16])
    }
}

/// An office that seals with a key that never signs twice alike.
pub fn office() -> World {
    office_sealing_with(&trees().ours.agency_p256)
}

/// An office, with the key of its seal.
pub fn office_sealing_with(agency: &Identity) -> World {
    let world = World::new(NOW);
    let unit = Unit {
        id: people::unit(),
        code: "000.00.01.H54".into(),
        name: "Ủy ban nhân dân xã Mẫu".into(),
        short_name: "MAU".into(),
        address: "Số 1, thôn Mẫu".into(),
        place: "Xã Mẫu".into(),
        province: "Tỉnh Mẫu".into(),
        enabled: true,
        first_suffix: "SCT/BS".into(),
        first_book: "01".into(),
        later_series: Vec::new(),
        slot_capacity: 1,
        seal_chain: agency.enrolled(),
        leaders: vec![people::leader()],
        seal_picture: None,
        changed: Changed::first(),
    };
    let user = |id: UserId, name: &str, right: Right| User {
        id,
        name: name.into(),
        mandate: None,
        signature_picture: None,
        active: true,
        grants: vec![(right, Some(unit.id.clone()))],
        phone: None,
        credential: None,
        account: None,
        changed: Changed::first(),
    };
    let leader = User {
        mandate: Some(people::mandate("CHỦ TỊCH")),
        phone: Some("+84900000001".into()),
        credential: Some(Credential { id: "credential-1".into(), chain: trees().ours.leader.enrolled() }),
        ..user(people::leader(), "Nguyễn Văn Mẫu", Right::Sign)
    };
    world.enrol(Person {
        account: people::account(),
        kind: "person".into(),
        name: "Trần Thị Mẫu".into(),
        id_type: "citizen_id".into(),
        id_number: "000000000002".into(),
        phone: Some("+84900000002".into()),
        email: Some("mau@example.test".into()),
    });
    world.seed(vec![
        Write::User(user(people::clerk(), "Lê Thị Mẫu", Right::Create)),
        Write::User(user(people::keeper(), "Phạm Văn Mẫu", Right::Seal)),
        Write::User(leader),
        Write::Unit(unit),
    ]);
    world
}

/// Receives the n-th dossier (1 to 31): one scan, one copy, at the desk.
pub fn receive(world: &World, n: u8) -> CopyId {
    let now = world.now();
    let scan = paper::scan(&format!("Ban chinh {n}"));
    let upload = Upload {
        id: people::upload(n),
        owner: people::clerk(),
        filename: "quet.pdf".into(),
        content_type: "application/pdf".into(),
        size: scan.len() as u64,
        sha256: sha256(&scan),
        state: UploadState::Used { copy: people::copy(n), pages: 1 },
        version: 1,
    };
    let case = Case {
        id: people::case(n),
        code: format!("MAU-261123-{n:04}-K"),
        unit: people::unit(),
        requester: Requester {
            kind: "person".into(),
            name: "Trần Thị Mẫu".into(),
            id_type: "citizen_id".into(),
            id_number: "000000000002".into(),
            phone: Some("+84900000002".into()),
            email: Some("mau@example.test".into()),
            account: Some(people::account()),
        },
        basis: "paper_original".into(),
        appointment: None,
        clerk: people::clerk(),
        received_at: now,
        due_at: now,
        due_rule: "same_day".into(),
        checklist: None,
        copies: vec![people::copy(n)],
        fee: None,
        status: CaseStatus::Received,
        leader: None,
        changed_by: people::clerk(),
        changed_at: now,
        version: 1,
    };
    let copy = Copy {
        id: people::copy(n),
        case: case.id.clone(),
        unit: people::unit(),
        type_id: "degree".into(),
        title: "Bằng tốt nghiệp".into(),
        issuer: None,
        original_number: None,
        pages: 1,
        uploads: vec![upload.id.clone()],
        attestation: Some(Attestation { template_id: "default".into(), placement: Placement::Auto }),
        leader: None,
        look: None,
        opened: None,
        token_length: 0,
        state: CopyState::Draft,
        since: now,
        due_at: now,
        changed_by: people::clerk(),
        changed_at: now,
        version: 1,
    };
    let event = |subject: &str, action: &str| {
        Write::Event(Event {
            subject: subject.to_owned(),
            seq: 1,
            actor: (&people::clerk()).into(),
            action: action.to_owned(),
            at: now,
        })
    };
    world.put_object(&paths::upload(&upload.id), scan);
    let events = [event(case.id.as_str(), "case.received"), event(copy.id.as_str(), "copy.added")];
    world.seed(
        [Write::Upload(upload), Write::Case(case), Write::Copy(copy.clone())].into_iter().chain(events).collect(),
    );
    copy.id
}

/// A copy as it stands.
///
/// # Panics
/// When there is none.
pub fn copy_of(world: &World, id: &CopyId) -> Copy {
    world.look(|table| table.copies.get(id).cloned()).expect("a copy")
}

/// Somebody who acts.
///
/// # Panics
/// When there is nobody.
pub fn user_of(world: &World, id: &UserId) -> User {
    world.look(|table| table.users.get(id).cloned()).expect("a user")
}

/// The office.
///
/// # Panics
/// When there is none.
pub fn unit_of(world: &World) -> Unit {
    world.look(|table| table.units.get(&people::unit()).cloned()).expect("a unit")
}

fn decided(world: &World, decision: Decision) {
    world.seed(vec![Write::Copy(decision.copy), Write::Event(decision.event)]);
}

/// Freezes a file for the leader.
///
/// # Panics
/// When the copy is not at the desk.
pub fn submit(world: &World, id: &CopyId, base: Vec<u8>) {
    let look = Look::of(&user_of(world, &people::leader()), &unit_of(world));
    let copy = Copy { leader: Some(people::leader()), look, opened: None, ..copy_of(world, id) };
    let digest = sha256(&base);
    let base = stored(world, paths::base(id, &digest), base);
    let decision = decide(&copy, Command::Submit { base }, &people::clerk(), world.now());
    decided(world, decision.expect("a draft"));
}

/// Takes a copy back to the desk.
///
/// # Panics
/// When it is not with the leader.
pub fn take_back(world: &World, id: &CopyId) {
    let decision = decide(&copy_of(world, id), Command::Return, &people::clerk(), world.now());
    decided(world, decision.expect("a submitted copy"));
}

/// Puts bytes at a path that may hold them already.
fn stored(world: &World, path: String, bytes: Vec<u8>) -> Stored {
    let midstate = Some(pades::freeze(&bytes));
    let file = Stored { sha256: sha256(&bytes), size: bytes.len() as u64, path, midstate, etag: None };
    if world.object(&file.path).is_none() {
        world.put_object(&file.path, bytes);
    }
    file
}

/// A copy with the leader's signature, made without [`casework`]'s own steps, so that whoever tests the later steps does
/// not depend on the earlier ones.
///
/// # Panics
/// When anything on the way refuses.
pub fn signed(world: &World, n: u8) -> CopyId {
    let id = receive(world, n);
    submit(world, &id, paper::base(&format!("Ban sao {n}")));
    let now = world.now();
    let (leader, unit) = (user_of(world, &people::leader()), unit_of(world));
    let session = SessionId::new([n; 16]);
    let asked = Command::RequestLeader { session: session.clone() };
    decided(world, decide(&copy_of(world, &id), asked, &leader.id, now).expect("a submitted copy"));
    let copy = copy_of(world, &id);
    let base = world.object(&copy.state.file().expect("a base").path).expect("the base");
    let held = pades::Held::whole(&base);
    let look = copy.look.clone().expect("a submitted copy");
    let mark = LeaderMark { leader: &leader, look: &look, picture: None, unit: &unit, token_room: 0, at: now };
    let prepared = bench().prepare_leader(&held, &mark);
    let prepared = prepared.expect("a leader's revision");
    let raw = trees().ours.leader.key.sign(&sha256(&prepared.signed_attributes), u64::from(n));
    let chain = trees().ours.leader.enrolled();
    let nonce = [n, 1, 2, 3, 4, 5, 6, 7];
    let request = pki::tsp::request(&pades::timestamp_imprint(&raw), &nonce);
    let response = run(world.timestamp(&request, |answer| Ok(answer.to_vec()))).expect("a time-stamp");
    let token = pki::tsp::check_response(&response, &pades::timestamp_imprint(&raw), &nonce).expect("a token");
    let parts = Parts { attributes: &prepared.signed_attributes, signature: &raw, chain: &chain, token: token.der() };
    let tail = bench().finish(&held, &prepared.tail, prepared.contents, &parts).expect("a signed revision");
    let file = [base.as_slice(), &tail].concat();
    let signer = trees().ours.leader.leaf();
    let expected =
        Expectation { field: LEADER_FIELD, signer: signer.der(), base: pades::Beginning::of(&base), at: now };
    let verified = bench().verify((&file).into(), &expected).expect("a good signature");
    let command = Command::RecordSignature {
        session: &session,
        verified: &verified,
        signer: signer.sha256(),
        signed: stored(world, paths::signed(&id, &session), file),
    };
    decided(world, decide(&copy, command, &leader.id, now).expect("a signature"));
    id
}

/// Asks for number and seal. Gives the session.
///
/// # Errors
/// What [`numbering::request`] says.
pub fn request_seal(world: &World, copies: &[CopyId]) -> Result<Session, Halt> {
    let keeper = user_of(world, &people::keeper());
    let id = SessionId::new(world.uuid(world.now()));
    let ask = numbering::RequestSeal { id: &id, user: &keeper, copies, method: "agency_key" };
    run(numbering::request(world, world, ask, world.now()))
}

/// Work that waits, oldest first, past the ports.
pub fn waiting(world: &World) -> Vec<Outbox> {
    let mut waiting: Vec<Outbox> = world.look(|table| table.outbox.values().cloned().collect());
    waiting.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
    waiting
}

/// Waiting work of one kind, which must be the only one.
///
/// # Panics
/// When none waits, or more than one.
pub fn the_work(world: &World, topic: Topic) -> Outbox {
    let mut found = waiting(world).into_iter().filter(|work| work.topic == topic);
    let first = found.next().unwrap_or_else(|| panic!("no {} waits", topic.name()));
    assert_eq!(found.next(), None, "more than one {} waits", topic.name());
    first
}

/// What `numbering` signs with.
fn signing(world: &World) -> numbering::Keys<'_, World, World> {
    let qr = Press { key: world, published: qr_keys(), base: QR_BASE };
    numbering::Keys { seal: world, qr }
}

/// Does what an item asks for, as its function would.
///
/// # Errors
/// What the work says.
pub async fn work(world: &World, item: &Outbox) -> Result<Outcome, Halt> {
    let now = world.now();
    let done = match item.topic {
        Topic::Seal => numbering::number_and_seal(world, world, &signing(world), bench(), world, item, now).await,
        Topic::FollowLeader => leader::follow_hint(world, world, world, item, &|| now).await,
        Topic::FinishLeader => augment::finish_leader(world, world, world, bench(), world, item, now).await,
        Topic::FinishSeal => augment::finish_seal(world, world, world, bench(), world, item, now).await,
        Topic::Archive => augment::archive(world, world, world, bench(), world, item, now).await,
        Topic::Renew => augment::renew(world, world, world, bench(), world, item, now).await,
        Topic::Deliver => delivery::deliver(world, world, world, item, PUBLIC_URL, now).await,
        Topic::Aftercare => aftercare::tell(world, world, world, item, now).await,
        Topic::JudgeBatch => batch::step(world, world, world, || world.now(), item).await,
        Topic::FetchEvidence => {
            let anchors = trees().anchors();
            inquiry::fetch(world, world, world, &anchors, world, || world.now(), item).await
        }
    };
    let takes = matches!(item.topic, Topic::FinishLeader | Topic::FinishSeal | Topic::Archive | Topic::Renew);
    if takes && matches!(done, Err(Halt::Failed(_))) {
        augment::give_back(world, item, now).await;
    }
    done
}

/// One look of all sweepers: follows open sessions and does what is due. Who fails is looked at again the next time.
pub fn sweep_once(world: &World) {
    for session in open_prompts(world) {
        // A session that cannot be followed now is followed by the next look.
        let _ = run(leader::step(world, world, world, &session, &|| world.now()));
    }
    for item in waiting(world).into_iter().filter(|item| item.due_at <= world.now()) {
        let _ = run(work(world, &item));
    }
}

/// Sessions of leaders that are not over.
fn open_prompts(world: &World) -> Vec<SessionId> {
    let open = |session: &&Session| session.purpose == Purpose::LeaderSign && !session.state.is_terminal();
    world.look(|table| table.sessions.values().filter(open).map(|session| session.id.clone()).collect())
}

/// Sweeps until nothing waits.
///
/// # Panics
/// When something still waits after the quarter of an hour of I16: nothing may be lost (I11), nothing may need a person.
pub fn sweep(world: &World) {
    let begun = world.now();
    for _ in 0..SWEEPS {
        if settled(world) {
            return;
        }
        sweep_once(world);
        let next = waiting(world).iter().find(|item| !watches(world, item)).map_or(world.now(), |item| item.due_at);
        let pause = next.duration_since(world.now()).max(SignedDuration::from_secs(1));
        world.wait(pause);
        assert!(world.now().duration_since(begun) <= BOUND, "still waiting: {:?}", waiting(world));
    }
    panic!("still waiting: {:?}", waiting(world));
}

/// Whether nothing waits: no work but what only watches, and no open session.
pub fn settled(world: &World) -> bool {
    waiting(world).iter().all(|item| watches(world, item))
        && world.look(|table| table.sessions.values().all(|session| session.state.is_terminal()))
}

/// What comes back for years or for a day and moves nothing: renewals, and questions about sessions that are over.
pub fn watches(world: &World, item: &Outbox) -> bool {
    let over = |table: &Table| {
        let session = SessionId::parse(&item.subject).ok().and_then(|id| table.sessions.get(&id));
        session.is_some_and(|session| session.state.is_terminal())
    };
    item.topic == Topic::Renew || (item.topic == Topic::FollowLeader && world.look(over))
}

/// Opens the preview as the leader.
///
/// # Errors
/// What [`leader::preview`] says.
pub fn open(world: &World, copy: &CopyId) -> Result<leader::Preview, Halt> {
    let viewer = user_of(world, &people::leader());
    run(leader::preview(world, world, bench(), copy, &viewer, world.now()))
}

/// Asks the leader's phone.
///
/// # Errors
/// What [`leader::open_session`] says.
pub fn ask_leader(world: &World, copies: &[CopyId]) -> Result<Session, Halt> {
    run(asked_leader(world, copies))
}

/// Has a copy signed as a person would: opens it, asks the phone, and does both again when nothing came of it.
///
/// # Panics
/// When it is not signed after the lifetime of several prompts.
pub fn sign_until(world: &World, id: &CopyId) {
    for _ in 0..SWEEPS {
        let copy = copy_of(world, id);
        match copy.state {
            CopyState::Submitted { .. } if copy.opened.is_none() => drop(open(world, id)),
            CopyState::Submitted { .. } => match ask_leader(world, std::slice::from_ref(id)) {
                Err(Halt::Refused(refusal)) if refusal == Reason::CopyChanged.into() => drop(open(world, id)),
                _ => {}
            },
            CopyState::AwaitingSignature { .. } => {}
            _ => return,
        }
        sweep_once(world);
        world.wait(SignedDuration::from_secs(5));
    }
    panic!("nobody signs: {:?}", copy_of(world, id).state);
}

/// Asks the leader's phone, step by step.
///
/// # Errors
/// What [`leader::open_session`] says.
pub async fn asked_leader(world: &World, copies: &[CopyId]) -> Result<Session, Halt> {
    let user = user_of(world, &people::leader());
    let id = SessionId::new(world.uuid(world.now()));
    let ask = leader::OpenSession { id: &id, user: &user, copies, method: "sim", in_vain: domain::pause::MOST };
    leader::open_session(world, world, world, bench(), ask, world.now()).await
}

/// The first work of a kind that waits.
///
/// # Panics
/// When none waits.
pub fn due_first(world: &World, topic: Topic) -> Outbox {
    waiting(world).into_iter().find(|work| work.topic == topic).unwrap_or_else(|| panic!("no {} waits", topic.name()))
}

/// Sweeps what numbers and seals until a copy is sealed; what comes after it goes on waiting.
///
/// # Panics
/// When it is not sealed within the quarter of an hour of I16.
pub fn until_sealed(world: &World, id: &CopyId) {
    let begun = world.now();
    while !matches!(copy_of(world, id).state, CopyState::Sealed { .. }) {
        let sealing = |item: &Outbox| matches!(item.topic, Topic::Seal | Topic::FinishSeal);
        for item in waiting(world).into_iter().filter(|item| sealing(item) && item.due_at <= world.now()) {
            let _ = run(work(world, &item));
        }
        assert!(world.now().duration_since(begun) <= BOUND, "not sealed: {:?}", waiting(world));
        world.wait(SignedDuration::from_secs(1));
    }
}
