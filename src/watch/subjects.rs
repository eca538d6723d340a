//! What is known of hosts, mail domains and servers to judged reports.

use std::collections::HashMap;
use std::sync::Arc;

use super::located::Locations;
use super::policies::{Announced, Policies};
use super::settings::Watched;
use crate::collect::Expansion;
use crate::facts::host::HostKey;
use crate::facts::inventory::InsideFacts;
use crate::facts::published::{DaneFacts, DaneStanding};
use crate::report::{DomainReport, Entry, HostReport, Inside, InsideSettings, TargetReport};
use crate::timestamp::Timestamp;
use crate::verdict::{DaneReport, Demand, NextKey, judge_domain, judge_host};

/// The hosts of all targets.
pub(super) fn hosts(
    targets: &[Watched],
    located: &Locations,
    reports: &[Arc<TargetReport>],
    now: Timestamp,
) -> Arc<[HostReport]> {
    let reports = reports
        .iter()
        .map(|report| (&*report.source.name, &**report));
    let reports: HashMap<&str, &TargetReport> = reports.collect();
    found_in(targets, located)
        .flat_map(|(watched, found)| {
            let report = reports.get(&*watched.source.name).copied();
            hosts_of(watched, found, report, now)
        })
        .collect()
}

/// The mail domains among the targets.
pub(super) fn domains(
    targets: &[Watched],
    located: &Locations,
    policies: &Policies,
    now: Timestamp,
) -> Arc<[DomainReport]> {
    found_in(targets, located)
        .filter_map(|(watched, found)| {
            domain_of(watched, found, policies.of(watched, &found.view), now)
        })
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

/// A target's hosts as they were found in one view, beside what its endpoints serve.
pub(super) fn hosts_of(
    watched: &Watched,
    found: &Expansion,
    report: Option<&TargetReport>,
    now: Timestamp,
) -> impl Iterator<Item = HostReport> {
    let expected = &watched.expectations;
    found.hosts(&watched.source).map(move |(key, facts)| {
        let verdict = judge_host(&facts, expected, now);
        let dane = facts.dane.as_deref();
        let dane = dane.filter(|_| expected.dane != Demand::Off);
        let dane = dane.map(|facts| {
            let entries = report.map_or(&[][..], |report| &report.entries);
            surveyed(facts, entries, &key, &expected.dane_next)
        });
        HostReport::of_host(key, facts, verdict, dane)
    })
}

/// How a host's records stand with what its endpoints serve. Where DNS told nothing, nothing is said of keys to come.
fn surveyed(facts: &DaneFacts, entries: &[Entry], host: &HostKey, next: &[NextKey]) -> DaneReport {
    let (records, next) = match &facts.standing {
        DaneStanding::Records(set) => (&*set.records, next),
        DaneStanding::None => (&[][..], next),
        DaneStanding::Unavailable
        | DaneStanding::Pending(_)
        | DaneStanding::HostInsecure
        | DaneStanding::Insecure
        | DaneStanding::Error(_) => (&[][..], &[][..]),
    };
    let own = entries.iter().filter(|entry| {
        let endpoint = &entry.endpoint;
        endpoint.host == host.host && endpoint.port == host.port && endpoint.view == host.view
    });
    let presented = own.map(|entry| (entry.endpoint.at(), &*entry.observation.chain));
    DaneReport::new(records, presented, next)
}

/// The mail domain that a target is, if it is one, as it was found in one view.
pub(super) fn domain_of(
    watched: &Watched,
    found: &Expansion,
    announced: Announced,
    now: Timestamp,
) -> Option<DomainReport> {
    let (key, mut facts) = found.domain(&watched.source)?;
    (facts.sts, facts.tlsrpt) = (announced.sts, announced.tlsrpt);
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
