//! Where a target's views lead, and how its names were resolved in them, to their JSON.

use serde::Serialize;

use crate::advice;
use crate::certificate::Certificate;
use crate::facts::lookup::Exchanger;
use crate::report::{self, TargetReport};
use crate::verdict::Outlook;

#[derive(Serialize)]
pub(super) struct ResolutionJson<'a> {
    view: &'a str,
    resolved: bool,
    endpoints: usize,
    last_known_endpoints: usize,
    mx: Vec<Mx<'a>>,
    reason: Option<&'static str>,
    detail: Option<&'a str>,
    advice: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Mx<'a> {
    host: &'a str,
    preference: u16,
}

#[derive(Serialize)]
pub(super) struct ViewJson<'a> {
    view: &'a str,
    complete: bool,
    leaves: Vec<Leaf>,
}

#[derive(Serialize)]
struct Leaf {
    issuer: String,
    not_before: Option<String>,
    not_after: Option<String>,
    fingerprint_sha256: String,
}

pub(super) fn view<'a>((view, outlook): (&'a str, &'a Outlook)) -> ViewJson<'a> {
    ViewJson {
        view,
        complete: outlook.complete,
        leaves: outlook.leaves.iter().map(leaf).collect(),
    }
}

fn leaf(leaf: &Certificate) -> Leaf {
    let facts = leaf.facts().ok();
    Leaf {
        issuer: facts.map_or_else(String::new, |facts| facts.issuer.short()),
        not_before: facts.map(|facts| facts.not_before.to_string()),
        not_after: facts.map(|facts| facts.not_after.to_string()),
        fingerprint_sha256: leaf.fingerprints().sha256_hex(),
    }
}

pub(super) fn mx(exchanger: &Exchanger) -> Mx<'_> {
    Mx {
        host: &exchanger.host,
        preference: exchanger.preference,
    }
}

pub(super) fn resolution<'a>(
    target: &TargetReport,
    resolution: &'a report::Resolution,
) -> ResolutionJson<'a> {
    ResolutionJson {
        view: &resolution.view,
        resolved: resolution.is_resolved(),
        endpoints: resolution.endpoints,
        last_known_endpoints: resolution.last_known,
        mx: resolution.exchangers.iter().map(mx).collect(),
        reason: resolution.fault.as_ref().map(|f| f.reason.as_str()),
        detail: resolution.fault.as_ref().map(|f| f.detail.as_str()),
        advice: advice::of_resolution(target, resolution),
    }
}
