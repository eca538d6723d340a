//! The exporter's own counters, kept by the `prometheus` crate; knows neither probes nor HTTP.

use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, proto::MetricFamily};

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
    /// Whether each target file was read without a mistake.
    target_files: IntGaugeVec,
    /// Requests to `/probe` that were refused, by `reason`.
    refused: IntCounterVec,
}

/// Why a request to `/probe` was refused; the label values.
pub const REFUSALS: [&str; 5] = [
    "bad_request",
    "unknown_module",
    "bad_target",
    "port_not_allowed",
    "address_not_allowed",
];

impl Counters {
    /// All counters at zero, every known result among them.
    ///
    /// # Errors
    /// The text of the `prometheus` crate when a name is malformed, which is a defect of this program.
    pub fn new() -> Result<Self, String> {
        let text = |e: prometheus::Error| e.to_string();
        let probes = IntCounterVec::new(
            Opts::new(
                "smtp_tls_exporter_probes_total",
                "Probes that finished, by result.",
            ),
            &["result"],
        )
        .map_err(text)?;
        for result in ["success", "failure", "busy"] {
            probes.with_label_values(&[result]);
        }
        let refused = IntCounterVec::new(
            Opts::new(
                "smtp_tls_exporter_probe_requests_refused_total",
                "Requests to /probe that were refused, by reason.",
            ),
            &["reason"],
        )
        .map_err(text)?;
        for reason in REFUSALS {
            refused.with_label_values(&[reason]);
        }
        let target_files = IntGaugeVec::new(
            Opts::new(
                "smtp_tls_exporter_target_file_last_load_successful",
                "Whether the target file was read without a mistake the last time it changed.",
            ),
            &["file"],
        )
        .map_err(text)?;
        Ok(Self {
            probes,
            target_files,
            refused,
            in_flight: IntGauge::new(
                "smtp_tls_exporter_probes_in_flight",
                "Probes under way at this moment.",
            )
            .map_err(text)?,
            deadline_exceeded: IntCounter::new(
                "smtp_tls_exporter_scrape_deadline_exceeded_total",
                "Scrapes that were answered before every probe had finished.",
            )
            .map_err(text)?,
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

    /// What a look at the target files brought: those that are there, and those that are no more.
    pub(crate) fn target_files(&self, files: &[(String, bool)], gone: &[String]) {
        for file in gone {
            let _ = self.target_files.remove_label_values(&[file]);
        }
        for (file, is_good) in files {
            let gauge = self.target_files.with_label_values(&[file]);
            gauge.set((*is_good).into());
        }
    }

    /// Other target files from now on: nothing is said any more of those before.
    pub(crate) fn forget_target_files(&self) {
        self.target_files.reset();
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
        families.extend(self.target_files.collect());
        families.retain(|family| !family.get_metric().is_empty());
        families
    }
}

/// One probe under way.
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
