//! An observation and what was expected to findings, by one list of checks; reads no clock and does no IO.

mod check;
mod expectations;
mod fleet;
mod inside;
mod path;
mod purpose;
mod switch;
mod views;

pub use check::{Check, Evidence, Failure, Finding, Judge, Kind, Switch, TargetEvidence};
pub use expectations::{Expectations, Threshold, Thresholds};
pub use fleet::{Fleet, KeyGroup, Leaf, Places};
pub use inside::{ConnectorEvidence, QueueEvidence, Selected};
pub use views::{Outlook, Views};

use std::collections::BTreeMap;

use std::sync::Arc;

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

/// A check and what it found.
type Judgement = (&'static Check, Finding);

/// All findings about one subject.
#[derive(Debug, Clone, Default)]
pub struct Verdict(Arc<[Judgement]>);

impl Verdict {
    /// The same, held in the memory of the other one if that says the same: most endpoints are alike.
    #[must_use]
    pub fn shared_with(self, other: &Self) -> Self {
        let mut pairs = self.0.iter().zip(&*other.0);
        let is_same = |((check, finding), (other, found)): (&Judgement, &Judgement)| {
            std::ptr::eq(*check, *other) && finding == found
        };
        match self.0.len() == other.0.len() && pairs.all(is_same) {
            true => other.clone(),
            false => self,
        }
    }

    /// The findings with their checks, in list order.
    pub fn judgements(&self) -> impl Iterator<Item = (&'static Check, &Finding)> {
        self.0.iter().map(|(check, finding)| (*check, finding))
    }

    /// The findings with the names of their checks, in list order.
    pub fn findings(&self) -> impl Iterator<Item = (&'static str, &Finding)> {
        self.judgements()
            .map(|(check, finding)| (check.name, finding))
    }

    /// The failures with the names of their checks.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &Failure)> {
        self.findings().filter_map(|(name, finding)| match finding {
            Finding::Fail(failure) => Some((name, failure)),
            _ => None,
        })
    }

    /// What one check found, if it ran.
    pub fn of_check(&self, check: &str) -> Option<&Finding> {
        self.findings()
            .find_map(|(name, finding)| (name == check).then_some(finding))
    }

    /// The failure of one check.
    pub fn failure(&self, check: &str) -> Option<&Failure> {
        self.failures()
            .find_map(|(name, failure)| (name == check).then_some(failure))
    }
}

impl Verdict {
    /// Whether nothing speaks against the leaf that any client would mind: it is valid, trusted, for these names. What its
    /// operator expects besides changes with a renewal, and an intermediate that is missing is not the leaf's fault.
    pub fn is_leaf_fit(&self) -> bool {
        let failed = |check| self.failure(check).is_some();
        let is_untrusted = failed("trust") && !failed("chain_complete");
        let minded = [
            "lifetime",
            "names",
            "revocation",
            "eku_server",
            "issuer_purpose",
        ];
        !is_untrusted && !minded.into_iter().any(failed)
    }
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
