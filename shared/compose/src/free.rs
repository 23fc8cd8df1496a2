//! Finds free space on a page that is a picture, so that the wording never covers content (R37).
//!
//! Does not recognise anything: a cell with pixels clearly darker or lighter than the paper around it counts as content, so do neighbours with
//! pixels that stand out of the paper's own grain, and so does paper that is much darker than the page's own, or too dark to be written on. When in
//! doubt a place counts as taken: a faint pattern is not told from faint letters.

use image::DynamicImage;

use crate::Rect;

/// Side of a cell, points.
const CELL: f32 = 2.0;
/// Cells in a tile whose paper tone is estimated together (32 points).
const TILE: usize = 16;
/// How much darker or lighter than the paper of its tile a pixel is to count as ink.
const INK: u8 = 34;
/// How much at least to count as faint, where the paper is even: letters of grey 224 on white are 31 darker, the noise of a JPEG on even paper is
/// within 10.
const FAINT: u8 = 14;
/// How often the grain of its tile: of noise as Gauss has it, one pixel in thirty thousand is that far away.
const GRAINS: f32 = 4.0;
/// The most grain that is believed of pixels darker than most.
const MOST_BELOW: f32 = 6.0;
/// How many cells of nine next to each other are faint where something is written: a letter of 6 points has as many, a speck of dust has not.
const FAINT_CELLS: usize = 3;
/// Darker paper is not written on: black, and even the seal's red, have a contrast of 4.5 to 1 and 3 to 1 on it (WCAG 2.2, 1.4.3 and 1.4.11), and
/// the QR code is still read.
const DARKEST: u8 = 148;
/// How much darker than the page's paper a tile's paper may be.
const SHADE: u8 = 56;
/// Free space kept around the block, points.
const CLEAR: f32 = 7.0;
/// The block's least distance from the page's edges, points; on the left the sandbox mark stands.
const EDGE: f32 = 24.0;

/// Which cells of a page have content.
pub(crate) struct InkMap {
    columns: usize,
    rows: usize,
    size: (f32, f32),
    /// Sums over all cells left of and above a corner, one more than cells in each direction.
    sums: Vec<u32>,
}

/// Maps the picture's content onto a page of `size` points; `matrix` puts the unit square of the stored picture on the page.
pub(crate) fn ink_map(image: &DynamicImage, matrix: [f32; 6], size: (f32, f32)) -> Option<InkMap> {
    let columns = cells(size.0)?;
    let rows = cells(size.1)?;
    let levels = darkest_channel(image);
    let places = Places { matrix, size, width: image.width(), height: image.height(), columns, rows };
    let paper = Paper::estimate(&levels, &places);
    let mut counts = vec![Count::default(); columns * rows];
    places.each(|cell, pixel| {
        if let (Some(level), Some(count)) = (levels.get(pixel), counts.get_mut(cell)) {
            count.add(paper.tile(cell, columns), *level);
        }
    });
    let count = |cell: usize| counts.get(cell).copied().unwrap_or_default();
    let faint = |cell: usize| {
        let around = neighbours(cell, columns, rows).filter(|cell| count(*cell).is_faint());
        count(cell).is_faint() && around.count() >= FAINT_CELLS
    };
    let taken =
        |cell: usize| count(cell).is_inked() || count(cell).all > 0 && paper.shaded(cell, columns) || faint(cell);
    Some(InkMap::new(columns, rows, size, taken))
}

/// The pixels of a cell; as many as 65,535 are counted, and more make it look fuller than it is.
#[derive(Clone, Copy, Default)]
struct Count {
    all: u16,
    dark: u16,
    faint: u16,
}

impl Count {
    fn add(&mut self, paper: Tile, level: u8) {
        let off = paper.tone.abs_diff(level);
        self.all = self.all.saturating_add(1);
        self.dark = self.dark.saturating_add(u16::from(off > INK));
        self.faint = self.faint.saturating_add(u16::from(off > paper.faint));
    }

    fn is_inked(self) -> bool {
        self.enough(self.dark)
    }

    fn is_faint(self) -> bool {
        self.enough(self.faint)
    }

    /// One in 25 pixels; of few pixels, one.
    fn enough(self, some: u16) -> bool {
        some > 0 && (self.all < 12 || u32::from(some) * 25 > u32::from(self.all))
    }
}

/// A cell and the up to eight cells around it.
fn neighbours(cell: usize, columns: usize, rows: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (cell / columns.max(1), cell % columns.max(1));
    let near = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
    near(row, rows).flat_map(move |row| near(column, columns).map(move |column| row * columns + column))
}

fn cells(points: f32) -> Option<usize> {
    (CELL..=20_000.0).contains(&points).then(|| (points / CELL).ceil() as usize)
}

/// The darkest of the colour channels of every pixel: yellow ink counts like black ink.
fn darkest_channel(image: &DynamicImage) -> Vec<u8> {
    match image {
        DynamicImage::ImageLuma8(grey) => grey.as_raw().clone(),
        other => other.to_rgb8().pixels().map(|pixel| pixel.0.into_iter().min().unwrap_or(0)).collect(),
    }
}

/// Where each pixel lies on the page.
struct Places {
    matrix: [f32; 6],
    size: (f32, f32),
    width: u32,
    height: u32,
    columns: usize,
    rows: usize,
}

impl Places {
    /// Calls `each(cell, pixel)` for every pixel that lies on the page.
    fn each(&self, mut each: impl FnMut(usize, usize)) {
        let [a, b, c, d, e, f] = self.matrix;
        let mut pixel = 0_usize;
        for row in 0..self.height {
            let v = 1.0 - (row as f32 + 0.5) / self.height as f32;
            for column in 0..self.width {
                let u = (column as f32 + 0.5) / self.width as f32;
                let (x, y) = (a * u + c * v + e, b * u + d * v + f);
                let down = self.size.1 - y;
                if x >= 0.0 && down >= 0.0 {
                    let (across, under) = ((x / CELL) as usize, (down / CELL) as usize);
                    if across < self.columns && under < self.rows {
                        each(under * self.columns + across, pixel);
                    }
                }
                pixel += 1;
            }
        }
    }
}

/// The tone of the paper, per tile and for the page.
struct Paper {
    tiles: Vec<Tile>,
    across: usize,
    page: Tile,
}

/// The paper of a tile.
#[derive(Clone, Copy)]
struct Tile {
    tone: u8,
    /// How far from the tone is more than the paper's grain.
    faint: u8,
}

/// How often each two levels occur.
type Histogram = [u32; 128];

impl Paper {
    fn estimate(levels: &[u8], places: &Places) -> Self {
        let across = places.columns.div_ceil(TILE);
        let down = places.rows.div_ceil(TILE);
        let mut counts = vec![[0_u32; 128]; across * down];
        let mut page = [0_u32; 128];
        places.each(|cell, pixel| {
            let level = levels.get(pixel).copied().unwrap_or(0) / 2;
            let tile = Self::place(cell, places.columns, across);
            for histogram in [counts.get_mut(tile), Some(&mut page)].into_iter().flatten() {
                if let Some(count) = histogram.get_mut(usize::from(level)) {
                    *count += 1;
                }
            }
        });
        Self { tiles: counts.iter().map(Tile::of).collect(), across, page: Tile::of(&page) }
    }

    fn place(cell: usize, columns: usize, across: usize) -> usize {
        let (row, column) = (cell / columns.max(1), cell % columns.max(1));
        row / TILE * across + column / TILE
    }

    fn tile(&self, cell: usize, columns: usize) -> Tile {
        self.tiles.get(Self::place(cell, columns, self.across)).copied().unwrap_or(self.page)
    }

    fn shaded(&self, cell: usize, columns: usize) -> bool {
        self.tile(cell, columns).tone < self.page.tone.saturating_sub(SHADE).max(DARKEST)
    }
}

impl Tile {
    /// The tone below which three quarters of the pixels lie is the paper's. Half of a page of text is paper, so half of its grain is what lies
    /// between that tone and the middle one; with Gauss, 0.67 standard deviations. White that cannot be lighter has grain below the middle only,
    /// and there letters may lie, too: they are not to pass for much of it. A slope of light counts as grain.
    fn of(histogram: &Histogram) -> Self {
        let (tone, middle, low) =
            (quantile(histogram, [1, 4]), quantile(histogram, [1, 2]), quantile(histogram, [3, 4]));
        let above = f32::from(tone.saturating_sub(middle)) / 0.67;
        let below = f32::from(middle.saturating_sub(low)) / 0.67;
        let grain = above.max(below.min(MOST_BELOW));
        Self { tone, faint: ((grain * GRAINS) as u8).clamp(FAINT, INK) }
    }
}

/// The tone that so many parts of all pixels lie above, or at.
fn quantile(histogram: &Histogram, [part, of]: [u64; 2]) -> u8 {
    let total: u64 = histogram.iter().map(|count| u64::from(*count)).sum();
    let mut above = 0_u64;
    for (level, count) in histogram.iter().enumerate().rev() {
        above += u64::from(*count);
        if above * of >= total * part && above > 0 {
            return u8::try_from(level * 2 + 1).unwrap_or(255);
        }
    }
    255
}

impl InkMap {
    fn new(columns: usize, rows: usize, size: (f32, f32), taken: impl Fn(usize) -> bool) -> Self {
        let mut map = Self { columns, rows, size, sums: vec![0; (columns + 1) * (rows + 1)] };
        for row in 0..rows {
            let mut line = 0_u32;
            for column in 0..columns {
                line += u32::from(taken(row * columns + column));
                let sum = map.sum(row, column + 1) + line;
                if let Some(corner) = map.sums.get_mut((row + 1) * (columns + 1) + column + 1) {
                    *corner = sum;
                }
            }
        }
        map
    }

    fn sum(&self, row: usize, column: usize) -> u32 {
        self.sums.get(row * (self.columns + 1) + column).copied().unwrap_or(0)
    }

    /// Whether the cells from `(left, top)` of `(width, height)` have no content.
    fn is_free(&self, (left, top): (usize, usize), (width, height): (usize, usize)) -> bool {
        let (right, bottom) = (left + width, top + height);
        if right > self.columns || bottom > self.rows {
            return false;
        }
        self.sum(bottom, right) + self.sum(top, left) == self.sum(top, right) + self.sum(bottom, left)
    }

    /// Whether a rectangle on the page (y upwards) has no content.
    pub(crate) fn rect_is_free(&self, rect: Rect) -> bool {
        let top = self.size.1 - rect.y - rect.h;
        if rect.x < 0.0 || rect.y < 0.0 || top < 0.0 || rect.x + rect.w > self.size.0 {
            return false;
        }
        let (left, first) = ((rect.x / CELL) as usize, (top / CELL) as usize);
        let right = (((rect.x + rect.w) / CELL).ceil() as usize).min(self.columns);
        let bottom = (((top + rect.h) / CELL).ceil() as usize).min(self.rows);
        self.is_free((left, first), (right.saturating_sub(left), bottom.saturating_sub(first)))
    }

    /// The last row that has content, counted from the top.
    fn last_taken_row(&self) -> Option<usize> {
        (0..self.rows).rev().find(|row| !self.is_free((0, *row), (self.columns, 1)))
    }

    /// A free place for a block of `size` points: right under the content, else anywhere from the top; as central as possible.
    pub(crate) fn find(&self, size: (f32, f32)) -> Option<Rect> {
        let need = (((size.0 + 2.0 * CLEAR) / CELL).ceil() as usize, ((size.1 + 2.0 * CLEAR) / CELL).ceil() as usize);
        let edge = ((EDGE - CLEAR) / CELL).ceil() as usize;
        let last_left = self.columns.checked_sub(need.0 + edge)?;
        let last_top = self.rows.checked_sub(need.1 + edge)?;
        if last_left < edge || last_top < edge {
            return None;
        }
        let under = self.last_taken_row().map_or(edge, |row| row + 1 + (12.0 / CELL) as usize).max(edge);
        let middle = (self.columns - need.0) / 2;
        let mut columns: Vec<usize> = (edge..=last_left).collect();
        columns.sort_by_key(|left| left.abs_diff(middle));
        let rows = (under..=last_top).chain(edge..under.min(last_top + 1));
        for top in rows {
            if let Some(left) = columns.iter().find(|left| self.is_free((**left, top), need)) {
                let x = *left as f32 * CELL + CLEAR;
                let down = top as f32 * CELL + CLEAR;
                return Some(Rect { x, y: self.size.1 - down - size.1, w: size.0, h: size.1 });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    const PAGE: (f32, f32) = (600.0, 800.0);

    /// A page of one pixel per point, paper tone 240, with dark rectangles (x, y from the top, w, h).
    fn map(dark: &[(u32, u32, u32, u32)]) -> InkMap {
        let image = GrayImage::from_fn(600, 800, |x, y| {
            let hit = dark.iter().any(|(l, t, w, h)| (*l..l + w).contains(&x) && (*t..t + h).contains(&y));
            Luma([if hit { 30 } else { 240 }])
        });
        ink_map(&DynamicImage::ImageLuma8(image), [600.0, 0.0, 0.0, 800.0, 0.0, 0.0], PAGE).expect("a page")
    }

    /// R37: the block goes under the content and covers none of it.
    #[test]
    fn the_place_is_under_the_content() {
        let map = map(&[(50, 50, 500, 350)]);
        let rect = map.find((480.0, 180.0)).expect("there is room");
        let top = 800.0 - rect.y - rect.h;
        assert!((400.0..430.0).contains(&top), "{rect:?}");
        assert!(map.rect_is_free(rect));
        assert!(!map.rect_is_free(Rect { y: rect.y + 40.0, ..rect }));
    }

    /// R37: no room is said, whatever the content is: a frame, a thin line, a stamp.
    #[test]
    fn no_room_is_no_place() {
        assert!(map(&[(40, 40, 520, 720)]).find((480.0, 180.0)).is_none());
        let lines: Vec<_> = (0..8).map(|n| (0, n * 100 + 20, 600, 2)).collect();
        assert!(map(&lines).find((480.0, 180.0)).is_none());
        let stamps: Vec<_> = (0..5).map(|n| (290, n * 150 + 60, 6, 6)).collect();
        assert!(map(&stamps).find((480.0, 180.0)).is_none());
    }

    /// R37: white letters on a dark page are content, and nothing is written on what is dark, with letters or without.
    #[test]
    fn dark_paper_is_not_written_on() {
        let page = |paper: u8, letters: u8| {
            let image =
                GrayImage::from_fn(600, 800, |x, y| Luma([if x % 40 < 6 && y % 50 < 9 { letters } else { paper }]));
            let matrix = [600.0, 0.0, 0.0, 800.0, 0.0, 0.0];
            ink_map(&DynamicImage::ImageLuma8(image), matrix, PAGE).expect("a page").find((480.0, 180.0))
        };
        assert!(page(60, 250).is_none() && page(60, 60).is_none() && page(140, 140).is_none());
        assert!(page(170, 250).is_none(), "light letters on grey");
        assert!(page(170, 170).is_some() && page(240, 240).is_some());
    }

    #[test]
    fn an_empty_page_has_room_at_the_top() {
        let rect = map(&[]).find((480.0, 180.0)).expect("empty");
        assert!(rect.y + rect.h > 760.0 && rect.x > 20.0);
    }

    /// A page of 150 dpi with grain, of which some is written on.
    fn grainy(paper: i32, grain: i32, ink: impl Fn(u32, u32) -> i32) -> Option<Rect> {
        let mut state = 20_261_129_u32;
        let mut noise = || {
            // The sum of four dice is near enough to Gauss; its deviation is the grain.
            let mut die = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as i32 % 1001 - 500
            };
            (die() + die() + die() + die()) * grain / 577
        };
        let image = GrayImage::from_fn(1250, 1667, |x, y| {
            Luma([u8::try_from((paper - ink(x, y) + noise()).clamp(0, 255)).expect("a byte")])
        });
        let matrix = [600.0, 0.0, 0.0, 800.0, 0.0, 0.0];
        ink_map(&DynamicImage::ImageLuma8(image), matrix, PAGE).expect("a page").find((480.0, 180.0))
    }

    /// Strokes of a point, letters of ten points, lines of 24 points.
    fn letters(x: u32, y: u32, by: i32) -> i32 {
        if y % 50 < 20 && x % 12 < 2 && x % 100 > 20 { by } else { 0 }
    }

    /// R37: what the eye reads is content, also when it is faint, and the grain of paper is none.
    #[test]
    fn faint_letters_are_content() {
        for (paper, grain, by) in [(255, 0, 31), (255, 0, 16), (235, 0, 30), (235, 2, 20), (245, 4, 31), (255, 5, 31)] {
            assert!(grainy(paper, grain, |x, y| letters(x, y, by)).is_none(), "{by} on {paper}, grain {grain}");
        }
        for (paper, grain) in [(255, 0), (255, 3), (255, 5), (255, 6), (250, 6), (235, 5), (220, 6), (200, 6)] {
            assert!(grainy(paper, grain, |_, _| 0).is_some(), "{paper}, grain {grain}");
        }
        // A slope of light over the page, and the edges of JPEG's squares.
        assert!(grainy(250, 3, |x, y| i32::try_from(x / 15 + y / 25).expect("small") / 2).is_some());
        assert!(grainy(250, 2, |x, y| i32::try_from((x / 8 * 7 + y / 8 * 5) % 6).expect("small")).is_some());
    }
}
