//! Who may probe now: so many at once in all, so many an address, and the slow never hold more than half of all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::lock;

/// The places; a place is free again when what [`take`](Self::take) returned is dropped.
pub(super) struct Places {
    all: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    addresses: Mutex<Addresses>,
    per_address: usize,
}

struct Addresses {
    known: HashMap<IpAddr, Weak<Semaphore>>,
    /// Forget what nobody uses when so many are known: not at every call, or many addresses would cost their square.
    prune_at: usize,
}

/// Few enough to look through at once.
const PRUNE_AT_LEAST: usize = 64;

/// One place, of every kind that was needed.
pub(super) struct Place {
    permits: [Option<OwnedSemaphorePermit>; 3],
}

impl Places {
    pub(super) fn new(all: usize, per_address: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            slow: Arc::new(Semaphore::new((all / 2).max(1))),
            addresses: Mutex::new(Addresses {
                known: HashMap::new(),
                prune_at: PRUNE_AT_LEAST,
            }),
            per_address,
        }
    }

    /// First the address, then the lane, then the whole: who waits takes no place from those who could go.
    pub(super) async fn take(&self, address: IpAddr, is_slow: bool) -> Place {
        // The semaphores are never closed, so that every permit is there in the end.
        let own = self.of(address).acquire_owned().await.ok();
        let lane = match is_slow {
            true => Arc::clone(&self.slow).acquire_owned().await.ok(),
            false => None,
        };
        let whole = Arc::clone(&self.all).acquire_owned().await.ok();
        Place {
            permits: [own, lane, whole],
        }
    }

    /// Takes a place of the slow for one who turned out to be slow, if one is free now.
    pub(super) fn linger(&self, place: &mut Place) -> bool {
        let [_, lane, _] = &mut place.permits;
        *lane = Arc::clone(&self.slow).try_acquire_owned().ok();
        lane.is_some()
    }

    fn of(&self, address: IpAddr) -> Arc<Semaphore> {
        let mut addresses = lock(&self.addresses);
        if let Some(places) = addresses.known.get(&address).and_then(Weak::upgrade) {
            return places;
        }
        if addresses.known.len() >= addresses.prune_at {
            addresses
                .known
                .retain(|_, places| places.strong_count() > 0);
            addresses.prune_at = (2 * addresses.known.len()).max(PRUNE_AT_LEAST);
        }
        let places = Arc::new(Semaphore::new(self.per_address));
        addresses.known.insert(address, Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    async fn free(places: &Places, n: u8, is_slow: bool) -> Option<Place> {
        let waited = timeout(Duration::from_secs(1), places.take(address(n), is_slow));
        waited.await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_slow_leave_half_of_the_places_to_the_others() {
        let places = Places::new(4, 1);
        let slow = [
            free(&places, 1, true).await,
            free(&places, 2, true).await,
            free(&places, 3, true).await,
        ];
        assert_eq!(slow.map(|p| p.is_some()), [true, true, false]);
        let places = Places::new(4, 1);
        let mut held = Vec::new();
        for n in 0..4 {
            held.push(free(&places, n, n < 2).await.unwrap());
        }
        assert!(free(&places, 9, false).await.is_none(), "four are all");
        held.pop();
        assert!(free(&places, 9, false).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_turns_out_to_be_slow_stays_as_long_as_the_slow_have_places() {
        let places = Places::new(4, 1);
        let mut held = Vec::new();
        for n in 0..3 {
            held.push(free(&places, n, false).await.unwrap());
        }
        let linger: Vec<_> = held.iter_mut().map(|place| places.linger(place)).collect();
        assert_eq!(linger, [true, true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_visited_by_one_at_a_time() {
        let places = Places::new(4, 1);
        let first = free(&places, 1, false).await;
        assert!(free(&places, 1, false).await.is_none());
        drop(first);
        assert!(free(&places, 1, false).await.is_some());
    }

    #[tokio::test]
    async fn addresses_that_nobody_visits_are_forgotten() {
        let places = Places::new(4, 1);
        for n in 0..=255 {
            drop(places.take(address(n), false).await);
        }
        assert!(lock(&places.addresses).known.len() <= PRUNE_AT_LEAST);
    }
}
