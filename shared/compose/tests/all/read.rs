//! Reads composed files back, by another library than wrote the judge, and looks at single dots of their pages.

use std::path::{Path, PathBuf};

use compose::{Base, BaseSpec, Placement, Unusable, Wording};
use image::DynamicImage;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

/// A file of the project.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

pub(crate) fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn wording() -> Wording {
    Wording {
        template_id: "default".into(),
        unit_name: "ỦY BAN NHÂN DÂN XÃ THỬ NGHIỆM".into(),
        place: "Thử Nghiệm".into(),
        leader_title_line: "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH".into(),
        leader_name: "Nguyễn Văn Mẫu".into(),
        document_title: "Giấy chứng nhận mẫu số 000123".into(),
        document_pages: 1,
        room: compose::Room::default(),
    }
}

pub(crate) fn spec<'a>(scans: Vec<&'a [u8]>, placement: Placement) -> BaseSpec<'a> {
    BaseSpec {
        scans,
        wording: wording(),
        placement,
        sandbox_mark: true,
        created: "2026-11-25T09:30:00+07:00".into(),
        document_id: [7; 16],
    }
}

pub(crate) fn base(scan: &[u8]) -> Result<Base, Unusable> {
    compose::base(&spec(vec![scan], Placement::Auto))
}

/// A matrix of ISO 32000-1, 8.3.4.
type Matrix = [f32; 6];

/// A composed page.
pub(crate) struct Page {
    pub(crate) size: (f32, f32),
    /// Drawn XObjects by name, with their matrix.
    drawn: Vec<(Vec<u8>, Matrix)>,
    objects: Dictionary,
}

pub(crate) struct Read {
    pub(crate) doc: Document,
    pub(crate) pages: Vec<Page>,
}

fn numbers(values: &[Object]) -> Vec<f32> {
    values.iter().filter_map(|value| value.as_float().ok()).collect()
}

pub(crate) fn read(pdf: &[u8]) -> Read {
    let doc = Document::load_mem(pdf).expect("a PDF");
    let pages = doc.get_pages().values().map(|id| page(&doc, *id)).collect();
    Read { doc, pages }
}

fn page(doc: &Document, id: ObjectId) -> Page {
    let dict = doc.get_dictionary(id).expect("a page");
    let media = numbers(dict.get(b"MediaBox").and_then(Object::as_array).expect("a media box"));
    assert_eq!(media[..2], [0.0, 0.0], "every page begins at the origin");
    assert!(dict.get(b"Rotate").is_err() && dict.get(b"UserUnit").is_err(), "every page stands upright as it is");
    let resources = dict.get(b"Resources").and_then(Object::as_dict).expect("resources");
    let objects = resources.get(b"XObject").and_then(Object::as_dict).expect("XObjects").clone();
    let content = doc.get_and_decode_page_content(id).expect("content");
    let (mut drawn, mut matrix) = (Vec::new(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    for operation in &content.operations {
        match operation.operator.as_str() {
            "cm" => matrix = numbers(&operation.operands).try_into().expect("six numbers"),
            "Do" => drawn.push((operation.operands[0].as_name().expect("a name").to_vec(), matrix)),
            _ => {}
        }
    }
    Page { size: (media[2], media[3]), drawn, objects }
}

impl Read {
    /// The stream drawn under a name on a page, and its matrix.
    pub(crate) fn drawn(&self, page: usize, name: &str) -> (&Stream, Matrix) {
        let page = &self.pages[page];
        let (_, matrix) = page.drawn.iter().find(|(drawn, _)| drawn == name.as_bytes()).expect("it is drawn");
        let object = page.objects.get_deref(name.as_bytes(), &self.doc).and_then(Object::as_stream).expect("a stream");
        (object, *matrix)
    }

    /// The darkest channel, 0 to 255, of the scan at a place given in parts of the page from its upper left corner.
    pub(crate) fn tone(&self, page: usize, (right, down): (f32, f32)) -> u8 {
        let (w, h) = self.pages[page].size;
        let (mut stream, matrix) = self.drawn(page, "Scan");
        let mut place = back(matrix, (right * w, h - down * h));
        // A PDF's page is a form that draws the picture.
        while stream.dict.get(b"Subtype").and_then(Object::as_name).expect("a subtype") == b"Form" {
            let matrix = stream.dict.get(b"Matrix").and_then(Object::as_array).map(|m| numbers(m)).unwrap_or_default();
            place = back(matrix.try_into().unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), place);
            let content =
                lopdf::content::Content::decode(&stream.get_plain_content().expect("content")).expect("operators");
            let moved = content.operations.iter().find(|operation| operation.operator == "cm").expect("a matrix");
            place = back(numbers(&moved.operands).try_into().expect("six numbers"), place);
            let name = content.operations.iter().find(|operation| operation.operator == "Do").expect("a picture");
            let resources =
                stream.dict.get_deref(b"Resources", &self.doc).and_then(Object::as_dict).expect("resources");
            let objects = resources.get_deref(b"XObject", &self.doc).and_then(Object::as_dict).expect("XObjects");
            let name = name.operands[0].as_name().expect("a name");
            stream = objects.get_deref(name, &self.doc).and_then(Object::as_stream).expect("a picture");
        }
        dot(&self.doc, stream, place)
    }
}

/// Undoes a matrix.
fn back([a, b, c, d, e, f]: Matrix, (x, y): (f32, f32)) -> (f32, f32) {
    let determinant = a * d - b * c;
    let (x, y) = (x - e, y - f);
    ((d * x - c * y) / determinant, (a * y - b * x) / determinant)
}

/// The darkest channel of an image XObject at a place of its unit square.
fn dot(doc: &Document, stream: &Stream, (u, v): (f32, f32)) -> u8 {
    let side = |key: &[u8]| stream.dict.get(key).and_then(Object::as_i64).expect("a size") as u32;
    let (width, height) = (side(b"Width"), side(b"Height"));
    let (x, y) = ((u * width as f32) as u32, ((1.0 - v) * height as f32) as u32);
    assert!(x < width && y < height, "the place lies in the picture: {u} {v}");
    if stream.filters().expect("filters") == [b"DCTDecode"] {
        let picture = image::load_from_memory(&stream.content).expect("a JPEG");
        assert_eq!((picture.width(), picture.height()), (width, height));
        return darkest(&picture, x, y);
    }
    let data = stream.decompressed_content().expect("samples");
    let bits = side(b"BitsPerComponent") as usize;
    let space = stream.dict.get(b"ColorSpace").expect("a colour space");
    let palette =
        space.as_array().ok().map(|parts| doc.dereference(&parts[3]).expect("a palette").1.as_str().expect("bytes"));
    let channels = if space.as_name().is_ok_and(|name| name == b"DeviceRGB") { 3 } else { 1 };
    let stride = (width as usize * channels * bits).div_ceil(8);
    let sample = |channel: usize| {
        let at = (x as usize * channels + channel) * bits;
        let byte = data[y as usize * stride + at / 8];
        let value = (byte >> (8 - bits - at % 8)) as usize & ((1 << bits) - 1);
        match palette {
            Some(palette) => *palette[value * 3..value * 3 + 3].iter().min().expect("three"),
            None => (value * 255 / ((1 << bits) - 1)) as u8,
        }
    };
    (0..channels).map(sample).min().expect("a channel")
}

fn darkest(picture: &DynamicImage, x: u32, y: u32) -> u8 {
    picture.to_rgb8().get_pixel(x, y).0.into_iter().min().expect("three channels")
}
