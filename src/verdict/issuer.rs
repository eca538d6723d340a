//! Check `issuer`: the leaf's issuer is the expected name.

use super::subject::compare;
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "issuer",
    help: "The leaf's issuer is the expected distinguished name.",
    citation: "RFC 5280 §7.1 (distinguished names are compared by attribute, not as text)",
    kind: Kind::Identity,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let expected = evidence.expectations.issuer.as_ref();
    compare(evidence, expected, "issuer", Reason::IssuerMismatch, |facts| &facts.issuer)
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;
    use crate::certificate::Dn;

    #[test]
    fn the_issuing_ca_is_compared_and_a_new_one_fails() {
        let mut case = Case::new();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        for (text, reason) in [
            ("O=BearWorld, CN=Bear Issuing CA", None),
            ("CN=Bear Issuing CA 2, O=BearWorld", Some(Reason::IssuerMismatch)),
        ] {
            case.expectations.issuer = Some(Dn::parse(text).unwrap());
            assert_eq!(case.reason(judge), reason, "{text}");
        }
    }
}
