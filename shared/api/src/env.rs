//! Settings, read once at the start. A missing one stops the start with its name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A setting that is not there, or not what it must be.
#[derive(Debug)]
pub struct Missing(pub String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the environment variable {} is not set, or not to what it must be", self.0)
    }
}

impl std::error::Error for Missing {}

/// From a name to its value.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where settings come from: the process, or a map with the same names.
#[derive(Clone)]
pub struct Env(Arc<Lookup>);

impl Env {
    /// The environment of the process.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// A map, as the template resolves it for one function.
    pub fn from_map(map: BTreeMap<String, String>) -> Self {
        Self(Arc::new(move |name| map.get(name).cloned()))
    }

    /// A setting that must be there and not empty.
    ///
    /// # Errors
    /// [`Missing`] with its name.
    pub fn required(&self, name: &str) -> Result<String, Missing> {
        self.optional(name).ok_or_else(|| Missing(name.to_owned()))
    }

    /// A setting in whole seconds that must be there.
    ///
    /// # Errors
    /// [`Missing`] with its name, also when the value is no number.
    pub fn seconds(&self, name: &str) -> Result<Duration, Missing> {
        let seconds = self.required(name)?.parse().map_err(|_| Missing(name.to_owned()))?;
        Ok(Duration::from_secs(seconds))
    }

    /// A setting that may be absent; empty counts as absent.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}
