//! Check `signature`: no certificate that clients rely on is signed with a broken hash.

use super::key_strength::relied_upon;
use super::{Check, Evidence, Finding, Kind};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "signature",
    help: "Neither the leaf nor a presented intermediate is signed with MD5 or SHA-1.",
    citation: "RFC 9155; CA/B Baseline Requirements §7.1.3.2 (SHA-256 or better)",
    kind: Kind::Strength,
    judge,
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    if let Err(finding) = evidence.leaf() {
        return finding;
    }
    let mut chain = relied_upon(&evidence.observation.chain);
    match chain.find(|facts| facts.signature_algorithm.is_weak()) {
        Some(facts) => Finding::fail(
            Reason::WeakCrypto,
            format!(
                "'{}' is signed with {}",
                facts.subject.to_exchange(),
                facts.signature_algorithm
            ),
        ),
        None => Finding::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;
    use crate::certificate::Certificate;

    #[test]
    fn sha1_fails() {
        let mut case = Case::new();
        let sha1 = include_bytes!("../../tests/fixtures/certificates/sha1.der");
        case.observation.chain[0] = Certificate::from_der(sha1);
        assert_eq!(case.reason(judge), Some(Reason::WeakCrypto));
    }

    #[test]
    fn sha256_passes() {
        assert_eq!(judge(&Case::new().evidence()), Finding::Pass);
    }

    #[test]
    fn nothing_is_judged_without_a_certificate() {
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
