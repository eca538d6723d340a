//! What the checks of connectors and queues may look at.

use crate::facts::inventory::{
    Inventory, Queue, QueueKind, QueueStatus, ServerFacts, StoredCertificate, Use, WaitCause,
};
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// Everything that a check of a connector may look at.
pub struct ConnectorEvidence<'a> {
    /// The server that may use it.
    pub server: &'a ServerFacts,
    /// Its inventory.
    pub inventory: &'a Inventory,
    /// The connector.
    pub connector: &'a Use,
    /// The certificates that it selects, the best first.
    pub candidates: &'a [Selected<'a>],
    /// The moment for which is judged.
    pub now: Timestamp,
}

/// A certificate that a connector selects.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// A place in the inventory's certificates.
    pub nth: usize,
    /// It.
    pub stored: &'a StoredCertificate,
    /// The first thing that keeps it from being used.
    pub fault: Option<Reason>,
    /// Whether it may be used; `None`: nobody can tell.
    pub is_usable: Option<bool>,
}

/// Everything that a check of a queue may look at.
pub struct QueueEvidence<'a> {
    /// What for.
    pub kind: QueueKind,
    /// How many messages, by status.
    pub messages: &'a [(QueueStatus, u64)],
    /// The error with which most of them wait: where the fault lies, which case it is, the text.
    pub failed: Option<(WaitCause, Reason, &'a str)>,
    /// One of its entries, for what they have in common.
    pub queue: &'a Queue,
    /// How many there were in the older inventory; `None` without one.
    pub before: Option<u64>,
    /// Why the certificate of its connector cannot be used on this server, if so.
    pub connector_fault: Option<Reason>,
    /// More messages than this are worth a row.
    pub limit: u64,
    /// The moment for which is judged.
    pub now: Timestamp,
}
