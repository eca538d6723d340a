//! Endpoints, observations and verdicts to one immutable snapshot with its aggregates; knows no rendering.

mod state;

pub(crate) use state::assess;
pub use state::{Cause, State};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dns::LookupFault;
use crate::observation::Observation;
use crate::pki::Trust;
use crate::reason::Reason;
use crate::target::{Endpoint, Source};
use crate::timestamp::Timestamp;
use crate::verdict::Verdict;

/// One endpoint with all that is known of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// What the last probe saw.
    pub observation: Arc<Observation>,
    /// The path to a root, when a certificate was seen.
    pub trust: Option<Trust>,
    /// When the observation was made; `None` when no probe has answered yet.
    pub obtained_at: Option<Timestamp>,
    /// What the checks found.
    pub verdict: Verdict,
    /// The one word for it.
    pub state: State,
    /// Why, worst first; empty for a healthy endpoint.
    pub causes: Vec<Cause>,
}

/// Checks whose failure means that this is not the expected certificate.
const IDENTITY_CHECKS: [&str; 5] = [
    "names",
    "subject",
    "issuer",
    "tls_certificate_name",
    "fingerprint",
];

impl Entry {
    /// Dialogue and handshake completed and no check failed.
    pub fn is_success(&self) -> bool {
        self.observation.fault.is_none() && self.verdict.failures().next().is_none()
    }

    /// The certificate is the expected one: names, subject, issuer, connector string and fingerprint.
    pub fn is_subject_match(&self) -> bool {
        let failed = |name| self.verdict.failure(name).is_some();
        !IDENTITY_CHECKS.into_iter().any(failed)
    }

    /// The leaf's own end of validity.
    pub fn not_after(&self) -> Option<Timestamp> {
        Some(self.observation.leaf()?.facts().ok()?.not_after)
    }

    /// Seconds until the leaf expires, negative afterwards.
    pub fn expires_in(&self, now: Timestamp) -> Option<i64> {
        Some(self.not_after()?.seconds_since(now))
    }

    /// The earliest end of validity on the path to a trusted root.
    pub fn verified_until(&self) -> Option<Timestamp> {
        match self.trust.as_ref()? {
            Trust::Path(path) => Some(path.valid_until),
            Trust::Pinned => self.not_after(),
            Trust::None(_) => None,
        }
    }

    /// The reason of the worst cause.
    pub fn reason(&self) -> Option<Reason> {
        self.causes.first().and_then(|cause| cause.reason)
    }
}

/// Whether a target's names were found in one view.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The view.
    pub view: Arc<str>,
    /// Why not, if not.
    pub fault: Option<LookupFault>,
    /// How many endpoints are probed; those of the last success while DNS fails.
    pub endpoints: usize,
}

/// One target with its endpoints.
#[derive(Debug, Clone)]
pub struct TargetReport {
    /// The target as configured.
    pub source: Arc<Source>,
    /// How its names were resolved, by view.
    pub resolutions: Vec<Resolution>,
    /// Its endpoints, in the order of their addresses.
    pub entries: Vec<Entry>,
}

impl TargetReport {
    /// How many different leaves its endpoints serve, by offer; an offer under which none was seen is absent.
    pub fn distinct_certificates(&self) -> BTreeMap<&'static str, usize> {
        let mut seen: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for entry in &self.entries {
            if let Some(leaf) = entry.observation.leaf() {
                let offer = entry.endpoint.offer.as_str();
                seen.entry(offer)
                    .or_default()
                    .insert(leaf.fingerprints().sha256);
            }
        }
        seen.into_iter()
            .map(|(offer, leaves)| (offer, leaves.len()))
            .collect()
    }

    /// The worst state among its endpoints; `Unreachable` when there is none to ask.
    pub fn state(&self) -> State {
        let unresolved = self.resolutions.iter().any(|r| r.endpoints == 0);
        self.entries
            .iter()
            .map(|entry| entry.state)
            .chain(unresolved.then_some(State::Unreachable))
            .min()
            .unwrap_or(State::Unreachable)
    }
}

/// Everything that is known at one moment. All outputs are renderings of this one value.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The moment for which was judged.
    pub at: Timestamp,
    /// All targets, in the order of the configuration.
    pub targets: Vec<TargetReport>,
}

impl Snapshot {
    /// All endpoints with their targets.
    pub fn entries(&self) -> impl Iterator<Item = (&TargetReport, &Entry)> {
        self.targets
            .iter()
            .flat_map(|target| target.entries.iter().map(move |entry| (target, entry)))
    }

    /// The exit status of the monitoring plugins for all of it: 2 before 3 before 1 before 0.
    pub fn exit_code(&self) -> u8 {
        let codes: BTreeSet<u8> = self
            .entries()
            .map(|(_, entry)| entry.state)
            .chain(self.targets.iter().map(TargetReport::state))
            .map(State::exit_code)
            .collect();
        let worst = [2, 3, 1, 0].into_iter().find(|code| codes.contains(code));
        // Nothing was asked: that is not healthy, it is not known.
        worst.unwrap_or(3)
    }
}
