//! Check `store_newest`: the server that an endpoint is has no later usable certificate for the same names.

use super::candidates::short;
use super::check::{Check, Evidence, Finding, Judge, Kind, Switch};
use super::fleet::key_kind;
use super::inside::Selected;
use crate::certificate::{Certificate, Facts};
use crate::facts::inventory::{Inventory, Role, Select, ServerFacts, StoredCertificate};
use crate::name::Host;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

pub(super) const CHECK: Check = Check {
    name: "store_newest",
    help: "No usable certificate of the mail server with this address covers the expected names and began later than the \
           leaf, unless it came within the last 15 minutes.",
    citation: "Microsoft: Enable-ExchangeCertificate; Postfix and Exim read a certificate when they reload",
    kind: Kind::Fleet,
    default: Switch::On,
    judge: Judge::Endpoint(judge),
};

/// So many seconds a server may take to present what it was given.
pub const TAKES: i64 = 15 * 60;

fn judge(evidence: &Evidence<'_>) -> Finding {
    let (leaf, facts) = match evidence.leaf() {
        Ok(leaf) => leaf,
        Err(finding) => return finding,
    };
    let (server, inventory) = match evidence.server() {
        Ok(pair) => pair,
        Err(finding) => return finding,
    };
    let own = evidence.server_name.cloned().map(|name| vec![name]);
    let names = evidence.expectations.names.clone().or(own);
    let names = names.unwrap_or_default();
    if names.is_empty() {
        return Finding::NotApplicable("no name is expected");
    }
    let now = evidence.now;
    let later = inventory.certificates().iter().enumerate();
    let later = later.filter_map(|(nth, stored)| {
        let one = Selected::new(nth, stored, &inventory.server.kind, now);
        let found = stored.facts().ok().filter(|_| one.is_usable == Some(true))?;
        let is_meant = is_for_servers(stored, inventory)
            && is_settled(stored, server, inventory, now)
            && is_later(found, facts, &names);
        is_meant.then_some((found, stored))
    });
    let age = |(found, stored): &(&Facts, &StoredCertificate)| {
        let digest = stored.certificate.fingerprints().sha256;
        (found.not_before, found.not_after, digest)
    };
    match later.max_by_key(age) {
        Some((found, stored)) => Finding::fail(
            Reason::StoreNewerNotServed,
            told(server, leaf, (stored, found)),
        ),
        None => Finding::Pass,
    }
}

/// Whether it replaces the leaf. A server may well have a certificate for each kind of key.
fn is_later(found: &Facts, leaf: &Facts, names: &[Host]) -> bool {
    found.not_before > leaf.not_before
        && key_kind(found) == key_kind(leaf)
        && names.iter().all(|name| found.covers(name))
}

/// Whether it was there long enough, as far as is known.
fn is_settled(
    stored: &StoredCertificate,
    server: &ServerFacts,
    inventory: &Inventory,
    now: Timestamp,
) -> bool {
    let known = &server.certificates_since;
    let since = known.get(&stored.certificate.fingerprints().sha1);
    let since = since.copied().unwrap_or(inventory.collected_at);
    now.seconds_since(since) >= TAKES
}

/// Of files, only those count that a server's role names: others are presented when the server connects.
fn is_for_servers(stored: &StoredCertificate, inventory: &Inventory) -> bool {
    let mut uses = inventory.uses().iter();
    let is_named = |select: &Select| match select {
        Select::Place(places) => stored.places.iter().any(|place| places.contains(place)),
        Select::TlsCertificateName { .. }
        | Select::Fqdn(_)
        | Select::Nothing
        | Select::Unresolved(_) => false,
    };
    inventory.server.kind.is_exchange()
        || uses.any(|one| one.role == Role::Server && one.enabled && is_named(&one.select))
}

fn told(
    server: &ServerFacts,
    leaf: &Certificate,
    (stored, found): (&StoredCertificate, &Facts),
) -> String {
    let digits = leaf.fingerprints().sha1_hex();
    format!(
        "{} of {}, valid until {}, is newer than {}…",
        short(stored),
        server.key.0,
        found.not_after.date(),
        digits.get(..12).unwrap_or(&digits)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::super::case::{Case, DAY, paired};
    use super::*;

    /// The case's leaf, and one that began `days` later, in the store since `seconds` ago.
    fn with_later(days: i64, seconds: i64) -> Case {
        let mut case = Case::new();
        case.server_name = Host::parse("mx.bears.test").ok();
        let begins = case.now.plus_seconds((days - 90) * DAY);
        let later = Case::with_leaf(|leaf| {
            leaf.not_before = time::OffsetDateTime::from_unix_timestamp(begins.0).unwrap();
        });
        let later = &later.observation.chain[0];
        let mut server = paired(&[&case.observation.chain[0], later], case.now);
        let since = (later.fingerprints().sha1, case.now.plus_seconds(-seconds));
        server.certificates_since = Arc::new(HashMap::from([since]));
        case.inside = Some(server);
        case
    }

    #[test]
    fn a_later_one_is_to_be_served_after_a_while() {
        assert_eq!(with_later(30, 900).reason(judge), Some(Reason::StoreNewerNotServed));
        assert_eq!(judge(&with_later(30, 899).evidence()), Finding::Pass);
        assert_eq!(judge(&with_later(-30, 900).evidence()), Finding::Pass);
    }

    #[test]
    fn one_for_other_names_or_without_its_key_is_none() {
        let mut case = with_later(30, 900);
        case.server_name = Host::parse("relay.bears.test").ok();
        assert_eq!(judge(&case.evidence()), Finding::Pass);
        let mut case = with_later(30, 900);
        let server = case.inside.as_mut().unwrap();
        let mut inventory = Inventory::clone(server.newest.as_ref().unwrap());
        inventory.certificates.as_mut().unwrap()[1].private_key = Some(false);
        server.newest = Some(Arc::new(inventory));
        assert_eq!(judge(&case.evidence()), Finding::Pass);
    }

    #[test]
    fn nothing_is_said_without_a_pair_or_a_name() {
        let mut case = with_later(30, 900);
        case.server_name = None;
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
        let case = Case::new();
        assert!(matches!(judge(&case.evidence()), Finding::NotApplicable(_)));
    }
}
