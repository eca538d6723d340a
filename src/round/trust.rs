//! Observations to trust, each chain searched once: a fleet presents the same chain everywhere and at every probe.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::lock;
use crate::observation::Observation;
use crate::pki::{self, Anchors, Revocation, Trust};
use crate::timestamp::Timestamp;
use crate::verdict::Expectations;

/// Chains remembered. When there are more, all are forgotten: simpler than to know which were used last.
const MAX_CHAINS: usize = 20_000;

/// The anchors, by their place in memory, and the chain's digests.
type Key = (usize, Vec<[u8; 32]>);

/// What was found for the chains that were seen.
#[derive(Debug, Default)]
pub(super) struct TrustCache(Mutex<HashMap<Key, Known>>);

/// What was found, and the anchors: while they are kept no others can stand in their place.
type Known = (Trust, Arc<Anchors>);

impl TrustCache {
    /// Whether what was presented leads to a root; `None` when nothing was.
    pub(super) fn find(
        &self,
        observation: &Observation,
        anchors: &Arc<Anchors>,
        now: Timestamp,
    ) -> Option<Trust> {
        observation.leaf()?;
        let digests = observation.chain.iter().map(|c| c.fingerprints().sha256);
        let key = (Arc::as_ptr(anchors) as usize, digests.collect());
        if let Some((known, _)) = lock(&self.0).get(&key)
            && holds_at(known, now)
        {
            return Some(known.clone());
        }
        let found = pki::find_path(&observation.chain, anchors, now);
        let mut known = lock(&self.0);
        if known.len() >= MAX_CHAINS {
            known.clear();
        }
        known.insert(key, (found.clone(), Arc::clone(anchors)));
        Some(found)
    }
}

/// Whether a search now would find the same. Only a path that is valid now is certainly the best there is; that there
/// is none does not depend on the moment.
fn holds_at(trust: &Trust, now: Timestamp) -> bool {
    match trust {
        Trust::Path(path) => path.valid_from <= now && now <= path.valid_until,
        Trust::Pinned | Trust::None(_) => true,
    }
}

/// What the revocation lists say; `None` when there is nothing to ask, or nobody.
pub(super) fn ask_lists(
    observation: &Observation,
    expectations: &Expectations,
    now: Timestamp,
) -> Option<Revocation> {
    let (roots, crls) = (&expectations.roots, &expectations.crls);
    let asked = observation.leaf().is_some() && !crls.is_empty();
    asked.then(|| pki::revocation(&ders(observation), roots, crls, now))
}

fn ders(observation: &Observation) -> Vec<&[u8]> {
    observation.chain.iter().map(|c| c.der()).collect()
}
