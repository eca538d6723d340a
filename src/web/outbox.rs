//! Answers on their way out to the memory that they may hold: whoever reads slowest is let go of; knows no route.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

/// So many bytes may always be on their way, however many ask for them.
const MOST: usize = 32 << 20;
/// And so many answers as large as the largest.
const OF_THE_LARGEST: usize = 4;
/// Smaller ones are not worth the counting: a connection has buffers of that size anyway.
const WORTH_COUNTING: usize = 16 * 1024;
/// What everybody is taken to have read before it could begin.
const HEAD_START: (usize, Duration) = (64 * 1024, Duration::from_millis(100));

/// The answers that are being sent.
#[derive(Default)]
pub(super) struct Outbox(Mutex<Vec<Weak<Parcel>>>);

/// The bytes of one answer, and who waits for them.
pub(super) struct Parcel {
    /// Where they are in memory: answers that share it count once.
    at: usize,
    size: usize,
    since: Instant,
    /// How far its quickest reader has come.
    taken: AtomicUsize,
    readers: Mutex<Vec<Arc<Notify>>>,
}

impl Outbox {
    /// Takes an answer for a reader who can be made to leave. `None` when it is too small to count.
    pub(super) fn post(&self, bytes: &Bytes, reader: Arc<Notify>) -> Option<Arc<Parcel>> {
        if bytes.len() < WORTH_COUNTING {
            return None;
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parcels: Vec<_> = held.iter().filter_map(Weak::upgrade).collect();
        let (at, size) = (bytes.as_ptr().addr(), bytes.len());
        if let Some(same) = parcels.iter().find(|p| (p.at, p.size) == (at, size)) {
            same.add(reader);
            return Some(Arc::clone(same));
        }
        let new = Arc::new(Parcel {
            at,
            size,
            since: Instant::now(),
            taken: AtomicUsize::new(0),
            readers: Mutex::new(vec![reader]),
        });
        make_room(&mut parcels, size);
        parcels.push(Arc::clone(&new));
        *held = parcels.iter().map(Arc::downgrade).collect();
        Some(new)
    }
}

/// Lets the slowest readers go until so many bytes more are within the bound.
fn make_room(parcels: &mut Vec<Arc<Parcel>>, size: usize) {
    let now = Instant::now();
    let largest = parcels.iter().map(|p| p.size).max().unwrap_or(0).max(size);
    let bound = MOST.max(OF_THE_LARGEST.saturating_mul(largest));
    while parcels.iter().map(|p| p.size).sum::<usize>() + size > bound {
        let rates = parcels.iter().enumerate().map(|(at, p)| (at, p.rate(now)));
        let Some((slowest, _)) = rates.min_by(|one, other| one.1.total_cmp(&other.1)) else {
            return;
        };
        parcels.swap_remove(slowest).give_up();
    }
}

impl Parcel {
    /// Its reader has come so far.
    pub(super) fn taken(&self, bytes: usize) {
        self.taken.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Bytes a second.
    fn rate(&self, now: Instant) -> f64 {
        let (bytes, time) = HEAD_START;
        let taken = self.taken.load(Ordering::Relaxed) + bytes;
        let time = now.saturating_duration_since(self.since) + time;
        #[expect(clippy::cast_precision_loss, reason = "only compared")]
        let taken = taken as f64;
        taken / time.as_secs_f64()
    }

    fn add(&self, reader: Arc<Notify>) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.push(reader);
    }

    fn give_up(&self) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.drain(..).for_each(|reader| reader.notify_one());
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    /// Posts an answer of so many MiB.
    fn post(outbox: &Outbox, mib: usize) -> (Arc<Parcel>, Arc<Notify>, Bytes) {
        let (bytes, reader) = (Bytes::from(vec![0; mib << 20]), Arc::new(Notify::new()));
        let parcel = outbox.post(&bytes, Arc::clone(&reader)).unwrap();
        (parcel, reader, bytes)
    }

    async fn is_let_go(reader: &Notify) -> bool {
        timeout(Duration::ZERO, reader.notified()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_reader_is_let_go_of_first() {
        let outbox = Outbox::default();
        let all: Vec<_> = (0..4).map(|_| post(&outbox, 10)).collect();
        for ((parcel, ..), mib) in all.iter().zip([9, 1, 8, 7]) {
            parcel.taken(mib << 20);
        }
        advance(Duration::from_secs(1)).await;
        let newest = post(&outbox, 10);
        let mut gone = Vec::new();
        for (_, reader, _) in all.iter().chain([&newest]) {
            gone.push(is_let_go(reader).await);
        }
        assert_eq!(gone, [false, true, false, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn large_answers_have_room_for_four_and_shared_ones_count_once() {
        let outbox = Outbox::default();
        let all: Vec<_> = (0..4).map(|_| post(&outbox, 20)).collect();
        let shared = Arc::new(Notify::new());
        outbox.post(&all[0].2, Arc::clone(&shared)).unwrap();
        for (_, reader, _) in &all {
            assert!(!is_let_go(reader).await);
        }
        for (parcel, ..) in &all[1..] {
            parcel.taken(1);
        }
        post(&outbox, 20);
        assert!(is_let_go(&all[0].1).await && is_let_go(&shared).await);
    }

    #[tokio::test]
    async fn what_was_read_counts_no_more() {
        let outbox = Outbox::default();
        for _ in 0..100 {
            let (_, reader, _) = post(&outbox, 20);
            assert!(!is_let_go(&reader).await);
        }
        let small = Bytes::from_static(b"Healthy\n");
        assert!(outbox.post(&small, Arc::default()).is_none());
    }
}
