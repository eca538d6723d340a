//! What is known of hosts and mail domains to its JSON.

use serde::Serialize;

use super::finding::{Cause, Check, causes, checks};
use super::view::{Mx, mx};
use crate::facts::lookup::LookupFault;
use crate::report::{DomainReport, HostReport, Judged};

/// A subject: its key and facts beside what follows from them.
#[derive(Serialize)]
pub(super) struct SubjectJson<'a, F> {
    #[serde(flatten)]
    facts: F,
    state: &'static str,
    reason: &'static str,
    causes: Vec<Cause<'a>>,
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
pub(super) struct HostJson<'a> {
    target: &'a str,
    host: &'a str,
    port: u16,
    view: &'a str,
    addresses: Vec<String>,
    last_known_addresses: Vec<String>,
    security: &'static str,
    failure: Option<FailureJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct DomainJson<'a> {
    target: &'a str,
    domain: &'a str,
    view: &'a str,
    mx: Vec<Mx<'a>>,
    security: &'static str,
    failure: Option<FailureJson<'a>>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    reason: &'static str,
    detail: &'a str,
}

pub(super) fn host(report: &HostReport) -> SubjectJson<'_, HostJson<'_>> {
    let (key, known) = (&report.key, &report.facts);
    subject(
        report,
        HostJson {
            target: &key.target,
            host: &key.host,
            port: key.port,
            view: &key.view,
            addresses: known.addresses.iter().map(ToString::to_string).collect(),
            last_known_addresses: known.last_known.iter().map(ToString::to_string).collect(),
            security: known.security.as_str(),
            failure: known.fault.as_ref().map(failure),
        },
    )
}

pub(super) fn domain(report: &DomainReport) -> SubjectJson<'_, DomainJson<'_>> {
    let (key, known) = (&report.key, &report.facts);
    subject(
        report,
        DomainJson {
            target: &key.target,
            domain: &key.domain,
            view: &key.view,
            mx: known.exchangers.iter().map(mx).collect(),
            security: known.security.as_str(),
            failure: known.fault.as_ref().map(failure),
        },
    )
}

fn subject<K, G, F>(report: &Judged<K, G>, facts: F) -> SubjectJson<'_, F> {
    SubjectJson {
        facts,
        state: report.state.as_str(),
        reason: report
            .causes
            .first()
            .map_or("", |cause| cause.reason.as_str()),
        causes: causes(&report.causes),
        checks: checks(&report.verdict),
    }
}

fn failure(fault: &LookupFault) -> FailureJson<'_> {
    FailureJson {
        reason: fault.reason.as_str(),
        detail: &fault.detail,
    }
}
