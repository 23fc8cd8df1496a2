//! What a drawing paints below its text: colours, as far as one is told from another, and the areas and paths that have them. Paints nothing.

use pdf::Rect;

use super::content::Value;

/// How light paper is, and how much lighter or darker text is than what it lies on.
pub(super) const PAPER: f64 = 1.0;
const CONTRAST: f64 = 0.3;

/// A colour, as far as it is told from another.
#[derive(Clone, Copy)]
pub(super) struct Tint {
    /// Components of its space; 0 where that is not one of the device.
    pub(super) space: usize,
    /// From black, 0, to white, 1; `None` where nothing is known of it.
    pub(super) light: Option<f64>,
}

impl Tint {
    pub(super) const BLACK: Tint = Tint { space: 1, light: Some(0.0) };

    /// A colour space begins with its black (ISO 32000-2 §8.6.5); of one that is not of the device nothing is known.
    pub(super) fn of_space(name: &[u8]) -> Tint {
        let space = match name {
            b"DeviceGray" | b"G" => 1,
            b"DeviceRGB" | b"RGB" => 3,
            b"DeviceCMYK" | b"CMYK" => 4,
            _ => 0,
        };
        Tint { space, light: (space > 0).then_some(0.0) }
    }

    pub(super) fn of(space: usize, values: &[Value<'_>]) -> Tint {
        let values: Vec<f64> = values.iter().filter_map(Value::number).collect();
        Tint { space, light: light(&values).filter(|_| space > 0) }
    }
}

/// How light a colour of the device is, as eyes see it (Rec. 709): yellow is nearly paper, blue nearly ink.
pub(super) fn light(components: &[f64]) -> Option<f64> {
    let sound = |value: &f64| value.clamp(0.0, 1.0);
    let seen = |red: f64, green: f64, blue: f64| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    Some(match components.iter().map(sound).collect::<Vec<f64>>().as_slice() {
        [grey] => *grey,
        [red, green, blue] => seen(*red, *green, *blue),
        [cyan, magenta, yellow, black] => {
            let left = |ink: &f64| (1.0 - ink) * (1.0 - black);
            seen(left(cyan), left(magenta), left(yellow))
        }
        _ => return None,
    })
}

/// Text of one can be read on the other.
pub(super) fn stands_out(text: f64, ground: f64) -> bool {
    (text - ground).abs() >= CONTRAST
}

/// What was painted below the text, and where: somewhere, or in all of an area.
#[derive(Clone, Copy)]
pub(super) struct Ground {
    pub(super) area: Option<Rect>,
    pub(super) light: Option<f64>,
}

/// The path that is being drawn, in the drawing's coordinates.
#[derive(Clone)]
pub(super) enum Path {
    None,
    Box(Rect),
    /// Straight lines from corner to corner.
    Lines(Vec<(f64, f64)>),
    Other,
}

impl Path {
    /// A rectangle, also one of four lines.
    pub(super) fn as_box(&self) -> Option<Rect> {
        let corners = match self {
            Path::Box(area) => return Some(*area),
            Path::Lines(corners) => corners,
            Path::None | Path::Other => return None,
        };
        let corners = match corners.as_slice() {
            [four @ .., last] if four.len() == 4 && four.first() == Some(last) => four,
            four => four,
        };
        let [(a, b), second, (c, d), fourth] = corners else { return None };
        let square = [*second, *fourth] == [(*c, *b), (*a, *d)] || [*second, *fourth] == [(*a, *d), (*c, *b)];
        square.then(|| Rect { x0: a.min(*c), y0: b.min(*d), x1: a.max(*c), y1: b.max(*d) })
    }

    /// Its corners, the last one that of the beginning where it is a box.
    pub(super) fn corners(&self) -> Option<Vec<(f64, f64)>> {
        match self {
            Path::Box(Rect { x0, y0, x1, y1 }) => {
                Some(vec![(*x0, *y0), (*x1, *y0), (*x1, *y1), (*x0, *y1), (*x0, *y0)])
            }
            Path::Lines(corners) => Some(corners.clone()),
            Path::None => Some(Vec::new()),
            Path::Other => None,
        }
    }
}
