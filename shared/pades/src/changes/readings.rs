//! The strict and the reconstructing reading of a file must show the same (validation.md §2.4 A9 and F, §6.4).

use pdf::{Document, ObjId, Reading};

/// Where the two readings differ, or why that is not known.
pub(crate) struct Readings(Result<Vec<Reading>, pdf::Error>);

/// A difference between the two readings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Difference {
    /// Of an object: where the reading that is not followed has it.
    Object {
        /// Which.
        id: ObjId,
        /// Where in the file.
        offset: usize,
    },
    /// Nobody knows: they cannot be compared.
    Unknown(pdf::Error),
}

impl Readings {
    /// Compares both readings of the whole file. A file that only the reconstructing reader opens has one reading.
    pub(crate) fn of(document: &Document<'_>) -> Readings {
        match document.rebuilt() {
            Some(_) => Readings(Ok(Vec::new())),
            None => Readings(document.readings()),
        }
    }

    /// After this revision somebody wrote something that a reconstructing reader shows and a strict one does not, or the reverse.
    pub(crate) fn later(&self, revision: usize) -> Option<Difference> {
        match &self.0 {
            Ok(readings) => readings.iter().find(|one| one.seen && one.from > revision).map(difference),
            Err(error) => Some(Difference::Unknown(error.clone())),
        }
    }

    /// The revisions from which on they differ in what is seen.
    pub(crate) fn differ_from(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flatten().filter(|one| one.seen).map(|one| one.from)
    }

    /// What the signer signed can be read in two ways. What stands inside an object was signed as that object's content.
    pub(crate) fn signed(&self, revision: usize) -> Option<Difference> {
        let readings = self.0.as_ref().ok()?;
        let here = |one: &&Reading| one.seen && !one.enclosed && one.from <= revision && revision < one.until;
        readings.iter().find(here).map(difference)
    }
}

fn difference(one: &Reading) -> Difference {
    Difference::Object { id: one.id, offset: one.offset }
}
