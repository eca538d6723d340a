//! Snapshots to log lines: one when an endpoint's state changes, none while it stays; the text of strangers is escaped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::lock;
use crate::observation::Observation;
use crate::plain::plain;
use crate::reason::Reason;
use crate::report::{Entry, Snapshot, State};
use crate::target::Endpoint;
use crate::timestamp::Timestamp;

/// Most characters of the evidence that a line quotes.
const DETAIL: usize = 300;

/// What was last said of every endpoint.
#[derive(Debug, Default)]
pub(super) struct Chronicle(Mutex<HashMap<Arc<Endpoint>, Said>>);

/// When the result was obtained, and what it came to.
type Said = (Timestamp, State, Option<Reason>);

impl Chronicle {
    /// Logs what has changed, and forgets endpoints that are gone.
    pub(super) fn follow(&self, snapshot: &Snapshot) {
        let mut said = lock(&self.0);
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
