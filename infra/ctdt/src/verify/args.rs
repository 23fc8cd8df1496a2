//! What `ctdt verify` is asked, and what is wrong with how it is asked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::{Timestamp, civil};

/// What `ctdt verify` is asked.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// In một đối tượng JSON / print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Chứng thư gốc tin cậy: tệp PEM hoặc thư mục, dùng được nhiều lần / trusted roots: a PEM file or a folder, repeatable
    #[arg(long, value_name = "PEM_OR_DIR")]
    pub(super) trust: Vec<PathBuf>,
    /// Danh sách tin cậy đã ký, thay cho --trust; cần --pin / a signed trust list instead of --trust; needs --pin
    #[arg(long, value_name = "P7M", conflicts_with = "trust", requires = "pin")]
    pub(super) trust_list: Option<PathBuf>,
    /// SHA-256 của khóa được ký danh sách tin cậy, dùng được nhiều lần / of a key that may sign the trust list, repeatable
    #[arg(long, value_name = "HEX", requires = "trust_list")]
    pub(super) pin: Vec<String>,
    /// Kiểm tra tại thời điểm này thay vì bây giờ / judge at this instant instead of now
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) at: Option<Timestamp>,
    /// Chỉ dùng chứng cứ nằm trong tệp / use only the evidence that the files hold
    #[arg(long)]
    pub(super) offline: bool,
    /// Quy tắc áp dụng; mặc định chọn theo các ô chữ ký của tệp / the rules; by default told from the file's fields
    #[arg(long, value_enum)]
    pub(super) profile: Option<Rules>,
    /// Ghi biên bản kiểm tra dạng PDF, không ký số (một tệp; nhiều tệp thì là thư mục) / write the record as a PDF, not signed (a folder
    /// for several files)
    #[arg(long, value_name = "OUT")]
    pub(super) report: Option<PathBuf>,
    /// Các tệp cần kiểm tra; tệp zip là một hồ sơ / the files to judge; a zip archive is a dossier
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
}

impl VerifyArgs {
    /// Every file that was given to be read.
    pub(super) fn given(&self) -> Vec<PathBuf> {
        self.files.iter().chain(&self.trust).chain(&self.trust_list).cloned().collect()
    }
}

/// The rules that apply beside cryptography.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Rules {
    /// Quy tắc của bản sao chứng thực / the rules of a certified copy
    Ecopy,
    /// Mọi PDF đã ký, theo ISO 32000 / any signed PDF, by ISO 32000
    General,
}

/// An instant of RFC 3339.
///
/// # Errors
/// What is wrong with it, and how it should look.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    const LIKE: &str = "2026-11-23T14:05:31+07:00";
    text.parse::<Timestamp>().map_err(|_| {
        let (vi, en) = if text.parse::<civil::DateTime>().is_err() {
            ("không phải thời điểm theo RFC 3339", "not an instant of RFC 3339")
        } else if text.contains(['T', 't', ' ']) {
            ("thiếu múi giờ, như +07:00 hoặc Z", "the offset is missing, such as +07:00 or Z")
        } else {
            ("chỉ có ngày, thiếu giờ và múi giờ", "a day alone: time and offset are missing")
        };
        format!("{vi}; ví dụ {LIKE} / {en}; for example {LIKE}")
    })
}
