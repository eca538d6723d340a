//! The last results of one target's endpoints to judged entries: every endpoint beside its fleet.

use std::collections::HashMap;
use std::sync::Arc;

use super::Probed;
use crate::observation::Observation;
use crate::report::{Entry, assess};
use crate::target::{Endpoint, Offer};
use crate::timestamp::Timestamp;
use crate::verdict::{Evidence, Expectations, Fleet, Leaf, judge};

/// An endpoint and its last result, if there is one yet.
pub(super) type Held = (Arc<Endpoint>, Option<Probed>);

pub(super) fn entries(held: Vec<Held>, expectations: &Expectations, now: Timestamp) -> Vec<Entry> {
    let fleets = fleets(&held);
    let nobody = Fleet::default();
    held.into_iter()
        .map(|(endpoint, probed)| {
            let fleet = fleets.get(&endpoint.offer).unwrap_or(&nobody);
            entry(endpoint, probed, fleet, expectations, now)
        })
        .collect()
}

fn fleets(held: &[Held]) -> HashMap<Offer, Fleet> {
    let mut leaves: HashMap<Offer, Vec<Leaf>> = HashMap::new();
    for (endpoint, probed) in held {
        let leaf = probed.as_ref().and_then(|p| p.observation.leaf());
        let leaf = leaf.and_then(|leaf| Leaf::new(endpoint.address, endpoint.port, leaf));
        leaves.entry(endpoint.offer).or_default().extend(leaf);
    }
    leaves
        .into_iter()
        .map(|(offer, leaves)| (offer, Fleet::new(leaves)))
        .collect()
}

fn entry(
    endpoint: Arc<Endpoint>,
    probed: Option<Probed>,
    fleet: &Fleet,
    expectations: &Expectations,
    now: Timestamp,
) -> Entry {
    let obtained_at = probed.as_ref().map(|p| p.obtained_at);
    let (observation, trust, revocation) = match probed {
        Some(probed) => (probed.observation, probed.trust, probed.revocation),
        None => {
            let pending = Observation::pending("no probe has answered yet");
            (Arc::new(pending), None, None)
        }
    };
    let verdict = judge(&Evidence {
        observation: &observation,
        expectations,
        trust: trust.as_ref(),
        revocation: revocation.as_ref(),
        fleet,
        now,
    });
    let (state, causes) = assess(&observation, &verdict, &expectations.thresholds, now);
    Entry {
        endpoint,
        observation,
        trust,
        obtained_at,
        verdict,
        state,
        causes,
    }
}
