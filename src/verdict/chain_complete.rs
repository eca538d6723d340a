//! Check `chain_complete`: no intermediate certificate is missing from what was presented.

use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use crate::certificate::Certificate;
use crate::pki::{NoPath, Trust};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "chain_complete",
    help: "The server presents every intermediate certificate, so that no client has to fetch one.",
    citation: "RFC 8446 §4.4.2 and RFC 5246 §7.4.2 (certificate_list); Exchange Online fetches none",
    kind: Kind::Trust,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

fn judge(evidence: &Evidence<'_>) -> Finding {
    if let Err(finding) = evidence.leaf() {
        return finding;
    }
    let no_path = match evidence.trust {
        None => return Finding::NotApplicable("no certificate was seen"),
        Some(Trust::Path(_) | Trust::Pinned) => return Finding::Pass,
        Some(Trust::None(why)) => why,
    };
    let missing = |of: usize| missing_issuer(&evidence.observation.chain, of);
    match no_path {
        NoPath::UnknownIssuer { of } => match missing(*of) {
            None => Finding::Pass,
            Some(issuer) if *of == 0 => Finding::fail(
                Reason::ChainIncomplete,
                format!("'{issuer}' was not presented and is no known root"),
            ),
            // Roots seldom issue a leaf. Further up it may as well be one, which servers rightly leave out.
            Some(_) => {
                Finding::NotApplicable("what was not presented may be a root, which need not be")
            }
        },
        // It leads to a root, though not validly, or not by what is verified here.
        NoPath::Unsupported(_) => Finding::Pass,
        NoPath::CaAsLeaf if missing(0).is_none() => Finding::Pass,
        NoPath::Empty
        | NoPath::CaAsLeaf
        | NoPath::Invalid(_)
        | NoPath::Unreadable(_)
        | NoPath::TooManyWays => Finding::Unknown("the chain cannot be verified".to_owned()),
    }
}

/// The name of the issuer that this one of the presented certificates lacks; `None` when it issued itself.
pub(super) fn missing_issuer(chain: &[Certificate], of: usize) -> Option<String> {
    let facts = chain.get(of)?.facts().ok()?;
    (!facts.is_self_issued()).then(|| facts.issuer.to_exchange())
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;

    fn untrusted(chain_length: usize) -> Case {
        let mut case = Case::new();
        case.observation.chain.truncate(chain_length);
        let of = chain_length - 1;
        case.trust = Some(Trust::None(NoPath::UnknownIssuer { of }));
        case
    }

    #[test]
    fn a_missing_intermediate_is_named() {
        let case = untrusted(1);
        let Finding::Fail(failure) = judge(&case.evidence()) else {
            panic!("the issuer was not presented");
        };
        assert_eq!(failure.reason, Reason::ChainIncomplete);
        assert!(failure.evidence.contains("Bear Issuing CA"));
    }

    #[test]
    fn a_private_root_is_complete_though_untrusted() {
        assert_eq!(judge(&untrusted(2).evidence()), Finding::Pass);
    }

    #[test]
    fn a_path_to_a_root_is_complete() {
        assert_eq!(judge(&Case::new().evidence()), Finding::Pass);
        let none = Case::without_certificate();
        assert!(matches!(judge(&none.evidence()), Finding::NotApplicable(_)));
    }
}
