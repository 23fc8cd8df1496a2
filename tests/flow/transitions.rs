//! The rules as a table that a lawyer can read (house.md §3.5): what every state says to every command.

use std::fmt::Write as _;

use domain::copy::CopyState;
use domain::decide::{Command, decide};
use domain::ids::{CopyId, SessionId};
use domain::model::{Copy, Number, PreparedRevision, Sha256, Stored, Topic};
use jiff::{SignedDuration, Timestamp};
use pades::{LEADER_FIELD, SEAL_FIELD, Verified, VerifiedArchive};
use testkit::*;

const FROZEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/flow/transitions.txt");

const HEAD: &str = "\
# Bảng trạng thái của bản sao: mỗi dòng là một trạng thái, một yêu cầu, và điều xảy ra (R36–R50, R111).
# The states of a copy: a state, a command, and what happens. UPDATE_EXPECT=1 writes this file anew.
";

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A copy in every state, and the proofs that belong to it: all from one real job.
struct Scene {
    states: Vec<(&'static str, Copy)>,
    leader: (Verified, Stored),
    seal: (Verified, Stored),
    archive: (VerifiedArchive, Stored),
    renewal: (VerifiedArchive, Stored),
    session: SessionId,
    number: Number,
    prepared: (PreparedRevision, Vec<u8>),
}

fn scene() -> Scene {
    let world = office();
    let id = receive(&world, 1);
    let mut states = vec![("draft", copy_of(&world, &id))];
    submit(&world, &id, base("Ban sao"));
    states.push(("submitted", copy_of(&world, &id)));
    let done = |copy: &Copy, command| decide(copy, command, &people::keeper(), NOW).expect("allowed").copy;
    open(&world, &id).expect("a preview");
    ask_leader(&world, std::slice::from_ref(&id)).expect("a prompt");
    let awaiting = copy_of(&world, &id);
    states.push(("awaiting_signature", awaiting.clone()));
    sweep(&world);
    states.push(("signed", copy_of(&world, &id)));
    let session = request_seal(&world, std::slice::from_ref(&id)).expect("a signed copy").id;
    let requested = copy_of(&world, &id);
    states.push(("seal_requested", requested.clone()));
    run(work(&world, &the_work(&world, Topic::Seal))).expect("a number");
    let prepared = copy_of(&world, &id);
    states.push(("numbered", unprepared(&prepared)));
    states.push(("numbered, prepared", prepared.clone()));
    states.push(("numbered, once more", done(&prepared, Command::RenewSeal)));
    until_sealed(&world, &id);
    let sealed = copy_of(&world, &id);
    states.push(("sealed", sealed.clone()));
    sweep(&world);
    let archived = copy_of(&world, &id);
    states.push(("sealed, archived", archived.clone()));
    let renewed = renewed(&world, &id);
    states.push(("annulled", done(&archived, annul(NOW))));
    states.push(("void", done(&unprepared(&prepared), Command::Void { reason: "khóa hỏng".into() })));
    states.push(("cancelled", done(&states[0].1, Command::Cancel)));
    // The sessions of signing and sealing differ; for the table they are one.
    let states = states.into_iter().map(|(name, copy)| (name, in_session(copy, &session))).collect();
    Scene {
        leader: proof(&world, &awaiting, &requested, LEADER_FIELD),
        seal: proof(&world, &requested, &sealed, SEAL_FIELD),
        archive: archive(&world, &sealed, &archived),
        renewal: archive(&renewed, &archived, &copy_of(&renewed, &id)),
        number: prepared.state.number().cloned().expect("a number"),
        prepared: prepared_of(&prepared.state).expect("a revision"),
        states,
        session,
    }
}

/// The world after its copy was renewed, years later.
fn renewed(world: &World, id: &CopyId) -> World {
    let world = world.clone();
    let later: Timestamp = "2030-07-10T01:00:00Z".parse().expect("literal");
    world.wait(later.duration_since(world.now()));
    // The first run learns who stamps now, the second one renews.
    for _ in 0..2 {
        run(work(&world, &the_work(&world, Topic::Renew))).expect("a renewal");
        world.wait(jiff::SignedDuration::from_mins(3));
    }
    assert!(file(&copy_of(&world, id)).path.ends_with("-archived-01.pdf"));
    world
}

fn prepared_of(state: &CopyState) -> Option<(PreparedRevision, Vec<u8>)> {
    match state {
        CopyState::Numbered { prepared, .. } => prepared.clone(),
        _ => None,
    }
}

fn unprepared(copy: &Copy) -> Copy {
    let mut copy = copy.clone();
    if let CopyState::Numbered { prepared, key_used, .. } = &mut copy.state {
        (*prepared, *key_used) = (None, false);
    }
    copy
}

fn in_session(mut copy: Copy, ours: &SessionId) -> Copy {
    if let CopyState::AwaitingSignature { session, .. } = &mut copy.state {
        *session = ours.clone();
    }
    copy
}

fn file(copy: &Copy) -> Stored {
    copy.state.file().cloned().expect("a file")
}

fn signer(field: &str) -> &'static pki::Certificate {
    let tree = &trees().ours;
    if field == LEADER_FIELD { tree.leader.leaf() } else { tree.agency_p256.leaf() }
}

/// What the verifier says about the file of `after`, which was made from the file of `before`.
fn proof(world: &World, before: &Copy, after: &Copy, field: &str) -> (Verified, Stored) {
    let (base, file) = (file(before), file(after));
    let bytes = |file: &Stored| world.object(&file.path).expect("the file");
    let expected = casework::workshop::Expectation {
        field,
        signer: signer(field).der(),
        base: pades::Beginning::of(&bytes(&base)),
        at: world.now(),
    };
    (casework::Workshop::verify(bench(), pades::File::Bytes(&bytes(&file)), &expected).expect("a good signature"), file)
}

fn archive(world: &World, sealed: &Copy, archived: &Copy) -> (VerifiedArchive, Stored) {
    let (base, file) = (file(sealed), file(archived));
    let bytes = |file: &Stored| world.object(&file.path).expect("the file");
    let signers = [(LEADER_FIELD, signer(LEADER_FIELD).der()), (SEAL_FIELD, signer(SEAL_FIELD).der())];
    let expected = casework::workshop::ArchiveExpectation {
        sealed: pades::Beginning::of(&bytes(&base)),
        signers: &signers,
        at: world.now(),
    };
    (
        casework::Workshop::verify_archive(bench(), pades::File::Bytes(&bytes(&file)), &expected)
            .expect("a good archive"),
        file,
    )
}

/// Every command as it should be, and every way in which its proof can be about something else.
fn commands<'a>(scene: &'a Scene, other: &'a SessionId) -> Vec<(&'static str, Command<'a>)> {
    let session = &scene.session;
    let (leader, signed) = &scene.leader;
    let (seal, sealed) = &scene.seal;
    let (archive, archived) = &scene.archive;
    let (renewal, renewed) = &scene.renewal;
    let (mut moved, mut short) = (sealed.clone(), signed.clone());
    moved.sha256 = [0; 32];
    short.size -= 1;
    let (ours, theirs): (Sha256, Sha256) = (signer(LEADER_FIELD).sha256(), signer(SEAL_FIELD).sha256());
    let record = |session, verified, signer, signed: &Stored| Command::RecordSignature {
        session,
        verified,
        signer,
        signed: signed.clone(),
    };
    let sealing = |verified, signer, sealed: &Stored| Command::RecordSeal { verified, signer, sealed: sealed.clone() };
    vec![
        ("", Command::Submit { base: signed.clone() }),
        ("", Command::Return),
        ("", Command::Open { preview: [1; 32] }),
        ("", Command::RequestLeader { session: session.clone() }),
        ("", Command::LapseLeader { session }),
        ("another session", Command::LapseLeader { session: other }),
        ("", record(session, leader, ours, signed)),
        ("another session", record(other, leader, ours, signed)),
        ("another certificate", record(session, leader, theirs, signed)),
        ("another file", record(session, leader, ours, &short)),
        ("the seal's proof", record(session, seal, ours, sealed)),
        ("", Command::RequestSeal { session: session.clone(), decided_at: NOW }),
        ("", Command::RejectSeal { session }),
        ("another session", Command::RejectSeal { session: other }),
        ("", Command::AssignNumber { session, number: scene.number.clone() }),
        ("another session", Command::AssignNumber { session: other, number: scene.number.clone() }),
        ("", Command::RecordSealPrepared { prepared: scene.prepared.0.clone(), signature: scene.prepared.1.clone() }),
        ("", Command::RenewSeal),
        ("", sealing(seal, theirs, sealed)),
        ("another certificate", sealing(seal, ours, sealed)),
        ("another file", sealing(seal, theirs, &moved)),
        ("the leader's proof", sealing(leader, ours, signed)),
        ("", Command::RecordArchive { verified: archive, archived: archived.clone() }),
        ("another file", Command::RecordArchive { verified: archive, archived: sealed.clone() }),
        ("", Command::RecordRenewal { verified: renewal, renewed: renewed.clone() }),
        ("the archive's proof", Command::RecordRenewal { verified: archive, renewed: archived.clone() }),
        ("", annul(NOW)),
        ("a decision of tomorrow", annul(NOW + DAY)),
        ("a decision before the seal", annul(NOW - DAY)),
        ("", Command::Void { reason: "khóa hỏng".into() }),
        ("", Command::Cancel),
    ]
}

fn annul(at: Timestamp) -> Command<'static> {
    Command::Annul { annulment: people::annulment(at) }
}

fn said(copy: &Copy, command: Command<'_>) -> Result<Copy, &'static str> {
    decide(copy, command, &people::keeper(), NOW).map(|decision| decision.copy).map_err(|refusal| refusal.code())
}

/// `sealed` and `numbered` have two forms each.
fn name(copy: &Copy) -> String {
    let suffix = match &copy.state {
        CopyState::Numbered { prepared: Some(_), .. } => ", prepared",
        CopyState::Numbered { key_used: true, .. } => ", once more",
        CopyState::Sealed { archived: Some(_), .. } => ", archived",
        _ => "",
    };
    format!("{}{suffix}", copy.state.name())
}

/// House.md §3.5, I9: the whole table, frozen.
#[test]
fn the_table_is_frozen() {
    let scene = scene();
    let other = SessionId::new([0xee; 16]);
    let mut table = HEAD.to_owned();
    for (state, copy) in &scene.states {
        assert_eq!(*state, name(copy), "the scene is what it says");
        table.push('\n');
        for (note, command) in commands(&scene, &other) {
            let command_name =
                if note.is_empty() { command.name().to_owned() } else { format!("{} ({note})", command.name()) };
            let result = match said(copy, command) {
                Ok(after) => format!("→ {}", name(&after)),
                Err(code) => format!("✗ {code}"),
            };
            writeln!(table, "{state:<20} {command_name:<40} {result}").expect("a string");
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(FROZEN, &table).expect("the table is written");
    }
    let frozen = std::fs::read_to_string(FROZEN).unwrap_or_default();
    assert!(frozen == table, "the rules have changed; if that is meant, run with UPDATE_EXPECT=1\n{table}");
}

/// Decision 37: what a refusal calls possible is exactly what the rules allow.
#[test]
fn what_is_called_possible_is_possible() {
    let scene = scene();
    let other = SessionId::new([0xee; 16]);
    for (state, copy) in &scene.states {
        let mut possible: Vec<&str> = commands(&scene, &other)
            .into_iter()
            .filter(|(note, _)| note.is_empty())
            .map(|(_, command)| (command.name(), said(copy, command)))
            .filter(|(_, said)| said.is_ok())
            .map(|(name, _)| name)
            .collect();
        let mut called = copy.state.allowed();
        possible.sort_unstable();
        called.sort_unstable();
        assert_eq!(possible, called, "{state}");
    }
}

/// I9: a decision changes the state, its dates and the version, and nothing else.
#[test]
fn a_decision_touches_nothing_else() {
    let scene = scene();
    let other = SessionId::new([0xee; 16]);
    for (state, copy) in &scene.states {
        for (_, command) in commands(&scene, &other) {
            let Ok(after) = said(copy, command) else { continue };
            let same: CopyId = after.id.clone();
            let back = Copy {
                state: copy.state.clone(),
                opened: copy.opened,
                since: copy.since,
                changed_by: copy.changed_by.clone(),
                changed_at: copy.changed_at,
                version: copy.version,
                ..after.clone()
            };
            assert_eq!((&back, after.version, same), (copy, copy.version + 1, copy.id.clone()), "{state}");
        }
    }
}
