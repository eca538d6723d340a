//! A PEM file to the one public key that it announces: of a certificate, of a request for one, or of a key itself;
//! knows no records.

use x509_parser::asn1_rs::Tag;

use super::der;
use super::pem::{PemBlock, pem_blocks};
use super::presented::Certificate;

/// A public key that a file announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncedKey {
    /// Its SubjectPublicKeyInfo, DER (RFC 5280 §4.1).
    pub public_key: Vec<u8>,
    /// The certificate that it stands in, if it does.
    pub certificate: Option<Certificate>,
}

/// Why a file announces no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Nothing that has a key.
    #[error(
        "has no key, expected a certificate, a request (CSR), a public or a private key in PEM"
    )]
    NoKey,
    /// A private key that a password protects.
    #[error(
        "has a key that is encrypted, expected one without a passphrase, or its public key (openssl pkey -in FILE -pubout)"
    )]
    Locked,
    /// It is there, and broken or of an unknown kind.
    #[error("has {0} that cannot be read")]
    Unread(&'static str),
}

/// The key of the first block of a PEM file (RFC 7468) that has one: of a chain, that of the leaf.
///
/// # Errors
/// [`KeyFileError`].
pub fn announced_key(file: &[u8]) -> Result<AnnouncedKey, KeyFileError> {
    match pem_blocks(file).into_iter().next() {
        None => Err(KeyFileError::NoKey),
        Some(PemBlock::LockedKey) => Err(KeyFileError::Locked),
        Some(PemBlock::Certificate(certificate)) => {
            let spki = certificate.facts().map(|facts| facts.spki.clone());
            Ok(AnnouncedKey {
                public_key: spki.map_err(|_| KeyFileError::Unread("a certificate"))?,
                certificate: Some(certificate),
            })
        }
        Some(PemBlock::Key(key)) => bare(key.spki(), "a private key"),
        Some(PemBlock::Request(der)) => bare(requested(&der), "a request for a certificate (CSR)"),
        Some(PemBlock::PublicKey(der)) => bare(Some(der), "a public key"),
    }
}

fn bare(spki: Option<Vec<u8>>, what: &'static str) -> Result<AnnouncedKey, KeyFileError> {
    let public_key = spki.filter(|spki| super::association::is_public_key(spki));
    Ok(AnnouncedKey {
        public_key: public_key.ok_or(KeyFileError::Unread(what))?,
        certificate: None,
    })
}

/// The SubjectPublicKeyInfo of a CertificationRequest (RFC 2986 §4), whose third field it is.
fn requested(der: &[u8]) -> Option<Vec<u8>> {
    let parts = der::sequence(der)?;
    let fields = der::sequence(parts.first()?.raw)?;
    let [version, _, key, ..] = fields.as_slice() else {
        return None;
    };
    version.content(Tag::Integer)?;
    Some(key.raw.to_vec())
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
        PKCS_RSA_SHA256, PublicKeyData,
    };

    use super::*;

    #[test]
    fn certificate_request_public_and_private_key_announce_the_same() {
        for kind in [
            &PKCS_RSA_SHA256,
            &PKCS_ECDSA_P256_SHA256,
            &PKCS_ECDSA_P384_SHA384,
            &PKCS_ED25519,
        ] {
            let key = KeyPair::generate_for(kind).unwrap();
            let params = CertificateParams::new(vec!["mx.bears.test".to_owned()]).unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let request = params.serialize_request(&key).unwrap().pem().unwrap();
            let spki = key.subject_public_key_info();
            for (pem, is_certificate) in [
                (certificate.pem(), true),
                (request, false),
                (key.public_key_pem(), false),
                (key.serialize_pem(), false),
            ] {
                let announced = announced_key(pem.as_bytes()).unwrap();
                assert_eq!(announced.public_key, spki, "{pem}");
                assert_eq!(announced.certificate.is_some(), is_certificate);
            }
        }
    }

    #[test]
    fn what_announces_no_key_says_why() {
        let of = |label: &str, inside: &str| {
            announced_key(
                format!("-----BEGIN {label}-----\n{inside}\n-----END {label}-----\n").as_bytes(),
            )
        };
        assert_eq!(announced_key(b""), Err(KeyFileError::NoKey));
        assert_eq!(of("EC PARAMETERS", "AAAA"), Err(KeyFileError::NoKey));
        assert_eq!(
            of("ENCRYPTED PRIVATE KEY", "AAAA"),
            Err(KeyFileError::Locked)
        );
        for label in [
            "CERTIFICATE",
            "CERTIFICATE REQUEST",
            "PUBLIC KEY",
            "PRIVATE KEY",
        ] {
            let unread = of(label, "MAAA");
            assert!(matches!(unread, Err(KeyFileError::Unread(_))), "{label}");
        }
    }
}
