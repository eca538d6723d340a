//! Settings to snapshots: who is due, one flight an endpoint, deadlines, manners. The only file that sees all stages,
//! and the only one that reads the clock.

mod change_log;
mod flight;
mod judging;
mod once;
mod permits;
mod reload;
mod request;
mod settings;
mod single_flight;
mod subjects;
mod trust;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::collect::{Expansion, Inventories, expand};
use crate::counters::Counters;
use crate::dns::Lookup;
use crate::endpoint::{Endpoint, LookupView, Place, Source};
use crate::facts::observation::Observation;
use crate::pki::{Revocation, Trust};
use crate::probe::Tls;
use crate::report::{Resolution, Snapshot, TargetReport};
use crate::timestamp::Timestamp;
use crate::verdict::Views;
use change_log::ChangeLog;
use permits::Permits;
pub use request::{Gate, Module, OnRequest, Refusal};
pub use settings::{Settings, View, Watched};
use single_flight::{Landing, SingleFlight};
use trust::TrustCache;

/// Tells the time. A function, so that tests have theirs.
pub type Clock = fn() -> Timestamp;

/// This machine's clock.
pub fn system_clock() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
        Err(before) => Timestamp(0) - before.duration(),
    }
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
pub struct Rounds {
    settings: Settings,
    /// Those of the settings, or what has been set since.
    targets: Mutex<Arc<[Watched]>>,
    lookup: Arc<dyn Lookup>,
    tls: Tls,
    clock: Clock,
    counters: Counters,
    permits: Arc<Permits>,
    views: HashMap<Arc<str>, Arc<View>>,
    /// Where each target was last found.
    located: Mutex<HashMap<Way, Arc<Expansion>>>,
    flights: SingleFlight<Arc<Endpoint>, Probed>,
    inventories: Arc<Inventories>,
    trust: Arc<TrustCache>,
    change_log: Arc<ChangeLog>,
    /// Others have taken over with other settings; what they probe is none of our business.
    is_succeeded: AtomicBool,
}

/// Targets whose names are looked up at once; the resolver has a limit of its own.
const BOARDING: usize = 1024;

impl Rounds {
    /// Nothing is probed before the first scrape.
    pub fn new(
        settings: Settings,
        lookup: impl Lookup + 'static,
        tls: Tls,
        clock: Clock,
        counters: Counters,
    ) -> Self {
        Self {
            permits: Arc::new(Permits::new(settings.concurrency, settings.per_address)),
            views: settings.views_by_name(),
            targets: Mutex::new(settings.targets.as_slice().into()),
            settings,
            lookup: Arc::new(lookup),
            tls,
            clock,
            counters,
            located: Mutex::default(),
            flights: SingleFlight::default(),
            inventories: Arc::default(),
            trust: Arc::default(),
            change_log: Arc::default(),
            is_succeeded: AtomicBool::new(false),
        }
    }

    /// Probes what is due and returns when all is in, or at the deadline: whether all is in. The probes run on in
    /// tasks of their own: nobody who hangs up stops what others wait for.
    pub async fn catch_up(self: &Arc<Self>, deadline: Instant) -> bool {
        let boarding = tokio::spawn(Arc::clone(self).board());
        // To wait is the caller's own business, and ends with it: the flights may take minutes, and many may ask.
        let all_in = async {
            for landing in boarding.await.into_iter().flatten() {
                landing.wait().await;
            }
        };
        timeout_at(deadline, all_in).await.is_ok()
    }

    /// What is known when all is in, or at the deadline.
    pub async fn scrape(self: &Arc<Self>, deadline: Instant) -> Snapshot {
        self.catch_up(deadline).await;
        self.last()
    }

    /// How many endpoints have a result, and how many are known.
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

    /// Gets every target's flights under way, so many targets at a time.
    async fn board(self: Arc<Self>) -> Vec<Landing> {
        let (mut boarding, mut landings) = (JoinSet::new(), Vec::new());
        for watched in self.targets().iter() {
            for view in self.views_of(&watched.source) {
                if boarding.len() >= BOARDING {
                    let boarded = boarding.join_next().await.and_then(Result::ok);
                    landings.extend(boarded.unwrap_or_default());
                }
                boarding.spawn(Arc::clone(&self).refresh(watched.clone(), Arc::clone(view)));
            }
        }
        landings.extend(boarding.join_all().await.into_iter().flatten());
        landings
    }

    /// Watches these targets from now on; what is known of those that stay where they are is kept.
    pub fn watch(&self, targets: Vec<Watched>) {
        fn places(targets: &[Watched]) -> HashMap<&str, &Place> {
            let places = targets.iter().map(|w| &*w.source);
            places.map(|s| (s.name.as_str(), &s.place)).collect()
        }
        let before = self.targets();
        let (before, after) = (places(&before), places(&targets));
        let stays = |name: &str| after.get(name).is_some_and(|p| before.get(name) == Some(p));
        lock(&self.located).retain(|(name, _), _| stays(name));
        *lock(&self.targets) = targets.into();
    }

    /// The targets.
    pub fn targets(&self) -> Arc<[Watched]> {
        Arc::clone(&lock(&self.targets))
    }

    fn views_of<'a>(&'a self, source: &'a Source) -> impl Iterator<Item = &'a Arc<View>> {
        source.views.iter().filter_map(|name| self.views.get(name))
    }

    /// Finds one target's endpoints in one view and launches a probe of each that has no result that is young enough.
    async fn refresh(self: Arc<Self>, watched: Watched, view: Arc<View>) -> Vec<Landing> {
        let expansion = expand(&watched.source, &view.vantage, &self.lookup).await;
        let resolving = expansion.resolving;
        let endpoints = self.keep(&watched.source, &view.vantage, expansion);
        let mut landings = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let max_age = flight::early(self.settings.min_interval);
            if let Some(landing) = self.flights.board(&endpoint, max_age, |ticket| {
                let rounds = Arc::clone(&self);
                let (watched, view) = (watched.clone(), Arc::clone(&view));
                let endpoint = Arc::clone(&endpoint);
                tokio::spawn(async move {
                    let flight = rounds.fly(endpoint, &watched, &view.route, resolving, None);
                    let probed = flight.await;
                    // Time spent in a queue is none of the server's: it was not asked yet.
                    let landed = Instant::now();
                    let asked = landed.checked_sub(probed.observation.duration);
                    ticket.land(probed, asked.unwrap_or(landed));
                });
            }) {
                landings.push(landing);
            }
        }
        landings
    }

    /// Keeps what was found, beside what was found before and may still be true.
    fn keep(
        &self,
        source: &Source,
        vantage: &LookupView,
        mut expansion: Expansion,
    ) -> Vec<Arc<Endpoint>> {
        let way = (source.name.clone(), Arc::clone(&expansion.view));
        let now = (self.clock)();
        let mut located = lock(&self.located);
        let earlier = located.get(&way).map(Arc::as_ref);
        expansion.remember(source, vantage, earlier, now);
        let endpoints = expansion.all().cloned().collect();
        located.insert(way, Arc::new(expansion));
        endpoints
    }

    /// What is known now, judged for now; probes nothing. Thousands of endpoints take a while.
    pub fn last(&self) -> Snapshot {
        let now = (self.clock)();
        let located = lock(&self.located).clone();
        let targets = self.targets();
        let snapshot = Snapshot {
            at: now,
            targets: targets
                .iter()
                .map(|watched| self.target_report(watched, &located, now))
                .collect(),
            hosts: subjects::hosts(&targets, &located, now),
            domains: subjects::domains(&targets, &located, now),
            servers: subjects::servers(self.inventories.all(), now),
        };
        if !self.is_succeeded.load(Ordering::Relaxed) {
            let current: HashSet<_> = located.values().flat_map(|found| found.all()).collect();
            self.flights.retain(|endpoint| current.contains(endpoint));
            self.change_log.follow(&snapshot);
        }
        snapshot
    }

    fn target_report(
        &self,
        watched: &Watched,
        located: &HashMap<Way, Arc<Expansion>>,
        now: Timestamp,
    ) -> TargetReport {
        let source = &watched.source;
        let found: Vec<_> = source
            .views
            .iter()
            .map(|view| {
                let way = (source.name.clone(), Arc::clone(view));
                (view, located.get(&way).map(Arc::as_ref))
            })
            .collect();
        self.report(watched, &found, |endpoint| self.flights.last(endpoint), now)
    }

    /// One target as it was found in its views, with the results that are known.
    fn report(
        &self,
        watched: &Watched,
        found: &[(&Arc<str>, Option<&Expansion>)],
        last: impl Fn(&Arc<Endpoint>) -> Option<Probed>,
        now: Timestamp,
    ) -> TargetReport {
        let source = &watched.source;
        let expansions = || found.iter().filter_map(|(_, found)| *found);
        let last_known = expansions().flat_map(|found| &found.last_known);
        let probed: Vec<_> = expansions()
            .flat_map(Expansion::all)
            .map(|endpoint| (Arc::clone(endpoint), last(endpoint)))
            .collect();
        let names = found.iter().map(|(view, found)| {
            let is_complete = |found: &Expansion| found.fault.is_none();
            (Arc::clone(view), found.is_some_and(is_complete))
        });
        let views = Views::new(names, judging::seen(&probed));
        let (verdict, entries) = judging::judged(probed, &views, &watched.expectations, now);
        TargetReport {
            source: Arc::clone(source),
            resolutions: found
                .iter()
                .map(|(view, found)| Resolution::new(view, *found))
                .collect(),
            last_known: last_known.cloned().collect(),
            entries,
            verdict,
            views,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
