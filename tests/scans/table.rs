//! The table of scans: what each file is, and what intake says of it. Included by the tests of `compose` and by those of whole copies.
//!
//! Only reads: what fills it stands in `shared/compose/tests/all/table.rs`.

use std::path::{Path, PathBuf};

/// A row: one document of one or several files, and what is to come of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Paths from `tests`, in the order of the pages.
    pub(crate) files: Vec<String>,
    /// `accepted`, or the code of the refusal.
    pub(crate) outcome: String,
    /// Sizes of the pages in points, `420x297*3 595x842` is three of one size and then one of another; `-` for what is refused.
    pub(crate) sizes: String,
    /// Dots per inch, `?` where they cannot be told.
    pub(crate) dpi: String,
    /// `yes`, `no` or `?`.
    pub(crate) colour: String,
    /// Codes in order, with the pages that they are about.
    pub(crate) warnings: String,
    /// For people.
    pub(crate) what: String,
}

/// The folder `tests`.
fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("template.yaml").exists());
    root.expect("the tests run inside the checkout").join("tests")
}

/// The file.
pub(crate) fn path() -> PathBuf {
    folder().join("scans/table.tsv")
}

/// A file of a row.
pub(crate) fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All rows, and what stands above them.
pub(crate) fn rows() -> (String, Vec<Row>) {
    let text = std::fs::read_to_string(path()).expect("the table");
    let (head, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
    (head.join("\n"), lines.into_iter().map(row).collect())
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let [files, outcome, sizes, dpi, colour, warnings, what] = cells[..] else {
        panic!("a row has seven cells: {line}");
    };
    let [outcome, sizes, dpi, colour, warnings, what] =
        [outcome, sizes, dpi, colour, warnings, what].map(|cell| cell.trim().to_owned());
    Row { files: files.split(" + ").map(str::to_owned).collect(), outcome, sizes, dpi, colour, warnings, what }
}

impl Row {
    /// The files as one name.
    pub(crate) fn name(&self) -> String {
        self.files.join(" + ")
    }
}
