//! Who may probe now: so many at once in all, so many at one address, nobody there in lockstep, and the slow never hold
//! more than half of all places.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::lock;
use crate::name::Host;
use crate::target::Endpoint;

/// Longest pause between two probes of one address, in milliseconds. A thousand endpoints behind one address then come
/// one after the other and not in a volley, which servers count (Postfix' anvil, Exchange's limits by source).
const MAX_PAUSE: u64 = 20;

/// The places there are.
pub(super) struct Places {
    slots: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    per_address: usize,
    addresses: Mutex<Addresses>,
}

struct Addresses {
    known: HashMap<Host, Weak<Semaphore>>,
    /// Forget what nobody uses when so many are known: not at every call, or many addresses would cost their square.
    prune_at: usize,
}

/// Few enough to look through at once.
const PRUNE_AT_LEAST: usize = 64;

/// A place at an address, perhaps one of the slow, and one among all; given back when it is dropped.
pub(super) struct Place {
    _own: Option<OwnedSemaphorePermit>,
    lane: Option<OwnedSemaphorePermit>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new(concurrency: usize, per_address: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(concurrency)),
            slow: Arc::new(Semaphore::new((concurrency / 2).max(1))),
            per_address,
            addresses: Mutex::new(Addresses {
                known: HashMap::new(),
                prune_at: PRUNE_AT_LEAST,
            }),
        }
    }

    /// First the address, then the lane of the slow, then the whole: who waits takes no place from those who could go.
    pub(super) async fn take(&self, endpoint: &Endpoint, is_slow: bool) -> Place {
        let address = self.address(&endpoint.address);
        let own = match Arc::clone(&address).try_acquire_owned() {
            Ok(own) => Some(own),
            Err(_) => {
                let own = address.acquire_owned().await.ok();
                sleep(pause(endpoint)).await;
                own
            }
        };
        let lane = match is_slow {
            true => Arc::clone(&self.slow).acquire_owned().await.ok(),
            false => None,
        };
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        Place {
            _own: own,
            lane,
            _slot: slot,
        }
    }

    /// Takes a place of the slow for one who turned out to be slow, if one is free now.
    pub(super) fn linger(&self, place: &mut Place) -> bool {
        place.lane = Arc::clone(&self.slow).try_acquire_owned().ok();
        place.lane.is_some()
    }

    fn address(&self, address: &Host) -> Arc<Semaphore> {
        let mut addresses = lock(&self.addresses);
        if let Some(places) = addresses.known.get(address).and_then(Weak::upgrade) {
            return places;
        }
        if addresses.known.len() >= addresses.prune_at {
            addresses
                .known
                .retain(|_, places| places.strong_count() > 0);
            addresses.prune_at = (2 * addresses.known.len()).max(PRUNE_AT_LEAST);
        }
        let places = Arc::new(Semaphore::new(self.per_address));
        let known = Arc::downgrade(&places);
        addresses.known.insert(address.clone(), known);
        places
    }
}

/// Another for each endpoint, and the same every time.
fn pause(endpoint: &Endpoint) -> Duration {
    let mut hasher = DefaultHasher::new();
    endpoint.hash(&mut hasher);
    Duration::from_millis(hasher.finish() % (MAX_PAUSE + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::JoinSet;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::smtp::Mode;
    use crate::target::Offer;

    fn endpoint(port: u16) -> Endpoint {
        Endpoint {
            target: "relay".into(),
            host: "relay".into(),
            port,
            view: "default".into(),
            address: Host::Address([192, 0, 2, 1].into()),
            offer: Offer::Any,
            mode: Mode::StartTls,
            server_name: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_behind_one_address_come_one_by_one_and_at_odd_times() {
        let places = Arc::new(Places::new(256, 1));
        let here = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut probes = JoinSet::new();
        for port in 1..=1000 {
            let (places, here) = (Arc::clone(&places), Arc::clone(&here));
            probes.spawn(async move {
                let _place = places.take(&endpoint(port), false).await;
                assert_eq!(here.fetch_add(1, Ordering::SeqCst), 0, "alone");
                tokio::task::yield_now().await;
                here.fetch_sub(1, Ordering::SeqCst);
                begun.elapsed().as_millis()
            });
        }
        let mut times = probes.join_all().await;
        times.sort_unstable();
        let pauses: BTreeSet<_> = times.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(pauses.len() > 10, "{pauses:?}");
        assert!(times[999] <= 1000 * u128::from(MAX_PAUSE));
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_first_does_not_wait() {
        let places = Places::new(1, 1);
        let begun = Instant::now();
        drop(places.take(&endpoint(25), false).await);
        drop(places.take(&endpoint(465), false).await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    fn elsewhere(n: u8) -> Endpoint {
        Endpoint {
            address: Host::Address([192, 0, 2, n].into()),
            ..endpoint(25)
        }
    }

    async fn free(places: &Places, n: u8, is_slow: bool) -> Option<Place> {
        let endpoint = elsewhere(n);
        let taking = places.take(&endpoint, is_slow);
        timeout(Duration::from_secs(1), taking).await.ok()
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

    #[tokio::test]
    async fn addresses_that_nobody_visits_are_forgotten() {
        let places = Places::new(4, 1);
        for n in 0..=255 {
            drop(places.take(&elsewhere(n), false).await);
        }
        assert!(lock(&places.addresses).known.len() <= PRUNE_AT_LEAST);
    }
}
