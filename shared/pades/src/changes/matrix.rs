//! Coordinates (ISO 32000-2 §8.3.4).

use pdf::Rect;

/// `[a b c d e f]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix([f64; 6]);

impl Default for Matrix {
    fn default() -> Self {
        Matrix::IDENTITY
    }
}

impl Matrix {
    pub(super) const IDENTITY: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn of(numbers: &[f64]) -> Option<Matrix> {
        <[f64; 6]>::try_from(numbers).ok().map(Matrix)
    }

    pub(super) fn shift(x: f64, y: f64) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// This one first, then the other.
    pub(super) fn then(&self, next: &Matrix) -> Matrix {
        let ([a, b, c, d, e, f], [p, q, r, s, t, u]) = (self.0, next.0);
        Matrix([a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u])
    }

    /// Where a point comes to stand.
    pub(super) fn point(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// The upright rectangle around a rectangle after it.
    pub(super) fn bounds(&self, [x0, y0, x1, y1]: [f64; 4]) -> Rect {
        let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| self.point(x, y));
        let least = |side: fn(&(f64, f64)) -> f64| corners.iter().map(side).fold(f64::INFINITY, f64::min);
        let most = |side: fn(&(f64, f64)) -> f64| corners.iter().map(side).fold(f64::NEG_INFINITY, f64::max);
        Rect { x0: least(|one| one.0), y0: least(|one| one.1), x1: most(|one| one.0), y1: most(|one| one.1) }
    }

    /// The most by which it makes a length longer.
    pub(super) fn scale(&self) -> f64 {
        let [a, b, c, d, ..] = self.0;
        a.hypot(b).max(c.hypot(d))
    }

    /// By how much it makes lengths longer to the right and upwards.
    pub(super) fn scales(&self) -> (f64, f64) {
        let [a, b, c, d, ..] = self.0;
        (a.hypot(b), c.hypot(d))
    }

    /// Upright, neither turned nor mirrored.
    pub(super) fn is_upright(&self) -> bool {
        let [a, b, c, d, ..] = self.0;
        a > 0.0 && d > 0.0 && b == 0.0 && c == 0.0
    }
}
