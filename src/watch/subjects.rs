//! What is known of hosts, mail domains and servers to judged reports.

use std::sync::Arc;

use super::located::Locations;
use super::settings::Watched;
use crate::collect::Expansion;
use crate::facts::inventory::InsideFacts;
use crate::report::{DomainReport, HostReport, Inside, InsideSettings};
use crate::timestamp::Timestamp;
use crate::verdict::{judge_domain, judge_host};

/// The hosts of all targets.
pub(super) fn hosts(targets: &[Watched], located: &Locations, now: Timestamp) -> Arc<[HostReport]> {
    found_in(targets, located)
        .flat_map(|(watched, found)| hosts_of(watched, found, now))
        .collect()
}

/// The mail domains among the targets.
pub(super) fn domains(
    targets: &[Watched],
    located: &Locations,
    now: Timestamp,
) -> Arc<[DomainReport]> {
    found_in(targets, located)
        .filter_map(|(watched, found)| domain_of(watched, found, now))
        .collect()
}

/// Where each target was found, in the order of its views.
fn found_in<'a>(
    targets: &'a [Watched],
    located: &'a Locations,
) -> impl Iterator<Item = (&'a Watched, &'a Expansion)> {
    let ways = targets.iter().flat_map(|watched| {
        let views = watched.source.views.iter();
        views.map(move |view| (watched, view))
    });
    ways.filter_map(|(watched, view)| {
        let found = located.get(&watched.source.name, view)?;
        Some((watched, &*found.found))
    })
}

/// A target's hosts as they were found in one view.
pub(super) fn hosts_of(
    watched: &Watched,
    found: &Expansion,
    now: Timestamp,
) -> impl Iterator<Item = HostReport> {
    found.hosts(&watched.source).map(move |(key, facts)| {
        let verdict = judge_host(&facts, &watched.expectations, now);
        HostReport::of_host(key, facts, verdict)
    })
}

/// The mail domain that a target is, if it is one, as it was found in one view.
pub(super) fn domain_of(
    watched: &Watched,
    found: &Expansion,
    now: Timestamp,
) -> Option<DomainReport> {
    let (key, facts) = found.domain(&watched.source)?;
    let verdict = judge_domain(&facts, &watched.expectations, now);
    Some(DomainReport::of_domain(key, facts, verdict))
}

/// The inside of mail servers; what was judged before and still holds is taken over.
pub(super) fn inside(
    before: &Inside,
    facts: &InsideFacts,
    settings: &InsideSettings,
    now: Timestamp,
) -> Arc<Inside> {
    Arc::new(Inside::after(before, facts, settings, now))
}
