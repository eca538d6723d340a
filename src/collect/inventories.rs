//! What is known of the inside of mail servers, as one value that changes as a whole.

use std::sync::{Arc, Mutex, PoisonError};

use crate::facts::inventory::InsideFacts;

/// The inventories that are known.
#[derive(Debug, Default)]
pub struct Inventories(Mutex<Arc<InsideFacts>>);

impl Inventories {
    /// All that is known from now on.
    pub fn tell(&self, facts: InsideFacts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(facts);
    }

    /// All that is known.
    pub fn facts(&self) -> Arc<InsideFacts> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
