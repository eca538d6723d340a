//! A snapshot and the exporter's own counters to the body of `/metrics`; the only renderer that knows the prometheus crate.

use prometheus::proto::{MetricFamily, MetricType};

use super::body::Encoding;
use super::exposition::{Exposition, Format, Kind, Labels};
use super::families::{FAMILIES, Samples};
use crate::counters::Counters;
use crate::endpoint::{Endpoint, Source};
use crate::process::ProcessFacts;
use crate::report::{Entry, Snapshot, TargetReport};
use crate::timestamp::Timestamp;

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

/// How the last attempt to load the configuration went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// Whether it succeeded.
    pub successful: bool,
    /// When the configuration in force was loaded.
    pub loaded_at: Timestamp,
}

/// What `/metrics` says of the exporter itself.
#[derive(Debug)]
pub struct Exporter<'a> {
    /// What it counts.
    pub counters: &'a Counters,
    /// What the system knows of the process.
    pub process: ProcessFacts,
    /// What it was built from.
    pub build: &'a BuildInfo,
    /// Of the configuration.
    pub reload: Reload,
}

/// Everything that `/metrics` says. The order is the same at every scrape.
pub fn metrics(
    snapshot: &Snapshot,
    exporter: &Exporter<'_>,
    format: Format,
    encoding: Encoding,
) -> Vec<u8> {
    let mut out = Exposition::new(format, encoding);
    of_snapshot(&mut out, snapshot);
    of_exporter(&mut out, exporter);
    of_process(&mut out, &exporter.process);
    out.finish()
}

/// What `/probe` says: only the target's own series, because the exporter's would be another's at every target.
pub fn probe_metrics(snapshot: &Snapshot, format: Format, encoding: Encoding) -> Vec<u8> {
    let mut out = Exposition::new(format, encoding);
    of_snapshot(&mut out, snapshot);
    out.finish()
}

fn of_snapshot(out: &mut Exposition, snapshot: &Snapshot) {
    let labels = LabelSets::new(snapshot);
    for family in FAMILIES {
        out.family(family.name, family.help, Kind::Gauge);
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
        ("address", &address(endpoint)),
        ("offer", endpoint.offer.as_str()),
    ]);
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

fn of_exporter(out: &mut Exposition, exporter: &Exporter<'_>) {
    let none = Labels::default();
    let build = exporter.build;
    let info = Labels::new([
        ("version", build.version),
        ("revision", build.revision),
        ("rustversion", build.rustversion),
    ]);
    let name = "smtp_tls_exporter_build_info";
    let help = "What this exporter was built from; always 1.";
    out.family(name, help, Kind::Gauge);
    out.sample(name, &info, &none, 1.0);
    let name = "smtp_tls_exporter_config_last_reload_successful";
    let help = "Whether the last configuration reload succeeded.";
    out.family(name, help, Kind::Gauge);
    let successful = f64::from(u8::from(exporter.reload.successful));
    out.sample(name, &none, &none, successful);
    let name = "smtp_tls_exporter_config_last_reload_success_timestamp_seconds";
    let help = "When the configuration was last loaded, as Unix time.";
    out.family(name, help, Kind::Gauge);
    #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^52")]
    out.sample(name, &none, &none, exporter.reload.loaded_at.0 as f64);
    for family in exporter.counters.collect() {
        of_crate(out, &family);
    }
}

fn of_crate(out: &mut Exposition, family: &MetricFamily) {
    let is_counter = family.get_field_type() == MetricType::COUNTER;
    let kind = if is_counter {
        Kind::Counter
    } else {
        Kind::Gauge
    };
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
    for (name, help, value) in process.metrics() {
        let kind = if name.ends_with("_total") {
            Kind::Counter
        } else {
            Kind::Gauge
        };
        if let Some(value) = value {
            out.family(name, help, kind);
            out.sample(name, &none, &none, value);
        }
    }
}
