//! Who a sample is about to its labels: every endpoint's and target's written once, the others' where there is a sample.

use std::collections::HashMap;

use super::exposition::Labels;
use super::families::family::{ENDPOINT_LABELS, TARGET_LABELS};
use crate::endpoint::{Endpoint, Source};
use crate::report::{DomainReport, Entry, HostReport, ServerReport, Snapshot, TargetReport};

/// Values to labels by the names of their family.
pub(super) fn named(names: &[&str], values: &[&str]) -> Labels {
    debug_assert_eq!(names.len(), values.len(), "a value for each of {names:?}");
    Labels::new(names.iter().copied().zip(values.iter().copied()))
}

/// The labels of every endpoint and target, written once, and what those of other subjects are made from.
pub(super) struct LabelSets<'a> {
    pub(super) entries: Vec<Labels>,
    pub(super) targets: Vec<Labels>,
    names: Vec<&'a str>,
    sources: HashMap<&'a str, &'a Source>,
}

impl<'a> LabelSets<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        // The same label names on all targets, empty where unset: aggregations then never mix label sets.
        let mut names: Vec<&str> = snapshot
            .targets
            .iter()
            .flat_map(|t| t.source.labels.keys().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let targets = snapshot.targets.iter().map(|target| &*target.source);
        Self {
            sources: targets.map(|s| (s.name.as_str(), s)).collect(),
            entries: snapshot
                .entries()
                .map(|(target, entry)| of_entry(target, entry, &names))
                .collect(),
            targets: snapshot
                .targets
                .iter()
                .map(|target| {
                    let mut labels = named(&TARGET_LABELS, &[target.source.name.as_str()]);
                    add_own(&mut labels, &target.source, &names);
                    labels
                })
                .collect(),
            names,
        }
    }

    pub(super) fn of_host(&self, HostReport { key, .. }: &HostReport) -> Labels {
        let labels = Labels::new([
            ("target", &*key.target),
            ("host", &key.host),
            ("port", &key.port.to_string()),
            ("view", &key.view),
        ]);
        self.with_own(labels, &key.target)
    }

    pub(super) fn of_domain(&self, DomainReport { key, .. }: &DomainReport) -> Labels {
        let labels = Labels::new([
            ("target", &*key.target),
            ("domain", &key.domain),
            ("view", &key.view),
        ]);
        self.with_own(labels, &key.target)
    }

    fn with_own(&self, mut labels: Labels, target: &str) -> Labels {
        if let Some(source) = self.sources.get(target) {
            add_own(&mut labels, source, &self.names);
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
    let mut labels = named(&ENDPOINT_LABELS, &values);
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
