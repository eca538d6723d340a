//! DER to the facts about one certificate, or to why it cannot be read; knows no trust, no sockets and no metrics.

mod der;
mod dn;
mod extension;
mod facts;
mod fingerprint;
mod hex;
mod key;
mod read;
mod signature;
mod subject_name;
mod tls_certificate_name;

use std::fmt;
use std::sync::Arc;

pub use dn::{Dn, DnError};
pub use extension::{BasicConstraints, Eku};
pub use facts::Facts;
pub use fingerprint::{Fingerprint, FingerprintError, Fingerprints};
pub use key::{Key, KeyKind};
pub use read::Unreadable;
pub use signature::{Hash, SignatureAlgorithm};
pub use subject_name::SubjectName;
pub use tls_certificate_name::{TlsCertificateName, TlsCertificateNameError};

/// A certificate as a server presented it; cheap to clone, equal when the bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Content>);

struct Content {
    der: Vec<u8>,
    fingerprints: Fingerprints,
    facts: Result<Facts, Unreadable>,
}

impl Certificate {
    /// Takes any bytes: what cannot be read still has its bytes and fingerprints.
    pub fn from_der(der: &[u8]) -> Self {
        Self(Arc::new(Content {
            der: der.to_vec(),
            fingerprints: Fingerprints::of(der),
            facts: read::read(der),
        }))
    }

    /// The bytes as received.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Digests over the bytes as received.
    pub fn fingerprints(&self) -> &Fingerprints {
        &self.0.fingerprints
    }

    /// What the certificate says.
    ///
    /// # Errors
    /// [`Unreadable`] when the bytes are not a certificate.
    pub fn facts(&self) -> Result<&Facts, &Unreadable> {
        self.0.facts.as_ref()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

/// The fingerprint stands for the whole.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.0.fingerprints.sha256_hex())
    }
}
