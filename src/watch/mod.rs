//! Settings to snapshots: who is due, one flight an endpoint, deadlines, manners. The only file that sees all stages,
//! and the only one that reads the clock.

mod announcements;
mod change_log;
mod dates;
mod flight;
mod judging;
mod known;
mod located;
mod locked;
mod once;
mod paired;
mod permits;
mod policies;
mod probed;
mod publish;
mod reload;
mod request;
mod settings;
mod single_flight;
mod subjects;
mod trust;
mod under_way;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::collect::{Expansion, Inventories, expand};
use crate::counters::Counters;
use crate::dns::{Lookup, Validation};
use crate::endpoint::{Endpoint, LookupView, Place, Source};
use crate::probe::Tls;
use crate::report::Snapshot;
use crate::timestamp::Timestamp;
use crate::verdict::Demand;
use change_log::ChangeLog;
use known::Known;
use located::Locations;
use locked::lock;
use permits::Permits;
use policies::Policies;
use probed::Flights;
use publish::Publisher;
pub use publish::{Part, Published};
pub use request::{Gate, Module, OnRequest, Refusal};
pub use settings::{Settings, View, Watched};
use single_flight::Landing;
use trust::TrustCache;
use under_way::{Look, UnderWay};

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
    located: Mutex<Locations>,
    flights: Flights,
    under_way: Arc<UnderWay>,
    publisher: Publisher,
    inventories: Arc<Inventories>,
    trust: Arc<TrustCache>,
    change_log: Arc<ChangeLog>,
    policies: Policies,
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
            policies: Policies::new(settings.published.clone(), clock()),
            settings,
            lookup: Arc::new(lookup),
            tls,
            clock,
            counters,
            located: Mutex::default(),
            flights: Flights::default(),
            under_way: Arc::default(),
            publisher: Publisher::new(clock()),
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
    pub async fn scrape(self: &Arc<Self>, deadline: Instant) -> Arc<Snapshot> {
        self.catch_up(deadline).await;
        self.publish(Part::Everything, self.begun()).snapshot
    }

    /// How many endpoints have a result, and how many are known.
    pub fn progress(&self) -> (usize, usize) {
        let located = lock(&self.located);
        let all = located.all().map(|found| found.all().count()).sum();
        drop(located);
        (self.flights.landed(), all)
    }

    /// The inventories of mail servers.
    pub fn inventories(&self) -> &Inventories {
        &self.inventories
    }

    /// The counters of this exporter.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Gets every target's flights under way, so many targets at a time.
    async fn board(self: Arc<Self>) -> Vec<Landing> {
        let (mut boarding, mut landings) = (JoinSet::new(), Vec::new());
        for watched in self.targets().iter() {
            let look = Arc::new(self.under_way.look(&watched.source.name));
            for view in self.views_of(&watched.source) {
                if boarding.len() >= BOARDING {
                    let boarded = boarding.join_next().await.and_then(Result::ok);
                    landings.extend(boarded.unwrap_or_default());
                }
                let (watched, view, look) = (watched.clone(), Arc::clone(view), Arc::clone(&look));
                boarding.spawn(Arc::clone(&self).refresh(watched, view, look));
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
        lock(&self.located).retain(stays);
        self.policies.retain(&targets);
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
    async fn refresh(
        self: Arc<Self>,
        watched: Watched,
        view: Arc<View>,
        look: Arc<Look>,
    ) -> Vec<Landing> {
        let asks_dane = watched.expectations.dane != Demand::Off;
        let mut landings = self.look_at_policies(&watched, &view);
        let expansion = expand(&watched.source, &view.vantage, &self.lookup, asks_dane).await;
        let resolving = expansion.resolving;
        let (endpoints, is_new) = self.keep(&watched.source, &view.vantage, expansion);
        if is_new {
            look.is_new();
        }
        landings.reserve(endpoints.len());
        for endpoint in endpoints {
            let max_age = self.settings.max_age();
            if let Some(landing) = self.flights.board(&endpoint, max_age, |ticket| {
                let rounds = Arc::clone(&self);
                let (watched, view, look) = (watched.clone(), Arc::clone(&view), Arc::clone(&look));
                let endpoint = Arc::clone(&endpoint);
                tokio::spawn(async move {
                    let flight = rounds.fly(endpoint, &watched, &view.route, resolving, None);
                    let probed = flight.await;
                    // Time spent in a queue is none of the server's: it was not asked yet.
                    let landed = Instant::now();
                    let asked = landed.checked_sub(probed.observation.duration);
                    ticket.land(Arc::new(probed), asked.unwrap_or(landed));
                    look.is_new();
                });
            }) {
                landings.push(landing);
            }
        }
        landings
    }

    /// Keeps what was found, beside what was found before and may still be true: the endpoints, and whether anything is
    /// new.
    fn keep(
        &self,
        source: &Source,
        vantage: &LookupView,
        mut expansion: Expansion,
    ) -> (Vec<Arc<Endpoint>>, bool) {
        let now = (self.clock)();
        let mut located = lock(&self.located);
        let earlier = located.get(&source.name, &expansion.view);
        let earlier = earlier.map(|located| &*located.found);
        expansion.remember(source, vantage, earlier, now);
        let endpoints = expansion.all().cloned().collect();
        (endpoints, located.keep(source, expansion))
    }

    /// Publishes what is known, unless that was done since `asked`, which is what [`Rounds::begun`] said. Judges, so
    /// that it may take a while.
    pub fn publish(&self, part: Part, asked: u64) -> Published {
        self.publisher.publish(
            part,
            asked,
            || self.known(),
            |snapshot, located| {
                self.follow(snapshot, located);
            },
        )
    }

    /// What was published last.
    pub fn published(&self) -> Published {
        self.publisher.last()
    }

    /// How many times something was published until now, also if that is not done yet.
    pub fn begun(&self) -> u64 {
        self.publisher.begun()
    }

    /// Wakes when a target was looked at and something is new, whether or not somebody still waits for it.
    pub fn news(&self) -> Receiver<()> {
        self.under_way.news()
    }

    /// Of each view whose resolver is trusted to validate: whether it does, as far as it is known.
    fn dnssec(&self) -> BTreeMap<Arc<str>, bool> {
        let able = |view: &Arc<str>| match self.lookup.validation(view) {
            Validation::Able => Some((Arc::clone(view), true)),
            Validation::Unable => Some((Arc::clone(view), false)),
            Validation::NotAsked | Validation::Unknown => None,
        };
        self.views.keys().filter_map(able).collect()
    }

    fn known(&self) -> Known<'_> {
        Known {
            targets: self.targets(),
            located: lock(&self.located).clone(),
            flights: &self.flights,
            under_way: &self.under_way,
            policies: &self.policies,
            inside: self.inventories.facts(),
            inside_settings: self.settings.inside.clone(),
            dnssec: self.dnssec(),
            now: (self.clock)(),
        }
    }

    /// Forgets results of endpoints that are gone, and logs what has changed.
    fn follow(&self, snapshot: &Snapshot, located: &Locations) {
        if !self.is_succeeded.load(Ordering::Relaxed) {
            let current = || located.all().flat_map(|found| found.all());
            // Whoever is new there has a flight soon.
            if self.flights.len() > current().count() {
                let current: HashSet<_> = current().collect();
                self.flights.retain(|endpoint| current.contains(endpoint));
            }
            self.change_log.follow(snapshot);
        }
    }
}
