//! The leaves that all endpoints of one target serve, to be compared with each other.

use std::collections::BTreeMap;

use crate::certificate::{Certificate, Facts};
use crate::timestamp::Timestamp;

/// One endpoint's leaf, as far as the comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Who serves it: address and port.
    pub at: String,
    /// Which certificate it is.
    pub fingerprint: [u8; 32],
    /// Certificates with keys of different kinds are never compared: a server may well have one of each.
    pub key: String,
    /// Start and end of its validity.
    pub validity: (Timestamp, Timestamp),
    /// Whether nothing speaks against it ([`Verdict::is_leaf_fit`](super::Verdict::is_leaf_fit)): what has expired, or
    /// is a server's own fallback, is never what the others should have.
    pub is_fit: bool,
}

impl Leaf {
    /// From an endpoint's certificate, unless it cannot be read.
    pub fn new(at: String, certificate: &Certificate) -> Option<Self> {
        let facts = certificate.facts().ok()?;
        Some(Self {
            at,
            fingerprint: certificate.fingerprints().sha256,
            key: key_kind(facts),
            validity: (facts.not_before, facts.not_after),
            is_fit: true,
        })
    }

    /// Greater for the fit leaf, then for the one that was issued later; the fingerprint decides between twins.
    fn age_key(&self) -> (bool, (Timestamp, Timestamp), [u8; 32]) {
        (self.is_fit, self.validity, self.fingerprint)
    }
}

/// The kind of a certificate's key, as it divides the fleet: RSA, ECDSA, whatever the size or curve.
pub(super) fn key_kind(facts: &Facts) -> String {
    facts.key.kind.to_string()
}

/// Every leaf seen at one target under one offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    leaves: Vec<Leaf>,
    /// Where the newest leaf of each kind of key stands.
    newest: BTreeMap<String, usize>,
}

impl Fleet {
    /// Leaves to be compared with each other.
    pub fn new(leaves: Vec<Leaf>) -> Self {
        let mut newest = BTreeMap::new();
        for (i, leaf) in leaves.iter().enumerate() {
            let best: &mut usize = newest.entry(leaf.key.clone()).or_insert(i);
            if leaf.age_key() > leaves[*best].age_key() {
                *best = i;
            }
        }
        Self { leaves, newest }
    }

    /// All leaves.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The newest leaf with a key of this kind: of those that are fit, if there are any, the one issued last.
    pub fn newest(&self, key: &str) -> Option<&Leaf> {
        self.leaves.get(*self.newest.get(key)?)
    }

    /// Where another leaf than this one is served by a key of the same kind.
    pub fn others<'a>(&'a self, than: &'a Leaf) -> impl Iterator<Item = &'a Leaf> {
        self.leaves
            .iter()
            .filter(|leaf| leaf.key == than.key && leaf.fingerprint != than.fingerprint)
    }
}
