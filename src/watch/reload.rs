//! Rounds to rounds over other settings: what is the same in both is not probed again.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::locked::lock;
use super::permits::Permits;
use super::publish::Publisher;
use super::{Rounds, Settings, View, Watched};
use crate::dns::Lookup;
use crate::verdict::Demand;

impl Rounds {
    /// Rounds over other settings which go on where these are: targets that are the same in both keep their results,
    /// flights under way land here too, and what was said in the log is not said again.
    pub fn successor(&self, settings: Settings, lookup: Arc<dyn Lookup>) -> Self {
        self.is_succeeded.store(true, Ordering::Relaxed);
        let views = settings.views_by_name();
        let kept = self.kept(&settings, &views);
        let mut located = lock(&self.located).clone();
        located.retain(|name| kept.contains(name));
        self.flights
            .keep_only(|endpoint| kept.contains(&*endpoint.target));
        let is_as_wide = self.settings.concurrency == settings.concurrency
            && self.settings.per_address == settings.per_address;
        Self {
            permits: if is_as_wide {
                Arc::clone(&self.permits)
            } else {
                Arc::new(Permits::new(settings.concurrency, settings.per_address))
            },
            targets: Mutex::new(settings.targets.as_slice().into()),
            policies: self
                .policies
                .with(settings.published.clone(), (self.clock)()),
            views,
            settings,
            lookup,
            tls: self.tls.clone(),
            clock: self.clock,
            counters: self.counters.clone(),
            located: Mutex::new(located),
            flights: self.flights.clone(),
            under_way: Arc::clone(&self.under_way),
            publisher: Publisher::new((self.clock)()),
            inventories: Arc::clone(&self.inventories),
            trust: Arc::default(),
            change_log: Arc::clone(&self.change_log),
            is_succeeded: AtomicBool::new(false),
        }
    }

    /// The names of the targets whose results are good under the other settings.
    fn kept(&self, settings: &Settings, views: &HashMap<Arc<str>, Arc<View>>) -> HashSet<String> {
        let ours = self.targets();
        let ours: HashMap<&str, &Watched> = ours
            .iter()
            .map(|watched| (watched.source.name.as_str(), watched))
            .collect();
        let is_same_view = |name: &Arc<str>| match (self.views.get(name), views.get(name)) {
            (Some(ours), Some(theirs)) => ours.is_same_as(theirs),
            _ => false,
        };
        let is_same_web = *self.policies.roots() == settings.published.roots;
        let is_kept = |watched: &&Watched| {
            let before = ours.get(watched.source.name.as_str());
            before.is_some_and(|before| before.is_probed_as(watched))
                && (is_same_web || watched.expectations.mta_sts == Demand::Off)
                && watched.source.views.iter().all(is_same_view)
        };
        let kept = settings.targets.iter().filter(is_kept);
        kept.map(|watched| watched.source.name.clone()).collect()
    }
}

impl Watched {
    /// Whether results for the one are results for the other: the same endpoints, and paths to the same roots.
    /// Whatever may be different behind the same file name counts as different.
    fn is_probed_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.expectations.roots, &other.expectations.roots);
        let is_alone =
            |one: &Self| one.client_certificate.is_none() && one.expectations.crls.is_empty();
        self.source == other.source
            && (self.expectations.mta_sts == Demand::Off)
                == (other.expectations.mta_sts == Demand::Off)
            && is_alone(self)
            && is_alone(other)
            && (Arc::ptr_eq(ours, theirs) || ours == theirs)
    }
}

impl View {
    /// Whether both lead to the same addresses on the same way.
    fn is_same_as(&self, other: &Self) -> bool {
        self.vantage == other.vantage
            && self.route == other.route
            && self.policy.is_same_as(&other.policy)
    }
}
