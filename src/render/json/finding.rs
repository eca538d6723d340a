//! What is wrong with a subject, and what each check found, to their JSON.

use serde::Serialize;

use crate::report;
use crate::verdict::{Finding, Verdict};

#[derive(Serialize)]
pub(super) struct Cause<'a> {
    state: &'static str,
    reason: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
pub(super) struct Check<'a> {
    check: &'static str,
    result: &'static str,
    reason: Option<&'static str>,
    evidence: Option<&'a str>,
}

pub(super) fn causes(causes: &[report::Cause]) -> Vec<Cause<'_>> {
    causes
        .iter()
        .map(|cause| Cause {
            state: cause.state.as_str(),
            reason: cause.reason.as_str(),
            detail: &cause.detail,
        })
        .collect()
}

pub(super) fn checks(verdict: &Verdict) -> Vec<Check<'_>> {
    verdict
        .findings()
        .map(|(check, finding)| Check {
            check,
            result: finding.as_str(),
            reason: match finding {
                Finding::Fail(failure) => Some(failure.reason.as_str()),
                _ => None,
            },
            evidence: match finding {
                Finding::Pass => None,
                Finding::Remark(what) => Some(what),
                Finding::Fail(failure) => Some(&failure.evidence),
                Finding::Unknown(why) => Some(why),
                Finding::NotApplicable(why) => Some(why),
            },
        })
        .collect()
}
