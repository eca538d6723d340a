//! Check `revocation`: nobody who should know says that the certificate is revoked.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{OcspAnswer, CertificateStatus};
use crate::pki::Revocation;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "revocation",
    help: "Neither the configured CRLs nor the stapled OCSP response, whose signature is not verified, call the certificate revoked.",
    citation: "RFC 5280 §6.3 (CRLs); RFC 6960 §2.2 (certificate status); RFC 6066 §8 (stapling)",
    kind: Kind::Revocation,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    if let Err(finding) = evidence.leaf() {
        return finding;
    }
    let staple = evidence.observation.staple.as_ref();
    let answer = staple.and_then(|s| s.as_ref().ok()?.answer);
    if let Some(CertificateStatus::Revoked(since)) = answer.map(|a| a.status) {
        let said = format!("the stapled OCSP response says: revoked at {since}");
        return Finding::fail(Reason::Revoked, said);
    }
    match evidence.revocation {
        Some(Revocation::LeafRevoked) => {
            Finding::fail(Reason::Revoked, "on the CRL of its issuer")
        }
        Some(Revocation::IssuerRevoked) => Finding::fail(
            Reason::Revoked,
            "the certificate of an issuer on its path is on a CRL",
        ),
        Some(Revocation::NotRevoked) => Finding::Pass,
        _ if answer.is_some_and(|answer| clears(&answer, evidence)) => Finding::Pass,
        Some(Revocation::Unknown(why)) => Finding::Unknown(why.clone()),
        None if staple.is_some() => {
            Finding::Unknown("the stapled OCSP response gives no current answer".into())
        }
        None => Finding::NotApplicable("there is neither a CRL nor a stapled OCSP response"),
    }
}

fn clears(answer: &OcspAnswer, evidence: &Evidence<'_>) -> bool {
    answer.status == CertificateStatus::Good && answer.is_current(evidence.now)
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY, NOW};
    use super::*;
    use crate::certificate::Staple;

    fn stapled(status: CertificateStatus, days: i64) -> Case {
        let mut case = Case::new();
        case.observation.staple = Some(Ok(Staple {
            response_status: "successful",
            produced_at: Some(NOW),
            answer: Some(OcspAnswer {
                status,
                this_update: NOW.plus_seconds(-10 * DAY),
                next_update: Some(NOW.plus_seconds(days * DAY)),
            }),
        }));
        case
    }

    fn listed(found: Revocation) -> Case {
        let mut case = Case::new();
        case.revocation = Some(found);
        case
    }

    #[test]
    fn a_clearing_list_or_staple_passes() {
        let listed = listed(Revocation::NotRevoked);
        assert_eq!(judge(&listed.evidence()), Finding::Pass);
        let mut stapled = stapled(CertificateStatus::Good, 1);
        assert_eq!(judge(&stapled.evidence()), Finding::Pass);
        stapled.revocation = Some(Revocation::Unknown("expired".into()));
        assert_eq!(judge(&stapled.evidence()), Finding::Pass);
    }

    #[test]
    fn a_list_or_a_staple_condemns() {
        for found in [Revocation::LeafRevoked, Revocation::IssuerRevoked] {
            let mut case = stapled(CertificateStatus::Good, 1);
            case.revocation = Some(found);
            assert_eq!(case.reason(judge), Some(Reason::Revoked));
        }
        let mut case = stapled(CertificateStatus::Revoked(NOW), -1);
        case.revocation = Some(Revocation::NotRevoked);
        assert_eq!(case.reason(judge), Some(Reason::Revoked));
    }

    #[test]
    fn what_does_not_tell_is_unknown() {
        let mut unreadable = Case::new();
        unreadable.observation.staple = Some(Ok(Staple {
            response_status: "tryLater",
            produced_at: None,
            answer: None,
        }));
        for case in [
            unreadable,
            stapled(CertificateStatus::Good, -1),
            stapled(CertificateStatus::Unknown, 1),
            listed(Revocation::Unknown("expired".into())),
        ] {
            assert!(matches!(judge(&case.evidence()), Finding::Unknown(_)));
        }
    }

    #[test]
    fn nothing_is_asked_without_list_and_staple() {
        for case in [Case::new(), Case::without_certificate()] {
            assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        }
    }
}
