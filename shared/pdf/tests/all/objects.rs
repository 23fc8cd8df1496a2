//! Text to objects and back; filters; text strings.

use pdf::{Dict, ObjId, Object, PdfString, decode_text, encode_text, parse_object, serialize};
use proptest::prelude::*;

use crate::files::{classic, open};

fn values() -> impl Strategy<Value = Object> {
    let leaf = prop_oneof![
        Just(Object::Null),
        any::<bool>().prop_map(Object::Bool),
        any::<i64>().prop_map(Object::Integer),
        (-1_000_000i32..1_000_000).prop_map(|n| Object::Real(f64::from(n) / 64.0 + 1.0 / 128.0)),
        prop::collection::vec(1u8..=255, 0..12).prop_map(Object::Name),
        (prop::collection::vec(any::<u8>(), 0..24), any::<bool>())
            .prop_map(|(bytes, hex)| Object::String(PdfString { bytes, hex })),
        (1u32..9999, 0u16..9).prop_map(|(num, generation)| Object::Ref(ObjId::new(num, generation))),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Object::Array),
            prop::collection::btree_map(prop::collection::vec(1u8..=255, 1..6), inner, 0..20).prop_map(|entries| {
                let mut dict = Dict::new();
                for (key, value) in entries {
                    dict.set(key, value);
                }
                Object::Dict(dict)
            }),
        ]
    })
}

proptest! {
    /// What is written is read as what it was.
    #[test]
    fn writing_and_reading_is_nothing(object in values()) {
        let text = serialize(&object);
        prop_assert_eq!(parse_object(&text), Ok(object), "{}", String::from_utf8_lossy(&text));
    }

    /// Any text is read or refused.
    #[test]
    fn any_text_ends(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_object(&text);
    }

    /// Text strings of any language come back.
    #[test]
    fn text_strings_come_back(text in "\\PC{0,40}") {
        prop_assert_eq!(decode_text(&encode_text(&text)), text);
    }
}

/// ISO 32000-2 §7.3: the odd forms.
#[test]
fn odd_forms_are_understood() {
    let read = |text: &str| parse_object(text.as_bytes()).expect("an object");
    assert_eq!(read("(a(b)c\\)\\\\\\101\\\r\nd)"), Object::string("a(b)c)\\Ad"));
    assert_eq!(read("(a\r\nb\rc)"), Object::string("a\nb\nc"));
    assert_eq!(read("<4 1 4>"), Object::hex("A@"));
    assert_eq!(read("/A#42#c3"), Object::Name(b"AB\xc3".to_vec()));
    assert_eq!(read("% comment\n -.5"), Object::Real(-0.5));
    assert_eq!(read("--7"), Object::Integer(-7));
    assert_eq!(read("[1 0 R 1 0]").as_array().map(<[Object]>::len), Some(3));
    assert_eq!(
        read("<</A 1/A 2>>").as_dict().map(|dict| (dict.int(b"A"), dict.has_duplicates())),
        Some((Some(2), true))
    );
    for bad in ["", "(", "<", "<<", "[", "<</A", "nul", "<4x>", ">>", "]", "<<1 2>>"] {
        assert!(parse_object(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(parse_object("[".repeat(101).as_bytes()).is_err(), "too deep");
}

fn decoded(dict: &str, data: &[u8]) -> Result<Vec<u8>, pdf::Error> {
    let text = String::from_utf8(data.to_vec()).expect("test data in ASCII");
    let file = classic(&["<</Type/Catalog>>", &format!("<<{dict}/Length {}>>\nstream\n{text}\nendstream", data.len())]);
    let document = open(&file);
    let object = document.object(ObjId::new(2, 0)).expect("an object");
    document.decode(object.as_stream().expect("a stream"))
}

/// ISO 32000-2 §7.4: each filter, alone and in a chain.
#[test]
fn filters_are_undone() {
    assert_eq!(decoded("/Filter/ASCIIHexDecode", b"48 65 6c6C 6f7>"), Ok(b"Hellop".to_vec()));
    assert_eq!(decoded("/Filter/ASCII85Decode", b"87cURD]i,\"Ebo80~>"), Ok(b"Hello World!".to_vec()));
    assert_eq!(decoded("/Filter/ASCII85Decode", b"z~>"), Ok(vec![0; 4]));
    // Two literal bytes, three times one byte, end.
    assert_eq!(decoded("/Filter[/ASCIIHexDecode/RunLengthDecode]", b"01 61 62 FE 63 80>"), Ok(b"abccc".to_vec()));
    // ISO 32000-2 §7.4.4.2, example of LZW: 45 45 45 45 45 65 45 45 45 66.
    let lzw = decoded("/Filter[/ASCIIHexDecode/LZWDecode]", b"80 0B 60 50 22 0C 0C 85 01>");
    assert_eq!(lzw, Ok(vec![45, 45, 45, 45, 45, 65, 45, 45, 45, 66]));
    // PNG "up" over two rows of two bytes.
    let up = decoded("/Filter/ASCIIHexDecode", b"02 01 02 02 01 01>").expect("bytes");
    assert_eq!(up, [2, 1, 2, 2, 1, 1]);
    let flate: String = pdf::encode_flate(&up).iter().map(|byte| format!("{byte:02x}")).collect();
    let dict = "/Filter[/ASCIIHexDecode/FlateDecode]/DecodeParms[null<</Predictor 12/Columns 2>>]";
    assert_eq!(decoded(dict, format!("{flate}>").as_bytes()), Ok(vec![1, 2, 2, 3]));
    // The same with the parameters as references, as any of them may be.
    let stream = format!(
        "<</Length {}/Filter[/ASCIIHexDecode/FlateDecode]/DecodeParms[null<</Predictor 3 0 R/Columns 4 0 R>>]>>\nstream\n{flate}>\nendstream",
        flate.len() + 1
    );
    let file = classic(&["<</Type/Catalog>>", &stream, "12", "2"]);
    let document = open(&file);
    let object = document.object(ObjId::new(2, 0)).expect("an object");
    assert_eq!(document.decode(object.as_stream().expect("a stream")), Ok(vec![1, 2, 2, 3]));
    for (dict, data) in [
        ("/Filter/DCTDecode", "x"),
        ("/Filter/Crypt", "x"),
        ("/Filter/FlateDecode", "not deflated"),
        ("/Filter/ASCIIHexDecode", "4x>"),
        ("/F(other.bin)", "x"),
        ("/Filter/FlateDecode/DecodeParms<</Predictor 12.0>>", ""),
        ("/Filter/ASCIIHexDecode/DecodeParms<</Predictor/Up>>", "41>"),
        ("/Filter/ASCIIHexDecode/DecodeParms(x)", "41>"),
    ] {
        assert!(decoded(dict, data.as_bytes()).is_err(), "{dict}");
    }
}
