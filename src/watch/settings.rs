//! What is watched, and how: the settings that a configuration fills.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::dns::{AddressFamily, Policy};
use crate::endpoint::{DEFAULT_VIEW, LookupView, Source};
use crate::pki::Anchors;
use crate::policy::PolicySettings;
use crate::probe::{ClientCertificate, Limits, Route};
use crate::report::InsideSettings;
use crate::verdict::Expectations;

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
    pub vantage: LookupView,
    /// Who finds names.
    pub policy: Policy,
    /// How connections are opened.
    pub route: Route,
}

impl View {
    /// The view that always exists: this machine's resolver, no proxy.
    pub fn default_view() -> Self {
        Self {
            vantage: LookupView {
                name: DEFAULT_VIEW.into(),
                family: AddressFamily::Any,
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
    /// How the inside of mail servers is judged.
    pub inside: InsideSettings,
    /// How policies are read that mail domains publish.
    pub published: PolicySettings,
    /// Every view that a target names.
    pub views: Vec<View>,
    /// The limits of one probe.
    pub limits: Limits,
    /// A younger result answers without a new probe; a twentieth less is old enough.
    pub min_interval: Duration,
    /// Probes at once.
    pub concurrency: usize,
    /// Probes at once to one address.
    pub per_address: usize,
}

impl Settings {
    /// A younger result answers. A scrape that comes a little early is in time: one every `min_interval` gets a new
    /// result every time.
    pub(super) fn max_age(&self) -> Duration {
        self.min_interval - self.min_interval / 20
    }

    /// Who finds names in each view.
    pub fn policies(&self) -> impl Iterator<Item = (&Arc<str>, &Policy)> {
        let views = self.views.iter();
        views.map(|view| (&view.vantage.name, &view.policy))
    }

    pub(super) fn views_by_name(&self) -> HashMap<Arc<str>, Arc<View>> {
        let views = self.views.iter();
        views
            .map(|view| (Arc::clone(&view.vantage.name), Arc::new(view.clone())))
            .collect()
    }
}
