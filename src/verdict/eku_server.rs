//! Check `eku_server`: the certificate is meant for TLS servers.

use super::{Check, Evidence, Finding, Kind};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "eku_server",
    help: "The leaf may be used by a TLS server: serverAuth, any purpose, or no restriction at all.",
    citation: "RFC 5280 §4.2.1.12 (extended key usage)",
    kind: Kind::Trust,
    judge,
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let facts = match evidence.leaf() {
        Ok((_, facts)) => facts,
        Err(finding) => return finding,
    };
    if facts.allows_server_auth() {
        return Finding::Pass;
    }
    let purposes = facts.extended_key_usage.as_deref().unwrap_or_default();
    let listed: Vec<_> = purposes.iter().map(ToString::to_string).collect();
    Finding::fail(
        Reason::EkuMissing,
        format!("meant for {} only, not for TLS servers", listed.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose as Purpose;

    use super::super::case::Case;
    use super::*;

    fn with_purposes(purposes: &[Purpose]) -> Case {
        Case::with_leaf(|leaf| leaf.extended_key_usages = purposes.to_vec())
    }

    #[test]
    fn server_any_and_unrestricted_pass() {
        for purposes in [
            &[][..],
            &[Purpose::ServerAuth],
            &[Purpose::ClientAuth, Purpose::ServerAuth],
            &[Purpose::Any],
        ] {
            assert_eq!(
                judge(&with_purposes(purposes).evidence()),
                Finding::Pass,
                "{purposes:?}"
            );
        }
    }

    #[test]
    fn a_client_certificate_fails() {
        let case = with_purposes(&[Purpose::ClientAuth]);
        assert_eq!(case.reason(judge), Some(Reason::EkuMissing));
    }

    #[test]
    fn nothing_is_judged_without_a_certificate() {
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
