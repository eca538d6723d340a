//! Check `key_strength`: the keys are long enough.

use super::path::weakest;
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Key, KeyKind};

pub(super) const CHECK: Check = Check {
    name: "key_strength",
    help: "The leaf and the intermediates that it needs have keys of at least 112 bits of security.",
    citation: "NIST SP 800-57 part 1, table 2; CA/B Baseline Requirements §6.1.5 (RSA 2048, P-256)",
    kind: Kind::Strength,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    if let Err(finding) = evidence.leaf() {
        return finding;
    }
    weakest(evidence, |facts| {
        let why = weakness(&facts.key)?;
        Some(format!("{why} of '{}'", facts.subject.to_exchange()))
    })
}

fn weakness(key: &Key) -> Option<String> {
    let bits = key.bits?;
    let enough = match key.kind {
        KeyKind::Rsa | KeyKind::RsaPss => 2048,
        KeyKind::Ec(_) => 256,
        // FIPS 186-5 allows DSA for no new signature.
        KeyKind::Dsa => u32::MAX,
        _ => return None,
    };
    (bits < enough).then(|| format!("{} key of {bits} bits", key.kind))
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;
    use crate::certificate::Certificate;
    use crate::reason::Reason;

    fn with_leaf(der: &[u8]) -> Case {
        let mut case = Case::new();
        case.observation.chain[0] = Certificate::from_der(der);
        case
    }

    #[test]
    fn short_rsa_keys_fail() {
        let rsa_1024 = include_bytes!("../../tests/fixtures/certificates/rsa-1024.der");
        assert_eq!(
            with_leaf(rsa_1024).reason(judge),
            Some(Reason::WeakCrypto)
        );
    }

    #[test]
    fn a_p256_key_passes() {
        assert_eq!(judge(&Case::new().evidence()), Finding::Pass);
    }

    #[test]
    fn nothing_is_judged_without_a_certificate() {
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
