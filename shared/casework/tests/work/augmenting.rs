//! Time-stamps, evidence, and what somebody else created first.

use casework::{Outcome, augment};
use domain::copy::CopyState;
use domain::model::*;
use domain::paths;
use domain::ports::{Evidence, Fault, TrustServices, Write};
use testkit::*;

use super::{archived, done, found, key_has_signed, public_of, put_off, sealed, session_of, step};

fn leader_has_answered(world: &World) -> domain::ids::CopyId {
    let id = receive(world, 1);
    submit(world, &id, base("Ban sao"));
    open(world, &id).expect("a preview");
    let session = ask_leader(world, std::slice::from_ref(&id)).expect("a session").id;
    run(casework::leader::step(world, world, world, &session, &|| world.now())).expect("an answer");
    id
}

/// F11: a wrong authority leaves no file and loses no case, at any of the three places where one is asked.
#[test]
fn a_wrong_authority_costs_time_only() {
    for habit in Habit::WRONG {
        let world = office();
        let id = leader_has_answered(&world);
        world.habits(|habits| habits.tsa = habit);
        put_off(&world, Topic::FinishLeader);
        assert_eq!(world.paths(&format!("copies/{id}/signed")), [""; 0], "{habit:?}");
        world.habits(|habits| habits.tsa = Habit::Right);
        done(&world, Topic::FinishLeader);

        let world = office();
        let (id, _) = key_has_signed(&world, 1);
        world.habits(|habits| habits.tsa = habit);
        put_off(&world, Topic::FinishSeal);
        assert_eq!(world.paths("numbers/"), [""; 0], "{habit:?}");
        assert!(matches!(copy_of(&world, &id).state, CopyState::Numbered { .. }));
        world.habits(|habits| habits.tsa = Habit::Right);
        done(&world, Topic::FinishSeal);

        world.habits(|habits| habits.tsa = habit);
        put_off(&world, Topic::Archive);
        assert_eq!(world.paths("numbers/").len(), 1, "{habit:?}");
        world.habits(|habits| habits.tsa = Habit::Right);
        done(&world, Topic::Archive);
        assert_eq!(found(&world), []);
    }
}

/// Calls of a port since the last script.
fn calls(world: &World, name: &str) -> usize {
    world.calls().iter().filter(|call| call.name == name).count()
}

/// F11: the first usable time-stamp counts, not the first answer: whatever is wrong with the first authority, the one behind it is enough, at
/// all three places, at the first try.
#[test]
fn a_wrong_authority_does_not_keep_a_right_one_away() {
    for habit in Habit::WRONG {
        let world = office();
        world.habits(|habits| (habits.tsa, habits.tsa_behind) = (habit, Some(Habit::Right)));
        leader_has_answered(&world);
        done(&world, Topic::FinishLeader);

        let world = office();
        sealed_with(&world, habit);
        done(&world, Topic::Archive);
        assert_eq!(found(&world), [], "{habit:?}");
    }
}

fn sealed_with(world: &World, habit: Habit) {
    key_has_signed(world, 1);
    world.habits(|habits| (habits.tsa, habits.tsa_behind) = (habit, Some(Habit::Right)));
    done(world, Topic::FinishSeal);
}

/// One deadline per run: copies of a session are stamped beside each other, so that twenty behind a slow authority take as long as one; each
/// is asked about once.
#[test]
fn copies_of_a_session_are_stamped_beside_each_other() {
    let looks = |copies: u8| {
        let world = office();
        let ids: Vec<_> = (1..=copies).map(|n| opened(&world, n)).collect();
        let session = ask_leader(&world, &ids).expect("a session").id;
        run(casework::leader::step(&world, &world, &world, &session, &|| world.now())).expect("an answer");
        world.script(&[]);
        let item = the_work(&world, Topic::FinishLeader);
        let looks = (1..).find(|steps| run_for(work(&world.clone(), &item), *steps)).expect("an end");
        done(&world, Topic::FinishLeader);
        assert_eq!(calls(&world, "timestamp"), usize::from(copies));
        assert_eq!(session_of(&world, &session).state, SessionState::Done);
        looks
    };
    assert_eq!(looks(1), looks(3));
}

fn opened(world: &World, n: u8) -> domain::ids::CopyId {
    let id = receive(world, n);
    submit(world, &id, base("Ban sao"));
    open(world, &id).expect("a preview");
    id
}

/// A run that is cut off or waits is alone with its work: who comes meanwhile does nothing, and asks nobody. When its time is over, the next
/// one goes on.
#[test]
fn whoever_comes_while_somebody_waits_asks_nobody() {
    for topic in [Topic::FinishSeal, Topic::Archive] {
        let world = office();
        key_has_signed(&world, 1);
        if topic == Topic::Archive {
            done(&world, Topic::FinishSeal);
        }
        let item = the_work(&world, topic);
        world.script(&[]);
        let cut = (1..).find(|steps| {
            let apart = world.clone();
            run_for(work(&apart, &item), *steps);
            calls(&apart, "timestamp") == 1
        });
        assert!(!run_for(work(&world, &item), cut.expect("a question")));
        assert_eq!(calls(&world, "timestamp"), 1);
        let theirs = Ok(Outcome::Later(world.now() + casework::augment::LEASE));
        assert_eq!(run(work(&world, &item)), theirs, "the stream delivers it again");
        assert_eq!(the_work(&world, topic).due_at, world.now() + casework::augment::LEASE, "the sweep does not see it");
        assert_eq!(calls(&world, "timestamp"), 1, "{topic:?}");
        world.wait(casework::augment::LEASE);
        done(&world, topic);
        assert_eq!(calls(&world, "timestamp"), 2, "the one that was cut off, and the one that counts");
    }
}

/// A leader's session and the answer of the phone.
fn asked(world: &World, id: &domain::ids::CopyId) -> domain::ids::SessionId {
    open(world, id).expect("a preview");
    let session = ask_leader(world, std::slice::from_ref(id)).expect("a session").id;
    run(casework::leader::step(world, world, world, &session, &|| world.now())).expect("an answer");
    session
}

/// Longer than any room that is kept at first.
const LONG_SERIAL: usize = 40 * 1024;

/// A token that does not fit what the leader signed: the session ends with the reason, and the next one has room.
#[test]
fn a_token_that_does_not_fit_the_leaders_revision_ends_the_session() {
    let world = office();
    let id = receive(&world, 1);
    submit(&world, &id, base("Ban sao"));
    world.habits(|habits| habits.tsa_serial = LONG_SERIAL);
    let session = asked(&world, &id);
    done(&world, Topic::FinishLeader);
    let over = session_of(&world, &session);
    assert_eq!(over.items.first().and_then(|item| item.problem.as_deref()), Some("timestamp-too-long"));
    assert!(matches!(copy_of(&world, &id).state, CopyState::Submitted { .. }));
    let session = asked(&world, &id);
    done(&world, Topic::FinishLeader);
    assert_eq!(session_of(&world, &session).state, SessionState::Done);
    assert!(matches!(copy_of(&world, &id).state, CopyState::Signed { .. }));
}

/// A token of 40 KB at the seal: the revision is prepared and signed again with room for it, under the same number; the archive's order remembers
/// it, and the next run prepares for it. No run asks twice. One number, one sealed file, one archived one.
#[test]
fn a_long_token_ends_in_one_file() {
    let world = office();
    let (id, session) = key_has_signed(&world, 1);
    let number = copy_of(&world, &id).state.number().cloned();
    world.habits(|habits| habits.tsa_serial = LONG_SERIAL);
    done(&world, Topic::FinishSeal);
    assert!(matches!(copy_of(&world, &id).state, CopyState::Numbered { prepared: None, .. }));
    assert_eq!(world.paths("numbers/"), [""; 0]);
    done(&world, Topic::Seal);
    done(&world, Topic::FinishSeal);
    world.script(&[]);
    put_off(&world, Topic::Archive);
    assert_eq!(calls(&world, "timestamp"), 1, "one did not fit");
    world.script(&[]);
    done(&world, Topic::Archive);
    assert_eq!(calls(&world, "timestamp"), 1);
    assert_eq!(copy_of(&world, &id).state.number().cloned(), number);
    assert_eq!(world.paths("numbers/").len(), 2);
    assert_eq!(session_of(&world, &session).state, SessionState::Done);
    assert_eq!(found(&world), []);
    testkit::examine(&world);
}

/// An authority that stamped once and about which nobody says anything any more holds nothing up.
#[test]
fn an_authority_that_is_gone_is_not_waited_for() {
    let world = office();
    sealed(&world, 1);
    let gone = trees().strangers.tsa(world.now().as_second()).enrolled();
    let item = the_work(&world, Topic::Archive);
    let learned = Learned::default().with_authority(gone);
    assert_eq!(run(work(&world, &Outbox { learned, ..item })), Ok(Outcome::Done));
    assert_eq!(found(&world), []);
}

/// The world with an instance's memory of what CAs said.
struct Remembering<'w> {
    world: &'w World,
    kept: std::sync::Mutex<std::collections::HashMap<Sha256, (Vec<u8>, jiff::Timestamp)>>,
}

impl TrustServices for Remembering<'_> {
    async fn timestamp<T: Send>(
        &self,
        request: &[u8],
        usable: impl Fn(&[u8]) -> Result<T, Fault> + Send + Sync,
    ) -> Result<T, Fault> {
        self.world.timestamp(request, usable).await
    }

    fn may_ask(&self, url: &str) -> bool {
        self.world.may_ask(url)
    }

    async fn fetch(&self, kind: Evidence, url: &str, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        self.world.fetch(kind, url, body).await
    }

    fn kept(&self, key: &Sha256, now: jiff::Timestamp) -> Option<Vec<u8>> {
        let kept = self.kept.lock().expect("no panic");
        kept.get(key).filter(|(_, until)| now < *until).map(|(answer, _)| answer.clone())
    }

    fn keep(&self, key: Sha256, answer: &[u8], until: jiff::Timestamp) {
        self.kept.lock().expect("no panic").insert(key, (answer.to_vec(), until));
    }
}

/// A batch of twenty copies by one leader asks CAs as often as one copy does; when responders are silent, the lists are asked for as often as
/// there are issuers. What was said before somebody signed, or some minutes ago, is asked for again.
#[test]
fn a_batch_asks_cas_once() {
    const BATCH: u8 = 20;
    for (ocsp, name) in [(Habit::Right, "ocsp"), (Habit::Silent, "crl")] {
        let world = office();
        let services = Remembering { world: &world, kept: Default::default() };
        let archive = |n: u8| {
            world.script(&[]);
            let item = waiting(&world).into_iter().find(|work| work.topic == Topic::Archive).expect("an order");
            let archived = augment::archive(&world, &world, &services, bench(), &world, &item, world.now());
            assert_eq!(run(archived), Ok(Outcome::Done), "{n}");
            calls(&world, name)
        };
        (1..=BATCH).for_each(|n| drop(key_has_signed(&world, n)));
        while let Some(item) = waiting(&world).into_iter().find(|work| work.topic == Topic::FinishSeal) {
            assert_eq!(run(work(&world, &item)), Ok(Outcome::Done));
        }
        world.habits(|habits| habits.ocsp = ocsp);
        let first = archive(1);
        assert!(first > 0);
        let others: usize = (2..=BATCH).map(archive).sum();
        assert_eq!(others, 0, "{name}: the first copy asked {first} times");
        world.wait(jiff::SignedDuration::from_mins(1));
        key_has_signed(&world, BATCH + 1);
        done(&world, Topic::FinishSeal);
        assert_eq!(archive(BATCH + 1), first, "{name}: what was fetched before somebody signed");
        key_has_signed(&world, BATCH + 2);
        done(&world, Topic::FinishSeal);
        world.wait(jiff::SignedDuration::from_mins(6));
        assert_eq!(archive(BATCH + 2), first, "{name}: minutes later");
        assert_eq!(found(&world), []);
    }
}

/// Whoever looks sees whose answer is waited for, and nothing when nobody's is.
#[test]
fn what_is_waited_for_is_seen() {
    use casework::waiting;
    let world = office();
    let (id, session) = key_has_signed(&world, 1);
    let seen = || {
        let copy = run(waiting::of_copy(&world, &copy_of(&world, &id))).expect("the table");
        let session = run(waiting::of_session(&world, &session_of(&world, &session))).expect("the table");
        [copy, session].map(|order| order.map(|order| (order.waits.expect("a reason"), order.due_at)))
    };
    assert_eq!(seen(), [None, None], "nobody was asked yet");
    world.habits(|habits| habits.tsa = Habit::Silent);
    put_off(&world, Topic::FinishSeal);
    let stamp = Some((WaitsFor::Timestamp, the_work(&world, Topic::FinishSeal).due_at));
    assert_eq!(seen(), [stamp, stamp]);
    // The next try finds no bucket: it is not the authority that is waited for.
    world.wait(jiff::SignedDuration::from_mins(3));
    world.script(&[Fate::Works, Fate::Works, Fate::Works, Fate::Lost]);
    step(&world, Topic::FinishSeal).expect_err("no bucket");
    let repair = Some((WaitsFor::Repair, the_work(&world, Topic::FinishSeal).due_at));
    assert_eq!(seen(), [repair, repair]);
    world.script(&[]);
    world.habits(|habits| habits.tsa = Habit::Right);
    done(&world, Topic::FinishSeal);
    assert_eq!(seen(), [None, None]);
    world.habits(|habits| (habits.ocsp, habits.crl) = (Habit::Silent, Habit::Silent));
    put_off(&world, Topic::Archive);
    assert_eq!(seen(), [Some((WaitsFor::Revocation, the_work(&world, Topic::Archive).due_at)), None]);
    world.habits(|habits| (habits.tsa, habits.ocsp) = (Habit::Silent, Habit::Right));
    put_off(&world, Topic::Archive);
    assert_eq!(seen(), [Some((WaitsFor::Timestamp, the_work(&world, Topic::Archive).due_at)), None]);
    world.habits(|habits| habits.tsa = Habit::Right);
    done(&world, Topic::Archive);
    assert_eq!(seen(), [None, None]);
}

/// A seal whose signature does not verify has no way back and is tried again; whoever looks sees that something has to be put right, and sees
/// the copies of a dossier each with its own.
#[test]
fn a_seal_that_cannot_be_finished_says_so() {
    use casework::waiting;
    let world = office();
    let (id, _) = key_has_signed(&world, 1);
    let (fine, _) = {
        let other = signed(&world, 2);
        request_seal(&world, std::slice::from_ref(&other)).expect("a session");
        done(&world, Topic::Seal);
        (other, ())
    };
    let mut copy = copy_of(&world, &id);
    copy.version += 1;
    let unit = Unit { seal_chain: Vec::new(), ..unit_of(&world) };
    world.seed(vec![Write::Unit(unit), Write::Copy(copy)]);
    let item = waiting(&world).into_iter().find(|item| item.subject == id.as_str()).expect("the order");
    assert!(matches!(run(work(&world, &item)), Ok(Outcome::Later(_))));
    let copies = [copy_of(&world, &fine), copy_of(&world, &id)];
    let seen = run(waiting::of_copies(&world, &copies)).expect("the table");
    let waits: Vec<_> = seen.iter().map(|order| order.as_ref().and_then(|order| order.waits)).collect();
    assert_eq!(waits, [None, Some(WaitsFor::Repair)]);
}

/// What failed is not held: the next sweep tries it again.
#[test]
fn what_failed_is_given_back() {
    let world = office();
    key_has_signed(&world, 1);
    let item = the_work(&world, Topic::FinishSeal);
    // Loading, unit, taking it work; then nothing is answered.
    world.script(&[Fate::Works, Fate::Works, Fate::Works, Fate::Lost]);
    run(work(&world, &item)).expect_err("no bucket");
    assert!(the_work(&world, Topic::FinishSeal).due_at < world.now() + jiff::SignedDuration::from_secs(5));
    world.wait(jiff::SignedDuration::from_secs(5));
    done(&world, Topic::FinishSeal);
}

/// F11: a wrong OCSP responder is helped by the CRL; without both the copy waits.
#[test]
fn evidence_has_two_ways() {
    for habit in Habit::WRONG {
        let world = office();
        sealed(&world, 1);
        world.habits(|habits| (habits.ocsp, habits.crl) = (habit, Habit::Silent));
        put_off(&world, Topic::Archive);
        world.habits(|habits| habits.crl = Habit::OtherCertificate);
        put_off(&world, Topic::Archive);
        assert_eq!(world.paths("numbers/").len(), 1, "{habit:?}");
        world.habits(|habits| habits.crl = Habit::Right);
        done(&world, Topic::Archive);
        assert_eq!(found(&world), [], "{habit:?}");
    }
}

/// F19: who was revoked only after signing has signed; the evidence says both.
#[test]
fn a_later_revocation_does_not_hinder() {
    let world = office();
    sealed(&world, 1);
    world.wait(jiff::SignedDuration::from_mins(5));
    world.revoke(&trees().ours.leader);
    done(&world, Topic::Archive);
    assert_eq!(found(&world), []);
}

/// I4: whoever was revoked before signing gets no archive, and no number is lost.
#[test]
fn an_earlier_revocation_keeps_the_archive_away() {
    let world = office();
    world.revoke(&trees().ours.agency_p256);
    world.wait(jiff::SignedDuration::from_mins(5));
    sealed(&world, 1);
    world.script(&[]);
    put_off(&world, Topic::Archive);
    assert_eq!(world.paths("numbers/").len(), 1);
    // It is known from the evidence alone; nobody is asked for a time-stamp in vain.
    assert!(world.calls().iter().all(|call| call.name != "timestamp"));
}

fn renew(world: &World) {
    let unit = Unit { seal_chain: trees().ours.agency.enrolled(), ..unit_of(world) };
    world.seed(vec![Write::Unit(unit)]);
}

/// A renewed X.509 certificate of the agency: the same number is prepared and signed again.
#[test]
fn a_renewed_seal_keeps_its_number() {
    let world = office();
    let (id, session) = key_has_signed(&world, 1);
    let number = copy_of(&world, &id).state.number().cloned();
    renew(&world);
    done(&world, Topic::FinishSeal);
    assert!(matches!(copy_of(&world, &id).state, CopyState::Numbered { prepared: None, .. }));
    assert_eq!(world.paths("numbers/"), [""; 0]);
    for topic in [Topic::Seal, Topic::FinishSeal, Topic::Archive, Topic::Deliver] {
        done(&world, topic);
    }
    assert_eq!(copy_of(&world, &id).state.number().cloned(), number);
    assert_eq!(session_of(&world, &session).state, SessionState::Done);
    assert_eq!(found(&world), []);
    testkit::examine(&world);
}

/// The object was created under the earlier X.509 certificate and the record was lost: it can never be replaced, so it counts.
#[test]
fn a_seal_from_before_the_renewal_counts() {
    let world = office();
    let (id, _) = key_has_signed(&world, 1);
    let apart = world.clone();
    done(&apart, Topic::FinishSeal);
    let path = apart.paths("numbers/").first().cloned().expect("a sealed file");
    world.put_object(&path, apart.object(&path).expect("a sealed file").to_vec());
    renew(&world);
    done(&world, Topic::FinishSeal);
    let CopyState::Sealed { sealed, .. } = copy_of(&world, &id).state else { panic!("not sealed") };
    assert_eq!(sealed.path, path);
    done(&world, Topic::Archive);
    assert_eq!(found(&world), []);
}

/// I5: what stands where a seal belongs and is none stops everything, loudly, and is not recorded.
#[test]
fn foreign_bytes_are_no_seal() {
    let world = office();
    let (id, _) = key_has_signed(&world, 1);
    let CopyState::Numbered { number, signed, .. } = copy_of(&world, &id).state else { panic!("not numbered") };
    let bytes = world.object(&signed.path).expect("a signed file").to_vec();
    world.put_object(&paths::sealed(&people::unit(), &number), bytes);
    step(&world, Topic::FinishSeal).expect_err("no seal");
    assert!(matches!(copy_of(&world, &id).state, CopyState::Numbered { .. }));
}

/// A signature of the leader that turns out worthless sends the copy back, with a word to the session.
#[test]
fn a_worthless_signature_of_the_leader_ends_the_session() {
    let world = office();
    let id = leader_has_answered(&world);
    let leader = user_of(&world, &people::leader());
    let chain = trees().strangers.leader.enrolled();
    world.seed(vec![Write::User(User { credential: Some(Credential { id: "credential-2".into(), chain }), ..leader })]);
    done(&world, Topic::FinishLeader);
    assert!(matches!(copy_of(&world, &id).state, CopyState::Submitted { .. }));
    let sessions = world.look(|table| table.sessions.clone());
    let session = sessions.values().next().expect("a session");
    assert_eq!(session.state, SessionState::Failed);
    assert_eq!(session.items.first().and_then(|item| item.problem.as_deref()), Some("wrong-certificate"));
}

/// F3: every item may be delivered again, days later.
#[test]
fn repeated_work_changes_nothing() {
    let world = office();
    let items: Vec<Outbox> = {
        let (_, _) = key_has_signed(&world, 1);
        let seal = the_work(&world, Topic::FinishSeal);
        done(&world, Topic::FinishSeal);
        let archive = the_work(&world, Topic::Archive);
        done(&world, Topic::Archive);
        vec![seal, archive]
    };
    let before = (public_of(&world, &people::copy(1)), copy_of(&world, &people::copy(1)));
    for item in &items {
        assert_eq!(run(work(&world, item)), Ok(Outcome::Done));
    }
    assert_eq!((public_of(&world, &people::copy(1)), copy_of(&world, &people::copy(1))), before);
    let other = archived(&office(), 2);
    assert_eq!(other, people::copy(2));
}
