//! Work that takes a while, done elsewhere than where is served, one piece after the other; knows not what.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Where large things are read and written: ten thousand endpoints take tens of megabytes while they are judged and
/// rendered. One at a time, however many ask, so that this is needed once.
pub struct Worker {
    turns: Arc<Semaphore>,
    begun: Begun,
}

/// When the piece of work that is being done was begun.
#[derive(Clone, Default)]
struct Begun(Arc<Mutex<Option<Instant>>>);

/// A piece that takes so long will never be done: 100,000 endpoints take some seconds.
const STUCK: Duration = Duration::from_secs(60);

impl Default for Worker {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(1)),
            begun: Begun::default(),
        }
    }
}

impl Worker {
    /// Does this when its turn has come; `None` if it breaks. Who no longer waits for what was begun does not make room
    /// for the next before it is done.
    pub async fn work<T: Send + 'static>(
        &self,
        piece: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let begun = self.begun.now();
        let done = tokio::task::spawn_blocking(move || {
            let done = piece();
            drop(begun);
            drop(turn);
            done
        });
        done.await.ok()
    }

    /// Whether the piece that is being done will never be.
    pub fn is_stuck(&self) -> bool {
        self.begun.get().is_some_and(|at| at.elapsed() > STUCK)
    }
}

impl Begun {
    fn now(&self) -> Under {
        *self.get() = Some(Instant::now());
        Under(self.clone())
    }

    fn get(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece of work under way; dropped when it is done, or breaks.
struct Under(Begun);

impl Drop for Under {
    fn drop(&mut self) {
        *self.0.get() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_hangs_up_makes_no_room_before_the_work_is_done() {
        let worker = Arc::new(Worker::default());
        let busy = Arc::new(AtomicUsize::new(0));
        let (go, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let (worker, busy) = (Arc::clone(&worker), Arc::clone(&busy));
            async move {
                worker
                    .work(move || {
                        busy.fetch_add(1, Ordering::SeqCst);
                        let _ = tell.send(());
                        let _ = wait.recv();
                        busy.fetch_sub(1, Ordering::SeqCst);
                    })
                    .await
            }
        });
        told.recv().unwrap();
        first.abort();
        let mut second =
            tokio::spawn(async move { worker.work(move || busy.load(Ordering::SeqCst)).await });
        let early = timeout(Duration::from_millis(50), &mut second).await;
        assert!(early.is_err(), "the first is still at the worker");
        drop(go);
        assert_eq!(second.await.unwrap(), Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_never_done_is_noticed() {
        let worker = Arc::new(Worker::default());
        let (go, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel::<()>();
        let working = tokio::spawn({
            let worker = Arc::clone(&worker);
            let piece = move || {
                let _ = tell.send(());
                let _ = wait.recv();
            };
            async move { worker.work(piece).await }
        });
        tokio::task::yield_now().await;
        told.recv().unwrap();
        tokio::time::advance(STUCK).await;
        assert!(!worker.is_stuck(), "it may still be done");
        tokio::time::advance(STUCK).await;
        assert!(worker.is_stuck());
        drop(go);
        working.await.unwrap();
        assert!(!worker.is_stuck());
    }

    #[tokio::test]
    async fn what_breaks_leaves_room_for_the_next() {
        let worker = Worker::default();
        assert_eq!(worker.work(|| -> u8 { panic!("on purpose") }).await, None);
        assert!(worker.begun.get().is_none());
        assert_eq!(worker.work(|| 7).await, Some(7));
    }
}
