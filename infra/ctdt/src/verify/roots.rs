//! Whom `ctdt verify` trusts: roots from files, or a signed trust list (docs/TRUST_LISTS.md).

use std::path::Path;

use pki::Certificate;
use pki::trustlist::{self, Rules, TrustList};

use super::matter::read;

/// Bytes of one file of trust anchors, and of a trust list with its signature (`pki` reads no longer one).
pub(super) const TRUST_LIMIT: u64 = 5 << 20;

/// Whom to trust.
#[derive(Clone, Debug, Default)]
pub(super) struct Roots {
    /// Where paths end.
    pub(super) anchors: Vec<Certificate>,
    /// Issuing CAs, for files that embed the signer alone.
    pub(super) issuers: Vec<Certificate>,
    /// Whose licences count; without a list every path to an anchor is lawful.
    pub(super) list: Option<TrustList>,
    /// Whether they are for tests: what they vouch for is marked, never refused (decision 29).
    pub(super) test: bool,
}

impl Roots {
    /// From files of X.509 certificates and folders of them.
    ///
    /// # Errors
    /// Which file cannot be read.
    pub(super) fn of_files(paths: &[impl AsRef<Path>]) -> Result<Self, String> {
        let lists = paths.iter().map(|path| read_anchors(path.as_ref())).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of_anchors(lists.concat()))
    }

    /// From the certificates themselves. A root of the sandbox's own test PKI says so in its organisation.
    pub(super) fn of_anchors(anchors: Vec<Certificate>) -> Self {
        let says = |anchor: &Certificate| anchor.organisation().is_some_and(|name| name.starts_with("CTDT Test"));
        Self { test: anchors.iter().any(says), anchors, ..Self::default() }
    }

    /// From a list that one of the pinned keys signed. One that is overdue is used, as a stack would, and said to be.
    ///
    /// # Errors
    /// A pin that is none; a list that cannot be read, or that a stack would not take, with the code of the alarm.
    pub(super) fn of_list(path: &Path, pins: &[String], now: i64) -> Result<Self, String> {
        let pins: Vec<[u8; 32]> = pins.iter().map(|pin| crate::trust::pin_of(pin)).collect::<Result<_, _>>()?;
        let fail = |why: &str| format!("--trust-list {}: {why}", path.display());
        let bytes = read(path, TRUST_LIMIT).map_err(|error| fail(&error.to_string()))?;
        let bytes = bytes.ok_or_else(|| fail("quá lớn / too large"))?;
        let rules = Rules { pins: &pins, production: false, now };
        let list = trustlist::open(&bytes, &rules).map_err(|why| fail(&format!("{}: {why}", why.code())))?;
        if list.is_overdue(now) {
            eprintln!("ctdt verify: {}", fail("đã quá hạn cập nhật / the next list is overdue"));
        }
        let test = list.test || list.test_certificate().is_some();
        Ok(Self { anchors: list.anchors(), issuers: list.issuers(), test, list: Some(list) })
    }
}

/// Anchors of a PEM or DER file, or of the files of a folder that end in pem, crt or cer.
pub(super) fn read_anchors(path: &Path) -> Result<Vec<Certificate>, String> {
    let fail = |why: &str| format!("--trust {}: {why}", path.display());
    let mut files = vec![path.to_path_buf()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| fail(&error.to_string()))?;
        files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| names_anchors(file)).collect();
        files.sort();
    }
    let mut anchors = Vec::new();
    for file in &files {
        let bytes = read(file, TRUST_LIMIT).map_err(|error| fail(&error.to_string()))?;
        let Some(bytes) = bytes else { return Err(fail("quá lớn / too large")) };
        anchors.extend(anchors_in(&bytes).map_err(|error| fail(&error.to_string()))?);
    }
    if anchors.is_empty() { Err(fail("không có chứng thư nào / no X.509 certificate")) } else { Ok(anchors) }
}

fn names_anchors(file: &Path) -> bool {
    let extension = file.extension().and_then(|text| text.to_str()).unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "pem" | "crt" | "cer") && file.is_file()
}

pub(super) fn anchors_in(bytes: &[u8]) -> Result<Vec<Certificate>, pki::Error> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Certificate::from_der(bytes)?]);
    }
    Certificate::from_pem_many(&String::from_utf8_lossy(bytes))
}
