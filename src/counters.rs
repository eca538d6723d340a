//! The exporter's own counters, kept by the `prometheus` crate; knows neither probes nor HTTP.

use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, proto::MetricFamily};

/// What the exporter counts about itself.
#[derive(Debug, Clone)]
pub struct Counters {
    /// Finished probes, by `result`: `success` or `failure`.
    probes: IntCounterVec,
    /// Probes under way.
    in_flight: IntGauge,
    /// Scrapes answered before all probes had.
    deadline_exceeded: IntCounter,
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
        for result in ["success", "failure"] {
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
        Ok(Self {
            probes,
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
            refused,
        })
    }

    /// A probe begins; it ends when the guard is dropped.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A probe finished.
    pub(crate) fn finished(&self, success: bool) {
        let result = if success { "success" } else { "failure" };
        self.probes.with_label_values(&[result]).inc();
    }

    /// A scrape could not wait for all probes.
    pub(crate) fn deadline_exceeded(&self) {
        self.deadline_exceeded.inc();
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
