//! The leaves that each view of one target leads to, to be compared with each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::certificate::Certificate;

/// What one view leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The leaves seen, each once, in the order of their fingerprints.
    pub leaves: Box<[Certificate]>,
    /// Whether every endpoint of the view showed one.
    pub complete: bool,
}

impl Outlook {
    fn has_all(&self, other: &Self) -> bool {
        let has = |leaf: &Certificate| {
            let wanted = leaf.fingerprints();
            let found = self
                .leaves
                .binary_search_by_key(&wanted, |l| l.fingerprints());
            found.is_ok()
        };
        other.leaves.iter().all(has)
    }
}

/// What every view of a target leads to, by name. One that leads nowhere is among them.
///
/// Most targets have one view and one leaf, and every report holds this: slices, because a tree's node has room for
/// eleven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Views {
    outlooks: Box<[(Arc<str>, Outlook)]>,
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
        let named = |(name, complete)| (name, (BTreeMap::new(), complete));
        let mut found: BTreeMap<Arc<str>, _> = names.into_iter().map(named).collect();
        for (view, leaf) in seen {
            let Some((leaves, complete)) = found.get_mut(view) else {
                continue;
            };
            match leaf {
                Some(leaf) => drop(leaves.entry(leaf.fingerprints()).or_insert(leaf)),
                None => *complete = false,
            }
        }
        let outlooks = found.into_iter().map(|(name, (leaves, complete))| {
            let leaves = leaves.into_values().cloned().collect();
            (name, Outlook { leaves, complete })
        });
        let outlooks: Box<[_]> = outlooks.collect();
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

fn agree(outlooks: &[(Arc<str>, Outlook)]) -> Option<bool> {
    let [(_, first), _, ..] = outlooks else {
        return None;
    };
    let mut all = outlooks.iter().map(|(_, outlook)| outlook);
    let lacks = |one: &Outlook| outlooks.iter().any(|(_, other)| !one.has_all(other));
    if all.clone().any(|one| one.complete && lacks(one)) {
        return Some(false);
    }
    let is_same = |one: &Outlook| one.has_all(first) && first.has_all(one);
    (!first.leaves.is_empty() && all.all(is_same)).then_some(true)
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
