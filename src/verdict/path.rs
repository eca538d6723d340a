//! What was presented to the certificates that a client relies on; finds no path itself.

use super::check::{Evidence, Finding};
use crate::certificate::{Certificate, Facts};
use crate::pki::Trust;
use crate::reason::Reason;

/// One certificate that a client relies on.
pub(super) struct ReliedUpon<'a> {
    pub(super) facts: &'a Facts,
    /// How many intermediates stand between it and the leaf, those that issued themselves aside (RFC 5280 §4.2.1.9).
    pub(super) below: u32,
}

/// The leaf, and then its issuers on the path to the root, without the root: nobody relies on what a server says about
/// roots. What no path needs is not among them, as clients never look at it.
///
/// Where no path is known it is all that names lead to: each may be the one that a client takes.
pub(super) fn relied_upon<'a>(evidence: &Evidence<'a>) -> Vec<ReliedUpon<'a>> {
    let chain = &evidence.observation.chain;
    match evidence.trust {
        Some(Trust::Path(path)) => along(path.certificates.iter().filter_map(|i| chain.get(*i))),
        Some(Trust::Pinned) => along(chain.iter().take(1)),
        Some(Trust::None(_)) | None => by_name(chain),
    }
}

/// Fails for the first certificate that a client relies on and `weakness` complains of. What no path needs is worth a
/// remark.
pub(super) fn weakest(
    evidence: &Evidence<'_>,
    weakness: impl Fn(&Facts) -> Option<String>,
) -> Finding {
    let members = relied_upon(evidence);
    if let Some(why) = members.iter().find_map(|one| weakness(one.facts)) {
        return Finding::fail(Reason::WeakCrypto, why);
    }
    let besides = needless(evidence, &members);
    match besides.into_iter().find_map(weakness) {
        Some(why) => Finding::Remark(format!("{why}, which no path needs")),
        None => Finding::Pass,
    }
}

/// What was presented besides, roots aside.
fn needless<'a>(evidence: &Evidence<'a>, members: &[ReliedUpon<'_>]) -> Vec<&'a Facts> {
    let is_needed = |facts: &Facts| members.iter().any(|one| std::ptr::eq(one.facts, facts));
    let all = evidence.observation.chain.iter().skip(1);
    all.filter_map(|certificate| certificate.facts().ok())
        .filter(|facts| !facts.is_self_issued() && !is_needed(facts))
        .collect()
}

fn along<'a>(path: impl Iterator<Item = &'a Certificate>) -> Vec<ReliedUpon<'a>> {
    let mut members: Vec<ReliedUpon<'a>> = Vec::new();
    for facts in path.filter_map(|certificate| certificate.facts().ok()) {
        let issuers = members.iter().skip(1);
        let between = issuers.filter(|issuer| !issuer.facts.is_self_issued());
        let below = u32::try_from(between.count()).unwrap_or(u32::MAX);
        members.push(ReliedUpon { facts, below });
    }
    members
}

/// Level by level, each certificate once, so that names that go round in circles end.
fn by_name(chain: &[Certificate]) -> Vec<ReliedUpon<'_>> {
    let mut presented = chain.iter().filter_map(|c| c.facts().ok());
    let Some(leaf) = presented.next() else {
        return Vec::new();
    };
    let (mut members, mut level, mut below) = (Vec::new(), vec![leaf], 0);
    let mut others: Vec<_> = presented.filter(|facts| !facts.is_self_issued()).collect();
    while !level.is_empty() {
        let issued = |facts: &&Facts| level.iter().any(|one| facts.is_named_as_issuer_of(one));
        let (next, rest) = others.into_iter().partition(issued);
        let is_leaf = members.is_empty();
        members.extend(level.into_iter().map(|facts| ReliedUpon { facts, below }));
        below += u32::from(!is_leaf);
        (level, others) = (next, rest);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, ca};
    use super::*;
    use crate::pki::NoPath;

    const LEAF: &str = "O=BearWorld, CN=mx.bears.test";
    const ISSUER: &str = "O=BearWorld, CN=Bear Issuing CA";
    const OLD: &str = "O=BearWorld, CN=Old Root";

    /// The usual chain, and behind it one that no name leads to.
    fn with_a_stray(trust: Trust) -> Case {
        let mut case = Case::new();
        case.observation.chain[1] = ca("Bear Issuing CA", "Bear Root", |_| ());
        case.observation
            .chain
            .push(ca("Old Root", "Older Root", |_| ()));
        case.trust = Some(trust);
        case
    }

    fn untrusted() -> Trust {
        Trust::None(NoPath::UnknownIssuer { of: 0 })
    }

    fn names(case: &Case) -> Vec<String> {
        let members = relied_upon(&case.evidence());
        let names = members.iter().map(|one| one.facts.subject.to_exchange());
        names.collect()
    }

    /// Complains of the certificates of this name.
    fn complain(case: &Case, of: &str) -> Finding {
        weakest(&case.evidence(), |facts| {
            (facts.subject.to_exchange() == of).then(|| "weak".to_owned())
        })
    }

    #[test]
    fn what_no_path_needs_is_a_remark() {
        for trust in [Case::new().trust.unwrap(), untrusted(), Trust::Pinned] {
            let case = with_a_stray(trust);
            let finding = complain(&case, OLD);
            assert_eq!(finding, Finding::Remark("weak, which no path needs".into()));
            assert_eq!(finding.as_str(), "pass");
            assert_eq!(complain(&case, LEAF).as_str(), "fail");
        }
        let pinned = with_a_stray(Trust::Pinned);
        assert_eq!(complain(&pinned, ISSUER).as_str(), "pass");
    }

    #[test]
    fn without_a_path_names_lead_and_roots_are_left_out() {
        let mut case = with_a_stray(untrusted());
        assert_eq!(names(&case), [LEAF, ISSUER]);
        case.observation.chain[1] = ca("Bear Issuing CA", "Bear Issuing CA", |_| ());
        assert_eq!(names(&case), [LEAF]);
    }

    #[test]
    fn names_that_go_round_in_circles_end() {
        let mut case = with_a_stray(untrusted());
        case.observation
            .chain
            .push(ca("Bear Root", "Bear Issuing CA", |_| ()));
        case.observation
            .chain
            .push(ca("Bear Issuing CA", "Bear Root", |_| ()));
        let members = relied_upon(&case.evidence());
        let below: Vec<_> = members.iter().map(|one| one.below).collect();
        assert_eq!(
            below,
            [0, 0, 0, 1],
            "the leaf, two issuers of one name, their issuer"
        );
    }
}
