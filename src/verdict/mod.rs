//! An observation and what was expected to findings, by one list of checks; reads no clock and does no IO.

mod check;
mod expectations;
mod fleet;
mod inside;
mod path;
mod purpose;
mod switch;
mod verdicts;
mod views;

pub use check::{Check, Evidence, Failure, Finding, Judge, Kind, Switch, TargetEvidence};
pub use expectations::{Expectations, Threshold, Thresholds};
pub use fleet::{Fleet, KeyGroup, Leaf, Places};
pub use inside::{ConnectorEvidence, QueueEvidence, Selected};
pub use verdicts::{Verdict, Verdicts};
pub use views::{Outlook, Views};

use std::collections::BTreeMap;

use crate::facts::domain::DomainFacts;
use crate::facts::host::HostFacts;
use crate::timestamp::Timestamp;

/// Declares the checks' modules and lists them, so that a new check is one new file and one word.
macro_rules! checks {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every check there is, in the order in which findings are listed.
        pub const CHECKS: &[Check] = &[$($name::CHECK),+];
    };
}

checks! {
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
}

#[cfg(test)]
impl Verdict {
    /// What the named checks found.
    pub(crate) fn of(findings: &[(&str, Finding)]) -> Self {
        let check = |name: &str| CHECKS.iter().find(|check| check.name == name).unwrap();
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
    run(&evidence.expectations.switches, |judge| match judge {
        Judge::Endpoint(judge) | Judge::Target { here: judge, .. } => Some(judge(evidence)),
        Judge::Host(_) | Judge::Domain(_) | Judge::Connector(_) | Judge::Queue(_) => None,
    })
}

/// The same for a target as a whole.
pub fn judge_target(evidence: &TargetEvidence<'_>) -> Verdict {
    run(&evidence.expectations.switches, |judge| match judge {
        Judge::Target { whole, .. } => Some(whole(evidence)),
        Judge::Endpoint(_)
        | Judge::Host(_)
        | Judge::Domain(_)
        | Judge::Connector(_)
        | Judge::Queue(_) => None,
    })
}

/// The same for a host in a view.
pub fn judge_host(facts: &HostFacts, expected: &Expectations, now: Timestamp) -> Verdict {
    run(&expected.switches, |judge| match judge {
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
    run(&expected.switches, |judge| match judge {
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
    run(&BTreeMap::new(), |judge| match judge {
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
    run(&BTreeMap::new(), |judge| match judge {
        Judge::Queue(judge) => Some(judge(evidence)),
        Judge::Endpoint(_)
        | Judge::Target { .. }
        | Judge::Host(_)
        | Judge::Domain(_)
        | Judge::Connector(_) => None,
    })
}

fn run(
    switches: &BTreeMap<&'static str, Switch>,
    judged: impl Fn(&Judge) -> Option<Finding>,
) -> Verdict {
    let switch = |check: &Check| switches.get(check.name).copied().unwrap_or(check.default);
    let is_on = |check: &&Check| switch(check) == Switch::On;
    let mut findings = Vec::with_capacity(CHECKS.len());
    for check in CHECKS.iter().filter(is_on) {
        findings.extend(judged(&check.judge).map(|finding| (check, finding)));
    }
    Verdict(findings.into())
}

#[cfg(test)]
mod case;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_its_own_name_and_says_where_it_comes_from() {
        let names: BTreeSet<_> = CHECKS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for check in CHECKS {
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
