//! Check `client_auth`: the certificate may also be presented by a client, as a send connector does.

use super::purpose::{self, Purpose};
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Eku, KeyUsage};

pub(super) const CHECK: Check = Check {
    name: "client_auth",
    help: "The leaf may be used by a TLS client too, for connectors that present it outbound.",
    citation: "RFC 5280 §4.2.1.12 (extended key usage) and §4.2.1.3 (key usage); RFC 8446 §4.4.3 (clients sign)",
    kind: Kind::Trust,
    // Public CAs leave clientAuth out of certificates for servers, and few servers need it.
    default: Switch::Off,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let wanted = Purpose {
        purpose: Eku::ClientAuth,
        users: "TLS clients",
        key: KeyUsage::DIGITAL_SIGNATURE,
        lack: "and a TLS client signs with it",
    };
    purpose::judge(evidence, &wanted)
}

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose as Purpose;
    use rcgen::KeyUsagePurpose as Usage;

    use super::super::case::Case;
    use super::*;
    use crate::reason::Reason;

    fn reason(purposes: &[Purpose], usages: &[Usage]) -> Option<Reason> {
        let case = Case::with_leaf(|leaf| {
            leaf.extended_key_usages = purposes.to_vec();
            leaf.key_usages = usages.to_vec();
        });
        case.reason(judge)
    }

    #[test]
    fn clients_need_a_purpose_that_allows_them_and_a_key_that_signs() {
        let (client, server) = (Purpose::ClientAuth, Purpose::ServerAuth);
        let (signs, agrees) = (Usage::DigitalSignature, Usage::KeyAgreement);
        for (purposes, usages, expected) in [
            (&[][..], &[][..], None),
            (&[Purpose::Any], &[signs], None),
            (&[server.clone(), client.clone()], &[signs], None),
            (&[server], &[signs], Some(Reason::EkuMissing)),
            (&[client], &[agrees], Some(Reason::KeyUsageMissing)),
        ] {
            assert_eq!(reason(purposes, usages), expected, "{purposes:?} {usages:?}");
        }
    }

    #[test]
    fn it_runs_only_where_it_is_asked_for() {
        let mut case = Case::new();
        let is_run = |case: &Case| {
            let verdict = super::super::judge(&case.evidence());
            verdict.findings().any(|(name, _)| name == CHECK.name)
        };
        assert!(!is_run(&case));
        case.expectations.switches.insert(CHECK.name, Switch::On);
        assert!(is_run(&case));
    }

    #[test]
    fn nothing_is_judged_without_a_certificate() {
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
