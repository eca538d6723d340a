//! How the inside of mail servers is judged.

use crate::verdict::Thresholds;

/// How the inside is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct InsideSettings {
    /// A queue with more messages than this has a row.
    pub queue: u64,
    /// Queues of so many next hops a server are told one by one, those of most messages; the rest is one, `other`.
    pub next_hops: usize,
    /// The thresholds for lifetimes.
    pub thresholds: Thresholds,
}

impl Default for InsideSettings {
    fn default() -> Self {
        Self {
            queue: 10,
            next_hops: 50,
            thresholds: Thresholds::default(),
        }
    }
}
