//! The records that count and a presented chain to what a sender makes of them (RFC 7672 §3); knows no DNS and no demand.

use crate::certificate::{Certificate, Facts, KeyUsage, SubjectName};
use crate::facts::published::TlsaRecord;
use crate::name::Host;
use crate::pki::{self, CertPath, NoPath};
use crate::timestamp::Timestamp;

/// More certificates than any honest server presents; those behind are not looked at.
const MAX_CHAIN: usize = 20;

/// What records come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matching {
    /// A sender delivers.
    Match,
    /// No record is of the leaf or of what was presented above it.
    Mismatch,
    /// All records are of issuers, and none of these was presented above the leaf.
    NotSent,
    /// An issuer is pinned and was presented, but the leaf has none of the names.
    Name,
    /// The same, but the leaf does not lead to it, or not now, or not for servers; says why.
    Invalid(String),
    /// Nobody can tell here; says why.
    Undecided(String),
}

/// Judges a chain, which is not empty, with the names that a leaf may have, asked for where an issuer is pinned.
pub(super) fn outcome(
    records: &[&TlsaRecord],
    chain: &[Certificate],
    names: impl FnOnce() -> Vec<Host>,
    now: Timestamp,
) -> Matching {
    let [leaf, above @ ..] = chain else {
        return Matching::Mismatch;
    };
    let (of_leaf, of_issuers): (Vec<&TlsaRecord>, Vec<_>) =
        records.iter().copied().partition(|record| record.usage == 3);
    // Names, dates and issuers of the leaf are no matter (RFC 7671 §5.1).
    if of_leaf.iter().any(|record| record.is_of(leaf)) {
        return Matching::Match;
    }
    let pinned = |one: &&Certificate| of_issuers.iter().any(|record| record.is_of(one));
    let above = above.iter().take(MAX_CHAIN - 1);
    let anchors: Vec<_> = above.filter(pinned).map(Certificate::der).collect();
    match (anchors.is_empty(), of_leaf.is_empty()) {
        (true, true) => Matching::NotSent,
        (true, false) => Matching::Mismatch,
        (false, _) => match pki::anchored(chain, &anchors, now) {
            Ok(path) => along(&path, chain, &names(), now),
            Err(why @ (NoPath::Unsupported(_) | NoPath::Unreadable(_) | NoPath::TooManyWays)) => {
                Matching::Undecided(why.to_string())
            }
            Err(NoPath::UnknownIssuer { .. }) => {
                Matching::Invalid("the issuer that is pinned did not issue the leaf".to_owned())
            }
            Err(why) => Matching::Invalid(why.to_string()),
        },
    }
}

/// What a sender asks of a path to an issuer that is pinned (RFC 7672 §3.1.2, §3.2.2).
fn along(path: &CertPath, chain: &[Certificate], names: &[Host], now: Timestamp) -> Matching {
    let presented = path.certificates.iter().filter_map(|nth| chain.get(*nth));
    let members: Vec<_> = presented.chain(&path.root).filter_map(|one| one.facts().ok()).collect();
    let Some(leaf) = members.first() else {
        return Matching::Undecided("the leaf cannot be read".to_owned());
    };
    if !names.iter().any(|name| has_name(leaf, name)) {
        return Matching::Name;
    }
    let flaw = |(depth, facts): (usize, &&Facts)| {
        let what = match depth {
            0 => "the leaf".to_owned(),
            _ => format!("its issuer '{}'", facts.subject.to_exchange()),
        };
        unfit(facts, depth, now).map(|why| format!("{what} {why}"))
    };
    let flaw = members.iter().enumerate().find_map(flaw);
    flaw.map_or(Matching::Match, Matching::Invalid)
}

/// Why a member of the path does not do, if so.
fn unfit(facts: &Facts, depth: usize, now: Timestamp) -> Option<String> {
    if now > facts.not_after {
        return Some(format!("expired on {}", facts.not_after.date()));
    }
    if now < facts.not_before {
        return Some(format!("is valid from {} on", facts.not_before.date()));
    }
    if !facts.allows_server_auth() {
        return Some("is not for servers (extended key usage without serverAuth)".to_owned());
    }
    let may_sign = facts.key_usage.is_none_or(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN));
    (depth > 0 && !may_sign).then(|| "is not for certificates (keyUsage)".to_owned())
}

/// Whether a leaf has this name, by its alternative names or, if none of them is of DNS, by a common name (RFC 7672
/// §3.2.3).
fn has_name(leaf: &Facts, name: &Host) -> bool {
    let names_dns = leaf.names.iter().any(|one| matches!(one, SubjectName::Dns(_)));
    let is_common = |text: &String| SubjectName::Dns(text.clone()).covers(name);
    leaf.covers(name) || !names_dns && leaf.common_names.iter().any(is_common)
}
