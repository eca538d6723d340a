//! Who may probe now: so many at once in all, so many at one address, nobody there in lockstep, the slow never hold more
//! than half of all permits, and what strangers ask for never more than a quarter, nor an address that is watched.

use std::collections::HashMap;
use std::future::pending;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::locked::lock;
use crate::endpoint::Endpoint;
use crate::name::Host;

/// Longest pause between two probes of one address, in milliseconds. A thousand endpoints behind one address then come
/// one after the other and not in a volley, which servers count (Postfix' anvil, Exchange's limits by source).
const MAX_PAUSE: u64 = 20;

/// So long a probe of the configuration waits for one on request at the same address before that one is given up.
const COURTESY: Duration = Duration::from_secs(1);

/// Who wants a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// The configuration.
    Operator,
    /// A request that names the target.
    Request,
}

/// The permits there are.
pub(super) struct Permits {
    slots: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    /// The permits among all for probes on request, and those of them for the slow.
    requested: Arc<Semaphore>,
    requested_slow: Arc<Semaphore>,
    per_address: usize,
    addresses: Mutex<Addresses>,
}

struct Addresses {
    known: HashMap<Host, Weak<Address>>,
    /// Forget what nobody uses when so many are known: not at every call, or many addresses would cost their square.
    prune_at: usize,
}

struct Address {
    permits: Arc<Semaphore>,
    /// On request so many may hold or await a permit here: nobody else stands behind a queue of strangers.
    requested: Arc<Semaphore>,
    /// The operator's probes have waited long enough.
    wanted: Notify,
}

/// Few enough to look through at once.
const PRUNE_AT_LEAST: usize = 64;

/// A permit at an address, perhaps one of the slow, and one among all; given back when it is dropped.
pub(super) struct Permit {
    asker: Asker,
    address: Arc<Address>,
    lane: Option<OwnedSemaphorePermit>,
    _held: [Option<OwnedSemaphorePermit>; 4],
}

impl Permits {
    pub(super) fn new(concurrency: usize, per_address: usize) -> Self {
        let part = |of: usize| Arc::new(Semaphore::new((concurrency / of).max(1)));
        Self {
            slots: part(1),
            slow: part(2),
            requested: part(4),
            requested_slow: part(8),
            per_address,
            addresses: Mutex::new(Addresses {
                known: HashMap::new(),
                prune_at: PRUNE_AT_LEAST,
            }),
        }
    }

    /// First the address, then the lane of the slow, then the whole: who waits takes no permit from those who could go.
    pub(super) async fn take(&self, endpoint: &Endpoint, is_slow: bool, asker: Asker) -> Permit {
        let address = self.address(&endpoint.address);
        match asker {
            Asker::Operator => {
                let own = address.acquire(endpoint, asker).await;
                let lane = self.lane(is_slow, asker).await;
                Permit {
                    asker,
                    address,
                    lane,
                    _held: [permit(&self.slots).await, own, None, None],
                }
            }
            // The address comes last here: nobody who only waits must be asked to give it back.
            Asker::Request => {
                let guest = permit(&address.requested).await;
                let lane = self.lane(is_slow, asker).await;
                let part = permit(&self.requested).await;
                let own = address.acquire(endpoint, asker).await;
                Permit {
                    asker,
                    address,
                    lane,
                    _held: [permit(&self.slots).await, own, part, guest],
                }
            }
        }
    }

    async fn lane(&self, is_slow: bool, asker: Asker) -> Option<OwnedSemaphorePermit> {
        match is_slow {
            true => permit(self.slow(asker)).await,
            false => None,
        }
    }

    /// Takes a permit of the slow for one who turned out to be slow, if one is free now.
    pub(super) fn linger(&self, permit: &mut Permit) -> bool {
        permit.lane = Arc::clone(self.slow(permit.asker)).try_acquire_owned().ok();
        permit.lane.is_some()
    }

    fn slow(&self, asker: Asker) -> &Arc<Semaphore> {
        match asker {
            Asker::Operator => &self.slow,
            Asker::Request => &self.requested_slow,
        }
    }

    fn address(&self, address: &Host) -> Arc<Address> {
        let mut addresses = lock(&self.addresses);
        if let Some(known) = addresses.known.get(address).and_then(Weak::upgrade) {
            return known;
        }
        if addresses.known.len() >= addresses.prune_at {
            addresses.known.retain(|_, known| known.strong_count() > 0);
            addresses.prune_at = (2 * addresses.known.len()).max(PRUNE_AT_LEAST);
        }
        let new = Arc::new(Address {
            permits: Arc::new(Semaphore::new(self.per_address)),
            requested: Arc::new(Semaphore::new(self.per_address)),
            wanted: Notify::new(),
        });
        let known = Arc::downgrade(&new);
        addresses.known.insert(address.clone(), known);
        new
    }
}

impl Address {
    async fn acquire(&self, endpoint: &Endpoint, asker: Asker) -> Option<OwnedSemaphorePermit> {
        if let Ok(own) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(own);
        }
        let mut waiting = Box::pin(permit(&self.permits));
        let own = loop {
            match (asker, timeout(COURTESY, &mut waiting).await) {
                (_, Ok(own)) => break own,
                (Asker::Operator, Err(_)) => self.wanted.notify_waiters(),
                (Asker::Request, Err(_)) => {}
            }
        };
        sleep(pause(endpoint)).await;
        own
    }
}

/// None of them is ever closed.
async fn permit(permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(permits).acquire_owned().await.ok()
}

impl Permit {
    /// Returns when the operator's probes need this permit; never, where it is one of theirs.
    pub(super) async fn wanted(&self) {
        match self.asker {
            Asker::Operator => pending().await,
            Asker::Request => self.address.wanted.notified().await,
        }
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
    use crate::endpoint::Offer;
    use crate::smtp::Mode;

    fn endpoint(port: u16) -> Endpoint {
        Endpoint {
            proxy_protocol: Default::default(),
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
        let permits = Arc::new(Permits::new(256, 1));
        let here = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut probes = JoinSet::new();
        for port in 1..=1000 {
            let (permits, here) = (Arc::clone(&permits), Arc::clone(&here));
            probes.spawn(async move {
                let _place = permits.take(&endpoint(port), false, Asker::Operator).await;
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
        let permits = Permits::new(1, 1);
        let begun = Instant::now();
        drop(permits.take(&endpoint(25), false, Asker::Operator).await);
        drop(permits.take(&endpoint(465), false, Asker::Operator).await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    fn elsewhere(n: u8) -> Endpoint {
        Endpoint {
            address: Host::Address([192, 0, 2, n].into()),
            ..endpoint(25)
        }
    }

    async fn free(permits: &Permits, n: u8, is_slow: bool) -> Option<Permit> {
        let endpoint = elsewhere(n);
        let taking = permits.take(&endpoint, is_slow, Asker::Operator);
        timeout(Duration::from_secs(1), taking).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_slow_leave_half_of_the_places_to_the_others() {
        let permits = Permits::new(4, 1);
        let slow = [
            free(&permits, 1, true).await,
            free(&permits, 2, true).await,
            free(&permits, 3, true).await,
        ];
        assert_eq!(slow.map(|p| p.is_some()), [true, true, false]);
        let mut held = Vec::new();
        for n in 0..4 {
            held.push(free(&permits, n, n < 2).await.unwrap());
        }
        assert!(free(&permits, 9, false).await.is_none(), "four are all");
        held.pop();
        assert!(free(&permits, 9, false).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_turns_out_to_be_slow_stays_as_long_as_the_slow_have_places() {
        let permits = Permits::new(4, 1);
        let mut held = Vec::new();
        for n in 0..3 {
            held.push(free(&permits, n, false).await.unwrap());
        }
        let linger: Vec<_> = held
            .iter_mut()
            .map(|permit| permits.linger(permit))
            .collect();
        assert_eq!(linger, [true, true, false]);
    }

    #[tokio::test]
    async fn addresses_that_nobody_visits_are_forgotten() {
        let permits = Permits::new(4, 1);
        for n in 0..=255 {
            drop(permits.take(&elsewhere(n), false, Asker::Operator).await);
        }
        assert!(lock(&permits.addresses).known.len() <= PRUNE_AT_LEAST);
    }

    async fn requested(permits: &Permits, endpoint: &Endpoint, is_slow: bool) -> Option<Permit> {
        let taking = permits.take(endpoint, is_slow, Asker::Request);
        timeout(Duration::from_secs(3), taking).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_have_a_quarter_of_the_places_and_their_own_slow_ones() {
        let permits = Permits::new(16, 1);
        let mut held = Vec::new();
        for n in 0..4 {
            held.push(requested(&permits, &elsewhere(n), n < 2).await.unwrap());
        }
        assert!(requested(&permits, &elsewhere(9), false).await.is_none());
        held.pop();
        assert!(requested(&permits, &elsewhere(9), true).await.is_none());
        for n in 20..32 {
            held.push(free(&permits, n, n < 28).await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn at_an_address_the_operator_comes_before_a_queue_of_requests() {
        let permits = Arc::new(Permits::new(16, 1));
        let here = endpoint(25);
        let mut queue = JoinSet::new();
        for _ in 0..100 {
            let (permits, here) = (Arc::clone(&permits), here.clone());
            queue.spawn(async move {
                let permit = permits.take(&here, false, Asker::Request).await;
                permit.wanted().await;
            });
        }
        tokio::task::yield_now().await;
        let begun = Instant::now();
        drop(permits.take(&here, false, Asker::Operator).await);
        assert!(begun.elapsed() < 3 * COURTESY, "{:?}", begun.elapsed());
        queue.abort_all();
    }
}
