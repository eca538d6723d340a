//! Check `tls_certificate_name`: the string in Exchange's connector names this certificate.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::TlsCertificateName;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "tls_certificate_name",
    help: "Issuer and subject are those that the connector's TlsCertificateName names.",
    citation: "Microsoft: Set-SendConnector -TlsCertificateName, \"<I>issuer<S>subject\"; both must equal the certificate's",
    kind: Kind::Identity,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let facts = match evidence.leaf() {
        Ok((_, facts)) => facts,
        Err(finding) => return finding,
    };
    let Some(expected) = &evidence.expectations.tls_certificate_name else {
        return Finding::NotApplicable("no TlsCertificateName is expected");
    };
    if expected.matches(facts) {
        return Finding::Pass;
    }
    let served = TlsCertificateName::of(facts);
    let what = match (
        facts.issuer.matches(&expected.issuer),
        facts.subject.matches(&expected.subject),
    ) {
        (false, true) => "another issuer",
        (true, false) => "another subject",
        _ => "another issuer and subject",
    };
    Finding::fail(
        Reason::TlsCertificateNameMismatch,
        format!("{what}: the connector names '{expected}', the server presents '{served}'"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;

    fn expecting(text: &str) -> Case {
        let mut case = Case::new();
        case.expectations.tls_certificate_name = Some(TlsCertificateName::parse(text).unwrap());
        case
    }

    #[test]
    fn issuer_and_subject_must_both_be_named() {
        let good =
            expecting("<I>CN=Bear Issuing CA, O=BearWorld<S>CN=mx.bears.test, O=BearWorld");
        assert_eq!(judge(&good.evidence()), Finding::Pass);
        for (text, what) in [
            (
                "<I>CN=Old CA, O=BearWorld<S>CN=mx.bears.test, O=BearWorld",
                "another issuer:",
            ),
            (
                "<I>CN=Bear Issuing CA, O=BearWorld<S>CN=relay.bears.test",
                "another subject:",
            ),
        ] {
            let Finding::Fail(failure) = judge(&expecting(text).evidence()) else {
                panic!("{text}");
            };
            assert_eq!(failure.reason, Reason::TlsCertificateNameMismatch);
            assert!(failure.evidence.starts_with(what), "{}", failure.evidence);
        }
    }

    #[test]
    fn nothing_is_judged_when_nothing_is_expected() {
        assert!(matches!(
            judge(&Case::new().evidence()),
            Finding::NotApplicable(_)
        ));
    }
}
