//! YAML files to validated settings; knows no sockets and no DNS.

use std::fmt;
use std::path::PathBuf;

mod client_certificate;
mod expect;
mod file;
mod labels;
mod last_good;
mod limits;
mod named_file;
mod pattern;
mod pem;
mod probe_endpoint;
mod secret;
mod shown;
mod target_files;
mod target_list;
mod targets;
mod trust;
mod views;
mod web;

pub use file::Config;
pub use last_good::{FileKey, LastGood, Loaded, NamedFile, recorded};
pub use named_file::{FileKind, Stamp, stamp};
pub use target_files::{Change, FileState, TargetFiles};
pub use trust::roots_in;
pub use web::WebConfig;

pub(crate) use limits::share;
pub(crate) use secret::masked_line;

pub(crate) mod document;
pub(crate) mod duration;
pub(crate) mod place;
pub(crate) mod reader;
pub(crate) mod tree;
pub(crate) mod words;
pub(crate) mod yaml;

/// What is wrong with a configuration file; shown as one line `FILE:LINE: KEY.PATH: what is wrong, expected what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file as it was named.
    pub file: PathBuf,
    /// The line, from 1, when the mistake has one.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// The way through the keys, as `targets[2].ports[0]`; empty for the whole document.
    pub path: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::one_line(&self.file.to_string_lossy(), usize::MAX))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A span of time as the configuration writes it (`30d`, `1h30m`), in seconds.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let duration = duration::parse(text).ok()?;
    i64::try_from(duration.as_secs()).ok()
}
