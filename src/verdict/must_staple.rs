//! Check `must_staple`: a certificate that promises a stapled OCSP response comes with a usable one.
//!
//! Apart from `revocation`, because the remedy is another (the server's settings, not a new certificate), and
//! because few mail clients insist on the promise, so that it must be possible to switch off this alone.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::CertificateStatus;
use crate::facts::observation::HandshakeSignature;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "must_staple",
    help: "A certificate that must be stapled comes with a current OCSP response about it.",
    citation: "RFC 7633 §4.2.3.1 (TLS feature status_request)",
    kind: Kind::Strength,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let (_, facts) = match evidence.leaf() {
        Ok(leaf) => leaf,
        Err(finding) => return finding,
    };
    if !facts.must_staple {
        return Finding::NotApplicable("the certificate does not promise a stapled OCSP response");
    }
    // Who reads no further than the certificate has not asked for a staple.
    let proof = evidence.observation.signature.as_ref();
    if matches!(proof, None | Some(HandshakeSignature::Unproven)) {
        return Finding::Unknown("the handshake did not get as far as the staple".into());
    }
    match complaint(evidence) {
        Some(why) => Finding::fail(Reason::MustStapleMissing, why),
        None => Finding::Pass,
    }
}

fn complaint(evidence: &Evidence<'_>) -> Option<String> {
    let staple = match &evidence.observation.staple {
        None => return Some("the certificate must be stapled, and no OCSP response was".into()),
        Some(Err(why)) => return Some(format!("the stapled OCSP response cannot be read: {why}")),
        Some(Ok(staple)) => staple,
    };
    let Some(answer) = &staple.answer else {
        return Some(match staple.response_status {
            "successful" => "the stapled OCSP response is about another certificate".into(),
            status => format!("the stapled OCSP response is no answer but {status}"),
        });
    };
    if answer.status == CertificateStatus::Unknown {
        return Some("the stapled OCSP response says: unknown certificate".into());
    }
    (!answer.is_current(evidence.now)).then(|| match answer.next_update {
        Some(end) if end <= evidence.now => format!("the stapled OCSP response ended at {end}"),
        _ => format!(
            "the stapled OCSP response begins at {}",
            answer.this_update
        ),
    })
}

#[cfg(test)]
mod tests {
    use rcgen::CustomExtension;

    use super::super::case::{Case, DAY, NOW};
    use super::*;
    use crate::certificate::{OcspAnswer, Staple, Unreadable};

    fn must_staple(staple: Option<Result<Staple, Unreadable>>) -> Case {
        // A SEQUENCE of one INTEGER, 5: status_request.
        let feature = CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 5, 5, 7, 1, 24],
            vec![0x30, 3, 2, 1, 5],
        );
        let mut case = Case::with_leaf(|leaf| leaf.custom_extensions.push(feature));
        case.observation.signature = Some(HandshakeSignature::Verified);
        case.observation.staple = staple;
        case
    }

    fn staple(status: CertificateStatus, from: i64, until: i64) -> Staple {
        Staple {
            response_status: "successful",
            produced_at: Some(NOW),
            answer: Some(OcspAnswer {
                status,
                this_update: NOW.plus_seconds(from * DAY),
                next_update: Some(NOW.plus_seconds(until * DAY)),
            }),
        }
    }

    #[test]
    fn a_current_answer_passes_whatever_it_says() {
        for status in [CertificateStatus::Good, CertificateStatus::Revoked(NOW)] {
            let case = must_staple(Some(Ok(staple(status, -1, 1))));
            assert_eq!(judge(&case.evidence()), Finding::Pass);
        }
    }

    #[test]
    fn everything_else_fails() {
        let silent = |response_status| Staple {
            response_status,
            produced_at: None,
            answer: None,
        };
        let garbage = Unreadable {
            why: "no OCSP response".into(),
            length: 7,
        };
        for (staple, why) in [
            (None, "no OCSP response was"),
            (Some(Err(garbage)), "no OCSP response (7 bytes)"),
            (Some(Ok(silent("tryLater"))), "tryLater"),
            (Some(Ok(silent("successful"))), "another certificate"),
            (Some(Ok(staple(CertificateStatus::Unknown, -1, 1))), "unknown"),
            (Some(Ok(staple(CertificateStatus::Good, -2, -1))), "ended at 2026-05-31"),
            (Some(Ok(staple(CertificateStatus::Good, 1, 2))), "begins at 2026-06-02"),
        ] {
            let case = must_staple(staple);
            let Finding::Fail(failure) = judge(&case.evidence()) else {
                panic!("{why}");
            };
            assert_eq!(failure.reason, Reason::MustStapleMissing);
            assert!(failure.evidence.contains(why), "{}", failure.evidence);
        }
    }

    #[test]
    fn who_promises_nothing_need_not_staple() {
        for case in [Case::new(), Case::without_certificate()] {
            assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        }
    }

    #[test]
    fn who_was_not_asked_is_unknown() {
        let mut case = must_staple(None);
        for proof in [None, Some(HandshakeSignature::Unproven)] {
            case.observation.signature = proof;
            assert!(matches!(judge(&case.evidence()), Finding::Unknown(_)));
        }
    }
}
