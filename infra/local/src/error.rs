//! What can go wrong while the local cloud starts or runs.

use std::io;
use std::path::PathBuf;

/// An error of the local cloud itself; errors of the emulated services travel in their own protocols.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing the data directory failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A listener could not be bound. The message names the port and what to do.
    #[error("{0}")]
    Port(String),
    /// Another process uses the same data directory.
    #[error("thư mục dữ liệu {0} đang được tiến trình khác dùng / the data directory {0} is in use by another process")]
    Busy(PathBuf),
    /// An embedded service did not start or answered something unexpected.
    #[error("{service}: {message}")]
    Service {
        /// `dynamodb`, `s3`, `kms`, `sesv2`, `streams`.
        service: &'static str,
        /// What happened.
        message: String,
    },
    /// A template (state.yaml or template.yaml) is not what this program understands.
    #[error("{template}: {message}")]
    Template {
        /// Which template.
        template: &'static str,
        /// What is wrong, with the logical id where it is known.
        message: String,
    },
    /// A key could not be made, read or used.
    #[error("key: {0}")]
    Key(String),
    /// A function's process could not be started.
    #[error("function {function}: {message}")]
    Function {
        /// The function's name.
        function: String,
        /// What happened.
        message: String,
    },
    /// Whoever makes the functions of this process could not.
    #[error("the functions could not be made: {0}")]
    Handlers(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn service(service: &'static str, message: impl std::fmt::Display) -> Self {
        Self::Service { service, message: message.to_string() }
    }

    pub(crate) fn template(template: &'static str, message: impl std::fmt::Display) -> Self {
        Self::Template { template, message: message.to_string() }
    }
}

/// Short form used all over this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
