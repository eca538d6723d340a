//! An inventory's text to its file, in one step: whoever reads it meanwhile sees the old one or the new one, whole.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that writes a file: the one that --output names"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Its group may read it: the exporter, which runs as a user of its own.
const MODE: u32 = 0o640;

/// Replaces the file. On an error the old one stays, and nothing is left beside it.
///
/// # Errors
/// One line that says why.
pub(super) fn replace(file: &Path, text: &str) -> Result<(), String> {
    let beside = beside(file);
    written(&beside, text)
        .and_then(|()| fs::rename(&beside, file))
        .and_then(|()| settled(file))
        .map_err(|why| {
            // It may never have been made.
            let _ = fs::remove_file(&beside);
            format!("--output: {}: {why}", file.display())
        })
}

/// A name that no reader of `*.json` looks at.
fn beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

fn written(file: &Path, text: &str) -> io::Result<()> {
    let mut fresh = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(file)?;
    fresh.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(MODE))?;
    fresh.write_all(text.as_bytes())?;
    fresh.sync_all()
}

/// Also the folder is on disk: not every file system lets that be asked for.
fn settled(file: &Path) -> io::Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or_else(|| Path::new(".")))?;
    folder.sync_all().or(Ok(()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_is_replaced_and_nothing_stays_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("mx1.json");
        for text in ["one", "two"] {
            replace(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_leaves_the_old_file() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("mx1.json");
        fs::create_dir(&file).unwrap();
        let error = replace(&file, "text").unwrap_err();
        assert!(
            error.starts_with("--output: ") && error.contains("mx1.json: "),
            "{error}"
        );
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        assert!(replace(&place.path().join("none/mx1.json"), "text").is_err());
    }
}
