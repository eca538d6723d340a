//! Check `signature`: no certificate that clients rely on is signed with a broken hash.

use super::path::weakest;
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};

pub(super) const CHECK: Check = Check {
    name: "signature",
    help: "Neither the leaf nor an intermediate that it needs is signed with MD5 or SHA-1.",
    citation: "RFC 9155; CA/B Baseline Requirements §7.1.3.2 (SHA-256 or better)",
    kind: Kind::Strength,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    if let Err(finding) = evidence.leaf() {
        return finding;
    }
    weakest(evidence, |facts| {
        let algorithm = &facts.signature_algorithm;
        let subject = || facts.subject.to_exchange();
        let is_weak = algorithm.is_weak();
        is_weak.then(|| format!("'{}' is signed with {algorithm}", subject()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;
    use crate::certificate::Certificate;
    use crate::reason::Reason;

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
