//! Records of what was found, as PDF files.

use std::path::{Path, PathBuf};

use super::judging::Answer;

/// One record per file: `out` itself for one file, `OUT/NNN-NAME.bien-ban.pdf` for several. Nothing is written when one of them would
/// take the place of a file that was given to be judged; an earlier record is replaced.
pub(super) fn write_records(out: &Path, given: &[PathBuf], answers: &[Answer]) -> Result<(), String> {
    let places = places(out, answers);
    if let Some(place) = places.iter().find(|place| given.iter().any(|file| is_same(file, place))) {
        return Err(format!("{} là tệp được kiểm tra / is a judged file", place.display()));
    }
    let records: Result<Vec<Vec<u8>>, _> = answers.iter().map(|one| compose::report(&one.json())).collect();
    let records = records.map_err(|error| error.to_string())?;
    if answers.len() != 1 {
        std::fs::create_dir_all(out).map_err(|error| error.to_string())?;
    }
    for (place, record) in places.iter().zip(records) {
        std::fs::write(place, record).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    Ok(())
}

/// Where the record of each answer goes.
fn places(out: &Path, answers: &[Answer]) -> Vec<PathBuf> {
    if answers.len() == 1 {
        return vec![out.to_owned()];
    }
    let place = |(one, number): (&Answer, usize)| {
        let stem = Path::new(&one.report.file)
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        out.join(format!("{number:03}-{stem}.bien-ban.pdf"))
    };
    answers.iter().zip(1..).map(place).collect()
}

/// Whether both names lead to one file, by whatever links; false where one of them leads nowhere.
fn is_same(one: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
