//! Snapshots to log lines: one when an endpoint's state changes, none while it stays; the text of strangers is escaped.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::locked::lock;
use crate::collect::Extent;
use crate::endpoint::Endpoint;
use crate::facts::observation::Observation;
use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Entry, Resolution, Snapshot, State};
use crate::timestamp::Timestamp;

/// Most characters of the evidence that a line quotes.
const DETAIL: usize = 300;

/// What was last said of every endpoint, and of every target in a view.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    endpoints: Mutex<HashMap<Arc<Endpoint>, Said>>,
    /// By the name of the target, in the order of its views.
    names: Mutex<HashMap<Box<str>, Box<[SaidOfNames]>>>,
}

/// When the result was obtained, and what it came to.
type Said = (Timestamp, State, Option<Reason>);
/// What was found of a target in a view, and why not all.
type SaidOfNames = (Arc<str>, Extent, Option<Reason>);
impl ChangeLog {
    /// Logs what has changed, and forgets endpoints that are gone.
    pub(super) fn follow(&self, snapshot: &Snapshot) {
        self.follow_names(snapshot);
        let mut said = lock(&self.endpoints);
        let mut known = 0;
        for (_, entry) in snapshot.entries() {
            let before = said.get(&entry.endpoint).copied();
            // A probe that has not answered yet says nothing about its endpoint.
            // Nor does a snapshot that was taken before another, but is told of after it.
            let obtained_at = entry
                .obtained_at
                .filter(|at| before.is_none_or(|(last, ..)| last <= *at));
            known += usize::from(before.is_some() || obtained_at.is_some());
            let Some(obtained_at) = obtained_at else {
                continue;
            };
            let (state, reason) = (entry.state, entry.reason());
            if before.is_none_or(|(_, before, why)| (before, why) != (state, reason)) {
                log(entry, before.map(|(_, state, _)| state));
            }
            said.insert(Arc::clone(&entry.endpoint), (obtained_at, state, reason));
        }
        if said.len() > known {
            let current = snapshot.entries().map(|(_, entry)| &entry.endpoint);
            let current: HashSet<_> = current.collect();
            said.retain(|endpoint, _| current.contains(endpoint));
        }
    }

    /// Logs what changed about finding the targets' names; that they are found at first is no news.
    fn follow_names(&self, snapshot: &Snapshot) {
        let mut said = lock(&self.names);
        for target in &snapshot.targets {
            let name = target.source.name.as_str();
            let before = said.get(name).map_or(&[][..], |before| before);
            let resolutions = target.resolutions.iter();
            let now: Box<[_]> = resolutions
                .filter_map(|resolution| say(name, resolution, before))
                .collect();
            if *before != *now {
                said.insert(name.into(), now);
            }
        }
        if said.len() > snapshot.targets.len() {
            let targets = snapshot.targets.iter();
            let current: HashSet<_> = targets.map(|target| target.source.name.as_str()).collect();
            said.retain(|name, _| current.contains(&**name));
        }
    }
}

/// What is said now of a target in a view, told to the log if it is another than before.
fn say(target: &str, resolution: &Resolution, before: &[SaidOfNames]) -> Option<SaidOfNames> {
    let before = before.iter().find(|(view, ..)| *view == resolution.view);
    let (extent, reason) = (
        resolution.extent,
        resolution.fault.as_ref().map(|fault| fault.reason),
    );
    if reason == Some(Reason::Pending) {
        return before.cloned();
    }
    let said = before.map_or((Extent::Whole, None), |(_, extent, reason)| {
        (*extent, *reason)
    });
    if said != (extent, reason) {
        log_names(target, resolution);
    }
    Some((Arc::clone(&resolution.view), extent, reason))
}

fn log_names(target: &str, resolution: &Resolution) {
    let (target_name, view) = (plain(target, 200), &*resolution.view);
    let (endpoints, last_known) = (resolution.endpoints, resolution.last_known);
    let Some(fault) = &resolution.fault else {
        tracing::info!(target_name, view, endpoints, last_known, "target found");
        return;
    };
    let (reason, detail) = (fault.reason.as_str(), plain(&fault.detail, DETAIL));
    let message = if resolution.is_resolved() {
        "target not found whole"
    } else {
        "target not found"
    };
    tracing::warn!(
        target_name,
        view,
        endpoints,
        last_known,
        reason,
        detail,
        "{message}"
    );
}

/// One line for one probe, for those who debug.
pub(super) fn log_probe(endpoint: &Endpoint, seen: &Observation) {
    let address = endpoint.at();
    let (phase, reason) = seen
        .fault
        .as_ref()
        .map_or(("none", "none"), |f| (f.phase.as_str(), f.reason.as_str()));
    let seconds = seen.duration.as_secs_f64();
    let certificates = seen.chain.len();
    let target_name = plain(&endpoint.target, 200);
    tracing::debug!(%address, target_name, seconds, certificates, phase, reason, "probed");
}

/// A healthy endpoint that was never anything else is no news.
fn log(entry: &Entry, before: Option<State>) {
    let endpoint = &entry.endpoint;
    let address = endpoint.at();
    let target_name = plain(&endpoint.target, 200);
    let (state, view) = (entry.state.as_str(), &*endpoint.view);
    let was = before.map_or("unknown", State::as_str);
    let reason = entry.reason().map_or("none", Reason::as_str);
    let detail = entry
        .causes
        .first()
        .map_or_else(String::new, |cause| plain(&cause.detail, DETAIL));
    match (entry.state, before) {
        (State::Healthy, None) => {
            tracing::debug!(%address, target_name, view, state, was, "endpoint seen");
        }
        (State::Healthy, Some(_)) => {
            tracing::info!(%address, target_name, view, state, was, "endpoint changed");
        }
        _ => tracing::warn!(
            %address, target_name, view, state, was, reason, detail, "endpoint changed"
        ),
    }
}
