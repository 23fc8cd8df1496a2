//! Puts the base document together: pages from scans, the wording, the marks. Writing it down is [`crate::write`]'s work.
//!
//! Does not sign, and does not decide about rights: it places what it is given.

use image::DynamicImage;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::block::{self, A4, AddedPage, BLOCK_WIDTH, Block, Clean, Overlay, added_page, layout};
use crate::canvas::{Signs, typefaces};
use crate::copy::Copier;
use crate::free::{InkMap, ink_map};
use crate::paper::paper;
use crate::picture::{Coded, Picture, kind, pictures};
use crate::template::template;
use crate::text::Fonts;
use crate::write::{self, Fields};
use crate::{BLOCK_MIN, Base, BaseSpec, Kind, MAX_BYTES, MAX_PAGES, PlacedAt, Placement, Rect, Unusable};
use crate::{guard, moment, page_image, pdf_in, pdfa, program};

/// The most bytes that a base may have: pictures that PDF cannot hold as they came may grow, and signatures and evidence still come.
const MAX_BASE: usize = MAX_BYTES + (16 << 20);

/// A page of the target: its size, what is drawn on it and how.
pub(crate) struct Sheet {
    pub(crate) size: (f32, f32),
    pub(crate) body: Option<(ObjectId, [f32; 6])>,
}

/// A picture that may be measured for free space.
struct Measure {
    page: u32,
    image: DynamicImage,
    matrix: [f32; 6],
}

/// All pages of all scans in the target, and the measure of the page where the wording may go.
struct Gathered {
    target: Document,
    sheets: Vec<Sheet>,
    measure: Option<Measure>,
}

/// Makes the base document: the scans' pages rebuilt clean, the wording in place, two empty signature fields (R35, R37, R38).
///
/// # Errors
/// The reason, with the API's code.
pub fn base(spec: &BaseSpec<'_>) -> Result<Base, Unusable> {
    guard::whole(|| composed(spec))
}

fn composed(spec: &BaseSpec<'_>) -> Result<Base, Unusable> {
    let created = moment::read(&spec.created)?;
    let fonts = Fonts::get()?;
    let text = Clean::new(fonts, &spec.wording, template(&spec.wording.template_id, created.day)?)?;
    let Gathered { mut target, mut sheets, measure } = gather(&spec.scans, &spec.placement, true)?;
    let bodies = sheets.iter().filter_map(|sheet| sheet.body.map(|(id, _)| id));
    let not_archival = pdfa::obstacle(&target, bodies);
    let placed = settle(fonts, &text, &spec.placement, &sheets, measure.as_ref())?;
    let (overlay, corner) = match &placed.what {
        What::Block(block) => (Overlay::OnScan(block), (placed.at.x, placed.at.y + placed.at.h)),
        What::Added(added) => {
            sheets.push(Sheet { size: A4, body: None });
            (Overlay::OnAdded(added), (placed.at.x, placed.at.y + placed.at.h))
        }
    };
    let wording = block::overlay(&overlay);
    let mark = spec.sandbox_mark.then(|| block::mark(fonts));
    let mut signs = Signs::default();
    [Some(&wording), mark.as_ref()].into_iter().flatten().for_each(|canvas| canvas.tell(&mut signs));
    // Before the pages: whoever signs reads from there to the end.
    let typefaces = typefaces(&mut target, fonts, &program::with_everyday(signs))?;
    let wording = wording.form(&mut target, &typefaces);
    let mark = mark.map(|mark| (mark.form(&mut target, &typefaces), block::mark_size(fonts)));
    let block = placed.what.block();
    let fields = Fields { page: placed.at.page, leader: up(corner, block.leader), seal: up(corner, block.seal) };
    let overlay_at = if placed.at.added_page { (0.0, 0.0) } else { (placed.at.x, placed.at.y) };
    let finish = write::Finish {
        sheets: &sheets,
        wording: (placed.at.page, wording, overlay_at),
        mark,
        typefaces: &typefaces,
        fields: &fields,
        title: &text.document,
        unit: &text.unit,
        leader: &text.leader,
        place: text.place.as_deref(),
        created: &created,
        archival: not_archival.is_none(),
        document_id: spec.document_id,
    };
    let pdf = write::finish(target, &finish)?;
    if pdf.len() > MAX_BASE {
        return Err(Unusable::TooLarge);
    }
    let pages = u32::try_from(sheets.len()).unwrap_or(u32::MAX);
    let (leader_rect, seal_rect) = (fields.leader, fields.seal);
    Ok(Base { pdf, pages, placement: placed.at, not_archival, leader_rect, seal_rect })
}

/// Where the wording would go, without making the document (api.md row 33).
///
/// # Errors
/// As [`base`].
pub fn place(spec: &BaseSpec<'_>) -> Result<PlacedAt, Unusable> {
    guard::whole(|| placed(spec))
}

fn placed(spec: &BaseSpec<'_>) -> Result<PlacedAt, Unusable> {
    let created = moment::read(&spec.created)?;
    let fonts = Fonts::get()?;
    let text = Clean::new(fonts, &spec.wording, template(&spec.wording.template_id, created.day)?)?;
    let gathered = gather(&spec.scans, &spec.placement, false)?;
    Ok(settle(fonts, &text, &spec.placement, &gathered.sheets, gathered.measure.as_ref())?.at)
}

enum What {
    Block(Block),
    Added(AddedPage),
}

impl What {
    fn block(&self) -> &Block {
        match self {
            Self::Block(block) => block,
            Self::Added(added) => &added.block,
        }
    }
}

struct Placed {
    at: PlacedAt,
    what: What,
}

/// A rectangle of the block (y downwards from its corner) on the page (y upwards).
fn up(corner: (f32, f32), (x, y, w, h): (f32, f32, f32, f32)) -> Rect {
    let round = |value: f32| (value * 100.0).round() / 100.0;
    Rect { x: round(corner.0 + x), y: round(corner.1 - y - h), w: round(w), h: round(h) }
}

fn count(sheets: &[Sheet]) -> u32 {
    u32::try_from(sheets.len()).unwrap_or(u32::MAX)
}

fn settle(
    fonts: &Fonts,
    text: &Clean,
    placement: &Placement,
    sheets: &[Sheet],
    measure: Option<&Measure>,
) -> Result<Placed, Unusable> {
    let pages = count(sheets);
    match *placement {
        Placement::Auto => {
            let ink = sheets.last().and_then(|sheet| ink_of(sheet, pages, measure));
            if let Some((rect, block)) = ink.and_then(|ink| free_place(fonts, text, &ink)) {
                return Ok(Placed { at: at(pages, rect, false), what: What::Block(block) });
            }
            add(fonts, text, pages)
        }
        Placement::At { page, .. } if page == pages.saturating_add(1) => add(fonts, text, pages),
        Placement::At { page, x, y, w, h } => {
            let index =
                usize::try_from(page).ok().and_then(|page| page.checked_sub(1)).ok_or(Unusable::PlacementOutside)?;
            let sheet = sheets.get(index).ok_or(Unusable::PlacementOutside)?;
            let numbers = [x, y, w, h].iter().all(|number| number.is_finite() && *number >= 0.0);
            if !numbers || w < BLOCK_MIN.0 || x + w > sheet.size.0 || y + h > sheet.size.1 {
                return Err(Unusable::PlacementOutside);
            }
            let block = layout(fonts, text, w)?;
            if block.size.1 > h {
                return Err(Unusable::PlacementOutside);
            }
            let rect = Rect { x, y: y + h - block.size.1, w, h: block.size.1 };
            let free = ink_of(sheet, page, measure).is_some_and(|ink| ink.rect_is_free(rect));
            if !free {
                return Err(Unusable::PlacementCoversContent);
            }
            Ok(Placed { at: at(page, rect, false), what: What::Block(block) })
        }
    }
}

fn at(page: u32, rect: Rect, added_page: bool) -> PlacedAt {
    PlacedAt { page, x: rect.x, y: rect.y, w: rect.w, h: rect.h, added_page }
}

fn add(fonts: &Fonts, text: &Clean, pages: u32) -> Result<Placed, Unusable> {
    let added = added_page(fonts, text)?;
    let (w, h) = added.block.size;
    let rect = Rect { x: added.at.0, y: A4.1 - added.at.1 - h, w, h };
    Ok(Placed { at: at(pages.saturating_add(1), rect, true), what: What::Added(added) })
}

fn ink_of(sheet: &Sheet, page: u32, measure: Option<&Measure>) -> Option<InkMap> {
    let measure = measure.filter(|measure| measure.page == page)?;
    ink_map(&measure.image, measure.matrix, sheet.size)
}

/// The widest block that finds a free place.
fn free_place(fonts: &Fonts, text: &Clean, ink: &InkMap) -> Option<(Rect, Block)> {
    [BLOCK_WIDTH, 440.0, BLOCK_MIN.0].into_iter().find_map(|width| {
        let block = layout(fonts, text, width).ok()?;
        Some((ink.find(block.size)?, block))
    })
}

/// Reads all scans into one target document. Without `keep` only sizes and the measure are gathered.
fn gather(scans: &[&[u8]], placement: &Placement, keep: bool) -> Result<Gathered, Unusable> {
    let mut all = Gathered { target: Document::with_version("1.7"), sheets: Vec::new(), measure: None };
    if scans.is_empty() {
        return Err(Unusable::Empty);
    }
    if scans.iter().any(|bytes| bytes.is_empty()) {
        return Err(Unusable::Empty);
    }
    // Of one document: what its copy may weigh does not grow with the number of files.
    if scans.iter().map(|bytes| bytes.len()).sum::<usize>() > MAX_BYTES {
        return Err(Unusable::TooLarge);
    }
    let mut candidate = None;
    for (index, bytes) in scans.iter().enumerate() {
        let wanted = |page: u32| match placement {
            Placement::Auto => index + 1 == scans.len(),
            Placement::At { page: chosen, .. } => page == *chosen,
        };
        let kind = kind(bytes).ok_or(Unusable::TypeNotAccepted)?;
        guard::guarded(guard::lost(kind), || match kind {
            Kind::Pdf => pdf_pages(&mut all, bytes, &wanted, keep),
            image => {
                let before = count(&all.sheets);
                // Without `keep` a page is decoded to be measured only.
                let decoded = |page: u32, pages: u32| {
                    keep || match placement {
                        Placement::Auto => index + 1 == scans.len() && page == pages,
                        Placement::At { .. } => wanted(before.saturating_add(page)),
                    }
                };
                pictures(bytes, image, &decoded, &mut |picture| {
                    picture_page(&mut all, picture, &wanted, &mut candidate, keep)
                })
            }
        })?;
    }
    if let Some((page, picture, matrix)) = candidate {
        let image = guard::guarded(Unusable::ImageBroken("the decoder gave up".into()), || picture.pixels())?;
        all.measure = Some(Measure { page, image, matrix });
    }
    Ok(all)
}

fn next_page(all: &Gathered) -> Result<u32, Unusable> {
    let found = count(&all.sheets).saturating_add(1);
    if found > MAX_PAGES { Err(Unusable::TooManyPages { found, limit: MAX_PAGES }) } else { Ok(found) }
}

type Candidate = Option<(u32, Picture, [f32; 6])>;

fn picture_page(
    all: &mut Gathered,
    picture: Picture,
    wanted: &dyn Fn(u32) -> bool,
    candidate: &mut Candidate,
    keep: bool,
) -> Result<(), Unusable> {
    let page = next_page(all)?;
    let paper = paper(&picture);
    let matrix = picture.matrix(paper.image);
    if wanted(page) {
        *candidate = Some((page, picture.clone(), matrix));
    }
    let body = if keep { Some((image_object(&mut all.target, picture), matrix)) } else { None };
    all.sheets.push(Sheet { size: paper.size, body });
    Ok(())
}

fn pdf_pages(all: &mut Gathered, bytes: &[u8], wanted: &dyn Fn(u32) -> bool, keep: bool) -> Result<(), Unusable> {
    let scan = pdf_in::open(bytes)?;
    let mut measured = None;
    for page in &scan.pages {
        let number = next_page(all)?;
        if wanted(number) {
            measured = Some((number, page));
        }
        all.sheets.push(Sheet { size: page.shown(), body: None });
    }
    if let Some((number, page)) = measured
        && let Some(image) = page_image::drawn(&scan, page).and_then(page_image::Drawn::only)
        && let Some(pixels) = image.decoded(&scan.doc)
    {
        all.measure = Some(Measure { page: number, image: pixels, matrix: image.on_page(page) });
    }
    if !keep {
        return Ok(());
    }
    let first = all.sheets.len().saturating_sub(scan.pages.len());
    let mut copier = Copier::new(&scan.doc, &mut all.target);
    for (sheet, page) in all.sheets.iter_mut().skip(first).zip(&scan.pages) {
        sheet.body = Some((copier.page_as_form(page)?, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]));
    }
    Ok(())
}

/// The image XObject of a picture (ISO 32000-1, 8.9.5).
fn image_object(target: &mut Document, picture: Picture) -> ObjectId {
    let mut dict = Dictionary::new();
    let name = |text: &str| Object::Name(text.as_bytes().to_vec());
    dict.set("Type", name("XObject"));
    dict.set("Subtype", name("Image"));
    dict.set("Width", i64::from(picture.width));
    dict.set("Height", i64::from(picture.height));
    let mut space = |components: u8| colour_space(target, picture.icc.as_deref(), components);
    let (space, bits, filter, data) = match picture.coded {
        Coded::Jpeg { data, components, direct } => {
            if direct {
                dict.set("DecodeParms", write::dict([("ColorTransform", 0_i64.into())]));
            }
            (space(components), 8, "DCTDecode", data)
        }
        Coded::Png { data, colours, bits, palette } => {
            dict.set(
                "DecodeParms",
                write::dict([
                    ("Predictor", 15_i64.into()),
                    ("Colors", i64::from(colours).into()),
                    ("BitsPerComponent", i64::from(bits).into()),
                    ("Columns", i64::from(picture.width).into()),
                ]),
            );
            let space = match palette {
                Some(palette) => indexed(space(3), palette),
                None => space(colours),
            };
            (space, bits, "FlateDecode", data)
        }
        Coded::Bits { packed } => (name("DeviceGray"), 1, "FlateDecode", write::deflate(&packed)),
    };
    dict.set("ColorSpace", space);
    dict.set("BitsPerComponent", i64::from(bits));
    dict.set("Filter", name(filter));
    target.add_object(Stream::new(dict, data).with_compression(false))
}

/// Grey or RGB: as the profile says, else the device's (ISO 32000-1, 8.6.4 and 8.6.5.5).
fn colour_space(target: &mut Document, icc: Option<&[u8]>, components: u8) -> Object {
    let device = Object::Name(if components == 1 { b"DeviceGray".to_vec() } else { b"DeviceRGB".to_vec() });
    let Some(icc) = icc else { return device };
    let dict = write::dict([
        ("N", i64::from(components).into()),
        ("Alternate", device),
        ("Filter", Object::Name(b"FlateDecode".to_vec())),
    ]);
    let profile = target.add_object(Stream::new(dict, write::deflate(icc)).with_compression(false));
    Object::Array(vec![Object::Name(b"ICCBased".to_vec()), profile.into()])
}

fn indexed(space: Object, palette: Vec<u8>) -> Object {
    let last = i64::try_from(palette.len() / 3).unwrap_or(1).saturating_sub(1);
    Object::Array(vec![
        Object::Name(b"Indexed".to_vec()),
        space,
        Object::Integer(last),
        Object::String(palette, lopdf::StringFormat::Hexadecimal),
    ])
}
