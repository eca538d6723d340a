//! Check `names`: the certificate covers every expected name.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::{Facts, SubjectName};
use crate::name::Host;
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "names",
    help: "The leaf's subject alternative names cover every expected name.",
    citation: "RFC 9525 §6 (names only from subjectAltName, wildcard as the whole left-most label)",
    kind: Kind::Identity,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let facts = match evidence.leaf() {
        Ok((_, facts)) => facts,
        Err(finding) => return finding,
    };
    let own = evidence.server_name.cloned().map(|name| vec![name]);
    let expected = evidence.expectations.names.clone().or(own);
    let expected = expected.unwrap_or_default();
    if expected.is_empty() {
        return Finding::NotApplicable("no name is expected");
    }
    match expected.iter().find(|name| !facts.covers(name)) {
        None => Finding::Pass,
        Some(name) => Finding::fail(Reason::NameMismatch, uncovered(name, facts)),
    }
}

/// Most names that a message lists.
const LISTED: usize = 6;

fn uncovered(name: &Host, facts: &Facts) -> String {
    let listed: Vec<_> = facts
        .names
        .iter()
        .take(LISTED)
        .map(ToString::to_string)
        .collect();
    let more = match facts.names.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = if listed.is_empty() {
        "it has no subject alternative name".to_owned()
    } else {
        format!("it names {}{more}", listed.join(", "))
    };
    let only_common_name = facts
        .common_names
        .iter()
        .any(|cn| Host::parse(cn).as_ref() == Ok(name));
    let with_a_dot = |listed: &SubjectName| match listed {
        SubjectName::Dns(text) => text.strip_suffix('.').is_some_and(|text| text == name.to_string()),
        SubjectName::Ip(_) | SubjectName::Other(_) => false,
    };
    let remark = if facts.names.iter().any(with_a_dot) {
        "; a name with a dot at its end covers nothing"
    } else if only_common_name {
        "; the common name alone counts for Exchange, not for other clients"
    } else {
        ""
    };
    format!("does not cover {name}: {named}{remark}")
}

#[cfg(test)]
mod tests {
    use rcgen::SanType;

    use super::super::case::Case;
    use super::*;

    fn expecting(names: &[&str]) -> Case {
        let mut case = Case::new();
        let names = names.iter().map(|n| Host::parse(n).unwrap());
        case.expectations.names = Some(names.collect());
        case
    }

    #[test]
    fn all_expected_names_must_be_covered() {
        assert_eq!(
            judge(&expecting(&["MX.bears.test"]).evidence()),
            Finding::Pass
        );
        let case = expecting(&["mx.bears.test", "relay.bears.test"]);
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("relay.bears.test is not in the certificate");
        };
        assert_eq!(failure.reason, Reason::NameMismatch);
        assert_eq!(
            failure.evidence,
            "does not cover relay.bears.test: it names mx.bears.test"
        );
    }

    #[test]
    fn the_common_name_alone_does_not_cover() {
        let mut case = Case::with_leaf(|leaf| leaf.subject_alt_names.clear());
        case.expectations.names = Some(vec![Host::parse("mx.bears.test").unwrap()]);
        assert_eq!(case.reason(judge), Some(Reason::NameMismatch));
    }

    #[test]
    fn a_dot_at_the_end_covers_nothing() {
        let mut case = Case::with_leaf(|leaf| {
            let name = "mx.bears.test.".try_into().unwrap();
            leaf.subject_alt_names = vec![SanType::DnsName(name)];
        });
        case.expectations.names = Some(vec![Host::parse("mx.bears.test").unwrap()]);
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("no client takes it");
        };
        let remark = "it names mx.bears.test.; a name with a dot at its end covers nothing";
        assert!(failure.evidence.ends_with(remark), "{}", failure.evidence);
    }

    #[test]
    fn the_server_name_is_expected_unless_others_are() {
        let mut case = Case::new();
        case.server_name = Host::parse("relay.bears.test").ok();
        assert_eq!(case.reason(judge), Some(Reason::NameMismatch));
        case.expectations.names = Some(vec![Host::parse("mx.bears.test").unwrap()]);
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        case.expectations.names = Some(Vec::new());
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
    }

    #[test]
    fn without_an_expected_name_there_is_nothing_to_judge() {
        let case = Case::new();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
    }
}
