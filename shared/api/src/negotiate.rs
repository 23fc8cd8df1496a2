//! Which of several forms of an answer the client takes (RFC 9110 §12.5.1), and whether it has the answer already (§13.1.2).

use crate::Request;

/// How well a media range of `Accept` fits: its weight, how exactly it names the type, and how early. The order of ranges has no
/// meaning by the standard, and people write what they want most first.
type Fit = (f32, u8, std::cmp::Reverse<usize>);

impl Request {
    /// The media type among `offered` that the client takes best. Without `Accept`, or with an empty one, and between equals, the
    /// first. `None`: it takes none of them.
    pub fn preferred<'a>(&self, offered: &[&'a str]) -> Option<&'a str> {
        let accept = self.header("accept").filter(|accept| !accept.trim().is_empty());
        let Some(accept) = accept else { return offered.first().copied() };
        let mut best: Option<(Fit, &str)> = None;
        for kind in offered {
            let fit = fit(accept, kind);
            if fit.0 > 0.0 && best.is_none_or(|(before, _)| fit > before) {
                best = Some((fit, *kind));
            }
        }
        best.map(|(_, kind)| kind)
    }

    /// Whether the client names this entity tag in `If-None-Match`; compared weakly, as for `GET` it must be.
    pub fn has(&self, etag: &str) -> bool {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let known = self.header("if-none-match").unwrap_or_default();
        known.split(',').any(|tag| tag.trim() == "*" || (!tag.trim().is_empty() && bare(tag) == bare(etag)))
    }
}

/// The most exact range that names `kind` says its weight.
fn fit(accept: &str, kind: &str) -> Fit {
    let accept = accept.to_ascii_lowercase();
    let mut found: Fit = (0.0, 0, std::cmp::Reverse(usize::MAX));
    for (at, range) in accept.split(',').enumerate() {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let exactness = match name.strip_suffix("/*") {
            Some("*") => 1,
            Some(family) if kind.split('/').next() == Some(family) => 2,
            None if name == kind => 3,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1.0), |text| text.parse().ok());
        // A weight that is none takes the range out: nobody is given what may have been refused.
        let weight = weight.filter(|weight: &f32| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
        if exactness > found.1 {
            found = (weight, exactness, std::cmp::Reverse(at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn with(name: &str, value: Option<&str>) -> Request {
        Request {
            method: "GET".into(),
            path: "/v1/x".into(),
            segments: Vec::new(),
            query: BTreeMap::new(),
            headers: value.map(|value| (name.to_owned(), value.to_owned())).into_iter().collect(),
            body: Vec::new(),
            source_ip: String::new(),
            request_id: String::new(),
        }
    }

    #[test]
    fn the_client_gets_what_it_takes_best() {
        const OFFERED: [&str; 3] = ["application/json", "application/pdf", "text/html"];
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, wanted) in [
            (None, Some("application/json")),
            (Some("*/*"), Some("application/json")),
            (Some("application/*"), Some("application/json")),
            (Some(BROWSER), Some("text/html")),
            (Some("Application/PDF"), Some("application/pdf")),
            (Some("application/pdf, */*"), Some("application/pdf")),
            (Some("application/pdf, application/json"), Some("application/pdf")),
            (Some("application/json, application/pdf"), Some("application/json")),
            (Some("application/json;Q=0.1, application/pdf;q=0.2"), Some("application/pdf")),
            (Some("application/pdf;q=0.5, application/json;q=0.4"), Some("application/pdf")),
            (Some("text/html;q=0.1, application/json"), Some("application/json")),
            (Some("application/json;q=0, */*"), Some("application/pdf")),
            (Some("application/pdf; q=viel, text/html;q=0.2"), Some("text/html")),
            (Some("application/vnd.etsi.vr+xml"), None),
            (Some("image/png, application/json;q=0"), None),
            (Some(" "), Some("application/json")),
        ] {
            assert_eq!(with("accept", accept).preferred(&OFFERED), wanted, "{accept:?}");
        }
    }

    #[test]
    fn a_tag_is_known_in_either_strength() {
        for (known, has) in [
            (Some("W/\"a\""), true),
            (Some("\"a\""), true),
            (Some("\"b\", W/\"a\""), true),
            (Some("*"), true),
            (Some("\"b\""), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(with("if-none-match", known).has("W/\"a\""), has, "{known:?}");
        }
    }
}
