//! Work that several ask for at the same time, done once; knows no route.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OnceCell;

/// Work that is being done, and who waits for it. What is done is forgotten with the last who waited.
pub(super) struct Shared<K, V>(Mutex<HashMap<K, Weak<OnceCell<V>>>>);

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Shared<K, V> {
    /// Does this work, or waits for who does the same already. Who hangs up leaves it to the next who waits.
    pub(super) async fn get<W: Future<Output = V>>(&self, key: K, work: impl FnOnce() -> W) -> V {
        self.cell(key).get_or_init(work).await.clone()
    }

    fn cell(&self, key: K) -> Arc<OnceCell<V>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, cell| cell.strong_count() > 0);
        let under_way = known.get(&key).and_then(Weak::upgrade);
        if let Some(cell) = under_way.filter(|cell| !cell.initialized()) {
            return cell;
        }
        let cell = Arc::new(OnceCell::new());
        known.insert(key, Arc::downgrade(&cell));
        cell
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_asks_at_the_same_time_shares_and_who_comes_later_does_not() {
        let (shared, done) = (Shared::default(), AtomicUsize::new(0));
        let work = || async {
            sleep(Duration::from_secs(1)).await;
            done.fetch_add(1, Ordering::SeqCst)
        };
        let both = tokio::join!(shared.get("a", work), shared.get("a", work));
        assert_eq!(both, (0, 0));
        let others = tokio::join!(shared.get("a", work), shared.get("b", work));
        assert_eq!(others.0 + others.1, 3, "each has its own");
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_up_leaves_the_work_to_the_next() {
        let shared = Shared::default();
        let first = shared.get("a", || async {
            sleep(Duration::from_secs(9)).await;
            1
        });
        let second = shared.get("a", || async { 2 });
        let (first, second) = tokio::join!(timeout(Duration::from_secs(1), first), second);
        assert!(first.is_err());
        assert_eq!(second, 2);
    }
}
