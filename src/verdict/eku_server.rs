//! Check `eku_server`: the certificate is meant for TLS servers.

use super::purpose::{self, Purpose};
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Eku, KeyUsage};

pub(super) const CHECK: Check = Check {
    name: "eku_server",
    help: "The leaf may be used by a TLS server: serverAuth, any purpose, or no restriction; and its key for TLS at all.",
    citation: "RFC 5280 §4.2.1.12 (extended key usage) and §4.2.1.3 (key usage)",
    kind: Kind::Trust,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let wanted = Purpose {
        purpose: Eku::ServerAuth,
        users: "TLS servers",
        key: IN_TLS,
        lack: "for nothing in TLS (RFC 5280 §4.2.1.3)",
    };
    purpose::judge(evidence, &wanted)
}

/// What TLS can do with a server's key, in whatever key exchange. OpenSSL wants one of them, whichever.
const IN_TLS: KeyUsage = KeyUsage::DIGITAL_SIGNATURE
    .or(KeyUsage::KEY_ENCIPHERMENT)
    .or(KeyUsage::KEY_AGREEMENT);

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose as Purpose;
    use rcgen::KeyUsagePurpose as Usage;

    use super::super::case::Case;
    use super::*;
    use crate::reason::Reason;

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
    fn a_key_that_may_do_nothing_in_tls_fails() {
        let with_usages = |usages: &[Usage]| {
            Case::with_leaf(|leaf| leaf.key_usages = usages.to_vec()).reason(judge)
        };
        let of_a_ca = [Usage::KeyCertSign, Usage::CrlSign];
        assert_eq!(with_usages(&of_a_ca), Some(Reason::KeyUsageMissing));
        for one in [Usage::DigitalSignature, Usage::KeyEncipherment, Usage::KeyAgreement] {
            assert_eq!(with_usages(&[Usage::ContentCommitment, one]), None);
        }
    }

    #[test]
    fn nothing_is_judged_without_a_certificate() {
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
