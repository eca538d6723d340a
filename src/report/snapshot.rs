//! All that is known at one moment, with its aggregates: immutable, made when something has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::inside::Inside;
use super::judged::{DomainReport, HostReport};
use super::state::{Cause, Severity, State, assess_findings, of_extent};
use crate::certificate::Certificate;
use crate::collect::{Expansion, Extent};
use crate::dns::{Exchanger, LookupFault};
use crate::endpoint::{Endpoint, Source};
use crate::facts::observation::Observation;
use crate::pki::Trust;
use crate::reason::Reason;
use crate::timestamp::Timestamp;
use crate::verdict::{Expectations, Finding, Kind, Threshold, Verdict, Verdicts, Views};

/// One endpoint with all that is known of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// What the last probe saw.
    pub observation: Arc<Observation>,
    /// The path to a root, when a certificate was seen.
    pub trust: Option<Arc<Trust>>,
    /// When the observation was made; `None` when no probe has answered yet.
    pub obtained_at: Option<Timestamp>,
    /// What the checks found.
    pub verdict: Verdict,
    /// The one word for it.
    pub state: State,
    /// Why, worst first; empty for a healthy endpoint.
    pub causes: Vec<Cause>,
    /// What was expected of it.
    pub expectations: Arc<Expectations>,
    /// The leaf that it presented before, if that was another one.
    pub former: Option<Certificate>,
}

impl Entry {
    /// Dialogue and handshake completed and no check failed.
    pub fn is_success(&self) -> bool {
        self.observation.fault.is_none() && self.verdict.failures().next().is_none()
    }

    /// The certificate is the expected one: names, subject, issuer, connector string and fingerprint.
    pub fn is_subject_match(&self) -> bool {
        let mut judgements = self.verdict.judgements();
        !judgements.any(|(check, finding)| {
            check.kind == Kind::Identity && matches!(finding, Finding::Fail(_))
        })
    }

    /// The leaf's own end of validity.
    pub fn not_after(&self) -> Option<Timestamp> {
        Some(self.observation.leaf()?.facts().ok()?.not_after)
    }

    /// Seconds until the leaf expires, negative afterwards.
    pub fn expires_in(&self, now: Timestamp) -> Option<i64> {
        Some(self.not_after()?.seconds_since(now))
    }

    /// Seconds before the leaf's end at which it is called `Warning`.
    pub fn warning_seconds(&self) -> Option<i64> {
        self.seconds_before_end(&self.expectations.thresholds.warning)
    }

    /// Seconds before the leaf's end at which it is called `Critical`.
    pub fn critical_seconds(&self) -> Option<i64> {
        self.seconds_before_end(&self.expectations.thresholds.critical)
    }

    fn seconds_before_end(&self, threshold: &Threshold) -> Option<i64> {
        let facts = self.observation.leaf()?.facts().ok()?;
        threshold.seconds_before_end(facts.not_before, facts.not_after)
    }

    /// The earliest end of validity on the path to a trusted root.
    pub fn verified_until(&self) -> Option<Timestamp> {
        match self.trust.as_deref()? {
            Trust::Path(path) => Some(path.valid_until),
            Trust::Pinned => self.not_after(),
            Trust::None(_) => None,
        }
    }

    /// The reason of the worst cause; none for a healthy endpoint.
    pub fn reason(&self) -> Option<Reason> {
        self.causes.first().map(|cause| cause.reason)
    }
}

/// Whether a target's names were found in one view.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The view.
    pub view: Arc<str>,
    /// How much of them was.
    pub extent: Extent,
    /// Why not, or not all, if so.
    pub fault: Option<LookupFault>,
    /// How many endpoints are probed, those of earlier answers included.
    pub endpoints: usize,
    /// How many of them are only known from before.
    pub last_known: usize,
    /// The MX hosts of a mail domain with their preferences.
    pub exchangers: Vec<Exchanger>,
}

impl Resolution {
    /// What was found in a view; nothing yet before the first answer.
    pub(crate) fn new(view: &Arc<str>, found: Option<&Expansion>) -> Self {
        let pending = || LookupFault {
            reason: Reason::Pending,
            detail: "no answer from DNS yet".to_owned(),
        };
        Self {
            view: Arc::clone(view),
            extent: found.map_or(Extent::Nothing, |found| found.extent),
            fault: found.map_or_else(|| Some(pending()), |found| found.fault.clone()),
            endpoints: found.map_or(0, |found| found.all().count()),
            last_known: found.map_or(0, |found| found.last_known.len()),
            exchangers: found
                .and_then(|found| found.domain.as_ref())
                .map_or_else(Vec::new, |domain| domain.exchangers.clone()),
        }
    }

    /// How bad it is, if it is: what is still probed from before may well be healthy, but nobody knows for how long.
    pub fn state(&self) -> Option<State> {
        of_extent(self.extent, self.endpoints > 0)
    }

    /// Whether anything was found just now. Half an answer is one.
    pub fn is_resolved(&self) -> bool {
        self.extent != Extent::Nothing
    }
}

/// One target with its endpoints.
#[derive(Debug, Clone)]
pub struct TargetReport {
    /// The target as configured.
    pub source: Arc<Source>,
    /// How its names were resolved, by view.
    pub resolutions: Vec<Resolution>,
    /// Its endpoints, view by view.
    pub entries: Vec<Entry>,
    /// What the checks say of all of them together.
    pub verdict: Verdict,
    /// Which leaves each of its views leads to.
    pub views: Views,
    /// Those of the endpoints that DNS does not confirm at the moment.
    pub last_known: BTreeSet<Arc<Endpoint>>,
    state: State,
}

impl TargetReport {
    /// From what was found, and what the checks say of it.
    pub(crate) fn new(
        source: Arc<Source>,
        resolutions: Vec<Resolution>,
        entries: Vec<Entry>,
        verdict: Verdict,
        views: Views,
        last_known: BTreeSet<Arc<Endpoint>>,
    ) -> Self {
        let (own, causes) = assess_findings(None, &verdict);
        let states = entries.iter().map(|entry| entry.state);
        let states = states
            .chain(resolutions.iter().filter_map(Resolution::state))
            .chain(causes.first().map(|_| own));
        Self {
            state: states.min().unwrap_or(State::Unreachable),
            source,
            resolutions,
            entries,
            verdict,
            views,
            last_known,
        }
    }

    /// Holds its verdicts in the memory of those that say the same.
    pub(crate) fn share(&mut self, verdicts: &mut Verdicts) {
        let own = self.entries.iter_mut().map(|entry| &mut entry.verdict);
        for verdict in own.chain([&mut self.verdict]) {
            *verdict = verdicts.shared(verdict.clone());
        }
    }

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

    /// The preference of the MX host that an endpoint belongs to.
    pub fn preference(&self, endpoint: &Endpoint) -> Option<u16> {
        let mut views = self.resolutions.iter().filter(|r| r.view == endpoint.view);
        let exchangers = &views.next()?.exchangers;
        let host = exchangers.iter().find(|e| e.host == *endpoint.host);
        host.map(|host| host.preference)
    }

    /// The worst state among its endpoints and views; `Unreachable` when there is nobody to ask.
    pub fn state(&self) -> State {
        self.state
    }
}

/// Everything that is known at one moment. All outputs are renderings of this one value.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The moment for which all of it holds.
    pub at: Timestamp,
    /// All targets, in the order of the configuration.
    pub targets: Vec<Arc<TargetReport>>,
    /// The hosts whose addresses were looked up, target by target.
    pub hosts: Arc<[HostReport]>,
    /// The mail domains that are targets, in each of their views.
    pub domains: Arc<[DomainReport]>,
    /// The mail servers, seen from inside.
    pub inside: Arc<Inside>,
    /// Of each view whose resolver is trusted to validate: whether it does; absent as long as nobody knows.
    pub dnssec: BTreeMap<Arc<str>, bool>,
}

impl Snapshot {
    /// All endpoints with their targets.
    pub fn entries(&self) -> impl Iterator<Item = (&TargetReport, &Entry)> {
        self.targets
            .iter()
            .flat_map(|target| target.entries.iter().map(move |entry| (&**target, entry)))
    }

    /// How bad the worst of it is; unknown when nothing was asked.
    pub fn severity(&self) -> Severity {
        let states = self.entries().map(|(_, entry)| entry.state);
        states
            .chain(self.targets.iter().map(|target| target.state()))
            .chain(self.hosts.iter().map(|host| host.state))
            .chain(self.domains.iter().map(|domain| domain.state))
            .chain(self.inside.states())
            .map(State::severity)
            .min()
            .unwrap_or(Severity::Unknown)
    }
}
