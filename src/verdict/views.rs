//! The leaves that each view of one target leads to, to be compared with each other.

use std::sync::Arc;

use crate::certificate::Certificate;

/// What one view leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The leaves seen, each once, in the order of their fingerprints.
    pub leaves: Vec<Certificate>,
    /// Whether every endpoint of the view showed one.
    pub complete: bool,
}

/// What every view of a target leads to, by name. One that leads nowhere is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Views(Vec<(Arc<str>, Outlook)>);

impl Views {
    /// Views of these names, nothing seen in them yet. One that found no endpoint is incomplete.
    pub fn new(names: impl IntoIterator<Item = (Arc<str>, bool)>) -> Self {
        let outlook = |(name, complete)| {
            let leaves = Vec::new();
            (name, Outlook { leaves, complete })
        };
        let mut views: Vec<_> = names.into_iter().map(outlook).collect();
        views.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(views)
    }

    /// Adds a leaf that an endpoint of a view showed.
    pub fn add(&mut self, view: &str, leaf: &Certificate) {
        if let Some(outlook) = self.outlook(view) {
            let by_fingerprint =
                |known: &Certificate| known.fingerprints().cmp(leaf.fingerprints());
            if let Err(place) = outlook.leaves.binary_search_by(by_fingerprint) {
                outlook.leaves.insert(place, leaf.clone());
            }
        }
    }

    /// Notes that an endpoint of a view showed none, though it may have one.
    pub fn miss(&mut self, view: &str) {
        if let Some(outlook) = self.outlook(view) {
            outlook.complete = false;
        }
    }

    fn outlook(&mut self, view: &str) -> Option<&mut Outlook> {
        let mut views = self.0.iter_mut();
        views.find_map(|(name, outlook)| (**name == *view).then_some(outlook))
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
        let outlooks = || self.0.iter().map(|(_, outlook)| outlook);
        let lacks = |one: &Outlook, other: &Outlook| {
            other.complete && !one.leaves.iter().all(|leaf| other.leaves.contains(leaf))
        };
        let differ = |one: &Outlook| outlooks().any(|other| lacks(one, other));
        if outlooks().any(differ) {
            return Some(false);
        }
        let first = &outlooks().next()?.leaves;
        let same = outlooks().all(|outlook| outlook.leaves == *first);
        (same && !first.is_empty()).then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(leaves: &[u8], complete: bool) -> Outlook {
        let mut views = Views::new([(Arc::from(""), complete)]);
        for n in leaves {
            views.add("", &Certificate::from_der(&[*n]));
        }
        views.0.remove(0).1
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
