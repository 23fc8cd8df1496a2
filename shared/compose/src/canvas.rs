//! A content stream that is being written (ISO 32000-1, 8 and 9): lines of text, rules, grounds, a QR code, a picture; y downwards.
//!
//! Knows nothing of files: what was drawn becomes a form of a new file ([`Canvas::form`]) or of a revision behind one ([`crate::Appearance`]).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use image::RgbaImage;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::Unusable;
use crate::appearance::{Appearance, Pixels};
use crate::copy::reals;
use crate::program;
use crate::text::{Cut, Fonts, Ink, is_everyday};
use crate::write::{deflate, dict, name, short};

/// What the resources call the only picture.
const PICTURE: &str = "Picture";

/// Which signs are drawn with each cut.
pub(crate) type Signs = [BTreeSet<char>; 3];

/// One line of text: where its baseline starts, y downwards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) cut: Cut,
    pub(crate) size: f32,
    pub(crate) ink: Ink,
    pub(crate) text: String,
}

/// A place `(x, y, w, h)`, y downwards.
pub(crate) type Down = (f32, f32, f32, f32);

pub(crate) struct Canvas {
    size: (f32, f32),
    origin: (f32, f32),
    content: String,
    signs: Signs,
    picture: Option<RgbaImage>,
}

impl Canvas {
    pub(crate) fn new(size: (f32, f32)) -> Self {
        Canvas { size, origin: (0.0, 0.0), content: String::new(), signs: Signs::default(), picture: None }
    }

    /// From now on everything lies this much further right and down than it says.
    pub(crate) fn from(&mut self, origin: (f32, f32)) {
        self.origin = origin;
    }

    /// As the page counts: y upwards.
    fn at(&self, (x, y): (f32, f32)) -> (String, String) {
        (short(self.origin.0 + x), short(self.size.1 - self.origin.1 - y))
    }

    /// Writing into a string cannot fail.
    fn write(&mut self, operators: std::fmt::Arguments<'_>) {
        let _ = self.content.write_fmt(operators);
    }

    /// Sets one line. The sign itself is its number in our typefaces, in two octets; [`Fonts`] lets no other be set.
    pub(crate) fn text(&mut self, line: &Line) {
        let (ink, size, (x, y)) = (inked(line.ink), short(line.size), self.at((line.x, line.y)));
        self.write(format_args!("BT {ink} rg /{} {size} Tf {x} {y} Td <", line.cut.resource()));
        for sign in line.text.chars() {
            self.write(format_args!("{:04x}", u32::from(sign)));
        }
        self.content.push_str("> Tj ET\n");
        let [regular, bold, italic] = &mut self.signs;
        let signs = match line.cut {
            Cut::Regular => regular,
            Cut::Bold => bold,
            Cut::Italic => italic,
        };
        signs.extend(line.text.chars());
    }

    /// Draws a straight rule.
    pub(crate) fn rule(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) {
        let (ink, width, (x, y), (right, down)) = (inked(ink), short(width), self.at(from), self.at(to));
        self.write(format_args!("{ink} RG {width} w {x} {y} m {right} {down} l S\n"));
    }

    /// Draws a frame whose line lies inside the given place.
    pub(crate) fn frame(&mut self, (x, y, w, h): Down, width: f32, ink: Ink) {
        let inset = width / 2.0;
        let place = self.rectangle((x + inset, y + inset, w - width, h - width));
        self.write(format_args!("{} RG {} w {place} re S\n", inked(ink), short(width)));
    }

    /// Fills a place.
    pub(crate) fn ground(&mut self, place: Down, ink: Ink) {
        let place = self.rectangle(place);
        self.write(format_args!("{} rg {place} re f\n", inked(ink)));
    }

    fn rectangle(&self, (x, y, w, h): Down) -> String {
        let (left, bottom) = self.at((x, y + h));
        format!("{left} {bottom} {} {}", short(w), short(h))
    }

    /// Draws square modules, row by row from above, as one path whose corner is at `(x, y)`.
    pub(crate) fn modules(&mut self, rows: &[Vec<bool>], (x, y): (f32, f32), side: f32, ink: Ink) {
        let step = side / (rows.len() as f32).max(1.0);
        let (left, bottom) = self.at((x, y + side));
        self.write(format_args!("q {} rg {step:.6} 0 0 {step:.6} {left} {bottom} cm\n", inked(ink)));
        for (row, cells) in rows.iter().rev().enumerate() {
            let mut column = 0;
            for run in cells.chunk_by(|a, b| a == b) {
                if run.first() == Some(&true) {
                    self.write(format_args!("{column} {row} {} 1 re\n", run.len()));
                }
                column += run.len();
            }
        }
        self.content.push_str("f Q\n");
    }

    /// Draws a picture over the whole of a place; one a canvas.
    pub(crate) fn picture(&mut self, pixels: RgbaImage, (x, y, w, h): Down) {
        let (left, bottom) = self.at((x, y + h));
        self.write(format_args!("q {} 0 0 {} {left} {bottom} cm /{PICTURE} Do Q\n", short(w), short(h)));
        self.picture = Some(pixels);
    }

    /// Adds the signs that were drawn to others.
    pub(crate) fn tell(&self, signs: &mut Signs) {
        signs.iter_mut().zip(&self.signs).for_each(|(all, own)| all.extend(own));
    }

    fn cuts(&self) -> impl Iterator<Item = Cut> {
        Cut::ALL.into_iter().filter(|cut| !cut.of(&self.signs).is_empty())
    }

    fn resources(&self, typefaces: &[ObjectId; 3]) -> Object {
        let mut fonts = Dictionary::new();
        self.cuts().for_each(|cut| fonts.set(cut.resource(), *cut.of(typefaces)));
        Object::Dictionary(dict([("Font", Object::Dictionary(fonts))]))
    }

    /// A form of a new file, with the typefaces that stand there.
    pub(crate) fn form(self, target: &mut Document, typefaces: &[ObjectId; 3]) -> ObjectId {
        let form = dict([
            ("Type", name("XObject")),
            ("Subtype", name("Form")),
            ("BBox", reals(&[0.0, 0.0, self.size.0, self.size.1])),
            ("Resources", self.resources(typefaces)),
            ("Filter", name("FlateDecode")),
        ]);
        target.add_object(Stream::new(form, deflate(self.content.as_bytes())).with_compression(false))
    }

    /// A page of a new file, with the typefaces that stand there.
    pub(crate) fn page(self, target: &mut Document, tree: ObjectId, typefaces: &[ObjectId; 3]) -> ObjectId {
        let content = Stream::new(dict([("Filter", name("FlateDecode"))]), deflate(self.content.as_bytes()));
        let content = target.add_object(content.with_compression(false));
        target.add_object(dict([
            ("Type", name("Page")),
            ("Parent", tree.into()),
            ("MediaBox", reals(&[0.0, 0.0, self.size.0, self.size.1])),
            ("Resources", self.resources(typefaces)),
            ("Contents", content.into()),
        ]))
    }

    /// What a revision draws.
    ///
    /// # Errors
    /// [`Unusable::TextUnusable`] when a sign is set that does not stand in every copy.
    pub(crate) fn appearance(self) -> Result<Appearance, Unusable> {
        if !self.signs.iter().flatten().copied().all(is_everyday) {
            return Err(Unusable::TextUnusable("appearance".into()));
        }
        let typefaces = self.cuts().map(Cut::resource).collect();
        let picture = self.picture.map(|pixels| Pixels {
            name: PICTURE,
            width: pixels.width(),
            height: pixels.height(),
            rgb: pixels.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
            alpha: pixels.pixels().map(|pixel| pixel[3]).collect(),
        });
        Ok(Appearance { size: self.size, content: self.content.into_bytes(), typefaces, picture })
    }
}

/// Puts the typefaces with these signs into a file.
///
/// # Errors
/// As [`program::embed`].
pub(crate) fn typefaces(target: &mut Document, fonts: &Fonts, signs: &Signs) -> Result<[ObjectId; 3], Unusable> {
    let mut embed = |cut: Cut| program::embed(target, fonts, cut, cut.of(signs));
    Ok([embed(Cut::Regular)?, embed(Cut::Bold)?, embed(Cut::Italic)?])
}

/// Three components of DeviceRGB.
fn inked((r, g, b): Ink) -> String {
    let [r, g, b] = [r, g, b].map(|part| short(f32::from(part) / 255.0));
    format!("{r} {g} {b}")
}
