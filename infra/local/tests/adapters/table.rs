//! `store` against the DynamoDB endpoint, and against scripted answers that it never gives. Touches limits.md §2 (numbers
//! without gaps), house rule 5 (no answer is not "no") and decision 16 (work items and the stream's filters).

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::copy::CopyState;
use domain::ids::*;
use domain::inquiry::{Cause, Inquiry, Question};
use domain::model::*;
use domain::pause::Unwanted;
use domain::ports::{Begun, CommitError, Fault, Inquiries as _, Queue, Records as _, Write};
use store::{Table, keys};

use crate::cloud::{Cloud, NOBODY, all_at, cloud};
use crate::script::{Line, Script, line};
use crate::table_samples as sample;
use crate::table_samples::{at, bytes};

fn name(cloud: &Cloud) -> &str {
    cloud.state.output("TableName").expect("a table")
}

async fn table() -> Table {
    let cloud = cloud().await;
    Table::new(&cloud.sdk, name(cloud))
}

/// The item as the stream shows it.
async fn item(key: keys::Key) -> Option<HashMap<String, AttributeValue>> {
    let cloud = cloud().await;
    let request = Client::new(&cloud.sdk).get_item().table_name(name(cloud)).consistent_read(true);
    let request = request.key(keys::PK, AttributeValue::S(key.pk)).key(keys::SK, AttributeValue::S(key.sk));
    request.send().await.expect("an answer").item
}

async fn commit(table: &Table, writes: Vec<Write>) {
    table.commit(writes).await.expect("committed");
}

/// R104: people change from the version that was seen; those stored before versions were counted are taken as they are.
#[tokio::test]
async fn people_change_from_what_was_seen() {
    let (cloud, table, id) = (cloud().await, table().await, UserId::new(bytes(40, 1)));
    let person = |version, active| User {
        id: id.clone(),
        name: "Nguyễn Thị Mẫu".into(),
        mandate: None,
        signature_picture: None,
        active,
        grants: vec![],
        phone: None,
        credential: None,
        account: None,
        changed: Changed {
            version,
            by: (version > 1).then(|| id.clone()),
            at: (version > 1).then(|| at(i64::try_from(version).unwrap_or(0))),
        },
    };
    let put = async |person: &User| table.commit(vec![Write::User(person.clone())]).await;
    assert_eq!(put(&person(1, true)).await, Ok(()));
    assert_eq!(
        (put(&person(1, false)).await, put(&person(3, false)).await),
        (Err(CommitError::Conflict), Err(CommitError::Conflict))
    );
    // As it was stored before: without a version.
    let key = keys::user(&id);
    let old = Client::new(&cloud.sdk).update_item().table_name(name(cloud)).update_expression("REMOVE #version");
    let old = old.key(keys::PK, AttributeValue::S(key.pk)).key(keys::SK, AttributeValue::S(key.sk));
    old.expression_attribute_names("#version", "version").send().await.expect("updated");
    assert_eq!(table.user(&id).await.expect("read"), Some(person(0, true)));
    assert_eq!((put(&person(1, false)).await, put(&person(1, true)).await), (Ok(()), Err(CommitError::Conflict)));
    assert_eq!((put(&person(2, true)).await, put(&person(2, false)).await), (Ok(()), Err(CommitError::Conflict)));
    assert_eq!(table.user(&id).await.expect("read"), Some(person(2, true)));
}

#[tokio::test]
async fn a_commit_happens_whole_or_not_at_all() {
    const T: u8 = 1;
    let table = table().await;
    let copy = |version, title: &str| Copy { title: title.into(), ..sample::copy(T, 1, CopyState::Draft, version) };
    let event = |seq| Write::Event(sample::event(T, "copy_whole", seq));
    commit(&table, vec![Write::Copy(copy(1, "Một")), event(1)]).await;
    let again = table.commit(vec![Write::Copy(copy(2, "Hai")), event(1)]).await;
    assert_eq!(again, Err(CommitError::Conflict), "the second write failed");
    let id = CopyId::new(bytes(T, 1));
    assert_eq!(table.copy(&id).await, Ok(Some(copy(1, "Một"))), "so the first did not happen");
    for version in [1, 3] {
        assert_eq!(table.commit(vec![Write::Copy(copy(version, "Ba"))]).await, Err(CommitError::Conflict));
    }
    commit(&table, vec![Write::Copy(copy(2, "Hai")), event(2)]).await;
    assert_eq!(table.copy(&id).await, Ok(Some(copy(2, "Hai"))));
    let events = table.events("copy_whole").await.expect("a list");
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(table.commit(Vec::new()).await, Ok(()));
    let too_many = (1..=101).map(|seq| Write::Event(sample::event(T, "copy_many", seq))).collect();
    assert!(matches!(table.commit(too_many).await, Err(CommitError::Unknown(_))));
}

/// Sixteen runs number sixteen copies of one series: 1 to 16, each once, the counter at the last.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_runs_spend_sixteen_numbers() {
    const T: u8 = 2;
    let table = table().await;
    let unit = UnitId::new([T; 16]);
    let runs = (1..=16_u8).map(|copy| {
        let (table, unit) = (table.clone(), unit.clone());
        tokio::spawn(async move {
            loop {
                let last = table.counter(&unit, "SCT/BS", 2026).await.expect("an answer").map_or(0, |c| c.last);
                let writes =
                    vec![Write::Counter(sample::counter(T, last + 1)), Write::Entry(sample::entry(T, last + 1, copy))];
                match table.commit(writes).await {
                    Ok(()) => return last + 1,
                    Err(CommitError::Conflict) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    let mut numbers = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        numbers.push(run.await.expect("no panic"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    assert_eq!(table.counter(&unit, "SCT/BS", 2026).await, Ok(Some(sample::counter(T, 16))));
    let first = table.entry(&unit, "SCT/BS", 2026, 1).await.expect("an answer").expect("an entry");
    assert_eq!(first.number, sample::number(1));
    assert_eq!(table.entry(&unit, "SCT/BS", 2026, 17).await, Ok(None));
    let again = table.commit(vec![Write::Entry(sample::entry(T, 1, 1))]).await;
    assert_eq!(again, Err(CommitError::Conflict), "a spent number stays spent");
}

/// Most urgent first; a copy is in the queue of its state and nowhere else. 120 copies are more than one batch read.
#[tokio::test]
async fn queues_follow_the_copies() {
    const T: u8 = 3;
    let (table, unit) = (table().await, UnitId::new([T; 16]));
    let drafts: Vec<_> = (0..120).map(|n| Write::Copy(sample::copy(T, n, CopyState::Draft, 1))).collect();
    for half in drafts.chunks(60) {
        commit(&table, half.to_vec()).await;
    }
    let all = table.queue(&unit, Queue::Create, 1_000).await.expect("a queue");
    assert_eq!(all.len(), 120);
    assert!(all.is_sorted_by_key(|copy| copy.due_at), "most urgent first");
    let first = table.queue(&unit, Queue::Create, 3).await.expect("a queue");
    assert_eq!(first, all[..3]);
    let submitted = CopyState::Submitted { base: sample::stored("base") };
    let moved = Copy { state: submitted, version: 2, ..all[0].clone() };
    commit(&table, vec![Write::Copy(moved.clone())]).await;
    assert_eq!(table.queue(&unit, Queue::Create, 1_000).await.expect("a queue"), all[1..]);
    assert_eq!(table.queue(&unit, Queue::Sign, 10).await, Ok(vec![moved.clone()]));
    commit(&table, vec![Write::Copy(Copy { state: CopyState::Cancelled, version: 3, ..moved })]).await;
    assert_eq!(table.queue(&unit, Queue::Sign, 10).await, Ok(vec![]));
    assert_eq!(table.queue(&UnitId::new([0xee; 16]), Queue::Create, 10).await, Ok(vec![]));
}

/// Work waits in the index until it is done; the stream's filters see what template.yaml writes in its patterns.
#[tokio::test]
async fn work_is_due_until_it_is_done() {
    const T: u8 = 4;
    let table = table().await;
    let work = |n, topic, due| Write::Outbox(sample::outbox(T, n, topic, due));
    let topic = Topic::FinishSeal;
    commit(&table, vec![work(1, topic, 30), work(2, topic, 10), work(3, topic, 20), work(4, Topic::Archive, 5)]).await;
    let due = async |second, limit| {
        let found = table.due(topic, at(second), limit).await.expect("a list");
        found.iter().map(|work| work.id.clone()).collect::<Vec<_>>()
    };
    let id = |n| EventId::new(bytes(T, n));
    assert_eq!(due(9, 10).await, []);
    assert_eq!(due(20, 10).await, [id(2), id(3)]);
    assert_eq!(due(100, 10).await, [id(2), id(3), id(1)]);
    assert_eq!(due(100, 1).await, [id(2)]);
    commit(&table, vec![Write::OutboxLater(id(2), at(40))]).await;
    assert_eq!(due(100, 10).await, [id(3), id(1), id(2)]);
    commit(&table, vec![Write::OutboxDone(id(3)), Write::OutboxDone(EventId::new(bytes(T, 99)))]).await;
    assert_eq!(due(100, 10).await, [id(1), id(2)]);
    let late = table.commit(vec![Write::OutboxLater(id(3), at(50))]).await;
    assert_eq!(late, Err(CommitError::Conflict), "what is done does not come back");
    assert_eq!(table.commit(vec![work(1, topic, 1)]).await, Err(CommitError::Conflict));

    for topic in Topic::ALL {
        let n = 50 + Topic::ALL.iter().position(|t| *t == topic).map_or(0, |at| u8::try_from(at).expect("few"));
        commit(&table, vec![work(n, topic, 1_000_000)]).await;
        let item = item(keys::outbox(&id(n))).await.expect("an item");
        assert_eq!(item["kind"], AttributeValue::S("outbox".into()));
        assert_eq!(item["topic"], AttributeValue::S(topic.name().into()));
        let filter = format!(r#""NewImage":{{"kind":{{"S":["outbox"]}},"topic":{{"S":["{}"]}}}}"#, topic.name());
        assert!(include_str!("../../../../template.yaml").contains(&filter), "nobody listens to {filter}");
    }
}

/// What was put off is found by what it is about, for as long as it waits.
#[tokio::test]
async fn what_waits_is_found_by_its_subject() {
    const T: u8 = 44;
    let table = table().await;
    let order = |n, topic| sample::outbox(T, n, topic, 2_000_000);
    let orders = [order(1, Topic::Seal), order(2, Topic::Renew), order(3, Topic::Seal)];
    let steps: Vec<(Topic, &str)> = orders[..2].iter().map(|order| (order.topic, order.subject.as_str())).collect();
    let put_off = |order: &Outbox, waits| {
        let later = Write::OutboxWaits { id: order.id.clone(), due_at: at(2_000_060), waits };
        vec![later, Write::PutOff(PutOff::of(order, at(0)))]
    };
    commit(&table, orders.iter().cloned().map(Write::Outbox).collect()).await;
    assert_eq!(table.put_off(&steps).await, Ok(vec![]), "nothing was put off");
    commit(&table, vec![Write::PutOff(PutOff::of(&orders[2], at(0)))]).await;
    assert_eq!(table.put_off(&steps).await, Ok(vec![]), "the order decides");
    commit(&table, put_off(&orders[0], WaitsFor::Repair)).await;
    commit(&table, put_off(&orders[1], WaitsFor::Timestamp)).await;
    let waits = async |steps: &[(Topic, &str)]| {
        let found = table.put_off(steps).await.expect("a list");
        found.iter().map(|order| (order.id.clone(), order.waits)).collect::<Vec<_>>()
    };
    let [seal, finish] =
        [(0, WaitsFor::Repair), (1, WaitsFor::Timestamp)].map(|(n, waits)| (orders[n].id.clone(), Some(waits)));
    assert_eq!(waits(&steps).await, [seal, finish.clone()]);
    assert_eq!(waits(&steps[1..]).await, [finish]);
    assert_eq!(waits(&[(Topic::Archive, steps[0].1)]).await, [], "another step");
    commit(&table, vec![Write::OutboxDone(orders[0].id.clone())]).await;
    let again = Outbox { id: EventId::new(bytes(T, 9)), ..orders[0].clone() };
    commit(&table, vec![Write::Outbox(again)]).await;
    assert_eq!(waits(&steps[..1]).await, [], "another order about it was not put off");
}

/// Of two who ask about one certificate one has written; the answer takes the place of the question, and a late one does not.
#[tokio::test]
async fn an_inquiry_is_asked_by_one_and_answered_once() {
    let table = table().await;
    // Far ahead: the endpoint takes away by the machine's clock what is over.
    let at = |second: i64| at(second + 20 * 365 * 86_400);
    let question = || Question { path: vec![vec![0x30, 0x00]], valid_at: 1 };
    let asked = Inquiry::begun([0xa7; 32], None, question(), at(0));
    assert_eq!(table.inquiry(&asked.id).await, Ok(None));
    let begin = || table.commit(vec![Write::Inquiry(asked.clone())]);
    assert_eq!((begin().await, begin().await), (Ok(()), Err(CommitError::Conflict)));
    assert_eq!(table.inquiry(&asked.id).await, Ok(Some(asked.clone())));
    let failed = asked.failed(Cause::NoAnswer, at(1));
    commit(&table, vec![Write::Inquiry(failed.clone())]).await;
    let late = asked.answered(vec![], at(2));
    assert_eq!(table.commit(vec![Write::Inquiry(late)]).await, Err(CommitError::Conflict));
    assert_eq!(table.inquiry(&asked.id).await, Ok(Some(failed.clone())));
    let again = Inquiry::begun(asked.id, Some(&failed), question(), at(200));
    commit(&table, vec![Write::Inquiry(again.clone())]).await;
    assert_eq!(table.inquiry(&asked.id).await, Ok(Some(again)));
}

/// remote-signing.md §4: what a gateway says is heard once in a day, and its order comes with it or not at all.
#[tokio::test]
async fn a_delivery_is_heard_once_in_a_day() {
    const T: u8 = 43;
    let table = table().await;
    let say = async |n, now, until| {
        let order = Write::Outbox(sample::outbox(T, n, Topic::FollowLeader, 900_000));
        table.commit(vec![Write::Delivered(Delivered { id: [T; 32], until: at(until) }, at(now)), order]).await
    };
    let conflict = Err(CommitError::Conflict);
    assert_eq!((say(1, 0, 100).await, say(2, 50, 150).await), (Ok(()), conflict.clone()));
    assert_eq!((say(3, 100, 200).await, say(4, 101, 201).await), (conflict.clone(), Ok(())));
    assert_eq!(say(5, 150, 250).await, conflict);
    let user = UserId::new([T; 16]);
    let unwanted = |before, now| Unwanted::with(before, &user, at(now));
    let (first, second) = (unwanted(None, 1), unwanted(Some(unwanted(None, 1)), 2));
    commit(&table, vec![Write::Unwanted(first.clone())]).await;
    assert_eq!(table.commit(vec![Write::Unwanted(first)]).await, conflict, "two at once are two");
    commit(&table, vec![Write::Unwanted(second.clone())]).await;
    assert_eq!(table.unwanted(&user).await, Ok(Some(second)));
}

/// F9: two sessions at once for one phone: one gets it; it is free again when that one gives it back, or its time is over.
#[tokio::test]
async fn a_phone_is_held_by_one_session() {
    let (table, user) = (table().await, UserId::new(bytes(41, 1)));
    let prompt = |n| Prompt { user: user.clone(), session: SessionId::new(bytes(41, n)), until: at(135) };
    let take = async |n, now| table.commit(vec![Write::PromptTaken(prompt(n), at(now))]).await;
    let gone = async |n| table.commit(vec![Write::PromptGone(user.clone(), SessionId::new(bytes(41, n)))]).await;
    let held = async || table.prompt(&user).await.expect("read").map(|prompt| prompt.session);
    let busy = Err(CommitError::Conflict);
    assert_eq!((held().await, take(1, 0).await, take(2, 0).await), (None, Ok(()), busy.clone()));
    assert_eq!((take(1, 1).await, gone(2).await, held().await), (Ok(()), busy.clone(), Some(prompt(1).session)));
    assert_eq!((gone(1).await, gone(1).await, held().await), (Ok(()), Ok(()), None));
    assert_eq!((take(2, 5).await, take(1, 135).await, take(1, 136).await), (Ok(()), busy, Ok(())));
    assert_eq!(held().await, Some(prompt(1).session));
}

#[tokio::test]
async fn sessions_are_listed_while_the_sweep_can_move_them() {
    const T: u8 = 5;
    let table = table().await;
    let open = [1, 2].map(|n| sample::session(T, n, SessionState::Waiting, 1));
    commit(&table, open.iter().cloned().map(Write::Session).collect()).await;
    let ours = async || {
        let all = table.open_sessions(100).await.expect("a list");
        all.into_iter().filter(|session| session.user == UserId::new([T; 16])).collect::<Vec<_>>()
    };
    assert_eq!(ours().await, [open[1].clone(), open[0].clone()], "soonest to end first");
    // What waits for time-stamps has an order of its own, and makes no room scarce here.
    commit(&table, vec![Write::Session(sample::session(T, 2, SessionState::Timestamping, 2))]).await;
    assert_eq!(ours().await, [open[0].clone()]);
    commit(&table, vec![Write::Session(sample::session(T, 2, SessionState::Done, 3))]).await;
    assert_eq!(ours().await, [open[0].clone()]);
    let ended = table.session(&SessionId::new(bytes(T, 2))).await.expect("an answer").expect("kept");
    assert_eq!(ended.state, SessionState::Done);
}

/// limits.md I1: one number, one copy; one file, one copy.
#[tokio::test]
async fn the_public_facts_are_found_by_number_and_by_file() {
    const T: u8 = 6;
    let table = table().await;
    let facts = sample::public(T, 1, 152, &[0x61], 1);
    commit(&table, vec![Write::PublicCopy(facts.clone())]).await;
    let code = facts.unit_code.clone();
    assert_eq!(table.public_copy(&facts.copy).await, Ok(Some(facts.clone())));
    assert_eq!(table.public_by_number(&code, "SCT/BS", 2026, 152).await, Ok(Some(facts.clone())));
    assert_eq!(table.public_by_number(&code, "SCT/BS", 2026, 153).await, Ok(None));
    assert_eq!(table.public_by_digest(&[0x61; 32]).await, Ok(Some(facts)));
    let archived = sample::public(T, 1, 152, &[0x61, 0x62], 2);
    commit(&table, vec![Write::PublicCopy(archived.clone())]).await;
    for digest in [0x61, 0x62] {
        assert_eq!(table.public_by_digest(&[digest; 32]).await, Ok(Some(archived.clone())));
    }
    for other in [sample::public(T, 2, 152, &[0x63], 1), sample::public(T, 2, 153, &[0x61], 1)] {
        assert_eq!(table.commit(vec![Write::PublicCopy(other)]).await, Err(CommitError::Conflict));
    }
    assert_eq!(table.public_copy(&CopyId::new(bytes(T, 2))).await, Ok(None));
}

#[tokio::test]
async fn an_account_has_its_sealed_copies_newest_first() {
    const T: u8 = 7;
    let (table, account) = (table().await, AccountId::new([T; 16]));
    let sealed = |n| {
        let session = SessionId::new([T; 16]);
        let file = sample::stored("sealed");
        let state = CopyState::Sealed {
            number: sample::number(n),
            sealed: file,
            sealed_at: at(0),
            session,
            archived: None,
            renewals: 0,
        };
        sample::copy(T, u8::try_from(n).expect("few"), state, 1)
    };
    let given = |n, channel| Write::Delivery(sample::delivery(T, n, n, channel));
    commit(
        &table,
        vec![
            Write::Copy(sealed(1)),
            Write::Copy(sealed(2)),
            Write::Copy(sample::copy(T, 3, CopyState::Draft, 1)),
            given(1, Channel::Account(account.clone())),
            given(2, Channel::Account(account.clone())),
            given(3, Channel::Account(account.clone())),
            given(4, Channel::Email("thu@example.invalid".into())),
        ],
    )
    .await;
    let store = table.account_copies(&account).await.expect("a store");
    let ids: Vec<_> = store.iter().map(|(copy, delivery)| (copy.id.clone(), delivery.id.clone())).collect();
    let both = |n| (CopyId::new(bytes(T, n)), DeliveryId::new(bytes(T, n)));
    assert_eq!(ids, [both(2), both(1)], "a draft is nobody's copy yet");
    assert_eq!(table.deliveries(&CaseId::new([T; 16])).await.expect("a list").len(), 4);
    assert_eq!(table.account_copies(&AccountId::new([0xee; 16])).await, Ok(vec![]));
}

#[tokio::test]
async fn slots_of_a_span_are_found() {
    const T: u8 = 8;
    let (table, unit) = (table().await, UnitId::new([T; 16]));
    let slot = |second, taken, version| Slot { unit: unit.clone(), start: at(second), taken, version };
    commit(&table, [0, 1_800, 3_600].map(|second| Write::Slot(slot(second, 1, 1))).to_vec()).await;
    let found = async |from, to| table.slots(&unit, at(from), at(to)).await.expect("a list").len();
    assert_eq!((found(0, 3_600).await, found(1, 3_601).await, found(0, 0).await, found(9, 3).await), (2, 2, 0, 0));
    assert_eq!(table.slot(&unit, at(1_800)).await, Ok(Some(slot(1_800, 1, 1))));
    assert_eq!(table.slot(&unit, at(1)).await, Ok(None));
    commit(&table, vec![Write::Slot(slot(0, 2, 2))]).await;
    assert_eq!(table.commit(vec![Write::Slot(slot(0, 2, 2))]).await, Err(CommitError::Conflict), "taken twice");
}

/// api.md §5.4.
#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let table = table().await;
    let begin = async |record: &Idempotency| table.idempotency_begin(record).await.expect("an answer");
    let running = |second| sample::idempotency(0x91, 1, None, second);
    assert_eq!(begin(&running(0)).await, Begun::First);
    assert_eq!(begin(&running(60)).await, Begun::Known(running(0)), "running");
    let answered = sample::idempotency(0x91, 1, Some((201, "{}")), 0);
    table.idempotency_end(&answered).await.expect("kept");
    assert_eq!(begin(&running(90)).await, Begun::Known(answered.clone()));
    let other = sample::idempotency(0x91, 2, None, 91);
    assert_eq!(begin(&other).await, Begun::Known(answered.clone()), "the caller compares the fingerprints");
    table.idempotency_end(&sample::idempotency(0x91, 1, Some((409, "")), 92)).await.expect("taken");
    assert_eq!(begin(&running(93)).await, Begun::Known(answered), "the first answer stays");
    assert_eq!(begin(&running(8 * 86_400)).await, Begun::First, "after a week it is new");
}

/// Every try of one request is born with the bytes of the first: what was made before the fault is met again.
#[tokio::test]
async fn a_request_that_broke_may_come_again() {
    let table = table().await;
    let begin = async |record: &Idempotency| table.idempotency_begin(record).await.expect("an answer");
    let running = |second| sample::idempotency(0x92, 1, None, second);
    let born = running(0).born;
    let of_first = |second| Idempotency { born, ..running(second) };
    assert_eq!(begin(&running(0)).await, Begun::First);
    table.idempotency_end(&sample::idempotency(0x92, 1, Some((503, "")), 0)).await.expect("released");
    assert_eq!(begin(&running(2)).await, Begun::Again(born), "a 5xx is no answer");
    assert_eq!(begin(&running(62)).await, Begun::Known(of_first(2)), "it may still run");
    assert_eq!(begin(&running(63)).await, Begun::Again(born), "after a minute somebody else goes on");
    let other = sample::idempotency(0x92, 2, None, 200);
    assert_eq!(begin(&other).await, Begun::Known(of_first(63)), "another request under the key takes nothing over");
    table.idempotency_end(&sample::idempotency(0x92, 1, Some((503, "")), 2)).await.expect("late");
    assert_eq!(begin(&running(64)).await, Begun::Known(of_first(63)), "who was taken over releases nothing");
}

/// What the SDK sends again after a lost reply finds itself, and is no other's.
#[tokio::test]
async fn a_request_does_not_stand_in_its_own_way() {
    let table = table().await;
    let first = sample::idempotency(0x95, 1, None, 0);
    for _ in 0..2 {
        assert_eq!(table.idempotency_begin(&first).await, Ok(Begun::First));
    }
    let other = Idempotency { born: [9; 16], ..first.clone() };
    assert_eq!(table.idempotency_begin(&other).await, Ok(Begun::Known(first)));
}

/// Of two that go on with what broke, one does.
#[tokio::test]
async fn what_broke_is_begun_again_by_one() {
    let table = table().await;
    let begin = async |born: u8| {
        table.idempotency_begin(&Idempotency { born: [born; 16], ..sample::idempotency(0x94, 1, None, 0) }).await
    };
    assert_eq!(begin(0).await, Ok(Begun::First));
    table.idempotency_end(&sample::idempotency(0x94, 1, Some((503, "")), 0)).await.expect("released");
    let (one, two) = tokio::join!(begin(1), begin(2));
    let again = |begun: &Result<Begun, Fault>| u32::from(matches!(begun, Ok(Begun::Again(_))));
    assert_eq!(again(&one) + again(&two), 1, "{one:?} {two:?}");
}

/// Of sixteen clients with one key, one does the work.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_one_run() {
    let table = table().await;
    let runs = (0..16).map(|client| {
        let table = table.clone();
        let record = Idempotency { born: [client; 16], ..sample::idempotency(0x93, 1, None, 0) };
        tokio::spawn(async move { table.idempotency_begin(&record).await })
    });
    let mut new = 0;
    for run in runs.collect::<Vec<_>>() {
        new += u32::from(run.await.expect("no panic").expect("an answer") == Begun::First);
    }
    assert_eq!(new, 1);
}

const TARGET: &str = "application/x-amz-json-1.0";

fn cancelled(codes: &[&str]) -> Line {
    let reasons: Vec<_> = codes.iter().map(|code| serde_json::json!({ "Code": code })).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    line(
        400,
        TARGET,
        serde_json::json!({"__type": kind, "Message": "cancelled", "CancellationReasons": reasons}).to_string(),
    )
}

fn refused(name: &str) -> Line {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{name}");
    line(400, TARGET, serde_json::json!({"__type": kind, "message": "-"}).to_string())
}

fn against(script: &Script) -> Table {
    Table::new(&all_at(&script.url()), "t")
}

fn work() -> Vec<Write> {
    vec![Write::Event(sample::event(9, "copy_lost", 1)), Write::Outbox(sample::outbox(9, 1, Topic::Seal, 1))]
}

/// Answers that the local endpoint never gives.
#[tokio::test]
async fn a_conflict_is_told_from_silence() {
    for codes in [&["None", "ConditionalCheckFailed"], &["TransactionConflict", "None"]] {
        let script = Script::new(vec![cancelled(codes)]);
        assert_eq!(against(&script).commit(work()).await, Err(CommitError::Conflict), "{codes:?}");
    }
    for answer in [
        cancelled(&["ThrottlingError", "None"]),
        cancelled(&["None", "ValidationError"]),
        refused("TransactionInProgressException"),
        refused("ValidationException"),
        refused("ResourceNotFoundException"),
        refused("AccessDeniedException"),
        line(500, TARGET, "{}"),
        line(200, "text/html", "<html>"),
    ] {
        let script = Script::new(vec![answer.clone()]);
        let outcome = against(&script).commit(work()).await;
        let shown = String::from_utf8_lossy(&answer.body);
        assert!(matches!(outcome, Err(CommitError::Unknown(_))), "{} {shown}: {outcome:?}", answer.status);
    }
}

/// When an answer is lost the SDK asks again with the same token, so that the transaction happens once.
#[tokio::test]
async fn a_commit_that_is_sent_again_is_the_same_commit() {
    let script = Script::new(vec![line(500, TARGET, "{}"), line(200, TARGET, "{}")]);
    assert_eq!(against(&script).commit(work()).await, Ok(()));
    let tokens: Vec<_> = script
        .asked()
        .iter()
        .map(|(_, body)| serde_json::from_slice::<serde_json::Value>(body).expect("JSON")["ClientRequestToken"].clone())
        .collect();
    assert!(tokens.len() == 2 && tokens[0].is_string() && tokens[0] == tokens[1], "{tokens:?}");
}

#[tokio::test]
async fn nobody_there_is_unknown() {
    let dead = Table::new(&all_at(NOBODY), "t");
    assert!(matches!(dead.commit(work()).await, Err(CommitError::Unknown(_))));
    assert!(dead.copy(&CopyId::new([1; 16])).await.is_err());
    let other = Table::new(&cloud().await.sdk, "no-such-table");
    let Err(CommitError::Unknown(Fault(why))) = other.commit(work()).await else { panic!("no table") };
    assert!(why.contains("ResourceNotFoundException"), "{why}");
}
