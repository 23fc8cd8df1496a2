//! Types of originals that officials may choose (R25). What is on no list is `other`, and its title says what it is.

/// Every type with its Vietnamese name.
pub const ALL: &[(&str, &str)] = &[
    ("diploma", "Bằng tốt nghiệp"),
    ("transcript", "Học bạ, bảng điểm"),
    ("birth", "Giấy khai sinh"),
    ("marriage", "Giấy chứng nhận kết hôn"),
    ("identity", "Căn cước, hộ chiếu"),
    ("land", "Giấy chứng nhận quyền sử dụng đất"),
    ("business", "Giấy chứng nhận đăng ký doanh nghiệp"),
    ("licence", "Giấy phép, chứng chỉ"),
    ("other", "Giấy tờ khác"),
];

/// Whether `id` is on the list.
pub fn is_known(id: &str) -> bool {
    name(id).is_some()
}

/// What a type is called.
pub fn name(id: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_unique_and_other_is_among_them() {
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), ALL.len());
        assert!(name("other") == Some("Giấy tờ khác") && !is_known("nope") && !is_known(""));
    }
}
