//! Who a sample is about to its labels, each written once.

use std::collections::HashMap;

use super::exposition::Labels;
use super::families::family::{ENDPOINT_LABELS, TARGET_LABELS};
use crate::endpoint::{Endpoint, Source};
use crate::report::{DomainReport, Entry, HostReport, ServerReport, Snapshot, TargetReport};

/// Values to labels by the names of their family.
pub(super) fn named<'a>(
    names: &'a [&str],
    values: &'a [&str],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    debug_assert_eq!(names.len(), values.len(), "a value for each of {names:?}");
    names.iter().copied().zip(values.iter().copied())
}

/// The labels of everything in a snapshot, in its order.
pub(super) struct LabelSets {
    pub(super) entries: Vec<Labels>,
    pub(super) targets: Vec<Labels>,
    pub(super) hosts: Vec<Labels>,
    pub(super) domains: Vec<Labels>,
}

impl LabelSets {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        // The same label names on all targets, empty where unset: aggregations then never mix label sets.
        let mut names: Vec<&str> = snapshot
            .targets
            .iter()
            .flat_map(|t| t.source.labels.keys().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let sources = snapshot.targets.iter().map(|target| &*target.source);
        let own = Own {
            sources: sources
                .map(|source| (source.name.as_str(), source))
                .collect(),
            names: &names,
        };
        Self {
            hosts: snapshot
                .hosts
                .iter()
                .map(|host| own.of_host(host))
                .collect(),
            domains: snapshot
                .domains
                .iter()
                .map(|one| own.of_domain(one))
                .collect(),
            entries: snapshot
                .entries()
                .map(|(target, entry)| of_entry(target, entry, &names))
                .collect(),
            targets: snapshot
                .targets
                .iter()
                .map(|target| {
                    let name = [target.source.name.as_str()];
                    let mut labels = Labels::new(named(&TARGET_LABELS, &name));
                    add_own(&mut labels, &target.source, &names);
                    labels
                })
                .collect(),
        }
    }
}

/// The labels that operators give to targets, which subjects without a target of their own have, too.
struct Own<'a> {
    names: &'a [&'a str],
    sources: HashMap<&'a str, &'a Source>,
}

impl Own<'_> {
    fn of_host(&self, HostReport { key, .. }: &HostReport) -> Labels {
        let labels = Labels::new([
            ("target", &*key.target),
            ("host", &key.host),
            ("port", &key.port.to_string()),
            ("view", &key.view),
        ]);
        self.with_own(labels, &key.target)
    }

    fn of_domain(&self, DomainReport { key, .. }: &DomainReport) -> Labels {
        let labels = Labels::new([
            ("target", &*key.target),
            ("domain", &key.domain),
            ("view", &key.view),
        ]);
        self.with_own(labels, &key.target)
    }

    fn with_own(&self, mut labels: Labels, target: &str) -> Labels {
        if let Some(source) = self.sources.get(target) {
            add_own(&mut labels, source, self.names);
        }
        labels
    }
}

/// The labels of a server seen from inside.
pub(super) fn of_server(server: &ServerReport) -> Labels {
    Labels::new([("server", &*server.facts.key.0)])
}

fn of_entry(target: &TargetReport, entry: &Entry, names: &[&str]) -> Labels {
    let endpoint = &entry.endpoint;
    let (port, address) = (endpoint.port.to_string(), address(endpoint));
    let values: [&str; 6] = [
        &endpoint.target,
        &endpoint.host,
        &port,
        &endpoint.view,
        &address,
        endpoint.offer.as_str(),
    ];
    let mut labels = Labels::new(named(&ENDPOINT_LABELS, &values));
    add_own(&mut labels, &target.source, names);
    labels
}

/// Empty for what stands in for a target whose name was not found.
fn address(endpoint: &Endpoint) -> String {
    if endpoint.is_nowhere() {
        String::new()
    } else {
        endpoint.address.to_string()
    }
}

fn add_own(labels: &mut Labels, source: &Source, names: &[&str]) {
    for name in names {
        labels.add(name, source.labels.get(*name).map_or("", String::as_str));
    }
}
