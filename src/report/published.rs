//! What is wrong with what is published for hosts and mail domains: their own findings, and those of their endpoints.

use std::collections::{BTreeMap, HashMap};

use super::judged::{DomainReport, HostReport};
use super::snapshot::Snapshot;
use super::state::{State, state_of};
use crate::reason::Reason;
use crate::verdict::{Finding, Kind, Verdict};

/// What is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// TLSA records (RFC 7672).
    Dane,
    /// An MTA-STS record and policy (RFC 8461).
    MtaSts,
    /// A TLSRPT record (RFC 8460).
    TlsRpt,
}

impl Mechanism {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dane => "dane",
            Self::MtaSts => "mta_sts",
            Self::TlsRpt => "tlsrpt",
        }
    }

    /// What a check of [`Kind::Published`] is about.
    fn of_check(name: &str) -> Self {
        if name.starts_with("dane") {
            Self::Dane
        } else if name.starts_with("mta_sts") {
            Self::MtaSts
        } else {
            Self::TlsRpt
        }
    }
}

/// The reasons, each with the worst state that it brings.
pub type PublishedReasons = BTreeMap<Reason, State>;

type OfMechanisms = BTreeMap<Mechanism, PublishedReasons>;

/// The failures of hosts and mail domains, of those that somebody asks about.
#[derive(Debug, Default)]
pub struct PublishedFailures<'a> {
    hosts: HashMap<(&'a str, &'a str, u16, &'a str), OfMechanisms>,
    domains: HashMap<(&'a str, &'a str), OfMechanisms>,
}

impl<'a> PublishedFailures<'a> {
    /// Of everything that is known.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self::among(snapshot, |_| true)
    }

    /// Of one target.
    pub fn of_target(snapshot: &'a Snapshot, target: &str) -> Self {
        Self::among(snapshot, |name| name == target)
    }

    fn among(snapshot: &'a Snapshot, is_meant: impl Fn(&str) -> bool) -> Self {
        let mut all = Self::default();
        for host in snapshot
            .hosts
            .iter()
            .filter(|host| is_meant(&host.key.target))
        {
            let key = &host.key;
            all.add_to_host((&key.target, &key.host, key.port, &key.view), &host.verdict);
        }
        for domain in snapshot
            .domains
            .iter()
            .filter(|domain| is_meant(&domain.key.target))
        {
            all.add_to_domain((&domain.key.target, &domain.key.view), &domain.verdict);
        }
        let targets = snapshot.targets.iter();
        let targets = targets.filter(|target| is_meant(&target.source.name));
        // What an endpoint finds is its host's and its mail domain's.
        for entry in targets.flat_map(|target| &target.entries) {
            let at = &*entry.endpoint;
            all.add_to_host((&at.target, &at.host, at.port, &at.view), &entry.verdict);
            all.add_to_domain((&at.target, &at.view), &entry.verdict);
        }
        all
    }

    fn add_to_host(&mut self, key: (&'a str, &'a str, u16, &'a str), verdict: &Verdict) {
        for failure in failures(verdict) {
            add(failure, self.hosts.entry(key).or_default());
        }
    }

    fn add_to_domain(&mut self, key: (&'a str, &'a str), verdict: &Verdict) {
        for failure in failures(verdict) {
            add(failure, self.domains.entry(key).or_default());
        }
    }

    /// Of a host, of which DANE is published.
    pub fn of_host(&self, host: &HostReport) -> PublishedReasons {
        let key = &host.key;
        let found = self
            .hosts
            .get(&(&*key.target, &*key.host, key.port, &*key.view));
        of(found, Mechanism::Dane)
    }

    /// Of a mail domain.
    pub fn of_domain(&self, domain: &DomainReport, mechanism: Mechanism) -> PublishedReasons {
        let key = &domain.key;
        of(self.domains.get(&(&*key.target, &*key.view)), mechanism)
    }
}

fn of(found: Option<&OfMechanisms>, mechanism: Mechanism) -> PublishedReasons {
    let reasons = found.and_then(|found| found.get(&mechanism));
    reasons.cloned().unwrap_or_default()
}

/// What a verdict has against what is published: most have nothing.
fn failures(verdict: &Verdict) -> impl Iterator<Item = (Mechanism, Reason, State)> {
    verdict
        .judgements()
        .filter_map(|(check, finding)| match finding {
            Finding::Fail(failure) if check.kind == Kind::Published => Some((
                Mechanism::of_check(check.name),
                failure.reason,
                state_of(check.kind, failure),
            )),
            _ => None,
        })
}

fn add((mechanism, reason, state): (Mechanism, Reason, State), to: &mut OfMechanisms) {
    let worst = to
        .entry(mechanism)
        .or_default()
        .entry(reason)
        .or_insert(state);
    *worst = state.min(*worst);
}
