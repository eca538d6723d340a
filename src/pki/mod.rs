//! A presented chain, trust anchors and a time to the path that leads to a root, or why there is none; knows no check.
//!
//! Trust is told apart from dates: a path counts if all its members were valid at one moment, whichever. What a
//! certificate may be used for (extended key usage) and names are not looked at, and revocation is a question of its
//! own. A root's own dates are not known, since an anchor is a name and a key (RFC 5280 §6.1.1 d): an expired root is
//! trusted as long as it is configured.

use std::time::Duration;

use rustls_pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, RawPublicKeyEntity,
    VerifiedPath,
};

use crate::timestamp::Timestamp;

mod anchors;
#[cfg(test)]
mod case;
mod crls;
mod revocation;

pub use anchors::{Anchors, AnchorsError};
pub use crls::{Crls, CrlsError};
pub use revocation::{Revocation, revocation};

/// More certificates than any honest server presents; those behind are not looked at.
const MAX_CHAIN: usize = 20;

/// More different dates than the certificates of an honest chain have; each costs a search, up to 0.1 s in a maze.
const MAX_EDGES: usize = 8;

/// Whether the first certificate of a chain can be trusted, its dates aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// A path leads to a root.
    Path(Path),
    /// The certificate itself, byte by byte, is among the configured roots.
    Pinned,
    /// It cannot.
    None(NoPath),
}

/// The way from the server's certificate to a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Which of the presented certificates it takes, the server's own (0) first; the root is not among them.
    pub certificates: Vec<usize>,
    /// The subject of the root, as the DER of a `Name` (RFC 5280 §4.1.2.4).
    pub anchor: Vec<u8>,
    /// When the last of [`certificates`](Self::certificates) begins to be valid.
    pub valid_from: Timestamp,
    /// When the first of them ends to be; the root's end is not known.
    pub valid_until: Timestamp,
}

/// Why no path leads to a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPath {
    /// Nothing was presented.
    #[error("no certificate was presented")]
    Empty,
    /// The search ends at an issuer that is neither presented nor a root, whatever the reason.
    #[error("no path to a trusted root")]
    UnknownIssuer,
    /// The server's certificate is a CA (RFC 5280 §4.2.1.9), as self-signed ones often are.
    #[error("the server's certificate is one for a CA")]
    CaAsLeaf,
    /// A path may be there, but with something that is not verified here.
    #[error("{0}")]
    Unsupported(String),
    /// A signature or a constraint on every path does not hold.
    #[error("{0}")]
    Invalid(String),
    /// The server's certificate cannot be parsed.
    #[error("{0}")]
    Unreadable(String),
    /// A certificate of the right name was never valid together with the server's; whether a path leads on is unknown.
    #[error("an issuer's certificate was never valid at the same time as the server's")]
    NeverTogether,
}

/// Looks for a path from the first certificate of `chain` (DER, as presented) to one of `anchors`.
///
/// First as of `now`, then, if dates stand in the way, as of the other moments at which a path may have been valid.
/// `validity` has the dates of each certificate where they could be read.
pub fn find_path(
    chain: &[&[u8]],
    validity: &[Option<(Timestamp, Timestamp)>],
    anchors: &Anchors,
    now: Timestamp,
) -> Trust {
    let chain = &chain[..chain.len().min(MAX_CHAIN)];
    let Some(leaf) = chain.first() else {
        return Trust::None(NoPath::Empty);
    };
    if anchors.holds(leaf) {
        return Trust::Pinned;
    }
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|der| (*der).into()).collect();
    match search(&chain, validity, anchors, now) {
        Ok(path) => Trust::Path(path),
        Err(why) => Trust::None(why),
    }
}

/// No path fails for a date before it fails for anything else, so that other errors hold for every moment.
fn search(
    chain: &[CertificateDer<'_>],
    validity: &[Option<(Timestamp, Timestamp)>],
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Path, NoPath> {
    let leaf = EndEntityCert::try_from(&chain[0]).map_err(|e| no_path(&e))?;
    // Others that cannot be parsed lead nowhere, and their errors would hide that an issuer is missing.
    let others: Vec<_> = chain[1..]
        .iter()
        .filter(|der| is_readable(der))
        .cloned()
        .collect();
    for moment in moments(validity, now) {
        let found = leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            anchors.all(),
            &others,
            moment,
            AnyUsage,
            None,
            None,
        );
        match found {
            Ok(path) => return Ok(describe(&path, chain, validity)),
            Err(Error::CertExpired { .. } | Error::CertNotValidYet { .. }) => {}
            Err(Error::InvalidSignatureForPublicKey) => {
                return Err(bad_signature(&leaf, &others, anchors));
            }
            Err(error) => return Err(no_path(&error)),
        }
    }
    match validity.first() {
        Some(Some(_)) => Err(NoPath::NeverTogether),
        _ => Err(NoPath::Unreadable("dates that cannot be read".into())),
    }
}

/// Whether a key (a DER SubjectPublicKeyInfo) made this signature, tried with each algorithm in turn.
///
/// The key alone is asked, not its certificate: what else may be odd about that says nothing about who holds the key.
///
/// # Errors
/// What the library says of the last algorithm tried.
pub fn key_signed(
    key: &SubjectPublicKeyInfoDer<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    message: &[u8],
    signature: &[u8],
) -> Result<(), String> {
    let key = RawPublicKeyEntity::try_from(key).map_err(|e| e.to_string())?;
    let mut refusal = "a signature scheme that was not offered".to_owned();
    for algorithm in algorithms {
        match key.verify_signature(*algorithm, message, signature) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = error.to_string(),
        }
    }
    Err(refusal)
}

fn is_readable(der: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(der).is_ok()
}

/// Now, and then the moments that together meet every possible path, the nearest first.
///
/// A path valid at any moment is valid when its first member expires, and when its last one begins to be valid; before
/// the server's certificate begins, the beginnings are tried, else the ends.
fn moments(validity: &[Option<(Timestamp, Timestamp)>], now: Timestamp) -> Vec<UnixTime> {
    let mut moments = vec![now];
    if let Some(Some((from, until))) = validity.first() {
        let all = validity.iter().take(MAX_CHAIN).flatten();
        let edges = all.map(|(start, end)| if now < *from { *start } else { *end });
        let mut edges: Vec<_> = edges.filter(|t| (from..=until).contains(&t)).collect();
        edges.sort_by_key(|t| (t.seconds_since(now).unsigned_abs(), *t));
        edges.dedup();
        moments.extend(edges.into_iter().take(MAX_EDGES));
    }
    moments.into_iter().filter_map(unix).collect()
}

/// None before 1970.
fn unix(moment: Timestamp) -> Option<UnixTime> {
    let seconds = u64::try_from(moment.0).ok()?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

/// Accepts every extended key usage: what a certificate is meant for is judged elsewhere, and shown beside trust.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

fn describe(
    path: &VerifiedPath<'_>,
    chain: &[CertificateDer<'_>],
    validity: &[Option<(Timestamp, Timestamp)>],
) -> Path {
    let index = |der: CertificateDer<'_>| chain.iter().position(|c| *c == der);
    let issuers = path.intermediate_certificates();
    let certificates: Vec<_> = std::iter::once(0)
        .chain(issuers.filter_map(|cert| index(cert.der())))
        .collect();
    let windows = || certificates.iter().filter_map(|i| *validity.get(*i)?);
    Path {
        anchor: anchors::name(&path.anchor().subject),
        valid_from: windows().map(|w| w.0).max().unwrap_or(Timestamp(i64::MIN)),
        valid_until: windows().map(|w| w.1).min().unwrap_or(Timestamp(i64::MAX)),
        certificates,
    }
}

/// The sizes of RSA keys whose signatures are verified.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// `webpki` says of a signature by a key that is too small that it does not hold; that is not known.
fn bad_signature(
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    anchors: &Anchors,
) -> NoPath {
    let others: Vec<_> = others
        .iter()
        .filter_map(|der| EndEntityCert::try_from(der).ok())
        .collect();
    let mut issuers = vec![leaf.issuer()];
    issuers.extend(others.iter().map(|cert| cert.issuer()));
    let presented = others
        .iter()
        .map(|cert| (cert.subject(), cert.subject_public_key_info()));
    let presented = presented
        .filter_map(|(name, key)| Some((name, anchors::rsa_bits(anchors::sequence(&key)?)?)));
    let roots = anchors.all().iter();
    let roots = roots.filter_map(|root| {
        Some((
            &*root.subject,
            anchors::rsa_bits(&root.subject_public_key_info)?,
        ))
    });
    let mut keys = presented
        .chain(roots)
        .filter(|(name, _)| issuers.contains(name));
    match keys.find(|(_, bits)| !RSA_BITS.contains(bits)) {
        Some((_, bits)) => NoPath::Unsupported(format!("signed by an RSA key of {bits} bits")),
        None => NoPath::Invalid("a signature does not match the issuer's key".into()),
    }
}

fn no_path(error: &Error) -> NoPath {
    match error {
        Error::UnknownIssuer => NoPath::UnknownIssuer,
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
        other => NoPath::Invalid(complaint(other)),
    }
}

fn complaint(error: &Error) -> String {
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
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose,
        IsCa, Issuer, KeyPair, date_time_ymd,
    };

    /// A name and a key, from which any number of certificates can be made.
    struct Entity {
        params: CertificateParams,
        key: KeyPair,
    }

    type Certificate = (Vec<u8>, (Timestamp, Timestamp));

    impl Entity {
        fn new(name: &str, is_ca: IsCa) -> Self {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = is_ca;
            let key = KeyPair::generate().unwrap();
            Self { params, key }
        }

        fn ca(name: &str) -> Self {
            Self::new(name, IsCa::Ca(BasicConstraints::Unconstrained))
        }

        fn leaf() -> Self {
            Self::new("leaf", IsCa::NoCa)
        }

        fn by(&self, issuer: &Self, from: i32, until: i32) -> Certificate {
            let mut params = self.params.clone();
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            let issuer = Issuer::from_params(&issuer.params, &issuer.key);
            let der = params.signed_by(&self.key, &issuer).unwrap().der().to_vec();
            (der, (year(from), year(until)))
        }
    }

    fn year(year: i32) -> Timestamp {
        Timestamp(date_time_ymd(year, 1, 1).unix_timestamp())
    }

    fn roots(certificates: &[&Certificate]) -> Anchors {
        let file = |(der, _): &&Certificate| Anchors::from_bytes("r".into(), der).unwrap();
        Anchors::union(certificates.iter().map(file).collect())
    }

    fn trust(chain: &[&Certificate], anchors: &Anchors, now: i32) -> Trust {
        let ders: Vec<_> = chain.iter().map(|c| c.0.as_slice()).collect();
        let validity: Vec<_> = chain.iter().map(|c| Some(c.1)).collect();
        find_path(&ders, &validity, anchors, year(now))
    }

    #[track_caller]
    fn path(trust: Trust, certificates: &[usize], from: i32, until: i32) {
        let Trust::Path(path) = trust else {
            panic!("{trust:?}");
        };
        assert_eq!(path.certificates, certificates);
        assert_eq!(
            (path.valid_from, path.valid_until),
            (year(from), year(until))
        );
    }

    #[track_caller]
    fn none(trust: Trust, why: NoPath) {
        assert_eq!(trust, Trust::None(why));
    }

    /// Root, intermediate and leaf, each valid longer than the next.
    struct World {
        root: Entity,
        middle: Entity,
        leaf: Entity,
        anchors: Anchors,
    }

    fn world() -> World {
        let root = Entity::ca("root");
        let anchors = roots(&[&root.by(&root, 2000, 2040)]);
        let (middle, leaf) = (Entity::ca("middle"), Entity::leaf());
        World {
            root,
            middle,
            leaf,
            anchors,
        }
    }

    #[test]
    fn a_path_leads_to_a_root_in_whatever_order() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        let root = w.root.by(&w.root, 2000, 2040);
        path(
            trust(&[&leaf, &middle], &w.anchors, 2025),
            &[0, 1],
            2024,
            2026,
        );
        path(
            trust(&[&leaf, &root, &middle], &w.anchors, 2025),
            &[0, 2],
            2024,
            2026,
        );
        let Trust::Path(found) = trust(&[&leaf, &middle], &w.anchors, 2025) else {
            panic!("no path");
        };
        assert!(w.anchors.has_subject(&found.anchor));
    }

    #[test]
    fn what_leads_nowhere_has_no_path() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        none(trust(&[&leaf], &w.anchors, 2025), NoPath::UnknownIssuer);
        none(
            trust(&[&leaf, &middle], &Anchors::mozilla(), 2025),
            NoPath::UnknownIssuer,
        );
        none(
            trust(&[&leaf, &middle], &Anchors::default(), 2025),
            NoPath::UnknownIssuer,
        );
        none(trust(&[&leaf], &w.anchors, 2035), NoPath::UnknownIssuer);
        none(trust(&[], &w.anchors, 2025), NoPath::Empty);
    }

    #[test]
    fn garbage_behind_the_leaf_does_not_hide_a_missing_issuer() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let garbage = (b"\x30\x03abc".to_vec(), leaf.1);
        none(
            trust(&[&leaf, &garbage], &w.anchors, 2025),
            NoPath::UnknownIssuer,
        );
        let unreadable = trust(&[&garbage, &leaf], &w.anchors, 2025);
        assert!(
            matches!(unreadable, Trust::None(NoPath::Unreadable(_))),
            "{unreadable:?}"
        );
    }

    #[test]
    fn expired_is_not_untrusted() {
        let w = world();
        let (leaf, middle) = (
            w.leaf.by(&w.middle, 2020, 2022),
            w.middle.by(&w.root, 2010, 2030),
        );
        for now in [2015, 2021, 2025, 2035] {
            path(
                trust(&[&leaf, &middle], &w.anchors, now),
                &[0, 1],
                2020,
                2022,
            );
        }
        let short = w.middle.by(&w.root, 2010, 2021);
        for now in [2000, 2020, 2021, 2022, 2023] {
            path(
                trust(&[&leaf, &short], &w.anchors, now),
                &[0, 1],
                2020,
                2021,
            );
        }
        let early = w.middle.by(&w.root, 2005, 2010);
        none(
            trust(&[&leaf, &early], &w.anchors, 2021),
            NoPath::NeverTogether,
        );
        let dates = find_path(&[&leaf.0, &middle.0], &[None], &w.anchors, year(2025));
        assert!(
            matches!(dates, Trust::None(NoPath::Unreadable(_))),
            "{dates:?}"
        );
    }

    #[test]
    fn the_path_that_is_valid_longest_is_taken() {
        let w = world();
        let other = Entity::ca("other root");
        let anchors = Anchors::union(vec![w.anchors, roots(&[&other.by(&other, 2000, 2040)])]);
        let leaf = w.leaf.by(&w.middle, 2020, 2024);
        let old = w.middle.by(&other, 2010, 2022);
        let new = w.middle.by(&w.root, 2021, 2030);
        path(
            trust(&[&leaf, &old, &new], &anchors, 2023),
            &[0, 2],
            2021,
            2024,
        );
        path(
            trust(&[&leaf, &old, &new], &anchors, 2035),
            &[0, 2],
            2021,
            2024,
        );
        path(
            trust(&[&leaf, &old, &new], &anchors, 2010),
            &[0, 1],
            2020,
            2022,
        );
    }

    #[test]
    fn self_signed_is_trusted_only_when_pinned() {
        for (entity, why) in [
            (Entity::leaf(), NoPath::UnknownIssuer),
            (Entity::ca("leaf"), NoPath::CaAsLeaf),
        ] {
            let leaf = entity.by(&entity, 2020, 2022);
            assert_eq!(trust(&[&leaf], &roots(&[&leaf]), 2025), Trust::Pinned);
            none(trust(&[&leaf], &world().anchors, 2025), why.clone());
            none(trust(&[&leaf], &world().anchors, 2021), why);
        }
    }

    #[test]
    fn a_wrong_signature_is_invalid() {
        let w = world();
        let impostor = Entity::ca("middle");
        let leaf = w.leaf.by(&impostor, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        let wrong = NoPath::Invalid("a signature does not match the issuer's key".into());
        none(trust(&[&leaf, &middle], &w.anchors, 2025), wrong);
        let no_ca = Entity::new("middle", IsCa::NoCa);
        let (leaf, middle) = (w.leaf.by(&no_ca, 2024, 2026), no_ca.by(&w.root, 2010, 2030));
        let no_ca = NoPath::Invalid("an issuer's certificate is not one for a CA".into());
        none(trust(&[&leaf, &middle], &w.anchors, 2025), no_ca);
    }

    #[test]
    fn usage_is_judged_elsewhere() {
        let mut w = world();
        w.leaf.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        w.middle.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        path(
            trust(&[&leaf, &middle], &w.anchors, 2025),
            &[0, 1],
            2024,
            2026,
        );
    }

    #[test]
    fn what_is_not_verified_is_unsupported() {
        let mut w = world();
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        w.leaf.params.custom_extensions = vec![extension];
        let leaf = w.leaf.by(&w.root, 2024, 2026);
        let critical = NoPath::Unsupported("a critical extension that is not known".into());
        none(trust(&[&leaf], &w.anchors, 2025), critical);
        assert_eq!(algorithm(b"\x06\x03\x2b\x65\x71"), "Ed448");
        assert_eq!(algorithm(b""), "an algorithm that is not verified here");
    }

    #[test]
    fn long_chains_are_cut() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        let others: Vec<_> = (0..24)
            .map(|n| w.middle.by(&Entity::ca(&n.to_string()), 2010, 2030))
            .collect();
        let long = |at: usize| {
            let mut chain = vec![&leaf];
            chain.extend(&others);
            chain.insert(at, &middle);
            trust(&chain, &w.anchors, 2025)
        };
        path(long(19), &[0, 19], 2024, 2026);
        none(long(20), NoPath::UnknownIssuer);
    }

    #[test]
    fn a_maze_of_equal_names_is_left() {
        let leaf = Entity::leaf().by(&Entity::ca("maze"), 2024, 2026);
        let walls = (0..18).map(|_| Entity::ca("maze"));
        let walls: Vec<_> = walls.map(|wall| wall.by(&wall, 2010, 2030)).collect();
        let chain: Vec<_> = std::iter::once(&leaf).chain(&walls).collect();
        let lost = NoPath::Invalid("too many ways to try".into());
        none(trust(&chain, &world().anchors, 2025), lost);
    }

    #[test]
    fn damaged_certificates_never_panic() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        for at in 0..leaf.0.len() {
            let (mut bad_leaf, mut bad_middle) = (leaf.clone(), middle.clone());
            bad_leaf.0[at] ^= 0x21;
            bad_middle.0[at.min(middle.0.len() - 1)] ^= 0x21;
            assert!(matches!(
                trust(&[&bad_leaf, &middle], &w.anchors, 2025),
                Trust::None(_)
            ));
            assert!(matches!(
                trust(&[&leaf, &bad_middle], &w.anchors, 2025),
                Trust::None(_)
            ));
            bad_leaf.0.truncate(at);
            assert!(matches!(
                trust(&[&bad_leaf, &middle], &w.anchors, 2025),
                Trust::None(_)
            ));
        }
    }
}
