//! Work whose cost strangers choose: it runs beside the async workers, a few pieces at a time in the whole process, so
//! that whoever only waits is answered at once. Knows nothing of what it runs.

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

/// Places for such work. Whoever comes first is served first.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Runs `work` when there is a place. The place stays taken while it runs, also when nobody waits for it any more.
///
/// # Errors
/// [`JoinError`] when the work panicked.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    // It is never closed.
    let place = PLACES.acquire().await;
    let placed = move || {
        let done = work();
        drop(place);
        done
    };
    spawn_blocking(placed).await
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::SeqCst;
    use std::sync::{Arc, Barrier};

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn few_run_at_once_and_a_panic_gives_its_place_back() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let both = Arc::new(Barrier::new(2));
        let mut all = JoinSet::new();
        for _ in 0..10 {
            let (now, most, both) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&both));
            all.spawn(run(move || {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                both.wait();
                now.fetch_sub(1, SeqCst);
                resume_unwind(Box::new("a panic of its own"))
            }));
        }
        let ended: Vec<Result<(), _>> = all.join_all().await;
        assert!(ended.iter().all(Result::is_err), "each has run");
        assert_eq!(most.load(SeqCst), 2);
    }
}
