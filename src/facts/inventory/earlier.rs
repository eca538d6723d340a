//! What is kept of an inventory when a younger one takes its place: what the trend is told from, a fraction of the whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::{Inventory, QueueKind};
use crate::timestamp::Timestamp;

/// What an inventory said of mail and certificates before there was a younger one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// When collecting began.
    pub collected_at: Timestamp,
    /// The name that the server gave itself.
    pub server: Box<str>,
    /// Its queues; entries of the same kind, next hop and connector are one.
    pub queues: Box<[EarlierQueue]>,
    /// SHA-1 of each certificate that was on it.
    pub certificates: Box<[[u8; 20]]>,
}

/// How many messages there were for one next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierQueue {
    /// What for.
    pub kind: QueueKind,
    /// Where to.
    pub next_hop: Arc<str>,
    /// The name of the connector; empty where none is known.
    pub connector: Box<str>,
    /// How many.
    pub messages: u64,
}

impl Earlier {
    /// What is kept of this one.
    pub fn of(inventory: &Inventory) -> Self {
        let certificates = inventory.certificates().iter();
        let sha1 = certificates.map(|stored| stored.certificate.fingerprints().sha1);
        Self {
            collected_at: inventory.collected_at,
            server: inventory.server.name.as_str().into(),
            queues: queues(inventory),
            certificates: sha1.collect(),
        }
    }
}

fn queues(inventory: &Inventory) -> Box<[EarlierQueue]> {
    let connectors = inventory.connectors();
    let mut all = BTreeMap::new();
    for queue in inventory.queues() {
        let connector = connectors.of(queue);
        let next_hop = queue.next_hop.to_lowercase();
        let known = all.entry((queue.kind, next_hop, connector));
        let known = known.or_insert_with(|| EarlierQueue {
            kind: queue.kind,
            next_hop: Arc::clone(&queue.next_hop),
            connector: connector.into(),
            messages: 0,
        });
        known.messages = known.messages.saturating_add(queue.messages);
    }
    all.into_values().collect()
}
