use std::collections::HashSet;

use domain::copy::CopyState;
use domain::ids::*;

use super::*;
use crate::samples as sample;

fn one(write: Write) -> TransactWriteItem {
    let mut parts = transaction("t", &[write]).expect("expands");
    assert_eq!(parts.len(), 1);
    parts.remove(0)
}

fn condition(write: Write) -> (String, Option<AttributeValue>) {
    let put = one(write).put.expect("a put");
    let before = put.expression_attribute_values.and_then(|values| values.get(":before").cloned());
    (put.condition_expression.unwrap_or_default(), before)
}

fn attribute(part: &TransactWriteItem, name: &str) -> Option<String> {
    part.put.as_ref()?.item.get(name)?.as_s().ok().cloned()
}

fn draft(version: Version) -> Write {
    Write::Copy(Copy { version, ..sample::copy(CopyState::Draft) })
}

#[test]
fn the_first_version_must_not_exist_and_a_later_one_follows() {
    assert_eq!(condition(draft(1)), ("attribute_not_exists(pk)".into(), None));
    assert_eq!(condition(draft(8)), ("#swap = :before".into(), Some(number(7))));
    assert!(transaction("t", &[draft(0)]).is_err());
}

/// R104: two people who change one office or one person from the same version: one of them is told.
#[test]
fn offices_and_people_change_from_what_was_seen() {
    let changed = |version| Changed { version, by: None, at: None };
    let both = |version| {
        [
            Write::Unit(Unit { changed: changed(version), ..sample::unit() }),
            Write::User(User { changed: changed(version), ..sample::user() }),
        ]
    };
    for write in both(1) {
        let first = "attribute_not_exists(pk) OR attribute_not_exists(#swap)";
        assert_eq!(condition(write), (first.into(), None), "what was stored before versions were counted is the first");
    }
    for write in both(8) {
        assert_eq!(condition(write), ("#swap = :before".into(), Some(number(7))));
    }
    assert!(both(0).into_iter().all(|write| transaction("t", &[write]).is_err()));
}

/// R49 and limits.md §2.2, option A: the counter is part of the same transaction, with its own condition.
#[test]
fn the_counter_moves_by_one() {
    assert_eq!(condition(Write::Counter(sample::counter(1))), ("attribute_not_exists(pk)".into(), None));
    assert_eq!(condition(Write::Counter(sample::counter(152))), ("#swap = :before".into(), Some(number(151))));
    assert!(transaction("t", &[Write::Counter(sample::counter(0))]).is_err());
}

#[test]
fn what_is_written_once_must_not_exist() {
    for write in
        [Write::Entry(sample::entry()), Write::Outbox(sample::outbox(Topic::Seal)), Write::Event(sample::event())]
    {
        assert_eq!(condition(write).0, "attribute_not_exists(pk)");
    }
}

#[test]
fn a_copy_is_in_a_queue_only_while_it_waits() {
    let queue = |state| attribute(&one(Write::Copy(sample::copy(state))), keys::INDEX_PK);
    let waiting: Vec<_> = sample::states().into_iter().filter_map(|s| Some((s.name(), queue(s)?))).collect();
    let unit = UnitId::new([1; 16]);
    let expected = [("draft", "create"), ("submitted", "sign"), ("signed", "seal")];
    let expected: Vec<_> =
        expected.into_iter().map(|(state, queue)| (state, format!("QUEUE#{unit}#{queue}"))).collect();
    assert_eq!(waiting, expected);
}

/// F9: one prompt on a phone; the lease of whoever never comes back ends by itself, and nobody takes away what another holds.
#[test]
fn a_phone_is_held_by_one_session() {
    let prompt = Prompt { user: UserId::new([7; 16]), session: SessionId::new([4; 16]), until: sample::at(135) };
    let taken = one(Write::PromptTaken(prompt.clone(), sample::at(9))).put.expect("a put");
    let free = "attribute_not_exists(pk) OR #session = :session OR #ttl < :now";
    assert_eq!(taken.condition_expression(), Some(free));
    let value = |name: &str| taken.expression_attribute_values().and_then(|values| values.get(name).cloned());
    let second = |at: Timestamp| AttributeValue::N(at.as_second().to_string());
    assert_eq!(value(":session"), Some(text(prompt.session.as_str())));
    assert_eq!(
        (value(":now"), taken.item().get(keys::TTL)),
        (Some(second(sample::at(9))), Some(&second(sample::at(135))))
    );
    let gone = one(Write::PromptGone(prompt.user.clone(), prompt.session.clone())).delete.expect("a delete");
    assert_eq!(gone.condition_expression(), Some("attribute_not_exists(pk) OR #session = :session"));
    assert_eq!(
        gone.expression_attribute_values().and_then(|values| values.get(":session")),
        Some(&text(prompt.session.as_str()))
    );
}

/// remote-signing.md §4: counted by version, so that two that end at once are two; and gone by itself.
#[test]
fn unwanted_prompts_are_counted_and_forgotten() {
    assert_eq!(condition(Write::Unwanted(sample::unwanted(1))), ("attribute_not_exists(pk)".to_owned(), None));
    let second = condition(Write::Unwanted(sample::unwanted(2)));
    assert_eq!(second, ("#swap = :before".to_owned(), Some(AttributeValue::N("1".to_owned()))));
    let put = one(Write::Unwanted(sample::unwanted(2))).put.expect("a put");
    let until = AttributeValue::N(sample::at(2 + 900).as_second().to_string());
    assert_eq!(put.item().get(keys::TTL), Some(&until));
}

/// remote-signing.md §4: what a gateway says is heard once in a day.
#[test]
fn a_delivery_is_remembered_until_its_time_is_over() {
    let put = one(Write::Delivered(sample::delivered(), sample::at(9))).put.expect("a put");
    assert_eq!(put.condition_expression(), Some("attribute_not_exists(pk) OR #ttl < :now"));
    let now = put.expression_attribute_values().and_then(|values| values.get(":now").cloned());
    let second = |at: Timestamp| AttributeValue::N(at.as_second().to_string());
    assert_eq!((now, put.item().get(keys::TTL)), (Some(second(sample::at(9))), Some(&second(sample::at(86_400)))));
}

/// limits.md T3: the sweep reads so many sessions and no more; what it cannot move would stand before what it can.
#[test]
fn only_sessions_that_the_sweep_can_move_are_in_the_index() {
    use SessionState::*;
    let listed = |purpose, state| {
        let session = Session { purpose, ..sample::session(state) };
        attribute(&one(Write::Session(session)), keys::INDEX_PK).is_some()
    };
    let all =
        [Sending, Waiting, Checking, Timestamping, Done, Failed, Expired, Cancelling, Cancelled, Superseded, Unknown];
    let swept: Vec<_> = all.into_iter().filter(|state| listed(Purpose::LeaderSign, *state)).collect();
    assert_eq!(swept, [Sending, Waiting, Cancelling, Unknown]);
    assert!(!all.into_iter().any(|state| listed(Purpose::Seal, state)));
}

#[test]
fn only_deliveries_to_an_account_are_in_its_store() {
    let parts = |channel| transaction("t", &[Write::Delivery(sample::delivery(channel))]).expect("expands");
    let place = |channel| parts(channel).last().and_then(|part| attribute(part, keys::INDEX_PK));
    let account = AccountId::new([11; 16]);
    assert_eq!(place(Channel::Account(account.clone())), Some(format!("ACCOUNT#{account}")));
    assert_eq!(place(Channel::Counter), None);
    assert_eq!(place(Channel::Email("thu@example.invalid".into())), None);
}

/// A link leads to its copy and says nothing else; its secret is nowhere.
#[test]
fn a_link_brings_its_lookup() {
    let delivery = sample::delivery(Channel::Email("thu@example.invalid".into()));
    let parts = transaction("t", &[Write::Delivery(delivery.clone())]).expect("expands");
    assert_eq!(parts.len(), 2);
    assert_eq!(attribute(&parts[0], "pk"), Some(format!("LINK#{}", "dd".repeat(32))));
    assert_eq!(attribute(&parts[0], "copy"), Some(delivery.copy.to_string()));
    let without = transaction("t", &[Write::Delivery(Delivery { link_digest: None, ..delivery })]).expect("expands");
    assert_eq!(without.len(), 1);
}

/// One number, one copy, and one file, one copy: the lookups are guards as well (limits.md I1).
#[test]
fn the_public_facts_bring_their_lookups() {
    let parts = transaction("t", &[Write::PublicCopy(sample::public())]).expect("expands");
    let keys: Vec<_> = parts.iter().filter_map(|p| attribute(p, "pk")).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys[0].starts_with("COPY#copy_"), "{keys:?}");
    assert_eq!(keys[1], "PUBNO#000.00.01.H54#SCT/BS#2026#00000152");
    assert_eq!(keys[2], format!("DIGEST#{}", "ab".repeat(32)));
    for lookup in &parts[1..] {
        let put = lookup.put.as_ref().expect("a put");
        assert_eq!(put.condition_expression(), Some("attribute_not_exists(pk) OR #copy = :copy"));
        let known: HashSet<_> = put.item.keys().map(String::as_str).collect();
        assert_eq!(known, HashSet::from(["pk", "sk", "v", "kind", "copy"]));
    }
}

/// R111: an annulment is published in the transaction that makes it, once for everybody and once for its office; a later write
/// of the same facts leads there again and makes no second line.
#[test]
fn an_annulled_copy_is_listed_with_its_annulment() {
    let public = PublicCopy { annulled_at: Some(sample::at(9)), ..sample::public() };
    let places = |public: &PublicCopy| -> Vec<(Option<String>, Option<String>)> {
        let parts = transaction("t", &[Write::PublicCopy(public.clone())]).expect("expands");
        let all = parts.iter().map(|part| (attribute(part, "pk"), attribute(part, "sk")));
        all.filter(|(pk, _)| pk.as_ref().is_some_and(|pk| pk.starts_with("ANNULLED"))).collect()
    };
    let pks: Vec<_> = places(&public).into_iter().filter_map(|(pk, _)| pk).collect();
    assert_eq!(pks, ["ANNULLED", "ANNULLED#000.00.01.H54"]);
    let later = PublicCopy { version: public.version + 1, digests: vec![[9; 32]], ..public.clone() };
    assert_eq!(places(&later), places(&public));
    assert!(places(&sample::public()).is_empty(), "what was not annulled is not listed");
}

#[test]
fn the_same_file_at_two_levels_is_one_lookup() {
    let public = PublicCopy { digests: vec![[1; 32], [1; 32]], ..sample::public() };
    assert_eq!(transaction("t", &[Write::PublicCopy(public)]).expect("expands").len(), 3);
}

#[test]
fn finished_work_goes_and_waiting_work_moves() {
    let id = EventId::new([5; 16]);
    let done = one(Write::OutboxDone(id.clone())).delete.expect("a delete");
    assert_eq!(done.key.get("pk"), Some(&text(format!("OUTBOX#{id}"))));
    assert_eq!(done.condition_expression, None);
    let later = one(Write::OutboxLater(id.clone(), sample::at(60))).update.expect("an update");
    assert_eq!(later.condition_expression(), Some("attribute_exists(pk)"));
    let taken = Write::OutboxTaken { id: id.clone(), due_at: sample::at(30), until: sample::at(60), waits: None };
    let Write::OutboxTaken { id: taken_id, due_at, until, .. } = taken.clone() else { panic!("taken") };
    let back = Write::OutboxTaken { id: taken_id, due_at, until, waits: Some(WaitsFor::Repair) };
    let back = one(back).update.expect("an update");
    assert_eq!(back.update_expression, "SET #due = :due, #order = :order, #waits = :waits");
    assert_eq!(back.condition_expression(), Some("attribute_exists(pk) AND #due = :before"));
    let taken = one(taken).update.expect("an update");
    assert_eq!(taken.condition_expression(), Some("attribute_exists(pk) AND #due = :before"));
    let mut taken = taken.expression_attribute_values.expect("values");
    assert_eq!(taken.remove(":before"), Some(text(sample::at(30).to_string())));
    let waits = Write::OutboxWaits { id: id.clone(), due_at: sample::at(60), waits: WaitsFor::Revocation };
    let waits = one(waits).update.expect("an update");
    assert_eq!(waits.update_expression, "SET #due = :due, #order = :order, #waits = :waits");
    assert_eq!(waits.condition_expression(), Some("attribute_exists(pk)"));
    let learned = Learned { token_length: 7, authorities: vec![vec![vec![1], vec![2]]] };
    let learns = Write::OutboxLearned { id: id.clone(), due_at: sample::at(60), learned: learned.clone() };
    let learns = one(learns).update.expect("an update");
    assert_eq!(learns.update_expression, "SET #due = :due, #order = :order, #learned = :learned");
    assert_eq!(learns.condition_expression(), Some("attribute_exists(pk)"));
    let stored = one(Write::Outbox(Outbox { learned, ..sample::outbox(Topic::Seal) })).put.expect("a put");
    let learns = learns.expression_attribute_values.expect("values");
    assert_eq!(learns.get(":learned"), stored.item.get("learned"), "as a new item would hold it");
    let values = later.expression_attribute_values.expect("values");
    assert_eq!(taken, values, "else it moves like any other");
    let stored = one(Write::Outbox(Outbox { id, ..sample::outbox(Topic::Seal) }));
    // A moved item must stand where a new item with the same time would.
    assert_eq!(values.get(":order"), stored.put.as_ref().and_then(|p| p.item.get(keys::INDEX_SK)));
    assert_eq!(values.get(":due"), stored.put.as_ref().and_then(|p| p.item.get("due_at")));
}

/// The limit counts what a write expands to, not the writes.
#[test]
fn a_commit_over_the_limit_is_refused() {
    let events = |n: u64| (1..=n).map(|seq| Write::Event(Event { seq, ..sample::event() })).collect::<Vec<_>>();
    assert_eq!(transaction("t", &events(100)).expect("fits").len(), 100);
    assert!(transaction("t", &events(101)).is_err());
    let mut writes = events(97);
    writes.push(Write::PublicCopy(sample::public()));
    assert!(transaction("t", &writes).is_err());
}

/// No key or index key holds what identifies a person (house rule, limits.md I14).
#[test]
fn keys_hold_no_personal_data() {
    let writes = [
        Write::User(sample::user()),
        Write::Case(sample::case(CaseStatus::Received)),
        Write::Delivery(sample::delivery(Channel::Email("thu@example.invalid".into()))),
    ];
    for part in transaction("t", &writes).expect("expands") {
        for name in [keys::PK, keys::SK, keys::INDEX_PK, keys::INDEX_SK] {
            let key = attribute(&part, name).unwrap_or_default();
            for secret in ["000000000001", "84900000001", "thu@"] {
                assert!(!key.contains(secret), "{key}");
            }
        }
    }
}

/// What a batch writes goes away by itself, and each of its steps follows from the one before.
#[test]
fn a_batch_has_a_time_to_live() {
    let report = |n: u8| KeptReport {
        id: VerificationId::new([n; 16]),
        owner: None,
        copy: None,
        at: sample::at(1),
        until: sample::at(9),
        report: "{}".into(),
    };
    let until = sample::at(9).as_second().to_string();
    let watch = sample::watch(Watcher::User(UserId::new([7; 16])));
    let put_off = PutOff { until: sample::at(9), ..PutOff::of(&sample::outbox(Topic::Seal), sample::at(0)) };
    for write in [Write::KeptReport(report(1)), Write::Watch(watch), Write::PutOff(put_off)] {
        let parts = transaction("t", &[write]).expect("expands");
        let put = parts[0].put().expect("a put");
        assert_eq!(put.item().get("ttl").and_then(|ttl| ttl.as_n().ok()), Some(&until));
    }
    let put = transaction("t", &[Write::KeptReport(report(1))]).expect("expands");
    assert_eq!(put[0].put().and_then(|put| put.condition_expression()), Some("attribute_not_exists(pk)"));
}

/// An inquiry follows from the one before, and its time to live is its own end: with the answer the certificate is gone.
#[test]
fn an_inquiry_replaces_the_one_before() {
    let asked = sample::question();
    let answered = asked.answered(sample::pieces(), sample::at(6));
    assert_eq!(condition(Write::Inquiry(asked.clone())), ("attribute_not_exists(pk)".into(), None));
    assert_eq!(condition(Write::Inquiry(answered.clone())), ("#swap = :before".into(), Some(number(1))));
    for inquiry in [asked, answered] {
        let part = one(Write::Inquiry(inquiry.clone()));
        let item = &part.put().expect("a put").item;
        assert_eq!(item.get("ttl"), Some(&number(inquiry.until.as_second())));
        assert_eq!(format!("{item:?}").contains("path"), inquiry.version == 1);
        assert!(!item.contains_key(keys::INDEX_PK), "it is found by its digest alone");
    }
}
