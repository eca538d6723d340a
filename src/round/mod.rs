//! Settings to snapshots: who is due, one flight an endpoint, deadlines, manners. The only file that sees all stages,
//! and the only one that reads the clock.

mod flights;
mod judging;
mod trust;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::counters::Counters;
use crate::dns::{Lookup, LookupFault};
use crate::observation::{Fault, Observation, Phase};
use crate::pki::{Revocation, Trust};
use crate::probe::{ClientCertificate, Limits, Tls, probe};
use crate::reason::Reason;
use crate::report::{Resolution, Snapshot, TargetReport};
use crate::target::{DEFAULT_VIEW, Endpoint, Expansion, Source, expand};
use crate::timestamp::Timestamp;
use crate::verdict::Expectations;
use flights::Flights;
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
    slots: Arc<Semaphore>,
    addresses: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
    located: Mutex<HashMap<String, Located>>,
    flights: Flights<Arc<Endpoint>, Probed>,
    trust: TrustCache,
}

impl<L: Lookup + 'static> Rounds<L> {
    /// Nothing is probed before the first scrape.
    pub fn new(settings: Settings, lookup: L, tls: Tls, clock: Clock, counters: Counters) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(settings.concurrency)),
            settings,
            lookup,
            tls,
            clock,
            counters,
            addresses: Mutex::default(),
            located: Mutex::default(),
            flights: Flights::default(),
            trust: TrustCache::default(),
        }
    }

    /// Probes what is due and answers at the deadline at the latest, with the last result of what is not in by
    /// then. The probes run on in tasks of their own: nobody who hangs up stops what others wait for.
    pub async fn scrape(self: &Arc<Self>, deadline: Instant) -> Snapshot {
        let pass = tokio::spawn(Arc::clone(self).pass());
        if timeout_at(deadline, pass).await.is_err() {
            self.counters.deadline_exceeded();
        }
        self.snapshot()
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

    async fn pass(self: Arc<Self>) {
        let mut targets = JoinSet::new();
        for watched in &self.settings.targets {
            targets.spawn(Arc::clone(&self).refresh(watched.clone()));
        }
        targets.join_all().await;
    }

    /// Finds one target's endpoints and waits until each has a result that is young enough.
    async fn refresh(self: Arc<Self>, watched: Watched) {
        let expansion = expand(&watched.source, &self.lookup).await;
        let resolving = expansion.resolving;
        let endpoints = self.keep(&watched.source.name, expansion);
        let mut landings = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let max_age = self.settings.min_interval;
            if let Some(landing) = self.flights.board(&endpoint, max_age, |ticket| {
                let rounds = Arc::clone(&self);
                let expectations = Arc::clone(&watched.expectations);
                let tls = self.tls.presenting(watched.client_certificate.clone());
                let endpoint = Arc::clone(&endpoint);
                tokio::spawn(async move {
                    let probed = rounds.fly(endpoint, expectations, tls, resolving).await;
                    ticket.land(probed);
                });
            }) {
                landings.push(landing);
            }
        }
        for landing in landings {
            landing.wait().await;
        }
    }

    fn keep(&self, target: &str, expansion: Expansion) -> Vec<Arc<Endpoint>> {
        let mut located = lock(&self.located);
        let last = located.remove(target);
        let endpoints = match (&expansion.fault, last) {
            (Some(_), Some(last)) => last.endpoints,
            _ => expansion.endpoints.clone(),
        };
        let found = Located {
            expansion,
            endpoints: endpoints.clone(),
        };
        located.insert(target.to_owned(), found);
        endpoints
    }

    /// One probe with all manners: a place for its address, then one among all, then the probe itself.
    async fn fly(
        &self,
        endpoint: Arc<Endpoint>,
        expectations: Arc<Expectations>,
        tls: Tls,
        resolving: Option<Duration>,
    ) -> Probed {
        let _places = self.place(endpoint.address).await;
        let in_flight = self.counters.begin();
        let limits = self.settings.limits.clone();
        let probing = tokio::spawn(async move { probe(&endpoint, &limits, &tls).await });
        let mut observation = probing.await.unwrap_or_else(|error| {
            let detail = format!("defect in the prober: {error}");
            Observation {
                fault: Some(Fault::new(Phase::Connect, Reason::Internal, detail)),
                ..Observation::default()
            }
        });
        drop(in_flight);
        if let Some(spent) = resolving {
            observation.timings.add(Phase::Resolve, spent);
            observation.duration += spent;
        }
        let now = (self.clock)();
        self.counters.finished(observation.fault.is_none());
        Probed {
            trust: self.trust.find(&observation, &expectations.roots, now),
            revocation: trust::ask_lists(&observation, &expectations, now),
            observation: Arc::new(observation),
            obtained_at: now,
        }
    }

    /// First the address, then the whole: who waits for a busy address takes no place from others.
    async fn place(&self, address: IpAddr) -> [Option<OwnedSemaphorePermit>; 2] {
        let own = {
            let mut addresses = lock(&self.addresses);
            addresses.retain(|_, places| places.strong_count() > 0);
            let known = addresses.get(&address).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let places = Arc::new(Semaphore::new(self.settings.per_address));
                addresses.insert(address, Arc::downgrade(&places));
                places
            })
        };
        [
            own.acquire_owned().await.ok(),
            Arc::clone(&self.slots).acquire_owned().await.ok(),
        ]
    }

    /// What is known now, judged for now.
    fn snapshot(&self) -> Snapshot {
        let now = (self.clock)();
        let located = lock(&self.located).clone();
        let current: HashSet<_> = located.values().flat_map(|l| &l.endpoints).collect();
        self.flights.retain(|endpoint| current.contains(endpoint));
        Snapshot {
            at: now,
            targets: self
                .settings
                .targets
                .iter()
                .map(|watched| self.target_report(watched, located.get(&watched.source.name), now))
                .collect(),
        }
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
