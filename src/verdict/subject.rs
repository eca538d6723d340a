//! Check `subject`: the leaf's subject is the expected name.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Dn, Facts};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "subject",
    help: "The leaf's subject is the expected distinguished name.",
    citation: "RFC 5280 §7.1 (distinguished names are compared by attribute, not as text)",
    kind: Kind::Identity,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let expected = evidence.expectations.subject.as_ref();
    compare(evidence, expected, "subject", Reason::SubjectMismatch, |facts| &facts.subject)
}

/// Compares one name of the leaf with the expected one, as distinguished names.
pub(super) fn compare(
    evidence: &Evidence<'_>,
    expected: Option<&Dn>,
    what: &str,
    reason: Reason,
    served: fn(&Facts) -> &Dn,
) -> Finding {
    let served = match evidence.leaf() {
        Ok((_, facts)) => served(facts),
        Err(finding) => return finding,
    };
    match expected {
        None => Finding::NotApplicable("no such name is expected"),
        Some(expected) if served.matches(expected) => Finding::Pass,
        Some(expected) => Finding::fail(
            reason,
            format!(
                "{what} is '{}', expected '{}'",
                served.to_exchange(),
                expected.to_exchange()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;

    fn expecting(text: &str) -> Case {
        let mut case = Case::new();
        case.expectations.subject = Some(Dn::parse(text).unwrap());
        case
    }

    #[test]
    fn every_spelling_of_the_name_passes() {
        for text in [
            "CN=mx.bears.test, O=BearWorld",
            "O = bearworld, CN = mx.bears.test",
            "/O=BearWorld/CN=mx.bears.test",
        ] {
            assert_eq!(judge(&expecting(text).evidence()), Finding::Pass, "{text}");
        }
    }

    #[test]
    fn another_name_fails_and_says_both() {
        let case = expecting("CN=other.test, O=BearWorld");
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("the subject is another one");
        };
        assert_eq!(failure.reason, Reason::SubjectMismatch);
        assert!(failure.evidence.contains("mx.bears.test"), "{}", failure.evidence);
        assert!(failure.evidence.contains("other.test"));
    }

    #[test]
    fn nothing_is_judged_when_nothing_is_expected() {
        assert!(matches!(
            judge(&Case::new().evidence()),
            Finding::NotApplicable(_)
        ));
    }
}
