//! The settings in force, how others take their place, and the end.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::worker::Worker;
use crate::dns::Lookup;
use crate::facts::inventory::InsideFacts;
use crate::render::Reload;
use crate::watch::{Clock, OnRequest, Rounds, Settings, Watched};

/// What one configuration comes to.
pub struct Configured {
    /// What is watched, and how.
    pub settings: Settings,
    /// Who finds names in its views.
    pub lookup: Arc<dyn Lookup>,
    /// What may be probed on request.
    pub on_request: OnRequest,
    /// The configuration for people, secrets hidden.
    pub shown: String,
    /// What mail servers say of their inside; `None` when it is as before.
    pub inside: Option<InsideFacts>,
}

/// Where configurations come from. Each question may take a while, because files are read; it is asked on a thread of
/// its own, one after the other.
pub trait Reader: Send + Sync {
    /// Reads the configuration again. Beside what it comes to are lines about files that it names and that are broken
    /// now: what they said before is in it.
    ///
    /// # Errors
    /// The mistake, one line.
    fn read(&self) -> Result<(Configured, Vec<String>), String>;

    /// Whether what was read last is written differently now.
    fn has_changed(&self) -> bool;

    /// The targets, if what lists them says others now: that may change without the configuration.
    fn targets(&self) -> Option<Vec<Watched>>;

    /// Whether mail servers are to say something of their inside. Answers at once.
    fn follows_inside(&self) -> bool;

    /// What mail servers say of their inside, if they say something else now. Where much of it is new, `part` is told what
    /// is known after some of it.
    fn inside(&self, part: &mut dyn FnMut(InsideFacts)) -> Option<InsideFacts>;
}

/// A configuration that is in force.
pub struct InForce {
    /// Probes and results.
    pub rounds: Arc<Rounds>,
    /// What may be probed on request.
    pub on_request: OnRequest,
    /// The configuration for people, secrets hidden.
    pub shown: String,
}

/// The state of the program.
pub struct App {
    in_force: RwLock<Arc<InForce>>,
    pub(super) reader: Arc<dyn Reader>,
    reload: Mutex<Reload>,
    /// Where files are read; one that hangs holds up nobody else.
    pub(super) archive: Worker,
    /// Where results are judged and published.
    pub(super) judging: Worker,
    clock: Clock,
    /// How many wait for the results of a round.
    pub(super) waiting: watch::Sender<usize>,
    ending: watch::Sender<bool>,
}

/// Whoever waits for results when the program is told to end is answered after this, with what is in by then.
const LAST_CALL: Duration = Duration::from_secs(3);

impl App {
    /// A program that begins with this configuration and reads those that follow it with `reader`.
    pub fn new(in_force: InForce, reader: impl Reader + 'static, clock: Clock) -> Self {
        Self {
            in_force: RwLock::new(Arc::new(in_force)),
            reader: Arc::new(reader),
            reload: Mutex::new(Reload {
                refused: None,
                loaded_at: clock(),
            }),
            archive: Worker::default(),
            judging: Worker::default(),
            clock,
            waiting: watch::Sender::new(0),
            ending: watch::Sender::new(false),
        }
    }

    /// What is in force now.
    pub fn in_force(&self) -> Arc<InForce> {
        let in_force = self.in_force.read();
        Arc::clone(&in_force.unwrap_or_else(PoisonError::into_inner))
    }

    /// How the last attempt to load a configuration went.
    pub fn last_reload(&self) -> Reload {
        self.reload().clone()
    }

    /// Replaces what is in force, or keeps it when the configuration has a mistake. Of two reloads at once, the second
    /// reads what the first left. Returns a line for each file that the configuration names and that is broken now:
    /// what it said before is kept.
    ///
    /// # Errors
    /// The mistake, one line.
    pub async fn read_again(self: &Arc<Self>) -> Result<Vec<String>, String> {
        let app = Arc::clone(self);
        let reloaded = self.archive.work(move || app.read_again_here()).await;
        reloaded.unwrap_or_else(|| Err("the reload broke; a defect".to_owned()))
    }

    fn read_again_here(&self) -> Result<Vec<String>, String> {
        match self.reader.read() {
            Ok((configured, kept)) => {
                self.replace(configured);
                tracing::info!("configuration reloaded");
                Ok(kept)
            }
            Err(mistake) => {
                self.reload().refuse((self.clock)(), &mistake);
                tracing::error!(mistake, "configuration not reloaded, the old one stays");
                Err(mistake)
            }
        }
    }

    /// Results, counters and the log go on.
    fn replace(&self, configured: Configured) {
        let before = self.in_force();
        if let Some(inside) = configured.inside {
            before.rounds.inventories().tell(inside);
        }
        let rounds = before
            .rounds
            .successor(configured.settings, configured.lookup);
        let successor = InForce {
            rounds: Arc::new(rounds),
            on_request: configured.on_request,
            shown: configured.shown,
        };
        let in_force = self.in_force.write();
        *in_force.unwrap_or_else(PoisonError::into_inner) = Arc::new(successor);
        *self.reload() = Reload {
            refused: None,
            loaded_at: (self.clock)(),
        };
    }

    fn reload(&self) -> MutexGuard<'_, Reload> {
        self.reload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether results are published, as far as anybody asks for them.
    pub fn is_well(&self) -> bool {
        !self.judging.is_stuck()
    }

    /// Begins the end: nobody new is served, and whoever waits for results is answered soon.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Whether the end has begun.
    pub fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Returns when the end begins.
    pub fn ending(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ending = self.ending.subscribe();
        async move {
            // A sender that is gone means the end, too.
            let _ = ending.wait_for(|is_ending| *is_ending).await;
        }
    }

    /// Returns when an answer has to be given though not all is in, because the program ends.
    pub fn last_call(&self) -> impl Future<Output = ()> + Send + use<> {
        let ending = self.ending();
        async move {
            ending.await;
            sleep(LAST_CALL).await;
        }
    }
}
