//! Two languages: every sentence stands beside its translation, so that neither is forgotten.

/// The language of a page.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lang {
    /// Vietnamese, the default.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// From the query's `lang`; everything but `en` is Vietnamese.
    pub fn of(name: Option<&str>) -> Self {
        if name == Some("en") { Lang::En } else { Lang::Vi }
    }

    /// The tag of BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }

    /// One of two: Vietnamese, English.
    pub(crate) fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Lang::Vi => vi,
            Lang::En => en,
        }
    }
}

/// An RFC 3339 text with `+07:00` as people write it: `23/11/2026 14:05:31`. Another text stays as it is.
pub(crate) fn moment(text: &str) -> String {
    match (day(text), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => text.to_owned(),
    }
}

/// The day of an RFC 3339 text: `23/11/2026`.
pub(crate) fn day(text: &str) -> Option<String> {
    let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..10)?);
    Some(format!("{day}/{month}/{year}"))
}

/// `1.066.451 byte`, `218 kB`, `3,4 MB`.
pub(crate) fn size(lang: Lang, bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} byte");
    }
    if bytes < 1_000_000 {
        return format!("{} kB", bytes.div_ceil(1_000));
    }
    let tenths = bytes.div_ceil(100_000);
    format!("{}{}{} MB", tenths / 10, lang.pick(",", "."), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_for_people() {
        assert_eq!(moment("2026-11-23T14:05:31+07:00"), "23/11/2026 14:05:31");
        assert_eq!(moment("soon"), "soon");
        assert_eq!(moment("ngày mưa, không có giờ"), "ngày mưa, không có giờ");
        assert_eq!(size(Lang::Vi, 999), "999 byte");
        assert_eq!(size(Lang::Vi, 217_500), "218 kB");
        assert_eq!((size(Lang::Vi, 3_450_000), size(Lang::En, 3_450_000)), ("3,5 MB".into(), "3.5 MB".into()));
    }
}
