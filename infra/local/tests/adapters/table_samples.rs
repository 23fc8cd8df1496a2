//! Made-up values for the table's tests. Each test has units, copies and sessions of its own.

use domain::copy::CopyState;
use domain::ids::*;
use domain::model::*;
use jiff::{SignedDuration, Timestamp};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(crate::cloud::NOW + second).expect("in range")
}

/// Sixteen bytes that say which test and which thing.
pub(crate) fn bytes(test: u8, thing: u8) -> [u8; 16] {
    let mut bytes = [test; 16];
    bytes[15] = thing;
    bytes
}

pub(crate) fn copy(test: u8, thing: u8, state: CopyState, version: Version) -> Copy {
    Copy {
        id: CopyId::new(bytes(test, thing)),
        case: CaseId::new([test; 16]),
        unit: UnitId::new([test; 16]),
        type_id: "birth".into(),
        title: "Giấy khai sinh".into(),
        issuer: None,
        original_number: None,
        pages: 2,
        uploads: vec![UploadId::new(bytes(test, thing))],
        attestation: None,
        leader: None,
        look: None,
        opened: None,
        token_length: 0,
        state,
        since: at(0),
        due_at: at(3_600).saturating_sub(SignedDuration::from_secs(thing.into())).expect("in range"),
        changed_by: UserId::new([test; 16]),
        changed_at: at(0),
        version,
    }
}

pub(crate) fn stored(name: &str) -> Stored {
    Stored { path: format!("copies/{name}.pdf"), sha256: [0xa1; 32], size: 9, midstate: None, etag: None }
}

pub(crate) fn number(number: u32) -> Number {
    Number { number, book: "01".into(), year: 2026, suffix: "SCT/BS".into() }
}

pub(crate) fn event(test: u8, subject: &str, seq: Version) -> Event {
    let actor = Actor::User(UserId::new([test; 16]));
    Event { subject: subject.into(), seq, actor, action: "copy.created".into(), at: at(0) }
}

pub(crate) fn counter(test: u8, last: u32) -> Counter {
    Counter { unit: UnitId::new([test; 16]), suffix: "SCT/BS".into(), year: 2026, last }
}

pub(crate) fn entry(test: u8, spent: u32, copy: u8) -> Entry {
    Entry {
        unit: UnitId::new([test; 16]),
        number: number(spent),
        copy: CopyId::new(bytes(test, copy)),
        case: CaseId::new([test; 16]),
        written: None,
        at: at(2),
    }
}

pub(crate) fn outbox(test: u8, thing: u8, topic: Topic, due: i64) -> Outbox {
    Outbox {
        id: EventId::new(bytes(test, thing)),
        topic,
        subject: "copy_x".into(),
        at: at(0),
        due_at: at(due),
        waits: None,
        learned: Learned::default(),
    }
}

pub(crate) fn session(test: u8, thing: u8, state: SessionState, version: Version) -> Session {
    Session {
        id: SessionId::new(bytes(test, thing)),
        purpose: Purpose::LeaderSign,
        method: "sim".into(),
        shape: domain::model::Shape::Raw,
        user: UserId::new([test; 16]),
        unit: UnitId::new([test; 16]),
        items: Vec::new(),
        state,
        verification_code: "4298".into(),
        display_text: "MA 4298. Ky".into(),
        handle: None,
        created_at: at(0),
        expires_at: at(300 - i64::from(thing)),
        late: None,
        version,
    }
}

pub(crate) fn public(test: u8, thing: u8, spent: u32, digests: &[u8], version: Version) -> PublicCopy {
    PublicCopy {
        copy: CopyId::new(bytes(test, thing)),
        unit: UnitId::new(bytes(test, 1)),
        unit_code: format!("000.00.{test:02}.H54"),
        number: number(spent),
        sealed_at: at(3),
        digests: digests.iter().map(|digest| [*digest; 32]).collect(),
        annulled_at: None,
        annulled_by: None,
        version,
    }
}

pub(crate) fn delivery(test: u8, thing: u8, copy: u8, channel: Channel) -> Delivery {
    Delivery {
        id: DeliveryId::new(bytes(test, thing)),
        copy: CopyId::new(bytes(test, copy)),
        case: CaseId::new([test; 16]),
        channel,
        sent_at: None,
        link_digest: None,
        code: None,
        version: 1,
    }
}

pub(crate) fn idempotency(key: u8, fingerprint: u8, answer: Option<(u16, &str)>, second: i64) -> Idempotency {
    Idempotency {
        key: [key; 32],
        fingerprint: [fingerprint; 32],
        born: [second.to_le_bytes()[0]; 16],
        answer: answer.map(|(status, body)| (status, body.to_owned())),
        etag: answer.map(|_| "\"3\"".to_owned()),
        location: None,
        at: at(second),
        released: false,
    }
}
