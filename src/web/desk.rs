//! Work that takes a while, done elsewhere than where is served, one piece after the other; knows no route.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Where large things are read and written: ten thousand endpoints take tens of megabytes while they are judged and
/// rendered. One at a time, however many ask, so that this is needed once.
pub(super) struct Desk(Arc<Semaphore>);

impl Default for Desk {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Desk {
    /// Does this when its turn has come; `None` if it breaks. Who no longer waits for what was begun does not make room
    /// for the next before it is done.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        piece: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await.ok()?;
        let done = tokio::task::spawn_blocking(move || {
            let done = piece();
            drop(turn);
            done
        });
        done.await.ok()
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
        let desk = Arc::new(Desk::default());
        let busy = Arc::new(AtomicUsize::new(0));
        let (go, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let (desk, busy) = (Arc::clone(&desk), Arc::clone(&busy));
            async move {
                desk.work(move || {
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
            tokio::spawn(async move { desk.work(move || busy.load(Ordering::SeqCst)).await });
        let early = timeout(Duration::from_millis(50), &mut second).await;
        assert!(early.is_err(), "the first is still at the desk");
        drop(go);
        assert_eq!(second.await.unwrap(), Some(0));
    }

    #[tokio::test]
    async fn what_breaks_leaves_room_for_the_next() {
        let desk = Desk::default();
        assert_eq!(desk.work(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(desk.work(|| 7).await, Some(7));
    }
}
