//! The main job: from the desk to the requester, with the office's own RSA key and a page made by `compose`.

use domain::copy::CopyState;
use domain::decide::{Command, decide};
use domain::ids::{CopyId, SessionId};
use domain::model::{Purpose, SessionState, Stored, Topic, WaitsFor};
use domain::ports::Write;
use jiff::SignedDuration;
use pades::{Policy, Profile, RegisterFacts, RegisterStatus, Verdict};
use testkit::*;

use crate::{archived, finish, house_findings, number, state};

/// What intake would make of the scan (R35, R37).
fn composed(title: &str) -> Vec<u8> {
    let scan = scan("Ban chinh");
    let spec = compose::BaseSpec {
        scans: vec![&scan],
        wording: compose::Wording {
            template_id: "default".into(),
            unit_name: "ỦY BAN NHÂN DÂN XÃ MẪU".into(),
            place: "Xã Mẫu".into(),
            leader_title_line: "CHỦ TỊCH".into(),
            leader_name: "Nguyễn Văn Mẫu".into(),
            document_title: title.into(),
            document_pages: 1,
            room: compose::Room::default(),
        },
        placement: compose::Placement::Auto,
        sandbox_mark: true,
        created: "2026-11-23T14:05:31+07:00".into(),
        document_id: [7; 16],
    };
    compose::base(&spec).expect("a base").pdf
}

/// A world with a delivered copy.
fn delivered(title: &str) -> (World, CopyId) {
    let world = office_sealing_with(&trees().ours.agency);
    let copy = receive(&world, 1);
    submit(&world, &copy, composed(title));
    sign_until(&world, &copy);
    examine(&world);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    finish(&world);
    (world, copy)
}

/// R35–R53: draft, submitted, opened, signed, numbered, sealed, archived, delivered; then everything is looked at, by the
/// test's own eyes, by the examiner of the house, and by the judge that citizens use.
#[test]
fn from_the_desk_to_the_requester() {
    let (world, copy) = delivered("Bằng tốt nghiệp trung học phổ thông");
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
    let file = archived(&world, &copy).expect("an archive");
    assert_eq!(house_findings(&world, 2026), vec![]);
    let deliveries = world.look(|table| table.deliveries.values().cloned().collect::<Vec<_>>());
    assert!(deliveries.len() == 1 && deliveries.iter().all(|delivery| delivery.sent_at.is_some()), "{deliveries:?}");
    assert_eq!(world.all_prompts().values().sum::<u32>(), 1);
    let report = judged(&world, &copy, &file);
    assert_eq!(report.verdict, Verdict::Valid, "{:#?}", report.reasons);
}

fn judged(world: &World, copy: &CopyId, file: &Stored) -> pades::Report {
    let bytes = world.object(&file.path).expect("the file");
    let public = world.look(|table| table.public.get(copy).cloned()).expect("public facts");
    let facts = pades::EcopyFacts {
        number: u64::from(public.number.number),
        book: public.number.book.clone(),
        year: u32::try_from(public.number.year).expect("a year"),
        suffix: public.number.suffix.clone(),
        unit_code: public.unit_code.clone(),
        copy_id: copy.to_string(),
    };
    let register = RegisterFacts { status: RegisterStatus::Active, facts: Some(facts), sha256: public.digests.clone() };
    let policy = Policy {
        anchors: &trees().anchors(),
        at: world.now().as_second(),
        profile: Profile::Ecopy,
        extra: &pki::path::Evidence::default(),
        register: Some(register),
        test_anchors: true,
    };
    pades::judge(&bytes, "ban-sao.pdf", &policy)
}

/// R111: an annulled copy says so at once, keeps its number, and is not delivered again.
#[test]
fn an_annulled_copy_keeps_its_number() {
    let (world, copy) = delivered("Bằng");
    let at = world.now();
    let annulled = run(casework::numbering::annul(&world, &copy, &people::keeper(), &people::annulment(at), at))
        .expect("annulled");
    assert!(matches!(annulled.state, CopyState::Annulled { .. }));
    finish(&world);
    let public = world.look(|table| table.public.get(&copy).cloned()).expect("public facts");
    assert_eq!((public.annulled_at, public.number.number), (Some(at), 1));
    assert_eq!(public.annulled_by, Some(people::annulment(at).decision));
    let other = signed(&world, 2);
    request_seal(&world, std::slice::from_ref(&other)).expect("a signed copy");
    finish(&world);
    assert_eq!(number(&world, &other), Some(2));
    assert_eq!(house_findings(&world, 2026), vec![]);
}

/// Decision 21: a number that was spent and never sealed stays in the register with who and why, and is never used again.
#[test]
fn a_void_number_is_not_used_again() {
    let world = office();
    let copies = [signed(&world, 1), signed(&world, 2)];
    request_seal(&world, &copies[..1]).expect("a signed copy");
    world.habits(|habits| habits.key = Habit::Refusing);
    sweep_once(&world);
    assert_eq!(state(&world, &copies[0]), "numbered");
    let (by, now) = (people::keeper(), world.now());
    run(casework::numbering::void(&world, &copies[0], &by, "khóa hỏng", now)).expect("void");
    world.habits(|habits| habits.key = Habit::Right);
    request_seal(&world, &copies[1..]).expect("a signed copy");
    finish(&world);
    assert_eq!((state(&world, &copies[0]), number(&world, &copies[0])), ("void", Some(1)));
    assert_eq!((state(&world, &copies[1]), number(&world, &copies[1])), ("sealed", Some(2)));
    assert_eq!(house_findings(&world, 2026), vec![]);
}

/// Decision 16: nothing is sealed with a code that the published key does not verify, or without one; the number waits, and
/// is sealed once the key is right.
#[test]
fn a_wrong_key_for_codes_seals_nothing() {
    use Habit::{Empty, Garbage, OtherCertificate, OtherHash, Refusing, Silent};
    for wrong in [OtherHash, OtherCertificate, Garbage, Empty, Refusing, Silent] {
        let world = office();
        let copy = signed(&world, 1);
        request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
        world.habits(|habits| habits.qr = wrong);
        sweep_once(&world);
        assert_eq!((state(&world, &copy), number(&world, &copy)), ("seal_requested", None), "{wrong:?}");
        assert!(world.paths("").iter().all(|path| !path.contains("/seal-")), "{wrong:?}: a revision was prepared");
        world.habits(|habits| habits.qr = Habit::Right);
        finish(&world);
        assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)), "{wrong:?}");
        assert_eq!(house_findings(&world, 2026), vec![]);
    }
}

/// R46, I4, F19: a leader who is no longer enrolled with the X.509 certificate that signed: no number is spent, and the copy
/// goes back.
#[test]
fn no_number_without_the_leaders_signature() {
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    let mut leader = user_of(&world, &people::leader());
    leader.credential.as_mut().expect("a credential").chain = trees().strangers.leader.enrolled();
    world.seed(vec![Write::User(leader)]);
    sweep(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("signed", None));
    assert_eq!(world.look(|table| (table.counters.len(), table.entries.len())), (0, 0));
    let problem = world.look(|table| table.sessions.values().find_map(|session| session.items[0].problem.clone()));
    assert_eq!(problem.as_deref(), Some("signature-does-not-verify"));
}

/// F18: a bit turns in a stored file: nobody builds on it, no number is spent, and when it is mended the case goes on.
#[test]
fn a_flipped_bit_stops_the_line() {
    let world = office();
    let small = signed(&world, 1);
    stopped(&world, &small, 1000);
    // In the picture of a scan, which nobody who signs reads: it is another body then, or, where none is known, all of it is read.
    for known in [true, false] {
        let world = office();
        let large = receive(&world, 1);
        submit(&world, &large, pictured_base(100_000));
        sign_until(&world, &large);
        if !known {
            forget_the_body(&world, &large);
        }
        stopped(&world, &large, 50_000);
    }
}

/// As versions before recorded a signed file.
fn forget_the_body(world: &World, copy: &CopyId) {
    world.rewrite(|table| {
        let Some(CopyState::Signed { signed, .. }) = table.copies.get_mut(copy).map(|copy| &mut copy.state) else {
            panic!("not signed")
        };
        assert!(signed.etag.take().is_some(), "what was verified is named");
    });
}

fn stopped(world: &World, copy: &CopyId, at: usize) {
    request_seal(world, std::slice::from_ref(copy)).expect("a signed copy");
    let path = copy_of(world, copy).state.file().expect("a file").path.clone();
    world.flip(&path, at);
    for _ in 0..5 {
        sweep_once(world);
        world.wait(SignedDuration::from_secs(10));
    }
    assert_eq!((state(world, copy), number(world, copy)), ("seal_requested", None));
    world.flip(&path, at);
    finish(world);
    assert_eq!((state(world, copy), number(world, copy)), ("sealed", Some(1)));
}

/// The same bytes have another ETag, as after a fail-over: before the number, before the seal is stored, before the archive. The digest is
/// the truth, so the case goes on.
#[test]
fn bytes_under_another_etag_are_the_same_bytes() {
    use domain::model::Topic;
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, pictured_base(100_000));
    sign_until(&world, &copy);
    let rename = || world.rename_body(&copy_of(&world, &copy).state.file().expect("a file").path);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    rename();
    run(work(&world, &the_work(&world, Topic::Seal))).expect("a number");
    rename();
    run(work(&world, &the_work(&world, Topic::FinishSeal))).expect("a seal");
    rename();
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
    assert!(archived(&world, &copy).is_some());
}

/// R46: what cannot be drawn behind a number spends none: a suffix with a sign that no typeface has.
#[test]
fn a_seal_that_cannot_be_drawn_spends_no_number() {
    let world = office();
    let copy = signed(&world, 1);
    let usual = unit_of(&world);
    world.seed(vec![Write::Unit(domain::model::Unit { first_suffix: "SCT/\u{4e2d}".into(), ..usual.clone() })]);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    sweep_once(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("signed", None));
    assert_eq!(world.look(|table| (table.counters.len(), table.entries.len())), (0, 0));
    let problem = world.look(|table| table.sessions.values().find_map(|session| session.items[0].problem.clone()));
    assert_eq!(problem.as_deref(), Some("seal-not-made"));
    world.seed(vec![Write::Unit(usual)]);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
}

/// A copy that an earlier version sent back without ending its part of the session: the session ends all the same.
#[test]
fn what_has_left_a_session_does_not_hold_it() {
    let world = office();
    let copy = signed(&world, 1);
    let session = request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    let back = Command::RejectSeal { session: &session.id };
    let back = decide(&copy_of(&world, &copy), back, &people::keeper(), world.now());
    world.seed(vec![Write::Copy(back.expect("a seal was asked for").copy)]);
    sweep_once(&world);
    let after = world.look(|table| table.sessions.get(&session.id).cloned()).expect("the session");
    assert_eq!((after.state, after.items[0].problem.as_deref()), (SessionState::Failed, Some("session-closed")));
}

/// One copy of a session was sent back while another could not be read: the reason is there at once, the copy may be sealed in another session
/// meanwhile, and both sessions end.
#[test]
fn a_session_ends_whatever_became_of_its_copies() {
    let world = office();
    let copies = [1, 2].map(|n| signed(&world, n));
    let first = request_seal(&world, &copies).expect("signed copies").id;
    let leader = user_of(&world, &people::leader());
    let mut another = leader.clone();
    another.credential.as_mut().expect("a credential").chain = trees().strangers.leader.enrolled();
    world.seed(vec![Write::User(another)]);
    let path = copy_of(&world, &copies[1]).state.file().expect("a file").path.clone();
    world.flip(&path, 1000);
    sweep_once(&world);
    let session = |id: &SessionId| world.look(|table| table.sessions.get(id).cloned()).expect("a session");
    assert_eq!(session(&first).items[0].problem.as_deref(), Some("signature-does-not-verify"));
    assert!(the_work(&world, Topic::Seal).due_at > world.now(), "others come first");
    let order = run(casework::waiting::of_copy(&world, &copy_of(&world, &copies[1])));
    assert_eq!(order.expect("a table").and_then(|order| order.waits), Some(WaitsFor::Repair));
    world.seed(vec![Write::User(leader)]);
    let second = request_seal(&world, &copies[..1]).expect("a signed copy").id;
    for _ in 0..6 {
        sweep_once(&world);
        world.wait(SignedDuration::from_secs(10));
    }
    assert_eq!(state(&world, &copies[0]), "sealed");
    world.flip(&path, 1000);
    world.wait(SignedDuration::from_secs(300));
    finish(&world);
    assert_eq!(copies.each_ref().map(|copy| number(&world, copy)), [Some(1), Some(2)]);
    assert_eq!((session(&first).state, session(&second).state), (SessionState::Done, SessionState::Done));
    assert_eq!(house_findings(&world, 2026), vec![]);
}

/// I3: where the key fails, no number is spent for the copies behind.
#[test]
fn a_key_that_fails_spends_one_number() {
    let world = office();
    let copies = [1, 2, 3].map(|n| signed(&world, n));
    request_seal(&world, &copies).expect("signed copies");
    world.habits(|habits| habits.key = Habit::Refusing);
    sweep_once(&world);
    assert_eq!(copies.each_ref().map(|copy| number(&world, copy)), [Some(1), None, None]);
    let session = world.look(|table| table.sessions.values().find(|one| one.purpose == Purpose::Seal).cloned());
    let order = run(casework::waiting::of_session(&world, &session.expect("a session"))).expect("a table");
    let order = order.expect("whoever looks is told");
    assert_eq!((order.topic, order.waits), (Topic::Seal, Some(WaitsFor::Repair)));
    assert!(order.due_at > world.now(), "an office whose key fails does not stand before others");
    world.habits(|habits| habits.key = Habit::Right);
    finish(&world);
    assert_eq!(copies.each_ref().map(|copy| number(&world, copy)), [Some(1), Some(2), Some(3)]);
}

/// Decision 18: signatures show the office's name as the wording does, whatever it is called by then; the sign that nobody could set stands for
/// any other name.
#[test]
fn a_copy_keeps_the_name_that_its_wording_has() {
    let renamed = |world: &World| {
        let name = "Ủy ban nhân dân xã \u{4e2d}".into();
        world.seed(vec![Write::Unit(domain::model::Unit { name, ..unit_of(world) })]);
    };
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base("Ban sao"));
    renamed(&world);
    sign_until(&world, &copy);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
    // Between number and seal, while one run does both.
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    let seals = the_work(&world, domain::model::Topic::Seal);
    let mut done = false;
    let made = run_beside(work(&world, &seals), || {
        if !done && state(&world, &copy) == "numbered" {
            done = true;
            renamed(&world);
        }
    });
    made.expect("a number and a signature in one run");
    assert!(done, "the number came with the seal");
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
}

/// One copy of a session whose file cannot be read keeps none of the others back; it gets the next number when it can.
#[test]
fn one_copy_does_not_hold_the_others() {
    let world = office();
    let copies = [1, 2, 3].map(|n| signed(&world, n));
    request_seal(&world, &copies).expect("signed copies");
    let path = copy_of(&world, &copies[0]).state.file().expect("a file").path.clone();
    world.flip(&path, 1000);
    for _ in 0..5 {
        sweep_once(&world);
        world.wait(SignedDuration::from_secs(10));
    }
    let stand = || copies.each_ref().map(|copy| (state(&world, copy), number(&world, copy)));
    assert_eq!(stand(), [("seal_requested", None), ("sealed", Some(1)), ("sealed", Some(2))]);
    world.flip(&path, 1000);
    finish(&world);
    assert_eq!(stand(), [("sealed", Some(3)), ("sealed", Some(1)), ("sealed", Some(2))]);
    assert_eq!(house_findings(&world, 2026), vec![]);
}

/// F9: the agency's X.509 certificate is renewed between the key's signature and the time-stamp: the same number, prepared
/// and signed anew.
#[test]
fn a_renewed_agency_keeps_the_number() {
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    run(work(&world, &the_work(&world, domain::model::Topic::Seal))).expect("a number");
    let mut unit = unit_of(&world);
    unit.seal_chain = trees().ours.agency.enrolled();
    world.seed(vec![Write::Unit(unit)]);
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
    assert!(archived(&world, &copy).is_some());
}

/// F9: the agency's X.509 certificate is renewed between number and seal, while one run does both: what it made before the number is not
/// sealed, since it names the one that was.
#[test]
fn an_agency_that_is_renewed_behind_the_number_seals_with_the_new_one() {
    let world = office();
    let copy = signed(&world, 1);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    let mut renewed = false;
    let seals = the_work(&world, domain::model::Topic::Seal);
    let done = run_beside(work(&world, &seals), || {
        if !renewed && state(&world, &copy) == "numbered" {
            renewed = true;
            let seal_chain = trees().ours.agency.enrolled();
            world.seed(vec![Write::Unit(domain::model::Unit { seal_chain, ..unit_of(&world) })]);
        }
    });
    done.expect("a number and a signature in one run");
    assert!(renewed, "the number came with the seal");
    // What names the old one would go back to the key.
    run(work(&world, &the_work(&world, domain::model::Topic::FinishSeal))).expect("a seal");
    assert_eq!(state(&world, &copy), "sealed");
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
}

/// F7, F11: the leader's time-stamp came from an authority whose clock is ten minutes before that of the next one. A seal whose time would be
/// before the leader's is no good file, so it waits until the time is over; the same for the archive.
#[test]
fn time_does_not_run_backwards_in_a_file() {
    let ahead = SignedDuration::from_mins(10);
    let world = office();
    let copy = receive(&world, 1);
    submit(&world, &copy, base("Ban sao"));
    let now = world.now();
    world.wait(ahead);
    sign_until(&world, &copy);
    world.set_now(now);
    request_seal(&world, std::slice::from_ref(&copy)).expect("a signed copy");
    for _ in 0..4 {
        sweep_once(&world);
        world.wait(SignedDuration::from_mins(2));
    }
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("numbered", Some(1)), "the time-stamp is refused");
    assert_eq!(world.paths("numbers/"), [""; 0]);
    world.set_now(now + ahead);
    finish(&world);
    assert_eq!((state(&world, &copy), number(&world, &copy)), ("sealed", Some(1)));
    assert!(archived(&world, &copy).is_some());
    assert_eq!(house_findings(&world, 2026), vec![]);
}

/// I9: what the rules call a draft can be given up, and then nothing more happens to it.
#[test]
fn a_cancelled_copy_stays_cancelled() {
    let world = office();
    let copy = receive(&world, 1);
    let decision = decide(&copy_of(&world, &copy), Command::Cancel, &people::clerk(), world.now()).expect("a draft");
    world.seed(vec![Write::Copy(decision.copy), Write::Event(decision.event)]);
    assert!(request_seal(&world, std::slice::from_ref(&copy)).is_err());
    finish(&world);
    assert_eq!(state(&world, &copy), "cancelled");
}
