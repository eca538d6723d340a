//! Check `same_certificate`: no other endpoint of the target serves a newer leaf that is good.

use super::fleet::key_kind;
use super::{Check, Evidence, Finding, Kind, Fleet, Leaf};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "same_certificate",
    help: "This endpoint serves the newest good leaf of its target (compared among keys of one kind).",
    citation: "A certificate is enabled on every server by itself (Microsoft: Enable-ExchangeCertificate)",
    kind: Kind::Fleet,
    judge,
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let (leaf, facts) = match evidence.leaf() {
        Ok(leaf) => leaf,
        Err(finding) => return finding,
    };
    if !evidence.expectations.same_certificate {
        return Finding::NotApplicable("the endpoints may serve different certificates");
    }
    let served = leaf.fingerprints().sha256;
    match evidence.fleet.newest(&key_kind(facts)) {
        Some(newest) if newest.fingerprint != served => Finding::fail(
            Reason::CertificatesDiffer,
            difference(newest, evidence.fleet),
        ),
        Some(_) if evidence.fleet.leaves().len() > 1 => Finding::Pass,
        _ => Finding::NotApplicable("only one endpoint showed a certificate"),
    }
}

/// Who serves another leaf, and who the newest: the first thing to know after a renewal.
fn difference(newest: &Leaf, fleet: &Fleet) -> String {
    let same = fleet
        .leaves()
        .iter()
        .filter(|leaf| leaf.fingerprint == newest.fingerprint);
    format!(
        "another leaf at {}; the newest (valid until {}) at {}",
        addresses(fleet.others(newest)),
        newest.validity.1.date(),
        addresses(same)
    )
}

/// Most addresses that a message lists.
const LISTED: usize = 20;

fn addresses<'a>(leaves: impl Iterator<Item = &'a Leaf>) -> String {
    let all: Vec<_> = leaves.map(|leaf| leaf.at.as_str()).collect();
    let listed: Vec<_> = all.iter().take(LISTED).copied().collect();
    match all.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY};
    use super::*;

    /// The case's own leaf at .1, and one issued `days` later at .2.
    fn fleet(case: &Case, days: i64) -> Fleet {
        let own = |address: &str| {
            Leaf::new(format!("{address}:25"), &case.observation.chain[0]).unwrap()
        };
        let mut other = own("192.0.2.2");
        if days != 0 {
            other.fingerprint = [7; 32];
            other.validity.0 = other.validity.0.plus_seconds(days * DAY);
            other.validity.1 = other.validity.1.plus_seconds(days * DAY);
        }
        Fleet::new(vec![own("192.0.2.1"), other])
    }

    #[test]
    fn the_older_leaf_fails_and_its_addresses_are_named() {
        let mut case = Case::new();
        case.fleet = fleet(&case, 60);
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("a newer leaf is served at 192.0.2.2");
        };
        assert_eq!(failure.reason, Reason::CertificatesDiffer);
        assert_eq!(
            failure.evidence,
            "another leaf at 192.0.2.1:25; the newest (valid until 2026-10-29) at 192.0.2.2:25"
        );
    }

    #[test]
    fn what_is_not_fit_is_no_example() {
        let mut case = Case::new();
        let mut leaves = fleet(&case, 60).leaves().to_vec();
        leaves[1].is_fit = false;
        case.fleet = Fleet::new(leaves.clone());
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        leaves[0].is_fit = false;
        case.fleet = Fleet::new(leaves);
        assert!(matches!(judge(&case.evidence()), Finding::Fail(_)));
    }

    #[test]
    fn the_newest_leaf_and_equal_leaves_pass() {
        for days in [-60, 0] {
            let mut case = Case::new();
            case.fleet = fleet(&case, days);
            assert_eq!(judge(&case.evidence()), Finding::Pass);
        }
    }

    #[test]
    fn a_single_endpoint_or_a_waiver_leaves_nothing_to_judge() {
        let mut case = Case::new();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        case.fleet = fleet(&case, 60);
        case.expectations.same_certificate = false;
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
    }
}
