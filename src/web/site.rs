//! What the answers are made from, and how it is replaced: settings in force, results, the exporter's own state.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::sleep;

use super::crowd::Crowd;
use super::outbox::Outbox;
use super::pace::Pace;
use super::shared::Shared;
use super::worker::Worker;
use crate::render::{BuildInfo, Encoding, Format, Reload};
use crate::report::Snapshot;
use crate::watch::{Clock, OnRequest, Refusal, Rounds};

/// What one configuration comes to.
pub struct Serving<L> {
    /// Probes and results.
    pub rounds: Arc<Rounds<L>>,
    /// What may be probed on request.
    pub on_request: OnRequest,
    /// The configuration for people, secrets hidden.
    pub shown: String,
    /// Looks at what changes without the configuration. Reads files.
    pub refresh: Box<dyn Fn() + Send + Sync>,
}

/// Reads the configuration again and builds what follows the one in force. Beside it are lines about files that it
/// names and that are broken now: what they said before is in it.
pub type Loader<L> =
    Box<dyn Fn(&Serving<L>) -> Result<(Serving<L>, Vec<String>), String> + Send + Sync>;

/// What makes two scrapes the same: the rounds, by their place in memory, and how they are written.
pub(super) type Scrape = (usize, Format, Encoding);

/// What makes two requests to probe the same: the rounds, target, module, host name, and tenths of a second to wait.
pub(super) type Probing = (usize, String, String, Option<String>, u128);

/// Everything the answers are made from.
pub struct Site<L> {
    serving: RwLock<Arc<Serving<L>>>,
    loader: Loader<L>,
    reload: Mutex<Reload>,
    /// Where scrapes are written: nothing that somebody else asks for stands before them.
    pub(super) worker: Worker,
    /// Where reports and pages are written.
    pub(super) reading_room: Worker,
    /// Where files are read; one that hangs holds up nobody else.
    archive: Worker,
    pub(super) scrapes: Shared<Scrape, Option<Bytes>>,
    pub(super) probing: Shared<Probing, Result<Arc<Snapshot>, Refusal>>,
    /// Answers on their way out.
    pub(super) outbox: Outbox,
    /// Requests to probe that are under way.
    pub(super) on_request: Crowd,
    clock: Clock,
    pub(super) timeout_offset: Duration,
    pub(super) build: BuildInfo,
    pub(super) pace: Pace,
    closing: watch::Sender<bool>,
}

/// Scrapes that run when the exporter is told to end are answered after this, with what is in by then.
const LAST_CALL: Duration = Duration::from_secs(3);

impl<L: Send + Sync + 'static> Site<L> {
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
            worker: Worker::default(),
            reading_room: Worker::default(),
            archive: Worker::default(),
            scrapes: Shared::default(),
            probing: Shared::default(),
            outbox: Outbox::default(),
            on_request: Crowd::default(),
            clock,
            timeout_offset,
            build,
            pace: Pace::default(),
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
        *lock(&self.reload)
    }

    /// Replaces what is in force, or keeps it when the configuration has a mistake. Of two reloads at once, the second
    /// reads what the first left. Returns a line for each file that the configuration names and that is broken now:
    /// what it said before is kept.
    ///
    /// # Errors
    /// The mistake, one line.
    pub async fn reload(self: &Arc<Self>) -> Result<Vec<String>, String> {
        let site = Arc::clone(self);
        let reloaded = self.archive.work(move || site.read_again()).await;
        reloaded.unwrap_or_else(|| Err("the reload broke; a defect".to_owned()))
    }

    /// Looks at what changes without the configuration.
    pub async fn refresh(&self) {
        let serving = self.serving();
        self.archive.work(move || (serving.refresh)()).await;
    }

    fn read_again(&self) -> Result<Vec<String>, String> {
        match (self.loader)(&self.serving()) {
            Ok((successor, kept)) => {
                let mut serving = self.serving.write().unwrap_or_else(PoisonError::into_inner);
                *serving = Arc::new(successor);
                *lock(&self.reload) = Reload {
                    successful: true,
                    loaded_at: (self.clock)(),
                };
                tracing::info!("configuration reloaded");
                Ok(kept)
            }
            Err(mistake) => {
                lock(&self.reload).successful = false;
                tracing::error!(mistake, "configuration not reloaded, the old one stays");
                Err(mistake)
            }
        }
    }

    /// Whether scrapes are answered. That this is asked and told at all shows that the runtime's threads go on.
    pub fn is_well(&self) -> bool {
        !self.worker.is_stuck()
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
