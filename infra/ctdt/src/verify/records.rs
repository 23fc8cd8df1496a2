//! Records of what was found, as PDF files.

use std::path::Path;

use super::judging::Answer;

/// One record per file: `out` itself for one file, `OUT/NNN-NAME.bien-ban.pdf` for several. A record is never written over a file that was
/// judged.
pub(super) fn write_records(out: &Path, answers: &[Answer]) -> Result<(), String> {
    let record = |one: &Answer| compose::report(&one.json()).map_err(|error| error.to_string());
    let write = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).map_err(|error| error.to_string());
    let judged = |path: &Path| {
        let same = |one: &Answer| std::fs::canonicalize(&one.report.file).ok() == std::fs::canonicalize(path).ok();
        path.exists() && answers.iter().any(same)
    };
    if let [one] = answers {
        return match judged(out) {
            true => Err("đó là tệp được kiểm tra / that is the judged file".to_owned()),
            false => write(out, &record(one)?),
        };
    }
    std::fs::create_dir_all(out).map_err(|error| error.to_string())?;
    for (one, number) in answers.iter().zip(1..) {
        let stem = Path::new(&one.report.file)
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        write(&out.join(format!("{number:03}-{stem}.bien-ban.pdf")), &record(one)?)?;
    }
    Ok(())
}
