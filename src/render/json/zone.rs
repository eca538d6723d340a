//! The lines of zone files to JSON.

use serde_json::{Value, json};

use crate::plain::quoted;
use crate::render::zone;
use crate::report::{HostZone, ZoneLine};

/// One object: `exit_status`, and `hosts` with their lines.
pub fn zone_json(zones: &[HostZone], ttl: Option<u32>) -> String {
    let hosts: Vec<_> = zones.iter().map(|one| host(one, ttl)).collect();
    let all = json!({"exit_status": HostZone::exit_code(zones), "hosts": hosts});
    format!("{all:#}\n")
}

fn host(zone: &HostZone, ttl: Option<u32>) -> Value {
    let seconds = zone::seconds(zone, ttl);
    let line = |line: &ZoneLine| {
        let (usage, selector, matching_type) = line.record.bits();
        json!({
            "mark": line.mark.to_string(),
            "usage": usage,
            "selector": selector,
            "matching_type": matching_type,
            "record": line.record.to_string(),
            "why": quoted(&line.why),
        })
    };
    json!({
        "owner": zone.owner,
        "dns": quoted(&zone.told),
        "is_told": zone.is_told,
        "ttl_seconds": seconds,
        "wait_seconds": 2 * zone.ttl.map_or(seconds, |ttl| ttl.as_secs().max(seconds)),
        "lines": zone.lines.iter().map(line).collect::<Vec<_>>(),
        "unseen": zone.unseen.iter().map(|why| quoted(why)).collect::<Vec<_>>(),
    })
}
