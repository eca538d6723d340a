//! A connector and the certificates of its server to those that it selects, each with what keeps it from being used.

use std::cmp::Reverse;

use super::inside::{Selected, Unfit};
use crate::certificate::{Facts, Fingerprints};
use crate::facts::inventory::{Inventory, Select, ServerKind, StoredCertificate, Use};
use crate::name::Host;
use crate::timestamp::Timestamp;

/// Words of Exchange for a certificate that it does not use. Without internet, `RevocationCheckFailure` is no fault.
const REJECTED: [&str; 5] = [
    "Revoked",
    "Invalid",
    "Untrusted",
    "PendingRequest",
    WRONG_CLOCK,
];
/// Of a certificate whose dates are good: then the server's clock is not.
const WRONG_CLOCK: &str = "DateInvalid";

/// The certificates that a connector selects: the chosen one first, then by beginning, the youngest first.
pub fn candidates<'a>(
    inventory: &'a Inventory,
    connector: &Use,
    now: Timestamp,
) -> Vec<Selected<'a>> {
    let kind = &inventory.server.kind;
    let is_selected = selector(&connector.select, kind);
    let stored = inventory.certificates().iter().enumerate();
    let selected = stored.filter(|(_, stored)| is_selected(stored));
    let mut all: Vec<_> = selected
        .map(|(nth, stored)| Selected::new(nth, stored, kind, now))
        .collect();
    all.sort_by_key(|one| Reverse(age(one)));
    let chosen = all.iter().position(|one| one.is_usable == Some(true));
    if let Some(chosen) = chosen {
        all[..=chosen].rotate_right(1);
    }
    all
}

type Selector<'a> = Box<dyn Fn(&StoredCertificate) -> bool + 'a>;

fn selector<'a>(select: &'a Select, kind: &ServerKind) -> Selector<'a> {
    match select {
        Select::TlsCertificateName {
            names: Some(names), ..
        } => Box::new(|one| one.facts().is_ok_and(|facts| names.matches(facts))),
        Select::Fqdn(name) => {
            let host = Host::parse(name).ok();
            let by_common_name = kind.is_exchange();
            Box::new(move |one| {
                let facts = one.facts().ok().zip(host.as_ref());
                facts.is_some_and(|(facts, host)| is_named(facts, host, by_common_name))
            })
        }
        Select::Place(places) => {
            Box::new(|one| one.places.iter().any(|place| places.contains(place)))
        }
        Select::TlsCertificateName { names: None, .. }
        | Select::Nothing
        | Select::Unresolved(_) => Box::new(|_| false),
    }
}

/// Exchange takes the common name, too.
fn is_named(facts: &Facts, host: &Host, by_common_name: bool) -> bool {
    let is_it = |name: &String| Host::parse(name).as_ref() == Ok(host);
    facts.covers(host) || by_common_name && facts.common_names.iter().any(is_it)
}

/// Greater for the one that began later, then for the one that ends later; the fingerprint decides between twins.
fn age(one: &Selected<'_>) -> (Option<(Timestamp, Timestamp)>, [u8; 32]) {
    let facts = one.stored.facts().ok();
    let dates = facts.map(|facts| (facts.not_before, facts.not_after));
    (dates, one.fingerprints().sha256)
}

impl<'a> Selected<'a> {
    /// A certificate at a place in the inventory's list, on a server of this kind.
    pub fn new(
        nth: usize,
        stored: &'a StoredCertificate,
        kind: &ServerKind,
        now: Timestamp,
    ) -> Self {
        let (fault, is_usable) = match fault(stored, kind, now) {
            Ok(fault) => (fault, Some(fault.is_none())),
            Err(Unclear) => (None, None),
        };
        Self {
            nth,
            stored,
            fault,
            is_usable,
        }
    }

    /// Its fingerprints.
    pub(super) fn fingerprints(&self) -> &'a Fingerprints {
        self.stored.certificate.fingerprints()
    }

    /// What is to be said of it, with the first digits of its thumbprint.
    pub(super) fn told(&self) -> String {
        let short = short(self.stored);
        let Ok(facts) = self.stored.facts() else {
            return format!("{short} cannot be read");
        };
        let status = self.stored.status.as_deref().unwrap_or_default();
        match self.fault {
            None if self.is_usable.is_none() => {
                format!("{short} is valid, but nobody can tell whether it is enabled for SMTP")
            }
            None => format!("{short} can be used until {}", facts.not_after.date()),
            Some(Unfit::Expired) => format!("{short} expired {}", facts.not_after.date()),
            Some(Unfit::NotYetValid) => {
                format!("{short} is valid only from {}", facts.not_before.date())
            }
            Some(Unfit::KeyMissing) => format!("{short} is valid but has no private key"),
            Some(Unfit::Rejected) if status.eq_ignore_ascii_case(WRONG_CLOCK) => {
                format!("{short} is valid but {status} to the server: see its clock")
            }
            Some(Unfit::Rejected) => format!("{short} is valid but {status} to the server"),
            Some(Unfit::NotEnabled) => format!("{short} is valid but not enabled for SMTP"),
        }
    }
}

/// `117958926ACC…`: as much of a thumbprint as tells certificates apart.
pub(super) fn short(stored: &StoredCertificate) -> String {
    let digits = stored.certificate.fingerprints().sha1_hex();
    format!("{}…", digits.get(..12).unwrap_or(&digits))
}

/// What would have to be known to say whether a certificate can be used is not.
struct Unclear;

/// The first thing that keeps a certificate from being used, in the order in which mending goes on.
fn fault(
    stored: &StoredCertificate,
    kind: &ServerKind,
    now: Timestamp,
) -> Result<Option<Unfit>, Unclear> {
    let facts = stored.facts().map_err(|_| Unclear)?;
    let is_rejected = |status: &str| {
        let mut words = REJECTED.iter();
        words.any(|word| status.eq_ignore_ascii_case(word))
    };
    Ok(if now > facts.not_after {
        Some(Unfit::Expired)
    } else if now < facts.not_before {
        Some(Unfit::NotYetValid)
    } else if stored.private_key == Some(false) {
        Some(Unfit::KeyMissing)
    } else if stored.status.as_deref().is_some_and(is_rejected) {
        Some(Unfit::Rejected)
    } else if kind.is_exchange() {
        let is_enabled = stored.is_smtp_enabled().ok_or(Unclear)?;
        (!is_enabled).then_some(Unfit::NotEnabled)
    } else {
        None
    })
}
