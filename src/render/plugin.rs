//! A snapshot to the one line of a monitoring plugin with performance data.

use crate::plain::plain;
use crate::report::Snapshot;

/// `SMTP TLS CRITICAL - worst state and where | 'relay@192.0.2.1:25'=-1036800s;;0`
///
/// The form follows the Monitoring Plugins Development Guidelines; the value is the seconds until expiry.
pub fn plugin_line(snapshot: &Snapshot) -> String {
    let word = match snapshot.exit_code() {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        _ => "UNKNOWN",
    };
    let wanted = snapshot.exit_code();
    let worst = snapshot
        .entries()
        .filter(|(_, entry)| entry.state.exit_code() == wanted)
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
            Some(format!("'{name}@{at}'={left}s;;0"))
        })
        .collect();
    // The bar separates text and data, so it must not stand in the text.
    let text = text.trim_end().replace('|', "/");
    format!("SMTP TLS {word} - {text} | {}\n", data.join(" "))
}
