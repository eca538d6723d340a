//! An observation and what was expected to findings, by one list of checks; reads no clock and does no IO.

mod candidates;
mod check;
mod expectations;
mod fleet;
mod inside;
mod path;
mod purpose;
mod switch;
mod verdicts;
mod views;
mod webpki;

pub use candidates::candidates;
pub use check::{
    Check, Evidence, Failure, Finding, Judge, Kind, StsEvidence, Switch, TargetEvidence,
};
pub use dane::{DaneReport, RecordReport, RecordResult, RecordSum};
pub use expectations::{Demand, Expectations, NextKey, Threshold, Thresholds};
pub use fleet::{Fleet, KeyGroup, Leaf, Places};
pub use inside::{ConnectorEvidence, QueueEvidence, Selected, Unfit};
pub use store_newest::TAKES;
pub use verdicts::{Verdict, Verdicts};
pub use views::{Outlook, Views};
pub use webpki::webpki;

use std::collections::BTreeMap;

use crate::facts::domain::DomainFacts;
use crate::facts::host::HostFacts;
use crate::timestamp::Timestamp;

/// Declares the checks' modules and lists them, so that a new check is one new file and one word.
macro_rules! checks {
    ($(#[$meaning:meta])+ $list:ident: $($name:ident),+ $(,)?) => {
        $(mod $name;)+
        $(#[$meaning])+
        pub const $list: &[Check] = &[$($name::CHECK),+];
    };
}

checks! {
    /// Every check of a target and what belongs to it, in the order in which findings are listed. A target can switch them.
    CHECKS:
    lifetime,
    names,
    subject,
    issuer,
    tls_certificate_name,
    fingerprint,
    trust,
    chain_complete,
    revocation,
    must_staple,
    key_strength,
    signature,
    eku_server,
    client_auth,
    key_usage,
    issuer_purpose,
    tls_version,
    same_certificate,
    views_agree,
    in_store,
    store_newest,
    dane,
    dane_records,
    mta_sts,
    mta_sts_policy,
    tlsrpt,
}

checks! {
    /// Every check of the inside of mail servers, which no target can switch.
    INSIDE_CHECKS:
    connector_certificate,
    connector_renewal,
    queue,
}

#[cfg(test)]
impl Verdict {
    /// What the named checks found.
    pub(crate) fn of(findings: &[(&str, Finding)]) -> Self {
        let check = |name: &str| {
            let mut all = CHECKS.iter().chain(INSIDE_CHECKS);
            all.find(|check| check.name == name).unwrap()
        };
        Self(
            findings
                .iter()
                .map(|(name, found)| (check(name), found.clone()))
                .collect(),
        )
    }
}

/// Runs every check that is on and says something about an endpoint.
pub fn judge(evidence: &Evidence<'_>) -> Verdict {
    run(
        CHECKS,
        &evidence.expectations.switches,
        |judge| match judge {
            Judge::Endpoint(judge) | Judge::Target { here: judge, .. } => Some(judge(evidence)),
            Judge::Host(_) | Judge::Domain(_) | Judge::Connector(_) | Judge::Queue(_) => None,
        },
    )
}

/// The same for a target as a whole.
pub fn judge_target(evidence: &TargetEvidence<'_>) -> Verdict {
    run(
        CHECKS,
        &evidence.expectations.switches,
        |judge| match judge {
            Judge::Target { whole, .. } => Some(whole(evidence)),
            Judge::Endpoint(_)
            | Judge::Host(_)
            | Judge::Domain(_)
            | Judge::Connector(_)
            | Judge::Queue(_) => None,
        },
    )
}

/// The same for a host in a view.
pub fn judge_host(facts: &HostFacts, expected: &Expectations, now: Timestamp) -> Verdict {
    run(CHECKS, &expected.switches, |judge| match judge {
        Judge::Host(judge) => Some(judge(facts, expected, now)),
        Judge::Endpoint(_)
        | Judge::Target { .. }
        | Judge::Domain(_)
        | Judge::Connector(_)
        | Judge::Queue(_) => None,
    })
}

/// The same for a mail domain in a view.
pub fn judge_domain(facts: &DomainFacts, expected: &Expectations, now: Timestamp) -> Verdict {
    run(CHECKS, &expected.switches, |judge| match judge {
        Judge::Domain(judge) => Some(judge(facts, expected, now)),
        Judge::Endpoint(_)
        | Judge::Target { .. }
        | Judge::Host(_)
        | Judge::Connector(_)
        | Judge::Queue(_) => None,
    })
}

/// The same for a connector on a mail server.
pub fn judge_connector(evidence: &ConnectorEvidence<'_>) -> Verdict {
    run(INSIDE_CHECKS, &BTreeMap::new(), |judge| match judge {
        Judge::Connector(judge) => Some(judge(evidence)),
        Judge::Endpoint(_)
        | Judge::Target { .. }
        | Judge::Host(_)
        | Judge::Domain(_)
        | Judge::Queue(_) => None,
    })
}

/// The same for mail that waits on a mail server.
pub fn judge_queue(evidence: &QueueEvidence<'_>) -> Verdict {
    run(INSIDE_CHECKS, &BTreeMap::new(), |judge| match judge {
        Judge::Queue(judge) => Some(judge(evidence)),
        Judge::Endpoint(_)
        | Judge::Target { .. }
        | Judge::Host(_)
        | Judge::Domain(_)
        | Judge::Connector(_) => None,
    })
}

fn run(
    checks: &'static [Check],
    switches: &BTreeMap<&'static str, Switch>,
    judged: impl Fn(&Judge) -> Option<Finding>,
) -> Verdict {
    let switch = |check: &Check| switches.get(check.name).copied().unwrap_or(check.default);
    let is_on = |check: &&Check| switch(check) == Switch::On;
    let mut findings = Vec::with_capacity(checks.len());
    for check in checks.iter().filter(is_on) {
        findings.extend(judged(&check.judge).map(|finding| (check, finding)));
    }
    Verdict(findings.into())
}

#[cfg(test)]
mod case;
#[cfg(test)]
mod sts_case;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_its_own_name_and_says_where_it_comes_from() {
        let all = || CHECKS.iter().chain(INSIDE_CHECKS);
        let names: BTreeSet<_> = all().map(|check| check.name).collect();
        assert_eq!(names.len(), all().count());
        for check in all() {
            assert!(!check.citation.is_empty(), "{}", check.name);
            assert!(check.help.ends_with('.'), "{}", check.name);
        }
    }

    #[test]
    fn a_check_that_is_switched_off_finds_nothing() {
        let mut case = case::Case::new();
        assert!(
            judge(&case.evidence())
                .findings()
                .any(|(n, _)| n == "names")
        );
        case.expectations.switches.insert("names", Switch::Off);
        assert!(
            judge(&case.evidence())
                .findings()
                .all(|(n, _)| n != "names")
        );
    }
}
