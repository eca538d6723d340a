//! Where a target's views lead, and how its names were resolved in them, to their JSON.

use serde::Serialize;

use crate::report;
use crate::verdict::{self, Outlook};

#[derive(Serialize)]
pub(super) struct ResolutionJson<'a> {
    view: &'a str,
    resolved: bool,
    endpoints: usize,
    last_known_endpoints: usize,
    mx: Vec<Mx<'a>>,
    reason: Option<&'static str>,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Mx<'a> {
    host: &'a str,
    preference: u16,
}

#[derive(Serialize)]
pub(super) struct ViewJson<'a> {
    view: &'a str,
    complete: bool,
    leaves: Vec<Sight<'a>>,
}

#[derive(Serialize)]
struct Sight<'a> {
    issuer: &'a str,
    not_before: Option<String>,
    not_after: Option<String>,
    fingerprint_sha256: String,
}

pub(super) fn view<'a>((view, outlook): (&'a str, &'a Outlook)) -> ViewJson<'a> {
    let sight = |leaf: &'a verdict::Sight| Sight {
        issuer: &leaf.issuer,
        not_before: leaf.validity.map(|(from, _)| from.to_string()),
        not_after: leaf.validity.map(|(_, until)| until.to_string()),
        fingerprint_sha256: leaf.fingerprints.sha256_hex(),
    };
    ViewJson {
        view,
        complete: outlook.complete,
        leaves: outlook.leaves.iter().map(sight).collect(),
    }
}

pub(super) fn resolution(resolution: &report::Resolution) -> ResolutionJson<'_> {
    let mx = resolution.exchangers.iter();
    ResolutionJson {
        view: &resolution.view,
        resolved: resolution.fault.is_none(),
        endpoints: resolution.endpoints,
        last_known_endpoints: resolution.last_known,
        mx: mx
            .map(|mx| Mx {
                host: &mx.host,
                preference: mx.preference,
            })
            .collect(),
        reason: resolution.fault.as_ref().map(|f| f.reason.as_str()),
        detail: resolution.fault.as_ref().map(|f| f.detail.as_str()),
    }
}
