//! `ctdt qr`: checks the QR codes of prints with the published keys and without a network (decision 16).
//!
//! Scans nothing: it is given the text that a reader of QR codes gives. Asks no register, so an annulled copy is not told. What
//! it says is about the code, and never about the paper.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use casework::qr::{Published, shown};
use clap::Args;
use domain::qr::{Code, NotOurs, Standing};
use domain::time;
use serde_json::{Value, json};

/// A set of keys is small; more than this is another file.
const LIMIT: u64 = 64 * 1024;

/// What `ctdt qr` is asked.
#[derive(Debug, Args)]
pub(crate) struct QrArgs {
    /// In một đối tượng JSON / print one JSON object
    #[arg(long)]
    json: bool,
    /// Khóa công khai, lấy ở GET /v1/qr/keys / the published keys, from GET /v1/qr/keys
    #[arg(long, value_name = "FILE", default_value = "ma-qr.jwks.json")]
    keys: PathBuf,
    /// Chữ đọc được từ mã QR: cả địa chỉ, hoặc phần sau /Q/ / what a reader finds in the QR code: the address, or what follows /Q/
    #[arg(required = true, value_name = "TEXT")]
    texts: Vec<String>,
}

/// One text and what it is.
type Answer = Result<(Code, Standing), NotOurs>;

/// Checks the codes, prints, and gives the exit status: 0 all right, 1 some wrong or no codes of ours, 2 some signed by a key that the set
/// does not have, 3 usage (keys that cannot be read count as usage).
pub(crate) fn run(args: &QrArgs) -> ExitCode {
    let published = match read(&args.keys) {
        Ok(published) => published,
        Err(why) => {
            eprintln!("ctdt qr: --keys {}: {why}", args.keys.display());
            return ExitCode::from(3);
        }
    };
    let answers: Vec<Answer> = args.texts.iter().map(|text| answer(text, &published)).collect();
    let text = if args.json { format!("{:#}\n", document(&answers)) } else { answers.iter().map(lines).collect() };
    // A closed pipe is the reader's choice; the exit status still tells.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(status(&answers))
}

fn read(path: &Path) -> Result<Published, String> {
    let told = |error: io::Error| format!("không đọc được / cannot be read: {error}");
    if std::fs::metadata(path).map_err(told)?.len() > LIMIT {
        return Err("tệp quá lớn / the file is too large".to_owned());
    }
    Published::read(&std::fs::read(path).map_err(told)?)
        .map_err(|error| format!("không phải bộ khóa công khai / {error}"))
}

fn answer(text: &str, published: &Published) -> Answer {
    let code = Code::read(text)?;
    let standing = code.check(published.keys());
    Ok((code, standing))
}

/// 1 before 2: a wrong code is the graver news.
fn status(answers: &[Answer]) -> u8 {
    let all = |good: fn(&Standing) -> bool| answers.iter().all(|one| one.as_ref().is_ok_and(|(_, is)| good(is)));
    match () {
        () if all(|is| *is == Standing::Genuine) => 0,
        () if all(|is| *is != Standing::Forged) => 2,
        () => 1,
    }
}

fn document(answers: &[Answer]) -> Value {
    let one = |answer: &Answer| match answer {
        Ok((code, standing)) => shown(code, *standing),
        Err(NotOurs) => json!({"valid": false, "reason": "qr-not-ours"}),
    };
    json!({"codes": answers.iter().map(one).collect::<Vec<_>>()})
}

/// Three lines: the answer, what the code says, what that is worth. A text that is no code is not repeated.
fn lines(answer: &Answer) -> String {
    let Ok((code, standing)) = answer else {
        return "KHÔNG PHẢI MÃ CỦA HỆ THỐNG / NOT OUR CODE\n".to_owned();
    };
    let (word, worth) = match standing {
        Standing::Genuine => (
            "CHỮ KÝ CỦA MÃ ĐÚNG / THE SIGNATURE OF THE CODE IS RIGHT",
            "mã không chứng minh tờ giấy trên tay và không cho biết đã huỷ hay chưa; kiểm tra chính tệp PDF / it proves no paper and tells \
             no annulment; check the PDF itself",
        ),
        Standing::Forged => (
            "CHỮ KÝ CỦA MÃ KHÔNG ĐÚNG / THE SIGNATURE OF THE CODE IS WRONG",
            "mã không do khóa này ký, hoặc đã bị sửa / the key has not signed it, or it was altered",
        ),
        Standing::UnknownKey => (
            "KHÔNG CÓ KHOÁ ĐỂ KIỂM TRA / NO KEY TO CHECK WITH",
            "lấy bộ khóa mới ở GET /v1/qr/keys / fetch the set anew from GET /v1/qr/keys",
        ),
    };
    let said = &code.statement;
    let (number, unit, on, key) = (said.number.text(), &said.unit_code, time::shown(said.day), code.key);
    format!(
        "{word}\n  số {number}, đơn vị {unit}, ngày {on}, khóa {key} / no. {number}, unit {unit}, day {on}, key {key}\n  {worth}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code of the key that RFC 8037 shows, made with OpenSSL.
    const VECTOR: &str = include_str!("../../../shared/domain/src/qr/vector.txt");
    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"90facafe"}]}"#;

    fn published() -> Published {
        Published::read(KEYS.as_bytes()).expect("a set")
    }

    fn answers(texts: &[&str], keys: &Published) -> Vec<Answer> {
        texts.iter().map(|text| answer(text, keys)).collect()
    }

    #[test]
    fn the_gravest_answer_is_the_status() {
        let other = Published::new(vec![domain::qr::Key::new([7; 32])]).expect("a set");
        let altered = VECTOR.trim_end().strip_suffix("Q").map(|rest| format!("{rest}A")).expect("it ends so");
        let of = |texts: &[&str]| status(&answers(texts, &published()));
        assert_eq!((of(&[VECTOR]), of(&[VECTOR, VECTOR])), (0, 0));
        assert_eq!((of(&[&altered]), of(&[VECTOR, &altered]), of(&["x"]), of(&[VECTOR, ""])), (1, 1, 1, 1));
        assert_eq!(status(&answers(&[VECTOR], &other)), 2);
        assert_eq!(status(&answers(&[VECTOR, "x"], &other)), 1);
    }

    #[test]
    fn a_program_reads_what_people_read() {
        let told = document(&answers(&[VECTOR, "x"], &published()));
        let first = &told["codes"][0];
        assert_eq!(first["number_text"], "152, quyển số 01/2026 - SCT/BS");
        assert_eq!((&first["sealed_on"], &first["valid"]), (&json!("2026-11-26"), &json!(true)));
        assert_eq!((&first["scan_sha256_prefix"], &first["key_id"]), (&json!("0001020304050607"), &json!("90facafe")));
        assert_eq!((&first["unit"]["code"], first.get("reason")), (&json!("000.00.01.H54"), None));
        assert_eq!(told["codes"][1], json!({"valid": false, "reason": "qr-not-ours"}));
        let said = lines(&answer(VECTOR, &published()));
        assert!(said.contains("CHỮ KÝ CỦA MÃ ĐÚNG") && said.contains("số 152, quyển số 01/2026 - SCT/BS"), "{said}");
        assert!(said.contains("26/11/2026") && said.contains("check the PDF itself"), "{said}");
    }

    /// A text that is no code may be anything, also letters that steer a terminal.
    #[test]
    fn what_is_no_code_is_not_repeated() {
        assert_eq!(lines(&answer("\u{1b}[2J", &published())), "KHÔNG PHẢI MÃ CỦA HỆ THỐNG / NOT OUR CODE\n");
    }

    #[test]
    fn keys_that_cannot_be_used_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys");
        assert!(read(&file).expect_err("none").contains("cannot be read"));
        for (bytes, why) in [(b"{}".to_vec(), "no member"), (vec![b' '; 70_000], "too large")] {
            std::fs::write(&file, bytes).expect("written");
            assert!(read(&file).expect_err("no keys").contains(why));
        }
        std::fs::write(&file, KEYS).expect("written");
        assert_eq!(read(&file), Ok(published()));
    }
}
