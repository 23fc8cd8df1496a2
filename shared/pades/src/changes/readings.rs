//! The strict and the reconstructing reading of a file must show the same (validation.md §2.4 A9 and F, §6.4).

use pdf::{Document, Reading};

/// Where the two readings differ, or why that is not known.
pub(crate) struct Readings(Result<Vec<Reading>, pdf::Error>);

impl Readings {
    /// Compares both readings of the whole file. A file that only the reconstructing reader opens has one reading.
    pub(crate) fn of(document: &Document<'_>) -> Readings {
        match document.rebuilt() {
            Some(_) => Readings(Ok(Vec::new())),
            None => Readings(document.readings()),
        }
    }

    /// After this revision somebody wrote something that a reconstructing reader shows and a strict one does not, or the reverse.
    pub(crate) fn later(&self, revision: usize) -> Option<String> {
        match &self.0 {
            Ok(readings) => readings.iter().find(|one| one.seen && one.from > revision).map(name),
            Err(error) => Some(format!("A9: {error}")),
        }
    }

    /// What the signer signed can be read in two ways. What stands inside an object was signed as that object's content.
    pub(crate) fn signed(&self, revision: usize) -> Option<String> {
        let readings = self.0.as_ref().ok()?;
        let here = |one: &&Reading| one.seen && !one.enclosed && one.from <= revision && revision < one.until;
        readings.iter().find(here).map(name)
    }
}

fn name(one: &Reading) -> String {
    format!("A9: đối tượng {}, byte {}", one.id, one.offset)
}
