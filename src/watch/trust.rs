//! Observations to trust, each chain searched once: a fleet presents the same chain everywhere and at every probe. The
//! search runs beside the async workers, a few at a time: strangers choose what it costs.

use std::sync::{Arc, Mutex};

use super::locked::lock;
use crate::beside;
use crate::facts::observation::Observation;
use crate::pki::{self, Anchors, NoPath, Revocation, Trust};
use crate::recent::Recent;
use crate::timestamp::Timestamp;
use crate::verdict::Expectations;

/// Bytes for what was found.
const MAX_BYTES: usize = 8 << 20;

/// The anchors, by their place in memory, and the chain's digests.
type Key = (usize, Vec<[u8; 32]>);

/// What was found for the chains that were seen.
#[derive(Debug)]
pub(super) struct TrustCache {
    known: Mutex<Recent<Key, Known>>,
}

impl Default for TrustCache {
    fn default() -> Self {
        Self {
            known: Mutex::new(Recent::new(MAX_BYTES)),
        }
    }
}

/// What was found, and the anchors: while they are kept no others can stand in their place.
type Known = (Arc<Trust>, Arc<Anchors>);

/// Whether a path was found, and what the lists say.
pub(super) type Asked = (Option<Arc<Trust>>, Option<Revocation>);

impl TrustCache {
    /// Whether what was presented leads to a root, and whether it is revoked; `None` when nothing was presented, or
    /// there is nobody to ask.
    pub(super) async fn ask(
        self: &Arc<Self>,
        observation: &Arc<Observation>,
        expectations: &Arc<Expectations>,
        now: Timestamp,
    ) -> Asked {
        if observation.leaf().is_none() {
            return (None, None);
        }
        let roots = &expectations.roots;
        if expectations.crls.is_empty()
            && let Some(known) = self.recall(&key(observation, roots), now)
        {
            return (Some(known), None);
        }
        let (cache, observation) = (Arc::clone(self), Arc::clone(observation));
        let expectations = Arc::clone(expectations);
        let asking = beside::run(move || cache.ask_here(&observation, &expectations, now));
        asking.await.unwrap_or_else(|_| {
            let broken = Arc::new(broken());
            (Some(broken), None)
        })
    }

    /// Whether what was presented leads to one of these roots; `None` when nothing was presented.
    pub(super) async fn path(
        self: &Arc<Self>,
        observation: &Arc<Observation>,
        roots: &Arc<Anchors>,
        now: Timestamp,
    ) -> Option<Arc<Trust>> {
        observation.leaf()?;
        if let Some(known) = self.recall(&key(observation, roots), now) {
            return Some(known);
        }
        let (cache, observation) = (Arc::clone(self), Arc::clone(observation));
        let roots = Arc::clone(roots);
        let searching = beside::run(move || cache.find(&observation, &roots, now));
        Some(searching.await.unwrap_or_else(|_| Arc::new(broken())))
    }

    fn ask_here(
        &self,
        observation: &Observation,
        expectations: &Expectations,
        now: Timestamp,
    ) -> Asked {
        let (roots, crls) = (&expectations.roots, &expectations.crls);
        let trust = self.find(observation, roots, now);
        let lists = (!crls.is_empty()).then_some(crls);
        let revocation =
            lists.and_then(|crls| pki::revocation(&observation.chain, &trust, roots, crls, now));
        (Some(trust), revocation)
    }

    fn find(
        &self,
        observation: &Observation,
        anchors: &Arc<Anchors>,
        now: Timestamp,
    ) -> Arc<Trust> {
        let key = key(observation, anchors);
        // Many wait for a place with the same chain.
        if let Some(known) = self.recall(&key, now) {
            return known;
        }
        let found = Arc::new(pki::find_path(&observation.chain, anchors, now));
        let bytes = bytes(&key, &found);
        let known = (Arc::clone(&found), Arc::clone(anchors));
        lock(&self.known).insert(key, known, bytes);
        found
    }

    fn recall(&self, key: &Key, now: Timestamp) -> Option<Arc<Trust>> {
        let (trust, _) = lock(&self.known).get(key)?;
        holds_at(&trust, now).then_some(trust)
    }
}

fn broken() -> Trust {
    let defect = "defect in the search for a path: its task broke".to_owned();
    Trust::None(NoPath::Unsupported(defect))
}

fn key(observation: &Observation, anchors: &Arc<Anchors>) -> Key {
    let digests = observation.chain.iter().map(|c| c.fingerprints().sha256);
    (Arc::as_ptr(anchors) as usize, digests.collect())
}

/// What both hold beside themselves.
fn bytes((_, digests): &Key, found: &Trust) -> usize {
    let found = match found {
        Trust::Path(path) => path.anchor.len() + size_of_val(path.certificates.as_slice()),
        Trust::None(why) => why.to_string().len(),
        Trust::Pinned => 0,
    };
    size_of_val(digests.as_slice()) + size_of::<Trust>() + found
}

/// Whether a search now would find the same. Only a path that is valid now is certainly the best there is; that there
/// is none does not depend on the moment.
fn holds_at(trust: &Trust, now: Timestamp) -> bool {
    match trust {
        Trust::Path(path) => path.valid_from <= now && now <= path.valid_until,
        Trust::Pinned | Trust::None(_) => true,
    }
}
