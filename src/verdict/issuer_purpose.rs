//! Check `issuer_purpose`: the issuers may issue what they issued.

use super::path::{ReliedUpon, relied_upon};
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Facts, KeyUsage};
use crate::pki::Trust;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "issuer_purpose",
    help: "The issuers on the path are CAs, may sign certificates, and issue for TLS servers.",
    citation: "RFC 5280 §4.2.1.3 (keyCertSign), §4.2.1.9 (CA, path length), §4.2.1.12 (extended key usage)",
    kind: Kind::Trust,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    if let Err(finding) = evidence.leaf() {
        return finding;
    }
    let members = relied_upon(evidence);
    let issuers = members.get(1..).unwrap_or_default();
    let root = match evidence.trust {
        Some(Trust::Path(path)) => path.root.as_ref().and_then(|root| root.facts().ok()),
        Some(Trust::Pinned | Trust::None(_)) | None => None,
    };
    let complaints = issuers.iter().map(|one| (one.facts, misplaced(one).or_else(|| misused(one.facts))));
    // Whether a root may issue at all is said when its path is searched; a purpose it may have as well.
    let of_root = root.map(|root| (root, misused(root)));
    let mut all = complaints.chain(of_root);
    let bad = all.find_map(|(facts, why)| Some((facts, why?)));
    bad.map_or(Finding::Pass, |(facts, why)| {
        let subject = facts.subject.to_exchange();
        Finding::fail(Reason::IssuerUnfit, format!("the certificate of '{subject}' {why}"))
    })
}

/// Where it stands on the path.
fn misplaced(issuer: &ReliedUpon<'_>) -> Option<String> {
    let facts = issuer.facts;
    let length = facts.basic_constraints.and_then(|c| c.path_length);
    // Before version 3 a certificate cannot say so (RFC 5280 §6.1.4 k).
    if facts.version >= 3 && !facts.is_ca() {
        return Some("is not one for a CA (RFC 5280 §4.2.1.9)".into());
    }
    let length = length.filter(|length| issuer.below > *length)?;
    let below = issuer.below;
    Some(format!("allows {length} CAs below it, and there are {below} (RFC 5280 §4.2.1.9)"))
}

/// What it is used for.
fn misused(facts: &Facts) -> Option<String> {
    if let Some(usage) = facts.key_usage.filter(|u| !u.allows(KeyUsage::KEY_CERT_SIGN)) {
        return Some(format!("allows {usage}, but not keyCertSign (RFC 5280 §4.2.1.3)"));
    }
    (!facts.allows_server_auth()).then(|| {
        let purposes = facts.extended_key_usage.as_deref().unwrap_or_default();
        let listed: Vec<_> = purposes.iter().map(ToString::to_string).collect();
        let listed = listed.join(", ");
        format!("is for {listed} only, not for TLS servers (RFC 5280 §4.2.1.12)")
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose as Purpose, IsCa,
        KeyUsagePurpose as Usage,
    };

    use super::super::case::{Case, ca};
    use super::*;
    use crate::pki::NoPath;

    /// A leaf below two CAs; `change` makes the upper one different.
    fn below(change: impl FnOnce(&mut CertificateParams)) -> Case {
        let mut case = Case::new();
        case.observation.chain[1] = ca("Bear Issuing CA", "Bear Policy CA", |_| ());
        case.observation.chain.push(ca("Bear Policy CA", "Bear Root", change));
        let Some(Trust::Path(path)) = &mut case.trust else {
            panic!("there is a path");
        };
        path.certificates = vec![0, 1, 2];
        case
    }

    #[track_caller]
    fn fails(case: &Case, says: &str) {
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("{says}");
        };
        assert_eq!(failure.reason, Reason::IssuerUnfit);
        let said = failure.evidence;
        assert!(said.contains("'O=BearWorld, CN=Bear Policy CA'"), "{said}");
        assert!(said.ends_with(says), "{said}");
    }

    #[test]
    fn unrestricted_issuers_and_those_for_servers_pass() {
        assert_eq!(judge(&below(|_| ()).evidence()), Finding::Pass);
        for purpose in [Purpose::ServerAuth, Purpose::Any] {
            let case = below(|ca| {
                ca.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
                ca.extended_key_usages = vec![Purpose::ClientAuth, purpose];
                ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
            });
            assert_eq!(judge(&case.evidence()), Finding::Pass);
        }
    }

    #[test]
    fn what_an_issuer_may_not_do_is_said_with_its_section() {
        let clients = |ca: &mut CertificateParams| {
            ca.extended_key_usages = vec![Purpose::ClientAuth, Purpose::EmailProtection];
        };
        fails(
            &below(clients),
            "is for clientAuth, emailProtection only, not for TLS servers (RFC 5280 §4.2.1.12)",
        );
        fails(
            &below(|ca| ca.key_usages = vec![Usage::DigitalSignature]),
            "allows digitalSignature, but not keyCertSign (RFC 5280 §4.2.1.3)",
        );
        fails(
            &below(|ca| ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
            "allows 0 CAs below it, and there are 1 (RFC 5280 §4.2.1.9)",
        );
        fails(
            &below(|ca| ca.is_ca = IsCa::ExplicitNoCa),
            "is not one for a CA (RFC 5280 §4.2.1.9)",
        );
    }

    #[test]
    fn the_issuers_of_an_unknown_root_are_judged_by_name() {
        let mut case = below(|ca| ca.extended_key_usages = vec![Purpose::CodeSigning]);
        case.trust = Some(Trust::None(NoPath::UnknownIssuer { of: 2 }));
        assert_eq!(case.reason(judge), Some(Reason::IssuerUnfit));
    }

    #[test]
    fn a_root_may_have_a_purpose_too() {
        let for_clients = |ca: &mut CertificateParams| {
            ca.extended_key_usages = vec![Purpose::ClientAuth];
        };
        let mut case = below(|_| ());
        for (root, reason) in [
            (ca("Bear Root", "Bear Root", |_| ()), None),
            (ca("Bear Root", "Bear Root", for_clients), Some(Reason::IssuerUnfit)),
        ] {
            if let Some(Trust::Path(path)) = &mut case.trust {
                path.root = Some(root);
            }
            assert_eq!(case.reason(judge), reason);
        }
    }

    #[test]
    fn what_nobody_relies_on_may_be_for_anything() {
        let mut case = below(|ca| ca.extended_key_usages = vec![Purpose::CodeSigning]);
        if let Some(Trust::Path(path)) = &mut case.trust {
            path.certificates = vec![0, 1];
        }
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        case.trust = Some(Trust::Pinned);
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
