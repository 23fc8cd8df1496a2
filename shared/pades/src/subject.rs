//! Names as reports tell them.

/// The value of an attribute in an RFC 4514 name, escapes undone.
#[must_use]
pub fn attribute(name: &str, key: &str) -> Option<String> {
    attributes(name, key).into_iter().next()
}

/// All values of an attribute, in the order of the name.
pub(crate) fn attributes(name: &str, key: &str) -> Vec<String> {
    let value = |part: &str| {
        let (label, value) = part.split_once('=')?;
        (label == key).then(|| unescaped(value))
    };
    parts(name).into_iter().filter_map(value).collect()
}

/// The parts of a name; a comma or plus behind a backslash separates nothing.
fn parts(name: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, sign) in name.char_indices() {
        if !escaped && matches!(sign, ',' | '+') {
            found.push(&name[start..at]);
            start = at + 1;
        }
        escaped = !escaped && sign == '\\';
    }
    found.push(&name[start..]);
    found
}

/// Escaped control characters stay escaped: they are the ones that could make a name lie.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut signs = value.chars().peekable();
    while let Some(sign) = signs.next() {
        let special = signs.peek().is_some_and(|next| !next.is_ascii_hexdigit());
        if sign != '\\' || !special {
            out.push(sign);
        } else if let Some(next) = signs.next() {
            out.push(next);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let name = r#"CN=Nguyễn Văn Mẫu\, Chủ tịch+serialNumber=1,O=UBND xã \"Mẫu\",C=VN"#;
        assert_eq!(attribute(name, "CN").as_deref(), Some("Nguyễn Văn Mẫu, Chủ tịch"));
        assert_eq!(attribute(name, "O").as_deref(), Some("UBND xã \"Mẫu\""));
        assert_eq!(attribute(name, "OU"), None);
        assert_eq!(attribute(r"CN=a\E2\80\AEb", "CN").as_deref(), Some(r"a\E2\80\AEb"));
        assert_eq!(attribute(r"CN=\", "CN").as_deref(), Some(r"\"));
    }
}
