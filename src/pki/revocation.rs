//! A presented chain and revocation lists to whether a certificate on its path is revoked; knows no check.
//!
//! Judged as of now only: issuers drop certificates from their lists once these have expired (RFC 5280 §3.3), so that
//! for an expired one the lists mean nothing.

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, RevocationCheckDepth,
    RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
};

use super::{Anchors, AnyUsage, Crls, MAX_CHAIN, NoPath};
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

/// Asks the lists about `chain` (DER, as presented), whose path to one of `anchors` is searched for as of `now`.
pub fn revocation(chain: &[&[u8]], anchors: &Anchors, crls: &Crls, now: Timestamp) -> Revocation {
    let chain: Vec<CertificateDer<'_>> = chain
        .iter()
        .take(MAX_CHAIN)
        .map(|der| (*der).into())
        .collect();
    let Some((leaf, others)) = chain.split_first() else {
        return Revocation::Unknown("no certificate was presented".into());
    };
    let leaf = match EndEntityCert::try_from(leaf) {
        Ok(leaf) => leaf,
        Err(error) => return Revocation::Unknown(no_path(&error).to_string()),
    };
    let search = Search {
        leaf: &leaf,
        others: &others
            .iter()
            .filter(|der| is_readable(der))
            .cloned()
            .collect::<Vec<_>>(),
        anchors,
        now,
    };
    // Without a path there is nothing to ask, and no reason to search a maze of names again for each list.
    match search.verify(None) {
        Ok(()) => search.revoked(crls).unwrap_or_else(|| search.cleared(crls)),
        Err(error) => Revocation::Unknown(complaint(&error)),
    }
}

/// One chain to ask lists about.
struct Search<'a> {
    leaf: &'a EndEntityCert<'a>,
    others: &'a [CertificateDer<'a>],
    anchors: &'a Anchors,
    now: Timestamp,
}

/// What to ask one list.
#[derive(Clone, Copy)]
enum Question {
    /// Whether it names any certificate of the path. An outdated list may: what was revoked stays so, as
    /// certificates of TLS servers are not put on hold (CA/B Baseline Requirements §7.2.2).
    NamesAny,
    /// Whether it names the leaf.
    NamesLeaf,
    /// Whether it is current and in charge of the leaf, and does not name it.
    ClearsLeaf,
}

impl Search<'_> {
    fn revoked(&self, crls: &Crls) -> Option<Revocation> {
        let others = self
            .others
            .iter()
            .filter_map(|der| EndEntityCert::try_from(der).ok());
        let mut issuers: Vec<Vec<u8>> = others.map(|cert| cert.issuer().to_vec()).collect();
        issuers.push(self.leaf.issuer().to_vec());
        issuers.sort_unstable();
        issuers.dedup();
        let names = |list, question| self.ask(list, question) == Err(Error::CertRevoked);
        let lists = issuers.iter().flat_map(|issuer| crls.of(issuer));
        let mut naming = lists
            .filter(|list| names(list, Question::NamesAny))
            .peekable();
        naming.peek()?;
        Some(if naming.any(|list| names(list, Question::NamesLeaf)) {
            Revocation::LeafRevoked
        } else {
            Revocation::IssuerRevoked
        })
    }

    fn cleared(&self, crls: &Crls) -> Revocation {
        let mut why = "none of the CRLs is of the certificate's issuer".to_owned();
        for list in crls.of(self.leaf.issuer()) {
            match self.ask(list, Question::ClearsLeaf) {
                Ok(()) => return Revocation::NotRevoked,
                Err(error) => why = complaint(&error),
            }
        }
        Revocation::Unknown(why)
    }

    fn ask(&self, list: &CertRevocationList<'_>, question: Question) -> Result<(), Error> {
        let (depth, status, expiration) = match question {
            Question::NamesAny => (
                RevocationCheckDepth::Chain,
                UnknownStatusPolicy::Allow,
                ExpirationPolicy::Ignore,
            ),
            Question::NamesLeaf => (
                RevocationCheckDepth::EndEntity,
                UnknownStatusPolicy::Allow,
                ExpirationPolicy::Ignore,
            ),
            Question::ClearsLeaf => (
                RevocationCheckDepth::EndEntity,
                UnknownStatusPolicy::Deny,
                ExpirationPolicy::Enforce,
            ),
        };
        let lists = [list];
        // Only an empty set of lists is refused.
        let options = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            let options = options.with_depth(depth).with_status_policy(status);
            options.with_expiration_policy(expiration).build()
        });
        self.verify(options)
    }

    fn verify(&self, options: Option<RevocationOptions<'_>>) -> Result<(), Error> {
        let moment = unix(self.now).ok_or(Error::BadDerTime)?;
        self.leaf
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                self.anchors.all(),
                self.others,
                moment,
                AnyUsage,
                options,
                None,
            )
            .map(drop)
    }
}

fn complaint(error: &Error) -> String {
    match error {
        Error::CrlExpired { next_update, .. } => {
            let end = i64::try_from(next_update.as_secs()).unwrap_or(i64::MAX);
            format!(
                "the CRL of the certificate's issuer expired at {}",
                Timestamp(end)
            )
        }
        Error::UnknownRevocationStatus => "the CRL does not cover this kind of certificate".into(),
        Error::InvalidCrlSignatureForPublicKey => {
            "the CRL is not signed by the certificate's issuer".into()
        }
        Error::IssuerNotCrlSigner => "the issuer's key is not meant to sign CRLs".into(),
        Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            "the CRL's signature is of a kind that is not verified here".into()
        }
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            "not all certificates on the path are valid now, and CRLs tell nothing of others".into()
        }
        other => format!(
            "CRLs are tied to a path, and there is none: {}",
            no_path(other)
        ),
    }
}

fn is_readable(der: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(der).is_ok()
}

/// None before 1970.
fn unix(moment: Timestamp) -> Option<UnixTime> {
    let seconds = u64::try_from(moment.0).ok()?;
    Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        seconds,
    )))
}

fn no_path(error: &Error) -> NoPath {
    match error {
        Error::UnknownIssuer => NoPath::UnknownIssuer { of: 0 },
        Error::CaUsedAsEndEntity => NoPath::CaAsLeaf,
        Error::UnsupportedCertVersion => NoPath::Unsupported("X.509 before version 3".into()),
        Error::UnsupportedCriticalExtension => {
            NoPath::Unsupported("a critical extension that is not known".into())
        }
        Error::UnsupportedSignatureAlgorithmContext(context) => NoPath::Unsupported(format!(
            "signed with {}",
            algorithm(&context.signature_algorithm_id)
        )),
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(context) => {
            NoPath::Unsupported(format!(
                "signed with {} by a key that is not verified here",
                algorithm(&context.signature_algorithm_id)
            ))
        }
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::InvalidSerialNumber
        | Error::MalformedExtensions
        | Error::TrailingData(_) => NoPath::Unreadable(format!("malformed ({error:?})")),
        other => NoPath::Invalid(path_complaint(other)),
    }
}

fn path_complaint(error: &Error) -> String {
    match error {
        Error::CertDistrusted => "a key that was publicly withdrawn".into(),
        Error::EndEntityUsedAsCa => "an issuer's certificate is not one for a CA".into(),
        Error::PathLenConstraintViolated => "more CAs below one another than allowed".into(),
        Error::NameConstraintViolation => "a name that an issuer is not allowed to certify".into(),
        Error::InvalidCertValidity => "a certificate that ends before it begins".into(),
        Error::MaximumPathDepthExceeded => "more than 6 intermediate certificates".into(),
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => "too many ways to try".into(),
        other => format!("{other:?}"),
    }
}

/// Object identifiers, as DER, of signature algorithms that old or unusual CAs sign with.
const ALGORITHMS: [(&[u8], &str); 8] = [
    (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02",
        "MD2 and RSA",
    ),
    (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04",
        "MD5 and RSA",
    ),
    (
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05",
        "SHA-1 and RSA",
    ),
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "RSA-PSS"),
    (b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01", "SHA-1 and ECDSA"),
    (b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03", "ECDSA"),
    (b"\x06\x07\x2a\x86\x48\xce\x38\x04\x03", "SHA-1 and DSA"),
    (b"\x06\x03\x2b\x65\x71", "Ed448"),
];

fn algorithm(identifier: &[u8]) -> &'static str {
    let known = ALGORITHMS
        .iter()
        .find(|(oid, _)| identifier.starts_with(oid));
    known.map_or("an algorithm that is not verified here", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::super::case::{Authority, NOW};
    use super::*;

    #[track_caller]
    fn asked(authority: &Authority, lists: &[rcgen::CertificateRevocationList]) -> Revocation {
        let mut crls = Crls::default();
        for list in lists {
            crls.add_bytes("x.crl", list.der()).unwrap();
        }
        let chain = authority.chain();
        let chain: Vec<_> = chain.iter().map(Vec::as_slice).collect();
        revocation(&chain, &authority.anchors(), &crls, NOW)
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
        let elsewhere = revocation(
            &[&authority.chain()[0]],
            &authority.anchors(),
            &Crls::default(),
            NOW,
        );
        assert!(unknown(&elsewhere).contains("no path to a trusted root"));
        let late = NOW.plus_seconds(365 * 86_400);
        let chain = authority.chain();
        let late = revocation(
            &[&chain[0], &chain[1]],
            &authority.anchors(),
            &Crls::default(),
            late,
        );
        assert!(unknown(&late).contains("valid now"));
        let nothing = revocation(&[], &authority.anchors(), &Crls::default(), NOW);
        assert_eq!(unknown(&nothing), "no certificate was presented");
    }
}
