//! What is wrong with a file, and where, to one line for people; knows nothing of how it was found.

use std::fmt;
use std::path::PathBuf;

use crate::plain::plain;

/// What is wrong with a YAML file; shown as one line `FILE:LINE: KEY.PATH: what is wrong, expected what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
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

impl std::error::Error for DocumentError {}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.file.to_string_lossy(), usize::MAX))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}
