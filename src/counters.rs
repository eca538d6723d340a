//! The exporter's own counters, kept by the `prometheus` crate; knows neither probes nor HTTP.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

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
        let by_file = |name, help| IntGaugeVec::new(Opts::new(name, help), &["kind", "file"]);
        let files = by_file(
            "smtp_tls_exporter_file_last_load_successful",
            "Whether the file was read without a mistake the last time it changed.",
        );
        let bad_entries = by_file(
            "smtp_tls_exporter_file_bad_entries",
            "Entries of the file that were left out because of a mistake.",
        );
        Ok(Self {
            probes,
            files: files.map_err(text)?,
            bad_entries: bad_entries.map_err(text)?,
            known_files: Arc::default(),
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

/// One probe under way.
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
