//! The path of a chain and revocation lists to whether a certificate on it is revoked; knows no check.
//!
//! Judged as of now only: issuers drop certificates from their lists once these have expired (RFC 5280 §3.3), so that
//! for an expired one the lists mean nothing.

use super::anchors::Anchors;
use super::budget::MAX_CHAIN;
use super::crls::Crls;
use super::list::RevocationList;
use super::member::{IssuerLimits, Member};
use super::signed::{Made, Signer};
use super::trust::{CertPath, Trust};
use crate::certificate::Certificate;
use crate::timestamp::Timestamp;

/// What the revocation lists say of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// A current list of the leaf's issuer does not name the leaf, and no list names an issuer's certificate.
    NotRevoked,
    /// The leaf's issuer has revoked it.
    LeafRevoked,
    /// The certificate of an issuer on the path is revoked.
    IssuerRevoked,
    /// The lists do not tell; says why.
    Unknown(String),
}

/// Asks the lists about `chain`, as presented, whose path to one of `anchors` is `trust`. `None` where that is a
/// certificate trusted for itself: nobody issues lists about it.
pub fn revocation(
    chain: &[Certificate],
    trust: &Trust,
    anchors: &Anchors,
    crls: &Crls,
    now: Timestamp,
) -> Option<Revocation> {
    let path = match trust {
        Trust::Pinned => return None,
        Trust::None(why) => {
            let why = format!("CRLs are tied to a path, and there is none: {why}");
            return Some(Revocation::Unknown(why));
        }
        Trust::Path(path) => path,
    };
    if now < path.valid_from || path.valid_until < now {
        let why = "not all certificates on the path are valid now, and CRLs tell nothing of others";
        return Some(Revocation::Unknown(why.to_owned()));
    }
    let chain = &chain[..chain.len().min(MAX_CHAIN)];
    let members = path.certificates.iter();
    let asked = Asked {
        members: members
            .filter_map(|at| Member::new(chain.get(*at)?))
            .collect(),
        path,
        anchors,
    };
    Some(
        asked
            .revoked(crls)
            .unwrap_or_else(|| asked.cleared(crls, now)),
    )
}

/// A path to ask lists about.
struct Asked<'a> {
    members: Vec<Member<'a>>,
    path: &'a CertPath,
    anchors: &'a Anchors,
}

impl<'a> Asked<'a> {
    /// An outdated list may condemn, too: what was revoked stays so, as certificates of TLS servers are not put on hold
    /// (CA/B Baseline Requirements §7.2.2).
    fn revoked(&self, crls: &Crls) -> Option<Revocation> {
        let is_named = |(nth, member): (usize, &Member<'_>)| {
            let mut lists = crls.of(&member.issuer).filter(|list| list.covers(member));
            let named =
                lists.any(|list| list.names(member) && self.is_of_issuer(list, nth).is_ok());
            named.then_some(nth)
        };
        let first = self.members.iter().enumerate().find_map(is_named)?;
        Some(match first {
            0 => Revocation::LeafRevoked,
            _ => Revocation::IssuerRevoked,
        })
    }

    fn cleared(&self, crls: &Crls, now: Timestamp) -> Revocation {
        let mut why = "none of the CRLs is of the certificate's issuer".to_owned();
        let Some(leaf) = self.members.first() else {
            return Revocation::Unknown(why);
        };
        for list in crls.of(&leaf.issuer) {
            match self.clears(list, leaf, now) {
                Ok(()) => return Revocation::NotRevoked,
                Err(complaint) => why = complaint,
            }
        }
        Revocation::Unknown(why)
    }

    fn clears(
        &self,
        list: &RevocationList,
        leaf: &Member<'_>,
        now: Timestamp,
    ) -> Result<(), String> {
        if !list.covers(leaf) {
            return Err("the CRL does not cover this kind of certificate".into());
        }
        self.is_of_issuer(list, 0)?;
        match list.next_update {
            None => Err("the CRL does not say until when it holds (nextUpdate)".into()),
            Some(end) if end <= now => Err(format!(
                "the CRL of the certificate's issuer expired at {end}"
            )),
            Some(_) => Ok(()),
        }
    }

    /// Whether the key that issued this certificate of the path has signed the list.
    fn is_of_issuer(&self, list: &RevocationList, nth: usize) -> Result<(), String> {
        let mut why = "the CRL is not signed by the certificate's issuer";
        for (signer, limits) in self.signers(nth) {
            match list.made_by(signer) {
                Made::Yes if limits.is_none_or(|limits| limits.may_sign_crls()) => return Ok(()),
                Made::Yes => why = "the issuer's key is not meant to sign CRLs",
                Made::NotVerifiedHere => {
                    why = "the CRL's signature is of a kind that is not verified here";
                }
                Made::No => {}
            }
        }
        Err(why.to_owned())
    }

    /// The key above this certificate of the path; of a root all that it may be.
    fn signers(&self, nth: usize) -> Vec<(&Signer, Option<IssuerLimits<'_>>)> {
        if let Some(issuer) = self.members.get(nth + 1) {
            return vec![(&issuer.signer, Some(issuer.limits))];
        }
        let Some(last) = self.members.get(nth) else {
            return Vec::new();
        };
        let roots = self.anchors.named(&last.issuer).map(|(_, root)| root);
        let own = roots.filter(|root| root.certificate == self.path.root);
        own.map(|root| (&root.signer, root.limits())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Authority, NOW};
    use super::super::find_path;
    use super::*;

    #[track_caller]
    fn asked(authority: &Authority, lists: &[rcgen::CertificateRevocationList]) -> Revocation {
        let mut crls = Crls::default();
        for list in lists {
            crls.extend(&Crls::from_bytes("x.crl", list.der()).0);
        }
        ask(authority, 2, &crls, NOW)
    }

    /// About the first certificates of the authority's chain.
    #[track_caller]
    fn ask(authority: &Authority, length: usize, crls: &Crls, now: Timestamp) -> Revocation {
        let chain: Vec<_> = authority
            .chain()
            .iter()
            .map(|der| Certificate::from_der(der))
            .collect();
        let (chain, anchors) = (&chain[..length], authority.anchors());
        revocation(chain, &find_path(chain, &anchors, now), &anchors, crls, now).unwrap()
    }

    fn unknown(found: &Revocation) -> &str {
        match found {
            Revocation::Unknown(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_current_list_clears_or_condemns() {
        let authority = Authority::new();
        assert_eq!(
            asked(&authority, &[authority.list(&[], 30)]),
            Revocation::NotRevoked
        );
        let other = authority.list(&[99], 30);
        assert_eq!(asked(&authority, &[other]), Revocation::NotRevoked);
        let own = authority.list(&[Authority::LEAF], 30);
        assert_eq!(asked(&authority, &[own]), Revocation::LeafRevoked);
    }

    #[test]
    fn an_outdated_list_condemns_but_does_not_clear() {
        let authority = Authority::new();
        let own = authority.list(&[Authority::LEAF], -1);
        assert_eq!(asked(&authority, &[own]), Revocation::LeafRevoked);
        let outdated = authority.list(&[], -1);
        let found = asked(&authority, &[outdated]);
        assert!(
            unknown(&found).contains("expired at 2026-05-31"),
            "{found:?}"
        );
        let both = [authority.list(&[], -1), authority.list(&[], 30)];
        assert_eq!(asked(&authority, &both), Revocation::NotRevoked);
    }

    #[test]
    fn an_issuer_can_be_revoked_too() {
        let authority = Authority::new();
        let lists = [
            authority.list(&[], 30),
            authority.root_list(&[Authority::ISSUER]),
        ];
        assert_eq!(asked(&authority, &lists), Revocation::IssuerRevoked);
    }

    #[test]
    fn lists_of_others_tell_nothing() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let roots_only = [authority.root_list(&[])];
        assert!(unknown(&asked(&authority, &roots_only)).starts_with("none of the CRLs"));
        let forged = [stranger.list(&[Authority::LEAF], 30)];
        assert!(unknown(&asked(&authority, &forged)).contains("not signed by"));
        assert!(unknown(&asked(&authority, &[])).starts_with("none of the CRLs"));
        let elsewhere = ask(&authority, 1, &Crls::default(), NOW);
        assert!(unknown(&elsewhere).contains("no path to a trusted root"));
        let late = NOW.plus_seconds(365 * 86_400);
        let late = ask(&authority, 2, &Crls::default(), late);
        assert!(unknown(&late).contains("valid now"));
    }
}
