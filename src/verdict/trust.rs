//! Check `trust`: what was presented leads to a trusted root, whatever the dates.

use super::chain_complete::missing_issuer;
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::pki::{NoPath, Trust};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "trust",
    help: "The presented certificates lead to a trusted root; dates are judged by `lifetime` alone.",
    citation: "RFC 5280 §6.1 (path validation), dates left out",
    kind: Kind::Trust,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    let (_, facts) = match evidence.leaf() {
        Ok(leaf) => leaf,
        Err(finding) => return finding,
    };
    let issuer = || facts.issuer.to_exchange();
    match evidence.trust {
        None => Finding::NotApplicable("no certificate was seen"),
        Some(Trust::Path(_) | Trust::Pinned) => Finding::Pass,
        // Whoever gives a CA and its server one name may be believed all the same.
        Some(Trust::None(
            why @ (NoPath::Empty
            | NoPath::Unsupported(_)
            | NoPath::Unreadable(_)
            | NoPath::TooManyWays),
        )) => Finding::Unknown(why.to_string()),
        Some(Trust::None(_)) if facts.is_self_issued() => Finding::fail(
            Reason::SelfSigned,
            format!("signed by itself ({})", facts.subject.to_exchange()),
        ),
        Some(Trust::None(NoPath::UnknownIssuer { of })) => {
            match missing_issuer(&evidence.observation.chain, *of) {
                Some(issuer) if *of == 0 => Finding::fail(
                    Reason::ChainIncomplete,
                    format!("no path to a root: '{issuer}' was not presented"),
                ),
                Some(issuer) => Finding::fail(
                    Reason::UnknownIssuer,
                    format!("the path ends at '{issuer}', which is no known root"),
                ),
                None => Finding::fail(
                    Reason::UnknownIssuer,
                    format!("the path from '{}' ends at an unknown root", issuer()),
                ),
            }
        }
        Some(Trust::None(why @ (NoPath::Invalid(_) | NoPath::CaAsLeaf))) => {
            Finding::fail(Reason::ChainInvalid, why.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, DAY, NOW};
    use super::*;

    fn without_path(why: NoPath) -> Case {
        let mut case = Case::new();
        case.trust = Some(Trust::None(why));
        case
    }

    #[test]
    fn a_path_or_a_pin_passes_whatever_the_dates() {
        let mut case = Case::new();
        case.now = NOW.plus_seconds(1000 * DAY);
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        case.trust = Some(Trust::Pinned);
        assert_eq!(judge(&case.evidence()), Finding::Pass);
    }

    #[test]
    fn the_reasons_are_told_apart() {
        let ends = |of| without_path(NoPath::UnknownIssuer { of });
        assert_eq!(ends(1).reason(judge), Some(Reason::UnknownIssuer));
        assert_eq!(ends(0).reason(judge), Some(Reason::ChainIncomplete));
        let mut own = ends(0);
        own.observation.chain.remove(0);
        assert_eq!(own.reason(judge), Some(Reason::SelfSigned));
        let forged = without_path(NoPath::Invalid("signature".into()));
        assert_eq!(forged.reason(judge), Some(Reason::ChainInvalid));
    }

    #[test]
    fn what_the_library_cannot_verify_is_unknown() {
        let case = without_path(NoPath::Unsupported("version 1".into()));
        assert!(matches!(judge(&case.evidence()), Finding::Unknown(_)));
        let mut own = without_path(NoPath::Unsupported("RSA with 1024 bits".into()));
        own.observation.chain.remove(0);
        assert!(matches!(judge(&own.evidence()), Finding::Unknown(_)));
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
