//! The newest inventory of each mail server.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::facts::inventory::{Inventory, ServerKey};

/// The inventories that are known. Nothing brings any yet but [`Inventories::keep`].
#[derive(Debug, Default)]
pub struct Inventories(Mutex<BTreeMap<ServerKey, Inventory>>);

impl Inventories {
    /// Keeps an inventory, unless a younger one of the same server is known.
    pub fn keep(&self, server: ServerKey, inventory: Inventory) {
        let mut known = self.known();
        let is_older = |known: &Inventory| inventory.collected_at < known.collected_at;
        if !known.get(&server).is_some_and(is_older) {
            known.insert(server, inventory);
        }
    }

    /// All of them, by the servers' names.
    pub fn all(&self) -> Vec<(ServerKey, Inventory)> {
        let known = self.known();
        let each = known.iter();
        each.map(|(server, inventory)| (server.clone(), inventory.clone()))
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<ServerKey, Inventory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
