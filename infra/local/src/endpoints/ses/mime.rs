//! Enough of RFC 5322 and RFC 2045–2047 to show what a raw message says. Not a mail client: no attachments, no
//! character sets but UTF-8 and ASCII, three levels of nesting.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};

const DEPTH: usize = 3;
const PART_LIMIT: usize = 50;

/// What a raw message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: Option<String>,
}

/// Reads a raw message; what cannot be read stays empty.
pub(super) fn parse(bytes: &[u8]) -> Message {
    let raw = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let (head, _) = split(&raw);
    let mut message = Message {
        from: address(&field(&head, "from")),
        to: field(&head, "to").split(',').map(address).filter(|to| !to.is_empty()).collect(),
        subject: words(&field(&head, "subject")),
        ..Message::default()
    };
    walk(&raw, DEPTH, &mut message);
    message
}

/// Unfolded header fields, names in lower case.
type Head = Vec<(String, String)>;

fn split(part: &str) -> (Head, &str) {
    let (head, body) = part.split_once("\n\n").unwrap_or((part, ""));
    let mut fields: Head = Vec::new();
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    (fields, body)
}

fn field(head: &Head, name: &str) -> String {
    head.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn address(value: &str) -> String {
    let inner = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or(value).trim().to_owned()
}

fn walk(part: &str, depth: usize, message: &mut Message) {
    let (head, body) = split(part);
    let kind = field(&head, "content-type");
    let lower = kind.to_lowercase();
    if lower.starts_with("multipart/") {
        let Some(boundary) = parameter(&kind, "boundary").filter(|_| depth > 0) else { return };
        let mark = format!("--{boundary}");
        for inner in body.split(mark.as_str()).skip(1).take(PART_LIMIT) {
            if inner.starts_with("--") {
                break;
            }
            walk(inner.trim_start_matches('\n'), depth - 1, message);
        }
    } else {
        let text = transfer(body, &field(&head, "content-transfer-encoding").to_lowercase());
        if lower.starts_with("text/html") {
            message.html.get_or_insert(text);
        } else if (lower.is_empty() || lower.starts_with("text/plain")) && message.text.is_empty() {
            message.text = text;
        }
    }
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn transfer(body: &str, encoding: &str) -> String {
    match encoding {
        "base64" => decode_base64(body),
        "quoted-printable" => quoted_printable(body, false),
        _ => body.to_owned(),
    }
}

fn decode_base64(text: &str) -> String {
    const LAX: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(&compact).or_else(|_| LAX.decode(&compact)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quoted_printable(text: &str, underscores: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'=', [b'\n', tail @ ..]) => rest = tail,
            (b'=', [high, low, tail @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = tail;
                }
                _ => bytes.push(b'='),
            },
            (b'_', _) if underscores => bytes.push(b' '),
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Decodes encoded words (RFC 2047); white space between two of them goes.
fn words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((word, tail)) = encoded_word(from) else { break };
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&word);
        rest = tail;
        after_word = true;
    }
    out.push_str(rest);
    out
}

fn encoded_word(from: &str) -> Option<(String, &str)> {
    let mut pieces = from.get(2..)?.splitn(4, '?');
    let (_charset, encoding, data, rest) = (pieces.next()?, pieces.next()?, pieces.next()?, pieces.next()?);
    let tail = rest.strip_prefix('=')?;
    let word = match encoding {
        "B" | "b" => decode_base64(data),
        "Q" | "q" => quoted_printable(data, true),
        _ => return None,
    };
    Some((word, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_message_is_read() {
        let raw = "From: CTDT <a@ctdt.test>\r\nTo: b@x.test, C <c@x.test>\r\nSubject: =?UTF-8?B?QuG6o24=?=\r\n =?UTF-8?Q?_sao?=\r\n\
            Content-Type: multipart/alternative; boundary=\"q\"\r\n\r\n--q\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nB=E1=BA=A3n =\r\nsao\r\n--q\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--q--\r\n";
        let message = parse(raw.as_bytes());
        assert_eq!(message.from, "a@ctdt.test");
        assert_eq!(message.to, ["b@x.test", "c@x.test"]);
        assert_eq!(message.subject, "Bản sao");
        assert_eq!(message.text, "Bản sao\n");
        assert_eq!(message.html.as_deref(), Some("<b>"));
    }

    #[test]
    fn broken_messages_do_not_panic() {
        for raw in ["", "=?", "Subject: =?x?", "Content-Type: multipart/x; boundary=", "Subject: =?a?B?==?=\n\n=\n=é"]
        {
            let _ = parse(raw.as_bytes());
        }
    }
}
