//! Who has something done that takes long: so many at once, and a share of them for each client.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client::Client;

/// At once.
const MOST: usize = 512;
/// Of them for one client: a Prometheus that scrapes a thousand targets has fewer under way.
const SHARE: usize = MOST / 2;

/// How many there are of each client.
#[derive(Default)]
pub(super) struct Crowd(Mutex<HashMap<Client, usize>>);

impl Crowd {
    /// One more, until it is dropped; `None` when there are enough.
    pub(super) fn enter(&self, client: Client) -> Option<Entered<'_>> {
        let mut inside = self.inside();
        let own = inside.get(&client).copied().unwrap_or(0);
        if own >= SHARE || inside.values().sum::<usize>() >= MOST {
            return None;
        }
        inside.insert(client, own + 1);
        let crowd = self;
        Some(Entered { crowd, client })
    }

    fn inside(&self) -> MutexGuard<'_, HashMap<Client, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the crowd.
pub(super) struct Entered<'a> {
    crowd: &'a Crowd,
    client: Client,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut inside = self.crowd.inside();
        let own = inside.get(&self.client).copied().unwrap_or(0);
        if own > 1 {
            inside.insert(self.client, own - 1);
        } else {
            inside.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_share_and_all_have_a_bound() {
        let (crowd, at) = (Crowd::default(), |nth| Client::at([192, 0, 2, nth].into()));
        let mut inside: Vec<_> = (0..SHARE).map(|_| crowd.enter(at(1)).unwrap()).collect();
        assert!(crowd.enter(at(1)).is_none());
        inside.extend((0..SHARE).map(|_| crowd.enter(at(2)).unwrap()));
        assert!(crowd.enter(at(3)).is_none());
        inside.clear();
        assert!(crowd.inside().is_empty());
        assert!(crowd.enter(at(1)).is_some());
    }
}
