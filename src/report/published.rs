//! What is wrong with what is published for hosts and mail domains: their own findings, and those of their endpoints.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::judged::{DomainReport, HostReport};
use super::snapshot::{Entry, Snapshot};
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

    /// Endpoints are looked at only where their target has a host or mail domain that is asked about.
    fn among(snapshot: &'a Snapshot, is_meant: impl Fn(&str) -> bool) -> Self {
        let (mut all, mut asked) = (Self::default(), HashSet::new());
        let hosts = snapshot.hosts.iter();
        for host in hosts.filter(|host| host.facts.dane.is_some() && is_meant(&host.key.target)) {
            let key = &host.key;
            let of_host = all
                .hosts
                .entry((&key.target, &key.host, key.port, &key.view));
            add(&host.verdict, of_host.or_default());
            asked.insert(&*key.target);
        }
        let domains = snapshot.domains.iter();
        for domain in domains.filter(|domain| is_asked(domain) && is_meant(&domain.key.target)) {
            let key = &domain.key;
            let of_domain = all.domains.entry((&key.target, &key.view));
            add(&domain.verdict, of_domain.or_default());
            asked.insert(&*key.target);
        }
        let targets = snapshot.targets.iter();
        let targets = targets.filter(|target| asked.contains(&*target.source.name));
        for entry in targets.flat_map(|target| &target.entries) {
            all.add_endpoint(entry);
        }
        all
    }

    /// What an endpoint finds is its host's and its mail domain's.
    fn add_endpoint(&mut self, entry: &'a Entry) {
        let at = &*entry.endpoint;
        let host = (&*at.target, &*at.host, at.port, &*at.view);
        if let Some(host) = self.hosts.get_mut(&host) {
            add(&entry.verdict, host);
        }
        if let Some(domain) = self.domains.get_mut(&(&*at.target, &*at.view)) {
            add(&entry.verdict, domain);
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

fn is_asked(domain: &DomainReport) -> bool {
    domain.facts.sts.is_some() || domain.facts.tlsrpt.is_some()
}

fn of(found: Option<&OfMechanisms>, mechanism: Mechanism) -> PublishedReasons {
    let reasons = found.and_then(|found| found.get(&mechanism));
    reasons.cloned().unwrap_or_default()
}

fn add(verdict: &Verdict, to: &mut OfMechanisms) {
    for (check, finding) in verdict.judgements() {
        let Finding::Fail(failure) = finding else {
            continue;
        };
        if check.kind == Kind::Published {
            let reasons = to.entry(Mechanism::of_check(check.name)).or_default();
            let state = state_of(check.kind, failure);
            let worst = reasons.entry(failure.reason).or_insert(state);
            *worst = state.min(*worst);
        }
    }
}
