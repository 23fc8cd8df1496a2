//! Looks at a whole world and says what must never be: the invariants of limits.md §4.2 that can be read off what is stored.
//!
//! Written apart from [`casework::examine`], so that the two judge each other.

use std::collections::{BTreeMap, BTreeSet};

use casework::Workshop;
use casework::workshop::{ArchiveExpectation, Expectation};
use domain::copy::CopyState;
use domain::model::*;
use domain::paths;
use domain::renewal::MOST;
use domain::session::is_over;
use pades::{Beginning, LEADER_FIELD, SEAL_FIELD};

use crate::bench::bench;
use crate::world::{Table, World, sha256};

/// Every step a copy may take (house.md §3.5), by the names of the states. A copy may also stay where it is.
const STEPS: [(&str, &str); 20] = [
    ("none", "draft"),
    ("draft", "submitted"),
    ("draft", "cancelled"),
    ("submitted", "draft"),
    ("submitted", "awaiting_signature"),
    ("submitted", "cancelled"),
    ("awaiting_signature", "submitted"),
    ("awaiting_signature", "signed"),
    ("signed", "seal_requested"),
    ("signed", "cancelled"),
    ("seal_requested", "signed"),
    ("seal_requested", "numbered"),
    ("numbered", "numbered"),
    ("numbered", "sealed"),
    ("numbered", "void"),
    ("sealed", "sealed"),
    ("sealed", "annulled"),
    ("draft", "draft"),
    ("submitted", "submitted"),
    ("annulled", "annulled"),
];

/// Asserts that nothing is wrong.
///
/// # Panics
/// With everything that is.
pub fn examine(world: &World) {
    let findings = findings(world);
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Everything that is wrong.
pub fn findings(world: &World) -> Vec<String> {
    let mut out = world.lock().complaints.clone();
    let table = world.look(Table::clone);
    series(&table, &mut out);
    entries(&table, &mut out);
    steps(&table, &mut out);
    history(&table, &mut out);
    public(world, &table, &mut out);
    sessions(world, &table, &mut out);
    objects(world, &table, &mut out);
    files(world, &table, &mut out);
    out
}

fn check(out: &mut Vec<String>, holds: bool, what: impl FnOnce() -> String) {
    if !holds {
        out.push(what());
    }
}

/// I1, I3: numbers 1 to the head of the series, without gap, without repeat.
fn series(table: &Table, out: &mut Vec<String>) {
    let mut given: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    for (unit, suffix, year, number) in table.entries.keys() {
        given.entry((unit.clone(), suffix.clone(), *year)).or_default().push(*number);
    }
    for (key, counter) in &table.counters {
        let numbers = given.remove(key).unwrap_or_default();
        let wanted: Vec<u32> = (1..=counter.last).collect();
        check(out, numbers == wanted, || format!("I3: {key:?} stands at {} and has {numbers:?}", counter.last));
    }
    check(out, given.is_empty(), || format!("I3: numbers of no series: {given:?}"));
}

/// I2: one number, one copy; one copy, one number; the year and series of the number are those of the register.
fn entries(table: &Table, out: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for entry in table.entries.values() {
        check(out, seen.insert(entry.copy.clone()), || format!("I2: {} has two numbers", entry.copy));
        let copy = table.copies.get(&entry.copy);
        let number = copy.and_then(|copy| copy.state.number());
        check(out, number == Some(&entry.number), || {
            format!("I1: {:?} is given to {}, which has {number:?}", entry.number, entry.copy)
        });
    }
    for copy in table.copies.values().filter(|copy| copy.state.number().is_some()) {
        check(out, seen.contains(&copy.id), || format!("I1: the number of {} is not in the register", copy.id));
    }
}

/// I9: only along the declared edges.
fn steps(table: &Table, out: &mut Vec<String>) {
    for (copy, before, after) in &table.steps {
        check(out, STEPS.contains(&(before, after)), || format!("I9: {copy} went from {before} to {after}"));
    }
}

/// I8: exactly one line of history for each change, and nothing about anything else.
fn history(table: &Table, out: &mut Vec<String>) {
    let mut lines: BTreeMap<&str, Vec<Version>> = BTreeMap::new();
    for (subject, seq) in table.events.keys() {
        lines.entry(subject).or_default().push(*seq);
    }
    let copies = table.copies.values().map(|copy| (copy.id.as_str(), copy.version));
    let cases = table.cases.values().map(|case| (case.id.as_str(), case.version));
    for (subject, version) in copies.chain(cases) {
        let have = lines.remove(subject).unwrap_or_default();
        let wanted: Vec<Version> = (1..=version).collect();
        check(out, have == wanted, || format!("I8: {subject} is at version {version} and has lines {have:?}"));
    }
    // These have a line for some of their changes, and none for one that did not happen.
    let sessions = table.sessions.values().map(|session| (session.id.as_str(), session.version));
    let units = table.units.values().map(|unit| (unit.id.as_str(), unit.changed.version));
    let users = table.users.values().map(|user| (user.id.as_str(), user.changed.version));
    for (subject, version) in sessions.chain(units).chain(users) {
        let have = lines.remove(subject).unwrap_or_default();
        let known = have.iter().all(|seq| (1..=version).contains(seq));
        check(out, known, || format!("I8: {subject} is at version {version} and has lines {have:?}"));
    }
    check(out, lines.is_empty(), || format!("I8: lines about nothing: {lines:?}"));
}

/// What anybody may read is what is stored: same number, the digest of every issued file, annulment.
fn public(world: &World, table: &Table, out: &mut Vec<String>) {
    for copy in table.copies.values() {
        let public = table.public.get(&copy.id);
        let wanted = match &copy.state {
            CopyState::Sealed { number, sealed, archived, renewals, .. } => {
                let between = (0..*renewals).map(|n| paths::renewed(&copy.unit, number, n));
                let between = between.map(|path| sha256(&world.object(&path).unwrap_or_default()));
                let first = std::iter::once(sealed.sha256);
                let digests = first.chain(between).chain(archived.iter().map(|file| file.sha256)).collect();
                Some((number, Some(digests), None))
            }
            CopyState::Annulled { number, at, annulment, .. } => {
                let decision = annulment.as_ref().map(|annulment| annulment.decision.clone());
                Some((number, None::<Vec<Sha256>>, Some((*at, decision))))
            }
            _ => None,
        };
        let (Some(public), Some((number, digests, annulled))) = (public, &wanted) else {
            check(out, public.is_none() && wanted.is_none(), || {
                format!("{} is {} and its public facts are {public:?}", copy.id, copy.state.name())
            });
            continue;
        };
        let same = public.number == **number
            && digests.as_ref().is_none_or(|digests| *digests == public.digests)
            && public.annulled_at.map(|at| (at, public.annulled_by.clone())) == *annulled;
        check(out, same, || format!("I6: {} is {:?} and says {public:?}", copy.id, copy.state));
    }
    for copy in table.by_digest.values().chain(table.by_number.values()) {
        check(out, table.public.contains_key(copy), || format!("a lookup leads to {copy}, which says nothing"));
    }
}

/// At most one prompt per session; a copy that waits for a session waits for one that is there.
fn sessions(world: &World, table: &Table, out: &mut Vec<String>) {
    for (session, prompts) in world.all_prompts() {
        check(out, prompts <= 1, || format!("{session} asked the phone {prompts} times"));
        check(out, table.sessions.contains_key(&session), || format!("{session} asked the phone and is not stored"));
    }
    // One prompt on a phone, the cancelled ones that may still be there with it.
    let mut phones: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let (now, shown) = (world.now(), world.all_prompts());
    let may_show = |session: &&Session| {
        let waits = matches!(session.state, SessionState::Waiting | SessionState::Unknown | SessionState::Cancelling);
        waits && session.is_on_a_phone() && shown.contains_key(&session.id) && !is_over(session, now)
    };
    for session in table.sessions.values().filter(may_show) {
        phones.entry(&session.user).or_default().push(&session.id);
    }
    for (user, sessions) in phones {
        check(out, sessions.len() == 1, || format!("F9: the phone of {user} shows {sessions:?}"));
    }
    for copy in table.copies.values() {
        if let CopyState::AwaitingSignature { session, .. } = &copy.state {
            let open = table.sessions.get(session).is_some_and(|session| !session.state.is_closed());
            check(out, open, || format!("I11: {} waits for {session}, which is over", copy.id));
        }
    }
}

/// I5: one sealed object per number at most, and none for a number that nobody has or that is void (decision 21).
fn objects(world: &World, table: &Table, out: &mut Vec<String>) {
    let mut allowed = BTreeSet::new();
    let void = |copy: &Copy| matches!(copy.state, CopyState::Void { .. });
    for entry in table.entries.values().filter(|entry| !table.copies.get(&entry.copy).is_some_and(void)) {
        allowed.insert(paths::sealed(&entry.unit, &entry.number));
        allowed.extend((0..=MOST).map(|renewals| paths::renewed(&entry.unit, &entry.number, renewals)));
    }
    for path in world.paths("numbers/") {
        check(out, allowed.contains(&path), || format!("I5: {path} belongs to no number"));
    }
}

/// I6, F18: everything that is recorded is there, with its digest.
fn files(world: &World, table: &Table, out: &mut Vec<String>) {
    for copy in table.copies.values() {
        for file in recorded(&copy.state) {
            present(world, file, out);
        }
        judged(world, table, copy, out);
    }
    for item in table.sessions.values().flat_map(|session| &session.items) {
        item.prepared.iter().for_each(|prepared| present(world, &prepared.tail, out));
    }
}

fn recorded(state: &CopyState) -> Vec<&Stored> {
    match state {
        CopyState::Numbered { signed, prepared: Some((prepared, _)), .. } => vec![signed, &prepared.tail],
        CopyState::Sealed { sealed, archived, .. } => std::iter::once(sealed).chain(archived).collect(),
        state => state.file().into_iter().collect(),
    }
}

fn present(world: &World, file: &Stored, out: &mut Vec<String>) {
    let bytes = world.object(&file.path);
    let same = bytes.is_some_and(|bytes| bytes.len() as u64 == file.size && sha256(&bytes) == file.sha256);
    check(out, same, || format!("I6: {} is not what was recorded", file.path));
}

/// I4, I6: what is called signed or sealed verifies now, from the stored bytes. The files before are found by their paths:
/// every signed file of the copy whose bytes the sealed one begins with.
fn judged(world: &World, table: &Table, copy: &Copy, out: &mut Vec<String>) {
    let at = world.now();
    let unit = table.units.get(&copy.unit);
    let seal = unit.and_then(|unit| unit.seal_chain.first()).map(Vec::as_slice).unwrap_or_default();
    let leader = copy.leader.as_ref().and_then(|id| table.users.get(id)?.credential.as_ref()?.chain.first());
    let leader = leader.map(Vec::as_slice).unwrap_or_default();
    let before = |kind: &str, bytes: &[u8]| {
        let mut found: Vec<_> = world.paths(&format!("copies/{}/{kind}-", copy.id));
        found.retain(|path| world.object(path).is_some_and(|earlier| bytes.starts_with(&earlier)));
        found.first().and_then(|path| world.object(path)).unwrap_or_default()
    };
    let mut verify = |file: &[u8], field: &str, signer: &[u8], base: &[u8]| {
        let verdict = bench().verify(file.into(), &Expectation { field, signer, base: Beginning::of(base), at });
        check(out, verdict.is_ok(), || format!("I4: {field} of {}: {verdict:?}", copy.id));
    };
    match &copy.state {
        CopyState::Signed { signed, .. }
        | CopyState::SealRequested { signed, .. }
        | CopyState::Numbered { signed, .. } => {
            let bytes = world.object(&signed.path).unwrap_or_default();
            verify(&bytes, LEADER_FIELD, leader, &before("base", &bytes));
        }
        CopyState::Sealed { sealed, archived, .. } => {
            let bytes = world.object(&sealed.path).unwrap_or_default();
            let signed = before("signed", &bytes);
            verify(&bytes, SEAL_FIELD, seal, &signed);
            verify(&signed, LEADER_FIELD, leader, &before("base", &signed));
            if let Some(archived) = archived {
                let file = world.object(&archived.path).unwrap_or_default();
                let signers = [(LEADER_FIELD, leader), (SEAL_FIELD, seal)];
                let expected = ArchiveExpectation { sealed: Beginning::of(&bytes), signers: &signers, at };
                let verdict = bench().verify_archive(file.as_ref().into(), &expected);
                check(out, verdict.is_ok(), || format!("I6: the archive of {}: {verdict:?}", copy.id));
            }
        }
        _ => {}
    }
}
