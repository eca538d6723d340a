//! Check `views_agree`: every view of the target leads to the same leaves.

use super::views::{Outlook, Views};
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch, TargetEvidence};
use crate::certificate::{Certificate, Fingerprints};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "views_agree",
    help: "Every view of the target leads to the same leaves.",
    citation: "RFC 9499 §6 (split DNS, view): one name may lead elsewhere inside than outside",
    kind: Kind::Fleet,
    default: Switch::On,
    judge: Judge::Target { whole, here: judge },
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    match evidence.leaf() {
        Ok(_) => agreement(evidence.views, evidence.now),
        Err(finding) => finding,
    }
}

fn whole(evidence: &TargetEvidence<'_>) -> Finding {
    agreement(evidence.views, evidence.now)
}

fn agreement(views: &Views, now: Timestamp) -> Finding {
    match views.agree() {
        Some(true) => Finding::Pass,
        Some(false) => {
            let told: Vec<_> = views
                .iter()
                .map(|(name, outlook)| format!("{name}: {}", told(outlook, now)))
                .collect();
            Finding::fail(Reason::ViewsDiffer, told.join("; "))
        }
        None if views.iter().count() < 2 => Finding::NotApplicable("the target has one view"),
        None => Finding::Unknown("not every endpoint of every view showed a certificate".into()),
    }
}

/// Most leaves of a view that a message lists.
const LISTED: usize = 4;

fn told(outlook: &Outlook, now: Timestamp) -> String {
    let leaves = outlook.leaves.iter().take(LISTED);
    let mut told: Vec<_> = leaves.map(|leaf| leaf_told(leaf, now)).collect();
    if let more @ 1.. = outlook.leaves.len().saturating_sub(LISTED) {
        told.push(format!("{more} more"));
    }
    if told.is_empty() {
        told.push("no certificate".to_owned());
    }
    told.join(" and ")
}

/// `valid until 2027-03-01 (issuer Bear Issuing CA, SHA-256 0123456789AB)`
fn leaf_told(leaf: &Certificate, now: Timestamp) -> String {
    let fingerprint = short(leaf.fingerprints());
    let Ok(facts) = leaf.facts() else {
        return format!("unreadable (SHA-256 {fingerprint})");
    };
    let fate = match (facts.not_before, facts.not_after) {
        (_, until) if until < now => format!("expired {}", until.date()),
        (from, _) if now < from => format!("not valid before {}", from.date()),
        (_, until) => format!("valid until {}", until.date()),
    };
    let issuer = facts.issuer.short();
    format!("{fate} (issuer {issuer}, SHA-256 {fingerprint})")
}

/// Enough of a fingerprint to tell two leaves apart, and to find them in `check --json`.
fn short(fingerprints: &Fingerprints) -> String {
    fingerprints.sha256_hex().chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY};
    use super::*;

    /// The case's own leaf inside; outside what `outside` says.
    fn seen(case: &Case, outside: Option<&Case>) -> Views {
        let names = ["internal", "external"].map(|name| (name.into(), true));
        let leaf = |case: &Case| case.observation.chain[0].clone();
        let (inside, outside) = (leaf(case), outside.map(leaf));
        let seen = [("internal", Some(&inside)), ("external", outside.as_ref())];
        Views::new(names, seen)
    }

    #[test]
    fn a_split_horizon_is_told_view_by_view() {
        let mut case = Case::new();
        let outside = Case::with_leaf(|leaf| {
            let expired = case.now.plus_seconds(-DAY).0;
            leaf.not_after = time::OffsetDateTime::from_unix_timestamp(expired).unwrap();
        });
        case.views = seen(&case, Some(&outside));
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("the views lead to different leaves");
        };
        assert_eq!(failure.reason, Reason::ViewsDiffer);
        let short = |case: &Case| short(case.observation.chain[0].fingerprints());
        assert_eq!(
            failure.evidence,
            format!(
                "external: expired 2026-05-31 (issuer Bear Issuing CA, SHA-256 {}); \
                 internal: valid until 2026-08-30 (issuer Bear Issuing CA, SHA-256 {})",
                short(&outside),
                short(&case)
            )
        );
    }

    #[test]
    fn the_same_leaf_everywhere_passes() {
        let mut case = Case::new();
        case.views = seen(&case, Some(&case));
        assert_eq!(judge(&case.evidence()), Finding::Pass);
    }

    #[test]
    fn one_view_is_nothing_to_compare_and_silence_no_difference() {
        let mut case = Case::new();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        case.views = seen(&case, None);
        assert!(matches!(judge(&case.evidence()), Finding::Unknown(_)));
    }
}
