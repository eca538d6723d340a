//! Check `chain_complete`: no intermediate certificate is missing from what was presented.

use super::{Check, Evidence, Finding, Kind};
use crate::certificate::{Certificate, Facts};
use crate::pki::{NoPath, Trust};
use crate::reason::Reason;

pub(super) const CHECK: Check = Check {
    name: "chain_complete",
    help: "The server presents every intermediate certificate, so that no client has to fetch one.",
    citation: "RFC 8446 §4.4.2 and RFC 5246 §7.4.2 (certificate_list); Exchange Online fetches none",
    kind: Kind::Trust,
    judge,
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
    match missing_issuer(&evidence.observation.chain) {
        None => Finding::Pass,
        Some(_) if *no_path != NoPath::UnknownIssuer => {
            Finding::Unknown("the chain cannot be verified".to_owned())
        }
        Some(Missing { issuer, of_leaf }) if of_leaf => Finding::fail(
            Reason::ChainIncomplete,
            format!("'{issuer}' was not presented and is no known root"),
        ),
        Some(_) => Finding::NotApplicable("what was not presented may be a root, which need not be"),
    }
}

/// An issuer that was not presented.
pub(super) struct Missing {
    /// Its name.
    pub(super) issuer: String,
    /// It issued the leaf, as roots seldom do. Further up it may as well be a root, which servers rightly leave out.
    pub(super) of_leaf: bool,
}

/// Follows the issuers through what was presented. The first that is missing, or `None` when the chain ends at a
/// certificate that issued itself.
pub(super) fn missing_issuer(chain: &[Certificate]) -> Option<Missing> {
    let presented: Vec<&Facts> = chain.iter().filter_map(|c| c.facts().ok()).collect();
    let leaf = *presented.first()?;
    let mut current = leaf;
    // A chain that goes round in circles is followed no longer than it is long.
    for _ in &presented {
        if current.is_self_issued() {
            return None;
        }
        let issuer = presented
            .iter()
            .find(|candidate| candidate.subject.matches(&current.issuer));
        match issuer {
            Some(next) => current = next,
            None => {
                return Some(Missing {
                    issuer: current.issuer.to_exchange(),
                    of_leaf: std::ptr::eq(current, leaf),
                });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::case::Case;
    use super::*;

    fn untrusted(chain_length: usize) -> Case {
        let mut case = Case::new();
        case.observation.chain.truncate(chain_length);
        case.trust = Some(Trust::None(NoPath::UnknownIssuer));
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
