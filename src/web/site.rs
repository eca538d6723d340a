//! What the answers are made from, and how it is replaced: settings in force, results, the exporter's own state.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::render::{BuildInfo, Reload};
use crate::round::{Clock, OnRequest, Rounds};

/// What one configuration comes to.
pub struct Serving<L> {
    /// Probes and results.
    pub rounds: Arc<Rounds<L>>,
    /// What may be probed on request.
    pub on_request: OnRequest,
    /// The configuration for people, secrets hidden.
    pub shown: String,
}

/// Reads the configuration again and builds what follows the one in force.
pub type Loader<L> = Box<dyn Fn(&Serving<L>) -> Result<Serving<L>, String> + Send + Sync>;

/// Everything the answers are made from.
pub struct Site<L> {
    serving: RwLock<Arc<Serving<L>>>,
    loader: Loader<L>,
    reload: Mutex<Reload>,
    clock: Clock,
    pub(super) timeout_offset: Duration,
    pub(super) build: BuildInfo,
    closing: watch::Sender<bool>,
}

/// Scrapes that run when the exporter is told to end are answered after this, with what is in by then.
const LAST_CALL: Duration = Duration::from_secs(3);

impl<L> Site<L> {
    /// A site that serves this and reads its successors with `loader`. `timeout_offset` is taken off the scrape
    /// timeout, for the way back.
    pub fn new(
        serving: Serving<L>,
        loader: Loader<L>,
        clock: Clock,
        timeout_offset: Duration,
        build: BuildInfo,
    ) -> Self {
        Self {
            serving: RwLock::new(Arc::new(serving)),
            loader,
            reload: Mutex::new(Reload {
                successful: true,
                loaded_at: clock(),
            }),
            clock,
            timeout_offset,
            build,
            closing: watch::Sender::new(false),
        }
    }

    /// What is in force now.
    pub fn serving(&self) -> Arc<Serving<L>> {
        let serving = self.serving.read();
        Arc::clone(&serving.unwrap_or_else(PoisonError::into_inner))
    }

    /// How the last attempt to load went.
    pub(super) fn last_reload(&self) -> Reload {
        *self.state()
    }

    /// Replaces what is in force, or keeps it when the configuration has a mistake. Reads files.
    ///
    /// # Errors
    /// The mistake, one line.
    pub fn reload(&self) -> Result<(), String> {
        // Held all the while: of two reloads at once, the second reads what the first left.
        let mut state = self.state();
        match (self.loader)(&self.serving()) {
            Ok(successor) => {
                let mut serving = self.serving.write().unwrap_or_else(PoisonError::into_inner);
                *serving = Arc::new(successor);
                *state = Reload {
                    successful: true,
                    loaded_at: (self.clock)(),
                };
                tracing::info!("configuration reloaded");
                Ok(())
            }
            Err(mistake) => {
                state.successful = false;
                tracing::error!(mistake, "configuration not reloaded, the old one stays");
                Err(mistake)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, Reload> {
        self.reload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the end: no more connections, and scrapes under way are answered soon.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether the end has begun.
    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Returns when the end begins.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + Send + use<L> {
        let mut closing = self.closing.subscribe();
        async move {
            // A sender that is gone means the end, too.
            let _ = closing.wait_for(|closing| *closing).await;
        }
    }

    /// Returns when an answer has to be given though not all is in, because the exporter ends.
    pub(super) fn last_call(&self) -> impl Future<Output = ()> + Send + use<L> {
        let closed = self.closed();
        async move {
            closed.await;
            sleep(LAST_CALL).await;
        }
    }
}
