//! The clock of the edge. Cores get `now` as an argument; here it is read.

use std::path::PathBuf;

use domain::time;
use jiff::{SignedDuration, Timestamp};

use crate::Env;

/// The system clock, shifted by the seconds in the file that `CLOCK_OFFSET_FILE` names (decision 42). A deployed
/// stack sets no such file.
#[derive(Clone)]
pub struct Clock {
    offset_file: Option<PathBuf>,
}

impl Clock {
    /// Reads the setting.
    pub fn new(env: &Env) -> Self {
        Self { offset_file: env.optional("CLOCK_OFFSET_FILE").map(PathBuf::from) }
    }

    /// The present instant.
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    pub fn now(&self) -> Timestamp {
        let offset = self.offset_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let seconds = offset.and_then(|text| text.trim().parse::<i64>().ok()).unwrap_or(0);
        Timestamp::now().saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// The present instant as text with `+07:00`.
    pub fn text(&self) -> String {
        time::rfc3339(self.now())
    }
}

/// How long something takes: real time, whatever the sandbox makes of the clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since.
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}
