//! A snapshot to the one line of a monitoring plugin with performance data.

use crate::plain::plain;
use crate::report::{QueueReport, Severity, Snapshot};

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
    let text = worst(snapshot, wanted);
    let data: Vec<_> = lifetimes(snapshot).chain(waiting(snapshot)).collect();
    // The bar separates text and data, so it must not stand in the text.
    let text = text.trim_end().replace('|', "/");
    format!("SMTP TLS {word} - {text} | {}\n", data.join(" "))
}

/// Who is as bad as it gets, and why.
fn worst(snapshot: &Snapshot, wanted: Severity) -> String {
    let worst = snapshot
        .entries()
        .filter(|(_, entry)| entry.state.severity() == wanted)
        .min_by_key(|(_, entry)| entry.state);
    let inside = snapshot.inside.servers.iter();
    let inside = inside
        .filter(|server| server.state.severity() == wanted)
        .min_by_key(|server| server.state);
    match (worst, inside) {
        (Some((target, entry)), inside)
            if inside.is_none_or(|server| entry.state <= server.state) =>
        {
            let reason = entry.reason().map_or("", |reason| reason.as_str());
            let at = entry.endpoint.at();
            let name = plain(&target.source.name, 60);
            format!("{name} {at} {} {reason}", entry.state.as_str())
        }
        (_, Some(server)) => {
            let reason = server
                .causes
                .first()
                .map_or("", |cause| cause.reason.as_str());
            let name = plain(&server.facts.key.0, 60);
            format!("{name} {} {reason}", server.state.as_str())
        }
        (_, None) if snapshot.targets.is_empty() => "no inventory was found".to_owned(),
        (_, None) => "no endpoint was found".to_owned(),
    }
}

/// The seconds that each certificate has left, with its limits.
fn lifetimes(snapshot: &Snapshot) -> impl Iterator<Item = String> + '_ {
    snapshot.entries().filter_map(|(target, entry)| {
        let left = entry.expires_in(snapshot.at)?;
        let at = entry.endpoint.at();
        let name = plain(&target.source.name, 60).replace(['\'', '='], "_");
        let range = |limit: Option<i64>| limit.map_or_else(String::new, |n| format!("{n}:"));
        let warning = range(entry.warning_seconds());
        let critical = range(entry.critical_seconds());
        Some(format!("'{name}@{at}'={left}s;{warning};{critical}"))
    })
}

/// The messages that wait on each server.
fn waiting(snapshot: &Snapshot) -> impl Iterator<Item = String> + '_ {
    let young = snapshot
        .inside
        .servers
        .iter()
        .filter(|server| server.is_young);
    young.map(|server| {
        let messages: u64 = server.queues.iter().map(QueueReport::waiting).sum();
        let name = plain(&server.facts.key.0, 60).replace(['\'', '='], "_");
        format!("'{name} waiting'={messages}")
    })
}
