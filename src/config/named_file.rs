//! A file that an operator names to its bytes: regular, bounded, in time; else one line that says why not.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that reads what the operator names"
)]

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::hanging::in_time;

/// What a file is for, which bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// The configuration.
    Config,
    /// More targets.
    Targets,
    /// Root certificates.
    Roots,
    /// Revocation lists.
    Crl,
    /// A client certificate or its key.
    ClientCertificate,
    /// The keys where the signatures of DNS end.
    TrustAnchor,
    /// The password of a proxy.
    ProxyPassword,
    /// The web configuration.
    WebConfig,
    /// A certificate or key that the web configuration names.
    WebCertificate,
    /// A key to come.
    NextKey,
    /// What a mail server says of its inside.
    Inventory,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

const MIB: u64 = 1 << 20;

impl FileKind {
    /// The label value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Targets => "targets",
            Self::Roots => "roots",
            Self::Crl => "crl",
            Self::ClientCertificate => "client_certificate",
            Self::TrustAnchor => "trust_anchor",
            Self::ProxyPassword => "proxy_password",
            Self::WebConfig => "web_config",
            Self::WebCertificate => "web_certificate",
            Self::NextKey => "next_key",
            Self::Inventory => "inventory",
        }
    }

    /// Most bytes that are read. 100,000 targets take some 20 MB, a system's roots 250 KB, a public CA's largest
    /// revocation list 10 MB, anything else some kilobytes.
    const fn max_bytes(self) -> u64 {
        match self {
            Self::Targets | Self::Crl => 64 * MIB,
            Self::Roots => 16 * MIB,
            Self::Inventory => 8 * MIB,
            Self::Config
            | Self::ClientCertificate
            | Self::TrustAnchor
            | Self::NextKey
            | Self::ProxyPassword
            | Self::WebConfig
            | Self::WebCertificate => MIB,
        }
    }
}

/// Why a file is not read; to be put behind its name.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// It is something else.
    #[error("is {0}, expected a regular file")]
    NotRegular(&'static str),
    /// It has more bytes than this.
    #[error("larger than {} MiB, expected less", .0 / MIB)]
    TooLarge(u64),
    /// The system's own reason, or that the file system does not answer.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// What changes when a file does, be it written, replaced, or made readable: times, size, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp([i64; 4], [u64; 3]);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let (m, n) = (metadata.mtime(), metadata.mtime_nsec());
        let (c, d) = (metadata.ctime(), metadata.ctime_nsec());
        Self(
            [m, n, c, d],
            [metadata.len(), metadata.ino(), metadata.dev()],
        )
    }
}

/// How the file looked before it was read, where that could be told, and its bytes.
///
/// The second is an error where there are none; nothing is ever cut.
pub(super) fn read(path: &Path, kind: FileKind) -> (Option<Stamp>, Result<Vec<u8>, FileError>) {
    let own = path.to_owned();
    let read = in_time(path, move || contents(&own, kind));
    read.unwrap_or_else(|error| (None, Err(error.into())))
}

/// How the file looks now, through symbolic links (Kubernetes swaps those); `None` where that cannot be told.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let own = path.to_owned();
    let seen = in_time(path, move || fs::metadata(own));
    Some(Stamp::of(&seen.ok()?.ok()?))
}

/// The names in a folder.
///
/// # Errors
/// [`FileError`] when it cannot be listed.
pub(super) fn names_in(folder: &Path) -> Result<Vec<String>, FileError> {
    let own = folder.to_owned();
    in_time(folder, move || {
        let mut names = Vec::new();
        for entry in fs::read_dir(own)? {
            // A name that is no text fits no pattern.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    })?
}

/// Also of a file that cannot be read it is told how it looks: so that its next change is noticed.
fn contents(path: &Path, kind: FileKind) -> (Option<Stamp>, Result<Vec<u8>, FileError>) {
    let seen = match fs::metadata(path) {
        Ok(seen) => seen,
        Err(error) => return (None, Err(error.into())),
    };
    match opened(path, kind, &seen) {
        Ok((metadata, bytes)) => (Some(Stamp::of(&metadata)), Ok(bytes)),
        Err(error) => (Some(Stamp::of(&seen)), Err(error)),
    }
}

fn opened(path: &Path, kind: FileKind, seen: &Metadata) -> Result<(Metadata, Vec<u8>), FileError> {
    // To open a device can have effects, so the first look is from outside. The second is at what was opened: it may
    // have been replaced in between, and without O_NONBLOCK a FIFO would have held us until somebody writes.
    regular(seen)?;
    let mut options = OpenOptions::new();
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = options.read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    regular(&metadata)?;
    let mut bytes = at_most(kind.max_bytes(), &file, metadata.len())?;
    // A byte order mark, as editors on Windows write it, would hide the first line of a PEM file.
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok((metadata, bytes))
}

/// Files of /proc and the like have no length beforehand, and any may grow while it is read.
fn at_most(most: u64, file: &File, length: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    if length <= most {
        bytes.reserve(
            usize::try_from(length)
                .unwrap_or_default()
                .saturating_add(1),
        );
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    match length > most || bytes.len() as u64 > most {
        true => Err(FileError::TooLarge(most)),
        false => Ok(bytes),
    }
}

fn regular(metadata: &Metadata) -> Result<(), FileError> {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(FileError::NotRegular(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &Path, kind: FileKind) -> String {
        let read = read(path, kind).1.map(|bytes| bytes.len());
        read.map_or_else(|e| e.to_string(), |length| length.to_string())
    }

    #[test]
    fn only_regular_files_of_some_size_are_read() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let made = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status();
        assert!(made.unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let whole = vec![b'#'; usize::try_from(MIB).unwrap()];
        fs::write(at("whole"), &whole).unwrap();
        fs::write(at("more"), [whole.as_slice(), b"#"].concat()).unwrap();
        std::os::unix::fs::symlink(at("whole"), at("link")).unwrap();
        for (path, said) in [
            (at("whole"), "1048576"),
            (at("link"), "1048576"),
            (at("more"), "larger than 1 MiB, expected less"),
            (at("fifo"), "is a FIFO, expected a regular file"),
            (at("socket"), "is a socket, expected a regular file"),
            (at(""), "is a directory, expected a regular file"),
            ("/dev/zero".into(), "is a device, expected a regular file"),
            (
                at("gone"),
                "cannot be read: No such file or directory (os error 2)",
            ),
        ] {
            assert_eq!(told(&path, FileKind::Config), said, "{path:?}");
        }
        assert_eq!(told(&at("more"), FileKind::Roots), "1048577");
    }

    #[test]
    fn a_file_that_is_written_replaced_or_opened_up_looks_different() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let (file, other) = (place.path().join("a"), place.path().join("b"));
        fs::write(&file, "1").unwrap();
        let mut looks = vec![stamp(&file)];
        fs::write(&file, "22").unwrap();
        looks.push(stamp(&file));
        fs::write(&other, "33").unwrap();
        fs::rename(&other, &file).unwrap();
        looks.push(stamp(&file));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        looks.push(stamp(&file));
        fs::remove_file(&file).unwrap();
        looks.push(stamp(&file));
        assert_eq!(looks.last(), Some(&None));
        let differ = looks.windows(2).all(|pair| pair[0] != pair[1]);
        assert!(differ, "{looks:?}");
    }
}
