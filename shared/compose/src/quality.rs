//! What can be said of a page's picture before an official looks: is there anything on it, does the paper stand askew, are the letters sharp, is
//! there colour.
//!
//! Says only what it is sure of, and changes nothing: whether a blank back or a soft photograph is good enough is for a person to decide.

use image::{DynamicImage, GrayImage};

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Quality {
    pub(crate) blank: bool,
    pub(crate) blurred: bool,
    pub(crate) skewed: bool,
    pub(crate) colour: bool,
}

/// The least pixels per inch at which pages are looked at; of twice as many and more, squares are taken together.
const LOOK_DPI: f32 = 100.0;
/// Side of a square of paper whose tone is taken together, pixels.
const SQUARE: u32 = 32;
/// How much darker than its paper a pixel of ink is.
const INK: u8 = 40;
/// Of ten thousand pixels, as many must be ink on a page that is not blank: a line of text on an A4 page has ten.
const BLANK: usize = 3;
/// The part of each side that is the edge of the scanner's glass or of the desk.
const EDGE: f32 = 0.03;
/// The height of a step from dark to light that counts as an edge.
const STEP: i32 = 60;
/// So many edges tell how sharp a page is.
const EDGES: usize = 400;
/// The width of the middle edge of a page that is not sharp, points: strokes of twelve-point letters are 1.
const SOFT_PT: f32 = 1.9;
/// Angles that are tried, in steps, and the one from which a page stands askew, degrees.
const STEPS_PER_DEGREE: i32 = 4;
const WIDEST: i32 = 10;
const ASKEW: f32 = 2.0;
/// How much better than the others the best angle is on a page with lines of text.
const CLEAR: f64 = 1.6;
/// So many dark pixels are enough to find the angle.
const DARK: usize = 40_000;

/// Looks at a picture that is shown at a resolution; `lying`: its rows run up the page.
pub(crate) fn look(image: &DynamicImage, dpi: f32, lying: bool) -> Quality {
    let step = ((dpi / LOOK_DPI).floor() as u32).max(1);
    let mut grey = reduced(&image.to_luma8(), step);
    if lying {
        grey = image::imageops::rotate90(&grey);
    }
    let ink = ink(&grey);
    let inked = ink.iter().filter(|dark| **dark).count();
    Quality {
        blank: inked * 10_000 < BLANK * ink.len(),
        blurred: edge_width(&grey).is_some_and(|width| width * 72.0 * step as f32 / dpi > SOFT_PT),
        skewed: angle(&ink, grey.width() as usize).is_some_and(|degrees| degrees.abs() >= ASKEW),
        colour: has_colour(image),
    }
}

/// Means of squares of pixels.
fn reduced(grey: &GrayImage, step: u32) -> GrayImage {
    if step == 1 {
        return grey.clone();
    }
    let (wide, high) = ((grey.width() / step).max(1), (grey.height() / step).max(1));
    let wide_in = grey.width() as usize;
    let mut sums = vec![0_u32; wide as usize];
    let mut out = Vec::with_capacity((wide * high) as usize);
    let rows = grey.as_raw().chunks_exact(wide_in * step as usize).take(high as usize);
    for band in rows {
        sums.fill(0);
        for row in band.chunks_exact(wide_in) {
            for (sum, square) in sums.iter_mut().zip(row.chunks_exact(step as usize)) {
                *sum += square.iter().map(|level| u32::from(*level)).sum::<u32>();
            }
        }
        out.extend(sums.iter().map(|sum| (sum / (step * step)) as u8));
    }
    // A picture that is smaller than one square has no rows: it is looked at as it is.
    GrayImage::from_raw(wide, high, out).unwrap_or_else(|| grey.clone())
}

/// Which pixels are darker than the paper around them and have a dark neighbour; the edges of the page count as paper.
fn ink(grey: &GrayImage) -> Vec<bool> {
    let (wide, high) = (grey.width() as usize, grey.height() as usize);
    let across = grey.width().div_ceil(SQUARE) as usize;
    let mut tones = vec![[0_u32; 32]; across * grey.height().div_ceil(SQUARE) as usize];
    let square = |x: usize, y: usize| y / SQUARE as usize * across + x / SQUARE as usize;
    let levels = grey.as_raw();
    for (at, level) in levels.iter().enumerate() {
        if let Some(count) =
            tones.get_mut(square(at % wide, at / wide)).and_then(|tone| tone.get_mut(usize::from(level / 8)))
        {
            *count += 1;
        }
    }
    let papers: Vec<u8> = tones.iter().map(paper).collect();
    let (left, top) = ((wide as f32 * EDGE) as usize, (high as f32 * EDGE) as usize);
    let dark: Vec<bool> = (0..levels.len())
        .map(|at| {
            let (x, y) = (at % wide, at / wide);
            let inside = (left..wide - left).contains(&x) && (top..high - top).contains(&y);
            let paper = papers.get(square(x, y)).copied().unwrap_or(255);
            inside && levels.get(at).is_some_and(|level| *level < paper.saturating_sub(INK))
        })
        .collect();
    let is = |at: usize| dark.get(at).copied().unwrap_or(false);
    (0..dark.len())
        .map(|at| is(at) && (is(at + 1) || is(at + wide) || is(at.wrapping_sub(1)) || is(at.wrapping_sub(wide))))
        .collect()
}

/// The tone that a quarter of a square's pixels reach.
fn paper(tones: &[u32; 32]) -> u8 {
    let total: u32 = tones.iter().sum();
    let mut above = 0;
    for (level, count) in tones.iter().enumerate().rev() {
        above += count;
        if above * 4 >= total && above > 0 {
            return (level * 8 + 4) as u8;
        }
    }
    255
}

/// How many pixels the middle one of the edges along the rows takes; `None` when there are too few of them to say.
fn edge_width(grey: &GrayImage) -> Option<f32> {
    let mut widths = [0_usize; 64];
    for row in grey.as_raw().chunks_exact(grey.width() as usize) {
        rises(row, &mut |height, steepest| {
            let quarters = (4 * height / steepest.max(1)).clamp(0, 63);
            if let Some(count) = widths.get_mut(quarters as usize) {
                *count += 1;
            }
        });
    }
    let edges: usize = widths.iter().sum();
    let mut passed = 0;
    let middle = widths.iter().position(|count| {
        passed += count;
        passed * 2 >= edges
    })?;
    (edges >= EDGES).then_some(middle as f32 / 4.0)
}

/// Every run of a row in one direction, up or down: its height and its steepest step. A little back and forth is grain.
fn rises(row: &[u8], each: &mut dyn FnMut(i32, i32)) {
    let (mut height, mut steepest) = (0_i32, 0_i32);
    let mut tell = |height: i32, steepest: i32| {
        if height.abs() >= STEP {
            each(height.abs(), steepest);
        }
    };
    for pair in row.windows(2) {
        let [before, after] = pair else { continue };
        let step = i32::from(*after) - i32::from(*before);
        if step != 0 && height != 0 && (step > 0) != (height > 0) && step.abs() > 2 {
            tell(height, steepest);
            (height, steepest) = (0, 0);
        }
        height += step;
        steepest = steepest.max(step.abs());
        if step == 0 {
            tell(height, steepest);
            (height, steepest) = (0, 0);
        }
    }
    tell(height, steepest);
}

/// The angle at which the dark pixels fall into lines, degrees; `None` when none is clearly better than the others.
fn angle(ink: &[bool], wide: usize) -> Option<f32> {
    let dark: Vec<usize> = ink.iter().enumerate().filter(|(_, dark)| **dark).map(|(at, _)| at).collect();
    let every = dark.len().div_ceil(DARK).max(1);
    let points: Vec<(f32, f32)> =
        dark.iter().step_by(every).map(|at| ((at % wide) as f32, (at / wide) as f32)).collect();
    if points.len() < 500 {
        return None;
    }
    let high = ink.len() / wide;
    let range = -WIDEST * STEPS_PER_DEGREE..=WIDEST * STEPS_PER_DEGREE;
    let scores: Vec<(i32, f64)> = range.map(|step| (step, lined_up(&points, degrees(step), (wide, high)))).collect();
    let mean = scores.iter().map(|(_, score)| score).sum::<f64>() / scores.len() as f64;
    let (step, best) = scores.into_iter().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (best > CLEAR * mean).then(|| degrees(step))
}

fn degrees(step: i32) -> f32 {
    step as f32 / STEPS_PER_DEGREE as f32
}

/// How unevenly the points fall onto rows that rise by an angle: lines of text with white between them are uneven.
fn lined_up(points: &[(f32, f32)], degrees: f32, (wide, high): (usize, usize)) -> f64 {
    let slope = degrees.to_radians().tan();
    let shift = (wide as f32 * slope.abs()).ceil();
    let mut rows = vec![0_i64; high + 2 * shift as usize + 2];
    for (x, y) in points {
        if let Some(count) = rows.get_mut((y + x * slope + shift) as usize) {
            *count += 1;
        }
    }
    rows.windows(2).map(|pair| pair.iter().copied().reduce(|a, b| a - b).unwrap_or(0)).map(|d| (d * d) as f64).sum()
}

/// Whether more than one pixel in a thousand has a clear hue.
fn has_colour(image: &DynamicImage) -> bool {
    if !image.color().has_color() {
        return false;
    }
    let rgb = image.to_rgb8();
    let hued = rgb.pixels().filter(|pixel| {
        let [r, g, b] = pixel.0;
        r.max(g).max(b) - r.min(g).min(b) > 40
    });
    hued.count().saturating_mul(1000) > (rgb.width() as usize).saturating_mul(rgb.height() as usize)
}
