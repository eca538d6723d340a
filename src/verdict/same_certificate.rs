//! Check `same_certificate`: no other endpoint of the target serves a newer leaf that is good.

use super::fleet::{KeyGroup, key_kind};
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch, TargetEvidence};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "same_certificate",
    help: "This endpoint serves the newest good leaf of its target (compared among keys of one kind).",
    citation: "A certificate is enabled on every server by itself (Microsoft: Enable-ExchangeCertificate)",
    kind: Kind::Fleet,
    default: Switch::On,
    judge: Judge::Target { whole, here: judge },
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
    match evidence.fleet.kin(&key_kind(facts)) {
        Some(kin) if kin.newest.fingerprint != served => {
            Finding::fail(Reason::CertificatesDiffer, difference(kin))
        }
        Some(_) if evidence.fleet.size() > 1 => Finding::Pass,
        _ => Finding::NotApplicable("only one endpoint showed a certificate"),
    }
}

fn whole(evidence: &TargetEvidence<'_>) -> Finding {
    if !evidence.expectations.same_certificate {
        return Finding::NotApplicable("the endpoints may serve different certificates");
    }
    let kin = evidence.fleets.iter().flat_map(|fleet| fleet.all_kin());
    let told: Vec<_> = kin.filter(|kin| kin.differ()).map(difference).collect();
    if !told.is_empty() {
        return Finding::fail(Reason::CertificatesDiffer, told.join("; "));
    }
    match evidence.fleets.iter().any(|fleet| fleet.size() > 1) {
        true => Finding::Pass,
        false => Finding::NotApplicable("only one endpoint showed a certificate"),
    }
}

/// Who serves another leaf, and who the newest: the first thing to know after a renewal.
fn difference(kin: &KeyGroup) -> String {
    format!(
        "another leaf at {}; the newest (valid until {}) at {}",
        kin.elsewhere,
        kin.newest.validity.1.date(),
        kin.there
    )
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY};
    use super::super::{Fleet, Leaf};
    use super::*;

    /// The case's own leaf at .1, and one issued `days` later at .2.
    fn leaves(case: &Case, days: i64) -> Vec<Leaf> {
        let own = |address: &str| {
            Leaf::new(format!("{address}:25"), &case.observation.chain[0]).unwrap()
        };
        let mut other = own("192.0.2.2");
        if days != 0 {
            other.fingerprint = [7; 32];
            other.validity.0 = other.validity.0.plus_seconds(days * DAY);
            other.validity.1 = other.validity.1.plus_seconds(days * DAY);
        }
        vec![own("192.0.2.1"), other]
    }

    fn fleet(case: &Case, days: i64) -> Fleet {
        Fleet::new(leaves(case, days))
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
    fn of_many_addresses_the_first_are_named() {
        let mut case = Case::new();
        let [own, newer] = leaves(&case, 60).try_into().unwrap();
        let at = |nth: usize| Leaf {
            at: format!("192.0.2.{nth}:25"),
            ..own.clone()
        };
        let all = (1..=32).map(at).chain([newer]).collect();
        case.fleet = Fleet::new(all);
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("a newer leaf is served at one address");
        };
        let told = ", 192.0.2.20:25 and 12 more; the newest";
        assert!(failure.evidence.contains(told), "{}", failure.evidence);
    }

    #[test]
    fn what_is_not_fit_is_no_example() {
        let mut case = Case::new();
        let mut leaves = leaves(&case, 60);
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
