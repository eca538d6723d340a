//! A snapshot and the exporter's own counters to the body of `/metrics`; the only renderer that knows the prometheus crate.

use prometheus::proto::{MetricFamily, MetricType};

use super::body::Encoding;
use super::exposition::{Exposition, Format, Labels};
use super::families;
use super::families::family::{Family, NameSamples, Samples, Sink};
use super::label_sets::{LabelSets, named, of_server};
use super::value;
use crate::counters::{self, Counters};
use crate::metric::{Kind, Metric};
use crate::process::{self, ProcessFacts};
use crate::report::{DomainReport, HostReport, PublishedFailures, Snapshot};
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// Why it failed, if it did.
    pub refused: Option<Refused>,
    /// When the configuration in force was loaded.
    pub loaded_at: Timestamp,
}

impl Reload {
    /// Notes an attempt that failed at this time.
    pub fn refuse(&mut self, at: Timestamp, mistake: &str) {
        let before = self.refused.as_ref();
        self.refused = Some(Refused {
            since: before.map_or(at, |refused| refused.since),
            mistake: mistake.to_owned(),
        });
    }
}

/// A configuration that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The first attempt that failed after the last that succeeded.
    pub since: Timestamp,
    /// What the latest attempt found, one line.
    pub mistake: String,
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

/// Every metric that [`metrics`] can say, in its order: of endpoints, of targets, of what DNS says, of mail servers seen from
/// inside, of the exporter itself.
pub fn described() -> [Vec<Metric>; 5] {
    let [endpoints, targets, others, inside] = families::BY_SUBJECT;
    let of = |families: &[&[Family]]| {
        let families = families.iter().copied().flatten();
        families.map(|family| family.metric).collect()
    };
    let exporter = [BUILD_INFO, RELOAD_SUCCESSFUL, RELOADED_AT];
    let exporter = exporter.into_iter().chain(counters::METRICS);
    [
        of(endpoints),
        of(targets),
        of(others),
        of(inside),
        exporter.chain(process::METRICS).collect(),
    ]
}

/// What `/probe` says: only the target's own series, because the exporter's would be another's at every target.
pub fn probe_metrics(snapshot: &Snapshot, format: Format, encoding: Encoding) -> Vec<u8> {
    let mut out = Exposition::new(format, encoding);
    of_snapshot(&mut out, snapshot);
    out.finish()
}

fn of_snapshot(out: &mut Exposition, snapshot: &Snapshot) {
    let labels = LabelSets::new(snapshot);
    for family in families::all() {
        let metric = &family.metric;
        out.family(metric.name, metric.help, metric.kind);
        let mut write = |labels: &Labels, own: &[&str], value: f64| {
            out.sample(metric.name, labels, named(metric.labels, own), value);
        };
        match family.samples {
            Samples::Entry(samples) => {
                for ((_, entry), labels) in snapshot.entries().zip(&labels.entries) {
                    let sink: Sink<'_> = &mut |own, value| write(labels, own, value);
                    samples(entry, snapshot.at, sink);
                }
            }
            Samples::Paired(samples) => {
                let servers = snapshot.inside.by_address();
                for ((_, entry), labels) in snapshot.entries().zip(&labels.entries) {
                    if let Some(server) = entry.endpoint.ip().and_then(|ip| servers.get(&ip)) {
                        samples(server, &mut |own, value| write(labels, own, value));
                    }
                }
            }
            Samples::Target(samples) => {
                for (target, labels) in snapshot.targets.iter().zip(&labels.targets) {
                    samples(target, &mut |own, value| write(labels, own, value));
                }
            }
            Samples::Name(ref samples) => of_names(samples, snapshot, &labels, &mut write),
            Samples::View(samples) => {
                samples(snapshot, &mut |own, value| {
                    write(&Labels::default(), own, value);
                });
            }
            Samples::Server(samples) => {
                for server in &snapshot.inside.servers {
                    let labels = of_server(server);
                    samples(server, snapshot.at, &mut |own, value| {
                        write(&labels, own, value)
                    });
                }
            }
            Samples::Inside(samples) => {
                let none = Labels::default();
                samples(&snapshot.inside, &mut |own, value| write(&none, own, value));
            }
        }
    }
}

/// The samples of one family about hosts and mail domains.
fn of_names(
    samples: &NameSamples,
    snapshot: &Snapshot,
    labels: &LabelSets,
    write: &mut dyn FnMut(&Labels, &[&str], f64),
) {
    let known = match samples {
        NameSamples::Failures { .. } => PublishedFailures::new(snapshot),
        NameSamples::Host(_) | NameSamples::Domain(_) => PublishedFailures::default(),
    };
    let of_host = |one: &HostReport, out: Sink<'_>| match samples {
        NameSamples::Host(samples) => samples(one, snapshot.at, out),
        NameSamples::Failures { host, .. } => host(one, &known, out),
        NameSamples::Domain(_) => {}
    };
    let of_domain = |one: &DomainReport, out: Sink<'_>| match samples {
        NameSamples::Domain(samples) => samples(one, snapshot.at, out),
        NameSamples::Failures { domain, .. } => domain(one, &known, out),
        NameSamples::Host(_) => {}
    };
    each(&snapshot.hosts, &labels.hosts, of_host, &mut *write);
    each(&snapshot.domains, &labels.domains, of_domain, write);
}

fn each<S>(
    subjects: &[S],
    labels: &[Labels],
    samples: impl Fn(&S, Sink<'_>),
    mut write: impl FnMut(&Labels, &[&str], f64),
) {
    for (subject, labels) in subjects.iter().zip(labels) {
        samples(subject, &mut |own, value| write(labels, own, value));
    }
}

const BUILD_INFO: Metric = Metric::gauge(
    "smtp_tls_exporter_build_info",
    "1: what the program was built from.",
)
.labels(&["version", "revision", "rustversion"]);

const RELOAD_SUCCESSFUL: Metric = Metric::gauge(
    "smtp_tls_exporter_config_last_reload_successful",
    "1: the last reload of the configuration succeeded.",
)
.note("It is 0 while the file has a mistake and the old configuration stays in force.");

const RELOADED_AT: Metric = Metric::gauge(
    "smtp_tls_exporter_config_last_reload_success_timestamp_seconds",
    "When the configuration in force was read, as Unix time.",
);

fn of_exporter(out: &mut Exposition, exporter: &Exporter<'_>) {
    let build = exporter.build;
    let info = [build.version, build.revision, build.rustversion];
    one(out, &BUILD_INFO, &info, 1.0);
    let successful = f64::from(u8::from(exporter.reload.refused.is_none()));
    one(out, &RELOAD_SUCCESSFUL, &[], successful);
    one(
        out,
        &RELOADED_AT,
        &[],
        value::time(exporter.reload.loaded_at),
    );
    for family in exporter.counters.collect() {
        of_crate(out, &family);
    }
}

/// A family of one sample.
fn one(out: &mut Exposition, metric: &Metric, labels: &[&str], value: f64) {
    out.family(metric.name, metric.help, metric.kind);
    let labels = named(metric.labels, labels);
    out.sample(metric.name, &Labels::default(), labels, value);
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
        out.sample(family.name(), &labels, [], value);
    }
}

fn of_process(out: &mut Exposition, process: &ProcessFacts) {
    for (metric, value) in process::METRICS.iter().zip(process.values()) {
        if let Some(value) = value {
            one(out, metric, &[], value);
        }
    }
}
