//! Each row of what DANE comes to for a sender (RFC 7672), with certificates made for it and at a fixed time.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};

use super::super::Finding;
use super::super::case::{Case, DAY, NOW};
use super::super::expectations::Demand::{self, Opportunistic, Required};
use super::super::fleet::{Fleet, Leaf};
use super::*;
use crate::certificate::association;
use crate::facts::lookup::LookupFault;
use crate::facts::observation::{Fault, Phase};
use crate::facts::published::Bits;

const OWNER: &str = "_25._tcp.mx.bears.test";

/// What a check says: its word, the reason, whether mail flows all the same, the evidence.
type Said = (&'static str, Option<Reason>, bool, String);

fn said(case: &Case) -> Said {
    let finding = judge(&case.evidence());
    let word = finding.as_str();
    match finding {
        Finding::Fail(f) => (word, Some(f.reason), f.mail_flows, f.evidence),
        Finding::Remark(text) | Finding::Unknown(text) => (word, None, false, text),
        Finding::NotApplicable(text) => (word, None, false, text.to_owned()),
        Finding::Pass => (word, None, false, String::new()),
    }
}

/// Word, reason and whether mail flows, under `opportunistic` and `required`.
#[track_caller]
fn row(case: &mut Case, opportunistic: (&str, Option<Reason>), required: (&str, Option<Reason>)) {
    for (demand, expected) in [(Opportunistic, opportunistic), (Required, required)] {
        case.expectations.dane = demand;
        let (word, reason, _, text) = said(case);
        assert_eq!((word, reason), expected, "{demand:?}: {text}");
    }
}

#[track_caller]
fn fails(case: &mut Case, reason: Reason) -> String {
    let failed = ("fail", Some(reason));
    row(case, failed, failed);
    let (_, _, mail_flows, text) = said(case);
    assert_eq!(mail_flows, reason == Reason::DaneUnusable, "{text}");
    text
}

#[track_caller]
fn passes(case: &mut Case) {
    row(case, ("pass", None), ("pass", None));
}

fn facts(standing: DaneStanding) -> DaneFacts {
    DaneFacts {
        hop: Security::Secure,
        port: 25,
        base: "mx.bears.test".into(),
        alias: None,
        mail_domain: Some("bears.test".into()),
        standing,
    }
}

fn published(records: &[TlsaRecord]) -> DaneFacts {
    facts(DaneStanding::Records(TlsaSet {
        owner: OWNER.into(),
        records: records.into(),
        published: records.len(),
        ttl: Duration::from_secs(3600),
    }))
}

fn of(bits: Bits, data: &[u8]) -> TlsaRecord {
    TlsaRecord {
        usage: bits.0,
        selector: bits.1,
        matching_type: bits.2,
        data: data.into(),
    }
}

fn pins(bits: Bits, certificate: &Certificate) -> TlsaRecord {
    of(bits, &certificate.association(bits.1, bits.2).unwrap())
}

/// A record that is of nobody.
fn stranger(bits: Bits) -> TlsaRecord {
    of(bits, &association(b"a stranger", bits.2).unwrap_or_default())
}

/// Leaf and issuer as usual, the leaf changed so; with records of what stands at these depths of the chain.
fn with_leaf(change: impl FnOnce(&mut CertificateParams), records: &[(Bits, usize)]) -> Case {
    let mut case = Case::with_leaf(change);
    let chain = case.observation.chain.clone();
    let pinned = records.iter().map(|(bits, depth)| pins(*bits, &chain[*depth]));
    case.dane = Some(published(&pinned.collect::<Vec<_>>()));
    case
}

fn with(records: &[(Bits, usize)]) -> Case {
    with_leaf(|_| (), records)
}

fn and(case: &mut Case, more: &[TlsaRecord]) {
    let Some(DaneStanding::Records(set)) = case.dane.as_mut().map(|dane| &mut dane.standing) else {
        panic!("there are records");
    };
    let all = set.records.iter().chain(more).cloned();
    set.records = all.collect();
}

fn only(records: &[TlsaRecord]) -> Case {
    let mut case = Case::new();
    case.dane = Some(published(records));
    case
}

#[test]
fn row_1_2_16_no_records_that_senders_follow() {
    for (standing, reason) in [
        (DaneStanding::None, Reason::DaneNoRecords),
        (DaneStanding::HostInsecure, Reason::DaneHostInsecure),
        (DaneStanding::Insecure, Reason::DaneTlsaInsecure),
    ] {
        for mut case in [Case::new(), Case::without_certificate()] {
            case.dane = Some(facts(standing.clone()));
            row(&mut case, ("not_applicable", None), ("fail", Some(reason)));
            assert!(said(&case).2, "mail flows");
            for port in [465, 587] {
                case.dane.as_mut().unwrap().port = port;
                row(&mut case, ("not_applicable", None), ("not_applicable", None));
            }
        }
    }
}

#[test]
fn row_3_mx_insecure_and_a_match() {
    let mut case = with(&[((3, 1, 1), 0)]);
    case.dane.as_mut().unwrap().hop = Security::Insecure;
    row(&mut case, ("pass", None), ("fail", Some(Reason::DaneMxInsecure)));
    assert!(said(&case).2, "mail flows");
}

#[test]
fn row_4_mx_insecure_and_no_match() {
    let mut case = only(&[stranger((3, 1, 1))]);
    case.dane.as_mut().unwrap().hop = Security::Insecure;
    let text = fails(&mut case, Reason::DaneMismatch);
    assert!(text.contains("the MX records are not signed, so that Exim would not look"), "{text}");
}

#[test]
fn row_5_a_match_of_every_kind() {
    for selector in [0, 1] {
        for matching_type in [0, 1, 2] {
            passes(&mut with(&[((3, selector, matching_type), 0)]));
            passes(&mut with(&[((2, selector, matching_type), 1)]));
        }
    }
    // Names, dates and purposes are no matter where the leaf is pinned.
    let odd = |leaf: &mut CertificateParams| {
        leaf.subject_alt_names.clear();
        leaf.not_after = leaf.not_before;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    passes(&mut with_leaf(odd, &[((3, 1, 1), 0)]));
}

#[test]
fn row_5_one_match_suffices() {
    let mut case = with(&[((3, 1, 1), 0)]);
    and(&mut case, &[stranger((3, 1, 1)), stranger((2, 1, 1)), stranger((3, 0, 2))]);
    passes(&mut case);
}

#[test]
fn row_6_no_match() {
    let mut case = only(&[stranger((3, 1, 1)), stranger((2, 1, 1))]);
    let own = pins((3, 1, 1), &case.observation.chain[0]);
    let text = fails(&mut case, Reason::DaneMismatch);
    assert!(text.contains(&format!("; its own would be {own}")), "{text}");
    // The leaf is no issuer of its own, and an issuer is no leaf.
    let text = fails(&mut with(&[((3, 1, 1), 1)]), Reason::DaneMismatch);
    assert!(text.contains("is of an issuer, which is usage 2"), "{text}");
}

#[test]
fn row_6_the_key_changed_before_the_record() {
    let sibling = Case::new().observation.chain[0].clone();
    let mut case = only(&[pins((3, 1, 2), &sibling)]);
    let leaf = Leaf::new("192.0.2.2:25".to_owned(), &sibling).unwrap();
    case.fleet = Fleet::new(vec![leaf]);
    let text = fails(&mut case, Reason::DaneMismatch);
    let told = "is of what 192.0.2.2:25 serves: the key changed before the record";
    assert!(text.contains(told), "{text}");
    case.former = Some(sibling);
    let text = fails(&mut case, Reason::DaneMismatch);
    let told = "is of what was served here before: the key changed before the record";
    assert!(text.contains(told), "{text}");
}

#[test]
fn row_6_mistakes_are_told_by_what_they_leave() {
    let case = Case::new();
    let leaf = &case.observation.chain[0];
    let hashed = |text: &[u8], kind| association(text, kind).unwrap().to_vec();
    let pem = leaf.to_pem();
    for (bits, data, told) in [
        ((3, 1, 1), hashed(b"", 1), "is the digest of nothing"),
        ((3, 0, 2), hashed(b"", 2), "is the digest of nothing"),
        ((3, 0, 1), hashed(pem.as_bytes(), 1), "the certificate's PEM text"),
        ((3, 0, 1), hashed(pem.trim_end().as_bytes(), 1), "the certificate's PEM text"),
        ((3, 1, 1), leaf.association(0, 1).unwrap().to_vec(), "which is selector 0"),
        ((3, 0, 1), leaf.association(1, 1).unwrap().to_vec(), "which is selector 1"),
    ] {
        let mut case = Case::new();
        case.observation.chain[0] = leaf.clone();
        case.dane = Some(published(&[of(bits, &data)]));
        let text = fails(&mut case, Reason::DaneMismatch);
        assert!(text.contains(told), "{bits:?}: {text}");
    }
}

#[test]
fn row_6a_an_alias_that_ends_unsigned_is_judged_by_its_own_records() {
    let mut case = only(&[stranger((3, 1, 1))]);
    case.dane.as_mut().unwrap().base = "alias.bears.test".into();
    fails(&mut case, Reason::DaneMismatch);
}

#[test]
fn row_7_only_the_strongest_digest_counts() {
    let mut case = with(&[((3, 1, 1), 0)]);
    and(&mut case, &[stranger((3, 1, 2))]);
    fails(&mut case, Reason::DaneDigestAgility);
    // Other usages and selectors have digests of their own.
    let mut case = with(&[((3, 1, 1), 0)]);
    and(&mut case, &[stranger((3, 0, 2)), stranger((2, 1, 2))]);
    passes(&mut case);
}

#[test]
fn row_8_an_issuer_that_is_not_sent() {
    for matching_type in [1, 2] {
        let mut case = with(&[((2, 1, matching_type), 1)]);
        case.observation.chain.truncate(1);
        let text = fails(&mut case, Reason::DaneTaNotSent);
        assert!(!text.contains("Exim"), "{text}");
    }
    fails(&mut only(&[stranger((2, 0, 1))]), Reason::DaneTaNotSent);
}

#[test]
fn row_8_an_issuer_is_never_the_leaf() {
    for bits in [(2, 0, 1), (2, 1, 1), (2, 0, 0)] {
        let text = fails(&mut with(&[(bits, 0)]), Reason::DaneTaNotSent);
        assert!(text.contains("which is usage 3"), "{text}");
    }
    let own = rcgen::generate_simple_self_signed(["mx.bears.test".to_owned()]).unwrap();
    let own = Certificate::from_der(own.cert.der());
    for chain in [vec![own.clone()], vec![own.clone(), own.clone()]] {
        let mut case = only(&[pins((2, 0, 1), &own)]);
        case.observation.chain = chain;
        assert_eq!(said_under(&mut case, Opportunistic).0, "fail");
    }
}

fn said_under(case: &mut Case, demand: Demand) -> Said {
    case.expectations.dane = demand;
    said(case)
}

#[test]
fn row_8a_an_issuer_that_only_dns_has() {
    for selector in [0, 1] {
        let mut case = with(&[((2, selector, 0), 1)]);
        case.observation.chain.truncate(1);
        let text = fails(&mut case, Reason::DaneTaNotSent);
        assert!(text.contains("Postfix takes it from DNS, Exim does not"), "{text}");
    }
}

#[test]
fn row_9_a_name_that_the_leaf_has_not() {
    let named = |names: &'static [&str]| {
        move |leaf: &mut CertificateParams| {
            let name = |name: &&str| rcgen::SanType::DnsName((*name).try_into().unwrap());
            leaf.subject_alt_names = names.iter().map(name).collect();
        }
    };
    for (names, fits) in [
        (&["mx.bears.test"][..], true),
        (&["bears.test"], true),
        (&["*.bears.test"], true),
        (&["old.wolves.test"], true),
        (&[], true),
        (&["*.test"], false),
        (&["mx.*.test"], false),
        (&["other.bears.test"], false),
    ] {
        let mut case = with_leaf(named(names), &[((2, 1, 1), 1)]);
        case.dane.as_mut().unwrap().alias = Some("old.wolves.test".into());
        match fits {
            true => passes(&mut case),
            false => drop(fails(&mut case, Reason::DaneNameMismatch)),
        }
    }
}

#[test]
fn row_10_a_leaf_or_issuer_that_is_not_valid_now() {
    for days in [-91, 91] {
        let mut case = with(&[((2, 1, 1), 1)]);
        case.now = NOW.plus_seconds(days * DAY);
        fails(&mut case, Reason::DaneChainInvalid);
    }
    let expired = |leaf: &mut CertificateParams| leaf.not_after = leaf.not_before;
    let text = fails(&mut with_leaf(expired, &[((2, 0, 2), 1)]), Reason::DaneChainInvalid);
    assert!(text.starts_with("the leaf expired on "), "{text}");
}

#[test]
fn row_10_an_issuer_that_did_not_issue_the_leaf() {
    let mut case = with(&[((2, 1, 1), 1)]);
    case.observation.chain[0] = Case::new().observation.chain[0].clone();
    fails(&mut case, Reason::DaneChainInvalid);
}

#[test]
fn row_10a_a_leaf_that_is_not_for_servers() {
    let client = |leaf: &mut CertificateParams| {
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let text = fails(&mut with_leaf(client, &[((2, 1, 1), 1)]), Reason::DaneChainInvalid);
    assert!(text.contains("not for servers"), "{text}");
}

#[test]
fn row_11_nothing_but_unusable_records() {
    let mut case = only(&[stranger((1, 1, 1)), of((3, 1, 1), &[7; 20])]);
    let text = fails(&mut case, Reason::DaneUnusable);
    assert!(text.contains("mail servers know usages 2 and 3 only"), "{text}");
}

#[test]
fn row_12_no_starttls() {
    for record in [stranger((3, 1, 1)), stranger((0, 0, 1))] {
        for reason in [Reason::StarttlsNotOffered, Reason::StarttlsMasked] {
            let mut case = Case::without_certificate();
            case.dane = Some(published(std::slice::from_ref(&record)));
            case.observation.fault = Some(Fault::new(Phase::Ehlo, reason, "none"));
            fails(&mut case, Reason::DaneStarttlsMissing);
        }
    }
}

#[test]
fn row_13_unusable_records_beside_one_that_matches() {
    let mut case = with(&[((3, 1, 1), 0)]);
    and(&mut case, &[stranger((0, 0, 1)), stranger((3, 1, 3))]);
    passes(&mut case);
    let (.., text) = said(&case);
    assert!(text.contains("0 0 1 ") && text.contains("3 1 3 "), "{text}");
}

#[test]
fn row_14_no_answer_about_records() {
    for mut case in [Case::new(), Case::without_certificate()] {
        case.dane = Some(facts(DaneStanding::Error(LookupFault {
            reason: Reason::DnsError,
            detail: "SERVFAIL".to_owned(),
        })));
        fails(&mut case, Reason::DaneDnsError);
    }
}

#[test]
fn row_17_a_resolver_that_does_not_validate() {
    let mut case = Case::new();
    for standing in [DaneStanding::Unavailable, DaneStanding::Pending("later".into())] {
        case.dane = Some(facts(standing));
        row(&mut case, ("unknown", None), ("unknown", None));
    }
}

#[test]
fn row_18_no_certificate_to_judge() {
    let mut case = Case::without_certificate();
    case.dane = Some(published(&[stranger((3, 1, 1))]));
    row(&mut case, ("unknown", None), ("unknown", None));
    case.observation.fault = Some(Fault::new(Phase::Connect, Reason::ConnectRefused, "RST"));
    row(&mut case, ("unknown", None), ("unknown", None));
    assert!(said(&case).3.contains("connect_refused: RST"));
}

#[test]
fn nobody_asked() {
    let mut case = with(&[((3, 1, 1), 0)]);
    assert_eq!(said_under(&mut case, Demand::Off).0, "not_applicable");
    case.dane = None;
    assert_eq!(said_under(&mut case, Required).0, "not_applicable");
}

/// Numbers that look like chance and are the same every time (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed >> 33) % most as u64).unwrap()
    }
}

/// Some records, each of the leaf, of the issuer, or of nobody.
fn any_records(chance: &mut Chance, chain: &[Certificate]) -> Vec<TlsaRecord> {
    let length = 1 + chance.below(5);
    (0..length).map(|_| any_record(chance, chain)).collect()
}

fn any_record(chance: &mut Chance, chain: &[Certificate]) -> TlsaRecord {
    let [usage, selector, matching_type] =
        [3, 2, 3].map(|most| u8::try_from(chance.below(most)).unwrap());
    let bits = (1 + usage, selector, matching_type);
    match chance.below(3) {
        nth @ (0 | 1) => pins(bits, &chain[nth]),
        _ => stranger(bits),
    }
}

#[test]
fn one_more_record_that_matches_never_makes_a_pass_fail() {
    let mut chance = Chance(16);
    let mut case = Case::new();
    let chain = case.observation.chain.clone();
    for _ in 0..500 {
        let mut records = any_records(&mut chance, &chain);
        case.dane = Some(published(&records));
        let before = said_under(&mut case, Opportunistic);
        let more = [((3, 1, 2), 0), ((3, 0, 2), 0), ((2, 1, 2), 1)];
        let (bits, depth) = more[chance.below(3)];
        records.push(pins(bits, &chain[depth]));
        case.dane = Some(published(&records));
        let after = said(&case);
        assert_eq!(after.0, "pass", "{before:?} {after:?} {records:?}");
    }
}

#[test]
fn without_dnssec_nothing_fails_unless_it_is_required() {
    let mut chance = Chance(17);
    let mut case = Case::new();
    let chain = case.observation.chain.clone();
    for standing in [DaneStanding::HostInsecure, DaneStanding::Insecure, DaneStanding::Unavailable] {
        case.dane = Some(published(&any_records(&mut chance, &chain)));
        case.dane.as_mut().unwrap().standing = standing;
        assert_ne!(said_under(&mut case, Opportunistic).0, "fail");
    }
}

#[test]
fn any_changed_byte_of_the_only_record_makes_it_fail() {
    let mut chance = Chance(18);
    for bits in [(3, 0, 0), (3, 0, 1), (3, 0, 2), (3, 1, 0), (3, 1, 1), (3, 1, 2), (2, 0, 1), (2, 1, 2)] {
        let mut case = with(&[(bits, usize::from(bits.0 == 2))]);
        passes(&mut case);
        let Some(DaneStanding::Records(set)) = case.dane.take().map(|dane| dane.standing) else {
            panic!("there are records");
        };
        for at in 0..set.records[0].data.len() {
            let mut record = set.records[0].clone();
            Arc::make_mut(&mut record.data)[at] ^= u8::try_from(1 + chance.below(255)).unwrap();
            case.dane = Some(published(&[record]));
            let (word, .., text) = said_under(&mut case, Opportunistic);
            assert_eq!(word, "fail", "{bits:?} {at}: {text}");
        }
    }
}
