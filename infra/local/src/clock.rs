//! The sandbox clock: real time plus a shared offset (decision 42). Our code, the test PKI and the simulator follow it;
//! the AWS SDK and the embedded endpoints do not, except the mailbox's dates.

use std::path::{Path, PathBuf};

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Result};
use crate::files;

/// The environment variable that tells a function where the offset stands.
pub const OFFSET_FILE_VARIABLE: &str = "CLOCK_OFFSET_FILE";

/// The largest offset either way: a hundred years.
const LIMIT_S: i64 = 100 * 366 * 86_400;

/// A clock whose offset stands in a file, as decimal seconds, so that other processes share it.
#[derive(Debug, Clone)]
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// A clock over `file`; a file that is not there means offset 0 and is written.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written.
    pub fn open(file: &Path) -> Result<Self> {
        let clock = Self { file: file.to_owned() };
        if !file.exists() {
            files::replace(file, b"0\n")?;
        }
        Ok(clock)
    }

    /// Where the offset stands.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The offset in seconds; 0 when the file cannot be read.
    #[must_use]
    pub fn offset_s(&self) -> i64 {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.trim().parse().map_or(0, |offset: i64| offset.clamp(-LIMIT_S, LIMIT_S))
    }

    /// The sandbox's now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(SignedDuration::from_secs(self.offset_s())).unwrap_or(now)
    }

    /// Sets the offset.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Service`] for an offset over a hundred years.
    pub fn set_offset_s(&self, offset: i64) -> Result<()> {
        if offset.unsigned_abs() > LIMIT_S.unsigned_abs() {
            return Err(Error::service("clock", "the offset is over a hundred years"));
        }
        files::replace(&self.file, format!("{offset}\n").as_bytes())
    }

    /// Moves the clock by seconds, from where it stands.
    ///
    /// # Errors
    /// As [`Clock::set_offset_s`].
    pub fn advance_s(&self, seconds: i64) -> Result<()> {
        self.set_offset_s(self.offset_s().saturating_add(seconds))
    }

    /// Sets the clock so that it shows `now` at this moment.
    ///
    /// # Errors
    /// As [`Clock::set_offset_s`].
    pub fn set_now(&self, now: Timestamp) -> Result<()> {
        self.set_offset_s(now.as_second().saturating_sub(Timestamp::now().as_second()))
    }
}

/// RFC 3339 with Vietnam's offset, seconds only.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let zone = TimeZone::fixed(Offset::constant(7));
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
