//! XMP metadata that replaces other metadata must be XMP and nothing else (C7). Not a full XML parser: names, nesting and the root.

/// Nesting of elements that is still read.
const DEPTH: usize = 256;

/// Well-formed as far as tags go, no document type, no entities but the five, root `xmpmeta` in `adobe:ns:meta/`.
pub(crate) fn is_harmless(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim();
    !text.contains("<!DOCTYPE") && !text.contains("<!ENTITY") && entities_are_plain(text) && is_nested(text)
}

fn entities_are_plain(text: &str) -> bool {
    text.split('&').skip(1).all(|rest| {
        let name = rest.split(';').next().unwrap_or_default();
        matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") || name.starts_with('#')
    })
}

fn is_nested(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut roots = 0;
    while let Some(at) = rest.find('<') {
        let outside = rest.get(..at).unwrap_or_default();
        if open.is_empty() && !outside.trim().is_empty() {
            return false;
        }
        rest = rest.get(at..).unwrap_or_default();
        let (skipped, end) = match () {
            () if rest.starts_with("<?") => (true, rest.find("?>").map(|end| end + 2)),
            () if rest.starts_with("<!--") => (true, rest.find("-->").map(|end| end + 3)),
            () if rest.starts_with("<![CDATA[") => (true, rest.find("]]>").map(|end| end + 3)),
            () => (false, rest.find('>').map(|end| end + 1)),
        };
        let Some(end) = end else { return false };
        let tag = rest.get(..end).unwrap_or_default();
        rest = rest.get(end..).unwrap_or_default();
        if skipped {
            continue;
        }
        let inner = tag.trim_start_matches('<').trim_end_matches('>');
        if let Some(name) = inner.strip_prefix('/') {
            if open.pop() != Some(name.trim()) {
                return false;
            }
            continue;
        }
        let name = inner.trim_end_matches('/').split(char::is_whitespace).next().unwrap_or_default();
        if open.is_empty() {
            roots += 1;
            if !is_root(name, inner) {
                return false;
            }
        }
        if name.is_empty() || open.len() > DEPTH {
            return false;
        }
        if !inner.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty() && roots == 1 && rest.trim().is_empty()
}

fn is_root(name: &str, tag: &str) -> bool {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    let compact: String = tag.chars().filter(|c| !c.is_whitespace()).collect();
    let declared =
        ['"', '\''].iter().any(|quote| compact.contains(&format!("{declaration}={quote}adobe:ns:meta/{quote}")));
    local == "xmpmeta" && declared
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn only_xmp_passes() {
        let good = "<?xpacket begin='x' id='W5M0'?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><a:b xmlns:a='c'>d &amp; e</a:b><f/>\
                    </x:xmpmeta><?xpacket end='w'?>";
        assert!(is_harmless(good.as_bytes()));
        for bad in [
            "",
            "text",
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
            "<x:xmpmeta xmlns:x='other'></x:xmpmeta>",
            "<html></html>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&b;</x:xmpmeta>",
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a></b></x:xmpmeta>",
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'>&evil;</x:xmpmeta>",
        ] {
            assert!(!is_harmless(bad.as_bytes()), "{bad}");
        }
    }
}
