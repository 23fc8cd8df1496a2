//! Records of what was found, as PDF files.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::judging::Answer;

/// Octets of a name; with what stands around it, under the 255 that Linux takes (NAME_MAX).
const STEM: usize = 200;

/// One record per file: `out` itself for one file, `OUT/NNN-NAME.bien-ban.pdf` for several. Nothing is written when one of them would
/// take the place of a file that was given to be read; an earlier record is replaced.
pub(super) fn write_records(out: &Path, given: &[PathBuf], answers: &[Answer]) -> Result<(), String> {
    let places = places(out, answers);
    if let Some(place) = places.iter().find(|place| given.iter().any(|file| is_same(file, place))) {
        return Err(format!("{} là tệp đầu vào / is one of the given files", place.display()));
    }
    let records: Result<Vec<Vec<u8>>, _> = answers.iter().map(|one| compose::report(&one.json())).collect();
    let records = records.map_err(|error| error.to_string())?;
    if answers.len() != 1 {
        std::fs::create_dir_all(out).map_err(|error| error.to_string())?;
    }
    for (place, record) in places.iter().zip(records) {
        put(place, &record).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    Ok(())
}

/// Where the record of each answer goes.
fn places(out: &Path, answers: &[Answer]) -> Vec<PathBuf> {
    if answers.len() == 1 {
        return vec![out.to_owned()];
    }
    let place =
        |(one, number): (&Answer, usize)| out.join(format!("{number:03}-{}.bien-ban.pdf", stem(&one.report.file)));
    answers.iter().zip(1..).map(place).collect()
}

/// The name of a judged file as part of another name. What an archive calls its entries may be too long for a file system,
/// or hold signs that no name has: the number before it tells them apart.
fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let stem = stem.replace(pades::is_deceptive, "_");
    stem[..stem.floor_char_boundary(STEM)].to_owned()
}

/// Whether both names lead to one file, by symbolic or hard links; false where one of them leads nowhere.
fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| std::fs::metadata(path).map(|known| (known.dev(), known.ino()));
    matches!((file(one), file(other)), (Ok(one), Ok(other)) if one == other)
}

/// Writes a record where nothing stands, over an earlier record, or to a device.
fn put(place: &Path, record: &[u8]) -> io::Result<()> {
    // Who may not write to what stands there may not replace it either.
    let earlier = match File::options().write(true).open(place) {
        Ok(mut file) if !file.metadata()?.is_file() => return file.write_all(record),
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Behind a link the file is replaced, not the link.
    let place = std::fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let beside = place.with_file_name(format!(".ctdt-{}.tmp", std::process::id()));
    let file = File::create_new(&beside)?;
    let done = fill(file, record, earlier).and_then(|()| std::fs::rename(&beside, &place));
    if done.is_err() {
        // What went wrong is told already.
        let _ = std::fs::remove_file(&beside);
    }
    done
}

/// A record keeps from others what the earlier one kept from them.
fn fill(mut file: File, record: &[u8], earlier: Option<File>) -> io::Result<()> {
    if let Some(earlier) = earlier {
        file.set_permissions(earlier.metadata()?.permissions())?;
    }
    file.write_all(record)
}
