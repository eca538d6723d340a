//! `client_certificate:` to a certificate of ours; its messages repeat neither the key nor what stands in its place.

use super::keys;
use super::last_good::{self, Base, FileName};
use super::named_file::{FileError, FileKind};
use super::pem::{self, Wanted};
use crate::probe::{ClientCertificate, ClientCertificateError};
use crate::yaml::{Problem, Value};

const CERT_EXPECTED: &str = "a PEM file with the certificate and its chain";
const KEY_EXPECTED: &str = "a PEM file with the certificate's unencrypted private key";

/// Reads `{cert_file, key_file}`; relative paths are relative to `base`. Both count as they are now, or as they were.
pub(super) fn read(section: &Value<'_>, base: &Base) -> Result<ClientCertificate, Problem> {
    let mut fields = section.fields()?;
    let cert_file = fields.require("cert_file", CERT_EXPECTED)?;
    let key_file = fields.require("key_file", KEY_EXPECTED)?;
    fields.finish(&keys::CLIENT_CERTIFICATE.names())?;
    let file = |value: &Value<'_>| Ok(base.file(FileKind::ClientCertificate, value.text()?));
    let names = [file(&cert_file)?, file(&key_file)?];
    let [cert_name, key_name] = names.each_ref().map(FileName::shown);
    let said = |problem: &Problem| {
        let is_key = problem.path == *key_file.path();
        let name = if is_key { &key_name } else { &cert_name };
        let message = problem.message.trim_start_matches("the file ");
        format!("{name}: {message}")
    };
    last_good::parsed(names, |read| pair(read, &cert_file, &key_file), said)
}

fn pair(
    [certificate, key]: [Result<Vec<u8>, FileError>; 2],
    cert_file: &Value<'_>,
    key_file: &Value<'_>,
) -> Result<ClientCertificate, Problem> {
    let certificate = pem(certificate, cert_file, Wanted::Certificate, CERT_EXPECTED)?;
    let key = pem(key, key_file, Wanted::Key, KEY_EXPECTED)?;
    ClientCertificate::from_pem(&certificate, &key).map_err(|error| {
        let (at, expected) = match error {
            ClientCertificateError::NoCertificate => (cert_file, CERT_EXPECTED),
            ClientCertificateError::NoKey
            | ClientCertificateError::UnusableKey
            | ClientCertificateError::Mismatch => (key_file, KEY_EXPECTED),
        };
        at.problem(format!("{error}, expected {expected}"))
    })
}

/// The path is not repeated: somebody may have written the key itself in its place.
fn pem(
    read: Result<Vec<u8>, FileError>,
    value: &Value<'_>,
    wanted: Wanted,
    expected: &str,
) -> Result<Vec<u8>, Problem> {
    match read {
        Ok(bytes) => match pem::mistaken(&bytes, wanted) {
            Some(what) => Err(value.problem(format!("the file {what}"))),
            None => Ok(bytes),
        },
        Err(error) => Err(value.problem(format!("the file {error}, expected {expected}"))),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair};
    use tempfile::TempDir;

    use crate::config::Config;

    /// A directory with `c.pem`, `k.pem` and the key of another pair, `other.pem`.
    fn place() -> (TempDir, String) {
        let place = tempfile::tempdir().unwrap();
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        for (name, content) in [
            ("c.pem", certificate.pem()),
            ("k.pem", key.serialize_pem()),
            ("other.pem", other.serialize_pem()),
        ] {
            let mut file = std::fs::File::create(place.path().join(name)).unwrap();
            file.write_all(content.as_bytes()).unwrap();
        }
        (place, key.serialize_pem())
    }

    fn parsed(place: &TempDir, section: &str) -> Result<bool, String> {
        let file: PathBuf = place.path().join("x.yml");
        let text =
            format!("targets:\n  - host: mx.bears.test\n    client_certificate: {section}\n");
        let config = Config::parse(&file, text.as_bytes(), "probe.bears.test");
        let config = config.map_err(|e| e.to_string().replace(&file.display().to_string(), "x"))?;
        Ok(config.settings.targets[0].client_certificate.is_some())
    }

    #[test]
    fn a_pair_beside_the_file_is_read() {
        let (place, _) = place();
        let section = "{cert_file: c.pem, key_file: k.pem}";
        assert_eq!(parsed(&place, section), Ok(true));
        let (file, text) = (
            place.path().join("x.yml"),
            "targets: [{host: mx.bears.test}]",
        );
        let without = Config::parse(&file, text.as_bytes(), "probe.bears.test").unwrap();
        assert!(without.settings.targets[0].client_certificate.is_none());
    }

    #[test]
    fn mistakes_name_their_line_and_key() {
        let (place, _) = place();
        let at = "x:3: targets[0].client_certificate";
        for (section, expected) in [
            ("{key_file: k.pem}", ".cert_file: missing"),
            ("{cert_file: c.pem}", ".key_file: missing"),
            (
                "{cert_file: k.pem, key_file: k.pem}",
                ".cert_file: the file has a private key and no certificate (swapped?)",
            ),
            (
                "{cert_file: c.pem, key_file: c.pem}",
                ".key_file: the file has a certificate and no private key (swapped?)",
            ),
            (
                "{cert_file: c.pem, key_file: other.pem}",
                ".key_file: the private key does not belong",
            ),
            (
                "{cert_file: gone.pem, key_file: k.pem}",
                ".cert_file: the file cannot be read",
            ),
            (
                "{cert_file: c.pem, key_file: k.pem, x: 1}",
                ".x: unknown key",
            ),
            ("c.pem", ": text, expected a map"),
        ] {
            let error = parsed(&place, section).unwrap_err();
            assert!(error.starts_with(&format!("{at}{expected}")), "{error}");
        }
    }

    #[test]
    fn a_key_in_place_of_its_file_is_not_repeated() {
        let (place, key) = place();
        let secret = key.lines().nth(1).unwrap();
        let inline = format!("{{cert_file: c.pem, key_file: {key:?}}}");
        for section in [inline, format!("{key:?}")] {
            let error = parsed(&place, &section).unwrap_err();
            assert!(!error.contains(secret), "{error}");
        }
    }
}
