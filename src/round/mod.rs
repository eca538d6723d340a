//! Settings to snapshots: who is due, one flight an endpoint, deadlines, manners. The only file that sees all stages,
//! and the only one that reads the clock.

mod certificates;
mod chronicle;
mod flight;
mod flights;
mod judging;
mod once;
mod places;
mod request;
mod trust;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::counters::Counters;
use crate::dns::{Lookup, LookupFault};
use crate::observation::Observation;
use crate::pki::{Revocation, Trust};
use crate::probe::{ClientCertificate, Limits, Tls};
use crate::reason::Reason;
use crate::report::{Resolution, Snapshot, TargetReport};
use crate::target::{DEFAULT_VIEW, Endpoint, Expansion, Source, expand};
use crate::timestamp::Timestamp;
use crate::verdict::Expectations;
use certificates::Certificates;
use chronicle::Chronicle;
use flights::{Flights, Landing};
use places::Places;
pub use request::{Gate, Module, OnRequest, Refusal};
use trust::TrustCache;

/// A target with what is expected of it.
#[derive(Debug, Clone)]
pub struct Watched {
    /// What to probe.
    pub source: Arc<Source>,
    /// What to expect.
    pub expectations: Arc<Expectations>,
    /// What to present to servers that ask for a certificate of ours.
    pub client_certificate: Option<ClientCertificate>,
}

impl Watched {
    /// Whether results for the one are results for the other: the same endpoints, and paths to the same roots.
    /// Whatever may be different behind the same file name counts as different.
    fn is_probed_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.expectations.roots, &other.expectations.roots);
        let is_alone =
            |one: &Self| one.client_certificate.is_none() && one.expectations.crls.is_empty();
        self.source == other.source
            && is_alone(self)
            && is_alone(other)
            && (Arc::ptr_eq(ours, theirs) || ours == theirs)
    }
}

/// What a round needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The targets.
    pub targets: Vec<Watched>,
    /// The limits of one probe.
    pub limits: Limits,
    /// A younger result answers without a new probe.
    pub min_interval: Duration,
    /// Probes at once.
    pub concurrency: usize,
    /// Probes at once to one address.
    pub per_address: usize,
}

/// Tells the time. A function, so that tests have theirs.
pub type Clock = fn() -> Timestamp;

/// This machine's clock.
pub fn system_clock() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    let now = SystemTime::now();
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Timestamp(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// What one probe brought.
#[derive(Debug, Clone)]
pub(crate) struct Probed {
    observation: Arc<Observation>,
    trust: Option<Trust>,
    revocation: Option<Revocation>,
    obtained_at: Timestamp,
}

/// Where a target was last found.
#[derive(Debug, Clone)]
struct Located {
    /// The last answer.
    expansion: Expansion,
    /// The endpoints of the last success, kept while DNS fails.
    endpoints: Vec<Arc<Endpoint>>,
}

/// Probes targets and keeps the last result of each endpoint.
pub struct Rounds<L> {
    settings: Settings,
    lookup: L,
    tls: Tls,
    clock: Clock,
    counters: Counters,
    places: Arc<Places>,
    located: Mutex<HashMap<String, Arc<Located>>>,
    certificates: Arc<Certificates>,
    flights: Flights<Arc<Endpoint>, Probed>,
    chronicle: Arc<Chronicle>,
    /// Others have taken over with other settings; what they probe is none of our business.
    is_succeeded: AtomicBool,
    trust: TrustCache,
}

/// Targets whose names are looked up at once; the resolver has a limit of its own.
const BOARDING: usize = 1024;

impl<L: Lookup + 'static> Rounds<L> {
    /// Nothing is probed before the first scrape.
    pub fn new(settings: Settings, lookup: L, tls: Tls, clock: Clock, counters: Counters) -> Self {
        Self {
            places: Arc::new(Places::new(settings.concurrency, settings.per_address)),
            settings,
            lookup,
            tls,
            clock,
            counters,
            located: Mutex::default(),
            certificates: Arc::default(),
            flights: Flights::default(),
            trust: TrustCache::default(),
            chronicle: Arc::default(),
            is_succeeded: AtomicBool::new(false),
        }
    }

    /// Rounds over other settings which go on where these are: targets that are the same in both keep their results,
    /// flights under way land here too, and what was said in the log is not said again.
    pub fn successor(&self, settings: Settings, lookup: L) -> Self {
        self.is_succeeded.store(true, Ordering::Relaxed);
        let before: HashMap<&str, &Watched> = self
            .settings
            .targets
            .iter()
            .map(|watched| (watched.source.name.as_str(), watched))
            .collect();
        let is_kept = |watched: &&Watched| {
            let before = before.get(watched.source.name.as_str());
            before.is_some_and(|before| before.is_probed_as(watched))
        };
        let mut located = lock(&self.located).clone();
        let names = settings.targets.iter().filter(is_kept);
        let kept: HashSet<&str> = names.map(|w| w.source.name.as_str()).collect();
        located.retain(|name, _| kept.contains(name.as_str()));
        self.flights
            .retain(|endpoint| kept.contains(&*endpoint.target));
        let is_as_wide = self.settings.concurrency == settings.concurrency
            && self.settings.per_address == settings.per_address;
        Self {
            places: if is_as_wide {
                Arc::clone(&self.places)
            } else {
                Arc::new(Places::new(settings.concurrency, settings.per_address))
            },
            settings,
            lookup,
            tls: self.tls.clone(),
            clock: self.clock,
            counters: self.counters.clone(),
            located: Mutex::new(located),
            trust: TrustCache::default(),
            certificates: Arc::clone(&self.certificates),
            flights: self.flights.clone(),
            chronicle: Arc::clone(&self.chronicle),
            is_succeeded: AtomicBool::new(false),
        }
    }

    /// Probes what is due and answers at the deadline at the latest, with the last result of what is not in by
    /// then. The probes run on in tasks of their own: nobody who hangs up stops what others wait for.
    pub async fn scrape(self: &Arc<Self>, deadline: Instant) -> Snapshot {
        let pass = tokio::spawn(Arc::clone(self).pass());
        if timeout_at(deadline, pass).await.is_err() {
            self.counters.deadline_exceeded();
        }
        self.judged().await
    }

    /// As [`scrape`](Self::scrape) for a person, whose short patience is nothing to count.
    pub async fn look(self: &Arc<Self>, deadline: Instant) -> Snapshot {
        let pass = tokio::spawn(Arc::clone(self).pass());
        let _ = timeout_at(deadline, pass).await;
        self.judged().await
    }

    /// As [`last`](Self::last), where it holds up no probe: thousands of endpoints take a while.
    async fn judged(self: &Arc<Self>) -> Snapshot {
        let rounds = Arc::clone(self);
        let judging = tokio::task::spawn_blocking(move || rounds.last());
        // It neither breaks nor is it aborted; if it did, once more would say where.
        judging.await.unwrap_or_else(|_| self.last())
    }

    /// The targets.
    pub fn targets(&self) -> &[Watched] {
        &self.settings.targets
    }

    /// How many probes are under way or finished: (finished, all), for a progress display.
    pub fn progress(&self) -> (usize, usize) {
        let all = lock(&self.located)
            .values()
            .map(|l| l.endpoints.len())
            .sum();
        (self.flights.landed(), all)
    }

    /// The counters of this exporter.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Gets every target's flights under way, so many targets at a time, then waits for all of them.
    async fn pass(self: Arc<Self>) {
        let (mut boarding, mut landings) = (JoinSet::new(), Vec::new());
        for watched in &self.settings.targets {
            if boarding.len() >= BOARDING {
                landings.extend(boarding.join_next().await.and_then(Result::ok));
            }
            boarding.spawn(Arc::clone(&self).refresh(watched.clone()));
        }
        landings.extend(boarding.join_all().await);
        for landing in landings.into_iter().flatten() {
            landing.wait().await;
        }
    }

    /// Finds one target's endpoints and launches a probe of each that has no result that is young enough.
    async fn refresh(self: Arc<Self>, watched: Watched) -> Vec<Landing> {
        let expansion = expand(&watched.source, &self.lookup).await;
        let resolving = expansion.resolving;
        let endpoints = self.keep(&watched.source.name, expansion);
        let mut landings = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let max_age = self.settings.min_interval;
            if let Some(landing) = self.flights.board(&endpoint, max_age, |ticket| {
                let rounds = Arc::clone(&self);
                let (watched, endpoint) = (watched.clone(), Arc::clone(&endpoint));
                tokio::spawn(async move {
                    let limits = rounds.settings.limits.clone();
                    let flight = rounds.fly(endpoint, &watched, resolving, limits);
                    ticket.land(flight.await);
                });
            }) {
                landings.push(landing);
            }
        }
        landings
    }

    fn keep(&self, target: &str, expansion: Expansion) -> Vec<Arc<Endpoint>> {
        let mut located = lock(&self.located);
        let last = located.remove(target);
        let endpoints = match (&expansion.fault, last) {
            (Some(_), Some(last)) => last.endpoints.clone(),
            _ => expansion.endpoints.clone(),
        };
        let found = Located {
            expansion,
            endpoints: endpoints.clone(),
        };
        located.insert(target.to_owned(), Arc::new(found));
        endpoints
    }

    /// What is known now, judged for now; probes nothing.
    pub fn last(&self) -> Snapshot {
        let now = (self.clock)();
        let located = lock(&self.located).clone();
        let watched = self.settings.targets.iter();
        let snapshot = Snapshot {
            at: now,
            targets: watched
                .map(|watched| {
                    let located = located.get(&watched.source.name);
                    self.target_report(watched, located.map(Arc::as_ref), now)
                })
                .collect(),
        };
        if !self.is_succeeded.load(Ordering::Relaxed) {
            let current: HashSet<_> = located.values().flat_map(|l| &l.endpoints).collect();
            self.flights.retain(|endpoint| current.contains(endpoint));
            self.chronicle.follow(&snapshot);
        }
        snapshot
    }

    fn target_report(
        &self,
        watched: &Watched,
        located: Option<&Located>,
        now: Timestamp,
    ) -> TargetReport {
        let endpoints = located.map_or(&[][..], |l| &l.endpoints);
        let probed = endpoints
            .iter()
            .map(|endpoint| (Arc::clone(endpoint), self.flights.last(endpoint)))
            .collect();
        let resolution = Resolution {
            view: DEFAULT_VIEW.into(),
            fault: match located {
                Some(located) => located.expansion.fault.clone(),
                None => Some(LookupFault {
                    reason: Reason::Pending,
                    detail: "no answer from DNS yet".to_owned(),
                }),
            },
            endpoints: endpoints.len(),
        };
        TargetReport {
            source: Arc::clone(&watched.source),
            resolutions: vec![resolution],
            entries: judging::entries(probed, &watched.expectations, now),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
