//! What is known of the policies of all domains, and which of it is not on disk yet.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::remembered::Remembered;
use super::store::DomainAt;
use crate::facts::published::PolicyDocument;
use crate::timestamp::Timestamp;

/// The policies of all domains.
#[derive(Default)]
pub(super) struct KnownPolicies(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    of: HashMap<DomainAt, Remembered>,
    unsaved: HashSet<DomainAt>,
}

impl KnownPolicies {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a domain.
    pub(super) fn of(&self, at: &DomainAt) -> Remembered {
        self.kept().of.get(at).cloned().unwrap_or_default()
    }

    /// Takes in what the policy host serves.
    pub(super) fn see<'a>(
        &self,
        at: &DomainAt,
        id: &str,
        served: impl IntoIterator<Item = &'a PolicyDocument>,
        now: Timestamp,
    ) {
        let mut kept = self.kept();
        let known = kept.of.entry(at.clone()).or_default();
        known.see(id, served, now);
        kept.unsaved.insert(at.clone());
    }

    /// Takes in what was known before, and comes to hand only now. What is not there goes there with the next writing.
    pub(super) fn join(&self, earlier: Vec<(DomainAt, Remembered)>, now: Timestamp) {
        let mut kept = self.kept();
        let Kept { of, unsaved } = &mut *kept;
        unsaved.extend(of.keys().cloned());
        for (at, mut known) in earlier {
            if let Some(since) = of.remove(&at) {
                known.follow(since, now);
            }
            of.insert(at, known);
        }
    }

    /// What is not on disk yet; from now on it is taken to be there.
    pub(super) fn take_unsaved(&self) -> Vec<(DomainAt, Remembered)> {
        let mut kept = self.kept();
        let unsaved = std::mem::take(&mut kept.unsaved);
        let known = |at: DomainAt| kept.of.get(&at).cloned().map(|known| (at, known));
        unsaved.into_iter().filter_map(known).collect()
    }

    /// It is not there after all.
    pub(super) fn give_back(&self, unsaved: Vec<(DomainAt, Remembered)>) {
        let unsaved = unsaved.into_iter().map(|(at, _)| at);
        self.kept().unsaved.extend(unsaved);
    }
}
