//! A snapshot to the one line of a monitoring plugin with performance data.

use crate::plain::plain;
use crate::report::{Severity, Snapshot};

/// `SMTP TLS CRITICAL - worst state and where | 'relay@192.0.2.1:25'=-1036800s;2592000:;604800:`
///
/// The form follows the Monitoring Plugins Development Guidelines; the value is the seconds until expiry, and below its two
/// limits it is a warning and critical.
pub fn plugin_line(snapshot: &Snapshot) -> String {
    let wanted = snapshot.severity();
    let word = match wanted {
        Severity::Ok => "OK",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
        Severity::Unknown => "UNKNOWN",
    };
    let worst = snapshot
        .entries()
        .filter(|(_, entry)| entry.state.severity() == wanted)
        .min_by_key(|(_, entry)| entry.state);
    let text = match worst {
        Some((target, entry)) => {
            let reason = entry.reason().map_or("", |reason| reason.as_str());
            let at = entry.endpoint.at();
            let name = plain(&target.source.name, 60);
            format!("{name} {at} {} {reason}", entry.state.as_str())
        }
        None => "no endpoint was found".to_owned(),
    };
    let data: Vec<_> = snapshot
        .entries()
        .filter_map(|(target, entry)| {
            let left = entry.expires_in(snapshot.at)?;
            let at = entry.endpoint.at();
            let name = plain(&target.source.name, 60).replace(['\'', '='], "_");
            let range = |limit: Option<i64>| limit.map_or_else(String::new, |n| format!("{n}:"));
            let warning = range(entry.warning_seconds());
            let critical = range(entry.critical_seconds());
            Some(format!("'{name}@{at}'={left}s;{warning};{critical}"))
        })
        .collect();
    // The bar separates text and data, so it must not stand in the text.
    let text = text.trim_end().replace('|', "/");
    format!("SMTP TLS {word} - {text} | {}\n", data.join(" "))
}
