//! What a record says of one signature beneath its name: when, how well, and what was found, Vietnamese first.

use serde_json::Value;

use super::{moment, text};

/// Three lines; of a value that is not known here, the value itself.
pub(super) fn of(one: &Value) -> [String; 3] {
    let at = match text(one, "signed_at") {
        "" => "–".to_owned(),
        at => moment(at),
    };
    let level = text(one, "level");
    let source = in_words(&SOURCES, text(one, "time_source"));
    let path = in_words(&PATHS, text(one, "certificate_path"));
    let revocation = in_words(&REVOCATIONS, text(one, "revocation"));
    // Behind a broken signature nothing is known, so nothing may sound as if all were well.
    let changes = match text(one, "integrity") {
        "broken" => "Không xét phần thêm sau đó / what follows is not judged",
        _ => in_words(&CHANGES, text(one, "changes_after")),
    };
    [
        format!("Lúc / at {at} ({source}) · mức / level {level}"),
        format!("Chuỗi chứng thư / path: {path} · thu hồi / revocation: {revocation}"),
        changes.to_owned(),
    ]
}

/// A value and its words.
type Words = (&'static str, &'static str);

const SOURCES: [Words; 4] = [
    ("timestamp", "dấu thời gian / time-stamp"),
    ("doc_timestamp", "dấu thời gian tài liệu / document time-stamp"),
    ("claimed", "giờ máy người ký / signer's clock"),
    ("none", "không có / none"),
];
const PATHS: [Words; 4] = [
    ("trusted", "tin cậy / trusted"),
    ("untrusted", "gốc không được tin cậy / root not trusted"),
    ("incomplete", "thiếu chứng thư / incomplete"),
    ("invalid", "sai quy tắc / invalid"),
];
const REVOCATIONS: [Words; 4] = [
    ("good", "không / not revoked"),
    ("revoked", "đã bị thu hồi / revoked"),
    ("unknown", "chưa rõ / not known"),
    ("not_checked", "không kiểm tra / not checked"),
];
const CHANGES: [Words; 3] = [
    ("none", "Sau đó không có thay đổi / no change after it"),
    ("permitted", "Sau đó chỉ có thay đổi được phép / only permitted changes after it"),
    ("not_permitted", "Sau đó có thay đổi không được phép / changes that are not permitted after it"),
];

fn in_words<'v>(words: &[Words], value: &'v str) -> &'v str {
    words.iter().find(|(known, _)| *known == value).map_or(value, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A clerk reads Vietnamese; and a broken signature is never followed by "permitted".
    #[test]
    fn every_value_has_words() {
        for (broken, said) in [("intact", "Sau đó chỉ có thay đổi được phép"), ("broken", "Không xét phần thêm")]
        {
            let one = json!({"signed_at": "2026-11-23T14:05:31+07:00", "time_source": "claimed", "level": "B-T",
                "certificate_path": "incomplete", "revocation": "not_checked", "changes_after": "permitted", "integrity": broken});
            let [first, second, third] = of(&one);
            assert!(first.starts_with("Lúc / at 23/11/2026 14:05:31 (giờ máy người ký"), "{first}");
            assert!(third.starts_with(said), "{third}");
            assert_eq!(
                second,
                "Chuỗi chứng thư / path: thiếu chứng thư / incomplete · thu hồi / revocation: không kiểm tra / not checked"
            );
        }
        let bare = of(&json!({}));
        assert!(bare[0].starts_with("Lúc / at – ()"), "{bare:?}");
    }
}
