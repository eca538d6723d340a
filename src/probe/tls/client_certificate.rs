//! PEM to a certificate of ours for servers that ask for one; neither text nor error ever shows the key.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, SignatureScheme};
use thiserror::Error as ThisError;

/// A certificate with its chain and its key.
#[derive(Clone)]
pub struct ClientCertificate(Arc<CertifiedKey>);

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}

/// Why PEM files make no client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum ClientCertificateError {
    /// The certificate file has no certificate.
    #[error("no certificate in it")]
    NoCertificate,
    /// The key file has no private key that is not encrypted.
    #[error("no unencrypted private key in it")]
    NoKey,
    /// The key is of a kind that cannot be used.
    #[error("the private key is of a kind that is not supported")]
    UnusableKey,
    /// Certificate and key belong to different pairs.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

impl ClientCertificate {
    /// Takes the certificates of one PEM file, leaf first, and the key of another.
    ///
    /// # Errors
    /// See the variants; none carries anything of the key.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, ClientCertificateError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .unwrap_or_default();
        if chain.is_empty() {
            return Err(ClientCertificateError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| ClientCertificateError::NoKey)?;
        let key = aws_lc_rs::default_provider()
            .key_provider
            .load_private_key(key)
            .map_err(|_| ClientCertificateError::UnusableKey)?;
        let pair = CertifiedKey::new(chain, key);
        match pair.keys_match() {
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(ClientCertificateError::Mismatch)
            }
            // A certificate that webpki cannot parse (X.509 v1) may do for the server all the same.
            _ => Ok(Self(Arc::new(pair))),
        }
    }

    /// The pair, if the server takes signatures of its kind.
    pub(super) fn for_schemes(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = self.0.key.choose_scheme(schemes).is_some();
        fits.then(|| Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn error(certificate: &str, key: &str) -> Option<ClientCertificateError> {
        ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).err()
    }

    #[test]
    fn a_pair_is_taken_and_never_shown() {
        let (certificate, key) = pair();
        let pair = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(format!("{pair:?}"), "ClientCertificate");
        assert!(pair.for_schemes(&[SignatureScheme::ED25519]).is_none());
        let fitting = [SignatureScheme::ECDSA_NISTP256_SHA256];
        assert!(pair.for_schemes(&fitting).is_some());
    }

    #[test]
    fn every_mistake_has_its_error() {
        use ClientCertificateError as E;
        let ((certificate, key), (_, other)) = (pair(), pair());
        assert_eq!(error(&key, &key), Some(E::NoCertificate));
        assert_eq!(error("nonsense", &key), Some(E::NoCertificate));
        assert_eq!(error(&certificate, &certificate), Some(E::NoKey));
        assert_eq!(error(&certificate, &other), Some(E::Mismatch));
        let rubbish = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(error(&certificate, rubbish), Some(E::UnusableKey));
    }
}
