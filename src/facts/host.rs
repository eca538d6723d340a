//! A host that takes mail, as DNS knows it in one view.

use std::net::IpAddr;
use std::sync::Arc;

use super::lookup::{LookupFault, Security};
use super::published::DaneFacts;

/// Which host is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey {
    /// The target that it belongs to.
    pub target: Arc<str>,
    /// Its name.
    pub host: Arc<str>,
    /// The port on which it takes mail: TLSA records are published for each (RFC 6698 §3).
    pub port: u16,
    /// Who looked.
    pub view: Arc<str>,
}

/// What is known of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Its addresses in the newest answer.
    pub addresses: Vec<IpAddr>,
    /// Addresses of earlier answers that may still be true.
    pub last_known: Vec<IpAddr>,
    /// What DNSSEC says of the newest answer.
    pub security: Security,
    /// Why there is no newest answer, or only half of one.
    pub fault: Option<LookupFault>,
    /// What senders that do DANE learn of it; `None` where nobody asked.
    pub dane: Option<Arc<DaneFacts>>,
}
