//! The leaves that each view of one target leads to, to be compared with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::certificate::{Certificate, Fingerprints};
use crate::timestamp::Timestamp;

/// One leaf as a view shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// Which certificate it is.
    pub fingerprints: Fingerprints,
    /// Start and end of its validity; `None` when it cannot be read.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// Who issued it: the common name, or the whole name where there is none.
    pub issuer: String,
}

impl Sight {
    fn new(leaf: &Certificate) -> Self {
        let facts = leaf.facts().ok();
        Self {
            fingerprints: *leaf.fingerprints(),
            validity: facts.map(|f| (f.not_before, f.not_after)),
            issuer: facts.map_or_else(String::new, |f| {
                let common = f.issuer.common_name().map(str::to_owned);
                common.unwrap_or_else(|| f.issuer.to_exchange())
            }),
        }
    }
}

/// What one view leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The leaves seen, each once.
    pub leaves: BTreeSet<Sight>,
    /// Whether every endpoint of the view showed one.
    pub complete: bool,
}

/// What every view of a target leads to, by name. One that leads nowhere is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Views(BTreeMap<Arc<str>, Outlook>);

impl Views {
    /// Views of these names, nothing seen in them yet. One that found no endpoint is incomplete.
    pub fn new(names: impl IntoIterator<Item = (Arc<str>, bool)>) -> Self {
        let outlook = |(name, complete)| {
            let leaves = BTreeSet::new();
            (name, Outlook { leaves, complete })
        };
        Self(names.into_iter().map(outlook).collect())
    }

    /// Adds a leaf that an endpoint of a view showed.
    pub fn add(&mut self, view: &Arc<str>, leaf: &Certificate) {
        let outlook = self.0.entry(Arc::clone(view)).or_default();
        outlook.leaves.insert(Sight::new(leaf));
    }

    /// Notes that an endpoint of a view showed none, though it may have one.
    pub fn miss(&mut self, view: &Arc<str>) {
        self.0.entry(Arc::clone(view)).or_default().complete = false;
    }

    /// The views with their leaves.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Outlook)> {
        self.0.iter().map(|(name, outlook)| (&**name, outlook))
    }

    /// Whether every view leads to the same leaves; `None` with a single view, and while it cannot be told because an
    /// endpoint shows nothing: a leaf that is missing in a view may be the one behind that endpoint.
    pub fn agree(&self) -> Option<bool> {
        if self.0.len() < 2 {
            return None;
        }
        let outlooks = || self.0.values();
        let lacks = |one: &Outlook, other: &Outlook| {
            other.complete && !fingerprints(one).is_subset(&fingerprints(other))
        };
        let differ = |one: &Outlook| outlooks().any(|other| lacks(one, other));
        if outlooks().any(differ) {
            return Some(false);
        }
        let first = outlooks().next().map(fingerprints)?;
        let same = outlooks().all(|outlook| fingerprints(outlook) == first);
        (same && !first.is_empty()).then_some(true)
    }
}

fn fingerprints(outlook: &Outlook) -> BTreeSet<Fingerprints> {
    outlook
        .leaves
        .iter()
        .map(|leaf| leaf.fingerprints)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(leaves: &[u8], complete: bool) -> Outlook {
        let sight = |n: &u8| Sight {
            fingerprints: Fingerprints {
                sha1: [*n; 20],
                sha256: [*n; 32],
            },
            validity: None,
            issuer: String::new(),
        };
        Outlook {
            leaves: leaves.iter().map(sight).collect(),
            complete,
        }
    }

    fn agree(outlooks: &[(&[u8], bool)]) -> Option<bool> {
        let named = outlooks.iter().enumerate();
        let named = named.map(|(n, (leaves, complete))| {
            (
                Arc::from(n.to_string().as_str()),
                outlook(leaves, *complete),
            )
        });
        Views(named.collect()).agree()
    }

    #[test]
    fn views_agree_when_all_lead_to_the_same_leaves() {
        assert_eq!(agree(&[(&[1, 2], true), (&[1, 2], true)]), Some(true));
        assert_eq!(agree(&[(&[1, 2], true), (&[1, 3], true)]), Some(false));
        assert_eq!(agree(&[(&[1, 2], true), (&[1], true)]), Some(false));
        assert_eq!(
            agree(&[(&[1], true), (&[1], true), (&[2], true)]),
            Some(false)
        );
        assert_eq!(agree(&[(&[1], true)]), None);
    }

    #[test]
    fn what_was_not_seen_proves_nothing() {
        assert_eq!(agree(&[(&[1, 2], true), (&[1], false)]), None);
        assert_eq!(agree(&[(&[1], true), (&[], false)]), None);
        assert_eq!(agree(&[(&[], false), (&[], false)]), None);
        assert_eq!(agree(&[(&[1], true), (&[1], false)]), Some(true));
        assert_eq!(agree(&[(&[1], true), (&[2], false)]), Some(false));
        assert_eq!(agree(&[(&[1], false), (&[2], false)]), None);
    }
}
