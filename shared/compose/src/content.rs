//! Reads the operators of a page's content (ISO 32000-1, 7.8.2), all of them or none.
//!
//! Draws nothing and judges nothing. A reader that stops at what it does not understand sees less than a viewer does, and what it does not see
//! gets written over. So a content that is not read to its end, or that says something no standard knows, was not read.

use lopdf::content::{Content, Operation};

/// Every operator there is (ISO 32000-1, table A.1). Others are skipped by viewers, each in its way: some forget what stands in front.
const OPERATORS: [&str; 73] = [
    "b", "B", "b*", "B*", "BDC", "BI", "BMC", "BT", "BX", "c", "cm", "CS", "cs", "d", "d0", "d1", "Do", "DP", "EI",
    "EMC", "ET", "EX", "f", "F", "f*", "G", "g", "gs", "h", "i", "ID", "j", "J", "K", "k", "l", "m", "M", "MP", "n",
    "q", "Q", "re", "RG", "rg", "ri", "s", "S", "SC", "sc", "SCN", "scn", "sh", "T*", "Tc", "Td", "TD", "Tf", "Tj",
    "TJ", "TL", "Tm", "Tr", "Ts", "Tw", "Tz", "v", "w", "W", "W*", "y", "'", "\"",
];

/// The operations of a content; `None` when it is not understood as a whole.
pub(crate) fn operations(content: &[u8]) -> Option<Vec<Operation>> {
    let read = Content::decode_strict(content).ok().or_else(|| {
        // The decoder takes comments between operations only.
        let read = Content::decode_strict(&without_comments(content)).ok()?;
        // The samples of an inline picture are no text: what looks like a comment there is none, and may have taken its end along.
        read.operations.iter().all(|one| one.operator != "BI").then_some(read)
    })?;
    read.operations.iter().all(|one| OPERATORS.contains(&one.operator.as_str())).then_some(read.operations)
}

/// White space for every comment (ISO 32000-1, 7.2.3); what looks like one within a string stays.
fn without_comments(content: &[u8]) -> Vec<u8> {
    enum In {
        Plain,
        Comment,
        /// Brackets that are open; whether a backslash stands in front.
        Literal(usize, bool),
        Hexadecimal,
    }
    let mut place = In::Plain;
    let mut out = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().copied().enumerate() {
        place = match (place, byte) {
            (In::Plain, b'%') => In::Comment,
            (In::Plain, b'(') => In::Literal(1, false),
            // Two of them open a dictionary, which has comments; the second finds the first in front of it.
            (In::Plain, b'<')
                if content.get(at + 1) != Some(&b'<') && (at == 0 || content.get(at - 1) != Some(&b'<')) =>
            {
                In::Hexadecimal
            }
            (In::Comment, b'\r' | b'\n') | (In::Hexadecimal, b'>') => In::Plain,
            (In::Literal(open, true), _) => In::Literal(open, false),
            (In::Literal(open, false), b'\\') => In::Literal(open, true),
            (In::Literal(open, false), b'(') => In::Literal(open + 1, false),
            (In::Literal(1, false), b')') => In::Plain,
            (In::Literal(open, false), b')') => In::Literal(open - 1, false),
            (same, _) => same,
        };
        out.push(if matches!(place, In::Comment) { b' ' } else { byte });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(content: &[u8]) -> Option<Vec<String>> {
        Some(operations(content)?.into_iter().map(|one| one.operator).collect())
    }

    /// A comment is white space wherever white space may stand, and none within a string.
    #[test]
    fn comments_are_white_space() {
        for content in [
            &b"BT /F1 % a comment\n 15 Tf (a) Tj"[..],
            b"BT /F1% a comment\r15 Tf (a) Tj",
            b"% (\nBT /F1 15 Tf% <\n(a) Tj",
            b"BT /F1 15 Tf % ) Tj\n(100 % \\) (%) \\\\) Tj",
            b"BT /F1 15 % >\n Tf <25> Tj",
        ] {
            assert_eq!(
                operators(content).as_deref().unwrap_or_default(),
                ["BT", "Tf", "Tj"],
                "{}",
                content.escape_ascii()
            );
        }
        let operations = operations(b"/P << /A % >>\n (%) >> BDC [(a) % x\n 3 (b)] TJ").expect("a content");
        assert_eq!(operations[1].operands[0].as_array().expect("an array").len(), 3);
    }

    /// What is not understood to its end is not understood: nobody acts on the first half.
    #[test]
    fn a_content_is_read_whole_or_not_at_all() {
        for stray in
            ["--1 Tc", "}", ")", "my_op", "99999999999999999999 TL", "1e5 Tc", "<4x> Tj", "xyz", "(", "[ 1", "<< /A"]
        {
            assert_eq!(operators(format!("q Q {stray} BT (a) Tj ET").as_bytes()), None, "{stray}");
        }
        let picture = b"q BI /W 2 /H 1 /BPC 8 /CS /G ID %) EI % a\n q % a\n Q BT (a) Tj ET";
        assert!(operators(picture).is_none_or(|found| found.contains(&"Tj".to_owned())));
        assert_eq!(operators(b"").as_deref(), Some(&[][..]));
        assert_eq!(operators(b" % nothing").as_deref(), Some(&[][..]));
    }
}
