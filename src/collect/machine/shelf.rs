//! The files that a configuration names to the certificates in them, and whether their keys are there.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::file;
use crate::certificate::{Certificate, PemBlock, PrivateKey, pem_blocks};
use crate::facts::inventory::StoredCertificate;

/// Most certificates of an inventory.
const MOST: usize = 1000;

/// A file with certificates and the file with their key, often the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CertificateFiles {
    /// The certificates' file.
    pub(super) certificate: String,
    /// The key's.
    pub(super) key: String,
}

/// The certificates found so far, one for each that a server presents: what else is in a file only completes the chain.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    found: Vec<StoredCertificate>,
    read: BTreeMap<CertificateFiles, ()>,
    complaints: Vec<String>,
}

/// The key of a file, as far as it can be told.
enum Lock<'a> {
    Key(&'a PrivateKey),
    Unknown,
    Missing,
}

impl CertificateFiles {
    /// One file with key and certificates.
    pub(super) fn chain(file: &str) -> Self {
        Self {
            certificate: file.to_owned(),
            key: file.to_owned(),
        }
    }
}

impl Shelf {
    /// Reads the certificates of these files. A file that is not there has none, which is no fault of collecting.
    pub(super) fn take(&mut self, files: &CertificateFiles) {
        if self.read.insert(files.clone(), ()).is_some() {
            return;
        }
        let blocks = self.blocks(&files.certificate).unwrap_or_default();
        if files.certificate == files.key {
            return self.take_chains(files, &blocks);
        }
        let leaf = blocks.iter().find_map(certificate);
        let Some(leaf) = leaf else { return };
        let keys = self.blocks(&files.key);
        let lock = match &keys {
            None => Lock::Unknown,
            Some(blocks) => blocks.iter().find_map(lock).unwrap_or(Lock::Missing),
        };
        self.put(leaf, &files.certificate, &lock);
    }

    /// Each key is followed by its certificate, or there is one key somewhere in the file.
    fn take_chains(&mut self, files: &CertificateFiles, blocks: &[PemBlock]) {
        let is_first = !matches!(blocks.first(), Some(PemBlock::Certificate(_)));
        if !is_first {
            let key = blocks.iter().find_map(lock).unwrap_or(Lock::Missing);
            if let Some(leaf) = blocks.iter().find_map(certificate) {
                self.put(leaf, &files.certificate, &key);
            }
            return;
        }
        let mut last = Lock::Missing;
        for block in blocks {
            match (lock(block), certificate(block), &last) {
                (Some(key), ..) => last = key,
                (None, Some(leaf), Lock::Key(_) | Lock::Unknown) => {
                    self.put(leaf, &files.certificate, &last);
                    last = Lock::Missing;
                }
                // It completes the chain of the one before it.
                (None, ..) => {}
            }
        }
    }

    fn put(&mut self, leaf: &Certificate, place: &str, lock: &Lock<'_>) {
        let private_key = match lock {
            Lock::Key(key) => key.belongs_to(leaf),
            Lock::Unknown => None,
            Lock::Missing => Some(false),
        };
        let known = self.found.iter_mut().find(|s| s.certificate == *leaf);
        let Some(known) = known else {
            if self.found.len() < MOST {
                self.found.push(stored(leaf, place, private_key));
            }
            return;
        };
        if !known.places.iter().any(|p| p == place) {
            known.places.push(place.to_owned());
        }
        // All of these files are in use: one without its key is a fault, whatever the others have.
        known.private_key = match (known.private_key, private_key) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, _) | (_, None) => None,
            (Some(true), Some(true)) => Some(true),
        };
    }

    /// The blocks of a file; `None`: it could not be read.
    fn blocks(&mut self, name: &str) -> Option<Vec<PemBlock>> {
        match file::read(Path::new(name)) {
            Ok(bytes) => Some(pem_blocks(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(Vec::new()),
            Err(error) => {
                self.complaints.push(format!("{name}: {error}"));
                None
            }
        }
    }

    /// The certificates, and what could not be read.
    pub(super) fn into_parts(mut self) -> (Vec<StoredCertificate>, Vec<String>) {
        self.complaints.sort();
        self.complaints.dedup();
        (self.found, self.complaints)
    }
}

fn certificate(block: &PemBlock) -> Option<&Certificate> {
    match block {
        PemBlock::Certificate(certificate) => Some(certificate),
        PemBlock::Key(_) | PemBlock::LockedKey | PemBlock::Request(_) | PemBlock::PublicKey(_) => {
            None
        }
    }
}

fn lock(block: &PemBlock) -> Option<Lock<'_>> {
    match block {
        PemBlock::Certificate(_) | PemBlock::Request(_) | PemBlock::PublicKey(_) => None,
        PemBlock::Key(key) => Some(Lock::Key(key)),
        PemBlock::LockedKey => Some(Lock::Unknown),
    }
}

fn stored(leaf: &Certificate, place: &str, private_key: Option<bool>) -> StoredCertificate {
    StoredCertificate {
        certificate: leaf.clone(),
        services: None,
        status: None,
        private_key,
        listed: true,
        places: vec![place.to_owned()],
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "makes the files that are read")]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::hanging::tests::hang;

    struct Pair {
        certificate: String,
        key: String,
    }

    fn pair() -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// What of a file's certificates the shelf says of their keys, when certificate and key are in these files.
    fn keys(certificate: Option<&str>, key: Option<&str>) -> Vec<Option<bool>> {
        let place = tempfile::tempdir().unwrap();
        let file = |name: &str, text: Option<&str>| {
            let path = place.path().join(name);
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            path.display().to_string()
        };
        let files = CertificateFiles {
            certificate: file("c", certificate),
            key: file("k", key),
        };
        let mut shelf = Shelf::default();
        shelf.take(&files);
        shelf.take(&files);
        let (found, complaints) = shelf.into_parts();
        assert_eq!(complaints, [""; 0]);
        found.iter().map(|stored| stored.private_key).collect()
    }

    fn chain(text: &str) -> Vec<Option<bool>> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("chain").display().to_string();
        fs::write(&path, text).unwrap();
        let mut shelf = Shelf::default();
        shelf.take(&CertificateFiles::chain(&path));
        let (found, _) = shelf.into_parts();
        assert!(found.iter().all(|stored| stored.places == [path.as_str()]));
        found.iter().map(|stored| stored.private_key).collect()
    }

    #[test]
    fn a_file_that_hangs_costs_itself() {
        let place = tempfile::tempdir().unwrap();
        let own = pair();
        let file = |name: &str| {
            let path = place.path().join(name);
            fs::write(&path, own.certificate.clone() + &own.key).unwrap();
            path
        };
        let [dead, good, key] = ["dead", "good", "key"].map(file);
        let _hanging = [&dead, &key].map(|path| hang(path));
        let mut shelf = Shelf::default();
        shelf.take(&CertificateFiles::chain(&dead.display().to_string()));
        shelf.take(&CertificateFiles {
            certificate: good.display().to_string(),
            key: key.display().to_string(),
        });
        let (found, complaints) = shelf.into_parts();
        let said = |path: &Path| format!("{}: the file system does not answer", path.display());
        assert_eq!(complaints, [said(&dead), said(&key)]);
        let keys: Vec<_> = found.iter().map(|stored| stored.private_key).collect();
        assert_eq!(keys, [None]);
    }

    #[test]
    fn a_key_in_a_file_of_its_own_is_compared() {
        let [own, other] = [(); 2].map(|()| pair());
        let both = own.certificate.clone() + &other.certificate;
        assert_eq!(keys(Some(&both), Some(&own.key)), [Some(true)]);
        assert_eq!(keys(Some(&both), Some(&other.key)), [Some(false)]);
        assert_eq!(keys(Some(&both), None), [Some(false)]);
        assert_eq!(keys(Some(&both), Some("rubbish")), [Some(false)]);
        let locked =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(keys(Some(&both), Some(locked)), [None]);
        assert_eq!(keys(None, Some(&own.key)), []);
    }

    #[test]
    fn a_chain_file_has_a_certificate_for_each_key() {
        let [rsa, ec, authority] = [(); 3].map(|()| pair());
        let text = [&rsa.key, &rsa.certificate, &authority.certificate];
        let more = [&ec.key, &ec.certificate, &authority.certificate];
        let text = text.map(String::as_str).concat() + &more.map(String::as_str).concat();
        assert_eq!(chain(&text), [Some(true), Some(true)]);
        let swapped = rsa.key.clone() + &ec.certificate + &authority.certificate;
        assert_eq!(chain(&swapped), [Some(false)]);
        let key_last = rsa.certificate.clone() + &authority.certificate + &rsa.key;
        assert_eq!(chain(&key_last), [Some(true)]);
        assert_eq!(chain(&rsa.certificate), [Some(false)]);
        assert_eq!(chain(&rsa.key), []);
    }

    #[test]
    fn one_certificate_in_two_places_is_one() {
        let place = tempfile::tempdir().unwrap();
        let pair = pair();
        let mut shelf = Shelf::default();
        for (name, text) in [
            ("with", pair.key.clone() + &pair.certificate),
            ("without", pair.certificate),
        ] {
            let path = place.path().join(name);
            fs::write(&path, text).unwrap();
            shelf.take(&CertificateFiles::chain(&path.display().to_string()));
        }
        shelf.take(&CertificateFiles::chain(
            &place.path().display().to_string(),
        ));
        let (found, complaints) = shelf.into_parts();
        assert_eq!((found.len(), found[0].places.len()), (1, 2));
        assert_eq!(found[0].private_key, Some(false));
        assert!(complaints[0].contains("no regular file"), "{complaints:?}");
    }
}
