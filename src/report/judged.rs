//! A subject that no probe looks at, with what is known of it and what the checks say.

use super::state::{Cause, State, assess_findings, of_lookup};
use crate::collect::Extent;
use crate::facts::domain::{DomainFacts, DomainKey};
use crate::facts::host::{HostFacts, HostKey};
use crate::verdict::{DaneReport, Verdict};

/// A host in a view.
pub type HostReport = Judged<HostKey, HostFacts>;
/// A mail domain in a view.
pub type DomainReport = Judged<DomainKey, DomainFacts>;

/// What is known of one subject, and what follows from it.
#[derive(Debug, Clone)]
pub struct Judged<K, F> {
    /// Which one it is.
    pub key: K,
    /// What is known of it.
    pub facts: F,
    /// What the checks found.
    pub verdict: Verdict,
    /// The one word for it.
    pub state: State,
    /// Why, worst first; empty for a healthy one.
    pub causes: Vec<Cause>,
    /// Of a host, how its TLSA records stand with what its endpoints serve; `None` where nobody asked.
    pub dane: Option<DaneReport>,
}

impl<K, F> Judged<K, F> {
    fn new(key: K, facts: F, fault: Option<Cause>, verdict: Verdict) -> Self {
        let (state, causes) = assess_findings(fault, &verdict);
        Self {
            key,
            facts,
            verdict,
            state,
            causes,
            dane: None,
        }
    }
}

impl HostReport {
    /// From what DNS said, what the checks found, and how its TLSA records stand.
    pub fn of_host(
        key: HostKey,
        facts: HostFacts,
        verdict: Verdict,
        dane: Option<DaneReport>,
    ) -> Self {
        let extent = match facts.addresses.is_empty() {
            true => Extent::Nothing,
            false => Extent::Half,
        };
        let is_known = !facts.last_known.is_empty();
        let fault = facts.fault.as_ref();
        let fault = fault.and_then(|fault| of_lookup(fault, extent, is_known));
        Self {
            dane,
            ..Self::new(key, facts, fault, verdict)
        }
    }
}

impl DomainReport {
    /// From what DNS said and what the checks found.
    pub fn of_domain(key: DomainKey, facts: DomainFacts, verdict: Verdict) -> Self {
        let is_known = !facts.exchangers.is_empty();
        let fault = facts.fault.as_ref();
        let fault = fault.and_then(|fault| of_lookup(fault, Extent::Nothing, is_known));
        Self::new(key, facts, fault, verdict)
    }
}
