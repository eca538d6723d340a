//! The leaves that each view of one target leads to, to be compared with each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::certificate::{Certificate, Fingerprints};

/// What one view leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The leaves seen, each once.
    pub leaves: BTreeMap<Fingerprints, Certificate>,
    /// Whether every endpoint of the view showed one.
    pub complete: bool,
}

/// What every view of a target leads to, by name. One that leads nowhere is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Views {
    outlooks: BTreeMap<Arc<str>, Outlook>,
    /// Found once, not for every endpoint.
    agree: Option<bool>,
}

impl Views {
    /// Views by name, and what was seen in them. One that found no endpoint is incomplete, and so is one where an
    /// endpoint showed no leaf (`None`), though it may have one.
    pub fn new<'a>(
        names: impl IntoIterator<Item = (Arc<str>, bool)>,
        seen: impl IntoIterator<Item = (&'a str, Option<&'a Certificate>)>,
    ) -> Self {
        let outlook = |(name, complete)| {
            let leaves = BTreeMap::new();
            (name, Outlook { leaves, complete })
        };
        let mut outlooks: BTreeMap<_, _> = names.into_iter().map(outlook).collect();
        for (view, leaf) in seen {
            let Some(outlook) = outlooks.get_mut(view) else {
                continue;
            };
            match leaf {
                Some(leaf) => {
                    let leaves = &mut outlook.leaves;
                    leaves
                        .entry(*leaf.fingerprints())
                        .or_insert_with(|| leaf.clone());
                }
                None => outlook.complete = false,
            }
        }
        let agree = agree(&outlooks);
        Self { outlooks, agree }
    }

    /// The views with their leaves.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Outlook)> {
        self.outlooks
            .iter()
            .map(|(name, outlook)| (&**name, outlook))
    }

    /// Whether every view leads to the same leaves; `None` with a single view, and while it cannot be told because an
    /// endpoint shows nothing: a leaf that is missing in a view may be the one behind that endpoint.
    pub fn agree(&self) -> Option<bool> {
        self.agree
    }
}

fn agree(outlooks: &BTreeMap<Arc<str>, Outlook>) -> Option<bool> {
    if outlooks.len() < 2 {
        return None;
    }
    let has_all = |one: &Outlook, other: &Outlook| {
        let mut leaves = other.leaves.keys();
        leaves.all(|leaf| one.leaves.contains_key(leaf))
    };
    let lacks = |one: &Outlook| outlooks.values().any(|other| !has_all(one, other));
    if outlooks.values().any(|one| one.complete && lacks(one)) {
        return Some(false);
    }
    let first = outlooks.values().next()?;
    let is_same = |one: &Outlook| has_all(one, first) && has_all(first, one);
    (!first.leaves.is_empty() && outlooks.values().all(is_same)).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(outlooks: &[(&[u8], bool)]) -> Option<bool> {
        let names: Vec<_> = (0..outlooks.len()).map(|nth| nth.to_string()).collect();
        let mut seen = Vec::new();
        for (name, (leaves, _)) in names.iter().zip(outlooks) {
            let leaves = leaves.iter().map(|n| Certificate::from_der(&[*n]));
            seen.extend(leaves.map(|leaf| (name.as_str(), leaf)));
        }
        let complete = outlooks.iter().map(|(_, complete)| *complete);
        let named = names.iter().map(|name| Arc::from(name.as_str()));
        let seen = seen.iter().map(|(name, leaf)| (*name, Some(leaf)));
        Views::new(named.zip(complete), seen).agree()
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
