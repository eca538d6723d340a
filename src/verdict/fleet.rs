//! The leaves that all endpoints of one target serve, to be compared with each other.

use std::collections::BTreeMap;
use std::fmt;

use crate::certificate::{Certificate, Facts};
use crate::timestamp::Timestamp;

/// One endpoint's leaf, as far as the comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Who serves it: address and port.
    pub at: String,
    /// Which certificate it is.
    pub fingerprint: [u8; 32],
    /// The same, whole.
    pub certificate: Certificate,
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
            certificate: certificate.clone(),
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

/// Most addresses that are told where a leaf is served.
const TOLD: usize = 20;

/// Where something is served: the first addresses, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    first: Vec<String>,
    count: usize,
}

impl Places {
    /// Adds one, unless it is there: what two offers show is in one place.
    pub fn add_once(&mut self, at: String) {
        if !self.first.contains(&at) {
            self.add(at);
        }
    }

    fn add(&mut self, at: String) {
        if self.first.len() < TOLD {
            self.first.push(at);
        }
        self.count += 1;
    }
}

/// `192.0.2.1:25, 192.0.2.2:25 and 12 more`
impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// The leaves with keys of one kind, beside the newest of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroup {
    /// Of those that are fit, if there are any, the one issued last.
    pub newest: Leaf,
    /// Who serves it.
    pub there: Places,
    /// Who serves another one.
    pub elsewhere: Places,
}

impl KeyGroup {
    /// Whether somebody serves another leaf than the newest.
    pub fn differ(&self) -> bool {
        self.elsewhere.count > 0
    }
}

/// Every leaf seen at one target under one offer. What is told of them is worked out once, not for every endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    size: usize,
    /// The first different ones, and who serves each.
    different: Vec<(Certificate, Places)>,
    /// By the kind of key.
    kin: BTreeMap<String, KeyGroup>,
}

impl Fleet {
    /// Leaves to be compared with each other.
    pub fn new(leaves: Vec<Leaf>) -> Self {
        let size = leaves.len();
        let different = different(&leaves);
        let mut kin: BTreeMap<String, KeyGroup> = BTreeMap::new();
        for leaf in &leaves {
            let new = || KeyGroup {
                newest: leaf.clone(),
                there: Places::default(),
                elsewhere: Places::default(),
            };
            let known = kin.entry(leaf.key.clone()).or_insert_with(new);
            if leaf.age_key() > known.newest.age_key() {
                known.newest = leaf.clone();
            }
        }
        for leaf in leaves {
            let Some(kin) = kin.get_mut(&leaf.key) else {
                continue;
            };
            if leaf.fingerprint == kin.newest.fingerprint {
                kin.there.add(leaf.at);
            } else {
                kin.elsewhere.add(leaf.at);
            }
        }
        Self {
            size,
            different,
            kin,
        }
    }

    /// How many leaves there are, of all kinds.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The first different leaves, and where each is served.
    pub fn different(&self) -> &[(Certificate, Places)] {
        &self.different
    }

    /// The leaves, by the kind of their keys.
    pub fn all_kin(&self) -> impl Iterator<Item = &KeyGroup> {
        self.kin.values()
    }

    /// The leaves with keys of one kind.
    pub fn kin(&self, key: &str) -> Option<&KeyGroup> {
        self.kin.get(key)
    }
}

/// Most different leaves that are kept whole.
const KEPT: usize = 8;

fn different(leaves: &[Leaf]) -> Vec<(Certificate, Places)> {
    let mut different: Vec<(Certificate, Places)> = Vec::new();
    for leaf in leaves {
        let known = different
            .iter()
            .position(|(one, _)| *one == leaf.certificate);
        if known.is_none() && different.len() < KEPT {
            different.push((leaf.certificate.clone(), Places::default()));
        }
        let known = known.or_else(|| different.len().checked_sub(1));
        let of = known.and_then(|nth| different.get_mut(nth));
        if let Some((_, places)) = of.filter(|(one, _)| *one == leaf.certificate) {
            places.add(leaf.at.clone());
        }
    }
    different
}
