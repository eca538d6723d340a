//! A snapshot and the exporter's own counters to the body of `/metrics`; the only renderer that knows the prometheus crate.

use prometheus::proto::{MetricFamily, MetricType};

use super::exposition::{Exposition, Labels};
use super::families::{FAMILIES, Samples};
use crate::counters::Counters;
use crate::process::ProcessFacts;
use crate::report::{Entry, Snapshot, TargetReport};
use crate::target::Source;
use crate::timestamp::Timestamp;

/// Of the text that [`metrics`] returns. Prometheus 3 refuses a scrape without it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What this program was built from.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// Of the package.
    pub version: &'static str,
    /// Commit, or `unknown`.
    pub revision: &'static str,
    /// Compiler, or `unknown`.
    pub rustversion: &'static str,
}

/// Everything that `/metrics` says. The order is the same at every scrape.
pub fn metrics(
    snapshot: &Snapshot,
    counters: &Counters,
    process: &ProcessFacts,
    build: &BuildInfo,
    config_loaded_at: Timestamp,
) -> String {
    let labels = LabelSets::new(snapshot);
    let mut out = Exposition::with_capacity(8192 * (labels.entries.len() + 1));
    for family in FAMILIES {
        out.family(family.name, family.help, "gauge");
        match family.samples {
            Samples::Entry(samples) => {
                for ((_, entry), labels) in snapshot.entries().zip(&labels.entries) {
                    samples(entry, snapshot.at, &mut |extra, value| {
                        out.sample(family.name, labels, &extra, value);
                    });
                }
            }
            Samples::Target(samples) => {
                for (target, labels) in snapshot.targets.iter().zip(&labels.targets) {
                    samples(target, &mut |extra, value| {
                        out.sample(family.name, labels, &extra, value);
                    });
                }
            }
        }
    }
    own(&mut out, counters, build, config_loaded_at);
    of_process(&mut out, process);
    out.into_text()
}

/// The labels of every endpoint and target, written once.
struct LabelSets {
    entries: Vec<Labels>,
    targets: Vec<Labels>,
}

impl LabelSets {
    fn new(snapshot: &Snapshot) -> Self {
        // The same label names on all targets, empty where unset: aggregations then never mix label sets.
        let mut names: Vec<&str> = snapshot
            .targets
            .iter()
            .flat_map(|t| t.source.labels.keys().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        Self {
            entries: snapshot
                .entries()
                .map(|(target, entry)| of_entry(target, entry, &names))
                .collect(),
            targets: snapshot
                .targets
                .iter()
                .map(|target| {
                    let mut labels = Labels::new([("target", target.source.name.as_str())]);
                    add_own(&mut labels, &target.source, &names);
                    labels
                })
                .collect(),
        }
    }
}

fn of_entry(target: &TargetReport, entry: &Entry, names: &[&str]) -> Labels {
    let endpoint = &entry.endpoint;
    let mut labels = Labels::new([
        ("target", &*endpoint.target),
        ("host", &endpoint.host),
        ("port", &endpoint.port.to_string()),
        ("view", &endpoint.view),
        ("address", &endpoint.address.to_string()),
        ("offer", endpoint.offer.as_str()),
    ]);
    add_own(&mut labels, &target.source, names);
    labels
}

fn add_own(labels: &mut Labels, source: &Source, names: &[&str]) {
    for name in names {
        labels.add(name, source.labels.get(*name).map_or("", String::as_str));
    }
}

fn own(out: &mut Exposition, counters: &Counters, build: &BuildInfo, loaded_at: Timestamp) {
    let none = Labels::default();
    let info = Labels::new([
        ("version", build.version),
        ("revision", build.revision),
        ("rustversion", build.rustversion),
    ]);
    let name = "smtp_tls_exporter_build_info";
    out.family(
        name,
        "What this exporter was built from; always 1.",
        "gauge",
    );
    out.sample(name, &info, &none, 1.0);
    let name = "smtp_tls_exporter_config_last_reload_successful";
    out.family(
        name,
        "Whether the last configuration reload succeeded.",
        "gauge",
    );
    out.sample(name, &none, &none, 1.0);
    let name = "smtp_tls_exporter_config_last_reload_success_timestamp_seconds";
    out.family(
        name,
        "When the configuration was last loaded, as Unix time.",
        "gauge",
    );
    #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^52")]
    out.sample(name, &none, &none, loaded_at.0 as f64);
    for family in counters.collect() {
        of_crate(out, &family);
    }
}

fn of_crate(out: &mut Exposition, family: &MetricFamily) {
    let is_counter = family.get_field_type() == MetricType::COUNTER;
    let kind = if is_counter { "counter" } else { "gauge" };
    out.family(family.name(), family.help(), kind);
    for metric in family.get_metric() {
        let labels = Labels::new(metric.get_label().iter().map(|l| (l.name(), l.value())));
        let value = if is_counter {
            metric.get_counter().get_value()
        } else {
            metric.get_gauge().get_value()
        };
        out.sample(family.name(), &labels, &Labels::default(), value);
    }
}

fn of_process(out: &mut Exposition, process: &ProcessFacts) {
    let none = Labels::default();
    for (name, help, kind, value) in process.metrics() {
        if let Some(value) = value {
            out.family(name, help, kind);
            out.sample(name, &none, &none, value);
        }
    }
}
