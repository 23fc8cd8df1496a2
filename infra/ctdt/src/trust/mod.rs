//! `ctdt trust`: the operator's work on trust lists, away from the network: import, sign, look at.
//!
//! Does not publish: the operator copies the list in force to its `.previous` name and puts the new one in its place. Everything
//! that is written was read back under the rules of a stack first.

mod etsi;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256};
use base64::Engine as _;
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use pki::Certificate;
use pki::trustlist::{self, Rules, Status, Tree, TrustList};
use sha2::{Digest as _, Sha256};

/// Bytes of one file.
const FILE_LIMIT: u64 = 32 << 20;

/// What `ctdt trust` is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Đọc danh sách ETSI TS 119 612 thành danh sách chưa ký / read an ETSI list into an unsigned list
    Import {
        /// Tệp XML / the XML file
        file: PathBuf,
        /// SHA-256 của tệp, do nơi công bố cho biết / of the file, as its publisher states it
        #[arg(long, value_name = "HEX")]
        sha256: String,
        /// Cây tin cậy / the tree
        #[arg(long, value_enum, default_value_t = TreeName::Foreign)]
        tree: TreeName,
        /// Số thứ tự, lớn hơn danh sách đang dùng / greater than that of the list in use
        #[arg(long)]
        sequence: u64,
        /// Đơn vị chịu trách nhiệm / who answers for the list
        #[arg(long)]
        operator: String,
        /// Danh sách chưa ký có sẵn, để thêm vào / an unsigned list to add to
        #[arg(long, value_name = "JSON")]
        into: Option<PathBuf>,
        /// Tệp kết quả / the result
        #[arg(long, value_name = "JSON")]
        out: PathBuf,
    },
    /// Ký một danh sách / sign a list
    Sign {
        /// Danh sách chưa ký / the unsigned list
        list: PathBuf,
        /// Khóa bí mật PKCS#8 dạng PEM: RSA hoặc P-256 / the private key
        #[arg(long, value_name = "PEM")]
        key: PathBuf,
        /// Chứng thư X.509 của khóa đó / its X.509 certificate
        #[arg(long, value_name = "PEM")]
        certificate: PathBuf,
        /// Tệp kết quả / the result
        #[arg(long, value_name = "P7M")]
        out: PathBuf,
    },
    /// Xem và kiểm tra một danh sách đã ký / look at a signed list and check it
    Show {
        /// Danh sách đã ký / the signed list
        file: PathBuf,
        /// Khóa được phép ký; không có thì chỉ xem / a key that may sign; without one it is only looked at
        #[arg(long, value_name = "HEX")]
        pin: Vec<String>,
        /// Theo quy tắc của hệ thống thật / under the rules of a production stack
        #[arg(long)]
        production: bool,
        /// Danh sách đang dùng / the list in use
        #[arg(long, value_name = "P7M")]
        last: Option<PathBuf>,
    },
}

/// The trees by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TreeName {
    /// Chữ ký số chuyên dùng chính phủ / the government's
    Government,
    /// Chữ ký số công cộng / the National Root's
    National,
    /// Nước ngoài / foreign
    Foreign,
}

/// Does the work; 0 done, 1 the list is refused, 3 usage.
pub(crate) fn run(command: &TrustCommand) -> ExitCode {
    let done = match command {
        TrustCommand::Import { file, sha256, tree, sequence, operator, into, out } => {
            let head = Head { tree: *tree, sequence: *sequence, operator, into: into.as_deref() };
            import(file, sha256, &head).and_then(|(list, left_out)| {
                write(out, &encoded(&list)?)?;
                Ok(format!("{}{left_out} dịch vụ bỏ qua / services left out\n", shown(&list)))
            })
        }
        TrustCommand::Sign { list, key, certificate, out } => sign(list, key, certificate).and_then(|(file, pin)| {
            write(out, &file)?;
            Ok(format!("pin {pin}\n"))
        }),
        TrustCommand::Show { file, pin, production, last } => show(file, pin, *production, last.as_deref()),
    };
    match done {
        Ok(text) => {
            // A closed pipe is the reader's choice.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("ctdt trust: {why}");
            ExitCode::from(if why.starts_with("trust-list-") { 1 } else { 3 })
        }
    }
}

struct Head<'a> {
    tree: TreeName,
    sequence: u64,
    operator: &'a str,
    into: Option<&'a Path>,
}

fn import(file: &Path, sha256: &str, head: &Head<'_>) -> Result<(TrustList, usize), String> {
    let bytes = read(file)?;
    if hex::encode(Sha256::digest(&bytes)) != sha256.to_ascii_lowercase() {
        return Err(format!("{}: SHA-256 khác với giá trị đã nêu / differs from the stated one", file.display()));
    }
    let xml = std::str::from_utf8(&bytes).map_err(|_| format!("{}: UTF-8", file.display()))?;
    let tree = match head.tree {
        TreeName::Government => Tree::Government,
        TreeName::National => Tree::National,
        TreeName::Foreign => Tree::Foreign,
    };
    let imported = etsi::read(xml, tree)?;
    let before = match head.into {
        Some(path) => Some(trustlist::read(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?),
        None => None,
    };
    let (mut providers, next, test) = match before {
        Some(before) => (before.providers, before.next_update.min(imported.next_update), before.test),
        None => (Vec::new(), imported.next_update, false),
    };
    providers.extend(imported.providers);
    let list = TrustList {
        sequence: head.sequence,
        issued_at: imported.issued_at,
        next_update: next,
        operator: head.operator.to_owned(),
        test,
        providers,
    };
    Ok((list, imported.left_out))
}

fn encoded(list: &TrustList) -> Result<Vec<u8>, String> {
    trustlist::write(list).map_err(|error| error.to_string())
}

fn sign(list: &Path, key: &Path, certificate: &Path) -> Result<(Vec<u8>, String), String> {
    let json = read(list)?;
    let parsed = trustlist::read(&json).map_err(|error| format!("{}: {error}", list.display()))?;
    let signer = operator_in(certificate)?;
    let message = trustlist::to_be_signed(&json, &signer).map_err(|error| error.to_string())?;
    let raw = signature(&pkcs8(key)?, &message)?;
    let file =
        trustlist::assemble(&json, &signer, &raw).map_err(|error| format!("khóa và chứng thư / key: {error}"))?;
    let pin = trustlist::pin(&signer);
    let rules = Rules { pins: &[pin], production: false, now: parsed.issued_at };
    trustlist::open(&file, &rules).map_err(|why| format!("{}: {why}", why.code()))?;
    Ok((file, hex::encode(pin)))
}

fn signature(pkcs8: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |_| "khóa không ký được / the key does not sign".to_owned();
    if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8) {
        return key.sign(&SystemRandom::new(), message).map(|made| made.as_ref().to_vec()).map_err(failed);
    }
    let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| "khóa không phải RSA hay P-256 / not an RSA or P-256 key")?;
    let mut made = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut made).map_err(failed)?;
    Ok(made)
}

fn pkcs8(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let armour = || format!("{}: không phải PKCS#8 dạng PEM / not PKCS#8 in PEM", path.display());
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----").ok_or_else(armour)?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or_else(armour)?;
    let packed: String = body.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(packed).map_err(|_| armour())
}

fn operator_in(path: &Path) -> Result<Certificate, String> {
    let bytes = read(path)?;
    let found = Certificate::from_pem_many(&String::from_utf8_lossy(&bytes)).map_err(|error| error.to_string())?;
    found.into_iter().next().ok_or_else(|| format!("{}: không có chứng thư / no X.509 certificate", path.display()))
}

fn show(file: &Path, pins: &[String], production: bool, last: Option<&Path>) -> Result<String, String> {
    let now = Timestamp::now().as_second();
    let pins: Vec<[u8; 32]> = pins.iter().map(|pin| pin_of(pin)).collect::<Result<_, _>>()?;
    let bytes = read(file)?;
    let carried = pki::cms::SignedData::parse(&bytes).ok().and_then(|signed| signed.signer_certificate().cloned());
    let carried = carried.map(|signer| trustlist::pin(&signer));
    let looked_at = if pins.is_empty() { carried.into_iter().collect() } else { pins.clone() };
    let rules = Rules { pins: &looked_at, production, now };
    let refused = |why: trustlist::Rejected| format!("{}: {why}", why.code());
    let last = match last {
        Some(path) => Some(trustlist::open(&read(path)?, &rules).map_err(refused)?),
        None => None,
    };
    trustlist::accept(&bytes, last.as_ref(), &rules).map_err(refused)?;
    let list = trustlist::open(&bytes, &rules).map_err(refused)?;
    let mut text = shown(&list);
    if let Some(pin) = carried {
        text.push_str(&format!("pin {}\n", hex::encode(pin)));
    }
    if pins.is_empty() {
        text.push_str("chưa kiểm tra khóa ký: nêu --pin / whose key it is was not checked: state --pin\n");
    }
    if list.is_overdue(now) {
        text.push_str("đã quá hạn cập nhật / the next list is overdue\n");
    }
    Ok(text)
}

pub(crate) fn pin_of(text: &str) -> Result<[u8; 32], String> {
    let bytes = hex::decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.ok_or_else(|| format!("--pin {text}: không phải SHA-256 / no SHA-256"))
}

fn shown(list: &TrustList) -> String {
    let day = |at: i64| Timestamp::from_second(at).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    let mut text = format!(
        "danh sách / list {} · {} · {} → {}{}\n",
        list.sequence,
        list.operator,
        day(list.issued_at),
        day(list.next_update),
        if list.test { " · THỬ NGHIỆM / TEST" } else { "" }
    );
    for provider in &list.providers {
        text.push_str(&format!("{} ({:?})\n", provider.name, provider.tree));
        for service in &provider.services {
            let history: Vec<String> = service
                .history
                .iter()
                .map(|period| {
                    let status = match period.status {
                        Status::Granted => "được cấp phép / granted",
                        Status::Withdrawn => "đã thu hồi / withdrawn",
                    };
                    format!("{status} {}", day(period.from))
                })
                .collect();
            text.push_str(&format!("  {:?} {}: {}\n", service.kind, service.name, history.join(", ")));
        }
    }
    text
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let fail = |why: String| format!("{}: {why}", path.display());
    let known = std::fs::metadata(path).map_err(|error| fail(error.to_string()))?;
    if !known.is_file() || known.len() > FILE_LIMIT {
        return Err(fail("không đọc được / not a file of bounded length".to_owned()));
    }
    std::fs::read(path).map_err(|error| fail(error.to_string()))
}

/// A list is never written over another one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(fail)?;
    file.write_all(bytes).map_err(fail)
}
