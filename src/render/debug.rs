//! The snapshot of one request to the text for whoever asks why: the dialogue, the findings, the metrics.

use super::body::Encoding;
use super::exposition::Format;
use super::metrics::probe_metrics;
use crate::facts::observation::Speaker;
use crate::plain::plain;
use crate::report::{Entry, Snapshot};

/// Longest line of a dialogue.
const WIDTH: usize = 500;

/// What `/probe?debug=true` shows. Everything that the server wrote is escaped.
pub fn debug(snapshot: &Snapshot, module: &str) -> String {
    let mut out = String::new();
    for (_, entry) in snapshot.entries() {
        probe(&mut out, entry);
    }
    let metrics = probe_metrics(snapshot, Format::Text, Encoding::Identity);
    out += "Metrics that would have been returned:\n";
    out += &String::from_utf8_lossy(&metrics);
    out += &format!("\nModule: {}\n", plain(module, 80));
    out
}

fn probe(out: &mut String, entry: &Entry) {
    let endpoint = &entry.endpoint;
    let at = match endpoint.is_nowhere() {
        true => plain(&endpoint.host, 300),
        false => endpoint.at(),
    };
    *out += &format!("Probe of {at} ({}):\n", endpoint.mode.as_str());
    for line in &entry.observation.transcript {
        let mark = match line.speaker {
            Speaker::Client => "C:",
            Speaker::Server => "S:",
            Speaker::Note => "--",
        };
        *out += &format!("  {mark} {}\n", plain(&line.text, WIDTH));
    }
    for (phase, spent) in entry.observation.timings.iter() {
        *out += &format!("  {} took {:.3} s\n", phase.as_str(), spent.as_secs_f64());
    }
    *out += &format!("State: {}\n", entry.state.as_str());
    for cause in &entry.causes {
        let reason = cause.reason.as_str();
        *out += &format!("  {reason}: {}\n", plain(&cause.detail, WIDTH));
    }
    out.push('\n');
}
