//! A mail server as seen from inside, by an inventory that was written on it.

use std::sync::Arc;

use crate::timestamp::Timestamp;

/// Which server is meant: the name that it gives itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub Arc<str>);

/// What one inventory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// When collecting began.
    pub collected_at: Timestamp,
}
