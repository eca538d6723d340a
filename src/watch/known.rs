//! All that is known at a moment, and what of it is about one target; judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::located::{Located, Locations};
use super::policies::{Announced, Policies};
use super::probed::{Flights, Held};
use super::settings::Watched;
use super::under_way::UnderWay;
use crate::facts::inventory::InsideFacts;
use crate::report::InsideSettings;
use crate::timestamp::Timestamp;

/// All that is known at a moment.
pub(super) struct Known<'a> {
    pub(super) targets: Arc<[Watched]>,
    pub(super) located: Locations,
    pub(super) flights: &'a Flights,
    pub(super) under_way: &'a UnderWay,
    pub(super) policies: &'a Policies,
    pub(super) inside: Arc<InsideFacts>,
    pub(super) inside_settings: InsideSettings,
    /// Of each view whose resolver is trusted to validate: whether it does.
    pub(super) dnssec: BTreeMap<Arc<str>, bool>,
    pub(super) now: Timestamp,
}

/// A target as it is known.
pub(super) struct Target<'a> {
    pub(super) watched: &'a Watched,
    pub(super) found: Vec<(&'a Arc<str>, Option<&'a Located>)>,
    /// What the mail domain tells the world, by view.
    pub(super) announced: Vec<Announced>,
    pub(super) held: Vec<Held>,
}

impl<'a> Target<'a> {
    pub(super) fn new(watched: &'a Watched, known: &'a Known<'_>) -> Self {
        let source = &watched.source;
        let located = |view: &Arc<str>| known.located.get(&source.name, view);
        let found: Vec<_> = source
            .views
            .iter()
            .map(|view| (view, located(view)))
            .collect();
        let views = source.views.iter();
        let announced = views.map(|view| known.policies.of(watched, view));
        let endpoints = found.iter().filter_map(|(_, located)| *located);
        let endpoints = endpoints.flat_map(|located| located.found.all());
        let held = endpoints.map(|one| (Arc::clone(one), known.flights.last(one)));
        Self {
            held: held.collect(),
            announced: announced.collect(),
            watched,
            found,
        }
    }

    pub(super) fn since(&self) -> impl Iterator<Item = Option<u64>> {
        let found = self.found.iter();
        found.map(|(_, located)| located.map(|located| located.since))
    }
}
