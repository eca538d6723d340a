//! The exporter's own counters, kept by the `prometheus` crate; knows neither probes nor HTTP.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, proto::MetricFamily};

use crate::metric::Metric;
use crate::reason::Reason;

/// What the exporter counts about itself.
#[derive(Debug, Clone)]
pub struct Counters {
    /// Finished probes, by `result`: `success`, `failure` or `busy`.
    probes: IntCounterVec,
    /// Probes under way.
    in_flight: IntGauge,
    /// Scrapes answered before all probes had.
    deadline_exceeded: IntCounter,
    /// Whether each named file was read without a mistake, by `kind` and `file`.
    files: IntGaugeVec,
    /// How many of its entries were left out.
    bad_entries: IntGaugeVec,
    /// The files that something is said of.
    known_files: Arc<Mutex<BTreeSet<(&'static str, String)>>>,
    /// Requests to `/probe` that were refused, by `reason`.
    refused: IntCounterVec,
}

/// Why a request to `/probe` was refused; the label values.
pub const REFUSALS: [&str; 6] = [
    "cross_site",
    "bad_request",
    "unknown_module",
    "bad_target",
    "port_not_allowed",
    "address_not_allowed",
];

const PROBES: Metric = Metric::counter("smtp_tls_exporter_probes_total", "Probes that finished, by result.")
    .labels(&["result"])
    .note(
        "`result`: `success`: dialogue and handshake completed, whatever the checks say; `busy`: the server was too busy \
         (421, another 4xx greeting, or no greeting in time); otherwise `failure`.",
    );

const IN_FLIGHT: Metric = Metric::gauge(
    "smtp_tls_exporter_probes_in_flight",
    "Probes now under way.",
);

const DEADLINE_EXCEEDED: Metric = Metric::counter(
    "smtp_tls_exporter_scrape_deadline_exceeded_total",
    "Scrapes that were answered before every probe had finished.",
);

const REFUSED: Metric = Metric::counter(
    "smtp_tls_exporter_probe_requests_refused_total",
    "Requests to /probe that were refused, by reason.",
)
.labels(&["reason"])
.note(
    "`reason`: `bad_request`, `unknown_module`, `bad_target`, `port_not_allowed`, `address_not_allowed`, `cross_site` (a \
     page of another site asked).",
);

const FILES: Metric = Metric::gauge(
    "smtp_tls_exporter_file_last_load_successful",
    "1: what the file says is in force; 0: it cannot be used, and what it said before stays in force.",
)
.labels(&["kind", "file"])
.note(
    "`kind`: `config`, `targets`, `roots`, `crl`, `client_certificate`, `trust_anchor`, `proxy_password`, `next_key`, `web_config`, `web_certificate`; \
     `file`: the path as configured; if a target file names it, after that file's folder.",
);

const BAD_ENTRIES: Metric = Metric::gauge(
    "smtp_tls_exporter_file_bad_entries",
    "Entries of the file left out because of a mistake.",
)
.labels(&["kind", "file"])
.when("`target_files`");

/// Every metric here, in the order of the output.
pub const METRICS: [Metric; 6] = [
    PROBES,
    IN_FLIGHT,
    DEADLINE_EXCEEDED,
    REFUSED,
    FILES,
    BAD_ENTRIES,
];

impl Counters {
    /// All counters at zero, every known result among them.
    ///
    /// # Errors
    /// The text of the `prometheus` crate when a name is malformed, which is a defect of this program.
    pub fn new() -> Result<Self, String> {
        Self::registered().map_err(|e| e.to_string())
    }

    fn registered() -> Result<Self, prometheus::Error> {
        let probes = IntCounterVec::new(options(PROBES), PROBES.labels)?;
        for result in ["success", "failure", "busy"] {
            probes.with_label_values(&[result]);
        }
        let refused = IntCounterVec::new(options(REFUSED), REFUSED.labels)?;
        for reason in REFUSALS {
            refused.with_label_values(&[reason]);
        }
        Ok(Self {
            probes,
            files: IntGaugeVec::new(options(FILES), FILES.labels)?,
            bad_entries: IntGaugeVec::new(options(BAD_ENTRIES), BAD_ENTRIES.labels)?,
            known_files: Arc::default(),
            refused,
            in_flight: IntGauge::with_opts(options(IN_FLIGHT))?,
            deadline_exceeded: IntCounter::with_opts(options(DEADLINE_EXCEEDED))?,
        })
    }

    /// A probe begins; it ends when the guard is dropped.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A probe finished, with this fault if any. A server that had no time is neither well nor ill.
    pub(crate) fn finished(&self, fault: Option<Reason>) {
        let result = match fault {
            None => "success",
            Some(reason) if reason.is_busy() => "busy",
            Some(_) => "failure",
        };
        self.probes.with_label_values(&[result]).inc();
    }

    /// A scrape could not wait for all probes.
    pub(crate) fn deadline_exceeded(&self) {
        self.deadline_exceeded.inc();
    }

    /// How it went with all files of a kind: each with whether it was read without a mistake, and how many of its
    /// entries were left out. Nothing is said any more of others of the kind.
    pub(crate) fn files(&self, kind: &'static str, files: &[(String, bool, Option<usize>)]) {
        let mut known = self
            .known_files
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (file, is_good, bad_entries) in files {
            let labels = [kind, file.as_str()];
            self.files.with_label_values(&labels).set((*is_good).into());
            if let Some(number) = bad_entries {
                let number = i64::try_from(*number).unwrap_or(i64::MAX);
                self.bad_entries.with_label_values(&labels).set(number);
            }
            known.insert((kind, file.clone()));
        }
        known.retain(|(other, file)| {
            let stays = *other != kind || files.iter().any(|(name, ..)| name == file);
            if !stays {
                let labels = [*other, file.as_str()];
                let _ = self.files.remove_label_values(&labels);
                let _ = self.bad_entries.remove_label_values(&labels);
            }
            stays
        });
    }

    /// A request to `/probe` was refused for one of the [`REFUSALS`].
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// The counters as families.
    pub(crate) fn collect(&self) -> Vec<MetricFamily> {
        let mut families = self.probes.collect();
        families.extend(self.in_flight.collect());
        families.extend(self.deadline_exceeded.collect());
        families.extend(self.refused.collect());
        families.extend(self.files.collect());
        families.extend(self.bad_entries.collect());
        families.retain(|family| !family.get_metric().is_empty());
        families
    }
}

fn options(metric: Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

/// One probe under way.
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
