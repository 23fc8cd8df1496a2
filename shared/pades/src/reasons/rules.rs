//! Where each rule is written down.

/// Where the rule behind a code is written down: a clause of a standard, or a rule (A–F) of this validator.
pub fn rule(code: &str) -> &'static str {
    RULES.iter().find(|(_, codes)| codes.contains(&code)).map_or("", |(rule, _)| rule)
}

/// Each code stands in exactly one row.
static RULES: &[(&str, &[&str])] = &[
    ("ISO 32000-2 §7.5.2", &["not-a-pdf"]),
    ("ISO 32000-2 §7.5", &["pdf-broken", "pdf-rebuilt", "file-reading-note"]),
    ("F: limits", &["pdf-too-complex", "reader-failed", "file-unreadable"]),
    ("ISO 32000-2 §7.6", &["pdf-encrypted", "pdf-locked"]),
    ("A9", &["two-readings"]),
    ("E", &["shadow-capable"]),
    ("NĐ 45/2020/NĐ-CP Đ10", &["no-signature", "only-one-signature"]),
    ("B2, B6", &["certification-unclear"]),
    ("B3", &["permission-raised"]),
    ("A8", &["bytes-after-last-signature"]),
    ("EN 319 102-1 §5.2.7: messageDigest", &["content-changed"]),
    ("EN 319 102-1 §5.2.7: signature", &["signature-wrong"]),
    ("EN 319 102-1 §5.2.2", &["signature-malformed", "signature-unsupported"]),
    ("EN 319 102-1 §5.2.3", &["signer-certificate-missing", "signer-mismatch"]),
    ("A1–A6", &["byte-range-gap"]),
    ("A7, EN 319 122-1 §5.2.2", &["signer-binding-missing", "signer-unbound", "copy-signer-unbound"]),
    ("RFC 5280 §4.2.1.12", &["certificate-usage", "copy-certificate-usage"]),
    ("A3", &["padding-not-zero", "copy-padding-used"]),
    ("A8, R68", &["copy-unsigned-update"]),
    ("RFC 5652 §5, X.690 §10", &["copy-container-altered", "copy-certificate-unverified"]),
    (
        "B, C",
        &["later-change-not-allowed", "later-change-allowed", "later-change-not-of-a-copy", "later-change-unclear"],
    ),
    ("C8", &["store-item-removed", "store-entry-unmatched"]),
    ("C10, C12", &["later-change-covers"]),
    ("C11", &["later-change-drawing-unread"]),
    ("ISO 32000-2 §12.7.5.5", &["seed-value-violated"]),
    ("EN 319 102-1 §5.2.6: revocation", &["certificate-revoked-before", "certificate-revoked-unproven", "ca-revoked"]),
    ("EN 319 102-1 §5.5: validity", &["certificate-expired-at-signing", "certificate-not-yet-valid"]),
    ("RFC 5280 §6.1", &["certificate-path-invalid"]),
    ("EN 319 102-1 §5.2.8, TS 119 312", &["weak-algorithm", "weak-algorithm-in-time"]),
    ("EN 319 102-1 §5.2.6: validity", &["certificate-expired-unproven", "certificate-expired-now"]),
    ("EN 319 102-1 §5.2.5", &["revocation-unknown", "tsa-revocation-unknown"]),
    ("RFC 6960 §4.2.2.2.1", &["responder-unvouched", "tsa-responder-unvouched"]),
    ("EN 319 102-1 §5.5: revocation", &["certificate-revoked-after"]),
    ("EN 319 102-1 §5.6.2", &["evidence-unproven", "tsa-expired-unproven", "timestamp-not-relied-on"]),
    ("EN 319 102-1 §5.5.4", &["timestamp-order"]),
    ("RFC 3161 §2.4.2", &["timestamp-bad"]),
    ("RFC 3161 §4", &["tsa-revoked"]),
    ("EN 319 102-1 §5.4", &["timestamp-in-future"]),
    (
        "R66",
        &["timestamp-missing", "timestamp-required", "time-off-by-7h", "time-claimed-later", "time-claimed-days-later"],
    ),
    ("R67", &["tsa-untrusted", "ca-not-licensed", "ca-unknown", "chain-incomplete", "trust-list-absent"]),
    ("R62", &["test-certificate"]),
    (
        "R68",
        &[
            "annulled",
            "register-mismatch",
            "register-unknown",
            "wrong-order",
            "copy-structure",
            "number-missing",
            "not-agency-certificate",
            "agency-differs",
            "agency-renamed",
            "signer-without-mandate",
        ],
    ),
];
