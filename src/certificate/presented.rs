//! The bytes that a server presents as a certificate, read once when somebody asks; whoever holds them shares them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::facts::Facts;
use super::fingerprint::Fingerprints;
use super::key::PublicKey;
use super::memory;
use super::read::{self, Unreadable};

/// A certificate as a server presented it; cheap to clone, equal when the bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Content>);

struct Content {
    der: Vec<u8>,
    read: OnceLock<Read>,
}

struct Read {
    fingerprints: Fingerprints,
    facts: Result<Facts, Unreadable>,
}

impl Certificate {
    /// Takes any bytes: what cannot be read still has its bytes and fingerprints.
    pub fn from_der(der: &[u8]) -> Self {
        let certificate = Self::unread(der);
        certificate.read();
        certificate
    }

    /// The same, read when somebody asks for more than bytes and key: the worst takes tens of milliseconds.
    pub fn unread(der: &[u8]) -> Self {
        Self(Arc::new(Content {
            der: der.to_vec(),
            read: OnceLock::new(),
        }))
    }

    /// Reads it now.
    pub fn read(&self) {
        self.content();
    }

    /// Whether it has been read.
    pub fn is_read(&self) -> bool {
        self.0.read.get().is_some()
    }

    /// Whether somebody else holds it, too.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn content(&self) -> &Read {
        let der = &self.0.der;
        self.0.read.get_or_init(|| Read {
            fingerprints: Fingerprints::of(der),
            facts: read::read(der),
        })
    }

    /// The public key, for which nothing else is read; none where that has been found impossible.
    pub fn public_key(&self) -> Option<PublicKey<'_>> {
        let spki = match self.0.read.get() {
            Some(read) => read.facts.as_ref().ok()?.spki.as_slice(),
            None => read::spki(&self.0.der)?,
        };
        Some(PublicKey::from_spki(spki))
    }

    /// The bytes as received.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Digests over the bytes as received.
    pub fn fingerprints(&self) -> &Fingerprints {
        &self.content().fingerprints
    }

    /// The memory that it takes: names of a few bytes become text of their own, so that it may be thirty times its DER.
    pub fn bytes(&self) -> usize {
        let facts = self.facts().map_or(0, Facts::bytes);
        size_of::<Content>() + memory::list(&self.0.der) + facts
    }

    /// What the certificate says.
    ///
    /// # Errors
    /// [`Unreadable`] when the bytes are not a certificate.
    pub fn facts(&self) -> Result<&Facts, &Unreadable> {
        self.content().facts.as_ref()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

/// Equal and hashed by its bytes, and so found by them.
impl std::borrow::Borrow<[u8]> for Certificate {
    fn borrow(&self) -> &[u8] {
        self.der()
    }
}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

/// The fingerprint stands for the whole.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprints().sha256_hex())
    }
}
