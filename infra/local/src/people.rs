//! The synthetic offices and people of the sandbox. None of them exists: the province code H99, citizen numbers that begin
//! with 000 and the phones 0900 000 0xx are given to nobody.
//!
//! Identifiers are made of names, so that every sandbox on every machine has the same ones.

use domain::ids::{AccountId, UnitId, UserId};
use domain::model::Right;
use sha2::{Digest as _, Sha256};

/// 2026-01-01T00:00:00Z in milliseconds: the time part of every identifier made here.
const EPOCH_MS: u64 = 1_767_225_600_000;

/// The sixteen bytes of a UUIDv7 that is the same everywhere. `order` sorts: lists that are ordered by identifier show
/// lower ones first.
fn uuid(name: &str, order: u64) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut tail = [0; 10];
    tail.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_unix_timestamp_millis(EPOCH_MS.saturating_add(order), &tail).into_uuid().into_bytes()
}

/// An office of the sandbox.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) key: &'static str,
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) short_name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) place: &'static str,
    /// Whether it takes cases, and so has a key to seal with.
    pub(crate) enabled: bool,
    /// Keys of its leaders, the default first.
    pub(crate) leaders: &'static [&'static str],
}

/// Province of all of them.
pub(crate) const PROVINCE: &str = "Tỉnh Mẫu";
/// The organisation in the certificates of the province's agencies.
pub(crate) const AUTHORITY: &str = "Ủy ban nhân dân tỉnh Mẫu";

/// The first is found first by every search.
pub(crate) const OFFICES: &[Office] = &[
    Office {
        key: "mau",
        code: "000.00.01.H99",
        name: "Ủy ban nhân dân xã Mẫu",
        short_name: "MAU",
        address: "Trụ sở UBND xã Mẫu, số 1 đường Mẫu, xã Mẫu",
        place: "Xã Mẫu",
        enabled: true,
        leaders: &["leader", "deputy", "leader_usb"],
    },
    Office {
        key: "thi-diem",
        code: "000.00.02.H99",
        name: "Ủy ban nhân dân phường Thí Điểm",
        short_name: "THIDIEM",
        address: "Trụ sở UBND phường Thí Điểm, số 2 đường Thí Điểm, phường Thí Điểm",
        place: "Phường Thí Điểm",
        enabled: true,
        leaders: &["leader_b"],
    },
    // Merged into the first: closed, and kept because codes outlive offices (domain.md §3.5).
    Office {
        key: "cu",
        code: "000.00.03.H99",
        name: "Ủy ban nhân dân xã Cũ",
        short_name: "CU",
        address: "Trụ sở UBND xã Cũ (đã sáp nhập), số 3 đường Cũ, xã Cũ",
        place: "Xã Cũ",
        enabled: false,
        leaders: &[],
    },
    Office {
        key: "tinh",
        code: "000.00.00.H99",
        name: AUTHORITY,
        short_name: "TINHMAU",
        address: "Trụ sở UBND tỉnh Mẫu, số 1 quảng trường Mẫu",
        place: "Tỉnh Mẫu",
        enabled: false,
        leaders: &[],
    },
    Office {
        key: "bo",
        code: "000.00.00.G99",
        name: "Bộ Mẫu",
        short_name: "BOMAU",
        address: "Trụ sở Bộ Mẫu, số 1 đường Bộ Mẫu",
        place: "Thành phố Mẫu",
        enabled: false,
        leaders: &[],
    },
];

impl Office {
    pub(crate) fn id(&self) -> UnitId {
        let order = OFFICES.iter().position(|office| office.key == self.key).unwrap_or(OFFICES.len());
        UnitId::new(uuid(&format!("unit/{}", self.key), order as u64))
    }

    pub(crate) fn by_key(key: &str) -> Option<&'static Office> {
        OFFICES.iter().find(|office| office.key == key)
    }
}

/// A phone with a signing SIM.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sim {
    /// E.164.
    pub(crate) phone: &'static str,
    pub(crate) pin: &'static str,
}

/// A USB Token with a signing key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsbToken {
    pub(crate) pin: &'static str,
}

/// Somebody who may sign in.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) title_line: &'static str,
    /// Key of the office; none for people without one.
    pub(crate) office: Option<&'static str>,
    /// The right, in the office or, without one, everywhere.
    pub(crate) right: Option<Right>,
    pub(crate) sim: Option<Sim>,
    pub(crate) usb_token: Option<UsbToken>,
    /// Key of the person in the directory.
    pub(crate) person: Option<&'static str>,
    /// Whether the sandbox shows it with a token (contract.md §3).
    pub(crate) persona: bool,
}

const NOBODY: Actor = Actor {
    key: "",
    name: "",
    title_line: "",
    office: None,
    right: None,
    sim: None,
    usb_token: None,
    person: None,
    persona: true,
};

/// The personas of contract.md §3 in its order, then those who sign with a token, then those who only sign.
pub(crate) const ACTORS: &[Actor] = &[
    Actor { key: "citizen", name: "Trần Thị Mẫu", person: Some("citizen"), ..NOBODY },
    Actor { key: "clerk", name: "Lê Văn Tiếp", office: Some("mau"), right: Some(Right::Create), ..NOBODY },
    Actor {
        key: "leader",
        name: "Nguyễn Văn Ký",
        title_line: "CHỦ TỊCH",
        office: Some("mau"),
        right: Some(Right::Sign),
        sim: Some(Sim { phone: "+84900000001", pin: "246810" }),
        ..NOBODY
    },
    Actor { key: "seal_keeper", name: "Phạm Thị Dấu", office: Some("mau"), right: Some(Right::Seal), ..NOBODY },
    Actor { key: "officer", name: "Hoàng Văn Kiểm", office: Some("bo"), right: Some(Right::Verify), ..NOBODY },
    Actor { key: "unit_admin", name: "Vũ Thị Quản", office: Some("mau"), right: Some(Right::AdminUnit), ..NOBODY },
    Actor { key: "top_admin", name: "Đặng Văn Cao", office: Some("tinh"), right: Some(Right::AdminTop), ..NOBODY },
    Actor { key: "operator", name: "Bùi Thị Vận", right: Some(Right::Operate), ..NOBODY },
    Actor {
        key: "portal", name: "Cổng Dịch vụ công quốc gia (thử nghiệm)", right: Some(Right::Portal), ..NOBODY
    },
    Actor {
        key: "clerk_b", name: "Đỗ Thị Nhận", office: Some("thi-diem"), right: Some(Right::Create), ..NOBODY
    },
    Actor {
        key: "leader_usb",
        name: "Mai Thị Thẻ",
        title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
        office: Some("mau"),
        right: Some(Right::Sign),
        usb_token: Some(UsbToken { pin: "314159" }),
        ..NOBODY
    },
    Actor {
        key: "leader_usb_b",
        name: "Đào Văn Khóa",
        title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
        office: Some("thi-diem"),
        right: Some(Right::Sign),
        usb_token: Some(UsbToken { pin: "271828" }),
        ..NOBODY
    },
    Actor {
        key: "deputy",
        name: "Trịnh Văn Phó",
        title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
        office: Some("mau"),
        right: Some(Right::Sign),
        sim: Some(Sim { phone: "+84900000002", pin: "135790" }),
        persona: false,
        ..NOBODY
    },
    Actor {
        key: "leader_b",
        name: "Lý Thị Duyệt",
        title_line: "CHỦ TỊCH",
        office: Some("thi-diem"),
        right: Some(Right::Sign),
        sim: Some(Sim { phone: "+84900000003", pin: "112358" }),
        persona: false,
        ..NOBODY
    },
];

impl Actor {
    pub(crate) fn id(&self) -> UserId {
        UserId::new(uuid(&format!("user/{}", self.key), 0))
    }

    pub(crate) fn office(&self) -> Option<&'static Office> {
        self.office.and_then(Office::by_key)
    }

    #[cfg(test)]
    fn signs(&self) -> bool {
        self.sim.is_some() || self.usb_token.is_some()
    }

    pub(crate) fn by_key(key: &str) -> Option<&'static Actor> {
        ACTORS.iter().find(|actor| actor.key == key)
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        let person = PEOPLE.iter().find(|person| Some(person.key) == self.person)?;
        person.account_id()
    }
}

/// Somebody who may ask for a copy.
#[derive(Debug)]
pub(crate) struct Citizen {
    pub(crate) key: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) id_type: &'static str,
    pub(crate) id_number: &'static str,
    pub(crate) phone: Option<&'static str>,
    pub(crate) email: Option<&'static str>,
    /// Whether the national directory has an account for them.
    pub(crate) account: bool,
}

impl Citizen {
    pub(crate) fn account_id(&self) -> Option<AccountId> {
        self.account.then(|| AccountId::new(uuid(&format!("account/{}", self.key), 0)))
    }
}

/// Everybody whom the directory could know. Those without an account are there to be not found.
pub(crate) const PEOPLE: &[Citizen] = &[
    Citizen {
        key: "citizen",
        kind: "person",
        name: "Trần Thị Mẫu",
        id_type: "citizen_id",
        id_number: "000190000011",
        phone: Some("+84900000011"),
        email: Some("tran.thi.mau@example.vn"),
        account: true,
    },
    Citizen {
        key: "an",
        kind: "person",
        name: "Nguyễn Văn An",
        id_type: "citizen_id",
        id_number: "000085000012",
        phone: Some("+84900000012"),
        email: Some("nguyen.van.an@example.vn"),
        account: true,
    },
    Citizen {
        key: "long",
        kind: "person",
        name: "Lê Hoàng Long",
        id_type: "citizen_id",
        id_number: "000078000013",
        phone: Some("+84900000013"),
        email: None,
        account: true,
    },
    Citizen {
        key: "company",
        kind: "organisation",
        name: "Công ty TNHH Thử Nghiệm Mẫu",
        id_type: "tax_code",
        id_number: "0099000014",
        phone: Some("+84900000014"),
        email: Some("cong.ty.mau@example.vn"),
        account: true,
    },
    Citizen {
        key: "agency",
        kind: "organisation",
        name: "Ủy ban nhân dân phường Thí Điểm",
        id_type: "organisation_code",
        id_number: "000.00.02.H99",
        phone: None,
        email: Some("thi.diem@example.vn"),
        account: true,
    },
    Citizen {
        key: "thu",
        kind: "person",
        name: "Phạm Minh Thư",
        id_type: "citizen_id",
        id_number: "000192000015",
        phone: Some("+84900000015"),
        email: Some("pham.minh.thu@example.vn"),
        account: false,
    },
    Citizen {
        key: "trang",
        kind: "person",
        name: "Đinh Công Tráng",
        id_type: "citizen_id",
        id_number: "000060000016",
        phone: Some("+84900000016"),
        email: None,
        account: false,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::identity;
    use domain::unit_code::UnitCode;

    use super::*;

    /// contract.md §3, word for word.
    const CONTRACT: [&str; 10] = [
        "citizen",
        "clerk",
        "leader",
        "seal_keeper",
        "officer",
        "unit_admin",
        "top_admin",
        "operator",
        "portal",
        "clerk_b",
    ];

    #[test]
    fn the_personas_are_those_of_the_contract() {
        let personas: Vec<_> = ACTORS.iter().filter(|actor| actor.persona).map(|actor| actor.key).collect();
        // The contract may be extended: behind what it names, in an order of ours.
        assert_eq!(personas, [&CONTRACT[..], &["leader_usb", "leader_usb_b"]].concat());
        assert!(Actor::by_key("citizen").and_then(Actor::account).is_some());
        let clerk_of = |key| Actor::by_key(key).and_then(Actor::office).map(|office| office.key);
        assert_ne!(clerk_of("clerk"), clerk_of("clerk_b"));
    }

    #[test]
    fn every_number_and_code_is_well_formed_and_used_once() {
        for person in PEOPLE {
            assert_eq!(identity::name(person.name), person.name);
            let number = identity::identity(person.id_type, person.id_number).expect(person.key);
            assert_eq!(number.number, person.id_number);
            let phone = person.phone.map(identity::phone);
            assert!(
                phone.is_none_or(|phone| phone.as_deref() == Ok(person.phone.unwrap_or_default())),
                "{}",
                person.key
            );
            assert!(person.email.is_none_or(identity::is_email), "{}", person.key);
        }
        let codes: BTreeSet<_> =
            OFFICES.iter().map(|office| UnitCode::parse(office.code).expect(office.key).path().to_vec()).collect();
        assert_eq!(codes.len(), OFFICES.len());
        let phones: Vec<_> = ACTORS.iter().filter_map(|actor| actor.sim).map(|sim| sim.phone).collect();
        let phones: Vec<_> = phones.into_iter().chain(PEOPLE.iter().filter_map(|person| person.phone)).collect();
        assert_eq!(phones.iter().collect::<BTreeSet<_>>().len(), phones.len());
    }

    /// A search that finds several offices shows the one where the personas work first.
    #[test]
    fn identifiers_are_the_same_everywhere_and_the_first_office_sorts_first() {
        let ids: Vec<_> = OFFICES.iter().map(Office::id).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids.first().map(UnitId::as_str), Some("unit_01kdvdna00enj9xtedd41f44xn"));
        for office in OFFICES {
            let here = |key: &&str| Actor::by_key(key).is_some_and(|a| a.office == Some(office.key) && a.signs());
            assert!(office.leaders.iter().all(here), "{}", office.key);
            assert_eq!(office.enabled, !office.leaders.is_empty());
        }
    }
}
