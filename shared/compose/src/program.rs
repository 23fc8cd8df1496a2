//! Typefaces as they stand in a file: composite fonts over a part of the TrueType program (ISO 32000-1, 9.7).
//!
//! A sign's number in a content stream is its number in Unicode. So a text that is set years later, by another version of this
//! program, means the same letters; `/CIDToGIDMap` says where they stand in the part. Does not draw and does not measure.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};
use subsetter::GlyphRemapper;

use crate::Unusable;
use crate::canvas::Signs;
use crate::text::{Cut, Fonts, is_everyday};
use crate::write::{deflate, dict, name};

/// In front of the typeface's name: this is a part of it (ISO 32000-1, 9.6.4).
const PART: &str = "CTDTVN";
/// Serif, symbolic (9.8.2): the letters are numbered by ourselves.
const FLAGS: i64 = 2 | 4;
const ITALIC: i64 = 64;
/// What nobody reads when the program is embedded, but every descriptor has to say: the thickness of stems.
const STEM: (i64, i64) = (80, 140);

/// A typeface's part with its tables.
#[derive(Clone)]
struct Program {
    /// The TrueType program, its length and deflated.
    file: (usize, Vec<u8>),
    /// Two octets for each number from 0, deflated.
    glyphs: Vec<u8>,
    /// Numbers to Unicode, deflated.
    unicode: Vec<u8>,
    widths: Vec<Object>,
}

/// The parts with nothing but everyday signs, which most files have: made once.
static EVERYDAY: LazyLock<[Option<Program>; 3]> =
    LazyLock::new(|| Cut::ALL.map(|cut| program(Fonts::get().ok()?, cut, &EVERYDAY_SIGNS).ok()));

static EVERYDAY_SIGNS: LazyLock<BTreeSet<char>> =
    LazyLock::new(|| ('\0'..='\u{ffff}').filter(|sign| is_everyday(*sign)).collect());

/// Puts one cut with these signs into a file.
///
/// # Errors
/// [`Unusable::Compose`] when a sign has no glyph, or the typeface is broken.
pub(crate) fn embed(
    target: &mut Document,
    fonts: &Fonts,
    cut: Cut,
    signs: &BTreeSet<char>,
) -> Result<ObjectId, Unusable> {
    let program = match cut.of(&EVERYDAY) {
        Some(program) if *signs == *EVERYDAY_SIGNS => program.clone(),
        _ => program(fonts, cut, signs)?,
    };
    Ok(write(target, fonts, cut, program))
}

/// Also with everyday signs, for whoever draws later.
pub(crate) fn with_everyday(mut signs: Signs) -> Signs {
    signs.iter_mut().for_each(|signs| signs.extend(EVERYDAY_SIGNS.iter()));
    signs
}

fn program(fonts: &Fonts, cut: Cut, signs: &BTreeSet<char>) -> Result<Program, Unusable> {
    let broken = |what: &str| Unusable::Compose(format!("typeface: {what}"));
    let mut part = GlyphRemapper::new();
    let mut places = Vec::new();
    for sign in signs {
        let glyph = fonts.face(cut).glyph_index(*sign).ok_or_else(|| broken("a sign without a glyph"))?;
        let number = u16::try_from(u32::from(*sign)).map_err(|_| broken("a sign beyond two octets"))?;
        places.push((number, part.remap(glyph.0), fonts.advance(cut, *sign)));
    }
    let file = subsetter::subset(cut.file(), 0, &part).map_err(|error| broken(&error.to_string()))?;
    let last = places.last().map_or(0, |(number, ..)| usize::from(*number));
    let mut glyphs = vec![0; 2 * (last + 1)];
    for (place, (_, glyph, _)) in places.iter().map(|place| (usize::from(place.0) * 2, place)) {
        if let Some(two) = glyphs.get_mut(place..place + 2) {
            two.copy_from_slice(&glyph.to_be_bytes());
        }
    }
    let numbers: Vec<u16> = places.iter().map(|(number, ..)| *number).collect();
    let widths = places.chunk_by(|(one, ..), (next, ..)| next - one == 1).flat_map(|run| {
        let first = run.first().map_or(0, |(number, ..)| i64::from(*number));
        let wide = run.iter().map(|(.., width)| Object::Integer(i64::from(*width))).collect();
        [Object::Integer(first), Object::Array(wide)]
    });
    Ok(Program {
        glyphs: deflate(&glyphs),
        unicode: deflate(to_unicode(&numbers).as_bytes()),
        widths: widths.collect(),
        file: (file.len(), deflate(&file)),
    })
}

/// A CMap that maps each number to itself, in ranges within one first octet (ISO 32000-1, 9.10.3).
fn to_unicode(numbers: &[u16]) -> String {
    let ranges: Vec<&[u16]> = numbers.chunk_by(|one, next| next - one == 1 && one >> 8 == next >> 8).collect();
    let mut text = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    // At most a hundred entries a block.
    for block in ranges.chunks(100) {
        text.push_str(&format!("{} beginbfrange\n", block.len()));
        for range in block {
            let (first, last) = (range.first().copied().unwrap_or(0), range.last().copied().unwrap_or(0));
            text.push_str(&format!("<{first:04X}> <{last:04X}> <{first:04X}>\n"));
        }
        text.push_str("endbfrange\n");
    }
    text.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    text
}

fn write(target: &mut Document, fonts: &Fonts, cut: Cut, program: Program) -> ObjectId {
    let mut stream = |mut entries: Dictionary, deflated: Vec<u8>| {
        entries.set("Filter", name("FlateDecode"));
        target.add_object(Stream::new(entries, deflated).with_compression(false))
    };
    let length = i64::try_from(program.file.0).unwrap_or(i64::MAX);
    let file = stream(dict([("Length1", length.into())]), program.file.1);
    let glyphs = stream(Dictionary::new(), program.glyphs);
    let unicode = stream(Dictionary::new(), program.unicode);
    let base = name(&format!("{PART}+{}", cut.postscript()));
    let descriptor = target.add_object(descriptor(fonts, cut, base.clone(), file));
    let letters = target.add_object(dict([
        ("Type", name("Font")),
        ("Subtype", name("CIDFontType2")),
        ("BaseFont", base.clone()),
        (
            "CIDSystemInfo",
            Object::Dictionary(dict([
                ("Registry", Object::string_literal("Adobe")),
                ("Ordering", Object::string_literal("Identity")),
                ("Supplement", 0_i64.into()),
            ])),
        ),
        ("FontDescriptor", descriptor.into()),
        ("W", Object::Array(program.widths)),
        ("CIDToGIDMap", glyphs.into()),
    ]));
    target.add_object(dict([
        ("Type", name("Font")),
        ("Subtype", name("Type0")),
        ("BaseFont", base),
        ("Encoding", name("Identity-H")),
        ("DescendantFonts", Object::Array(vec![letters.into()])),
        ("ToUnicode", unicode.into()),
    ]))
}

/// ISO 32000-1, 9.8.
fn descriptor(fonts: &Fonts, cut: Cut, base: Object, file: ObjectId) -> Dictionary {
    let face = fonts.face(cut);
    let em = i64::from(face.units_per_em()).max(1);
    let scaled = |units: i16| Object::Integer(i64::from(units) * 1000 / em);
    let bounds = face.global_bounding_box();
    let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(scaled);
    let height = face.capital_height().unwrap_or(face.ascender());
    dict([
        ("Type", name("FontDescriptor")),
        ("FontName", base),
        ("Flags", if cut == Cut::Italic { FLAGS | ITALIC } else { FLAGS }.into()),
        ("FontBBox", Object::Array(bounds.to_vec())),
        ("ItalicAngle", Object::Real(face.italic_angle())),
        ("Ascent", scaled(face.ascender())),
        ("Descent", scaled(face.descender())),
        ("CapHeight", scaled(height)),
        ("StemV", if cut == Cut::Bold { STEM.1 } else { STEM.0 }.into()),
        ("FontFile2", file.into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization as _;

    /// Every letter of Vietnamese stands in every copy, and each of the signs that do has a glyph in each cut.
    #[test]
    fn everyday_signs_have_glyphs_and_are_all_of_vietnamese() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        let signs = &*EVERYDAY_SIGNS;
        for cut in Cut::ALL {
            let missing: Vec<_> = signs.iter().filter(|sign| fonts.face(cut).glyph_index(**sign).is_none()).collect();
            assert!(missing.is_empty(), "{cut:?}: {missing:?}");
        }
        for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY".chars() {
            for mark in ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"] {
                assert!(format!("{base}{mark}").nfc().all(is_everyday), "{base}{mark}");
            }
        }
        assert!("Đđ0123456789–“”₫".chars().all(is_everyday));
        assert!(!['☃', '漢', 'Ж', '\u{202e}', '\u{ad}', '\n'].into_iter().any(is_everyday));
    }

    #[test]
    fn ranges_stay_within_one_octet() {
        let map = to_unicode(&[0x41, 0x42, 0xff, 0x100, 0x1ea0]);
        assert!(
            map.contains("4 beginbfrange\n<0041> <0042> <0041>\n<00FF> <00FF> <00FF>\n<0100> <0100> <0100>\n<1EA0>")
        );
    }

    /// The path of a glyph, point by point.
    #[derive(Debug, Default, PartialEq)]
    struct Path(Vec<(char, [f32; 6])>);

    impl ttf_parser::OutlineBuilder for Path {
        fn move_to(&mut self, x: f32, y: f32) {
            self.0.push(('m', [x, y, 0.0, 0.0, 0.0, 0.0]));
        }
        fn line_to(&mut self, x: f32, y: f32) {
            self.0.push(('l', [x, y, 0.0, 0.0, 0.0, 0.0]));
        }
        fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
            self.0.push(('q', [x1, y1, x, y, 0.0, 0.0]));
        }
        fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
            self.0.push(('c', [x1, y1, x2, y2, x, y]));
        }
        fn close(&mut self) {
            self.0.push(('h', [0.0; 6]));
        }
    }

    fn path(face: &ttf_parser::Face<'_>, glyph: ttf_parser::GlyphId) -> Path {
        let mut path = Path::default();
        face.outline_glyph(glyph, &mut path);
        path
    }

    /// The widths of /W by number (ISO 32000-1, 9.7.4.3).
    fn widths(array: &[Object]) -> std::collections::BTreeMap<u32, i64> {
        let runs = array.chunks(2).flat_map(|run| {
            let first = u32::try_from(run[0].as_i64().expect("a number")).expect("a number");
            let wide = run[1].as_array().expect("a run").iter().map(|width| width.as_i64().expect("a width"));
            wide.zip(first..).map(|(width, number)| (number, width)).collect::<Vec<_>>()
        });
        runs.collect()
    }

    /// What stands in a file is found again by its number: the very path of the typeface, as wide in /W as in the program and as it is measured.
    #[test]
    fn numbers_lead_to_glyphs() {
        let fonts = Fonts::get().expect("vendored typefaces load");
        for (cut, signs) in Cut::ALL.into_iter().flat_map(|cut| {
            [EVERYDAY_SIGNS.clone(), BTreeSet::from(['A', 'B', 'ệ', 'ữ', 'Ж'])].map(|signs| (cut, signs))
        }) {
            let mut target = Document::with_version("1.7");
            let id = embed(&mut target, fonts, cut, &signs).expect("a typeface");
            let get = |from: &Dictionary, key: &[u8]| from.get_deref(key, &target).expect("an entry").clone();
            let font = target.get_dictionary(id).expect("a font");
            let below = get(font, b"DescendantFonts").as_array().expect("one")[0].as_reference().expect("a reference");
            let letters = target.get_dictionary(below).expect("a font");
            let map = get(letters, b"CIDToGIDMap").as_stream().expect("a map").decompressed_content();
            let map = map.expect("deflated");
            let glyph = |sign: char| u16::from_be_bytes([map[2 * sign as usize], map[2 * sign as usize + 1]]);
            let widths = widths(get(letters, b"W").as_array().expect("widths"));
            assert!(widths.keys().copied().eq(signs.iter().map(|sign| *sign as u32)), "{cut:?}: /W is of other signs");
            let part = get(letters, b"FontDescriptor").as_dict().expect("a descriptor").clone();
            let part = get(&part, b"FontFile2").as_stream().expect("a file").decompressed_content().expect("deflated");
            let part = ttf_parser::Face::parse(&part, 0).expect("a typeface");
            let whole = fonts.face(cut);
            for sign in &signs {
                let here = ttf_parser::GlyphId(glyph(*sign));
                let there = whole.glyph_index(*sign).expect("a glyph");
                assert_ne!(here.0, 0, "{cut:?} {sign:?}");
                assert_eq!(path(&part, here), path(whole, there), "{cut:?} {sign:?}");
                assert_eq!(part.glyph_hor_advance(here), whole.glyph_hor_advance(there), "{cut:?} {sign:?}");
                let width = i64::from(fonts.advance(cut, *sign));
                assert_eq!(widths.get(&(*sign as u32)), Some(&width), "{cut:?} {sign:?}");
                assert!(path(&part, here) != Path::default() || *sign == ' ', "{cut:?} {sign:?} is drawn as nothing");
            }
            let other = ('!'..='~').find(|sign| !signs.contains(sign));
            assert!(other.is_none_or(|sign| glyph(sign) == 0), "{cut:?}: what is not in the part leads nowhere");
        }
    }
}
