//! A subject that no probe looks at, with what is known of it and what the checks say.

use super::state::{Cause, State, assess_findings};
use crate::facts::domain::{DomainFacts, DomainKey};
use crate::facts::host::{HostFacts, HostKey};
use crate::facts::inventory::{Inventory, ServerKey};
use crate::verdict::Verdict;

/// A host in a view.
pub type HostReport = Judged<HostKey, HostFacts>;
/// A mail domain in a view.
pub type DomainReport = Judged<DomainKey, DomainFacts>;
/// A mail server, seen from inside.
pub type ServerReport = Judged<ServerKey, Inventory>;

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
}

impl<K, F> Judged<K, F> {
    /// From what the checks found.
    pub fn new(key: K, facts: F, verdict: Verdict) -> Self {
        let (state, causes) = assess_findings(&verdict);
        Self {
            key,
            facts,
            verdict,
            state,
            causes,
        }
    }
}
