use std::fmt::Debug;

use domain::ids::*;

use super::*;
use crate::samples as sample;

fn key() -> Key {
    keys::user(&UserId::new([0; 16]))
}

/// What is stored reads back as it was.
fn round<T: Kept + PartialEq + Debug>(value: T) {
    let item = encode(&value, key(), None).expect("encodes");
    assert_eq!(item.get("kind"), Some(&text(T::KIND)));
    assert_eq!(item.get("v"), Some(&number(1)));
    let read: T = decode(item).expect("decodes");
    assert_eq!(read, value);
}

#[test]
fn the_desk_reads_back() {
    round(sample::unit());
    round(sample::user());
    round(User { grants: vec![], phone: None, credential: None, account: None, ..sample::user() });
    for status in [AppointmentStatus::Booked, AppointmentStatus::Used, AppointmentStatus::Cancelled] {
        round(sample::appointment(status));
    }
    round(Appointment { note: None, originals: vec![], ..sample::appointment(AppointmentStatus::Booked) });
    round(sample::slot());
    round(sample::upload(UploadState::Open));
    round(sample::upload(UploadState::Ready { pages: 3, warnings: vec!["scan-below-200dpi".into()] }));
    round(sample::upload(UploadState::Used { copy: CopyId::new([3; 16]), pages: 3 }));
}

#[test]
fn cases_read_back() {
    use CaseStatus::*;
    for status in [Received, Submitted, Returned, Refused, Cancelled] {
        round(sample::case(status));
    }
    round(Case { checklist: None, fee: None, appointment: None, copies: vec![], ..sample::case(Received) });
}

#[test]
fn copies_read_back_in_every_state() {
    for state in sample::states() {
        round(sample::copy(state));
    }
    let bare = sample::copy(domain::copy::CopyState::Draft);
    let attestation = Some(Attestation { template_id: "default".into(), placement: Placement::Auto });
    round(Copy { attestation, leader: None, opened: None, uploads: vec![], issuer: None, ..bare.clone() });
    round(Copy { attestation: None, token_length: 40_000, ..bare });
}

#[test]
fn sessions_read_back_in_every_state() {
    use SessionState::*;
    for state in
        [Sending, Waiting, Checking, Timestamping, Done, Failed, Expired, Cancelling, Cancelled, Superseded, Unknown]
    {
        round(sample::session(state));
    }
    round(Session { handle: None, items: vec![], ..sample::session(Sending) });
    for late in [LateAnswer::Consented, LateAnswer::Signed, LateAnswer::Wrong, LateAnswer::Refused("expired".into())] {
        round(Session { late: Some(late), ..sample::session(Expired) });
    }
}

#[test]
fn the_register_reads_back() {
    round(sample::counter(u32::MAX));
    round(sample::entry());
    round(Entry { written: None, ..sample::entry() });
    round(sample::public());
    round(PublicCopy { annulled_at: Some(sample::at(9)), digests: vec![], ..sample::public() });
    let annulled_by = Some(sample::annulment().decision);
    round(PublicCopy { annulled_at: Some(sample::at(9)), annulled_by, ..sample::public() });
    round(Lookup { copy: CopyId::new([3; 16]) });
    round(sample::event());
    round(Event { actor: Actor::Gateway, ..sample::event() });
    round(sample::delivered());
    round(sample::unwanted(3));
    round(sample::breaker(None));
    round(sample::breaker(Some(sample::at(9))));
    let learned = Learned { token_length: 7, authorities: vec![vec![vec![1], vec![2]], vec![]] };
    round(Outbox { waits: Some(WaitsFor::Revocation), learned, ..sample::outbox(Topic::Archive) });
    for waits in [None, Some(WaitsFor::Timestamp), Some(WaitsFor::Repair)] {
        round(Outbox { waits, ..sample::outbox(Topic::Archive) });
    }
}

#[test]
fn deliveries_and_answers_read_back() {
    round(sample::delivery(Channel::Account(AccountId::new([11; 16]))));
    round(sample::delivery(Channel::Email("thu@example.invalid".into())));
    round(Delivery { sent_at: None, link_digest: None, code: None, ..sample::delivery(Channel::Counter) });
    round(sample::idempotency(None));
    round(sample::idempotency(Some((201, "{}".into()))));
}

/// A data folder holds copies that were annulled before decisions were kept (R111): they read as annulled without one.
#[test]
fn an_annulment_without_a_decision_reads() {
    let public = PublicCopy { annulled_at: Some(sample::at(9)), ..sample::public() };
    let mut item = encode(&public, key(), None).expect("encodes");
    item.remove("annulled_by").expect("the attribute");
    assert_eq!(decode::<PublicCopy>(item).expect("decodes"), public);

    let number = sample::number();
    let state = domain::copy::CopyState::Annulled {
        number,
        file: sample::stored("archived"),
        at: sample::at(4),
        annulment: None,
    };
    let copy = sample::copy(state);
    let mut item = encode(&copy, key(), None).expect("encodes");
    let Some(AttributeValue::M(state)) = item.get_mut("state") else { panic!("a state") };
    let Some(AttributeValue::M(annulled)) = state.get_mut("annulled") else { panic!("annulled") };
    annulled.remove("annulment").expect("the attribute");
    assert_eq!(decode::<Copy>(item).expect("decodes"), copy);
}

/// The stream filters of template.yaml compare these attributes (decision 16).
#[test]
fn outbox_items_carry_kind_and_topic_as_text() {
    for topic in Topic::ALL {
        round(sample::outbox(topic));
        let item = encode(&sample::outbox(topic), key(), None).expect("encodes");
        assert_eq!(item.get("kind"), Some(&text("outbox")));
        assert_eq!(item.get("topic"), Some(&text(topic.name())));
        assert_eq!(item.get("subject"), Some(&text("copy_x")));
        round(PutOff::of(&sample::outbox(topic), sample::at(1)));
    }
}

/// Conditions of the idempotency record compare these attributes.
#[test]
fn a_running_request_has_no_status() {
    let running = encode(&sample::idempotency(None), key(), None).expect("encodes");
    assert!(!running.contains_key("status") && !running.contains_key("body"));
    assert_eq!(running.get("fingerprint"), Some(&text("22".repeat(32))));
    assert_eq!(running.get("begun"), Some(&number(1_795_000_000)));
    assert_eq!(running.get("ttl"), Some(&number(1_795_000_000 + 7 * 86_400)));
    let ended = encode(&sample::idempotency(Some((409, String::new()))), key(), None).expect("encodes");
    assert_eq!(ended.get("status"), Some(&number(409)));
}

#[test]
fn bytes_are_binary_and_digests_are_text() {
    let unit = encode(&sample::unit(), key(), None).expect("encodes");
    let chain = unit.get("seal_chain").and_then(|c| c.as_l().ok()).expect("list");
    assert!(chain.iter().all(AttributeValue::is_b));
    let upload = encode(&sample::upload(UploadState::Open), key(), None).expect("encodes");
    assert_eq!(upload.get("sha256"), Some(&text("5e".repeat(32))));
}

#[test]
fn newer_attributes_are_ignored_and_another_kind_or_schema_is_refused() {
    let item = encode(&sample::slot(), key(), None).expect("encodes");
    let with = |name: &str, value| {
        let mut changed = item.clone();
        changed.insert(name.into(), value);
        decode::<Slot>(changed)
    };
    assert_eq!(with("later", text("x")), Ok(sample::slot()));
    assert!(with("kind", text("case")).is_err());
    assert!(with("v", number(2)).is_err());
    assert!(decode::<Slot>(Item::new()).is_err());
}

/// Never a personal datum in a log (limits.md I14).
#[test]
fn a_broken_item_is_a_fault_that_does_not_quote_it() {
    let secret = "000000000001";
    let mut item = encode(&sample::case(CaseStatus::Received), key(), None).expect("encodes");
    for name in ["requester", "due_at", "version", "leader", "status"] {
        let mut broken = item.clone();
        broken.insert(name.into(), text(secret));
        let fault = decode::<Case>(broken).expect_err(name);
        assert!(!fault.0.contains(secret), "{fault}");
    }
    item.remove("code");
    let fault = decode::<Case>(item).expect_err("incomplete");
    assert!(fault.0.contains("code"), "{fault}");
}

#[test]
fn a_number_that_the_table_cannot_hold_is_refused_or_kept() {
    let placement = Placement::At { page: 1, x: f32::MAX, y: f32::MIN_POSITIVE, w: 0.3, h: -0.0 };
    let attestation = Some(Attestation { template_id: "t".into(), placement });
    round(Copy { attestation, ..sample::copy(domain::copy::CopyState::Draft) });
}

#[test]
fn batches_read_back() {
    use domain::batch::*;
    let (batch, copy) = (BatchId::new([12; 16]), CopyId::new([3; 16]));
    let paper = Paper { copy: copy.clone(), type_id: "diploma".into(), title: "Bằng tốt nghiệp".into() };
    let new = Batch {
        id: batch.clone(),
        owner: UserId::new([7; 16]),
        at: sample::at(5),
        until: sample::at(9),
        ended_at: None,
        total: 2,
        done: 0,
        tally: Tally::default(),
        expected: vec![Expected { title: Some("Bằng".into()), type_id: None }],
        candidates: vec![],
        untitled: 0,
        holder: None,
        crashes: 0,
        faults: 0,
        version: 1,
    };
    round(new.clone());
    let candidate = Candidate { n: 1, copy: copy.clone(), fits: vec![0] };
    let run = [9; 16];
    let tally = Tally { valid: 1, invalid: 2, indeterminate: 3, unjudged: 4 };
    let holder = Some(Holder { run, until: sample::at(7) });
    round(Batch { ended_at: Some(sample::at(8)), candidates: vec![candidate], tally, holder, ..new });
    let list = vec![Reference::Upload(UploadId::new([9; 16])), Reference::Copy(copy.clone()), Reference::Link([1; 32])];
    for source in [BatchSource::Archive(UploadId::new([9; 16])), BatchSource::List(list)] {
        round(BatchPlan { batch: batch.clone(), source, until: sample::at(9) });
    }
    let item = BatchItem {
        batch,
        n: 7,
        name: "ho-so/bang.pdf".into(),
        answer: None,
        kind: None,
        sha256: None,
        problem: Some("not-found".into()),
        verification: None,
        copy: None,
        number_text: None,
        paper: None,
        at: sample::at(5),
        until: sample::at(9),
    };
    round(item.clone());
    let kind = Some("certified_copy".to_owned());
    let verification = Some(VerificationId::new([11; 16]));
    let (answer, sha256) = (Some(Answer::Valid), Some([0xab; 32]));
    round(BatchItem { answer, kind, sha256, verification, copy: Some(copy), paper: Some(paper.clone()), ..item });
    round(paper);
}

#[test]
fn what_verification_keeps_reads_back() {
    let id = VerificationId::new([11; 16]);
    let report = |owner, copy| KeptReport {
        id: id.clone(),
        owner,
        copy,
        at: sample::at(5),
        until: sample::at(9),
        report: "{\"verdict\":\"valid\"}".into(),
    };
    round(report(None, None));
    round(report(Some(UserId::new([7; 16])), Some(CopyId::new([3; 16]))));
    round(KeptVerdict { sha256: [0xab; 32], trust_list: 7, at: sample::at(5), report: "{}".into() });
    round(sample::watch(Watcher::User(UserId::new([7; 16]))));
    round(sample::watch(Watcher::Email("a@example.vn".into())));
}

/// What CAs are asked reads back; a reason stands there as it is told.
#[test]
fn inquiries_read_back() {
    use domain::inquiry::*;
    let asked = sample::question();
    round(asked.clone());
    round(asked.answered(sample::pieces(), sample::at(6)));
    round(asked.answered(vec![], sample::at(6)));
    for cause in Cause::ALL {
        let failed = asked.failed(cause, sample::at(6));
        round(failed.clone());
        let item = encode(&failed, key(), None).expect("encodes");
        let Some(AttributeValue::M(state)) = item.get("state") else { panic!("a state") };
        assert_eq!(state.get("failed"), Some(&text(cause.code())));
    }
}
