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
    ALL.iter().any(|(known, _)| *known == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_unique_and_other_is_among_them() {
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), ALL.len());
        assert!(is_known("other") && !is_known("nope") && !is_known(""));
    }
}
