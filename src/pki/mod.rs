//! A presented chain, trust anchors and a time to the path that leads to a root, or why there is none; knows no check.
//!
//! Trust is told apart from dates: a path counts if each of its signatures holds, whenever that was made. What a
//! certificate may be used for (key usage, extended key usage) and which server it is for are not looked at, and
//! revocation is a question of its own. Signatures are verified by `webpki`; the search is ours, because a client may
//! say "unknown issuer" where a certificate is merely of a kind that it does not support, and a monitor may not.

use rustls_pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::RawPublicKeyEntity;

use crate::certificate::{Certificate, Facts};
use crate::timestamp::Timestamp;

mod anchored;
mod anchors;
mod budget;
#[cfg(test)]
mod case;
mod crls;
mod der;
mod list;
mod member;
mod names;
mod revocation;
mod search;
mod signed;
mod trust;

use budget::{Budget, MAX_CHAIN};

pub use anchored::{anchored, is_signed_by};
pub use anchors::{Anchors, AnchorsError};
pub use crls::{Crls, CrlsError};
pub use revocation::{Revocation, revocation};
pub use trust::{CertPath, NoPath, Trust};

/// Looks for the best path from the first certificate of `chain`, as presented, to one of `anchors`: one that is valid
/// `now`, else the one nearest to it; of those the one that lasts longest.
pub fn find_path(chain: &[Certificate], anchors: &Anchors, now: Timestamp) -> Trust {
    let chain = &chain[..chain.len().min(MAX_CHAIN)];
    let Some(leaf) = chain.first() else {
        return Trust::None(NoPath::Empty);
    };
    if anchors.holds(leaf.der()) {
        return Trust::Pinned;
    }
    if leaf.facts().is_ok_and(Facts::is_ca) {
        return Trust::None(NoPath::CaAsLeaf);
    }
    match search::search(chain, anchors, now, &mut Budget::default()) {
        Ok(path) => Trust::Path(path),
        Err(why) => Trust::None(why),
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

    type Made = (Vec<u8>, (Timestamp, Timestamp));

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

        fn by(&self, issuer: &Self, from: i32, until: i32) -> Made {
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

    fn roots(certificates: &[&Made]) -> Anchors {
        let file = |(der, _): &&Made| Anchors::from_bytes("r".into(), der).unwrap();
        Anchors::union(certificates.iter().map(file).collect())
    }

    fn trust(chain: &[&Made], anchors: &Anchors, now: i32) -> Trust {
        let chain: Vec<_> = chain.iter().map(|c| Certificate::from_der(&c.0)).collect();
        find_path(&chain, anchors, year(now))
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

    #[track_caller]
    fn invalid(trust: Trust, part: &str) {
        let Trust::None(NoPath::Invalid(why)) = trust else {
            panic!("{trust:?}");
        };
        assert!(why.contains(part), "{why}");
    }

    #[track_caller]
    fn unsupported(trust: Trust, part: &str) {
        let Trust::None(NoPath::Unsupported(why)) = trust else {
            panic!("{trust:?}");
        };
        assert!(why.contains(part), "{why}");
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
        let ends = |of| NoPath::UnknownIssuer { of };
        none(trust(&[&leaf], &w.anchors, 2025), ends(0));
        none(trust(&[&leaf, &middle], &Anchors::mozilla(), 2025), ends(1));
        none(trust(&[&leaf, &middle], &Anchors::default(), 2025), ends(1));
        none(trust(&[&leaf], &w.anchors, 2035), ends(0));
        none(trust(&[], &w.anchors, 2025), NoPath::Empty);
    }

    #[test]
    fn garbage_behind_the_leaf_does_not_hide_a_missing_issuer() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let garbage = (b"\x30\x03abc".to_vec(), leaf.1);
        none(
            trust(&[&leaf, &garbage], &w.anchors, 2025),
            NoPath::UnknownIssuer { of: 0 },
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
    }

    #[test]
    fn a_renewed_issuer_still_signed_what_expired_before() {
        let w = world();
        let leaf = w.leaf.by(&w.middle, 2020, 2022);
        let renewed = w.middle.by(&w.root, 2023, 2030);
        path(
            trust(&[&leaf, &renewed], &w.anchors, 2025),
            &[0, 1],
            2023,
            2022,
        );
        let early = w.middle.by(&w.root, 2005, 2010);
        path(
            trust(&[&leaf, &early], &w.anchors, 2021),
            &[0, 1],
            2020,
            2010,
        );
    }

    #[test]
    fn the_dates_of_roots_count_and_the_one_that_is_valid_saves() {
        let w = world();
        let leaf = w.leaf.by(&w.root, 2020, 2040);
        let ended = w.root.by(&w.root, 2000, 2024);
        let renewed = w.root.by(&w.root, 2023, 2050);
        let future = w.root.by(&w.root, 2030, 2060);
        for (files, from, until) in [
            (vec![&ended], 2020, 2024),
            (vec![&future], 2030, 2040),
            (vec![&ended, &renewed], 2023, 2040),
            (vec![&renewed, &ended], 2023, 2040),
            (vec![&future, &ended, &renewed], 2023, 2040),
        ] {
            let found = trust(&[&leaf], &roots(&files), 2025);
            path(found, &[0], from, until);
        }
    }

    #[test]
    fn the_limits_of_roots_count() {
        let w = world();
        let middle = w.middle.by(&w.root, 2010, 2030);
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let mut root = w.root;
        root.params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let short = roots(&[&root.by(&root, 2000, 2040)]);
        invalid(
            trust(&[&leaf, &middle], &short, 2025),
            "'CN=root' allows 0 CAs below it",
        );
        root.params.is_ca = IsCa::ExplicitNoCa;
        let no_ca = roots(&[&root.by(&root, 2000, 2040)]);
        invalid(
            trust(&[&leaf, &middle], &no_ca, 2025),
            "'CN=root' is not one for a CA",
        );
        root.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        let other = roots(&[&root.by(&root, 2000, 2040)]);
        invalid(
            trust(&[&leaf, &middle], &other, 2025),
            "not for certificates",
        );
    }

    #[test]
    fn names_may_be_encoded_otherwise() {
        let w = world();
        let root = &mut Entity::ca("x");
        root.params.distinguished_name.push(
            DnType::CommonName,
            rcgen::DnValue::PrintableString("Bear  ROOT".try_into().unwrap()),
        );
        let anchors = roots(&[&root.by(root, 2000, 2040)]);
        root.params
            .distinguished_name
            .push(DnType::CommonName, "bear root");
        let leaf = w.leaf.by(root, 2024, 2026);
        path(trust(&[&leaf], &anchors, 2025), &[0], 2024, 2026);
    }

    #[test]
    fn what_cannot_be_judged_is_told_by_its_name() {
        let mut w = world();
        let mut policy =
            CustomExtension::from_oid_content(&[2, 5, 29, 36], b"\x30\x03\x80\x01\x01".to_vec());
        policy.set_criticality(true);
        w.middle.params.custom_extensions = vec![policy];
        let (leaf, middle) = (
            w.leaf.by(&w.middle, 2024, 2026),
            w.middle.by(&w.root, 2010, 2030),
        );
        unsupported(
            trust(&[&leaf, &middle], &w.anchors, 2025),
            "'CN=middle' demands a certificate policy",
        );
        w.middle.params.custom_extensions[0] =
            CustomExtension::from_oid_content(&[2, 5, 29, 36], b"\x30\x03\x80\x01\x03".to_vec());
        w.middle.params.custom_extensions[0].set_criticality(true);
        let middle = w.middle.by(&w.root, 2010, 2030);
        path(
            trust(&[&leaf, &middle], &w.anchors, 2025),
            &[0, 1],
            2024,
            2026,
        );
    }

    #[test]
    fn name_constraints_are_held_against_the_names_below() {
        let mut w = world();
        let tree = |name: &str| rcgen::GeneralSubtree::DnsName(name.to_owned());
        let san = |name: &str| rcgen::SanType::DnsName(name.try_into().unwrap());
        w.leaf.params.subject_alt_names = vec![san("mx.bears.test")];
        for (permitted, excluded, fits) in [
            (vec![tree("bears.test")], vec![], true),
            (vec![tree("wolves.test"), tree("bears.test")], vec![], true),
            (vec![tree("wolves.test")], vec![], false),
            (vec![], vec![tree("mx.bears.test")], false),
            (vec![], vec![tree("wolves.test")], true),
        ] {
            w.middle.params.name_constraints = Some(rcgen::NameConstraints {
                permitted_subtrees: permitted,
                excluded_subtrees: excluded,
            });
            let leaf = w.leaf.by(&w.middle, 2024, 2026);
            let middle = w.middle.by(&w.root, 2010, 2030);
            let found = trust(&[&leaf, &middle], &w.anchors, 2025);
            match fits {
                true => path(found, &[0, 1], 2024, 2026),
                false => invalid(found, "not allowed to certify: mx.bears.test"),
            }
        }
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
            (Entity::leaf(), NoPath::UnknownIssuer { of: 0 }),
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
        invalid(
            trust(&[&leaf, &middle], &w.anchors, 2025),
            "'CN=leaf' does not match the key of its issuer 'CN=middle'",
        );
        let no_ca = Entity::new("middle", IsCa::NoCa);
        let (leaf, middle) = (w.leaf.by(&no_ca, 2024, 2026), no_ca.by(&w.root, 2010, 2030));
        invalid(
            trust(&[&leaf, &middle], &w.anchors, 2025),
            "'CN=middle' is not one for a CA",
        );
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
        unsupported(
            trust(&[&leaf], &w.anchors, 2025),
            "'CN=leaf' has a critical extension that is not known (1.2.3.4)",
        );
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
        none(long(20), NoPath::UnknownIssuer { of: 1 });
    }

    #[test]
    fn a_maze_of_equal_names_is_left() {
        let leaf = Entity::leaf().by(&Entity::ca("maze"), 2024, 2026);
        let walls = (0..18).map(|_| Entity::ca("maze"));
        let walls: Vec<_> = walls.map(|wall| wall.by(&wall, 2010, 2030)).collect();
        let chain: Vec<_> = std::iter::once(&leaf).chain(&walls).collect();
        // Nobody there has signed anything: that takes one signature each to find out.
        invalid(
            trust(&chain, &world().anchors, 2025),
            "does not match the key",
        );
    }

    /// Nine layers of two certificates each with the same key: 512 ways, and each of them ends at no root.
    #[test]
    fn a_maze_whose_signatures_hold_is_left() {
        let names: Vec<_> = (0..10).map(|n| Entity::ca(&n.to_string())).collect();
        let leaf = Entity::leaf().by(&names[0], 2024, 2026);
        let layers = names.windows(2);
        let walls: Vec<_> = layers
            .flat_map(|pair| [2010, 2011].map(|from| pair[0].by(&pair[1], from, 2030)))
            .collect();
        let chain: Vec<_> = std::iter::once(&leaf).chain(&walls).collect();
        let lost = trust(&chain, &world().anchors, 2025);
        none(lost, NoPath::UnknownIssuer { of: 17 });
    }

    /// A subject of thousands of attributes below thousands of subtrees: each is read once, not each time anew.
    #[test]
    fn large_names_are_compared_in_little_time() {
        let mut w = world();
        for nth in 0..2_000 {
            let kind = DnType::CustomDnType(vec![1, 2, 3, nth]);
            w.leaf.params.distinguished_name.push(kind, "a");
        }
        let any = rcgen::GeneralSubtree::DirectoryName(rcgen::DistinguishedName::new());
        w.middle.params.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![any; 5_000],
            excluded_subtrees: Vec::new(),
        });
        let leaf = w.leaf.by(&w.middle, 2024, 2026);
        let middle = w.middle.by(&w.root, 2010, 2030);
        let begun = tokio::time::Instant::now();
        let found = trust(&[&leaf, &middle], &w.anchors, 2025);
        path(found, &[0, 1], 2024, 2026);
        let spent = begun.elapsed();
        assert!(spent < std::time::Duration::from_secs(5), "{spent:?}");
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
