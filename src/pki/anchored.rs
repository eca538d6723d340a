//! A presented chain and the certificates at which somebody lets it end to the path between them: what DANE-TA asks for
//! (RFC 7671 §5.2); knows no records.

use super::anchors::Anchors;
use super::budget::{Budget, MAX_CHAIN};
use super::member::Member;
use super::search;
use super::signed::{Made, Signer};
use super::trust::{CertPath, NoPath};
use crate::certificate::Certificate;
use crate::timestamp::Timestamp;

/// The best path from the first certificate of `chain`, as presented, to one of these, given as DER, whose dates and
/// limits count. The first certificate is never its own end, and may be one for a CA, as it may for OpenSSL.
///
/// # Errors
/// [`NoPath`] when none leads there.
pub fn anchored(
    chain: &[Certificate],
    anchors: &[&[u8]],
    now: Timestamp,
) -> Result<CertPath, NoPath> {
    let chain = &chain[..chain.len().min(MAX_CHAIN)];
    if chain.is_empty() {
        return Err(NoPath::Empty);
    }
    search::search(chain, &Anchors::of(anchors), now, &mut Budget::default())
}

/// Whether this key (a DER SubjectPublicKeyInfo) signed one of the certificates.
pub fn is_signed_by(chain: &[Certificate], key: &[u8]) -> bool {
    let signer = Signer::new(key.to_vec());
    let members = chain.iter().take(MAX_CHAIN).filter_map(Member::new);
    let mut made = members.map(|one| one.signed.made_by(&signer, &one.facts.signature_algorithm));
    made.any(|made| made == Made::Yes)
}

#[cfg(test)]
mod tests {
    use super::super::case::{Authority, NOW};
    use super::*;

    fn chain() -> Vec<Certificate> {
        let ders = Authority::new().chain();
        ders.iter().map(|der| Certificate::from_der(der)).collect()
    }

    #[test]
    fn a_path_ends_at_an_issuer_and_never_at_the_leaf_itself() {
        let (chain, other) = (chain(), chain());
        let [leaf, issuer] = [0, 1].map(|nth| chain[nth].der());
        let path = anchored(&chain, &[issuer], NOW).unwrap();
        assert_eq!(path.certificates, [0]);
        let ends = |anchors: &[&[u8]]| anchored(&chain, anchors, NOW).unwrap_err();
        for anchors in [&[leaf][..], &[other[1].der()], &[b"rubbish"], &[]] {
            assert!(!matches!(ends(anchors), NoPath::Empty), "{anchors:?}");
        }
        assert_eq!(anchored(&[], &[issuer], NOW), Err(NoPath::Empty));
        let own = rcgen::generate_simple_self_signed(["mx.bears.test".to_owned()]).unwrap();
        let own = Certificate::from_der(own.cert.der());
        let twice = [own.clone(), own.clone()];
        assert!(anchored(&twice, &[own.der()], NOW).is_err());
    }

    #[test]
    fn a_bare_key_is_recognised_by_what_it_signed() {
        let (chain, other) = (chain(), chain());
        let key = |of: &Certificate| of.facts().unwrap().spki.clone();
        assert!(is_signed_by(&chain, &key(&chain[1])));
        assert!(!is_signed_by(&chain, &key(&chain[0])));
        assert!(!is_signed_by(&chain, &key(&other[1])));
        assert!(!is_signed_by(&chain, b"rubbish"));
    }
}
