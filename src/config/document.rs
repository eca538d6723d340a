//! A file that an operator names to a YAML document, or to one line that says why there is none; knows no settings.

use std::path::Path;

use super::last_good::{self, FileName};
use super::named_file::FileKind;
use crate::plain::plain;
use crate::yaml::{Document, DocumentError};

/// Reads the file.
pub(super) fn open(file: &Path, kind: FileKind) -> Result<Document, DocumentError> {
    Document::parse(file, &bytes(file, kind)?)
}

/// What is in a file that is to be a document.
pub(super) fn bytes(file: &Path, kind: FileKind) -> Result<Vec<u8>, DocumentError> {
    let name = FileName::new(kind, file.to_owned(), file);
    last_good::read(&name).map_err(|e| DocumentError {
        file: file.to_owned(),
        line: None,
        column: None,
        path: String::new(),
        message: plain(&e.to_string(), 200),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_has_one_line() {
        let file = Path::new("/nonexistent/x.yml");
        let said = open(file, FileKind::Config).unwrap_err().to_string();
        let begin = "/nonexistent/x.yml: cannot be read: ";
        assert!(said.starts_with(begin), "{said}");
    }
}
