//! What the checks of connectors and queues may look at.

use crate::facts::inventory::{
    Inventory, QueueKind, QueueStatus, ServerFacts, StoredCertificate, Use, WaitCause,
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
    /// The certificates that it selects: the chosen one first, then by beginning, the youngest first.
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
    pub fault: Option<Unfit>,
    /// Whether it may be used; `None`: nobody can tell.
    pub is_usable: Option<bool>,
}

/// What keeps a certificate from being used, in the order in which is asked: the last is nearest to usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unfit {
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// Its private key is not there.
    KeyMissing,
    /// The server itself calls it unfit.
    Rejected,
    /// It is not enabled for SMTP.
    NotEnabled,
}

impl Unfit {
    /// As a reason of connectors.
    pub fn reason(self) -> Reason {
        match self {
            Self::Expired => Reason::ConnectorCertExpired,
            Self::NotYetValid => Reason::ConnectorCertNotYetValid,
            Self::KeyMissing => Reason::ConnectorCertKeyMissing,
            Self::Rejected => Reason::ConnectorCertRejected,
            Self::NotEnabled => Reason::ConnectorCertNotEnabled,
        }
    }
}

/// Everything that a check of a queue may look at.
pub struct QueueEvidence<'a> {
    /// What for.
    pub kind: QueueKind,
    /// How many messages, by status.
    pub messages: &'a [(QueueStatus, u64)],
    /// The error with which messages are retried or held: one of certificates or TLS, else that of most of them. Where
    /// the fault lies, which case it is, the text.
    pub failed: Option<(WaitCause, Reason, &'a str)>,
    /// Since when the oldest waits.
    pub since: Option<Timestamp>,
    /// The name of its connector; empty where none is known.
    pub connector: &'a str,
    /// How many there were in the older inventory; `None` without one.
    pub before: Option<u64>,
    /// Why the certificate of its connector cannot be used on this server, if so.
    pub connector_fault: Option<Reason>,
    /// More messages than this are worth a row.
    pub limit: u64,
}
