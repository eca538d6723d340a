//! A file that the mail server's configuration names to its bytes: regular, bounded, in time, or why not.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that reads what the mail server names"
)]

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::hanging::in_time;

/// Most bytes that are read. A chain takes some kilobytes, the table of a large server's names some hundred.
const MOST_BYTES: u64 = 4 << 20;

/// All of a file.
///
/// # Errors
/// The system's own, `NotFound` where there is no such file; `TimedOut` where the file system does not answer.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let own = path.to_owned();
    in_time(path, move || contents(&own))?
}

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = open(path)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The last bytes of a file, at most so many.
///
/// # Errors
/// As of [`read`].
pub(super) fn tail(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let own = path.to_owned();
    in_time(path, move || end(&own, most))?
}

fn end(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names in a folder, none where it cannot be listed.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let own = folder.to_owned();
    let listed = in_time(folder, move || {
        let entries = fs::read_dir(own).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    });
    listed.unwrap_or_default()
}

/// Where a symbolic link of the system leads, as to a process' program.
pub(super) fn link(path: &str) -> Option<String> {
    let leads = fs::read_link(path).ok()?;
    Some(leads.to_str()?.to_owned())
}

/// Text that the system makes up, such as a file below /proc; empty where there is none.
pub(super) fn text(path: &str) -> String {
    let bytes = read(Path::new(path)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Without waiting for whoever might write into a pipe of that name.
fn open(path: &Path) -> io::Result<fs::File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hanging::tests::hang;

    #[test]
    fn only_regular_files_within_bounds_are_read() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "bears").unwrap();
        assert_eq!(read(&file).unwrap(), b"bears");
        assert_eq!(tail(&file, 3).unwrap(), b"ars");
        assert_eq!(tail(&file, 30).unwrap(), b"bears");
        assert!(read(place.path()).is_err() && read(Path::new("/dev/zero")).is_err());
        let missing = read(&place.path().join("none")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        let large = fs::File::create(&file).unwrap();
        large.set_len(MOST_BYTES + 1).unwrap();
        assert_eq!(read(&file).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(names_in(place.path()), ["file"]);
    }

    #[test]
    fn nobody_waits_for_a_file_system_that_hangs() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "bears").unwrap();
        let _hanging = [&file, place.path()].map(hang);
        for read in [read(&file), tail(&file, 3)] {
            assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
        }
        assert_eq!(names_in(place.path()), [""; 0]);
    }
}
