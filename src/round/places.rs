//! Who may probe now: so many at once in all, so many at one address, and nobody there in lockstep.

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
    per_address: usize,
    addresses: Mutex<HashMap<Host, Weak<Semaphore>>>,
}

/// A place at an address and one among all; given back when it is dropped.
pub(super) struct Place {
    _own: Option<OwnedSemaphorePermit>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new(concurrency: usize, per_address: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(concurrency)),
            per_address,
            addresses: Mutex::default(),
        }
    }

    /// First the address, then the whole: who waits for a busy address takes no place from others.
    pub(super) async fn take(&self, endpoint: &Endpoint) -> Place {
        let address = self.address(&endpoint.address);
        let own = match Arc::clone(&address).try_acquire_owned() {
            Ok(own) => Some(own),
            Err(_) => {
                let own = address.acquire_owned().await.ok();
                sleep(pause(endpoint)).await;
                own
            }
        };
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        Place {
            _own: own,
            _slot: slot,
        }
    }

    fn address(&self, address: &Host) -> Arc<Semaphore> {
        let mut addresses = lock(&self.addresses);
        addresses.retain(|_, places| places.strong_count() > 0);
        let known = addresses.get(address).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let places = Arc::new(Semaphore::new(self.per_address));
            addresses.insert(address.clone(), Arc::downgrade(&places));
            places
        })
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
    use tokio::time::Instant;

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
                let _place = places.take(&endpoint(port)).await;
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
        drop(places.take(&endpoint(25)).await);
        drop(places.take(&endpoint(465)).await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
