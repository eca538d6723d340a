//! Snapshots to log lines: one when an endpoint's state changes, none while it stays; the text of strangers is escaped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::located::Way;
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
    names: Mutex<HashMap<Way, (Extent, Option<Reason>)>>,
}

/// When the result was obtained, and what it came to.
type Said = (Timestamp, State, Option<Reason>);

impl ChangeLog {
    /// Logs what has changed, and forgets endpoints that are gone.
    pub(super) fn follow(&self, snapshot: &Snapshot) {
        self.follow_names(snapshot);
        let mut said = lock(&self.endpoints);
        let mut now_said = HashMap::with_capacity(said.len());
        for (_, entry) in snapshot.entries() {
            let before = said.remove(&entry.endpoint);
            // A probe that has not answered yet says nothing about its endpoint.
            // Nor does a snapshot that was taken before another, but is told of after it.
            let obtained_at = entry
                .obtained_at
                .filter(|at| before.is_none_or(|(last, ..)| last <= *at));
            let Some(obtained_at) = obtained_at else {
                now_said.extend(before.map(|before| (Arc::clone(&entry.endpoint), before)));
                continue;
            };
            let now = (entry.state, entry.reason());
            if before.is_none_or(|(_, state, reason)| (state, reason) != now) {
                log(entry, before.map(|(_, state, _)| state));
            }
            let said = (obtained_at, now.0, now.1);
            now_said.insert(Arc::clone(&entry.endpoint), said);
        }
        *said = now_said;
    }

    /// Logs what changed about finding the targets' names; that they are found at first is no news.
    fn follow_names(&self, snapshot: &Snapshot) {
        let mut said = lock(&self.names);
        let mut now_said = HashMap::with_capacity(said.len());
        let resolutions = snapshot.targets.iter().flat_map(|target| {
            let name = &target.source.name;
            target.resolutions.iter().map(move |r| (name, r))
        });
        for (name, resolution) in resolutions {
            let way = (name.clone(), Arc::clone(&resolution.view));
            let before = said.remove(&way);
            let now = (
                resolution.extent,
                resolution.fault.as_ref().map(|f| f.reason),
            );
            if now.1 == Some(Reason::Pending) {
                now_said.extend(before.map(|before| (way, before)));
                continue;
            }
            if before.unwrap_or((Extent::Whole, None)) != now {
                log_names(name, resolution);
            }
            now_said.insert(way, now);
        }
        *said = now_said;
    }
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
