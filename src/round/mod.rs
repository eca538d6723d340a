//! Settings to snapshots: who is due, one flight an endpoint, deadlines, manners. The only file that sees all stages,
//! and the only one that reads the clock.

mod flights;
mod judging;
mod places;
mod trust;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::counters::Counters;
use crate::dns::{Family, Lookup, Policy};
use crate::observation::{Fault, Observation, Phase};
use crate::pki::{Anchors, Revocation, Trust};
use crate::probe::{ClientCertificate, Limits, Route, Tls, probe};
use crate::reason::Reason;
use crate::report::{Resolution, Snapshot, TargetReport};
use crate::target::{DEFAULT_VIEW, Endpoint, Expansion, Source, Vantage, expand};
use crate::timestamp::Timestamp;
use crate::verdict::{Expectations, Views};
use flights::Flights;
use places::Places;
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

/// A way to reach the world.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name, and which addresses are probed.
    pub vantage: Vantage,
    /// Who finds names.
    pub policy: Policy,
    /// How connections are opened.
    pub route: Route,
}

impl View {
    /// The view that always exists: this machine's resolver, no proxy.
    pub fn default_view() -> Self {
        Self {
            vantage: Vantage {
                name: DEFAULT_VIEW.into(),
                family: Family::Any,
                proxied_names: false,
            },
            policy: Policy::system(Arc::new(Anchors::default())),
            route: Route::default(),
        }
    }
}

/// What a round needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The targets.
    pub targets: Vec<Watched>,
    /// Every view that a target names.
    pub views: Vec<View>,
    /// The limits of one probe.
    pub limits: Limits,
    /// A younger result answers without a new probe.
    pub min_interval: Duration,
    /// Probes at once.
    pub concurrency: usize,
    /// Probes at once to one address.
    pub per_address: usize,
}

impl Settings {
    /// Who finds names in each view.
    pub fn policies(&self) -> impl Iterator<Item = (&Arc<str>, &Policy)> {
        let views = self.views.iter();
        views.map(|view| (&view.vantage.name, &view.policy))
    }
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

/// A target in a view.
type Way = (String, Arc<str>);

/// Probes targets and keeps the last result of each endpoint.
pub struct Rounds<L> {
    settings: Settings,
    /// Those of the settings, or what has been set since.
    targets: Mutex<Arc<[Watched]>>,
    lookup: Arc<L>,
    tls: Tls,
    clock: Clock,
    counters: Counters,
    places: Places,
    views: HashMap<Arc<str>, Arc<View>>,
    /// Where each target was last found.
    located: Mutex<HashMap<Way, Expansion>>,
    flights: Flights<Arc<Endpoint>, Probed>,
    trust: TrustCache,
}

impl<L: Lookup + 'static> Rounds<L> {
    /// Nothing is probed before the first scrape.
    pub fn new(settings: Settings, lookup: L, tls: Tls, clock: Clock, counters: Counters) -> Self {
        Self {
            places: Places::new(settings.concurrency, settings.per_address),
            views: settings
                .views
                .iter()
                .map(|view| (Arc::clone(&view.vantage.name), Arc::new(view.clone())))
                .collect(),
            targets: Mutex::new(settings.targets.as_slice().into()),
            settings,
            lookup: Arc::new(lookup),
            tls,
            clock,
            counters,
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
            .map(|found| found.all().count())
            .sum();
        (self.flights.landed(), all)
    }

    /// The counters of this exporter.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    async fn pass(self: Arc<Self>) {
        let mut ways = JoinSet::new();
        for watched in self.targets().iter() {
            for view in self.views_of(&watched.source) {
                ways.spawn(Arc::clone(&self).refresh(watched.clone(), Arc::clone(view)));
            }
        }
        ways.join_all().await;
    }

    /// Watches these targets from now on; what is known of those that stay is kept.
    pub fn watch(&self, targets: Vec<Watched>) {
        let names: HashSet<&str> = targets.iter().map(|w| w.source.name.as_str()).collect();
        lock(&self.located).retain(|(target, _), _| names.contains(target.as_str()));
        *lock(&self.targets) = targets.into();
    }

    fn targets(&self) -> Arc<[Watched]> {
        Arc::clone(&lock(&self.targets))
    }

    fn views_of<'a>(&'a self, source: &'a Source) -> impl Iterator<Item = &'a Arc<View>> {
        source.views.iter().filter_map(|name| self.views.get(name))
    }

    /// Finds one target's endpoints in one view and waits until each has a result that is young enough.
    async fn refresh(self: Arc<Self>, watched: Watched, view: Arc<View>) {
        let expansion = expand(&watched.source, &view.vantage, &self.lookup).await;
        let resolving = expansion.resolving;
        let endpoints = self.keep(&watched.source.name, expansion);
        let mut landings = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let max_age = self.settings.min_interval;
            if let Some(landing) = self.flights.board(&endpoint, max_age, |ticket| {
                let rounds = Arc::clone(&self);
                let expectations = Arc::clone(&watched.expectations);
                let tls = self.tls.presenting(watched.client_certificate.clone());
                let (endpoint, view) = (Arc::clone(&endpoint), Arc::clone(&view));
                tokio::spawn(async move {
                    let flying = rounds.fly(endpoint, &view, &expectations, tls, resolving);
                    let probed = flying.await;
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

    /// Keeps what was found; what was found before is probed on while DNS fails.
    fn keep(&self, target: &str, mut expansion: Expansion) -> Vec<Arc<Endpoint>> {
        let way = (target.to_owned(), Arc::clone(&expansion.view));
        let mut located = lock(&self.located);
        if let Some(earlier) = located.get(&way) {
            expansion.remember(earlier);
        }
        let endpoints = expansion.all().cloned().collect();
        located.insert(way, expansion);
        endpoints
    }

    /// One probe with all manners: a place for its address, then one among all, then the probe itself.
    async fn fly(
        &self,
        endpoint: Arc<Endpoint>,
        view: &View,
        expectations: &Expectations,
        tls: Tls,
        resolving: Option<Duration>,
    ) -> Probed {
        let _place = self.places.take(&endpoint).await;
        let in_flight = self.counters.begin();
        let (limits, route) = (self.settings.limits.clone(), view.route.clone());
        let probing = tokio::spawn(async move { probe(&endpoint, &route, &limits, &tls).await });
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
        self.counters
            .finished(observation.fault.as_ref().map(|f| f.reason));
        Probed {
            trust: self.trust.find(&observation, &expectations.roots, now),
            revocation: trust::ask_lists(&observation, expectations, now),
            observation: Arc::new(observation),
            obtained_at: now,
        }
    }

    /// What is known now, judged for now.
    fn snapshot(&self) -> Snapshot {
        let now = (self.clock)();
        let located = lock(&self.located).clone();
        let current: HashSet<_> = located.values().flat_map(Expansion::all).collect();
        self.flights.retain(|endpoint| current.contains(endpoint));
        Snapshot {
            at: now,
            targets: self
                .targets()
                .iter()
                .map(|watched| self.target_report(watched, &located, now))
                .collect(),
        }
    }

    fn target_report(
        &self,
        watched: &Watched,
        located: &HashMap<Way, Expansion>,
        now: Timestamp,
    ) -> TargetReport {
        let source = &watched.source;
        let found: Vec<_> = source
            .views
            .iter()
            .map(|view| {
                let way = (source.name.clone(), Arc::clone(view));
                (view, located.get(&way))
            })
            .collect();
        let expansions = || found.iter().filter_map(|(_, found)| *found);
        let last_known = expansions().flat_map(|found| &found.last_known);
        let probed: Vec<_> = expansions()
            .flat_map(Expansion::all)
            .map(|endpoint| (Arc::clone(endpoint), self.flights.last(endpoint)))
            .collect();
        let mut views = Views::new(found.iter().map(|(view, found)| {
            let is_complete = |found: &Expansion| found.fault.is_none();
            (Arc::clone(view), found.is_some_and(is_complete))
        }));
        judging::look(&probed, &mut views);
        TargetReport {
            source: Arc::clone(source),
            resolutions: found
                .iter()
                .map(|(view, found)| Resolution::new(view, *found))
                .collect(),
            last_known: last_known.cloned().collect(),
            entries: judging::entries(probed, &views, &watched.expectations, now),
            views,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
