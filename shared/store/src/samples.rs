//! Made-up values for the tests: every variant at least once.

use domain::copy::CopyState;
use domain::ids::*;
use domain::inquiry::*;
use domain::model::*;
use domain::series::{Series, Written};
use domain::title::Title;
use jiff::Timestamp;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_795_000_000 + second, 123_456_789).expect("in range")
}

pub(crate) fn stored(name: &str) -> Stored {
    let etag = (name == "signed").then(|| "\"b2-1\"".to_owned());
    let midstate = (name == "signed").then_some(Midstate { at: 104_800_000, words: [0xb2; 32] });
    Stored { path: format!("copies/{name}.pdf"), sha256: [0xa1; 32], size: 104_857_600, midstate, etag }
}

pub(crate) fn number() -> Number {
    Number { number: 152, book: "01".into(), year: 2026, suffix: "SCT/BS".into() }
}

fn prepared() -> PreparedRevision {
    PreparedRevision {
        tail: stored("prepared"),
        contents_start: 1_000,
        contents_end: u64::from(u32::MAX) + 1,
        signed_attributes: vec![0x31, 0x00, 0xff],
    }
}

pub(crate) fn states() -> Vec<CopyState> {
    let session = SessionId::new([4; 16]);
    let signed = stored("signed");
    let numbered = |prepared, key_used| CopyState::Numbered {
        signed: signed.clone(),
        signed_at: at(1),
        session: session.clone(),
        decided_at: at(2),
        number: number(),
        prepared,
        key_used,
    };
    let sealed = |archived, renewals| CopyState::Sealed {
        number: number(),
        sealed: stored("sealed"),
        sealed_at: at(3),
        session: session.clone(),
        archived,
        renewals,
    };
    vec![
        CopyState::Draft,
        CopyState::Submitted { base: stored("base") },
        CopyState::AwaitingSignature { base: stored("base"), session: session.clone() },
        CopyState::Signed { signed: signed.clone(), signed_at: at(1) },
        CopyState::SealRequested {
            signed: signed.clone(),
            signed_at: at(1),
            session: session.clone(),
            decided_at: at(2),
        },
        numbered(None, false),
        numbered(Some((prepared(), vec![0; 384])), true),
        numbered(None, true),
        sealed(None, 0),
        sealed(Some(stored("archived")), 0),
        sealed(Some(stored("archived")), 3),
        CopyState::Annulled { number: number(), file: stored("archived"), at: at(4), annulment: None },
        CopyState::Annulled { number: number(), file: stored("archived"), at: at(4), annulment: Some(annulment()) },
        CopyState::Void { number: number(), by: UserId::new([7; 16]), reason: "Lỗi máy in – hủy số".into() },
        CopyState::Cancelled,
    ]
}

pub(crate) fn copy(state: CopyState) -> Copy {
    Copy {
        id: CopyId::new([3; 16]),
        case: CaseId::new([2; 16]),
        unit: UnitId::new([1; 16]),
        type_id: "birth".into(),
        title: "Giấy khai sinh".into(),
        issuer: Some("UBND xã Mẫu".into()),
        original_number: None,
        pages: 2,
        uploads: vec![UploadId::new([9; 16]), UploadId::new([10; 16])],
        attestation: Some(Attestation {
            template_id: "default".into(),
            placement: Placement::At { page: 2, x: 0.1, y: 72.25, w: 300.0, h: 1.0e-7 },
        }),
        leader: Some(UserId::new([7; 16])),
        look: Some(Look {
            name: "Nguyễn Thị Mẫu".into(),
            title: title(),
            signature_picture: Some([0x51; 32]),
            seal_picture: None,
            unit_name: Some("Ủy ban nhân dân xã Mẫu".into()),
        }),
        opened: Some(([0xcc; 32], at(0))),
        token_length: 0,
        state,
        since: at(0),
        due_at: at(3_600),
        changed_by: UserId::new([8; 16]),
        changed_at: at(0),
        version: 3,
    }
}

pub(crate) fn session(state: SessionState) -> Session {
    let part = |n: u8, prepared, signature| SessionItem {
        copy: CopyId::new([n; 16]),
        prepared,
        signature,
        done: n == 2,
        problem: (n == 3).then(|| "copy-changed".to_owned()),
    };
    Session {
        id: SessionId::new([4; 16]),
        purpose: if state == SessionState::Done { Purpose::Seal } else { Purpose::LeaderSign },
        method: "sim".into(),
        shape: Shape::Cms,
        user: UserId::new([7; 16]),
        unit: UnitId::new([1; 16]),
        items: vec![
            part(1, Some(prepared()), None),
            part(2, Some(prepared()), Some(vec![1, 2, 3])),
            part(3, None, Some(vec![])),
        ],
        state,
        verification_code: "4298".into(),
        display_text: "MA 4298. Ky BS 3 trang".into(),
        handle: Some("h-1".into()),
        created_at: at(0),
        expires_at: at(120),
        late: None,
        version: 2,
    }
}

fn title() -> Title {
    Title::parse("KT. CHỦ TỊCH / PHÓ CHỦ TỊCH").expect("literal")
}

pub(crate) fn unit() -> Unit {
    Unit {
        id: UnitId::new([1; 16]),
        code: "000.00.01.H54".into(),
        name: "Ủy ban nhân dân xã Mẫu".into(),
        short_name: "MAU".into(),
        address: "Thôn 1, xã Mẫu".into(),
        place: "Xã Mẫu".into(),
        province: "Tỉnh Mẫu".into(),
        enabled: true,
        first_suffix: "SCT/BS".into(),
        first_book: "01".into(),
        later_series: vec![(
            "2026-03-01".parse().expect("literal"),
            Series { suffix: "SCTĐT/BS".into(), book: "02".into(), written: Written::default() },
        )],
        slot_capacity: 3,
        seal_chain: vec![vec![0x30, 0x82], vec![]],
        leaders: vec![UserId::new([7; 16])],
        seal_picture: Some([0x5e; 32]),
        changed: Changed { version: 3, by: Some(UserId::new([8; 16])), at: Some(at(5)) },
    }
}

pub(crate) fn user() -> User {
    let unit = Some(UnitId::new([1; 16]));
    User {
        id: UserId::new([7; 16]),
        name: "Nguyễn Thị Mẫu".into(),
        mandate: Some(Mandate {
            title: title(),
            from: Some("2026-01-05".parse().expect("literal")),
            until: Some("2026-12-31".parse().expect("literal")),
        }),
        signature_picture: Some([0x51; 32]),
        active: true,
        grants: vec![
            (Right::Create, unit.clone()),
            (Right::Sign, unit.clone()),
            (Right::Seal, unit.clone()),
            (Right::Portal, None),
            (Right::Verify, None),
            (Right::AdminUnit, unit),
            (Right::AdminTop, None),
            (Right::Operate, None),
        ],
        phone: Some("+84900000001".into()),
        credential: Some(Credential { id: "cred-1".into(), chain: vec![vec![0x30]] }),
        account: Some(AccountId::new([11; 16])),
        changed: Changed { version: 2, by: None, at: Some(at(6)) },
    }
}

pub(crate) fn appointment(status: AppointmentStatus) -> Appointment {
    let original =
        |issuer, number| Original { type_id: "birth".into(), title: String::new(), issuer, number, pages: 1 };
    Appointment {
        id: AppointmentId::new([12; 16]),
        code: "MAU-1".into(),
        unit: UnitId::new([1; 16]),
        start: at(0),
        account: AccountId::new([11; 16]),
        originals: vec![original(None, None), original(Some("UBND".into()), Some("12/2020".into()))],
        note: Some("ghi chú".into()),
        status,
        booked_by: UserId::new([13; 16]),
        changed_by: UserId::new([14; 16]),
        changed_at: at(1),
        version: 1,
    }
}

pub(crate) fn slot() -> Slot {
    Slot { unit: UnitId::new([1; 16]), start: "2026-11-23T01:30:00Z".parse().expect("literal"), taken: 2, version: 2 }
}

pub(crate) fn upload(state: UploadState) -> Upload {
    Upload {
        id: UploadId::new([9; 16]),
        owner: UserId::new([8; 16]),
        filename: "bản quét.pdf".into(),
        content_type: "application/pdf".into(),
        size: 100 << 20,
        sha256: [0x5e; 32],
        state,
        version: 1,
    }
}

pub(crate) fn case(status: CaseStatus) -> Case {
    Case {
        id: CaseId::new([2; 16]),
        code: "MAU-261123-0042-K".into(),
        unit: UnitId::new([1; 16]),
        requester: Requester {
            kind: "person".into(),
            name: "Trần Văn Thử".into(),
            id_type: "citizen_id".into(),
            id_number: "000000000001".into(),
            phone: None,
            email: Some("thu@example.invalid".into()),
            account: None,
        },
        basis: "paper_original".into(),
        appointment: Some(AppointmentId::new([12; 16])),
        clerk: UserId::new([8; 16]),
        received_at: at(0),
        due_at: at(3_600),
        due_rule: "same_day".into(),
        checklist: Some(vec![("ground_1".into(), false), ("ground_2".into(), true)]),
        copies: vec![CopyId::new([3; 16])],
        fee: Some(Fee { receipt_no: "R-1".into(), amount_vnd: u64::MAX, paid_at: at(5), waived_reason: None }),
        status,
        leader: None,
        changed_by: UserId::new([8; 16]),
        changed_at: at(9),
        version: 7,
    }
}

pub(crate) fn public() -> PublicCopy {
    PublicCopy {
        copy: CopyId::new([3; 16]),
        unit: UnitId::new([1; 16]),
        unit_code: "000.00.01.H54".into(),
        number: number(),
        sealed_at: at(3),
        digests: vec![[0xab; 32], [0xcd; 32]],
        annulled_at: None,
        annulled_by: None,
        version: 2,
    }
}

pub(crate) fn annulment() -> Annulment {
    let decision = AnnulmentDecision { number: "12/QĐ-UBND".into(), date: jiff::civil::date(2026, 11, 26) };
    Annulment { decision, reason: "Bản chính bị thu hồi\n\nTheo kết luận thanh tra".into() }
}

pub(crate) fn entry() -> Entry {
    Entry {
        unit: UnitId::new([1; 16]),
        number: number(),
        copy: CopyId::new([3; 16]),
        case: CaseId::new([2; 16]),
        written: Some(Written::default()),
        at: at(2),
    }
}

pub(crate) fn counter(last: u32) -> Counter {
    Counter { unit: UnitId::new([1; 16]), suffix: "SCT/BS".into(), year: 2026, last }
}

pub(crate) fn outbox(topic: Topic) -> Outbox {
    Outbox {
        id: EventId::new([5; 16]),
        topic,
        subject: "copy_x".into(),
        at: at(0),
        due_at: at(60),
        waits: None,
        learned: Learned::default(),
    }
}

pub(crate) fn breaker(rests_until: Option<Timestamp>) -> domain::breaker::Breaker {
    let gateway = "https://ky.example.vn/csc/v2".to_owned();
    domain::breaker::Breaker { gateway, failures: 5, failed_at: at(1), rests_until, version: 5 }
}

pub(crate) fn unwanted(version: Version) -> domain::pause::Unwanted {
    domain::pause::Unwanted { user: UserId::new([7; 16]), at: vec![at(1), at(2)], version }
}

pub(crate) fn delivered() -> Delivered {
    Delivered { id: [0xcb; 32], until: at(86_400) }
}

pub(crate) fn event() -> Event {
    Event {
        subject: "copy_x".into(),
        seq: 4,
        actor: Actor::User(UserId::new([8; 16])),
        action: "copy.sealed".into(),
        at: at(3),
    }
}

pub(crate) fn delivery(channel: Channel) -> Delivery {
    Delivery {
        id: DeliveryId::new([6; 16]),
        copy: CopyId::new([3; 16]),
        case: CaseId::new([2; 16]),
        channel,
        sent_at: Some(at(10)),
        link_digest: Some([0xdd; 32]),
        code: Some(OneTimeCode { digest: [0xcc; 32], at: at(11), tries_left: 4, asked: 2 }),
        version: 1,
    }
}

pub(crate) fn idempotency(answer: Option<(u16, String)>) -> Idempotency {
    Idempotency {
        key: [0x11; 32],
        fingerprint: [0x22; 32],
        born: [0x33; 16],
        answer,
        etag: Some("\"3\"".into()),
        location: None,
        at: at(0),
        released: false,
    }
}

pub(crate) fn watch(who: Watcher) -> Watch {
    let verification = VerificationId::new([11; 16]);
    Watch { copy: CopyId::new([3; 16]), verification, who, at: at(5), until: at(9) }
}

pub(crate) fn question() -> Inquiry {
    Inquiry::begun([0xaa; 32], None, Question { path: vec![vec![0x30, 0x00], vec![0xff]], valid_at: -1 }, at(5))
}

pub(crate) fn pieces() -> Vec<Piece> {
    let piece =
        |kind, next_update| Piece { kind, sha256: [0xbb; 32], size: 20_000_000, this_update: at(4), next_update };
    vec![piece(PieceKind::Ocsp, Some(at(900))), piece(PieceKind::Crl, None)]
}
