//! A target to those of its endpoints whose certificate the others should present too; knows no rendering.

use std::collections::HashMap;

use super::snapshot::{Entry, TargetReport};
use crate::endpoint::Offer;

/// Endpoints with nothing against their certificate, one for each kind that is compared: the check `same_certificate`
/// says of the others that they serve an older one.
#[derive(Debug)]
pub struct Examples<'a>(HashMap<PeerGroup<'a>, &'a Entry>);

/// What is compared with each other: a view, an offer, and the kind of key.
type PeerGroup<'a> = (&'a str, Offer, String);

impl<'a> Examples<'a> {
    /// Those of one target.
    pub fn new(target: &'a TargetReport) -> Self {
        let mut examples = HashMap::new();
        for entry in &target.entries {
            if !is_behind(entry)
                && entry.verdict.is_leaf_fit()
                && let Some(peer_group) = peer_group(entry)
            {
                examples.entry(peer_group).or_insert(entry);
            }
        }
        Self(examples)
    }

    /// The one for an endpoint that serves an older certificate.
    pub fn of(&self, entry: &Entry) -> Option<&'a Entry> {
        let peer_group = is_behind(entry).then(|| peer_group(entry))??;
        self.0.get(&peer_group).copied()
    }
}

fn is_behind(entry: &Entry) -> bool {
    entry.verdict.failure("same_certificate").is_some()
}

fn peer_group(entry: &Entry) -> Option<PeerGroup<'_>> {
    let kind = entry.observation.leaf()?.facts().ok()?.key.kind.to_string();
    Some((&*entry.endpoint.view, entry.endpoint.offer, kind))
}
