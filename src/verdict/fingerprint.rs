//! Check `fingerprint`: the leaf is one of the certificates that the operator named.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "fingerprint",
    help: "The leaf has one of the expected SHA-1 or SHA-256 fingerprints.",
    citation: "Microsoft: Get-ExchangeCertificate, Thumbprint (SHA-1 over the DER); Postfix TLS_README, fingerprint",
    kind: Kind::Identity,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let Some(leaf) = evidence.observation.leaf() else {
        return Finding::NotApplicable("no certificate was seen");
    };
    let expected = &evidence.expectations.fingerprints;
    if expected.is_empty() {
        return Finding::NotApplicable("no fingerprint is expected");
    }
    let served = leaf.fingerprints();
    if expected.iter().any(|one| one.matches(served)) {
        return Finding::Pass;
    }
    Finding::fail(
        Reason::FingerprintMismatch,
        format!(
            "SHA-1 {}, SHA-256 {}: none of the {} expected",
            served.sha1_hex(),
            served.sha256_hex(),
            expected.len()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;
    use crate::certificate::Fingerprint;

    #[test]
    fn one_of_several_is_enough() {
        let mut case = Case::new();
        let served = case.observation.chain[0].fingerprints().sha1_hex();
        let other = Fingerprint::parse(&"AB".repeat(32)).unwrap();
        case.expectations.fingerprints = vec![other];
        assert_eq!(case.reason(judge), Some(Reason::FingerprintMismatch));
        let expected = Fingerprint::parse(&served).unwrap();
        case.expectations.fingerprints.push(expected);
        assert_eq!(judge(&case.evidence()), Finding::Pass);
    }

    #[test]
    fn nothing_is_judged_when_nothing_is_expected() {
        assert!(matches!(
            judge(&Case::new().evidence()),
            Finding::NotApplicable(_)
        ));
    }
}
