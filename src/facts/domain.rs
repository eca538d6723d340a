//! A mail domain as DNS knows it in one view.

use std::sync::Arc;

use super::lookup::{Exchanger, LookupFault, Security};
use super::published::{StsFacts, TlsRptFacts};

/// Which domain is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainKey {
    /// The target that watches it.
    pub target: Arc<str>,
    /// Its name.
    pub domain: Arc<str>,
    /// Who looked.
    pub view: Arc<str>,
}

/// What is known of a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainFacts {
    /// The hosts that take its mail, the preferred first (RFC 5321 §5.1); those of an earlier answer while there is none.
    pub exchangers: Vec<Exchanger>,
    /// What DNSSEC says of the newest answer.
    pub security: Security,
    /// Why there is no newest answer, or what is wrong with it.
    pub fault: Option<LookupFault>,
    /// What senders that do MTA-STS learn of it, and may remember; `None` where nobody asked.
    pub sts: Option<Arc<StsFacts>>,
    /// Where senders report; `None` where nobody asked.
    pub tlsrpt: Option<Arc<TlsRptFacts>>,
}
