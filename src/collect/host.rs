//! One host as DNS answered for it, now and before.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::extent::Extent;
use super::shortcomings::shortcomings;
use super::sightings::Sightings;
use crate::dns::{Addresses, Answer, LookupFault, Security};
use crate::facts::host::HostFacts;
use crate::facts::published::DaneFacts;
use crate::timestamp::Timestamp;

/// What is known of one host.
#[derive(Debug, Clone)]
pub(super) struct FoundHost {
    sightings: Sightings,
    security: Security,
    fault: Option<LookupFault>,
    /// What senders that do DANE learn of it, by port.
    dane: BTreeMap<u16, Arc<DaneFacts>>,
}

impl FoundHost {
    /// A host that was asked for, and all that is wrong with the answer.
    pub(super) fn new(
        host: &str,
        found: Result<Answer<Addresses>, LookupFault>,
    ) -> (Self, Vec<(Extent, LookupFault)>) {
        let (sightings, security, faults) = match found {
            Ok(Answer { value, security }) => {
                let sightings = Sightings::new(&value);
                let faults = shortcomings(host, &value, &sightings);
                (sightings, security, faults)
            }
            Err(fault) => (
                Sightings::none(),
                Security::Unknown,
                vec![(Extent::Part, fault)],
            ),
        };
        let fault = faults.first().map(|(_, fault)| fault.clone());
        let host = Self {
            sightings,
            security,
            fault,
            dane: BTreeMap::new(),
        };
        (host, faults)
    }

    /// A host whose addresses the configuration lists, and what DNS publishes about it.
    pub(super) fn listed(
        found: &Result<Answer<Addresses>, LookupFault>,
        dane: BTreeMap<u16, Arc<DaneFacts>>,
    ) -> Self {
        let security = found.as_ref().map(|found| found.security);
        Self {
            security: security.unwrap_or_default(),
            dane,
            ..Self::unasked(None)
        }
    }

    /// Takes in what senders that do DANE learn of it, by port.
    pub(super) fn publishes(&mut self, dane: BTreeMap<u16, Arc<DaneFacts>>) {
        self.dane = dane;
    }

    /// A host that nobody was asked for this time, because it is unknown whether it is one.
    pub(super) fn unasked(fault: Option<&LookupFault>) -> Self {
        Self {
            sightings: Sightings::none(),
            security: Security::Unknown,
            fault: fault.cloned(),
            dane: BTreeMap::new(),
        }
    }

    /// Keeps what was found before and may still be true.
    pub(super) fn remember(&mut self, earlier: Option<&Self>, now: Timestamp) {
        let earlier = earlier.map(|earlier| &earlier.sightings);
        self.sightings.remember(earlier, now);
    }

    /// The usable addresses of the newest answer.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.sightings.addresses()
    }

    /// The addresses that are only known from before.
    pub(super) fn last_known(&self) -> impl Iterator<Item = IpAddr> {
        self.sightings.last_known()
    }

    /// Of the newest answer, those that no server can have.
    pub(super) fn unusable(&self) -> &[IpAddr] {
        &self.sightings.unusable
    }

    /// Whether both say the same; when it was seen does not count.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.addresses().eq(other.addresses())
            && self.last_known().eq(other.last_known())
            && self.security == other.security
            && self.fault == other.fault
            && self.dane == other.dane
    }

    /// What senders that do DANE learn of it, if anybody asked.
    pub(super) fn dane(&self, port: u16) -> Option<&Arc<DaneFacts>> {
        self.dane.get(&port)
    }

    /// What is known of it on a port.
    pub(super) fn facts(&self, port: u16) -> HostFacts {
        HostFacts {
            addresses: self.addresses().collect(),
            last_known: self.last_known().collect(),
            security: self.security,
            fault: self.fault.clone(),
            dane: self.dane(port).cloned(),
        }
    }
}
