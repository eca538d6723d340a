//! The last results of one target's endpoints to judged entries: every endpoint beside its fleet.

use std::collections::HashMap;
use std::sync::Arc;

use super::Probed;
use crate::observation::Observation;
use crate::reason::Reason;
use crate::report::{Entry, assess};
use crate::target::{Endpoint, Offer};
use crate::timestamp::Timestamp;
use crate::verdict::{Evidence, Expectations, Fleet, Leaf, Views, judge};

/// An endpoint and its last result, if there is one yet.
pub(super) type Held = (Arc<Endpoint>, Option<Probed>);

pub(super) fn entries(
    held: Vec<Held>,
    views: &Views,
    expectations: &Expectations,
    now: Timestamp,
) -> Vec<Entry> {
    let fleets = fleets(&held);
    let nobody = Fleet::default();
    held.into_iter()
        .map(|(endpoint, probed)| {
            let fleet = fleets.get(&kinship(&endpoint)).unwrap_or(&nobody);
            entry(endpoint, probed, (fleet, views), expectations, now)
        })
        .collect()
}

/// Adds what was seen to the views.
pub(super) fn look(held: &[Held], views: &mut Views) {
    for (endpoint, probed) in held {
        let seen = probed.as_ref().map(|p| &*p.observation);
        match seen.and_then(|seen| seen.leaf()) {
            Some(leaf) => views.add(&endpoint.view, leaf),
            None if seen.is_some_and(|seen| lacks_the_kind(endpoint, seen)) => {}
            None => views.miss(&endpoint.view),
        }
    }
}

/// A server that has no certificate of the kind that was asked for has shown all that there is to see.
fn lacks_the_kind(endpoint: &Endpoint, seen: &Observation) -> bool {
    let reason = seen.fault.as_ref().map(|fault| fault.reason);
    endpoint.offer != Offer::Any && reason == Some(Reason::TlsNoCommonParameters)
}

/// Endpoints are compared with those of the same offer, and with what the same view leads to: how views differ among
/// each other is another question.
type Kinship = (Arc<str>, Offer);

fn kinship(endpoint: &Endpoint) -> Kinship {
    (Arc::clone(&endpoint.view), endpoint.offer)
}

fn fleets(held: &[Held]) -> HashMap<Kinship, Fleet> {
    let mut leaves: HashMap<Kinship, Vec<Leaf>> = HashMap::new();
    for (endpoint, probed) in held {
        let leaf = probed.as_ref().and_then(|p| p.observation.leaf());
        let leaf = leaf.and_then(|leaf| Leaf::new(endpoint.at(), leaf));
        leaves.entry(kinship(endpoint)).or_default().extend(leaf);
    }
    leaves
        .into_iter()
        .map(|(kinship, leaves)| (kinship, Fleet::new(leaves)))
        .collect()
}

fn entry(
    endpoint: Arc<Endpoint>,
    probed: Option<Probed>,
    (fleet, views): (&Fleet, &Views),
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
        server_name: endpoint.server_name.as_ref(),
        revocation: revocation.as_ref(),
        fleet,
        views,
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
