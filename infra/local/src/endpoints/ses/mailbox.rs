//! The mailbox: every letter that was sent, one entry per recipient, oldest first.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Draft;
use crate::clock::{self, Clock};
use crate::error::{Error, Result};
use crate::files;

/// A letter as the sandbox shows it (contract.md §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The recipient.
    pub to: String,
    /// The sender.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML body, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The links in the text, in order, without repetitions.
    pub links: Vec<String>,
    /// When it was sent by the sandbox clock, RFC 3339.
    pub at: String,
    /// The id that SendEmail answered.
    pub id: String,
}

/// Letters in memory, and as files where a directory is given.
#[derive(Debug)]
pub struct Mailbox {
    directory: Option<PathBuf>,
    clock: Clock,
    letters: Mutex<Vec<Letter>>,
}

impl Mailbox {
    /// Opens the mailbox and reads what lies in its directory.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Service`] for a letter that cannot be read.
    pub fn open(directory: Option<&Path>, clock: Clock) -> Result<Self> {
        let mut names = Vec::new();
        if let Some(path) = directory {
            files::directory(path)?;
            files::sweep(path)?;
            for entry in fs::read_dir(path).map_err(Error::io(path))? {
                let file = entry.map_err(Error::io(path))?.path();
                if file.extension().is_some_and(|extension| extension == "json") {
                    names.push(file);
                }
            }
        }
        // the names are numbers of equal width
        names.sort();
        let read = |file: PathBuf| -> Result<Letter> {
            let bytes = fs::read(&file).map_err(Error::io(&file))?;
            serde_json::from_slice(&bytes).map_err(|error| Error::service("sesv2", error))
        };
        let letters = names.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Self { directory: directory.map(Path::to_owned), clock, letters: Mutex::new(letters) })
    }

    /// All letters, oldest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Throws every letter away.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be removed; then that letter and those before it stay.
    pub fn clear(&self) -> Result<()> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = &self.directory {
            // The newest first: whatever is left is a beginning, and the next letter gets the next number.
            for number in (0..letters.len()).rev() {
                let file = directory.join(file_name(number));
                fs::remove_file(&file).map_err(Error::io(&file))?;
                letters.truncate(number);
            }
        }
        letters.clear();
        Ok(())
    }

    pub(super) fn put(&self, recipients: &[String], draft: &Draft) -> Result<String> {
        let id = uuid::Uuid::now_v7().to_string();
        let at = clock::rfc3339(self.clock.now());
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        for to in recipients {
            let letter = Letter {
                to: to.clone(),
                from: draft.from.clone(),
                subject: draft.subject.clone(),
                text: draft.text.clone(),
                html: draft.html.clone(),
                links: links(if draft.text.is_empty() {
                    draft.html.as_deref().unwrap_or_default()
                } else {
                    &draft.text
                }),
                at: at.clone(),
                id: id.clone(),
            };
            if let Some(directory) = &self.directory {
                let json = serde_json::to_vec_pretty(&letter).map_err(|error| Error::service("sesv2", error))?;
                files::replace(&directory.join(file_name(letters.len())), &json)?;
            }
            letters.push(letter);
        }
        Ok(id)
    }
}

fn file_name(number: usize) -> String {
    format!("{number:08}.json")
}

/// The http and https links in a text.
fn links(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || "<>\"'()[]{}«»“”".contains(c)) {
        let start = word.find("https://").or_else(|| word.find("http://"));
        let Some(link) = start.and_then(|at| word.get(at..)) else { continue };
        let link = link.trim_end_matches(['.', ',', ';', ':', '!', '?']).to_owned();
        if !found.contains(&link) {
            found.push(link);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn links_lose_the_sentence_around_them() {
        let text = "Mở (http://127.0.0.1:8080/s/abc?x=1). Hoặc <https://a.vn/b>, http://127.0.0.1:8080/s/abc?x=1!";
        assert_eq!(links(text), ["http://127.0.0.1:8080/s/abc?x=1", "https://a.vn/b"]);
    }
}
