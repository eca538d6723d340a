//! What endpoints fail for that concerns all of their host or mail domain: what is published for it.

use std::collections::{BTreeSet, HashMap};

use super::judged::{DomainReport, HostReport};
use super::snapshot::{Entry, Snapshot};
use crate::facts::domain::DomainKey;
use crate::facts::host::HostKey;
use crate::reason::Reason;
use crate::verdict::{Check, Finding, Kind};

/// A check that fails, and why.
pub type CheckFailure = (&'static str, Reason);

/// The failures about what is published, of hosts and mail domains, their endpoints' among them.
#[derive(Debug, Default)]
pub struct PublishedFailures<'a> {
    hosts: HashMap<(&'a str, &'a str, u16, &'a str), BTreeSet<CheckFailure>>,
    domains: HashMap<(&'a str, &'a str), BTreeSet<CheckFailure>>,
}

impl<'a> PublishedFailures<'a> {
    /// Of everything that is known.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let mut all = Self::default();
        for (_, entry) in snapshot.entries() {
            for failure in failures(entry.verdict.judgements()) {
                all.add(entry, failure);
            }
        }
        all
    }

    fn add(&mut self, entry: &'a Entry, failure: CheckFailure) {
        let at = &*entry.endpoint;
        let host = (&*at.target, &*at.host, at.port, &*at.view);
        self.hosts.entry(host).or_default().insert(failure);
        let domain = (&*at.target, &*at.view);
        self.domains.entry(domain).or_default().insert(failure);
    }

    /// Of a host, each once.
    pub fn of_host(&self, host: &HostReport) -> BTreeSet<CheckFailure> {
        let HostKey {
            target,
            host: name,
            port,
            view,
        } = &host.key;
        let theirs = self.hosts.get(&(&**target, &**name, *port, &**view));
        let theirs = theirs.into_iter().flatten().copied();
        failures(host.verdict.judgements()).chain(theirs).collect()
    }

    /// Of a mail domain, each once.
    pub fn of_domain(&self, domain: &DomainReport) -> BTreeSet<CheckFailure> {
        let DomainKey { target, view, .. } = &domain.key;
        let theirs = self.domains.get(&(&**target, &**view));
        let theirs = theirs.into_iter().flatten().copied();
        failures(domain.verdict.judgements())
            .chain(theirs)
            .collect()
    }
}

fn failures<'a>(
    judgements: impl Iterator<Item = (&'static Check, &'a Finding)>,
) -> impl Iterator<Item = CheckFailure> {
    judgements.filter_map(|(check, finding)| match finding {
        Finding::Fail(failure) if check.kind == Kind::Published => {
            Some((check.name, failure.reason))
        }
        _ => None,
    })
}
