//! Check `mta_sts`: senders that do MTA-STS deliver to an MX host, by the policy that the domain publishes and by those
//! before it that senders may still keep.

use super::check::{Check, Evidence, Finding, Judge, Kind, StsEvidence, Switch};
use super::webpki::webpki;
use crate::facts::published::{KnownPolicy, StsMode};
use crate::name::Host;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "mta_sts",
    help: "Senders that follow the domain's MTA-STS policy, or one before it that they may still keep, deliver here.",
    citation: "RFC 8461 §4.1, §4.2 and §5; PKIX names as in RFC 9525 §6",
    kind: Kind::Published,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let Some(sts) = &evidence.sts else {
        return Finding::NotApplicable("no MTA-STS policy was asked for");
    };
    let now = evidence.now;
    let Some(current) = sts.facts.in_force(now) else {
        return Finding::NotApplicable("no MTA-STS policy was read");
    };
    if current.policy.mode == StsMode::None {
        return Finding::NotApplicable("the MTA-STS policy says mode none");
    }
    let findings = [
        covered(sts, current),
        encrypted(evidence, current),
        certified(evidence, sts, current),
        covered_before(sts, now),
    ];
    worst(findings)
}

/// What keeps mail away is told before what is only reported.
fn worst(findings: [Finding; 4]) -> Finding {
    let rank = |finding: &Finding| match finding {
        Finding::Fail(failure) if !failure.mail_flows => 0,
        Finding::Fail(_) => 1,
        Finding::Unknown(_) => 2,
        Finding::Pass | Finding::Remark(_) | Finding::NotApplicable(_) => 3,
    };
    // The first of the worst.
    let worst = findings.into_iter().min_by_key(rank);
    worst.unwrap_or(Finding::Pass)
}

/// A failure as senders take it under a policy.
fn failed(known: &KnownPolicy, reason: Reason, detail: &str) -> Finding {
    match known.policy.mode {
        StsMode::Enforce => Finding::fail(reason, detail),
        StsMode::Testing | StsMode::None => {
            Finding::weak(reason, format!("testing: only reported: {detail}"))
        }
    }
}

fn covered(sts: &StsEvidence<'_>, current: &KnownPolicy) -> Finding {
    if current.policy.covers(sts.host) {
        return Finding::Pass;
    }
    let detail = format!("{} matches none of {}", sts.host, listed(current));
    failed(current, Reason::StsMxMismatch, &detail)
}

/// Most patterns that a message lists.
const LISTED: usize = 6;

fn listed(known: &KnownPolicy) -> String {
    let patterns = &known.policy.patterns;
    let first = patterns.iter().take(LISTED).map(|pattern| &**pattern);
    let first = first.collect::<Vec<_>>().join(", ");
    match patterns.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn encrypted(evidence: &Evidence<'_>, current: &KnownPolicy) -> Finding {
    match evidence.observation.starttls_offered {
        Some(false) => failed(current, Reason::StsStarttlsMissing, "no STARTTLS"),
        Some(true) | None => Finding::Pass,
    }
}

/// Whether senders accept the certificate: names are those of the MX host, not of the domain (RFC 8461 §4.1).
fn certified(evidence: &Evidence<'_>, sts: &StsEvidence<'_>, current: &KnownPolicy) -> Finding {
    let name = match Host::parse(sts.host) {
        Ok(name) => name,
        Err(error) => return Finding::Unknown(error.to_string()),
    };
    match webpki(evidence.observation, sts.trust, &name, evidence.now) {
        Finding::Fail(failure) => {
            let detail = format!("{}: {}", failure.reason.as_str(), failure.evidence);
            failed(current, Reason::StsCertificateInvalid, &detail)
        }
        Finding::NotApplicable(why) => Finding::Unknown(why.to_owned()),
        finding @ (Finding::Pass | Finding::Remark(_) | Finding::Unknown(_)) => finding,
    }
}

/// Whether the policies before name the host, too, as long as senders may keep them.
fn covered_before(sts: &StsEvidence<'_>, now: Timestamp) -> Finding {
    let skips = |known: &KnownPolicy| {
        let asks = known.policy.mode != StsMode::None;
        asks && known.kept_until() > now && !known.policy.covers(sts.host)
    };
    let failures = sts.facts.former.iter().filter(|former| skips(former));
    // Enforced ones first, of those the one that is kept the longest.
    let strictest = failures.max_by_key(|former| {
        let enforced = former.policy.mode == StsMode::Enforce;
        (enforced, former.kept_until())
    });
    let Some(former) = strictest else {
        return Finding::Pass;
    };
    let detail = format!(
        "the policy before (id {}) lacks {}; senders may keep it until {}",
        former.id,
        sts.host,
        former.kept_until()
    );
    failed(former, Reason::StsCachedMxMismatch, &detail)
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY, NOW};
    use super::super::sts_case::{facts, known, text};
    use super::*;
    use crate::pki::{NoPath, Trust};

    const MX: &[&str] = &["mx.bears.test"];

    fn under(mode: &str, patterns: &[&str]) -> Case {
        with(Case::new(), mode, patterns)
    }

    fn with(mut case: Case, mode: &str, patterns: &[&str]) -> Case {
        case.sts = Some(facts(&text(mode, patterns, 14 * DAY)));
        case.policy_trust = case.trust.clone();
        case.observation.starttls_offered = Some(true);
        case
    }

    fn failure(case: &Case) -> (Reason, String, bool) {
        match judge(&case.evidence()) {
            Finding::Fail(failure) => (failure.reason, failure.evidence, failure.mail_flows),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn senders_deliver_to_a_host_that_fits() {
        for patterns in [MX, &["*.bears.test"], &["mx2.bears.test", "mx.bears.test"]] {
            for mode in ["enforce", "testing"] {
                let case = under(mode, patterns);
                assert_eq!(judge(&case.evidence()), Finding::Pass, "{patterns:?}");
            }
        }
    }

    #[test]
    fn row_host_matches_no_pattern() {
        let other = &["mx2.bears.test", "*.den.bears.test"];
        let told = "mx.bears.test matches none of mx2.bears.test, *.den.bears.test";
        let enforced = (Reason::StsMxMismatch, told.to_owned(), false);
        assert_eq!(failure(&under("enforce", other)), enforced);
        let (reason, detail, mail_flows) = failure(&under("testing", other));
        assert_eq!((reason, mail_flows), (Reason::StsMxMismatch, true));
        assert_eq!(detail, format!("testing: only reported: {told}"));
    }

    #[test]
    fn row_host_is_not_in_a_former_policy_that_is_still_kept() {
        let mut case = under("enforce", MX);
        let former = known(&text("enforce", &["old.bears.test"], DAY));
        case.sts.as_mut().unwrap().former = [former.clone()].into();
        let told = "the policy before (id 1) lacks mx.bears.test; senders may keep it until 2026-06-01T23:00:00Z";
        let kept = (Reason::StsCachedMxMismatch, told.to_owned(), false);
        assert_eq!(failure(&case), kept);
        case.now = NOW.plus_seconds(DAY);
        assert_eq!(judge(&case.evidence()), Finding::Pass, "nobody keeps it");
        case.now = NOW;
        let tested = known(&text("testing", &["old.bears.test"], DAY));
        case.sts.as_mut().unwrap().former = [tested.clone()].into();
        assert!(failure(&case).2, "it is only reported");
        case.sts.as_mut().unwrap().former = [tested, former].into();
        assert_eq!(failure(&case), kept, "the strictest counts");
        let none = known(&text("none", &["old.bears.test"], DAY));
        case.sts.as_mut().unwrap().former = [none].into();
        assert_eq!(judge(&case.evidence()), Finding::Pass);
    }

    #[test]
    fn row_no_starttls() {
        let mut case = with(Case::without_certificate(), "enforce", MX);
        case.observation.starttls_offered = Some(false);
        let (reason, _, mail_flows) = failure(&case);
        assert_eq!((reason, mail_flows), (Reason::StsStarttlsMissing, false));
    }

    #[test]
    fn row_certificate() {
        let mut untrusted = under("enforce", MX);
        untrusted.policy_trust = Some(Trust::None(NoPath::UnknownIssuer { of: 1 }));
        let (reason, detail, mail_flows) = failure(&untrusted);
        assert_eq!((reason, mail_flows), (Reason::StsCertificateInvalid, false));
        assert!(detail.starts_with("unknown_issuer: "), "{detail}");
        let mut ours = under("enforce", MX);
        ours.trust = untrusted.policy_trust;
        assert_eq!(judge(&ours.evidence()), Finding::Pass, "whom senders believe counts");
        let mut expired = under("enforce", MX);
        expired.now = NOW.plus_seconds(91 * DAY);
        expired.sts = Some(facts(&text("enforce", MX, 300 * DAY)));
        let (_, detail, _) = failure(&expired);
        assert!(detail.starts_with("cert_expired: "), "{detail}");
        let other = Case::with_leaf(|leaf| {
            let name = "mail.bears.test".try_into().unwrap();
            leaf.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
        });
        let (_, detail, _) = failure(&with(other, "enforce", MX));
        assert!(detail.starts_with("name_mismatch: does not cover mx.bears.test"), "{detail}");
        let (_, detail, mail_flows) = failure(&with(
            Case::with_leaf(|leaf| leaf.subject_alt_names.clear()),
            "testing",
            MX,
        ));
        assert!(mail_flows && detail.starts_with("testing: only reported: name_mismatch"), "{detail}");
    }

    #[test]
    fn without_a_certificate_nobody_can_tell() {
        let case = with(Case::without_certificate(), "enforce", MX);
        assert!(matches!(judge(&case.evidence()), Finding::Unknown(_)));
        let mut uncovered = with(Case::without_certificate(), "enforce", &["a.test"]);
        assert_eq!(failure(&uncovered).0, Reason::StsMxMismatch);
        uncovered.sts = Some(facts(&text("testing", &["a.test"], DAY)));
        assert!(failure(&uncovered).2);
    }

    #[test]
    fn without_a_policy_in_force_there_is_nothing_to_judge() {
        let is_silent = |case: &Case| matches!(judge(&case.evidence()), Finding::NotApplicable(_));
        assert!(is_silent(&Case::new()), "nobody asked");
        assert!(is_silent(&under("none", &["other.bears.test"])));
        let mut unread = under("enforce", MX);
        unread.sts.as_mut().unwrap().current = None;
        assert!(is_silent(&unread));
        let mut lapsed = under("enforce", &["other.bears.test"]);
        lapsed.now = NOW.plus_seconds(15 * DAY);
        assert!(!is_silent(&lapsed), "it is served");
        lapsed.sts.as_mut().unwrap().fetches = Box::default();
        assert!(is_silent(&lapsed), "nobody serves it, nobody keeps it");
    }
}
