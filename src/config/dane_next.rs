//! `expect.dane_next` to the keys that servers will have; knows no records.

use std::path::Path;
use std::sync::Arc;

use super::last_good::{self, FileName};
use super::named_file::{FileError, FileKind};
use super::pem::{self, Wanted};
use super::trust::TrustStores;
use crate::certificate::announced_key;
use crate::verdict::NextKey;
use crate::yaml::{Problem, Value};

/// A file, or a list of them, each with one key.
pub(super) fn next_keys(
    value: &Value<'_>,
    stores: &TrustStores,
) -> Result<Arc<[NextKey]>, Problem> {
    let files = value.list_or_one()?;
    let read = |file: &Value<'_>| {
        let text = file.text()?;
        followed(stores.base.file(FileKind::NextKey, text), text).map_err(|why| file.problem(why))
    };
    files.iter().map(read).collect()
}

/// The key that a PEM file announces: of a certificate, a request, a public or a private key.
///
/// # Errors
/// Why there is none, behind the file's name.
pub fn next_key_in(path: &Path) -> Result<NextKey, String> {
    let file = FileName::new(FileKind::NextKey, path.to_owned(), path);
    followed(file, &path.to_string_lossy())
}

fn followed(file: FileName, written: &str) -> Result<NextKey, String> {
    let name = file.shown();
    last_good::parsed(
        [file],
        |[read]| next_key(read, written).map_err(|why| format!("{name}: {why}")),
        String::clone,
    )
}

fn next_key(read: Result<Vec<u8>, FileError>, written: &str) -> Result<NextKey, String> {
    let bytes = read.map_err(|e| e.to_string())?;
    if let Some(what) = pem::mistaken(&bytes, Wanted::AnyKey) {
        return Err(what.to_owned());
    }
    let announced = announced_key(&bytes).map_err(|e| e.to_string())?;
    Ok(NextKey {
        file: written.into(),
        public_key: announced.public_key.into(),
        certificate: announced.certificate.map(|one| one.der().into()),
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_file_is_read_or_refused_by_its_name() {
        let place = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["mx.bears.test".to_owned()]).unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = place.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let key = next_key_in(&write("next.pem", made.cert.pem().as_bytes())).unwrap();
        assert_eq!(key.certificate.as_deref(), Some(&**made.cert.der()));
        let private = write("next.key", made.signing_key.serialize_pem().as_bytes());
        assert_eq!(next_key_in(&private).unwrap().public_key, key.public_key);
        for (name, bytes, said) in [
            ("empty.pem", &b""[..], "empty.pem: is empty, expected PEM"),
            (
                "text.pem",
                b"hello",
                "text.pem: has no key, expected a certificate, a request",
            ),
            ("x.der", made.cert.der(), "x.der: is DER, expected PEM"),
        ] {
            let told = next_key_in(&write(name, bytes)).unwrap_err();
            assert!(told.contains(said), "{told}");
        }
        let gone = next_key_in(&place.path().join("gone.csr")).unwrap_err();
        assert!(
            gone.contains("gone.csr: cannot be read: No such file"),
            "{gone}"
        );
    }
}
