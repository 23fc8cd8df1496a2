use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use proptest::prelude::*;

use super::*;

/// The private key of RFC 8032 §7.1, test 1, which is also that of RFC 8037, appendix A.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5,
    0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
/// RFC 8037, appendix A.3: `kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k`.
const ID: KeyId = KeyId([0x90, 0xfa, 0xca, 0xfe]);
const LINK: &str = "https://chungthuc.example.vn";

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a seed")
}

fn key() -> Key {
    Key::new(pair().public_key().as_ref().try_into().expect("32 bytes"))
}

fn number(number: u32, book: &str, suffix: &str) -> Number {
    Number { number, book: book.into(), year: 2026, suffix: suffix.into() }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

fn usual() -> Statement {
    let scans: Sha256 = std::array::from_fn(|at| at as u8);
    Statement::new("000.00.01.H54", &number(152, "01", "SCT/BS"), at("2026-11-25T17:30:00Z"), &scans).expect("usual")
}

fn sign(statement: Statement) -> Code {
    let message = statement.to_be_signed(ID).expect("sayable");
    let signature = pair().sign(&message).as_ref().try_into().expect("64 bytes");
    statement.signed(ID, signature).expect("sayable")
}

/// The bytes of a code, to be changed.
fn bytes(code: &Code) -> Vec<u8> {
    base32::decode(&code.payload()).expect("base32")
}

fn with(change: impl FnOnce(&mut Vec<u8>)) -> Result<Code, NotOurs> {
    let mut bytes = bytes(&sign(usual()));
    change(&mut bytes);
    Code::read(&base32::encode(&bytes))
}

/// The format is frozen: a print outlives the program.
#[test]
fn the_vector_is_frozen() {
    let code = sign(usual());
    let body = "01 90facafe 0d 3030302e30302e30312e483534 02 3031 06 5343542f4253 00000098 2662 0001020304050607";
    let body: String = body.split(' ').collect();
    let shown: String = bytes(&code).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(&shown[..body.len()], body);
    assert_eq!((shown.len() / 2, code.payload().len()), (107, 172));
    // 31 letters and 172: a QR code of version 8, level M.
    let text = code.text(&base(LINK).expect("an address"));
    assert_eq!(text.len(), 203);
    let expected = include_str!("vector.txt").trim_end();
    assert_eq!(text, expected);
    let read = Code::read(expected).expect("ours");
    assert_eq!((read.statement.day.to_string().as_str(), read.statement.number.year), ("2026-11-26", 2026));
    assert_eq!((read.key.to_string().as_str(), read.check(&[key()])), ("90facafe", Standing::Genuine));
}

/// Every bit of the payload: what is still read is not signed.
#[test]
fn one_bit_is_enough() {
    let whole = bytes(&sign(usual()));
    let (mut unread, mut unknown, mut forged) = (0, 0, 0);
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        match Code::read(&base32::encode(&changed)).map(|code| code.check(&[key()])) {
            Err(NotOurs) => unread += 1,
            Ok(Standing::UnknownKey) => unknown += 1,
            Ok(Standing::Forged) => forged += 1,
            Ok(Standing::Genuine) => panic!("bit {bit} is not covered"),
        }
    }
    assert_eq!(unread + unknown + forged, 107 * 8);
    assert_eq!(unknown, 32, "each bit of the key's name");
    assert!(forged >= 64 * 8 + 8 * 8 + 32, "{forged}: signature, scans and number at least are read and refused");
}

/// Every letter of the text, replaced by every other one.
#[test]
fn one_letter_is_enough() {
    let payload = sign(usual()).payload();
    for (place, letter) in payload.char_indices() {
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".chars().filter(|other| *other != letter) {
            let mut changed = payload.clone();
            changed.replace_range(place..=place, &other.to_string());
            let standing = Code::read(&changed).map(|code| code.check(&[key()]));
            assert_ne!(standing, Ok(Standing::Genuine), "{place} {other}");
        }
    }
}

/// Decision 16: what is signed begins with the name of the format, so a signature over the same bytes without it is none.
#[test]
fn the_domain_is_signed() {
    assert_eq!(key().id, ID);
    let statement = usual();
    let message = statement.to_be_signed(ID).expect("sayable");
    assert_eq!(&message[..10], b"ctdt-qr-1\n");
    let bare = pair().sign(&message[10..]).as_ref().try_into().expect("64 bytes");
    assert_eq!(statement.signed(ID, bare).expect("sayable").check(&[key()]), Standing::Forged);
}

#[test]
fn a_key_that_is_not_published_tells_nothing() {
    let code = sign(usual());
    assert_eq!(code.check(&[]), Standing::UnknownKey);
    let other = Key { id: KeyId([0; 4]), ..key() };
    assert_eq!(code.check(&[other]), Standing::UnknownKey);
    assert_eq!(code.check(&[other, key()]), Standing::Genuine);
    let wrong = Key { public: [7; 32], ..key() };
    assert_eq!(code.check(&[wrong]), Standing::Forged);
}

#[test]
fn any_writing_of_the_same_text_is_read() {
    let code = sign(usual());
    let text = code.text(&base(LINK).expect("an address"));
    let payload = code.payload();
    for same in [
        text.clone(),
        text.to_lowercase(),
        format!("https://chungthuc.example.vn/Q/{payload}"),
        format!("http://127.0.0.1:8080/q/{}", payload.to_lowercase()),
        format!("https://elsewhere.example/a/b/Q/{payload}"),
        payload.clone(),
        payload.to_lowercase(),
        format!(" {text}\r\n"),
    ] {
        assert_eq!(Code::read(&same), Ok(code.clone()), "{same}");
    }
}

#[test]
fn other_texts_are_not_ours() {
    let payload = sign(usual()).payload();
    let other = [
        String::new(),
        " ".into(),
        "A".into(),
        "ĐÂY".into(),
        format!("{payload}="),
        format!("{payload}A"),
        format!("{payload}AA"),
        payload[1..].to_owned(),
        payload[..payload.len() - 1].to_owned(),
        format!("{} {}", &payload[..10], &payload[10..]),
        payload.replace('A', "0"),
        format!("ftp://chungthuc.example.vn/Q/{payload}"),
        format!("https:///Q/{payload}"),
        format!("https://chungthuc.example.vn/{payload}"),
        format!("https://chungthuc.example.vn/QQ/{payload}"),
        format!("https://chungthuc.example.vn/Q/{payload}/"),
        format!("https://chungthuc.example.vn/Q/{payload}?lang=en"),
        "https://chungthuc.example.vn/Q/".into(),
        format!("/Q/{payload}"),
        "https://chungthuc.example.vn/verify?u=000.00.01.H54&n=152&q=01&y=2026&s=SCT/BS&h=abababababababab".into(),
        format!("https://{}.vn/Q/{payload}", "x".repeat(512)),
        "A".repeat(10_000),
    ];
    for text in other {
        assert_eq!(Code::read(&text), Err(NotOurs), "{text}");
    }
}

/// One encoding for one meaning: every other arrangement of bytes is refused, whoever signed it.
#[test]
fn other_bytes_are_not_ours() {
    let refused = |what: &str, change: fn(&mut Vec<u8>)| assert_eq!(with(change), Err(NotOurs), "{what}");
    for version in (0..=u8::MAX).filter(|version| *version != 1) {
        let read = with(|bytes| bytes[0] = version);
        assert_eq!(read, Err(NotOurs), "version {version}");
    }
    refused("trailing byte", |bytes| bytes.push(0));
    refused("byte before the signature", |bytes| bytes.insert(43, 0));
    refused("number zero", |bytes| bytes[29..33].fill(0));
    refused("length beyond the end", |bytes| bytes[5] = 255);
    refused("no unit", |bytes| drop(bytes.splice(5..19, [0])));
    refused("no book", |bytes| drop(bytes.splice(19..22, [0])));
    refused("no suffix", |bytes| drop(bytes.splice(22..29, [0])));
    refused("a unit in small letters", |bytes| bytes[15] = b'h');
    refused("another unit", |bytes| bytes[6] = b'x');
    refused("a blank book", |bytes| bytes[20] = b' ');
    refused("a line in the suffix", |bytes| bytes[23] = b'\n');
    refused("half a letter", |bytes| bytes[23] = 0xc4);
    refused("a decomposed suffix", |bytes| drop(bytes.splice(22..29, *b"\x07SC\xcc\x81T/B")));
    refused("a turned line", |bytes| drop(bytes.splice(22..29, *b"\x07SC\xe2\x80\xaeTB")));
    refused("a long book", |bytes| drop(bytes.splice(19..22, [17].into_iter().chain([b'1'; 17]))));
    for length in 0..107 {
        assert!(with(|bytes| bytes.truncate(length)).is_err(), "{length} bytes");
    }
}

#[test]
fn what_does_not_fit_is_not_said() {
    let scans = [0xab; 32];
    let day = at("2026-11-25T00:00:00Z");
    let say =
        |unit: &str, number: &Number, at| Statement::new(unit, number, at, &scans).map_err(|Unsayable(what)| what);
    let good = number(152, "01", "SCT/BS");
    assert!(
        say("H54.1.2", &good, day).is_ok() && say("000.00.01.H54", &number(u32::MAX, "01A", "SCTĐT/BS"), day).is_ok()
    );
    assert_eq!(say("ubnd", &good, day), Err("unit code"));
    for book in ["", "0 1", "1\u{301}", "\u{200b}", &"1".repeat(17)] {
        assert_eq!(say("H54", &number(1, book, "SCT/BS"), day), Err("book"), "{book:?}");
    }
    assert_eq!(say("H54", &number(1, "01", "SCT\u{202e}BS"), day), Err("suffix"));
    // The sign of the unit is a letter, and NFC writes it as Å.
    assert_eq!(say("H54", &number(1, "01", "\u{212b}"), day), Err("suffix"));
    assert_eq!(say("H54", &number(0, "01", "SCT/BS"), day), Err("number"));
    // 17:00Z is the next day, and here the next year, in Vietnam.
    assert_eq!(say("H54", &good, at("2026-12-31T17:00:00Z")), Err("year"));
    assert!(say("H54", &good, at("2026-12-31T16:59:59Z")).is_ok());
    let of = |year| Number { year, ..good.clone() };
    assert!(say("H54", &of(2000), at("1999-12-31T17:00:00Z")).is_ok());
    assert_eq!(say("H54", &of(1999), at("1999-12-31T16:59:59Z")), Err("day"));
    assert!(say("H54", &of(2179), at("2179-06-06T16:59:59Z")).is_ok());
    assert_eq!(say("H54", &of(2179), at("2179-06-06T17:00:00Z")), Err("day"));
}

/// The hard limit: the longest texts behind the longest address still fit version 10.
#[test]
fn the_longest_code_fits() {
    let unit = format!("H54.{}", "9".repeat(31));
    let longest = "Đ".repeat(8);
    let say = Statement::new(&unit, &number(u32::MAX, &longest, &longest), at("2026-11-25T00:00:00Z"), &[0xff; 32]);
    let code = sign(say.expect("the longest"));
    assert_eq!(bytes(&code).len(), MAX_BYTES);
    let text = code.text(&base(&format!("https://{}", "x".repeat(49))).expect("the longest address"));
    assert!(text.len() <= 311, "{}", text.len());
    assert_eq!(Code::read(&text).expect("ours").check(&[key()]), Standing::Genuine);
}

#[test]
fn an_address_is_written_in_capitals() {
    let is = |link: &str, wanted: &str| assert_eq!(base(link).as_deref(), Ok(wanted), "{link}");
    is(LINK, "HTTPS://CHUNGTHUC.EXAMPLE.VN/Q/");
    is("http://127.0.0.1:8080", "HTTP://127.0.0.1:8080/Q/");
    // A path is not the same in capitals.
    is("https://example.vn/chungthuc", "HTTPS://EXAMPLE.VN/chungthuc/Q/");
    let long = format!("https://{}.vn", "x".repeat(50));
    for bad in [
        "",
        "example.vn",
        "ftp://example.vn",
        "https://",
        "https:///a",
        "https://example.vn/",
        "https://a?b",
        "https://a#b",
        "https://a b",
        "https://ví-dụ.vn",
        "https://me@example.vn",
        &long,
    ] {
        assert_eq!(base(bad), Err(Unsayable("address")), "{bad}");
    }
}

proptest! {
    /// What is written is read as it was meant, and is the only way to write it.
    #[test]
    fn written_and_read(
        unit in "[A-Z][0-9]{2}(\\.[0-9A-Z]{1,5}){0,5}", book in "[0-9A-ZĐ]{1,8}", suffix in "[A-ZĐ]{1,5}/[A-Z]{1,4}",
        n in 1..=u32::MAX, second in 946_659_600_i64..6_608_970_000, scans: [u8; 32],
    ) {
        let moment = Timestamp::from_second(second).expect("in range");
        let number = Number { number: n, book, year: time::day(moment).year(), suffix };
        let said = Statement::new(&unit, &number, moment, &scans).expect("sayable");
        let code = sign(said.clone());
        let read = Code::read(&code.payload()).expect("ours");
        prop_assert_eq!(&read.statement, &said);
        prop_assert_eq!(read.check(&[key()]), Standing::Genuine);
        prop_assert_eq!(read.payload(), code.payload());
    }

    /// Any bytes are refused or are the one encoding of something; nobody's are signed.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = base32::encode(&bytes);
        if let Ok(code) = Code::read(&text) {
            prop_assert_eq!(code.payload(), text);
            prop_assert_ne!(code.check(&[key()]), Standing::Genuine);
        }
    }

    /// Any text is refused, and quickly.
    #[test]
    fn any_text(text in "\\PC{0,600}") {
        prop_assert!(Code::read(&text).is_err());
    }
}
