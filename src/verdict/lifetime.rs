//! Check `lifetime`: the dates hold now.

use super::path::relied_upon;
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Certificate, Facts};
use crate::pki::{CertPath, Trust};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "lifetime",
    help: "The leaf, the certificates on its path and the root are neither expired nor not yet valid.",
    citation: "RFC 5280 §4.1.2.5 and §6.1.3 (a)(2)",
    kind: Kind::Dates,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let facts = match evidence.leaf() {
        Ok((_, facts)) => facts,
        Err(finding) => return finding,
    };
    let now = evidence.now;
    if now > facts.not_after {
        let age = days(now.seconds_since(facts.not_after));
        return Finding::fail(
            Reason::CertExpired,
            format!("expired {} ({age} ago)", facts.not_after),
        );
    }
    if now < facts.not_before {
        let wait = days(facts.not_before.seconds_since(now));
        return Finding::fail(
            Reason::CertNotYetValid,
            format!("valid from {} (in {wait})", facts.not_before),
        );
    }
    let finding = match evidence.trust {
        Some(Trust::Path(path)) => judge_path(path, &evidence.observation.chain, facts, now),
        _ => Finding::Pass,
    };
    let odd = relied_upon(evidence).into_iter().find_map(|one| Some((one.facts, one.facts.odd_date.as_ref()?)));
    match (finding, odd) {
        (Finding::Pass, Some((facts, odd))) => Finding::Unknown(odd_date(facts, odd)),
        (finding, _) => finding,
    }
}

/// OpenSSL and GnuTLS take no other form, Go takes some of them: whether the dates hold is up to the client.
fn odd_date(facts: &Facts, odd: &str) -> String {
    format!(
        "of '{}', {odd}, which RFC 5280 §4.1.2.5 forbids and clients refuse",
        facts.subject.to_exchange()
    )
}

/// Only the path that leads to a root counts: an expired certificate that nobody needs hurts nobody.
fn judge_path(path: &CertPath, chain: &[Certificate], leaf: &Facts, now: Timestamp) -> Finding {
    if now > path.valid_until && path.valid_until < leaf.not_after {
        let whose = bearer(path, chain, |facts| facts.not_after == path.valid_until);
        return Finding::fail(
            Reason::ChainExpired,
            format!("{whose} expired {}", path.valid_until),
        );
    }
    if now < path.valid_from {
        let whose = bearer(path, chain, |facts| facts.not_before == path.valid_from);
        return Finding::fail(
            Reason::CertNotYetValid,
            format!("{whose} is valid from {}", path.valid_from),
        );
    }
    Finding::Pass
}

/// Which certificate on the path has this date.
fn bearer(path: &CertPath, chain: &[Certificate], has_it: impl Fn(&Facts) -> bool) -> String {
    let root = path.root.as_ref().and_then(|root| root.facts().ok());
    if let Some(root) = root.filter(|root| has_it(root)) {
        return format!("the root '{}'", root.subject.to_exchange());
    }
    let mut on_path = path.certificates.iter().filter_map(|at| chain.get(*at)?.facts().ok());
    on_path.find(|facts| has_it(facts)).map_or_else(
        || "an intermediate certificate".to_owned(),
        |facts| format!("the intermediate certificate '{}'", facts.subject.to_exchange()),
    )
}

/// A duration in the unit that people think in.
fn days(seconds: i64) -> String {
    match seconds / 86_400 {
        0 => format!("{} h", seconds / 3600),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY, NOW};
    use super::*;

    #[test]
    fn dates_are_judged_for_the_given_moment() {
        let mut case = Case::new();
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        case.now = NOW.plus_seconds(200 * DAY);
        assert_eq!(case.reason(judge), Some(Reason::CertExpired));
        case.now = NOW.plus_seconds(-200 * DAY);
        assert_eq!(case.reason(judge), Some(Reason::CertNotYetValid));
    }

    #[test]
    fn an_intermediate_that_ends_first_counts_once_it_has_ended() {
        let mut case = Case::new();
        case.trust = Some(Trust::Path(CertPath {
            certificates: vec![0, 1],
            anchor: Vec::new(),
            root: None,
            valid_from: NOW.plus_seconds(-DAY),
            valid_until: NOW.plus_seconds(DAY),
        }));
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        case.now = NOW.plus_seconds(2 * DAY);
        assert_eq!(case.reason(judge), Some(Reason::ChainExpired));
    }

    #[test]
    fn nothing_is_said_without_a_certificate() {
        let case = Case::without_certificate();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
    }
}
