//! Content streams as operators with their operands (ISO 32000-2 §7.8.2). Reads tokens only: knows no state and draws nothing.

use std::borrow::Cow;

/// Operands that one operator may have. Table C.1 of ISO 32000-1 names 8,191 elements for an array, and `TJ` takes one.
const OPERANDS: usize = 8_192;

/// One operand. What stands in an array or a dictionary stands in the row of operands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'c> {
    Number(f64),
    Text(Cow<'c, [u8]>),
    Name(Vec<u8>),
    /// `[` and `]`.
    Open,
    Close,
    /// `true`, `false`, `null`; `<<` and `>>`.
    Word,
}

impl Value<'_> {
    pub(super) fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }
}

/// The stream is no sequence of operators.
#[derive(Debug)]
pub(super) struct Garbled;

/// A content stream that is read operator by operator.
pub(super) struct Operators<'c> {
    rest: &'c [u8],
    operands: Vec<Value<'c>>,
    doubtful: bool,
}

impl<'c> Operators<'c> {
    pub(super) fn new(content: &'c [u8]) -> Self {
        Operators { rest: content, operands: Vec::new(), doubtful: false }
    }

    /// An inline image had more than one place where it might end, or something stood there that belongs nowhere: viewers skip it, or with it what
    /// stands before it.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// Operands of the operator that [`Operators::step`] gave last.
    pub(super) fn operands(&self) -> &[Value<'c>] {
        &self.operands
    }

    /// Its operands that are numbers.
    pub(super) fn numbers(&self) -> Vec<f64> {
        self.operands.iter().filter_map(Value::number).collect()
    }

    /// Its first operand that is a name.
    pub(super) fn name(&self) -> Option<&[u8]> {
        self.operands.iter().find_map(|one| if let Value::Name(name) = one { Some(name.as_slice()) } else { None })
    }

    /// The next operator; an inline image is the one operator `BI`, its data skipped.
    pub(super) fn step(&mut self) -> Result<Option<&'c [u8]>, Garbled> {
        self.operands.clear();
        loop {
            let Some((&byte, tail)) = self.rest.split_first() else { return Ok(None) };
            match byte {
                b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' => self.rest = tail,
                b'{' | b'}' | b')' => {
                    self.rest = tail;
                    self.doubtful = true;
                }
                b'[' | b']' => {
                    self.rest = tail;
                    self.push(if byte == b'[' { Value::Open } else { Value::Close })?;
                }
                b'%' => self.rest = past(tail, |byte| matches!(byte, b'\r' | b'\n')),
                b'(' => self.literal(tail)?,
                b'<' | b'>' if tail.first() == Some(&byte) => {
                    self.rest = tail.get(1..).unwrap_or_default();
                    self.push(Value::Word)?;
                }
                b'>' => {
                    self.rest = tail;
                    self.doubtful = true;
                }
                b'<' => self.hexadecimal(tail)?,
                b'/' => {
                    let (name, rest) = tail.split_at(word(tail));
                    self.rest = rest;
                    self.push(Value::Name(unescaped(name)))?;
                }
                _ => {
                    if let Some(operator) = self.word()? {
                        return Ok(Some(operator));
                    }
                }
            }
        }
    }

    fn push(&mut self, operand: Value<'c>) -> Result<(), Garbled> {
        self.operands.push(operand);
        if self.operands.len() > OPERANDS { Err(Garbled) } else { Ok(()) }
    }

    /// An operator; `None` for a number or a constant, which is kept.
    fn word(&mut self) -> Result<Option<&'c [u8]>, Garbled> {
        let (text, rest) = self.rest.split_at(word(self.rest));
        self.rest = rest;
        match text {
            [] => Err(Garbled),
            b"true" | b"false" | b"null" => self.push(Value::Word).map(|()| None),
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => self.push(Value::Number(number(text)?)).map(|()| None),
            b"BI" => self.image().map(|()| Some(text)),
            _ => Ok(Some(text)),
        }
    }

    /// Skips to behind the `EI` that ends an inline image: one between white space that text follows, since data may hold the letters too.
    fn image(&mut self) -> Result<(), Garbled> {
        let data = find(self.rest, b"ID").ok_or(Garbled)?;
        let mut rest = data.get(1..).unwrap_or_default();
        loop {
            rest = find(rest, b"EI").ok_or(Garbled)?;
            let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
            if rest.iter().take(16).all(plain) {
                self.rest = rest;
                self.operands.clear();
                return Ok(());
            }
            self.doubtful = true;
        }
    }

    fn literal(&mut self, text: &'c [u8]) -> Result<(), Garbled> {
        let mut depth = 0usize;
        let mut at = 0;
        let mut string = Vec::new();
        loop {
            let byte = *text.get(at).ok_or(Garbled)?;
            at += 1;
            match byte {
                b'\\' => {
                    let (value, used) = escaped(text.get(at..).unwrap_or_default());
                    string.extend(value);
                    at += used;
                    continue;
                }
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                _ => {}
            }
            string.push(byte);
        }
        self.rest = text.get(at..).unwrap_or_default();
        self.push(Value::Text(string.into()))
    }

    fn hexadecimal(&mut self, text: &'c [u8]) -> Result<(), Garbled> {
        let end = text.iter().position(|byte| *byte == b'>').ok_or(Garbled)?;
        let (inside, rest) = text.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| (digit & 15) as u8);
        let digits: Vec<u8> = inside.iter().filter_map(digit).collect();
        let pair = |pair: &[u8]| (pair.first().unwrap_or(&0) << 4) | pair.get(1).unwrap_or(&0);
        self.push(Value::Text(digits.chunks(2).map(pair).collect::<Vec<u8>>().into()))
    }
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// Which characters end a word: white space and delimiters (§7.2.3). A table, because content is long and every one of its bytes is asked.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let signs = b"\0\t\n\x0c\r ()<>[]{}/%";
    let mut at = 0;
    while at < signs.len() {
        ends[signs[at] as usize] = true;
        at += 1;
    }
    ends
};

/// Length of the regular characters at the front.
fn word(text: &[u8]) -> usize {
    // A byte has a place in a table of 256.
    let ends = |byte: &u8| ENDS.get(usize::from(*byte)).copied().unwrap_or(true);
    text.iter().position(ends).unwrap_or(text.len())
}

fn past(text: &[u8], end: impl Fn(u8) -> bool) -> &[u8] {
    let at = text.iter().position(|byte| end(*byte)).unwrap_or(text.len());
    text.get(at..).unwrap_or_default()
}

/// What follows the first `letters` between white space.
fn find<'c>(text: &'c [u8], letters: &[u8; 2]) -> Option<&'c [u8]> {
    let fits = |at: &usize| {
        let white = |at: Option<usize>| at.and_then(|at| text.get(at)).is_none_or(|byte| is_white(*byte));
        text.get(*at..*at + 2) == Some(letters) && white(at.checked_sub(1)) && white(Some(*at + 2))
    };
    let at = (0..text.len()).find(fits)?;
    text.get(at + 2..)
}

/// Digits that make a whole number which a double holds exactly.
const EXACT: usize = 15;
/// Powers of ten that a double holds exactly, as many as [`EXACT`] digits can need.
const TENS: [f64; EXACT + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A short number without signs but a minus in front, as nearly all are: a quotient of two exact doubles is rounded once, so this is what
/// parsing gives (Clinger's fast path).
fn short_number(text: &[u8]) -> Option<f64> {
    let (minus, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    let (mut whole, mut read, mut behind) = (0u64, 0usize, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                whole = whole * 10 + u64::from(byte - b'0');
                read += 1;
                if read > EXACT {
                    return None;
                }
            }
            b'.' if behind.is_none() => behind = Some(read),
            _ => return None,
        }
    }
    if read == 0 {
        return None;
    }
    let value = whole as f64 / TENS.get(read - behind.unwrap_or(read))?;
    Some(if minus { -value } else { value })
}

fn number(text: &[u8]) -> Result<f64, Garbled> {
    if let Some(number) = short_number(text) {
        return Ok(number);
    }
    let plain = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.'));
    let text = std::str::from_utf8(text).map_err(|_| Garbled)?;
    match text.parse() {
        Ok(number) if plain => Ok(number),
        _ if matches!(text, "-" | "+" | "." | "-.") => Ok(0.0),
        _ => Err(Garbled),
    }
}

/// `#xx` in names (§7.3.5).
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let value = digits.filter(|_| byte == b'#').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(value.unwrap_or(byte));
        rest = if value.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    plain
}

/// What stands behind a backslash, and how long it is (§7.3.4.2).
fn escaped(text: &[u8]) -> (Option<u8>, usize) {
    match text {
        [b'n', ..] => (Some(b'\n'), 1),
        [b'r', ..] => (Some(b'\r'), 1),
        [b't', ..] => (Some(b'\t'), 1),
        [b'b', ..] => (Some(8), 1),
        [b'f', ..] => (Some(12), 1),
        [b'\r', b'\n', ..] => (None, 2),
        [b'\r' | b'\n', ..] => (None, 1),
        [b'0'..=b'7', ..] => {
            let digits = text.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
            let value = text.iter().take(digits).fold(0u32, |sum, byte| sum * 8 + u32::from(byte - b'0'));
            (Some((value & 0xff) as u8), digits)
        }
        [other, ..] => (Some(*other), 1),
        [] => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Operators, Value};

    fn read(content: &[u8]) -> Option<Vec<(String, usize)>> {
        let mut operators = Operators::new(content);
        let mut found = Vec::new();
        while let Some(operator) = operators.step().ok()? {
            found.push((String::from_utf8_lossy(operator).into_owned(), operators.operands().len()));
        }
        Some(found)
    }

    fn named(operators: &[(&str, usize)]) -> Option<Vec<(String, usize)>> {
        Some(operators.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect())
    }

    #[test]
    fn operators_are_read_with_their_operands() {
        let content =
            b"q 1 0 0 -.5 +2. 3 cm%x y\n/F#31 9 Tf[(a\\)(b))-12<4 1>]TJ(x)'/Span<</MCID 0/A true>>BDC EMC f* Q";
        let expected =
            [("q", 0), ("cm", 6), ("Tf", 2), ("TJ", 5), ("'", 1), ("BDC", 7), ("EMC", 0), ("f*", 0), ("Q", 0)];
        assert_eq!(read(content), named(&expected));
        let mut operators = Operators::new(b"/F#31 9 Tf (a\\)(b)\\101)<4 1> TJ");
        operators.step().expect("an operator");
        assert_eq!(operators.name(), Some(&b"F1"[..]));
        operators.step().expect("an operator");
        let text = |bytes: &'static [u8]| Value::Text(bytes.into());
        assert_eq!(operators.operands(), [text(b"a)(b)A"), text(b"A")]);
    }

    /// The fast way gives the bits that parsing gives.
    #[test]
    fn short_numbers_are_read_as_parsed() {
        let digits = ["0", "7", "12", "005", "999999999999999", "1234567890123456", "842", "297637795"];
        let mut read = 0;
        for (whole, behind) in digits.iter().flat_map(|one| digits.map(|other| (one, other))) {
            for text in
                [format!("{whole}.{behind}"), format!("-{whole}.{behind}"), format!("{whole}."), format!("-.{behind}")]
            {
                let parsed: f64 = text.parse().expect("a number");
                assert_eq!(super::number(text.as_bytes()).expect("a number").to_bits(), parsed.to_bits(), "{text}");
                read += usize::from(super::short_number(text.as_bytes()).is_some());
            }
        }
        assert!(read > 100, "the fast way is taken: {read}");
        for slow in ["", "-", ".", "+5", "1-2", "1.2.3", "--5"] {
            assert_eq!(super::short_number(slow.as_bytes()), None, "{slow}");
        }
    }

    #[test]
    fn an_inline_image_is_one_operator() {
        let image = b"BI /W 4/H 4/BPC 8 ID \xff EI \x80\x01 (\nEI\nQ 1 w";
        assert_eq!(read(image), named(&[("BI", 0), ("Q", 0), ("w", 1)]));
        let doubtful = |image| {
            let mut operators = Operators::new(image);
            operators.step().expect("an image");
            operators.is_doubtful()
        };
        assert!(doubtful(image) && !doubtful(b"BI /W 4 ID \xffEI \nEI\nQ"));
        assert_eq!(read(b"BI /W 4 ID abc"), None, "without an end");
    }

    #[test]
    fn what_is_no_content_is_said() {
        for bad in [&b"(a"[..], b"<41", b"1x m", b"--5 0 m"] {
            assert_eq!(read(bad), None, "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(read(&[b"1 ".repeat(9_000), b"m".to_vec()].concat()), None, "too many operands");
    }
}
